/*
 * What the fork view shows: a parent and its children at the picture's moment, the pair that is compared in full, and what has just happened to them (forks,
 * execs, copied pages), for as long as an eye needs. After a jump nothing is in motion; what was copied just before is still lit.
 */
#ifndef VA_FORK_SHOW_H
#define VA_FORK_SHOW_H

#include <stdint.h>

#include "pair.h"

#define VA_FORK_PASSED 16
#define VA_FORK_FLASHES 48

struct va_fork_view { /* what the user chose */
	__u32 child; /* tgid; 0 = by itself */
	bool all;    /* also what is folded: parts of a file that are equal and that nobody may write */
};

struct va_fork_child {
	struct va_kin_fork fork;
	const struct va_kin_exec *exec; /* the last since the fork; NULL = none. Valid until the next update */
	__u32 mm;                       /* its map: the copy, or what exec has put in its place; 0 = runs in its parent's (vfork) */
};

struct va_fork_show {
	struct va_kin kin;
	__u32 parent;                 /* tgid; 0 = nobody has forked */
	struct va_fork_child *child;  /* in the order of their forks */
	size_t count, room;
	size_t chosen;                /* index */
	struct va_pair pair;          /* parent and the chosen one; none for a vfork */
	struct va_piece *piece;       /* of the two maps, ascending; of the parent's alone where the child has no copy */
	size_t pieces, piece_room;
	struct {
		size_t pos;
		uint64_t since;       /* now when the picture passed it */
	} passed[VA_FORK_PASSED];
	unsigned passed_next;
	struct {
		__u64 addr;
		uint64_t since;
	} flash[VA_FORK_FLASHES];
	unsigned flash_next;
	size_t pos;
	__u32 tgid, asked;
	bool looked;
};

struct va_fork_at { /* where the picture stands */
	struct va_history *history;
	const struct va_model *model;
	size_t pos;
	__u64 time;
	__u32 tgid;    /* shown */
	__u32 chosen;  /* va_fork_view.child */
	unsigned levels;
	bool jumped, still;
	bool hidden; /* nobody looks: what the pair shares is not counted meanwhile, and caught up with later */
};

void va_fork_show_destroy(struct va_fork_show *f); /* all zero: an empty one */
/* True where something changed. */
bool va_fork_show_update(struct va_fork_show *f, const struct va_fork_at *at, uint64_t now);

/* now when the picture passed the record before pos; 0 = not seen to happen. */
uint64_t va_fork_show_since(const struct va_fork_show *f, size_t pos);
/* When the page at addr was last seen to be copied; 0 = not lately. */
uint64_t va_fork_show_flash(const struct va_fork_show *f, __u64 addr);
bool va_fork_show_busy(const struct va_fork_show *f, uint64_t now);

/* The chosen child still has its copy of the parent's map, as far as one can see at pos. */
bool va_fork_show_copied(const struct va_fork_show *f);
/* … and both live: pages can be compared now. */
bool va_fork_show_comparable(const struct va_fork_show *f);

#endif
