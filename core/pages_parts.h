/* A set of pages as its own files see it. */
#ifndef VA_PAGES_PARTS_H
#define VA_PAGES_PARTS_H

#include "pageblock.h"

struct slot {
	__u64 key; /* addr >> VA_BLOCK_SHIFT */
	struct va_block *block;
};

struct upper { /* an entry of PGD, P4D or PUD */
	__u64 key; /* level << 60 | addr >> 30 rounded down to the entry's reach */
	__u64 entry, ts;
};

#define NEARS 8
#define CHUNK_SHIFT 17

/*
 * A chunk that was written to lately, and that nobody else has: the next page there needs no search. Who takes a block away, makes it a leaf or changes an upper entry begins
 * with own(), which forgets them, and so does who makes a copy that shares them.
 */
struct near {
	__u64 key; /* addr >> CHUNK_SHIFT */
	struct va_block *block;
	struct va_chunk *chunk;
	__u64 upper[3]; /* of the last walk there: they stand among the uppers as they should */
};

struct va_pages {
	unsigned refs;
	__u8 *packed;          /* owned; NULL: what follows says all. Else it changes no more, and what follows is empty: */
	size_t packed_bytes;
	struct va_pages *open; /* owned; what is packed, NULL until somebody asks. Readers of several threads unpack, so atomic */
	struct slot *slots; /* sorted by key */
	size_t count, room;
	size_t last;        /* where the last search ended: faults come close together. Readers of several threads set it, so atomic */
	struct upper *uppers; /* sorted by key */
	size_t upper_count, upper_room;
	/* The rest is used by who owns the set alone. */
	struct { __u64 key, entry; } noted[3]; /* of each level the entry noted last: it stands among the uppers */
	unsigned near_used;                    /* bit i: near[i] means something */
	struct near near[NEARS];
};

const struct va_pages *va_pages_open(struct va_pages *pages); /* what is in one that is packed */

struct va_block *va_pages_own_slot(struct va_pages **pages, size_t i); /* block i for writing */

#endif
