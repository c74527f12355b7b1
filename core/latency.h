/*
 * How long faults and system calls took, by kind and by name, of one process or of all: histograms with logarithmic buckets, filled record by record.
 *
 * A latency is what the kernel module measured, head.aux of FAULT and OP: ns from the exception (the call's entry) to its end, so it includes what the module itself
 * does there; it saturates at 2^32 - 1 ns (4.29 s), such are counted. Records without an end (VMATLAS_F_NO_RESULT, VMATLAS_F_NO_AFTER) have no latency and are left out.
 *
 * Buckets are exact below 32 ns and no wider than 1/32 of their value above. A percentile is the largest value of the bucket it falls into, at most the greatest seen:
 * never too small, and at most 1/32 too large. Least, greatest, count and sum are exact.
 */
#ifndef VA_LATENCY_H
#define VA_LATENCY_H

#include "history.h"
#include "idmap.h"
#include "walk.h"

#define VA_LATENCY_BUCKETS (32 + 27 * 32)
#define VA_LATENCY_MOST 0xffffffffu /* saturated: this long, or longer */

struct va_latency_of { /* one kind of fault, or one call */
	bool call;
	__s32 what;      /* enum va_fault_kind, or the number of the call */
	__u64 count, sum, saturated;
	__u32 least, most;
	__u32 bucket[VA_LATENCY_BUCKETS];
};

#define VA_LATENCY_CALLS 1024 /* different calls at most: Linux has fewer than 500; what an untrusted stream says beyond is left out */

struct va_latency_scope {
	size_t from, to; /* positions: the records [from, to) */
	__u32 tgid;      /* of this process; 0 = of all */
};

struct va_latency {
	struct va_latency_scope scope;
	size_t seen;               /* those before are counted */
	struct va_latency_of **of; /* owned, each and all; in order of appearance */
	size_t count, room;
	struct va_idmap index;
};

void va_latency_init(struct va_latency *l);
void va_latency_destroy(struct va_latency *l);

/*
 * Goes on where it can (same process, same from, to not behind what is counted), else begins anew. Takes at most `most` records; true where something
 * changed. Counted whole: l->seen == l->scope.to.
 */
bool va_latency_update(struct va_latency *l, struct va_history *h, unsigned levels, struct va_latency_scope scope, size_t most);

const struct va_latency_of *va_latency_find(const struct va_latency *l, bool call, __s32 what); /* NULL = none */

/* part 0..1: 0.5 is the median, by nearest rank. 0 where nothing was counted. */
__u32 va_latency_percentile(const struct va_latency_of *of, double part);

unsigned va_latency_bucket(__u32 ns);
__u32 va_latency_bucket_least(unsigned bucket);
__u32 va_latency_bucket_most(unsigned bucket);

/* The kinds of faults, or the calls, by their sum, the greatest first; at most n. Returns how many. */
size_t va_latency_list(const struct va_latency *l, bool call, const struct va_latency_of **out, size_t n);

#endif
