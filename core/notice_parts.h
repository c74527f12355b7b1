/* What the files of the notices share: the state of one map, what a look at it finds, and the detectors. */
#ifndef VA_NOTICE_PARTS_H
#define VA_NOTICE_PARTS_H

#include "notice.h"
#include "notice_limits.h"
#include "spans.h"

/* include/linux/mm.h */
#define VA_VM_READ 1ull
#define VA_VM_WRITE 2ull
#define VA_VM_EXEC 4ull
#define VA_VM_SHARED 8ull
#define VA_VM_HUGEPAGE 0x20000000ull
#define VA_VM_NOHUGEPAGE 0x40000000ull

#define VA_GROWTH_WINDOWS 32
#define VA_STORM_SLICE 64
#define VA_STORM_SLICES 16
#define VA_STORM_SAMPLES 512
#define VA_TOUCHED_MOST 64

struct va_growth { /* anonymous memory over the life of a map */
	__u64 origin, width;              /* ns */
	unsigned n;                       /* windows with a floor; the last one is not over */
	__u64 floor[VA_GROWTH_WINDOWS];   /* resident bytes */
	__u64 last;                       /* resident, at the last look */
	__u64 mapped[VA_GROWTH_WINDOWS];  /* bytes mapped, at the window's last look */
};

struct va_stack_growth {
	__u64 first, now;   /* start of the VMA: when first seen, and as last seen; 0 = not seen */
	__u64 top;          /* its end */
	__u64 since;        /* ts of the first growth */
	__u64 faults, calls; /* that moved it */
	__s32 nr;           /* call of the last RANGE */
};

struct va_storm_slice { /* VA_STORM_SLICE faults in a row */
	__u64 first;   /* ts of the first; 0 = none yet */
	__u32 faults, sampled, again;
	__u64 ns;
};

struct va_storm {
	struct va_storm_slice slice[VA_STORM_SLICES]; /* a ring; the one at `at` is being filled */
	unsigned at;
	__u64 number;               /* of faults in this map so far */
	struct {
		__u64 page, number;
	} sample[VA_STORM_SAMPLES]; /* by hash */
	__u64 faults, ns;           /* since `since` */
	__u64 since;                /* ts; 0 = no storm */
	__u64 resident;             /* bytes, at the last look before it */
	__u64 block;                /* 2 MiB that a majority of faults hit, if there is one … */
	__u32 votes;                /* (Boyer and Moore) */
};

struct va_watched { /* one running map; a copy is a memcpy */
	__u32 mm, tgid;
	__u64 begin;      /* ts */
	__u64 inherited;  /* VMAs born up to then are the parent's; 0 = all are its own */
	bool dirty;       /* something came since the last look */
	struct va_growth growth;
	struct va_stack_growth stack;
	struct va_storm storm;
	struct va_span touched[VA_TOUCHED_MOST]; /* large VMAs in which a page was seen; sorted, not touching */
	unsigned touched_count;
	bool touched_full; /* not all are remembered: nothing is called untouched */
	__u64 dense_since; /* ts: since when there are enough dense blocks; 0 = there are not */
	int notice[VA_NOTICE_KINDS]; /* index of the notice that holds, or was the last, or -1 */
};

struct va_share { /* of one VMA in a sum */
	__u64 start, stop, bytes;
};

struct va_census { /* what a map looks like */
	__u64 now;                   /* ts */
	__u64 resident, private_resident, anon_resident, anon_mapped; /* bytes; anon: private, writable, not the stack */
	struct va_share anon;        /* the VMA with most of anon_resident */
	struct va_share data;        /* … of data_bytes */
	__u64 data_bytes, data_count, data_since;
	__u64 holes, hole_bytes, largest_hole, holes_start, holes_stop, holes_since, vmas;
	__u64 wx_count, wx_bytes, wx_since;
	struct va_share wx;
	__u64 untouched_count, untouched_bytes, untouched_since;
	struct va_share untouched;
	__u64 dense, dense_refused;  /* blocks; those in VMAs with MADV_NOHUGEPAGE */
	struct va_share huge;
};

struct va_notice_place { /* what zones need */
	const struct va_objects *objects;
	struct va_texts *texts;
	__u32 rules;
};

/* One pass over the VMAs. Looks at single pages only where a private file mapping was written to. */
void va_census_take(struct va_census *c, const struct va_mm *mm, const struct va_watched *w, const struct va_notice_place *place, __u64 now);

/* What a record adds (after the model took it). */
void va_watched_begin(struct va_watched *w, const struct va_mm *mm, __u32 tgid, __u64 ts);
void va_watched_record(struct va_watched *w, const struct va_mm *mm, const struct vmatlas_record *rec, unsigned levels);
/* What a look adds. */
void va_watched_look(struct va_watched *w, const struct va_mm *mm, const struct va_census *c);

/* Each detector: holds it now? before: the notice that holds already, NULL = none. Then *n has begin, evidence and figures. */
bool va_detect_leak(const struct va_watched *w, const struct va_census *c, const struct va_notice *before, struct va_notice *n);
bool va_detect_stack(const struct va_watched *w, const struct va_census *c, const struct va_notice *before, struct va_notice *n);
bool va_detect_fragments(const struct va_watched *w, const struct va_census *c, const struct va_notice *before, struct va_notice *n);
bool va_detect_cache(const struct va_watched *w, const struct va_census *c, const struct va_notice *before, struct va_notice *n);
bool va_detect_storm(const struct va_watched *w, const struct va_census *c, const struct va_notice *before, struct va_notice *n);
bool va_detect_untouched(const struct va_watched *w, const struct va_census *c, const struct va_notice *before, struct va_notice *n);
bool va_detect_wx(const struct va_watched *w, const struct va_census *c, const struct va_notice *before, struct va_notice *n);
bool va_detect_huge(const struct va_watched *w, const struct va_census *c, const struct va_notice *before, struct va_notice *n);

void va_growth_add(struct va_growth *g, __u64 ts, __u64 resident, __u64 mapped);
void va_storm_fault(struct va_storm *s, const struct vmatlas_record *rec);
void va_storm_look(struct va_storm *s, const struct va_census *c);

#endif
