// SPDX-License-Identifier: GPL-2.0
/*
 * One line a VMA. Lines are made with the map's lock held and printed without it, as many at a time as a buffer holds: a log that goes to a slow
 * console must not hold up the process. The gate page, [vsyscall] in /proc/PID/maps, is the kernel's and no VMA: it is not among them. Whether the map was the same all the time, a checksum over it tells.
 */
#include <linux/dcache.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/xxhash.h>

#include "compat.h"
#include "print_parts.h"

#define VA_LINES (64 * 1024)
#define VA_LINE 1000     /* a line of the log holds little more */
#define VA_NAME_SHOWN 800
#define VA_NAME_ROOM (2 * PATH_MAX)

struct va_lines {
	struct mm_struct *mm;
	unsigned long from;   /* VMAs below have been told */
	unsigned long count;  /* VMAs told */
	unsigned long pages;
	unsigned int batches;
	u64 seen, told;       /* checksum of all VMAs as they were at the beginning; of those told */
	char *name;           /* VA_NAME_ROOM bytes */
	char *text;           /* VA_LINES bytes: lines that end with NUL */
	size_t used;
};

static u64 va_checksum(const struct vm_area_struct *vma, u64 before)
{
	const u64 facts[] = { vma->vm_start, vma->vm_end, vma->vm_flags, vma->vm_pgoff, (unsigned long)vma->vm_file };

	return xxh64(facts, sizeof(facts), before);
}

/* --- what it is ------------------------------------------------------------------------------------------------------------------ */

static const char *va_file_name(struct vm_area_struct *vma, char *buf)
{
	const char *path = d_path(va_compat_path(vma->vm_file), buf, VA_NAME_ROOM), *safe;

	safe = IS_ERR(path) ? NULL : va_print_safe(buf, path);
	return safe ?: "(a file whose name is too long)";
}

/* As fs/proc/task_mmu.c of this kernel decides. */
static bool va_is_heap(const struct vm_area_struct *vma)
{
	const struct mm_struct *mm = vma->vm_mm;

	if (VA_RULES & VMATLAS_RULE_HEAP_TOUCH)
		return vma->vm_start <= mm->brk && vma->vm_end >= mm->start_brk;
	return vma->vm_start < mm->brk && vma->vm_end > mm->start_brk;
}

static bool va_is_stack(const struct vm_area_struct *vma)
{
	return vma->vm_start <= vma->vm_mm->start_stack && vma->vm_end >= vma->vm_mm->start_stack;
}

static const char *va_memory_name(struct vm_area_struct *vma, char *buf)
{
	const char *special = vma->vm_ops && vma->vm_ops->name ? vma->vm_ops->name(vma) : NULL;
	const char *anon = va_compat_anon_name(vma);

	if (special)
		return special;
	if (va_is_heap(vma))
		return "[heap]";
	if (va_is_stack(vma))
		return "[stack]";
	if (!anon)
		return "anon";
	scnprintf(buf, VA_NAME_ROOM, "[anon:%s]", anon);
	return buf;
}

static const char *va_name_of(struct vm_area_struct *vma, char *buf)
{
	const char *anon = va_compat_anon_name(vma);

	if (!vma->vm_file)
		return va_memory_name(vma, buf);
	if (!anon)
		return va_file_name(vma, buf);
	scnprintf(buf, VA_NAME_ROOM, "[anon_shmem:%s]", anon);
	return buf;
}

/* --- lines ------------------------------------------------------------------------------------------------------------------------ */

static void va_line(struct va_lines *lines, struct vm_area_struct *vma)
{
	const char *name = va_name_of(vma, lines->name);

	lines->used += 1 + scnprintf(lines->text + lines->used, VA_LINES - lines->used, "VMA %012lx-%012lx %9lu KiB %c%c%c%c %.*s%s",
				     vma->vm_start, vma->vm_end, (vma->vm_end - vma->vm_start) >> 10, vma->vm_flags & VM_READ ? 'r' : '-',
				     vma->vm_flags & VM_WRITE ? 'w' : '-', vma->vm_flags & VM_EXEC ? 'x' : '-',
				     vma->vm_flags & VM_MAYSHARE ? 's' : 'p', VA_NAME_SHOWN, name,
				     strlen(name) > VA_NAME_SHOWN ? " (name cut)" : "");
	lines->told = va_checksum(vma, lines->told);
	lines->pages += vma_pages(vma);
	lines->count++;
	lines->from = vma->vm_end;
}

static u64 va_checksum_all(struct mm_struct *mm)
{
	VA_VMAS(vmas, mm, 0);
	struct vm_area_struct *vma;
	u64 sum = 0;

	while ((vma = va_compat_next_vma(&vmas, ULONG_MAX - 1)))
		sum = va_checksum(vma, sum);
	return sum;
}

/* The lock is held. True when there are more. */
static bool va_collect_lines(struct va_lines *lines)
{
	VA_VMAS(vmas, lines->mm, lines->from);
	struct vm_area_struct *vma;

	while ((vma = va_compat_next_vma(&vmas, ULONG_MAX - 1))) {
		if (VA_LINES - lines->used < VA_LINE)
			return true;
		va_line(lines, vma);
	}
	return false;
}

static int va_batch(struct va_lines *lines, bool *more)
{
	if (fatal_signal_pending(current) || mmap_read_lock_killable(lines->mm))
		return -EINTR;
	if (!lines->batches++)
		lines->seen = va_checksum_all(lines->mm);
	*more = va_collect_lines(lines);
	mmap_read_unlock(lines->mm);
	return 0;
}

static int va_say_lines(struct va_print *print, struct va_lines *lines)
{
	const char *line = lines->text;

	for (; line < lines->text + lines->used; line += strlen(line) + 1) {
		if (fatal_signal_pending(current))
			return -EINTR;
		va_say(print, "%s", line);
		cond_resched();
	}
	lines->used = 0;
	return 0;
}

static void va_say_sum(struct va_print *print, const struct va_lines *lines)
{
	va_say(print, "VMAs: %lu, together %lu KiB", lines->count, lines->pages << (PAGE_SHIFT - 10));
	if (lines->batches == 1)
		return;
	if (lines->told == lines->seen)
		va_say(print, "VMAs: printed in %u batches, the map did not change meanwhile", lines->batches);
	else
		va_say(print, "VMAs: THE MAP CHANGED while it was printed: the lines above are of %u moments, not of one", lines->batches);
}

int va_print_vmas(struct va_print *print)
{
	struct va_lines lines = { .mm = print->mm };
	bool more = true;
	int err = 0;

	lines.name = kmalloc(VA_NAME_ROOM, GFP_KERNEL);
	lines.text = kvmalloc(VA_LINES, GFP_KERNEL);
	if (!lines.name || !lines.text)
		err = -ENOMEM;
	while (!err && more) {
		err = va_batch(&lines, &more);
		if (!err)
			err = va_say_lines(print, &lines);
	}
	if (!err)
		va_say_sum(print, &lines);
	kvfree(lines.text);
	kfree(lines.name);
	return err;
}
