/* What a map looks like at a moment, in sums: one pass over its VMAs. */
#include <string.h>

#include "mm.h"
#include "notice_parts.h"
#include "runs.h"
#include "walk.h"

struct pass {
	struct va_census *c;
	const struct va_mm *mm;
	const struct va_watched *w;
	const struct va_notice_place *place;
	const struct va_vma *before; /* the last private anonymous VMA */
};

static void share(struct va_share *most, const struct va_vma *v, __u64 bytes)
{
	if (bytes > most->bytes)
		*most = (struct va_share){ v->start, v->end, bytes };
}

static bool is_private_memory(const struct va_vma *v)
{
	return v->anon && !(v->vm_flags & VA_VM_SHARED) && v->name_kind != VMATLAS_NAME_SPECIAL;
}

struct written {
	const struct va_mm *mm;
	__u64 bytes;
};

static bool count_written(void *ctx, __u64 addr, const struct va_page *page)
{
	struct written *sum = ctx;

	(void)addr;
	if (page->present && va_mm_page_written(sum->mm, page))
		sum->bytes += va_level_size(page->level);
	return true;
}

/* A private mapping's pages are the file's own until they are written to. */
static __u64 copied_bytes(const struct va_mm *mm, const struct va_vma *v)
{
	struct written sum = { .mm = mm };

	if (v->written && !(v->vm_flags & VA_VM_SHARED))
		va_mm_each_page(mm, v->start, v->end, count_written, &sum);
	return sum.bytes;
}

static bool is_data_file(const struct pass *p, const struct va_vma *v)
{
	bool lib;

	return v->inode && !(v->vm_flags & VA_VM_EXEC) && va_zone_of(p->mm, v, p->place->texts, p->place->objects, p->place->rules, &lib) == VA_ZONE_FILE;
}

static void sizes(struct pass *p, const struct va_vma *v, __u64 resident)
{
	struct va_census *c = p->c;
	__u64 copied;

	c->resident += resident;
	if (is_private_memory(v)) {
		c->private_resident += resident;
		if ((v->vm_flags & VA_VM_WRITE) && v->start != p->w->stack.now) {
			c->anon_resident += resident;
			c->anon_mapped += v->end - v->start;
			share(&c->anon, v, resident);
		}
	} else if (resident && v->inode) {
		copied = copied_bytes(p->mm, v);
		c->private_resident += copied;
		if (resident > copied && is_data_file(p, v)) {
			c->data_bytes += resident - copied;
			c->data_since = c->data_count && c->data_since < v->born ? c->data_since : v->born;
			c->data_count++;
			share(&c->data, v, resident - copied);
		}
	}
}

/* Pieces of what was mapped as one have the same age. */
static void holes(struct pass *p, const struct va_vma *v)
{
	struct va_census *c = p->c;
	__u64 gap = p->before && p->before->born == v->born ? v->start - p->before->end : 0;

	if (gap && gap <= VA_HOLE_BYTES) {
		c->holes_start = c->holes ? c->holes_start : p->before->start;
		c->holes_stop = v->end;
		c->holes_since = c->holes && c->holes_since < v->changed ? c->holes_since : v->changed;
		c->holes++;
		c->hole_bytes += gap;
		c->largest_hole = gap > c->largest_hole ? gap : c->largest_hole;
	}
}

static void rights(struct va_census *c, const struct va_vma *v)
{
	if ((v->vm_flags & (VA_VM_WRITE | VA_VM_EXEC)) != (VA_VM_WRITE | VA_VM_EXEC))
		return;
	c->wx_count++;
	c->wx_bytes += v->end - v->start;
	if (!c->wx_since || v->changed < c->wx_since)
		c->wx_since = v->changed;
	share(&c->wx, v, v->end - v->start);
}

static bool was_touched(const struct va_watched *w, const struct va_vma *v)
{
	for (unsigned i = 0; i < w->touched_count; i++)
		if (w->touched[i].lo < v->end && v->start < w->touched[i].hi)
			return true;
	return w->touched_full;
}

/* The loader maps programs and libraries as a whole, whatever is used of them. */
static bool is_program(const struct pass *p, const struct va_vma *v)
{
	bool lib;

	if (v->inode)
		return (v->vm_flags & VA_VM_EXEC) || (p->place->objects && va_objects_find(p->place->objects, v));
	return va_zone_of(p->mm, v, p->place->texts, p->place->objects, p->place->rules, &lib) == VA_ZONE_BSS;
}

/* Half of the map's life, however slow the machine. */
static bool is_old(const struct pass *p, const struct va_vma *v)
{
	__u64 age = p->c->now - v->born;

	return v->born <= p->c->now && age >= VA_UNTOUCHED_TIME && age * 2 >= p->c->now - p->w->begin;
}

/* Only where it is certain that nothing is there; swap entries are what was there. */
static void promises(struct pass *p, const struct va_vma *v, __u64 resident)
{
	struct va_census *c = p->c;
	__u64 pages[VA_STATES];

	if (resident || v->end - v->start < VA_UNTOUCHED_BYTES || !(v->vm_flags & (VA_VM_READ | VA_VM_WRITE | VA_VM_EXEC)) || was_touched(p->w, v))
		return;
	if (is_program(p, v) || v->name_kind == VMATLAS_NAME_SPECIAL || !is_old(p, v) || v->start == p->w->stack.now)
		return;
	va_runs_count(p->mm, v->start, v->end, pages);
	if (pages[VA_STATE_ABSENT] != (v->end - v->start) >> 12)
		return;
	c->untouched_count++;
	c->untouched_bytes += v->end - v->start;
	if (!c->untouched_since || v->born < c->untouched_since)
		c->untouched_since = v->born;
	share(&c->untouched, v, v->end - v->start);
}

/* Blocks of 2 MiB that lie whole in the VMA and are full of small pages. */
static void dense_blocks(struct pass *p, const struct va_vma *v)
{
	__u64 lo = (v->start + VA_BLOCK_SIZE - 1) & ~(VA_BLOCK_SIZE - 1), end = v->end & ~(VA_BLOCK_SIZE - 1), found = 0;

	for (; lo < end; lo = (va_pages_next(p->mm->pages, lo, end) & ~(VA_BLOCK_SIZE - 1))) {
		if (va_mm_resident(p->mm, lo, lo + VA_BLOCK_SIZE) >= VA_HUGE_DENSE && va_mm_page(p->mm, lo + VA_BLOCK_SIZE / 2).level == 4)
			found++;
		lo += VA_BLOCK_SIZE;
		if (lo >= end)
			break;
	}
	p->c->dense += found;
	if (v->vm_flags & VA_VM_NOHUGEPAGE)
		p->c->dense_refused += found;
	share(&p->c->huge, v, found);
}

static void look_at(struct pass *p, const struct va_vma *v)
{
	__u64 resident = va_mm_resident(p->mm, v->start, v->end) << 12;
	bool own = !p->w->inherited || v->born > p->w->inherited;

	sizes(p, v, resident);
	if (own) {
		rights(p->c, v);
		promises(p, v, resident);
	}
	if (!is_private_memory(v))
		return;
	if (own)
		holes(p, v);
	if (own && (v->vm_flags & VA_VM_WRITE) && resident >= VA_BLOCK_SIZE)
		dense_blocks(p, v);
	p->before = v;
}

void va_census_take(struct va_census *c, const struct va_mm *mm, const struct va_watched *w, const struct va_notice_place *place, __u64 now)
{
	struct pass p = { c, mm, w, place, NULL };

	memset(c, 0, sizeof(*c));
	c->now = now;
	c->vmas = va_mm_vma_count(mm);
	for (size_t i = 0; i < c->vmas; i++)
		look_at(&p, va_mm_vma(mm, i));
}
