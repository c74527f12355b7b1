/* The pages of one 2 MiB block. Only pages.c, pagepack.c and pageblock.c know this. */
#ifndef VA_PAGEBLOCK_H
#define VA_PAGEBLOCK_H

#include "pages.h"

#define VA_CHUNK_PAGES 32
#define VA_BLOCK_CHUNKS 16

struct va_chunk {
	unsigned refs;
	__u64 known, present; /* bit i = page i */
	__u64 entry[VA_CHUNK_PAGES];
	__u64 ts[VA_CHUNK_PAGES];
	__u8 certainty[VA_CHUNK_PAGES];
};

struct va_block {
	unsigned refs;
	unsigned resident;   /* pages of 4 KiB known present */
	__u64 entry, ts;     /* the PMD's as last seen (or, for a leaf of 1 GiB, the PUD's); 0, 0 = never */
	__u8 leaf;           /* 0, or the level (3 or 2) of the leaf that covers the whole block */
	__u8 certainty;      /* of the leaf */
	bool present;        /* the leaf: else an entry that names no frame, as of a huge page that migrates */
	struct va_chunk *chunk[VA_BLOCK_CHUNKS];
};

struct va_block *va_block_new(void);
void va_block_unref(struct va_block *block);
struct va_block *va_block_own(struct va_block *block); /* a block that only the caller holds: the same or a copy */

void va_block_drop_chunk(struct va_block *block, unsigned k); /* the k-th goes, but not what was counted of it: it will be put back */

struct va_page va_block_get(const struct va_block *block, unsigned page); /* page 0..511 */
void va_block_set(struct va_block *block, unsigned page, const struct va_page *p);
/* The chunk that holds the page, to be written to: nobody else has it. Good until something else is done to the block. A leaf is split. */
struct va_chunk *va_block_chunk(struct va_block *block, unsigned page);
/* n PTEs as read, within one chunk; and pages (by bit) that are there, entries unread: those not known to be there. */
void va_chunk_set_entries(struct va_block *block, struct va_chunk *chunk, unsigned page, const __u64 *entry, unsigned n, __u64 ts);
void va_chunk_derive(struct va_block *block, struct va_chunk *chunk, __u64 which, __u64 ts);
void va_block_set_leaf(struct va_block *block, const struct va_page *p);
void va_block_split(struct va_block *block);            /* a leaf becomes 512 derived pages */
void va_block_forget(struct va_block *block, unsigned page);
/* What is stored in [first, last) with a ts before `older`: is there any; all of it goes (of a block that is no leaf). */
bool va_block_any_older(const struct va_block *block, unsigned first, unsigned last, __u64 older);
void va_block_forget_older(struct va_block *block, unsigned first, unsigned last, __u64 older);
void va_block_doubt(struct va_block *block, unsigned first, unsigned last, enum va_doubt_kind kind, __u64 ts); /* va_pages_doubt() of a part */
unsigned va_block_next(const struct va_block *block, unsigned page); /* the first from there on of which something is stored; 512 = none */
unsigned va_block_count(const struct va_block *block, unsigned first, unsigned end); /* present in [first, end) */

static inline void va_chunk_set_present(struct va_block *b, struct va_chunk *c, unsigned i, bool present)
{
	__u64 bit = 1ull << i;

	if (!(c->present & bit) == !present)
		return;
	c->present ^= bit;
	b->resident += present ? 1 : -1u;
}

static inline void va_chunk_set(struct va_block *b, struct va_chunk *c, unsigned i, const struct va_page *p)
{
	c->known |= 1ull << i;
	c->entry[i] = p->entry;
	c->ts[i] = p->ts;
	c->certainty[i] = p->certainty;
	va_chunk_set_present(b, c, i, p->present);
}

extern size_t va_pages_bytes; /* held by all chunks and blocks, and by what checkpoints keep packed; atomic */

#endif
