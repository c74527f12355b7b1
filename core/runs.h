/* Pages in words: runs of neighbours of which the same is known. */
#ifndef VA_RUNS_H
#define VA_RUNS_H

#include "model.h"

enum va_page_state {
	VA_STATE_UNKNOWN, /* never seen, or a loss came in between */
	VA_STATE_ABSENT,  /* known to be not there: the next access faults */
	VA_STATE_SEEN,    /* there: the kernel's entry was read */
	VA_STATE_DERIVED, /* there, as follows from an event; the frame may be unknown */
	VA_STATE_SWAPPED, /* the entry names a place in swap */
	VA_STATE_OTHER,   /* an entry that is neither: migration, poison, a marker */
	VA_STATES
};

struct va_run {
	__u64 start, end;
	enum va_page_state state;
	struct va_page first; /* present: as last known, also where the state is unknown */
};

const char *va_page_state_name(enum va_page_state state); /* "seen" … as in JSON */
enum va_page_state va_page_state(const struct va_page *page);

/* The run that begins at addr, ends at `end` at the latest. Within: one state, one page size, present or not as last known. */
struct va_run va_run_at(const struct va_mm *mm, __u64 addr, __u64 end);

struct va_residency { /* pages of 4 KiB */
	__u64 present; /* known to be there: seen or derived */
	__u64 unknown;
};

/* Of [start, end): looks at each page of which something is stored. */
struct va_residency va_runs_residency(const struct va_mm *mm, __u64 start, __u64 end);

/* Pages of 4 KiB in [start, end) by state. */
void va_runs_count(const struct va_mm *mm, __u64 start, __u64 end, __u64 pages[VA_STATES]);

#endif
