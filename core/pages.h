/*
 * The pages of one map as last known, and the table entries above them.
 *
 * Two levels: a sorted array of blocks (2 MiB each: what one PMD entry covers), and in a block chunks of 32 pages. Sets, blocks and chunks are
 * shared by reference count and copied when written: a checkpoint costs nothing until something changes, and then one chunk of about 0.5 KiB.
 * Part of the model; everybody else asks va_mm_page() and its like.
 */
#ifndef VA_PAGES_H
#define VA_PAGES_H

#include "model.h"

struct va_pages;

#define VA_BLOCK_SHIFT 21
#define VA_BLOCK_SIZE (1ull << VA_BLOCK_SHIFT)

struct va_pages *va_pages_new(void);
struct va_pages *va_pages_none(void); /* one that is empty, and shared by all who ask */
struct va_pages *va_pages_ref(struct va_pages *pages);
void va_pages_unref(struct va_pages *pages);

/* It changes no more (its map has ended): *pages becomes one that takes a sixth of the memory until somebody asks. */
void va_pages_close(struct va_pages **pages);

/* What is stored for addr; certainty VA_PAGE_UNKNOWN where nothing is. */
struct va_page va_pages_get(const struct va_pages *pages, __u64 addr);
__u64 va_pages_next(const struct va_pages *pages, __u64 addr, __u64 end); /* the first page in [addr, end) of which something is stored, else end */
__u64 va_pages_resident(const struct va_pages *pages, __u64 start, __u64 end);
/* false: fn stopped it */
bool va_pages_each(const struct va_pages *pages, __u64 start, __u64 end,
		   bool (*fn)(void *ctx, __u64 addr, const struct va_page *page), void *ctx);

/* The functions below may replace *pages by a copy. addr is rounded down to the level's page. */
void va_pages_set(struct va_pages **pages, __u64 addr, const struct va_page *page);

/* n PTEs from addr on, as read: pages that are SEEN, or ABSENT where an entry is 0. */
void va_pages_set_entries(struct va_pages **pages, __u64 addr, const __u64 *entry, unsigned n, __u64 ts);

/* Pages base + i * 4096 of each bit i are there, but nobody read their entries: those that were not known to be there are DERIVED now. */
void va_pages_derive(struct va_pages **pages, __u64 base, unsigned which, __u64 ts);

/* Forgets what was known before `older` (ts) within [start, end). moved: where the present ones go, NULL = nowhere. */
void va_pages_clear(struct va_pages **pages, __u64 start, __u64 end, __u64 older, struct va_pages **moved);

enum va_doubt_kind {
	VA_DOUBT_ACCESS,   /* what is there is still there, the bits may differ: SEEN becomes DERIVED */
	VA_DOUBT_READONLY, /* the same, and nothing is writable */
	VA_DOUBT_SWAP,     /* entries that are not present may have gone: UNKNOWN */
	VA_DOUBT_ALL,      /* anything may have changed: UNKNOWN */
};

/* What was known up to `ts` within [start, end) is no longer sure. */
void va_pages_doubt(struct va_pages **pages, __u64 start, __u64 end, enum va_doubt_kind kind, __u64 ts);

/* Entries of tables: level 0 = PGD … 3 = PMD. 0 = never seen. */
void va_pages_note_table(struct va_pages **pages, unsigned level, __u64 addr, __u64 entry, __u64 ts);
/* A walk that went down to the PTE: the same for the entries above it, and the page, with one search. entry as in vmatlas_fault. */
void va_pages_set_walk(struct va_pages **pages, unsigned levels, __u64 addr, const __u64 entry[VMATLAS_LEVELS], const struct va_page *page);
__u64 va_pages_table(const struct va_pages *pages, unsigned level, __u64 addr, __u64 *ts);

/* Nothing is mapped in [floor, ceiling): the kernel has freed the tables that lie wholly in there, and what is known of them goes. */
void va_pages_free_tables(struct va_pages **pages, __u64 floor, __u64 ceiling);

struct va_block_facts { /* what one PMD entry covers, of which something is known */
	__u64 addr;
	__u64 entry, ts;  /* the PMD's as last seen; 0, 0 = never */
	unsigned leaf;    /* 3, 2: it is (part of) a leaf of this level; 0: not */
	unsigned present; /* pages of 4 KiB known to be there */
	bool entries;     /* some entry of its PTE table is surely not empty */
};
/* Each block in [start, end), ascending, and each entry of PGD (0), P4D (1) or PUD (2) there. False: fn stopped it. */
bool va_pages_each_block(const struct va_pages *pages, __u64 start, __u64 end, bool (*fn)(void *ctx, const struct va_block_facts *block), void *ctx);
bool va_pages_each_upper(const struct va_pages *pages, unsigned level, bool (*fn)(void *ctx, __u64 addr, __u64 entry, __u64 ts), void *ctx);

/* Memory held by all sets, in bytes: what checkpoints cost. */
size_t va_pages_memory(void);

#endif
