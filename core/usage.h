/*
 * How much memory each process had when, as the kernel told it: RSS (resident pages) and VSS (mapped pages), from MM_COUNTS and RANGE records. The kernel tells them
 * when a map changes, not at each fault; so between two tellings the pages that faults brought are added, and such samples say that they are not told.
 * A process keeps one curve through exec.
 */
#ifndef VA_USAGE_H
#define VA_USAGE_H

#include "history.h"
#include "idmap.h"

struct va_sample {
	__u64 ts;
	__u64 rss, vss;  /* pages of 4 KiB */
	bool told;       /* by the kernel at ts; else rss is the last told and the pages that faults brought since: what left without a word is not known */
};

#define VA_CURVE_BLOCK 64 /* samples */

struct va_peak { /* the most of a block of samples */
	__u64 rss, vss;
};

struct va_curve { /* of one process */
	__u32 tgid;
	struct va_sample *sample; /* owned, by time */
	size_t count, room;
	struct va_peak *peak;     /* owned, a block each */
	size_t peak_room;
	__u64 most_rss, most_vss;
	__u64 rss, vss;           /* now */
	__u32 mm;                 /* its map; where this ends, the curve goes to 0 */
};

struct va_usage {
	size_t seen;
	size_t first; /* of the history, when samples before it were given up */
	struct va_curve *curve; /* owned */
	size_t count, room;
	struct va_idmap of_tgid, owner; /* tgid → curve; mm → tgid */
};

void va_usage_init(struct va_usage *u);
void va_usage_destroy(struct va_usage *u);
/* Takes the records it has not seen, at most `most`; true where there was something new. */
bool va_usage_update(struct va_usage *u, struct va_history *h, unsigned levels, size_t most);

const struct va_curve *va_usage_find(const struct va_usage *u, __u32 tgid); /* NULL = nothing told */
/* How many samples are at or before ts: the one that holds then is the last of these. */
size_t va_curve_before(const struct va_curve *c, __u64 ts);
/* The most of samples [from, to). Work: a block, and one for each block between. */
struct va_peak va_curve_peak(const struct va_curve *c, size_t from, size_t to);

#endif
