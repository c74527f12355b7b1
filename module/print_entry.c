// SPDX-License-Identifier: GPL-2.0
/*
 * An entry in words. Sources: Intel SDM vol. 3, tables 4-14 to 4-20; arch/x86/include/asm/pgtable_types.h for the software bits. The names are those of the
 * window (core/entry.c).
 */
#include <linux/kernel.h>
#include <linux/mm.h>

#include "compat.h"
#include "print_parts.h"
#include "walk.h"

struct va_bit {
	u64 bit;
	const char *name;
};

/* What the processor reads in an entry that leads to a table. */
static const struct va_bit va_table_bits[] = {
	{ _PAGE_PRESENT, "P" }, { _PAGE_RW, "RW" }, { _PAGE_USER, "US" }, { _PAGE_PWT, "PWT" }, { _PAGE_PCD, "PCD" },
	{ _PAGE_ACCESSED, "A" }, { _PAGE_NX, "NX" },
};

/* And in one that maps a page, with the kernel's own bits. PS and PAT depend on the level. */
static const struct va_bit va_page_bits[] = {
	{ _PAGE_PRESENT, "P" }, { _PAGE_RW, "RW" }, { _PAGE_USER, "US" }, { _PAGE_PWT, "PWT" }, { _PAGE_PCD, "PCD" },
	{ _PAGE_ACCESSED, "A" }, { _PAGE_DIRTY, "D" }, { _PAGE_GLOBAL, "G" }, { _PAGE_SPECIAL, "special" }, { _PAGE_UFFD_WP, "uffd" },
	{ _PAGE_SOFT_DIRTY, "soft-dirty" }, { VA_PAGE_DEVMAP, "devmap" }, { VA_PAGE_SAVED_DIRTY, "saved-dirty" }, { _PAGE_NX, "NX" },
};

const char *va_level_name(int level)
{
	static const char *const names[] = { "PGD", "P4D", "PUD", "PMD", "PTE" };

	return names[level];
}

static int va_bits(char *buf, const struct va_bit *bits, size_t count, u64 entry)
{
	int n = 0;
	size_t i;

	for (i = 0; i < count; i++)
		if (entry & bits[i].bit)
			n += scnprintf(buf + n, VA_ENTRY_TEXT - n, "%s%s", n ? " " : "", bits[i].name);
	return n;
}

static void va_page_flags(char *buf, int level, u64 entry)
{
	u64 pat = level == VA_PTE ? _PAGE_PAT : _PAGE_PAT_LARGE;
	int n = va_bits(buf, va_page_bits, ARRAY_SIZE(va_page_bits), entry);

	if (level != VA_PTE && entry & _PAGE_PSE)
		n += scnprintf(buf + n, VA_ENTRY_TEXT - n, " PS");
	if (entry & pat)
		n += scnprintf(buf + n, VA_ENTRY_TEXT - n, " PAT");
	if (entry & _PAGE_PKEY_MASK)
		scnprintf(buf + n, VA_ENTRY_TEXT - n, " key=%llu", (entry & _PAGE_PKEY_MASK) >> _PAGE_BIT_PKEY_BIT0);
}

/* P = 0: the processor reads nothing in it, the kernel does. Entries of all levels have the same form. */
static void va_absent_words(char *buf, int level, u64 entry)
{
	swp_entry_t swap = pte_to_swp_entry(__pte(entry));

	if (!entry)
		strscpy(buf, "empty", VA_ENTRY_TEXT);
	else if (entry & _PAGE_PROTNONE)
		strscpy(buf, "not P: a page closed to the processor (PROT_NONE, or to see which NUMA node comes)", VA_ENTRY_TEXT);
	else if (level != VA_PTE && entry & _PAGE_PSE)
		strscpy(buf, "not P: a huge page that is being split", VA_ENTRY_TEXT);
	else if (!non_swap_entry(swap))
		scnprintf(buf, VA_ENTRY_TEXT, "not P: swapped out, swap file %u, page %lu of it", (u32)swp_type(swap), swp_offset(swap));
	else
		scnprintf(buf, VA_ENTRY_TEXT, "not P: %s", va_compat_special_entry(swap));
}

const char *va_entry_flags(char *buf, int level, u64 entry)
{
	*buf = '\0';
	if (!(entry & _PAGE_PRESENT))
		va_absent_words(buf, level, entry);
	else if (va_walk_leaf(level, entry))
		va_page_flags(buf, level, entry);
	else
		va_bits(buf, va_table_bits, ARRAY_SIZE(va_table_bits), entry);
	return buf;
}

static u64 va_target(int level, u64 entry)
{
	if (!(entry & _PAGE_PRESENT) && !(entry & _PAGE_PROTNONE))
		return (u64)va_compat_swap_frame(pte_to_swp_entry(__pte(entry))) << PAGE_SHIFT;
	if (!(entry & _PAGE_PRESENT) || va_walk_leaf(level, entry))
		return va_walk_frame(level, entry);
	return entry & PTE_PFN_MASK;
}

const char *va_entry_target(char *buf, int level, u64 entry, bool show)
{
	u64 at = va_target(level, entry);

	if (!show)
		strscpy(buf, "frame hidden", VA_ENTRY_TEXT);
	else if (at)
		scnprintf(buf, VA_ENTRY_TEXT, "at 0x%012llx, entry 0x%016llx", at, entry);
	else
		scnprintf(buf, VA_ENTRY_TEXT, "no frame, entry 0x%016llx", entry);
	return buf;
}
