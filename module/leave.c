// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/pagewalk.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "compat.h"
#include "control.h"
#include "leave.h"
#include "mm.h"
#include "sweep.h"
#include "truth.h"

/* Above this, a range is told doubtful when its change begins, because it may take long. */
#define VA_LEAVE_LONG (512 * PAGE_SIZE)

enum va_leave_kind {
	VA_LEAVE_ENTRIES, /* come, go or change */
	VA_LEAVE_ACCESS,  /* only what they allow */
	VA_LEAVE_SWAP,    /* only those that are not present, and they go */
};

struct va_leave {
	struct mm_struct *mm; /* compared, and walked while it is watched */
	u32 map;
	u8 kind;   /* enum va_leave_kind */
	bool lock; /* we run under the write side of the mmap lock */
	bool free; /* at the return no lock is held that keeps the page tables */
	struct va_span span[2]; /* the second may be empty */
};

bool va_leave_sees_zap, va_leave_sees_huge_zap, va_leave_sees_move;
static unsigned long va_ksm_address; /* only ksmd merges, and there is one */

size_t va_leave_data_size(void)
{
	return sizeof(struct va_leave);
}

/* 0: watched. */
static int va_begin(void *data, struct mm_struct *mm, enum va_leave_kind kind, unsigned long lo, unsigned long hi)
{
	struct va_leave *leave = data;
	struct va_map *map;

	rcu_read_lock();
	map = mm && va_class_on(VA_CLASS_FAULT) ? va_map_find(mm) : NULL;
	if (unlikely(map)) {
		*leave = (struct va_leave){ .mm = mm, .map = map->id, .kind = kind, .span = { { lo, hi } } };
		if (kind == VA_LEAVE_ENTRIES && hi - lo > VA_LEAVE_LONG)
			va_sweep_write(map, VMATLAS_SWEEP_DOUBT, lo, hi, 0, 0);
	}
	rcu_read_unlock();
	return !map;
}

/* The same, of a function that may be called with the mmap lock held for writing. Another may hold it, while we fault under the lock of a VMA alone. */
static int va_begin_locked(void *data, struct mm_struct *mm, enum va_leave_kind kind, unsigned long lo, unsigned long hi)
{
	struct va_leave *leave = data;
	int unwatched = va_begin(data, mm, kind, lo, hi);

	if (!unwatched)
		leave->lock = va_compat_write_locked_here(mm);
	return unwatched;
}

static void va_end_span(struct va_map *map, const struct va_leave *leave, const struct va_span *span)
{
	if (span->lo >= span->hi)
		return;
	if (leave->lock)
		va_truth_touched(map, span->lo, span->hi, leave->kind == VA_LEAVE_ACCESS);
	else if (leave->kind == VA_LEAVE_SWAP)
		va_sweep_write(map, VMATLAS_SWEEP_SWAP, span->lo, span->hi, 0, 0);
	else if (leave->kind == VA_LEAVE_ACCESS)
		va_sweep(map, leave->mm, span->lo, span->hi, VA_SWEEP_RUNS_FEW, VMATLAS_SWEEP_ACCESS);
	else
		va_sweep(map, leave->mm, span->lo, span->hi, VA_SWEEP_RUNS, VMATLAS_SWEEP_DOUBT);
}

/*
 * Interrupts off keep the page tables of the map this CPU runs in. Those of another are freed at once when munmap() has flushed the CPUs that
 * run in it (x86 without a hypervisor's help, before 6.14): only its lock keeps them, and a VMA.
 */
static void va_end_foreign(struct va_map *map, const struct va_leave *leave, const struct va_span *span)
{
	if (span->lo >= span->hi)
		return;
	if (!va_mm_trylock_mapped(leave->mm, span->lo, span->hi)) {
		va_sweep_write(map, VMATLAS_SWEEP_DOUBT, span->lo, span->hi, 0, 0);
		return;
	}
	va_end_span(map, leave, span);
	va_mm_unlock(leave->mm);
}

static void va_end_leave(struct va_map *map, const struct va_leave *leave)
{
	bool foreign = leave->free && leave->mm != current->mm;
	int i;

	for (i = 0; i < ARRAY_SIZE(leave->span); i++)
		if (foreign)
			va_end_foreign(map, leave, &leave->span[i]);
		else
			va_end_span(map, leave, &leave->span[i]);
}

int va_leave_return(void *data, const struct va_regs *regs)
{
	const struct va_leave *leave = data;
	struct va_map *map;

	rcu_read_lock();
	map = va_map_find(leave->mm);
	if (map && map->id == leave->map)
		va_end_leave(map, leave);
	rcu_read_unlock();
	return 0;
}

/* --- zap: munmap, MADV_DONTNEED, truncation, the OOM reaper ------------------------------------------------------------------ */

int va_leave_zap(void *data, const struct va_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs->si;
	struct va_leave *leave = data;
	bool gone;

	if (likely(!va_map_id(vma->vm_mm)))
		return 1;
	rcu_read_lock();
	gone = !va_compat_mapped(vma);
	rcu_read_unlock();
	/*
	 * Gone and not under our write lock: its RANGE has been told already, or will be by whoever takes it out and zaps it, too. Gone and
	 * under it: what comes in its place may look the same. In the map: truncation may run while somebody else has the lock.
	 */
	if (gone && !va_compat_write_locked_here(vma->vm_mm))
		return 1;
	if (va_begin(data, vma->vm_mm, VA_LEAVE_ENTRIES, regs->dx, regs->cx))
		return 1;
	leave->lock = gone;
	return 0;
}

/* --- by address --------------------------------------------------------------------------------------------------------------- */

int va_leave_protect(void *data, const struct va_regs *regs)
{
	struct vm_area_struct *vma = (void *)VA_PROTECT_ARG(regs, 0);

	return va_begin_locked(data, vma->vm_mm, VA_LEAVE_ACCESS, VA_PROTECT_ARG(regs, 1), VA_PROTECT_ARG(regs, 2));
}

int va_leave_folio(void *data, const struct va_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs->si;
	unsigned long lo = regs->dx & PAGE_MASK;

	return va_begin(data, vma->vm_mm, VA_LEAVE_ENTRIES, lo, min(lo + va_compat_folio_size((void *)regs->di), vma->vm_end));
}

static int va_begin_pmd(void *data, struct mm_struct *mm, unsigned long addr)
{
	addr &= PMD_MASK;
	return va_begin(data, mm, VA_LEAVE_ENTRIES, addr, addr + PMD_SIZE);
}

int va_leave_pmd(void *data, const struct va_regs *regs)
{
	return va_begin_pmd(data, (void *)regs->di, regs->si);
}

/*
 * It gives the write lock back before it returns, and who waits for that may read entries before we do: what it does under the lock is told
 * by pmdp_collapse_flush() at the unlocking. Here: what it swapped in before, and failed. Nothing keeps the tables of another any more.
 */
int va_leave_collapse(void *data, const struct va_regs *regs)
{
	struct va_leave *leave = data;

	if (va_begin_pmd(data, (void *)regs->di, regs->si))
		return 1;
	leave->free = true;
	return 0;
}

/* Under the write lock the table comes back, or a huge page comes in its place, before the lock is given back. */
int va_leave_collapse_flush(void *data, const struct va_regs *regs)
{
	unsigned long addr = regs->si & PMD_MASK;

	return va_begin_locked(data, ((struct vm_area_struct *)regs->di)->vm_mm, VA_LEAVE_ENTRIES, addr, addr + PMD_SIZE);
}

int va_leave_split(void *data, const struct va_regs *regs)
{
	return va_begin_pmd(data, ((struct vm_area_struct *)regs->di)->vm_mm, regs->dx);
}

int va_leave_unuse(void *data, const struct va_regs *regs)
{
	return va_begin(data, ((struct vm_area_struct *)regs->di)->vm_mm, VA_LEAVE_ENTRIES, regs->dx, regs->cx);
}

static int va_begin_walk(void *data, const struct va_regs *regs, enum va_leave_kind kind)
{
	return va_begin(data, ((struct mm_walk *)regs->cx)->mm, kind, regs->si, regs->dx);
}

int va_leave_walk(void *data, const struct va_regs *regs)
{
	return va_begin_walk(data, regs, VA_LEAVE_ENTRIES);
}

int va_leave_free(void *data, const struct va_regs *regs)
{
	return va_begin_walk(data, regs, VA_LEAVE_SWAP);
}

int va_leave_access(void *data, const struct va_regs *regs)
{
	return va_begin_walk(data, regs, VA_LEAVE_ACCESS);
}

int va_leave_uprobe(void *data, const struct va_regs *regs)
{
	return va_begin(data, VA_UPROBE_MM(regs), VA_LEAVE_ENTRIES, regs->dx & PAGE_MASK, (regs->dx & PAGE_MASK) + PAGE_SIZE);
}

/* --- under the mmap lock ------------------------------------------------------------------------------------------------------- */

int va_leave_move(void *data, const struct va_regs *regs)
{
	struct va_leave *leave = data;
	/* Nothing is moved where the old length is 0, but the new VMA is there. */
	unsigned long len = max(regs->r8, PAGE_SIZE);

	if (likely(va_begin_locked(data, ((struct vm_area_struct *)regs->di)->vm_mm, VA_LEAVE_ENTRIES, regs->si, regs->si + len)))
		return 1;
	leave->span[1] = (struct va_span){ regs->cx, regs->cx + len };
	return 0;
}

static int va_begin_insert(void *data, struct vm_area_struct *vma, unsigned long lo, unsigned long len)
{
	return va_begin_locked(data, vma->vm_mm, VA_LEAVE_ENTRIES, lo, lo + len);
}

int va_leave_insert(void *data, const struct va_regs *regs)
{
	return va_begin_insert(data, (void *)regs->di, regs->si, PAGE_SIZE);
}

int va_leave_remap(void *data, const struct va_regs *regs)
{
	return va_begin_insert(data, (void *)regs->di, regs->si, regs->cx);
}

int va_leave_insert_all(void *data, const struct va_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs->di;

	return va_begin_insert(data, vma, vma->vm_start, vma->vm_end - vma->vm_start);
}

/* --- userfaultfd: another thread fills or moves -------------------------------------------------------------------------------- */

static int va_begin_uffd(void *data, struct mm_struct *mm, unsigned long addr, unsigned long len)
{
	struct va_leave *leave = data;
	int unwatched = va_begin(data, mm, VA_LEAVE_ENTRIES, addr, addr + len);

	if (!unwatched)
		leave->free = true;
	return unwatched;
}

int va_leave_uffd3(void *data, const struct va_regs *regs)
{
	return va_begin_uffd(data, VA_UFFD_MM(regs), regs->si, regs->dx);
}

int va_leave_uffd4(void *data, const struct va_regs *regs)
{
	return va_begin_uffd(data, VA_UFFD_MM(regs), regs->si, regs->cx);
}

int va_leave_uffd_move(void *data, const struct va_regs *regs)
{
	struct va_leave *leave = data;

	if (va_begin_uffd(data, VA_MOVE_MM(regs), VA_MOVE_ARG(regs, 0), VA_MOVE_ARG(regs, 2)))
		return 1;
	leave->span[1] = (struct va_span){ VA_MOVE_ARG(regs, 1), VA_MOVE_ARG(regs, 1) + VA_MOVE_ARG(regs, 2) };
	return 0;
}

/* --- KSM: the function that merges a page is not told its address, but asks for it ------------------------------------------------ */

static bool va_is_ksmd(void)
{
	return current->flags & PF_KTHREAD && !strcmp(current->comm, "ksmd");
}

int va_leave_ksm_address(void *data, const struct va_regs *regs)
{
	return !va_is_ksmd();
}

int va_leave_ksm_address_known(void *data, const struct va_regs *regs)
{
	va_ksm_address = regs->ax;
	return 0;
}

int va_leave_ksm(void *data, const struct va_regs *regs)
{
	va_ksm_address = -EFAULT;
	return va_begin(data, ((struct vm_area_struct *)regs->di)->vm_mm, VA_LEAVE_ENTRIES, 0, 0);
}

int va_leave_return_ksm(void *data, const struct va_regs *regs)
{
	struct va_leave *leave = data;

	if (va_ksm_address >= TASK_SIZE_MAX)
		return 0;
	leave->span[0] = (struct va_span){ va_ksm_address, va_ksm_address + PAGE_SIZE };
	return va_leave_return(data, regs);
}
