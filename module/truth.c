// SPDX-License-Identifier: GPL-2.0
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <uapi/linux/shm.h>

#include "compat.h"
#include "control.h"
#include "leave.h"
#include "mm.h"
#include "op.h"
#include "snapshot.h"
#include "story.h"
#include "sweep.h"
#include "truth.h"
#include "vma.h"

enum va_scope {
	VA_SCOPE_NONE,  /* only what hooks told: perf_event_mmap(), and what unmaps or moves (leave.h) */
	VA_SCOPE_RANGE, /* that, and [lo, hi) */
	VA_SCOPE_WHOLE,
};

struct va_change {
	enum va_scope scope;
	unsigned long lo, hi;
	int nr; /* system call, -1 = none */
};

void va_truth_touched(struct va_map *map, unsigned long lo, unsigned long hi, bool access)
{
	/* What unmaps or moves changes VMAs, too; what mprotect() changes is in its arguments. */
	if (!access)
		va_spans_add(&map->changed, lo, hi);
	va_spans_add(access ? &map->access : &map->touched, lo, hi);
}

/* Every VMA that goes is seen to be unmapped. */
static bool va_sees_unmap(void)
{
	return va_leave_sees_zap && va_leave_sees_huge_zap && va_class_on(VA_CLASS_FAULT);
}

static struct va_change va_range_of(unsigned long addr, unsigned long len)
{
	struct va_change change = { .scope = VA_SCOPE_RANGE };

	/* Calls that fail on such values changed nothing. */
	if (addr >= TASK_SIZE_MAX || len > TASK_SIZE_MAX)
		return (struct va_change){ .scope = VA_SCOPE_NONE };
	change.lo = addr & PAGE_MASK;
	change.hi = PAGE_ALIGN(addr + len);
	return change;
}

static struct va_change va_scope_brk(struct va_map *map, struct mm_struct *mm)
{
	unsigned long lo = min(map->brk, mm->brk), hi = max(map->brk, mm->brk);

	if (lo == hi)
		return (struct va_change){ .scope = VA_SCOPE_NONE };
	return va_range_of(lo, hi - lo);
}

/* Where it moved to, and what it unmapped, was seen; it may have grown or shrunk where it stands, and made room where it was told to go. */
static struct va_change va_scope_mremap(struct va_map *map, const unsigned long *args)
{
	struct va_change to;

	if (!va_leave_sees_move) {
		to = va_range_of(args[0], args[1]);
		if (to.scope == VA_SCOPE_RANGE)
			va_spans_add(&map->touched, to.lo, to.hi);
	}
	if (!va_sees_unmap() || !va_leave_sees_move)
		return (struct va_change){ .scope = VA_SCOPE_WHOLE };
	if (args[3] & MREMAP_FIXED) {
		to = va_range_of(args[4], args[2]);
		if (to.scope == VA_SCOPE_RANGE)
			va_spans_add(&map->changed, to.lo, to.hi);
	}
	return va_range_of(args[0], max(args[1], args[2]));
}

/* What the running system call may have changed, by its number and arguments: mm/ *.c of 6.1 and 6.12. */
static struct va_change va_scope_call(struct va_map *map, struct mm_struct *mm, const struct va_call *call)
{
	const unsigned long *args = call->args;

	switch (call->nr) {
	case __NR_mmap:
		/* Failed after it unmapped, and of hugetlb more than was asked for: the length is rounded up. */
		if (args[3] & MAP_FIXED && !map->changed.n)
			break;
		if (args[3] & (MAP_FIXED | MAP_FIXED_NOREPLACE))
			return va_range_of(args[0], args[1]);
		return (struct va_change){ .scope = VA_SCOPE_NONE };
	case __NR_brk:
		return va_scope_brk(map, mm);
	case __NR_munmap:
	case __NR_mprotect:
	case __NR_pkey_mprotect:
	case __NR_madvise:
	case __NR_mlock:
	case __NR_mlock2:
	case __NR_munlock:
	case __NR_mbind:
	case __NR_remap_file_pages:
	case 450: /* set_mempolicy_home_node */
	case 462: /* mseal */
		return va_range_of(args[0], args[1]);
	case __NR_prctl:
		if (args[0] == PR_SET_VMA)
			return va_range_of(args[2], args[3]);
		break; /* PR_SET_MEMORY_MERGE marks all that can be merged */
	case __NR_mremap:
		return va_scope_mremap(map, args);
	case __NR_shmdt:
	case __NR_io_destroy:
		if (!va_sees_unmap())
			break;
		return (struct va_change){ .scope = VA_SCOPE_NONE };
	case __NR_shmat:
		if (args[2] & SHM_REMAP && !va_sees_unmap())
			break;
		return (struct va_change){ .scope = VA_SCOPE_NONE };
	case __NR_io_setup:
	case __NR_clone:
	case __NR_clone3:
	case __NR_fork:
	case __NR_vfork:
	case 453: /* map_shadow_stack: do_mmap() */
		return (struct va_change){ .scope = VA_SCOPE_NONE };
	}
	return (struct va_change){ .scope = VA_SCOPE_WHOLE };
}

static struct va_change va_scope(struct va_map *map, struct mm_struct *mm)
{
	struct va_change change = { .scope = VA_SCOPE_NONE };
	struct va_call call;

	if (current->mm != mm || !va_op_call(&call))
		return (struct va_change){ .scope = VA_SCOPE_WHOLE, .nr = -1 };
	/* An exception from user space has no call: the kernel sets orig_ax to -1. */
	if (call.nr >= 0)
		change = va_scope_call(map, mm, &call);
	change.nr = call.nr;
	return change;
}

/* Rooms enough to tell the whole map. */
static bool va_room_for_whole(struct mm_struct *mm)
{
	return va_channel_room((mm->map_count / VA_RANGE_VMAS + 1) * VA_RANGE_RECORDS);
}

static void va_tell(struct va_map *map, struct mm_struct *mm, unsigned long lo, unsigned long hi, int nr)
{
	/* A page more on either side, for the neighbours that the change touches: they may have been merged or split. */
	lo = max(lo, PAGE_SIZE) - PAGE_SIZE;
	hi = min(hi + PAGE_SIZE, TASK_SIZE_MAX);
	do
		lo = va_vma_range(map, mm, lo, hi, 0, nr);
	while (lo && lo < hi);
}

static void va_tell_changed(struct va_map *map, struct mm_struct *mm, int nr)
{
	unsigned int i;

	for (i = 0; i < map->changed.n; i++)
		va_tell(map, mm, map->changed.span[i].lo, map->changed.span[i].hi, nr);
}

/* The entries, when what is mapped has been told. */
static void va_tell_entries(struct va_map *map, struct mm_struct *mm)
{
	unsigned int i;

	for (i = 0; i < map->touched.n; i++)
		va_sweep(map, mm, map->touched.span[i].lo, map->touched.span[i].hi, VA_SWEEP_RUNS, VMATLAS_SWEEP_DOUBT);
	for (i = 0; i < map->access.n; i++)
		va_sweep(map, mm, map->access.span[i].lo, map->access.span[i].hi, VA_SWEEP_RUNS_FEW, VMATLAS_SWEEP_ACCESS);
}

static bool va_forks(int nr)
{
	return nr == __NR_clone || nr == __NR_clone3 || nr == __NR_fork;
}

u64 va_truth_copied(struct va_map *map)
{
	/* Another thread's fork may have come in between: it sets the thread first. */
	u64 copied = smp_load_acquire(&map->copied);

	return READ_ONCE(map->copier) == current->pid && copied ? copied : 1;
}

/* The lock is about to be given up: say what has become of the map. */
static void va_truth_tell(struct va_map *map, struct mm_struct *mm)
{
	struct va_change change = va_scope(map, mm);

	if (va_forks(change.nr)) {
		WRITE_ONCE(map->copier, current->pid);
		/* Who sees this time sees this thread, too: va_truth_copied(). */
		smp_store_release(&map->copied, va_clock());
	}
	if (change.scope == VA_SCOPE_RANGE)
		va_spans_add(&map->changed, change.lo, change.hi);
	if (change.scope == VA_SCOPE_WHOLE || (va_map_torn(map) && va_room_for_whole(mm)))
		va_snapshot_whole(map, mm, change.nr);
	else if (map->changed.n)
		va_tell_changed(map, mm, change.nr);
	else
		return;
	va_op_unhooked(map, change.nr);
}

/* They change page tables only. Other kernel threads change VMAs, too: the last close of a userfaultfd may run in one. */
static bool va_tables_only(void)
{
	return current->flags & PF_KTHREAD && (!strcmp(current->comm, "khugepaged") || !strcmp(current->comm, "ksmd"));
}

static void va_truth_end_of_write(struct va_map *map, struct mm_struct *mm)
{
	preempt_disable();
	if (va_class_on(VA_CLASS_VMA)) {
		if (!va_tables_only())
			va_truth_tell(map, mm);
		va_tell_entries(map, mm);
	}
	preempt_enable();
	map->changed.n = map->touched.n = map->access.n = 0;
	map->brk = mm->brk;
}

static void va_end_of_write(struct mm_struct *mm)
{
	struct va_map *map;

	if (likely(!va_map_maybe(mm)))
		return;
	rcu_read_lock();
	map = va_map_find(mm);
	if (map)
		va_truth_end_of_write(map, mm);
	rcu_read_unlock();
}

static void va_acquired(struct mm_struct *mm, bool write, bool success)
{
	/* Nobody gets the read side while it is held for writing: this is mmap_write_downgrade(), about to happen. */
	if (!write && success && va_compat_write_locked(mm))
		va_end_of_write(mm);
}

void va_truth_acquired(VA_MMAP_LOCK_ARGS, bool success)
{
	va_acquired(mm, write, success);
}

void va_truth_released(VA_MMAP_LOCK_ARGS)
{
	if (write)
		va_end_of_write(mm);
}

/* Of a bool only the lowest byte is passed. */
int va_truth_trace_acquired(void *data, const struct va_regs *regs)
{
	va_acquired((void *)regs->di, regs->si & 0xff, regs->dx & 0xff);
	return 0;
}

int va_truth_trace_released(void *data, const struct va_regs *regs)
{
	if (regs->si & 0xff)
		va_end_of_write((void *)regs->di);
	return 0;
}

int va_truth_unlock(void *data, const struct va_regs *regs)
{
	/* Any semaphore in the kernel; one that is not in a watched map is not found. */
	va_end_of_write(container_of((struct rw_semaphore *)regs->di, struct mm_struct, mmap_lock));
	return 0;
}

/* A stack that grows under the read lock, before 6.5 (6.1.37). map->changed and the like belong to the writer. */
static void va_truth_grown(struct va_map *map, struct vm_area_struct *vma)
{
	if (va_class_on(VA_CLASS_VMA))
		va_tell(map, vma->vm_mm, vma->vm_start, vma->vm_end, -1);
}

/* Under the write side of the lock. A driver may have put pages into what it mapped just now: nobody will fault them in. */
static void va_truth_event(struct va_map *map, struct vm_area_struct *vma)
{
	struct va_call call;

	va_spans_add(&map->changed, vma->vm_start, vma->vm_end);
	if (unlikely(vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP)) && current->mm == vma->vm_mm && va_op_call(&call) && call.nr == __NR_mmap)
		va_spans_add(&map->touched, vma->vm_start, vma->vm_end);
}

int va_truth_vma_event(void *data, const struct va_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs->di;
	struct va_map *map;

	if (likely(!va_map_maybe(vma->vm_mm)))
		return 0;
	rcu_read_lock();
	map = va_map_find(vma->vm_mm);
	if (map && va_compat_write_locked_here(vma->vm_mm))
		va_truth_event(map, vma);
	else if (map)
		va_truth_grown(map, vma);
	rcu_read_unlock();
	return 0;
}

int va_truth_mm_end(void *data, const struct va_regs *regs)
{
	struct vmatlas_record rec = {};
	struct va_map *map;

	rcu_read_lock();
	map = va_map_find((void *)regs->di);
	if (unlikely(map)) {
		rec.head = va_head(VMATLAS_MM_END, 0, map->id);
		va_story_write(&rec);
		va_map_unwatch(map);
	}
	rcu_read_unlock();
	return 0;
}
