// SPDX-License-Identifier: GPL-2.0
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/pgtable.h>

#include "walk.h"

enum { VA_PGD, VA_P4D, VA_PUD, VA_PMD, VA_PTE };

#define VA_PFN_MASK GENMASK_ULL(51, PAGE_SHIFT)

int va_walk_levels(void)
{
	return pgtable_l5_enabled() ? 5 : 4;
}

u64 va_walk_root(struct mm_struct *mm)
{
	return virt_to_phys(mm->pgd);
}

/* Notes an entry. True if a table hangs below it. */
static bool va_step(struct va_walk *walk, int level, u64 entry)
{
	walk->entry[level] = entry;
	walk->last = level;
	walk->depth++;
	return (entry & (_PAGE_PRESENT | _PAGE_PSE)) == _PAGE_PRESENT;
}

/* Interrupts off. Returns the PTE's place, or NULL where the walk ended above. */
static pte_t *va_descend(struct mm_struct *mm, unsigned long addr, struct va_walk *walk)
{
	pgd_t pgd = READ_ONCE(*pgd_offset(mm, addr));
	p4d_t p4d = __p4d(pgd_val(pgd));
	pud_t pud;
	pmd_t pmd;

	memset(walk, 0, sizeof(*walk));
	/* PSE is reserved in PGD and P4D entries: never set where PRESENT is. */
	if (!va_step(walk, VA_PGD, pgd_val(pgd)))
		return NULL;
	if (pgtable_l5_enabled()) {
		p4d = READ_ONCE(*p4d_offset(&pgd, addr));
		if (!va_step(walk, VA_P4D, p4d_val(p4d)))
			return NULL;
	}
	pud = READ_ONCE(*pud_offset(&p4d, addr));
	if (!va_step(walk, VA_PUD, pud_val(pud)))
		return NULL;
	pmd = READ_ONCE(*pmd_offset(&pud, addr));
	if (!va_step(walk, VA_PMD, pmd_val(pmd)))
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
		va_step(walk, VA_PTE, pte_val(READ_ONCE(*pte)));
	local_irq_restore(flags);
}

bool va_walk_zero(const struct va_walk *walk)
{
	u64 entry = va_walk_last(walk);
	unsigned long pfn = (entry & VA_PFN_MASK) >> PAGE_SHIFT;

	if (!(entry & _PAGE_PRESENT))
		return false;
	if (walk->last == VA_PTE)
		return is_zero_pfn(pfn);
	/* The huge zero page is not exported; the caller asks for anonymous memory only, and there it alone is not PageAnon. */
	return walk->last == VA_PMD && pfn_valid(pfn) && !PageAnon(pfn_to_page(pfn & ~(PTRS_PER_PTE - 1ul)));
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

/* Bytes one entry of a level covers. */
static unsigned long va_span(int level)
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
	local_irq_restore(flags);
	if (pte)
		return addr;
	if (va_walk_last(&walk)) {
		out->addr = addr & ~(va_span(walk.last) - 1);
		out->level = walk.last;
		out->count = 1;
		out->entry[0] = va_walk_last(&walk);
	}
	return va_beyond(addr, va_span(walk.last), end);
}
