/* RANGE and its VMAs: the kernel's truth about a part of a map, taken in when it is whole. */
#include "mm.h"

#include <asm/unistd_64.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "record.h"
#include "spare.h"
#include "walk.h"

#define VM_WRITE 2ull
#define VM_SHARED 8ull

static void drop_pending(struct va_mm *mm)
{
	struct va_pending *p = mm->pending;

	if (!p)
		return;
	va_mm_lose_truth(mm, p->range.lo, p->range.hi, p->head.ts);
	mm->pending = NULL;
	va_pending_free(p);
}

/* TASK_SIZE_MAX: nothing can be mapped from there on, so a RANGE that reaches it tells about all above. */
static __u64 user_end(const struct va_mm *mm)
{
	return (1ull << (va_top_shift(mm->levels) - 1)) - 4096;
}

void va_mm_begin_range(struct va_mm *mm, const struct vmatlas_record *rec)
{
	drop_pending(mm);
	struct va_pending *p = va_spare_take(VA_SPARE_PENDING, sizeof(*p));

	p->head = rec->head;
	p->range = rec->range;
	p->vma = p->few;
	p->got = 0;
	p->room = VA_PENDING_FEW;
	if (p->range.hi >= user_end(mm))
		p->range.hi = VA_USER_TOP;
	mm->pending = p;
}

static bool fits(const struct va_pending *p, const struct vmatlas_record *rec)
{
	__u64 floor = p->got ? p->vma[p->got - 1].end : p->range.lo;

	return rec->head.aux == p->head.aux && rec->vma.index == p->got && p->got < p->range.count && rec->vma.start >= floor &&
	       rec->vma.end <= p->range.hi;
}

static void take_vma(struct va_vma *out, const struct vmatlas_record *rec, __u64 ts)
{
	const struct vmatlas_vma *v = &rec->vma;

	*out = (struct va_vma){
		.start = v->start, .end = v->end, .vm_flags = v->vm_flags, .pgoff = v->pgoff, .inode = v->inode,
		.name_text = v->name_text, .file_size = v->file_size, .dev_major = v->dev_major, .dev_minor = v->dev_minor,
		.name_kind = v->name_kind, .anon = rec->head.flags & VMATLAS_F_ANON, .born = ts, .changed = ts,
	};
}

static __attribute__((noinline)) void enlarge(struct va_pending *p)
{
	struct va_vma *few = p->vma == p->few ? p->vma : NULL;

	p->vma = va_grow(few ? NULL : p->vma, &p->room, p->got * 2, sizeof(*p->vma));
	if (few)
		memcpy(p->vma, few, p->got * sizeof(*few));
}

bool va_mm_add_vma(struct va_mm *mm, const struct vmatlas_record *rec, bool *stray)
{
	struct va_pending *p = mm->pending;

	*stray = !p;
	if (!p)
		return false;
	if (!fits(p, rec)) {
		drop_pending(mm);
		return false;
	}
	if (p->got == p->room)
		enlarge(p);
	take_vma(&p->vma[p->got++], rec, p->head.ts);
	return true;
}

static bool same_facts(const struct va_vma *a, const struct va_vma *b)
{
	return a->start == b->start && a->end == b->end && a->vm_flags == b->vm_flags && a->pgoff == b->pgoff &&
	       a->inode == b->inode && a->name_text == b->name_text && a->name_kind == b->name_kind && a->anon == b->anon &&
	       a->dev_major == b->dev_major && a->dev_minor == b->dev_minor;
}

/*
 * [lo, hi) is newly mapped. Under our eyes it begins without a page, unless a call moved pages there, or was the first to tell of what was there all along;
 * drivers that put pages into what they map are told right behind.
 */
static void survey(struct va_mm *mm, struct va_vma *v, const struct va_pending *p, __u64 lo, __u64 hi)
{
	if (lo >= hi)
		return;
	bool known = !(p->head.flags & VMATLAS_F_SNAPSHOT) && !va_spans_touch(&mm->unsure, lo, hi);

	/* What it was written to elsewhere came with it. */
	if (!v->anon && p->range.nr == __NR_mremap)
		v->perhaps_written = true;
	if (known && p->range.nr != __NR_mremap)
		va_spans_add(&mm->surveyed, lo, hi);
	else
		va_spans_remove(&mm->surveyed, lo, hi);
}

static bool at_edge(const struct va_vma *v, const struct vmatlas_range *r)
{
	return v->start <= r->lo || v->end >= r->hi;
}

/*
 * Whether what v takes the place of had an anon_vma says that v has one: not where mmap or mremap may have put something new over memory of the same
 * kind. What such a RANGE tells to its edges are the neighbours, which were there before.
 */
static bool keeps_anon_vma(const struct va_vma *old, const struct va_vma *v, const struct vmatlas_range *r)
{
	return (r->nr != __NR_mmap && r->nr != __NR_mremap) || (at_edge(v, r) && at_edge(old, r));
}

/*
 * What the old map says about a new VMA: since when it is there, what changed, and whose pages must go. No old one before `first` ends above its start; returned is the same
 * for the VMA behind it.
 */
static size_t inherit(struct va_mm *mm, struct va_vma *v, const struct va_pending *p, size_t first, struct va_pages **moved)
{
	__u64 at = v->start;

	for (; first < va_vmas_count(mm->vmas); first++) {
		const struct va_vma *old = va_vmas_at(mm->vmas, first);
		__u64 lo = old->start > v->start ? old->start : v->start, hi = old->end < v->end ? old->end : v->end;

		if (old->end <= v->start)
			continue;
		if (lo >= hi)
			break;
		if (!va_vma_same_mapping(old, v)) {
			va_pages_clear(&mm->pages, lo, hi, ~0ull, moved);
			if (old->end > v->end)
				break;
			continue;
		}
		survey(mm, v, p, at, lo);
		at = hi;
		v->written |= old->written && keeps_anon_vma(old, v, &p->range);
		v->perhaps_written |= old->perhaps_written || old->written;
		if (old->born < v->born)
			v->born = old->born;
		if (same_facts(old, v))
			v->changed = old->changed;
		if ((old->vm_flags ^ v->vm_flags) & 7)
			va_pages_doubt(&mm->pages, lo, hi, v->vm_flags & VM_WRITE ? VA_DOUBT_ACCESS : VA_DOUBT_READONLY, p->head.ts);
		if (old->end > v->end)
			break;
	}
	survey(mm, v, p, at, v->end);
	return first;
}

/* Pages between the VMAs are gone. */
static void clear_gaps(struct va_mm *mm, const struct va_pending *p, struct va_pages **moved)
{
	__u64 at = p->range.lo;

	for (size_t i = 0; i < p->got; at = p->vma[i++].end)
		if (at < p->vma[i].start)
			va_pages_clear(&mm->pages, at, p->vma[i].start, ~0ull, moved);
	if (at < p->range.hi)
		va_pages_clear(&mm->pages, at, p->range.hi, ~0ull, moved);
}

/*
 * As free_pgtables() in mm/memory.c: what lies wholly between two VMAs has no tables any more. Where VMAs are not known, no table is taken for gone. Between VMAs that
 * were there before nothing was mapped, and nothing is found.
 */
static void free_tables(struct va_mm *mm, const struct va_pending *p)
{
	size_t i = va_vmas_lower(mm->vmas, p->range.lo);
	__u64 floor = i ? va_vmas_at(mm->vmas, i - 1)->end : 0;

	if (mm->unsure.count)
		return;
	for (; floor < p->range.hi; i++) {
		bool last = i >= va_vmas_count(mm->vmas);
		__u64 ceiling = last ? VA_USER_TOP : va_vmas_at(mm->vmas, i)->start;

		if (floor < ceiling)
			va_pages_free_tables(&mm->pages, floor, ceiling);
		if (last)
			return;
		floor = va_vmas_at(mm->vmas, i)->end;
	}
}

static void take_counts(struct va_mm *mm, const struct vmatlas_range *r)
{
	struct vmatlas_mm_counts *c = &mm->counts;

	mm->layout.start_brk = r->start_brk;
	mm->layout.brk = r->brk;
	mm->has_counts = true;
	c->total_vm = r->total_vm;
	c->rss_file = r->rss_file;
	c->rss_anon = r->rss_anon;
	c->rss_shmem = r->rss_shmem;
	c->swap = r->swap;
	c->pgtable_bytes = r->pgtable_bytes;
	c->map_count = r->map_count;
	va_mm_note_peak(mm);
}

static bool note_sure(struct va_mm *mm, const struct va_pending *p)
{
	bool was_lossy = mm->lossy;

	va_spans_remove(&mm->unsure, p->range.lo, p->range.hi);
	if (mm->unsure.count)
		return false;
	mm->complete = true;
	mm->lossy = false;
	return was_lossy;
}

bool va_mm_end_range(struct va_mm *mm)
{
	struct va_pending *p = mm->pending;

	if (!p || p->got < p->range.count)
		return false;
	struct va_pages **moved = NULL;

	if (p->range.nr == __NR_mremap) {
		if (!mm->moved)
			mm->moved = va_pages_new();
		moved = &mm->moved;
	}
	for (size_t i = 0, first = va_vmas_lower(mm->vmas, p->range.lo); i < p->got; i++)
		first = inherit(mm, &p->vma[i], p, first, moved);
	clear_gaps(mm, p, moved);
	va_vmas_replace(&mm->vmas, p->range.lo, p->range.hi, p->vma, p->got);
	take_counts(mm, &p->range);
	mm->range_ts = p->head.ts;
	mm->range_tid = p->head.tid;
	bool healed = note_sure(mm, p);

	free_tables(mm, p);

	mm->pending = NULL;
	va_pending_free(p);
	return healed;
}
