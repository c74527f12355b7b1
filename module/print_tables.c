// SPDX-License-Identifier: GPL-2.0
/*
 * The page tables: all present entries of the top one, the walk of one address, the whole tree in figures.
 *
 * Nothing holds a table but the top one (it lives as long as the mm). Each is reached from the top and copied under the map's lock; what a copy leads to
 * may be gone when it is looked at, and is counted then.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "print_parts.h"
#include "walk.h"

#define VA_ENTRIES PTRS_PER_PTE
#define VA_HALF (VA_ENTRIES / 2)

static int va_below(int level)
{
	return level == VA_PGD && va_walk_levels() == 4 ? VA_PUD : level + 1;
}

/* --- the top-level table ---------------------------------------------------------------------------------------------------- */

/* Addresses with the sign bit repeated, as the processor wants them. */
static unsigned long va_top_start(int index)
{
	unsigned long shift = BITS_PER_LONG - PGDIR_SHIFT - ilog2(VA_ENTRIES);

	return (unsigned long)((long)(index * PGDIR_SIZE << shift) >> shift);
}

static void va_top_entry(struct va_print *print, int index, u64 entry)
{
	unsigned long start = va_top_start(index);
	char flags[VA_ENTRY_TEXT], target[VA_ENTRY_TEXT];

	va_say(print, "PGD[%3d] %016lx-%016lx -> %s table %s, flags %s", index, start, start + PGDIR_SIZE - 1, va_level_name(va_below(VA_PGD)),
	       va_entry_target(target, VA_PGD, entry, print->show), va_entry_flags(flags, VA_PGD, entry));
}

/* How many of the entries have the same flags as this one; 0 where an earlier one had. */
static int va_top_alike(const u64 *entries, int index)
{
	u64 flags = entries[index] & ~PTE_PFN_MASK;
	int i, alike = 0;

	for (i = VA_HALF; i < VA_ENTRIES; i++) {
		if (!va_entry_present(entries[i]) || (entries[i] & ~PTE_PFN_MASK) != flags)
			continue;
		if (i < index)
			return 0;
		alike++;
	}
	return alike;
}

/* Where the kernel's parts lie is random, and here all may read the log: not even the index is told. */
static void va_top_hidden(struct va_print *print, const u64 *entries, int index)
{
	int alike = va_top_alike(entries, index);
	char flags[VA_ENTRY_TEXT];

	if (alike)
		va_say(print, "PGD[hidden] in the kernel half: %d -> %s tables, frames hidden, flags %s", alike, va_level_name(va_below(VA_PGD)),
		       va_entry_flags(flags, VA_PGD, entries[index]));
}

static void va_top_half(struct va_print *print, const char *name, int first, const u64 *entries)
{
	int i, present = 0;

	for (i = first; i < first + VA_HALF; i++) {
		if (!va_entry_present(entries[i]))
			continue;
		if (first && !print->show)
			va_top_hidden(print, entries, i);
		else
			va_top_entry(print, i, entries[i]);
		present++;
	}
	va_say(print, "PGD %s half: %d of %d entries present, %d absent", name, present, (int)VA_HALF, (int)VA_HALF - present);
}

int va_print_top(struct va_print *print)
{
	u64 *entries = kmalloc_array(VA_ENTRIES, sizeof(*entries), GFP_KERNEL);
	char where[32] = "(frame hidden)";

	if (!entries)
		return -ENOMEM;
	va_walk_table(print->mm, 0, VA_PGD, entries);
	if (print->show)
		scnprintf(where, sizeof(where), "at 0x%012llx", va_walk_root(print->mm));
	va_say(print, "PGD: the top-level page table %s, %d entries of %s", where, (int)VA_ENTRIES,
	       va_walk_levels() == 4 ? "512 GiB each; 4 levels: the P4D is folded into it, each leads to a PUD table" :
				       "256 TiB each; 5 levels: each leads to a P4D table");
	va_top_half(print, "user", 0, entries);
	va_top_half(print, "kernel", VA_HALF, entries);
	kfree(entries);
	return 0;
}

/* --- one address ------------------------------------------------------------------------------------------------------------- */

static void va_walk_line(struct va_print *print, const struct va_walk *walk, int level)
{
	char flags[VA_ENTRY_TEXT], target[VA_ENTRY_TEXT], to[48] = "";
	u64 entry = walk->entry[level];

	if (!entry) {
		va_say(print, "walk %s[%3d]: empty", va_level_name(level), va_walk_index(level, print->ask->addr));
		return;
	}
	if (!va_entry_present(entry))
		strscpy(to, " ->", sizeof(to));
	else if (va_walk_leaf(level, entry))
		scnprintf(to, sizeof(to), " -> page of %lu KiB", va_walk_span(level) >> 10);
	else
		scnprintf(to, sizeof(to), " -> %s table", va_level_name(va_below(level)));
	va_say(print, "walk %s[%3d]%s %s, flags %s", va_level_name(level), va_walk_index(level, print->ask->addr), to,
	       va_entry_target(target, level, entry, print->show), va_entry_flags(flags, level, entry));
}

static void va_say_end(struct va_print *print, const struct va_walk *walk)
{
	unsigned long offset = print->ask->addr & (va_walk_span(walk->last) - 1);
	u64 entry = va_walk_last(walk);

	if (!va_entry_present(entry))
		va_say(print, "walk of 0x%012lx ends at the %s: not present, an access faults", print->ask->addr, va_level_name(walk->last));
	else if (print->show)
		va_say(print, "walk of 0x%012lx: physical address 0x%012llx, offset 0x%lx in its page", print->ask->addr,
		       va_walk_frame(walk->last, entry) + offset, offset);
	else
		va_say(print, "walk of 0x%012lx: physical address hidden, offset 0x%lx in its page", print->ask->addr, offset);
}

/* Under the write side: munmap() frees tables under the read side, too. */
static int va_walk_vma(struct va_print *print, struct va_walk *walk)
{
	unsigned long addr = print->ask->addr, start, end;
	struct vm_area_struct *vma;
	bool inside;

	if (mmap_write_lock_killable(print->mm))
		return -EINTR;
	vma = find_vma(print->mm, addr);
	inside = vma && vma->vm_start <= addr;
	start = inside ? vma->vm_start : 0;
	end = inside ? vma->vm_end : 0;
	va_walk_read(print->mm, addr, walk);
	mmap_write_unlock(print->mm);
	if (inside)
		va_say(print, "walk of 0x%012lx: in the VMA %012lx-%012lx", addr, start, end);
	else
		va_say(print, "walk of 0x%012lx: in no VMA", addr);
	return 0;
}

int va_print_walk(struct va_print *print)
{
	struct va_walk walk;
	int level, err = va_walk_vma(print, &walk);

	if (err)
		return err;
	for (level = VA_PGD; level <= walk.last; level++)
		if (level == VA_P4D && va_walk_levels() == 4)
			va_say(print, "walk P4D: folded into the PGD (4 levels)");
		else
			va_walk_line(print, &walk, level);
	va_say_end(print, &walk);
	return 0;
}

/* --- the tree ------------------------------------------------------------------------------------------------------------------ */

struct va_tree {
	struct mm_struct *mm;
	u64 (*copy)[VA_ENTRIES]; /* of each level the table that is being looked at */
	unsigned long tables[VMATLAS_LEVELS], present[VMATLAS_LEVELS], pages[VMATLAS_LEVELS], other[VMATLAS_LEVELS];
	unsigned long gone;
};

/* 1: copied. 0: gone. munmap() frees tables under the read side of the lock, too, but none in whose reach a VMA is. */
static int va_tree_copy(const struct va_tree *tree, int level, unsigned long base)
{
	struct vm_area_struct *vma;
	bool there;

	if (mmap_read_lock_killable(tree->mm))
		return -EINTR;
	vma = level == VA_PGD ? NULL : find_vma(tree->mm, base);
	there = level == VA_PGD || (vma && vma->vm_start < base + va_walk_span(level) * VA_ENTRIES);
	there = there && va_walk_table(tree->mm, base, level, tree->copy[level]);
	mmap_read_unlock(tree->mm);
	return there;
}

/* The table of that level that begins at base, and all below it. As deep as there are levels. */
static int va_tree_table(struct va_tree *tree, int level, unsigned long base)
{
	int i, err, count = level == VA_PGD ? VA_HALF : VA_ENTRIES;

	if (fatal_signal_pending(current))
		return -EINTR;
	cond_resched();
	err = va_tree_copy(tree, level, base);
	if (err <= 0) {
		tree->gone += !err;
		return err;
	}
	err = 0;
	tree->tables[level]++;
	for (i = 0; i < count && !err; i++) {
		u64 entry = tree->copy[level][i];

		if (!entry)
			continue;
		*(va_entry_present(entry) ? &tree->present[level] : &tree->other[level]) += 1;
		if (!va_entry_present(entry))
			continue;
		if (va_walk_leaf(level, entry))
			tree->pages[level]++;
		else
			err = va_tree_table(tree, va_below(level), base + i * va_walk_span(level));
	}
	return err;
}

static void va_tree_level(struct va_print *print, const struct va_tree *tree, int level)
{
	if (level == VA_P4D && va_walk_levels() == 4) {
		va_say(print, "tree P4D: folded into the PGD (4 levels)");
		return;
	}
	if (level < VA_PUD)
		va_say(print, "tree %s: %lu tables%s, %lu entries present", va_level_name(level), tree->tables[level],
		       level == VA_PGD ? " (user half)" : "", tree->present[level]);
	else
		va_say(print, "tree %s: %lu tables, %lu entries present, of them %lu map a page of %lu KiB; %lu not present but in use",
		       va_level_name(level), tree->tables[level], tree->present[level], tree->pages[level], va_walk_span(level) >> 10,
		       tree->other[level]);
}

/* The kernel counts PUD, PMD and PTE tables, with those put by for the day a huge page is split. */
static void va_tree_sum(struct va_print *print, const struct va_tree *tree)
{
	unsigned long own = 0;
	int level;

	for (level = VA_PUD; level <= VA_PTE; level++)
		own += tree->tables[level] * PAGE_SIZE;
	va_say(print, "tree: PUD, PMD and PTE tables take %lu KiB; the kernel counts %lu KiB (with a table put by for each anonymous huge page)", own >> 10,
	       mm_pgtables_bytes(print->mm) >> 10);
	if (tree->gone)
		va_say(print, "tree: it changed while it was read: %lu tables were gone before they could be looked at", tree->gone);
}

int va_print_tree(struct va_print *print)
{
	struct va_tree tree = { .mm = print->mm };
	int level, err;

	tree.copy = kvmalloc_array(VMATLAS_LEVELS, sizeof(*tree.copy), GFP_KERNEL);
	if (!tree.copy)
		return -ENOMEM;
	err = va_tree_table(&tree, VA_PGD, 0);
	kvfree(tree.copy);
	if (err)
		return err;
	for (level = VA_PGD; level <= VA_PTE; level++)
		va_tree_level(print, &tree, level);
	va_tree_sum(print, &tree);
	return 0;
}
