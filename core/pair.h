/*
 * A parent and a child since their fork: which page is still the same frame in both, which is not, and which memory only one of them has, and why.
 *
 * Pages are compared by address and by the frame number in the entries as last known. Where an entry is not known, the answer is "not known". What is in swap
 * counts as not there. A pair follows the records with a model of its own, so the figures of each moment are those of all records up to it.
 */
#ifndef VA_PAIR_H
#define VA_PAIR_H

#include "kin.h"

enum va_pair_page {
	VA_PAIR_NONE,         /* there in neither */
	VA_PAIR_SHARED,       /* the same frame in both */
	VA_PAIR_COPIED,       /* a frame of its own in each */
	VA_PAIR_ONLY_PARENT, VA_PAIR_ONLY_CHILD, /* there in one; the other has no page there */
	VA_PAIR_UNKNOWN,      /* there in one at least, or may be; not known well enough to tell */
	VA_PAIR_PAGES
};

struct va_pair_counts { /* pages of 4 KiB, by enum va_pair_page; NONE stays 0 */
	__u64 pages[VA_PAIR_PAGES];
};

enum va_pair_page va_pair_page(const struct va_mm *parent, const struct va_mm *child, __u64 addr);
/* Adds up [lo, hi), where both have a mapping, in time linear in what is stored. */
void va_pair_count(const struct va_mm *parent, const struct va_mm *child, __u64 lo, __u64 hi, struct va_pair_counts *out);

struct va_pair_point { /* from pos on */
	size_t pos;
	__u64 ts;
	struct va_pair_counts counts;
};

#define VA_PAIR_POINTS 16384 /* beyond, every second of those in between is forgotten */

struct va_pair {
	struct va_kin_fork fork; /* child 0 = none */
	struct va_model *before; /* just before the fork */
	struct va_model *model;  /* at `at` */
	size_t at;
	bool over;               /* one of the two maps is no more: ended, or replaced by exec */
	__u64 over_ts;
	size_t over_pos;
	__u64 closed;            /* entries that fork made read-only, in each of both */
	struct va_pair_counts counts;
	struct va_pair_point *point;
	size_t points, room;
	bool thinned;            /* points are missing: between two the figures are those of the earlier one */
	__u64 pending_lo, pending_hi; /* of the RANGE whose VMAs come, by map: parent's, child's … */
	__u32 pending_mm, pending_left;
};

void va_pair_destroy(struct va_pair *p); /* all zero: none */
/* Another pair; NULL = none. Nothing changes where it is the same. */
void va_pair_choose(struct va_pair *p, struct va_history *h, const struct va_kin_fork *fork);
/* Follows the records; `cost` bounds the work (1 = one foreign record). True where something changed. */
bool va_pair_update(struct va_pair *p, struct va_history *h, size_t cost);
/* The figures at pos; NULL: not counted that far yet, or before the fork. After its end, those of the end. */
const struct va_pair_point *va_pair_at(const struct va_pair *p, size_t pos);

enum va_piece_kind {
	VA_PIECE_EQUAL,   /* the same mapping in both: bounds, rights, file */
	VA_PIECE_ALTERED, /* the same mapping, other bounds or rights */
	VA_PIECE_OTHER,   /* a mapping in both, not the same */
	VA_PIECE_PARENT, VA_PIECE_CHILD /* in one only */
};

enum va_piece_reason {
	VA_WHY_NONE,
	VA_WHY_DONTFORK, /* VM_DONTCOPY was set when it forked: fork leaves it out */
	VA_WHY_UNMAPPED, /* who lacks it had it at the fork, and lost it since, by call nr at ts */
	VA_WHY_MAPPED,   /* who has it got it since, by call nr at ts */
	VA_WHY_CHANGED,  /* ALTERED, OTHER: changed since, by call nr at ts */
	VA_WHY_UNKNOWN
};

struct va_piece {
	__u64 lo, hi;
	enum va_piece_kind kind;
	enum va_piece_reason why;
	bool by_child; /* whose call */
	__s32 nr;      /* -1: no call (stack growth) */
	__u64 ts;
};

/* Both maps cut at all bounds of both, ascending; what is in neither is left out. Fills *out (grown as needed) and returns the count. */
size_t va_pair_pieces(const struct va_pair *p, const struct va_kin *k, struct va_history *h, const struct va_mm *parent, const struct va_mm *child,
		      size_t pos, struct va_piece **out, size_t *room);

#endif
