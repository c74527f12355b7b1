// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/sched/mm.h>

#include "mm.h"
#include "snapshot.h"
#include "story.h"
#include "vma.h"
#include "walk.h"

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

static bool va_write_pages(struct va_map *map, struct vmatlas_record *rec, u64 ts)
{
	rec->head = va_head(VMATLAS_PAGES, VMATLAS_F_SNAPSHOT, map->id);
	return va_channel_room(1) && va_channel_write_at(rec, ts);
}

/* One run of entries, dated before it was read: a fault on another CPU that the walk did not see any more has a later ts. */
static bool va_snapshot_run(struct va_map *map, struct mm_struct *mm, unsigned long *addr, unsigned long end)
{
	struct vmatlas_record rec = {};
	unsigned long flags, next;
	bool ok;
	u64 ts;

	local_irq_save(flags);
	ts = va_clock();
	next = va_walk_run(mm, *addr, end, &rec.pages);
	ok = !rec.pages.count || va_write_pages(map, &rec, ts);
	local_irq_restore(flags);
	if (ok)
		*addr = next;
	return ok;
}

/* The entries of [addr, end). Returns how far it came. */
static unsigned long va_snapshot_span(struct va_map *map, struct mm_struct *mm, unsigned long addr, unsigned long end, bool sleep)
{
	while (addr < end && va_snapshot_run(map, mm, &addr, end))
		if (sleep)
			cond_resched();
	return addr;
}

/* The pages from map->pages on. True when all have been told. */
static bool va_snapshot_pages(struct va_map *map, struct mm_struct *mm, bool sleep)
{
	MA_STATE(mas, &mm->mm_mt, map->pages, map->pages);
	struct vm_area_struct *vma;

	if (map->pages == ULONG_MAX)
		return true;
	while ((vma = mas_find(&mas, ULONG_MAX - 1))) {
		map->pages = va_snapshot_span(map, mm, max(map->pages, vma->vm_start), vma->vm_end, sleep);
		if (map->pages < vma->vm_end)
			return false;
	}
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
	if (!mmap_read_trylock(mm))
		return;
	va_snapshot(map, mm, flags, false);
	mmap_read_unlock(mm);
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
	WRITE_ONCE(map->pages, 0);
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
