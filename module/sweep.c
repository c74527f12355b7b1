// SPDX-License-Identifier: GPL-2.0
#include <linux/irqflags.h>
#include <linux/mm.h>

#include "compat.h"
#include "control.h"
#include "hooks.h"
#include "mm.h"
#include "sweep.h"
#include "walk.h"

/* Steps from table to table one report may take: what bounds its time where tables are many and entries few. */
#define VA_SWEEP_STEPS 4096

void va_sweep_write(struct va_map *map, enum vmatlas_sweep_kind kind, unsigned long lo, unsigned long hi, u64 since, u16 flags)
{
	struct vmatlas_record rec = {
		.head = va_head(VMATLAS_SWEEP, flags, map->id),
		.sweep = { .lo = lo & PAGE_MASK, .hi = min(PAGE_ALIGN(hi), TASK_SIZE_MAX), .since = since, .kind = kind },
	};

	if (rec.sweep.lo < rec.sweep.hi)
		va_channel_write(&rec);
}

/* A snapshot waits for room; what tells of a change is written now or lost, and then the reader knows that it was. */
static bool va_write_run(struct va_map *map, struct vmatlas_record *rec, u64 ts, u16 flags)
{
	rec->head = va_head(VMATLAS_PAGES, flags, map->id);
	if (flags & VMATLAS_F_SNAPSHOT && !va_channel_room(1))
		return false;
	return va_channel_write_at(rec, ts) || !(flags & VMATLAS_F_SNAPSHOT);
}

bool va_sweep_run(struct va_map *map, struct mm_struct *mm, unsigned long *addr, unsigned long end, u16 flags, bool *any)
{
	struct vmatlas_record rec = {};
	unsigned long irqs, next;
	bool ok;
	u64 ts;

	local_irq_save(irqs);
	ts = va_channel_begin();
	next = va_walk_run(mm, *addr, end, &rec.pages);
	*any = rec.pages.count;
	ok = !*any || va_write_run(map, &rec, ts, flags);
	va_channel_end();
	local_irq_restore(irqs);
	if (ok)
		*addr = next;
	return ok;
}

/* So few pages that a record has room for all of them, there or not. */
static void va_sweep_few(struct va_map *map, struct mm_struct *mm, unsigned long lo, unsigned long hi)
{
	struct vmatlas_record rec;
	unsigned long irqs;
	u64 ts;

	while (lo < hi) {
		memset(&rec, 0, sizeof(rec));
		local_irq_save(irqs);
		ts = va_channel_begin();
		lo = va_walk_exact(mm, lo, hi, &rec.pages);
		va_write_run(map, &rec, ts, 0);
		va_channel_end();
		local_irq_restore(irqs);
	}
}

/* Returns how far it came. */
static unsigned long va_sweep_some(struct va_map *map, struct mm_struct *mm, unsigned long lo, unsigned long hi, unsigned int *runs,
				   unsigned int *steps)
{
	bool any;

	while (lo < hi && *runs && *steps) {
		va_sweep_run(map, mm, &lo, hi, 0, &any);
		*runs -= any;
		--*steps;
	}
	return min(lo, hi);
}

void va_sweep(struct va_map *map, struct mm_struct *mm, unsigned long lo, unsigned long hi, unsigned int runs, enum vmatlas_sweep_kind rest)
{
	unsigned int steps = VA_SWEEP_STEPS;
	unsigned long at;
	u64 since;

	lo &= PAGE_MASK;
	hi = min(PAGE_ALIGN(hi), TASK_SIZE_MAX);
	if (lo >= hi)
		return;
	if (hi - lo <= VMATLAS_PAGES_PER_RECORD * PAGE_SIZE) {
		va_sweep_few(map, mm, lo, hi);
		return;
	}
	since = va_clock();
	at = va_sweep_some(map, mm, lo, hi, &runs, &steps);
	va_sweep_write(map, VMATLAS_SWEEP_TOLD, lo, at, since, 0);
	va_sweep_write(map, rest, at, hi, 0, 0);
}

bool va_sweep_map(struct va_map *map, struct mm_struct *mm, unsigned int runs)
{
	VA_VMAS(vmas, mm, 0);
	unsigned int steps = VA_SWEEP_STEPS;
	struct vm_area_struct *vma;
	unsigned long at = 0;
	u64 since = va_clock();

	while ((vma = va_compat_next_vma(&vmas, ULONG_MAX - 1))) {
		at = va_sweep_some(map, mm, vma->vm_start, vma->vm_end, &runs, &steps);
		if (at < vma->vm_end)
			break;
	}
	if (!vma)
		at = TASK_SIZE_MAX;
	va_sweep_write(map, VMATLAS_SWEEP_TOLD, 0, at, since, 0);
	return !vma;
}

void va_sweep_missed(struct va_map *map)
{
	unsigned long missed = va_hooks_missed();

	if (likely(READ_ONCE(map->missed) == missed))
		return;
	WRITE_ONCE(map->missed, missed);
	va_sweep_write(map, VMATLAS_SWEEP_DOUBT, 0, TASK_SIZE_MAX, 0, 0);
}
