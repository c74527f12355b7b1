// SPDX-License-Identifier: GPL-2.0
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/pgtable.h>

#include "walk.h"

#define VA_PFN_MASK ((u64)PTE_PFN_MASK) /* without the bit of memory encryption */

u64 va_walk_root(struct mm_struct *mm)
{
	return virt_to_phys(mm->pgd);
}

unsigned long va_walk_span(int level)
{
	switch (level) {
	case VA_PGD:
		return PGDIR_SIZE;
	case VA_P4D:
		return P4D_SIZE;
	case VA_PUD:
		return PUD_SIZE;
	case VA_PMD:
		return PMD_SIZE;
	default:
		return PAGE_SIZE;
	}
}

int va_walk_index(int level, unsigned long addr)
{
	return addr / va_walk_span(level) % PTRS_PER_PTE;
}

bool va_walk_leaf(int level, u64 entry)
{
	return level == VA_PTE || ((level == VA_PMD || level == VA_PUD) && entry & _PAGE_PSE);
}

u64 va_walk_frame(int level, u64 entry)
{
	unsigned long pfn = level == VA_PTE ? pte_pfn(__pte(entry)) : level == VA_PMD ? pmd_pfn(__pmd(entry)) : pud_pfn(__pud(entry));

	return (u64)pfn << PAGE_SHIFT;
}

/* Notes an entry. True if a table hangs below it. */
static bool va_step(struct va_walk *walk, int level, u64 entry, const void *at)
{
	walk->at = at;
	walk->entry[level] = entry;
	walk->last = level;
	walk->depth++;
	return (entry & (_PAGE_PRESENT | _PAGE_PSE)) == _PAGE_PRESENT;
}

/* Interrupts off. Returns the PTE's place, or NULL where the walk ended above. */
static pte_t *va_descend(struct mm_struct *mm, unsigned long addr, struct va_walk *walk)
{
	pgd_t *pgdp = pgd_offset(mm, addr), pgd = READ_ONCE(*pgdp);
	p4d_t *p4dp, p4d = __p4d(pgd_val(pgd));
	pud_t *pudp, pud;
	pmd_t *pmdp, pmd;

	memset(walk, 0, sizeof(*walk));
	/* PSE is reserved in PGD and P4D entries: never set where PRESENT is. */
	if (!va_step(walk, VA_PGD, pgd_val(pgd), pgdp))
		return NULL;
	if (pgtable_l5_enabled()) {
		p4dp = p4d_offset(&pgd, addr);
		p4d = READ_ONCE(*p4dp);
		if (!va_step(walk, VA_P4D, p4d_val(p4d), p4dp))
			return NULL;
	}
	pudp = pud_offset(&p4d, addr);
	pud = READ_ONCE(*pudp);
	if (!va_step(walk, VA_PUD, pud_val(pud), pudp))
		return NULL;
	pmdp = pmd_offset(&pud, addr);
	pmd = READ_ONCE(*pmdp);
	if (!va_step(walk, VA_PMD, pmd_val(pmd), pmdp))
		return NULL;
	return pte_offset_kernel(&pmd, addr);
}

void va_walk_read(struct mm_struct *mm, unsigned long addr, struct va_walk *walk)
{
	unsigned long flags;
	pte_t *pte;

	if (addr >= TASK_SIZE_MAX) {
		memset(walk, 0, sizeof(*walk));
		return;
	}
	local_irq_save(flags);
	pte = va_descend(mm, addr, walk);
	if (pte)
		va_step(walk, VA_PTE, pte_val(READ_ONCE(*pte)), pte);
	local_irq_restore(flags);
}

/*
 * Stores an entry (in entry[], too, where all are wanted), as the kernel reads it (under Xen another number stands there), and tells whether a table hangs
 * below it: then *table is that. PSE is reserved in PGD and P4D entries: never set where PRESENT is.
 */
static __always_inline bool va_below(u64 value, u64 mask, u64 *entry, bool all, int level, u64 *last, const void **table)
{
	*last = value;
	if (all)
		entry[level] = value;
	if ((value & (_PAGE_PRESENT | _PAGE_PSE)) != _PAGE_PRESENT)
		return false;
	*table = __va(value & mask);
	return true;
}

/* Interrupts off. What it does for each level is little: every fault comes here twice. */
static __always_inline u8 va_levels(const struct mm_struct *mm, unsigned long addr, u64 *entry, bool all, u64 *last)
{
	const u64 mask = PTE_PFN_MASK;
	const u8 more = pgtable_l5_enabled();
	const void *table = mm->pgd;

	if (!va_below(pgd_val(READ_ONCE(((const pgd_t *)table)[pgd_index(addr)])), mask, entry, all, VA_PGD, last, &table))
		return 1;
	if (more && !va_below(p4d_val(READ_ONCE(((const p4d_t *)table)[p4d_index(addr)])), mask, entry, all, VA_P4D, last, &table))
		return 2;
	if (!va_below(pud_val(READ_ONCE(((const pud_t *)table)[pud_index(addr)])), mask, entry, all, VA_PUD, last, &table))
		return 2 + more;
	if (!va_below(pmd_val(READ_ONCE(((const pmd_t *)table)[pmd_index(addr)])), mask, entry, all, VA_PMD, last, &table))
		return 3 + more;
	*last = pte_val(READ_ONCE(((const pte_t *)table)[pte_index(addr)]));
	if (all)
		entry[VA_PTE] = *last;
	return 4 + more;
}

static noinline void va_clear_beyond(u64 *entry, u8 depth)
{
	/* Without a P4D those of two levels and more are one further down. */
	int level = depth < 2 || pgtable_l5_enabled() ? depth : depth + 1;

	for (; level < VMATLAS_LEVELS; level++)
		entry[level] = 0;
}

u8 va_walk_end(const struct mm_struct *mm, unsigned long addr, u64 *last)
{
	u64 end = 0;
	u8 depth = addr < TASK_SIZE_MAX ? va_levels(mm, addr, NULL, false, &end) : 0;

	*last = end;
	return depth;
}

u8 va_walk_entries(const struct mm_struct *mm, unsigned long addr, u64 entry[VMATLAS_LEVELS], u64 *last)
{
	u64 end = 0;
	u8 depth = addr < TASK_SIZE_MAX ? va_levels(mm, addr, entry, true, &end) : 0;

	*last = end;
	if (!pgtable_l5_enabled())
		entry[VA_P4D] = 0;
	if (unlikely(depth < va_walk_levels()))
		va_clear_beyond(entry, depth);
	return depth;
}

bool va_walk_zero(u8 depth, u64 last)
{
	unsigned long pfn = (last & VA_PFN_MASK) >> PAGE_SHIFT;

	if (!(last & _PAGE_PRESENT))
		return false;
	if (depth == va_walk_levels())
		return is_zero_pfn(pfn);
	/* The huge zero page is not exported; the caller asks for anonymous memory only, and there it alone is not PageAnon. */
	return depth == va_walk_levels() - 1 && pfn_valid(pfn) && !PageAnon(pfn_to_page(pfn & ~(PTRS_PER_PTE - 1ul)));
}

unsigned long va_walk_folio(u64 entry, bool anon, unsigned long *offset)
{
	unsigned long pfn = (entry & VA_PFN_MASK) >> PAGE_SHIFT;
	struct page *page, *head;
	unsigned long size;

	*offset = 0;
	if (!(entry & _PAGE_PRESENT) || entry & _PAGE_SPECIAL || !(anon || pfn_valid(pfn)))
		return PAGE_SIZE;
	/* Nothing holds it: it may be freed, and be part of something else, while we look. Then the figures are wrong, but figures. */
	page = pfn_to_page(pfn);
	if (likely(!PageCompound(page)))
		return PAGE_SIZE;
	head = compound_head(page);
	size = PageHead(head) ? page_size(head) : PAGE_SIZE;
	if (size > PMD_SIZE || page < head || page - head >= size >> PAGE_SHIFT)
		return PAGE_SIZE;
	*offset = (page - head) << PAGE_SHIFT;
	return size;
}

u16 va_walk_present(struct mm_struct *mm, unsigned long base, unsigned long end)
{
	unsigned long flags, addr;
	struct va_walk walk;
	u16 bits = 0;
	pte_t *pte;
	int i;

	local_irq_save(flags);
	pte = va_descend(mm, base, &walk);
	for (i = 0, addr = base; pte && i < 16 && addr < end; i++, addr += PAGE_SIZE) {
		if (i && !pte_index(addr))
			break;
		if (pte_val(READ_ONCE(pte[i])) & _PAGE_PRESENT)
			bits |= 1u << i;
	}
	local_irq_restore(flags);
	return bits;
}

static unsigned long va_beyond(unsigned long addr, unsigned long span, unsigned long end)
{
	unsigned long next = (addr & ~(span - 1)) + span;

	return next && next < end ? next : end;
}

/* Within one table: skips the empty, takes up to VMATLAS_PAGES_PER_RECORD. */
static unsigned long va_run_ptes(pte_t *pte, unsigned long addr, unsigned long end, struct vmatlas_pages *out)
{
	end = va_beyond(addr, PMD_SIZE, end);
	for (; addr < end && out->count < VMATLAS_PAGES_PER_RECORD; addr += PAGE_SIZE, pte++) {
		u64 entry = pte_val(READ_ONCE(*pte));

		if (!entry && out->count)
			break;
		if (!entry)
			continue;
		if (!out->count)
			out->addr = addr;
		out->entry[out->count++] = entry;
	}
	return addr;
}

/* The first entry of the same table that is not empty, from addr's on; else the table's end. Entries are read as numbers: all levels have the same form. */
static unsigned long va_skip_empty(const u64 *entry, unsigned long addr, int level)
{
	unsigned long span = va_walk_span(level), end = va_beyond(addr, span * PTRS_PER_PMD, TASK_SIZE_MAX);

	for (addr = va_beyond(addr, span, end); addr < end && !READ_ONCE(*++entry);)
		addr = va_beyond(addr, span, end);
	return addr;
}

/* A walk that ended above the PTE. Returns where that entry's reach ends. No level above the PUD is told. */
static unsigned long va_take_upper(const struct va_walk *walk, unsigned long addr, struct vmatlas_pages *out)
{
	int level = max_t(int, walk->last, VA_PUD);

	out->level = level;
	out->addr = addr & ~(va_walk_span(level) - 1);
	out->count = 1;
	out->entry[0] = va_walk_last(walk);
	return out->addr + va_walk_span(level);
}

unsigned long va_walk_run(struct mm_struct *mm, unsigned long addr, unsigned long end, struct vmatlas_pages *out)
{
	struct va_walk walk;
	unsigned long flags;
	pte_t *pte;

	memset(out, 0, sizeof(*out));
	out->level = VA_PTE;
	local_irq_save(flags);
	pte = va_descend(mm, addr, &walk);
	if (pte)
		addr = va_run_ptes(pte, addr, end, out);
	else if (va_walk_last(&walk))
		addr = va_take_upper(&walk, addr, out);
	else
		addr = va_skip_empty(walk.at, addr, walk.last);
	local_irq_restore(flags);
	return min(addr, end);
}

unsigned long va_walk_exact(struct mm_struct *mm, unsigned long addr, unsigned long end, struct vmatlas_pages *out)
{
	struct va_walk walk;
	unsigned long flags;
	pte_t *pte;

	memset(out, 0, sizeof(*out));
	out->level = VA_PTE;
	out->addr = addr;
	local_irq_save(flags);
	pte = va_descend(mm, addr, &walk);
	if (!pte)
		addr = va_take_upper(&walk, addr, out);
	end = va_beyond(addr, PMD_SIZE, end);
	for (; pte && addr < end && out->count < VMATLAS_PAGES_PER_RECORD; addr += PAGE_SIZE, pte++)
		out->entry[out->count++] = pte_val(READ_ONCE(*pte));
	local_irq_restore(flags);
	return addr;
}

/* Interrupts off. The table of that level that addr's walk comes by, or NULL. Entries are read as numbers: all levels have the same form. */
static const u64 *va_find_table(struct mm_struct *mm, unsigned long addr, int level)
{
	const u64 *table = (const u64 *)mm->pgd;
	int above;

	for (above = VA_PGD; above < level; above++) {
		u64 entry;

		if (above == VA_P4D && !pgtable_l5_enabled())
			continue;
		entry = READ_ONCE(table[va_walk_index(above, addr)]);
		if (!(entry & _PAGE_PRESENT) || va_walk_leaf(above, entry))
			return NULL;
		table = __va(entry & PTE_PFN_MASK);
	}
	return table;
}

bool va_walk_table(struct mm_struct *mm, unsigned long addr, int level, u64 *entries)
{
	unsigned long flags;
	const u64 *table;
	int i;

	local_irq_save(flags);
	table = va_find_table(mm, addr, level);
	for (i = 0; table && i < PTRS_PER_PTE; i++)
		entries[i] = READ_ONCE(table[i]);
	local_irq_restore(flags);
	return table;
}
