/* See frames.h. */
#include "frames.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "record.h"
#include "walk.h"

void va_frames_free(struct va_frames *f)
{
	free(f->frame);
	memset(f, 0, sizeof(*f));
}

static bool has_frame(const struct va_page *page)
{
	return page->present && page->entry && page->certainty != VA_PAGE_UNKNOWN && !va_entry_special(page->entry);
}

static bool gather(void *ctx, __u64 addr, const struct va_page *page)
{
	struct va_frames *f = ctx;

	if (!has_frame(page))
		return true;
	if (f->count == VA_FRAMES_MAX) {
		f->more = true;
		return false;
	}
	f->frame = va_grow(f->frame, &f->room, f->count + 1, sizeof(*f->frame));
	f->frame[f->count++] = (struct va_frame){ .pfn = va_entry_pfn_at(page->level, page->entry, 0), .frames = va_level_size(page->level) >> 12,
						 .addr = addr, .ts = page->ts, .read = page->certainty == VA_PAGE_SEEN };
	return true;
}

static int by_pfn(const void *a, const void *b)
{
	const struct va_frame *x = a, *y = b;

	if (x->pfn != y->pfn)
		return x->pfn < y->pfn ? -1 : 1;
	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

size_t va_frames_lower(const struct va_frames *f, __u64 pfn)
{
	size_t lo = 0, hi = f->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (f->frame[mid].pfn < pfn)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct others {
	struct va_frames *f;
	__u32 *last; /* by frame: the number of the map counted last, so that each counts once */
	__u32 map;
	size_t looked;
};

static bool count_other(void *ctx, __u64 addr, const struct va_page *page)
{
	struct others *o = ctx;
	__u64 pfn;

	(void)addr;
	if (o->looked++ >= VA_FRAMES_MAX) {
		o->f->partial = true;
		return false;
	}
	if (!has_frame(page))
		return true;
	pfn = va_entry_pfn_at(page->level, page->entry, 0);
	for (size_t i = va_frames_lower(o->f, pfn); i < o->f->count && o->f->frame[i].pfn == pfn; i++)
		if (o->last[i] != o->map) {
			o->last[i] = o->map;
			o->f->frame[i].others++;
		}
	return true;
}

/* Maps of running processes, each once: threads share one. */
static void count_others(struct va_frames *f, const struct va_model *model)
{
	struct others o = { .f = f, .last = va_alloc(f->count * sizeof(*o.last) + 1) };

	for (size_t i = 0; i < va_model_task_count(model) && !f->partial; i++) {
		const struct va_task *task = va_model_task(model, i);
		const struct va_mm *mm = task->tid == task->tgid && !task->end ? va_model_mm(model, task->mm) : NULL;

		if (!mm || va_mm_ended(mm) || va_mm_id(mm) == f->mm)
			continue;
		o.map = va_mm_id(mm);
		va_mm_each_page(mm, 0, VA_USER_TOP, count_other, &o);
	}
	for (size_t i = 0; i < f->count; i++)
		f->shared += f->frame[i].others > 0;
	free(o.last);
}

void va_frames_update(struct va_frames *f, const struct va_model *model, const struct va_mm *mm, size_t pos)
{
	if (f->valid && mm && f->mm == va_mm_id(mm) && f->pos == pos)
		return;
	f->count = f->shared = 0;
	f->more = f->partial = false;
	f->valid = mm;
	if (!mm)
		return;
	f->mm = va_mm_id(mm);
	f->pos = pos;
	va_mm_each_page(mm, 0, VA_USER_TOP, gather, f);
	if (f->count > 1)
		qsort(f->frame, f->count, sizeof(*f->frame), by_pfn);
	count_others(f, model);
}
