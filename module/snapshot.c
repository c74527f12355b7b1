// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/sched/mm.h>

#include "compat.h"
#include "mm.h"
#include "snapshot.h"
#include "story.h"
#include "sweep.h"
#include "vma.h"

#define VA_SWEEP_EVERY 64 /* records, at least, to be summed up by one SWEEP */

/* The map from the cursor on. True when the reader has all of it. */
static bool va_snapshot_map(struct va_map *map, struct mm_struct *mm, u16 flags)
{
	u32 loss = va_channel_loss(), tears = atomic_read(&map->tears);
	unsigned long at;

	if (!va_map_torn(map))
		return true;
	/* Truth was lost since the cursor began to move: what it has passed may have changed unseen. */
	if (map->cursor_loss != loss || map->cursor_tears != tears) {
		map->cursor_loss = loss;
		map->cursor_tears = tears;
		map->cursor = 0;
	}
	for (at = map->cursor; at < TASK_SIZE_MAX; map->cursor = at) {
		at = va_vma_piece(map, mm, at, flags);
		if (!at)
			return false;
	}
	WRITE_ONCE(map->healed_tears, tears);
	WRITE_ONCE(map->healed, loss);
	return !va_map_torn(map);
}

/* Says that [swept, hi) has been told whole. False: no room. */
static bool va_snapshot_swept(struct va_map *map, unsigned long hi)
{
	unsigned long irqs;
	bool room;

	local_irq_save(irqs);
	room = va_channel_room(1);
	if (room)
		va_sweep_write(map, VMATLAS_SWEEP_TOLD, map->swept, hi, map->swept_since, VMATLAS_F_SNAPSHOT);
	local_irq_restore(irqs);
	if (room) {
		map->swept = hi;
		map->swept_since = va_clock();
	}
	return room;
}

/* The entries of [addr, end). Returns how far it came. */
static unsigned long va_snapshot_span(struct va_map *map, struct mm_struct *mm, unsigned long addr, unsigned long end, bool sleep,
				      unsigned int *runs)
{
	bool any = false;

	while (addr < end && va_sweep_run(map, mm, &addr, end, VMATLAS_F_SNAPSHOT, &any)) {
		*runs += any;
		if (sleep)
			cond_resched();
	}
	return min(addr, end);
}

/* The pages from map->pages on. True when all have been told. */
static bool va_snapshot_pages(struct va_map *map, struct mm_struct *mm, bool sleep)
{
	VA_VMAS(vmas, mm, 0);
	u32 again = atomic_read(&map->again);
	struct vm_area_struct *vma;
	unsigned int runs = 0;

	if (map->round != again) {
		map->pages = 0;
		WRITE_ONCE(map->round, again);
	}
	if (map->pages == ULONG_MAX)
		return true;
	if (!map->pages) {
		map->swept = 0;
		map->swept_since = va_clock();
	}
	va_compat_vmas_from(&vmas, map->pages);
	while ((vma = va_compat_next_vma(&vmas, ULONG_MAX - 1))) {
		map->pages = va_snapshot_span(map, mm, max(map->pages, vma->vm_start), vma->vm_end, sleep, &runs);
		if (map->pages < vma->vm_end)
			return false;
		if (runs >= VA_SWEEP_EVERY && va_snapshot_swept(map, vma->vm_end))
			runs = 0;
	}
	if (!va_snapshot_swept(map, TASK_SIZE_MAX))
		return false;
	WRITE_ONCE(map->pages, ULONG_MAX);
	return true;
}

/* Where another is at it, the snapshot stays due. */
static void va_snapshot(struct va_map *map, struct mm_struct *mm, u16 flags, bool sleep)
{
	if (test_and_set_bit_lock(0, &map->busy))
		return;
	if (va_snapshot_map(map, mm, flags))
		va_snapshot_pages(map, mm, sleep);
	clear_bit_unlock(0, &map->busy);
}

void va_snapshot_held(struct va_map *map, struct mm_struct *mm, u16 flags)
{
	va_snapshot(map, mm, flags, true);
}

void va_snapshot_try(struct va_map *map, struct mm_struct *mm, u16 flags)
{
	if (!va_mm_trylock(mm))
		return;
	va_snapshot(map, mm, flags, false);
	va_mm_unlock(mm);
}

void va_snapshot_whole(struct va_map *map, struct mm_struct *mm, int nr)
{
	u32 loss = va_channel_loss(), tears = atomic_read(&map->tears);
	unsigned long at;

	for (at = 0; at < TASK_SIZE_MAX;) {
		at = va_vma_range(map, mm, at, TASK_SIZE_MAX, 0, nr);
		if (!at)
			return;
	}
	WRITE_ONCE(map->healed_tears, tears);
	WRITE_ONCE(map->healed, loss);
}

void va_snapshot_again(struct va_map *map)
{
	va_map_tear(map);
	atomic_inc(&map->again);
}

/* True when nothing is due any more. */
static bool va_heal_one(struct va_map *map, struct mm_struct *mm)
{
	bool due = true;

	if (!mmap_read_lock_killable(mm)) {
		va_snapshot_held(map, mm, VMATLAS_F_SNAPSHOT);
		due = va_map_due(map);
		mmap_read_unlock(mm);
	}
	mmput(mm);
	return !due;
}

int va_snapshot_heal(void)
{
	int err = va_story_resend();
	struct mm_struct *mm;
	struct va_map *map;
	u32 after = 0;

	while (!err && (map = va_watch_next_due(&after, &mm)))
		err = va_heal_one(map, mm) ? 0 : -EAGAIN;
	return err;
}
