/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads page tables as get_user_pages_fast() does: no lock, interrupts off, one copy of each entry, stop at the first that is not present or a leaf.
 * Knows x86 entries, as print_entry.c does and no other file. The caller runs in mm: then interrupts hold off the freeing of its tables. Or it owns a
 * reference, and a lock that keeps a VMA over what is walked, or the write side: see va_mm_trylock_mapped().
 */
#ifndef VA_WALK_H
#define VA_WALK_H

#include <linux/mm.h>
#include <linux/pgtable.h>

#include "vmatlas/wire.h"

enum { VA_PGD, VA_P4D, VA_PUD, VA_PMD, VA_PTE };

struct va_walk {
	u8 depth;                  /* levels read; as vmatlas_fault.depth_* */
	u8 last;                   /* level (0 PGD … 4 PTE) of the last entry read */
	u64 entry[VMATLAS_LEVELS]; /* 0 beyond */
	const u64 *at;             /* where the last but a PTE stands: valid while interrupts are off */
};

static inline int va_walk_levels(void) /* 4 or 5 */
{
	return pgtable_l5_enabled() ? 5 : 4;
}

/* An address no user can map gives depth 0. */
void va_walk_read(struct mm_struct *mm, unsigned long addr, struct va_walk *walk);

static inline u64 va_walk_last(const struct va_walk *walk)
{
	return walk->depth ? walk->entry[walk->last] : 0;
}

/*
 * The same where interrupts are off, without a struct va_walk. Both return the depth; *last is the last entry read, 0 where none was. The second stores
 * the entries, too, 0 beyond.
 */
u8 va_walk_end(const struct mm_struct *mm, unsigned long addr, u64 *last);
u8 va_walk_entries(const struct mm_struct *mm, unsigned long addr, u64 entry[VMATLAS_LEVELS], u64 *last);

static inline bool va_entry_present(u64 entry)
{
	return entry & _PAGE_PRESENT;
}

/* True if a walk of that depth and last entry ends in the zero page: the shared frame of all anonymous pages only read so far, small or huge. */
bool va_walk_zero(u8 depth, u64 last);

/* Bytes of the folio that a PTE maps a page of, and how far into it; PAGE_SIZE where it is a single page, or nothing. anon: of an anonymous VMA. */
unsigned long va_walk_folio(u64 entry, bool anon, unsigned long *offset);

/* Bit i: page base + i pages is present. Only within the table of base, below end, at most 16. */
u16 va_walk_present(struct mm_struct *mm, unsigned long base, unsigned long end);

/*
 * Entries from addr on, below end: fills addr, level, count, entry of out with the first run of entries that are not empty.
 * Returns where to go on; out->count is 0 where nothing was found before it.
 */
unsigned long va_walk_run(struct mm_struct *mm, unsigned long addr, unsigned long end, struct vmatlas_pages *out);

/*
 * All entries of [addr, end), present or not, as far as one record holds them; where a table is missing, or a huge page or its like stands, the
 * entry above. Returns where to go on.
 */
unsigned long va_walk_exact(struct mm_struct *mm, unsigned long addr, unsigned long end, struct vmatlas_pages *out);

/* Bytes one entry of a level covers; the index of addr's entry in a table of that level. */
unsigned long va_walk_span(int level);
int va_walk_index(int level, unsigned long addr);
/* Whether an entry that is present maps a page; if not, a table hangs below it. */
bool va_walk_leaf(int level, u64 entry);
/* Physical address of the page an entry maps, also of one closed to the processor (PROT_NONE). */
u64 va_walk_frame(int level, u64 entry);
/* Copies all entries (PTRS_PER_PTE) of the table of that level by which addr's walk comes. False: there is none. */
bool va_walk_table(struct mm_struct *mm, unsigned long addr, int level, u64 *entries);

/* What CR3 holds for mm, without flags. */
u64 va_walk_root(struct mm_struct *mm);

#endif
