/*
 * What would a read, a write or an execution at this address do, now? From the VMA's flags and the page as last known; what these do not
 * tell is said to be unsure, never guessed. The rules are the kernel's: arch/x86/mm/fault.c access_error(), mm/memory.c handle_pte_fault().
 */
#ifndef VA_EXPECT_H
#define VA_EXPECT_H

#include "model.h"
#include "runs.h"
#include "walk.h"

enum va_access { VA_ACCESS_READ, VA_ACCESS_WRITE, VA_ACCESS_EXECUTE };

enum va_outcome {
	VA_WILL_NOTHING,     /* no fault: the entry allows it */
	VA_WILL_ZERO_PAGE,   /* anonymous, first touch by reading: the shared page of zeros */
	VA_WILL_DEMAND_ZERO, /* anonymous, first touch by writing */
	VA_WILL_FILE,        /* the file's page (or that of shared memory) is entered */
	VA_WILL_FILE_COPY,   /* first write to a private page of a file: copied straight from the page cache */
	VA_WILL_COW,         /* a private page that is read-only for now: copied, or made writable where nobody else has it */
	VA_WILL_NOTIFY,      /* a clean page of a shared file: the file system is told, the entry made writable */
	VA_WILL_SWAP_IN,
	VA_WILL_HUGE,        /* a page of the reserve (hugetlb) */
	VA_WILL_USERFAULT,   /* waits for the program's own answer */
	VA_WILL_NUMA,        /* the entry was closed to see who comes: opened again */
	VA_WILL_WAIT,        /* the page is on its way (migration), or broken */
	VA_WILL_GROW,        /* the stack grows down to it */
	VA_WILL_DRIVER,      /* who made the mapping decides: a driver, the kernel's helper pages */
	VA_WILL_SIGNAL,
	VA_OUTCOMES
};

enum va_unsure { /* why it may come differently */
	VA_UNSURE_PAGE = 1 << 0,  /* not known whether the page is there: then it is `present` instead of `outcome` */
	VA_UNSURE_ENTRY = 1 << 1, /* the page is there, what its entry allows follows from events only */
	VA_UNSURE_MAP = 1 << 2,   /* records about this map were lost */
	VA_UNSURE_LIMIT = 1 << 3, /* the limit of the stack is not recorded: the usual 8 MiB were taken */
	VA_UNSURE_KEY = 1 << 4,   /* the mapping has a protection key: the thread's own register may forbid it */
	VA_UNSURE_SIZE = 1 << 5,  /* the file may have another size by now */
};

struct va_expect {
	enum va_outcome outcome;
	enum va_outcome present;   /* with UNSURE_PAGE: if it is there after all */
	unsigned unsure;           /* enum va_unsure */
	int signal, si_code;       /* of VA_WILL_SIGNAL */
	enum va_bad_reason reason; /* of VA_WILL_SIGNAL */
	bool fault_first;          /* of VA_WILL_SIGNAL: an ordinary fault brings the page, the second try is refused */
	bool maybe_huge;           /* a transparent huge page fits here */
};

/* mm may be NULL: then nothing is known and all is UNSURE_MAP. */
struct va_expect va_expect(const struct va_mm *mm, unsigned levels, __u64 addr, enum va_access access);

/* The same where the page and the limit are known from elsewhere than the model. */
struct va_expect_known {
	struct va_page page;      /* entry 0: not known what it allows */
	enum va_page_state state;
	__u64 stack_limit;        /* RLIMIT_STACK in bytes; 0 = not known */
};
struct va_expect va_expect_knowing(const struct va_mm *mm, unsigned levels, __u64 addr, enum va_access access, const struct va_expect_known *known);

const char *va_outcome_name(enum va_outcome outcome); /* "nothing", "demand-zero" … as in JSON */

enum va_expect_source { VA_EXPECT_RECORDS, VA_EXPECT_PROC }; /* who told: doubts differ */

/* "minor fault, demand-zero: …", and why it may come differently. Returns buf. */
const char *va_expect_words(char *buf, size_t n, const struct va_expect *e, enum va_expect_source source);
/* Why a bad access is one: a few words. */
const char *va_bad_reason_words(enum va_bad_reason reason);

#endif
