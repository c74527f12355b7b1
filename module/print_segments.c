// SPDX-License-Identifier: GPL-2.0
/* The parts of a program that mm_struct names, and its counts of pages. */
#include <linux/mm.h>

#include "compat.h"
#include "print_parts.h"

enum { VA_CODE, VA_DATA, VA_STACK, VA_HEAP, VA_ARGUMENTS, VA_ENVIRONMENT, VA_SEGMENTS };

struct va_segment {
	unsigned long start, end;
};

struct va_summary {
	struct va_segment segment[VA_SEGMENTS];
	unsigned long start_stack;
	u64 anon, file, shmem, swap;
	unsigned long hugetlb;
	u64 total, data, exec, stack, locked;
	unsigned long tables;
};

static void va_fill_segments(struct mm_struct *mm, struct va_summary *sum)
{
	/* The stack's own VMA: the whole of it, though the program has used less. */
	struct vm_area_struct *stack = find_vma(mm, mm->start_stack);
	struct va_segment *segment = sum->segment;

	spin_lock(&mm->arg_lock);
	segment[VA_CODE] = (struct va_segment){ mm->start_code, mm->end_code };
	segment[VA_DATA] = (struct va_segment){ mm->start_data, mm->end_data };
	segment[VA_HEAP] = (struct va_segment){ mm->start_brk, mm->brk };
	segment[VA_ARGUMENTS] = (struct va_segment){ mm->arg_start, mm->arg_end };
	segment[VA_ENVIRONMENT] = (struct va_segment){ mm->env_start, mm->env_end };
	spin_unlock(&mm->arg_lock);
	if (stack && stack->vm_start <= mm->start_stack)
		segment[VA_STACK] = (struct va_segment){ stack->vm_start, stack->vm_end };
	sum->start_stack = mm->start_stack;
}

static void va_fill_counts(struct mm_struct *mm, struct va_summary *sum)
{
	struct va_rss rss = va_compat_rss(mm);

	sum->anon = rss.anon;
	sum->file = rss.file;
	sum->shmem = rss.shmem;
	sum->swap = rss.swap;
	sum->hugetlb = va_compat_hugetlb(mm);
	sum->total = mm->total_vm;
	sum->data = mm->data_vm;
	sum->exec = mm->exec_vm;
	sum->stack = mm->stack_vm;
	sum->locked = mm->locked_vm;
	sum->tables = mm_pgtables_bytes(mm);
}

static void va_say_segments(struct va_print *print, const struct va_summary *sum)
{
	static const char *const names[] = { "code", "data", "stack", "heap", "arguments", "environment" };
	int i;

	for (i = 0; i < VA_SEGMENTS; i++)
		va_say(print, "segment %-11s %012lx-%012lx %12lu bytes", names[i], sum->segment[i].start, sum->segment[i].end,
		       sum->segment[i].end - sum->segment[i].start);
	va_say(print, "segment stack: the program began with its stack pointer at %012lx", sum->start_stack);
}

static void va_say_counts(struct va_print *print, const struct va_summary *sum)
{
	va_say(print, "frames (RSS): %llu = %llu anonymous + %llu of files + %llu of shared memory; %llu pages in swap%s",
	       sum->anon + sum->file + sum->shmem, sum->anon, sum->file, sum->shmem, sum->swap, VA_RSS_LATE);
	if (sum->hugetlb)
		va_say(print, "frames of hugetlb, which RSS leaves out: %lu", sum->hugetlb);
	va_say(print, "pages: total_vm %llu, data_vm %llu, stack_vm %llu, exec_vm %llu, locked_vm %llu; page tables %lu KiB", sum->total, sum->data,
	       sum->stack, sum->exec, sum->locked, sum->tables >> 10);
}

int va_print_segments(struct va_print *print)
{
	struct va_summary sum = {};

	if (mmap_read_lock_killable(print->mm))
		return -EINTR;
	va_fill_segments(print->mm, &sum);
	va_fill_counts(print->mm, &sum);
	mmap_read_unlock(print->mm);
	va_say_segments(print, &sum);
	va_say_counts(print, &sum);
	return 0;
}
