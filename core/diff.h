/*
 * What differs between two states of a map: A, then B. The address space is cut where a VMA of either begins or ends; each piece is one row, so sums over rows
 * are exact.
 *
 * Two VMAs at one place are the same mapping where their backing is (anonymous and shared alike; or device, inode and offset), as the model takes it; else one is gone and another
 * added. A map that another replaced (exec) has gone whole. What mremap moved is gone there and added here.
 */
#ifndef VA_DIFF_H
#define VA_DIFF_H

#include "model.h"

enum va_change {
	VA_CHANGE_NONE,    /* the VMA is in both; anew, permission, named, pages may differ: see the row */
	VA_CHANGE_ADDED,   /* in B only, and nothing of its VMA was in A */
	VA_CHANGE_GONE,    /* in A only, and nothing of its VMA is left */
	VA_CHANGE_GROWN,   /* in B only: a VMA of A has become longer by this piece */
	VA_CHANGE_SHRUNK,  /* in A only: cut off, or out of, a VMA that is still there */
	VA_CHANGES
};

struct va_page_changes { /* pages of 4 KiB; each in one of the first six, by what is known of it at both moments */
	__u64 arrived;  /* became resident: not there at A, there at B */
	__u64 left;     /* there at A, not at B */
	__u64 moved;    /* there at both, in another frame: a copy, a migration, a page dropped and brought again */
	__u64 written;  /* the same frame, and its entry has become dirty (as far as entries were read: the processor sets the bit without a word) */
	__u64 same;     /* as it was, there or not */
	__u64 unknown;  /* not certain at A, at B, or the frame is not known at one of them */
	__u64 swapped;  /* of those that left: their entry names a place in swap */
};

struct va_diff_row {
	__u64 start, end;
	enum va_change change;
	bool anew;       /* in both, but B's was mapped after A: unmapped and mapped again in between */
	bool permission; /* in both, r w x p/s differ */
	bool renamed;    /* in both, the name column of /proc/PID/maps differs: the file's name, [heap], [anon:…] */
	bool flags;      /* in both, other vm_flags differ: locked, advice, soft-dirty … */
	bool differs;    /* any of these, or pages that arrived, left, moved or were written */
	bool stale;      /* records were lost: either VMA may differ from the kernel's */
	struct va_vma a, b; /* whole, as at A and B; start == end: none */
	struct va_page_changes pages;
};

struct va_diff {
	struct va_diff_row *row; /* owned; by address, also those in which nothing differs */
	size_t count, room, differing;
	__u64 bytes[VA_CHANGES]; /* by change; NONE: of all that is in both */
	size_t vmas_a, vmas_b, anew, permission, renamed, flags; /* rows with that */
	struct va_page_changes pages; /* of all rows */
	bool replaced;           /* A and B are two maps: exec in between */
	bool unsure;             /* one of the maps is not whole, or stale */
};

/* a, b: NULL = no map then. ts_a: when A is, ns. texts may be NULL. d is overwritten: va_diff_free() first. */
void va_diff_compare(struct va_diff *d, const struct va_mm *a, const struct va_mm *b, __u64 ts_a, const struct va_texts *texts, __u32 rules);
void va_diff_free(struct va_diff *d);

const char *va_change_name(enum va_change change); /* "added" …; "same" */
bool va_page_changes_any(const struct va_page_changes *p); /* arrived, left, moved or written */

enum va_page_fate { VA_FATE_SAME, VA_FATE_ARRIVED, VA_FATE_LEFT, VA_FATE_MOVED, VA_FATE_WRITTEN, VA_FATE_UNKNOWN };
enum va_page_fate va_page_fate(const struct va_page *a, const struct va_page *b, __u64 addr);

#endif
