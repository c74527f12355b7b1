// SPDX-License-Identifier: GPL-2.0
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/percpu.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "mm.h"
#include "text.h"
#include "vma.h"

/* Room to work in, one a CPU: task context with preemption off owns it. Too big for a hook's stack. */
struct va_scratch {
	struct vmatlas_record range, vma[VA_RANGE_VMAS];
	char path[PATH_MAX];
};

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
	char *buf = this_cpu_ptr(va_scratch)->path;
	char *name;

	/* d_path() starts from the task's root, which goes at its exit. */
	if (!current->fs)
		return 0;
	name = d_path(path, buf, PATH_MAX);
	return IS_ERR(name) ? 0 : va_text(name, strlen(name));
}

static const char *va_anon_name(struct vm_area_struct *vma)
{
#ifdef CONFIG_ANON_VMA_NAME
	struct anon_vma_name *name = anon_vma_name(vma);

	return name ? name->name : NULL;
#else
	return NULL;
#endif
}

static void va_name(struct vmatlas_vma *out, u8 kind, const char *name)
{
	out->name_kind = kind;
	out->name_text = va_text(name, strlen(name));
}

static void va_name_file(struct vmatlas_vma *out, struct vm_area_struct *vma)
{
	const struct inode *inode = va_compat_inode(vma->vm_file);
	const char *anon = va_anon_name(vma);

	out->inode = inode->i_ino;
	out->dev_major = MAJOR(inode->i_sb->s_dev);
	out->dev_minor = MINOR(inode->i_sb->s_dev);
	out->file_size = i_size_read(inode);
	if (anon) {
		va_name(out, VMATLAS_NAME_SHMEM, anon);
		return;
	}
	out->name_kind = VMATLAS_NAME_PATH;
	out->name_text = va_vma_path(va_compat_path(vma->vm_file));
}

static void va_name_memory(struct vmatlas_vma *out, struct vm_area_struct *vma)
{
	const char *special = vma->vm_ops && vma->vm_ops->name ? vma->vm_ops->name(vma) : NULL;
	const char *anon = va_anon_name(vma);

	if (special)
		va_name(out, VMATLAS_NAME_SPECIAL, special);
	else if (anon)
		va_name(out, VMATLAS_NAME_ANON, anon);
}

static void va_fill_vma(struct vmatlas_record *rec, u32 map, struct vm_area_struct *vma)
{
	memset(rec, 0, sizeof(*rec));
	rec->head = va_head(VMATLAS_VMA, vma_is_anonymous(vma) ? VMATLAS_F_ANON : 0, map);
	rec->vma.start = vma->vm_start;
	rec->vma.end = vma->vm_end;
	rec->vma.vm_flags = vma->vm_flags;
	rec->vma.pgoff = vma->vm_pgoff;
	if (vma->vm_file)
		va_name_file(&rec->vma, vma);
	else
		va_name_memory(&rec->vma, vma);
}

/* Collects the VMAs that overlap [range.lo, hi) and sets range.lo, hi, count. True if there are more. */
static bool va_collect(struct va_scratch *work, u32 map, struct mm_struct *mm, unsigned long hi)
{
	struct vmatlas_range *range = &work->range.range;
	MA_STATE(mas, &mm->mm_mt, range->lo, range->lo);
	struct vm_area_struct *vma;

	while ((vma = mas_find(&mas, hi - 1))) {
		if (range->count == VA_RANGE_VMAS)
			return true;
		if (!range->count)
			range->lo = min_t(u64, range->lo, vma->vm_start);
		range->hi = vma->vm_end;
		va_fill_vma(&work->vma[range->count++], map, vma);
	}
	range->hi = max_t(u64, range->hi, hi);
	return false;
}

static bool va_write_range(struct va_scratch *work)
{
	u32 seq = atomic_inc_return(&va_range_seq);
	bool ok;
	u32 i;

	work->range.head.aux = seq;
	ok = va_channel_write(&work->range);
	for (i = 0; i < work->range.range.count; i++) {
		work->vma[i].head.aux = seq;
		work->vma[i].vma.index = i;
		ok &= va_channel_write(&work->vma[i]);
	}
	return ok;
}

unsigned long va_vma_range(struct va_map *map, struct mm_struct *mm, unsigned long lo, unsigned long hi, u16 flags, int nr)
{
	struct va_scratch *work;
	u32 loss = va_channel_loss();
	unsigned long end;

	preempt_disable();
	work = this_cpu_ptr(va_scratch);
	memset(&work->range, 0, sizeof(work->range));
	work->range.range.lo = lo;
	work->range.range.nr = nr;
	va_mm_fill_range(mm, &work->range.range);
	work->range.head = va_head(VMATLAS_RANGE, flags, map->id);
	if (va_collect(work, map->id, mm, hi))
		work->range.head.flags |= VMATLAS_F_MORE;
	end = work->range.range.hi;
	/* A text that was lost is a loss of truth, too. */
	if (!va_write_range(work) || va_channel_loss() != loss)
		end = 0;
	preempt_enable();
	return end;
}
