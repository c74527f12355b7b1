/*
 * What is worth a look: a leak, a stack that grows, fragmentation, page cache that looks like memory of one's own, fault storms, mappings never touched, W+X, chances
 * for huge pages. From when on each is one: notice_limits.h.
 *
 * At any position the notices are a function of the records up to there. A state (small, can be copied) is kept beside a model of its own; both go along with the
 * position, forward record by record; checkpoints of the state (every NOTICE_CHECKPOINT records) and of the history make going back bounded. What maps look like is judged
 * at moments that the records themselves set (VA_NOTICE_LOOK), and once more where one stands, on a copy: how one came to a position changes nothing.
 *
 * What a loss, a missing hook or a map not yet told leaves in doubt is not judged until the kernel's truth has healed it. What a forked child has from its parent is the
 * parent's.
 */
#ifndef VA_NOTICE_H
#define VA_NOTICE_H

#include "history.h"
#include "zone.h"

enum va_notice_kind {
	VA_NOTICE_LEAK,      /* bytes: the floor rose by; part: was at begin; whole: is now; count: windows it rose in. Evidence: the VMA that holds most of it */
	VA_NOTICE_STACK,     /* bytes: grown by; part: size at begin; whole: size now; count: faults that moved it, without a call */
	VA_NOTICE_FRAGMENTS, /* count: holes; bytes: in them; part: the largest; whole: VMAs of the map. Evidence: from the first hole to the last */
	VA_NOTICE_CACHE,     /* bytes: resident of data files, shared with the page cache; part: private (anonymous, or copied); whole: resident in all; count: mappings */
	VA_NOTICE_STORM,     /* count: faults; part: ns in them; whole: ns it lasted; bytes: memory that more is there than before. Evidence: the 2 MiB most of them hit */
	VA_NOTICE_UNTOUCHED, /* count: mappings; bytes: of them; part: the largest. Evidence: the largest */
	VA_NOTICE_WX,        /* count: VMAs; bytes: of them. Evidence: the largest */
	VA_NOTICE_HUGE,      /* count: blocks of 2 MiB; bytes: of them; part: faults they took; whole: 1 = the program forbade huge pages there. Evidence: the VMA with most of them */
	VA_NOTICE_KINDS
};

struct va_notice {
	enum va_notice_kind kind;
	__u32 mm, tgid;
	char comm[VMATLAS_COMM_LEN + 1]; /* of the process, then */
	__u64 begin;        /* ts: since when it is so */
	__u64 seen;         /* ts: since when it is sure: the limit was passed */
	__u64 end;          /* ts: from when on it was no longer so; 0 = it holds */
	bool gone;          /* end is that of the map (exit, exec) */
	__u64 start, stop;  /* evidence: addresses */
	__u64 bytes, count, part, whole; /* see the kinds; as they were at the position, or at the end */
};

struct va_notices;

/* Both borrowed; objects may be NULL: then files count as data where they are not mapped for execution. */
struct va_notices *va_notices_new(struct va_history *h, const struct va_objects *objects, struct va_texts *texts);
void va_notices_free(struct va_notices *n);

/*
 * Moves to position `to`, reading at most `most` records; true: got there. Until then the notices are those of a position on the way (va_notices_position()), looked for again
 * each eighth time. So it is, too, with very many VMAs: a position is looked at the second time it is asked for, or when `most` is enough for all records. Cost: `most` records and, where it looks, one look at each running map.
 */
bool va_notices_update(struct va_notices *n, size_t to, size_t most);
size_t va_notices_position(const struct va_notices *n);

/* In order of `seen`, also those that are over. Valid until the next update. */
size_t va_notices_count(const struct va_notices *n);
const struct va_notice *va_notices_at(const struct va_notices *n, size_t i);
size_t va_notices_dropped(const struct va_notices *n); /* more than VA_NOTICE_MOST */

const char *va_notice_name(enum va_notice_kind kind); /* "leak" … as in JSON */

#endif
