// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/sched.h>

#include "compat.h"
#include "control.h"
#include "hooks.h"
#include "mm.h"
#include "story.h"
#include "sweep.h"
#include "walk.h"

static u16 va_vsyscall(struct mm_struct *mm)
{
	return va_compat_has_vsyscall(mm) ? VMATLAS_F_VSYSCALL : 0;
}

static u16 va_blind(void)
{
	return va_hooks_blind() || !va_class_on(VA_CLASS_FAULT) ? VMATLAS_F_BLIND : 0;
}

bool va_mm_trylock_mapped(struct mm_struct *mm, unsigned long lo, unsigned long hi)
{
	struct vm_area_struct *vma;

	if (!va_mm_trylock(mm))
		return false;
	vma = find_vma(mm, lo);
	if (vma && vma->vm_start <= lo && hi <= vma->vm_end)
		return true;
	va_mm_unlock(mm);
	return false;
}

void va_mm_layout(struct va_map *map, struct mm_struct *mm, u16 flags)
{
	struct vmatlas_record rec = {
		.head = va_head(VMATLAS_MM_LAYOUT, flags | va_vsyscall(mm) | va_blind(), map->id),
		.layout = {
			.start_code = mm->start_code, .end_code = mm->end_code,
			.start_data = mm->start_data, .end_data = mm->end_data,
			.start_brk = mm->start_brk, .brk = mm->brk,
			.start_stack = mm->start_stack,
			.arg_start = mm->arg_start, .arg_end = mm->arg_end,
			.env_start = mm->env_start, .env_end = mm->env_end,
			.pgd = va_walk_root(mm),
		},
	};

	va_story_write(&rec);
}

void va_mm_counts(struct va_map *map, struct mm_struct *mm, u16 flags)
{
	struct va_rss rss = va_compat_rss(mm);
	struct vmatlas_record rec = {
		.head = va_head(VMATLAS_MM_COUNTS, flags, map->id),
		.counts = {
			.total_vm = mm->total_vm, .data_vm = mm->data_vm, .exec_vm = mm->exec_vm, .stack_vm = mm->stack_vm,
			.locked_vm = mm->locked_vm, .pinned_vm = atomic64_read(&mm->pinned_vm),
			.rss_file = rss.file, .rss_anon = rss.anon, .rss_shmem = rss.shmem, .swap = rss.swap,
			.pgtable_bytes = mm_pgtables_bytes(mm),
			.map_count = mm->map_count, .users = atomic_read(&mm->mm_users),
		},
	};
	unsigned long irqs;
	u64 ts;

	local_irq_save(irqs);
	ts = va_channel_begin();
	atomic64_set(&map->counted, ts);
	va_channel_write_at(&rec, ts);
	va_channel_end();
	local_irq_restore(irqs);
}

void va_mm_counts_due(struct va_map *map, struct mm_struct *mm, u64 now, s64 last)
{
	if (atomic64_cmpxchg(&map->counted, last, now) == last) {
		va_mm_counts(map, mm, 0);
		va_sweep_missed(map);
	}
}

void va_mm_fill_range(struct mm_struct *mm, struct vmatlas_range *range)
{
	struct va_rss rss = va_compat_rss(mm);

	range->start_brk = mm->start_brk;
	range->brk = mm->brk;
	range->total_vm = mm->total_vm;
	range->rss_file = rss.file;
	range->rss_anon = rss.anon;
	range->rss_shmem = rss.shmem;
	range->swap = rss.swap;
	range->pgtable_bytes = mm_pgtables_bytes(mm);
	range->map_count = mm->map_count;
}
