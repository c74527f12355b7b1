// SPDX-License-Identifier: GPL-2.0
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "mm.h"
#include "path.h"
#include "text.h"
#include "vma.h"

/* Room to work in, one a CPU: task context with preemption off owns it. Too big for a hook's stack. */
struct va_scratch {
	struct vmatlas_record range, vma[VA_RANGE_VMAS]; /* written as one */
	char path[PATH_MAX];
	bool careful; /* end where there is no room */
	bool full;    /* there was none for the VMA that was looked at last */
};

static_assert(offsetof(struct va_scratch, vma) == sizeof(struct vmatlas_record));

static struct va_scratch __percpu *va_scratch;
static atomic_t va_range_seq = ATOMIC_INIT(0);

int va_vma_init(void)
{
	va_scratch = alloc_percpu(struct va_scratch);
	return va_scratch ? 0 : -ENOMEM;
}

void va_vma_exit(void)
{
	free_percpu(va_scratch);
}

u64 va_vma_path(const struct path *path)
{
	const char *name;
	u64 late;

	name = va_path_name(path, this_cpu_ptr(va_scratch)->path, &late);
	return name ? va_text(name, strlen(name)) : late;
}

/* True if RANGE, the VMAs collected, one more and `texts` records have room, or it doesn't matter. */
static bool va_fits(struct va_scratch *work, unsigned int texts)
{
	if (work->careful && !va_channel_room(2 + work->range.range.count + texts))
		work->full = true;
	return !work->full;
}

static void va_name(struct va_scratch *work, struct vmatlas_vma *out, u8 kind, const char *name)
{
	size_t len = strlen(name);

	out->name_kind = kind;
	if (va_fits(work, va_text_records(name, len)))
		out->name_text = va_text(name, len);
}

static void va_name_file(struct va_scratch *work, struct vmatlas_vma *out, struct vm_area_struct *vma)
{
	const struct inode *inode = va_compat_inode(vma->vm_file);
	const char *anon = va_compat_anon_name(vma), *path;
	u64 late;

	out->inode = inode->i_ino;
	out->dev_major = MAJOR(inode->i_sb->s_dev);
	out->dev_minor = MINOR(inode->i_sb->s_dev);
	out->file_size = i_size_read(inode);
	if (anon) {
		va_name(work, out, VMATLAS_NAME_SHMEM, anon);
		return;
	}
	path = va_path_name(va_compat_path(vma->vm_file), work->path, &late);
	va_name(work, out, VMATLAS_NAME_PATH, path ?: "");
	if (!path)
		out->name_text = late;
}

static void va_name_memory(struct va_scratch *work, struct vmatlas_vma *out, struct vm_area_struct *vma)
{
	const char *special = vma->vm_ops && vma->vm_ops->name ? vma->vm_ops->name(vma) : NULL;
	const char *anon = va_compat_anon_name(vma);

	if (special)
		va_name(work, out, VMATLAS_NAME_SPECIAL, special);
	else if (anon)
		va_name(work, out, VMATLAS_NAME_ANON, anon);
}

/* The next of work->vma, its text sent. False: no room for it. */
static bool va_fill_vma(struct va_scratch *work, u32 map, struct vm_area_struct *vma)
{
	struct vmatlas_record *rec = &work->vma[work->range.range.count];

	if (!va_fits(work, 0))
		return false;
	va_fill_head(&rec->head, VMATLAS_VMA, vma_is_anonymous(vma) ? VMATLAS_F_ANON : 0, map, 0);
	rec->vma.start = vma->vm_start;
	rec->vma.end = vma->vm_end;
	rec->vma.vm_flags = vma->vm_flags;
	rec->vma.pgoff = vma->vm_pgoff;
	rec->vma.inode = rec->vma.name_text = rec->vma.file_size = 0;
	rec->vma.dev_major = rec->vma.dev_minor = rec->vma.index = 0;
	rec->vma.name_kind = VMATLAS_NAME_NONE;
	memset(rec->vma.pad, 0, sizeof(rec->vma.pad));
	memset(rec->vma.reserved, 0, sizeof(rec->vma.reserved));
	if (vma->vm_file)
		va_name_file(work, &rec->vma, vma);
	else
		va_name_memory(work, &rec->vma, vma);
	return !work->full;
}

/* Collects the VMAs that overlap [range.lo, hi) and sets range.lo, hi, count. True if there are more. */
static bool va_collect(struct va_scratch *work, u32 map, struct mm_struct *mm, unsigned long hi)
{
	VA_VMAS(vmas, mm, work->range.range.lo);
	struct vmatlas_range *range = &work->range.range;
	struct vm_area_struct *vma;

	while ((vma = va_compat_next_vma(&vmas, hi - 1))) {
		if (range->count == VA_RANGE_VMAS || !va_fill_vma(work, map, vma))
			return true;
		if (!range->count)
			range->lo = min_t(u64, range->lo, vma->vm_start);
		range->hi = vma->vm_end;
		range->count++;
	}
	range->hi = max_t(u64, range->hi, hi);
	return false;
}

/* All at one moment: the clock is read once. */
static bool va_write_range(struct va_scratch *work)
{
	u32 seq = atomic_inc_return(&va_range_seq), i;
	unsigned long irqs;
	bool ok;
	u64 ts;

	work->range.head.aux = seq;
	for (i = 0; i < work->range.range.count; i++) {
		work->vma[i].head.aux = seq;
		work->vma[i].vma.index = i;
	}
	local_irq_save(irqs);
	ts = va_channel_begin();
	ok = va_channel_write_truth(&work->range, 1 + work->range.range.count, ts);
	va_channel_end();
	local_irq_restore(irqs);
	return ok;
}

static unsigned long va_range(struct va_scratch *work, struct va_map *map, struct mm_struct *mm, unsigned long hi)
{
	u32 loss = va_channel_loss();

	work->full = false;
	va_mm_fill_range(mm, &work->range.range);
	if (va_collect(work, map->id, mm, hi))
		work->range.head.flags |= VMATLAS_F_MORE;
	if ((work->full && !work->range.range.count) || (work->careful && !va_channel_room(1 + work->range.range.count)))
		return 0;
	/* A text that was lost is a loss of truth, too. */
	return va_write_range(work) && va_channel_loss() == loss ? work->range.range.hi : 0;
}

static unsigned long va_range_from(struct va_map *map, struct mm_struct *mm, unsigned long lo, unsigned long hi, u16 flags, int nr,
				   bool careful)
{
	struct va_scratch *work;
	unsigned long end;

	preempt_disable();
	work = this_cpu_ptr(va_scratch);
	memset(&work->range, 0, sizeof(work->range));
	work->range.head = va_head(VMATLAS_RANGE, flags, map->id);
	work->range.range.lo = lo;
	work->range.range.nr = nr;
	work->careful = careful;
	VA_TELLING(lock)(&map->telling);
	end = va_range(work, map, mm, hi);
	VA_TELLING(unlock)(&map->telling);
	preempt_enable();
	return end;
}

unsigned long va_vma_range(struct va_map *map, struct mm_struct *mm, unsigned long lo, unsigned long hi, u16 flags, int nr)
{
	return va_range_from(map, mm, lo, hi, flags, nr, false);
}

unsigned long va_vma_piece(struct va_map *map, struct mm_struct *mm, unsigned long lo, u16 flags)
{
	return va_range_from(map, mm, lo, TASK_SIZE_MAX, flags, -1, true);
}
