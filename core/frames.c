/* See frames.h. */
#include "frames.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "record.h"
#include "walk.h"

#define PLACE 15
_Static_assert(VA_FRAMES_MAX == 1 << PLACE, "the place of each of them is so many bits");

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

#define DIGIT 11 /* bits sorted by at once */
#define DIGITS (1u << DIGIT)

/* key[0..n) by the digit at `shift`, into out; those alike stay in their order. False: all alike, nothing was done. */
static bool sort_digit(const __u64 *key, __u64 *out, size_t n, unsigned shift)
{
	size_t at[DIGITS] = { 0 }, sum = 0;

	for (size_t i = 0; i < n; i++)
		at[key[i] >> shift & (DIGITS - 1)]++;
	if (at[key[0] >> shift & (DIGITS - 1)] == n)
		return false;
	for (unsigned d = 0; d < DIGITS; d++) {
		size_t many = at[d];

		at[d] = sum;
		sum += many;
	}
	for (size_t i = 0; i < n; i++)
		out[at[key[i] >> shift & (DIGITS - 1)]++] = key[i];
	return true;
}

/* By pfn; they have been gathered by address, and those of one frame stay so. A key is the pfn and where it stands: 40 bits and 15. */
static void sort_by_pfn(struct va_frames *f)
{
	__u64 *key = va_alloc_raw(2 * f->count * sizeof(*key)), *from = key, *to = key + f->count;
	struct va_frame *sorted = va_alloc_raw(f->room * sizeof(*sorted));

	for (size_t i = 0; i < f->count; i++)
		from[i] = f->frame[i].pfn << PLACE | i;
	for (unsigned shift = PLACE; shift < 64; shift += DIGIT)
		if (sort_digit(from, to, f->count, shift)) {
			__u64 *other = from;

			from = to;
			to = other;
		}
	for (size_t i = 0; i < f->count; i++)
		sorted[i] = f->frame[from[i] & (VA_FRAMES_MAX - 1)];
	free(key);
	free(f->frame);
	f->frame = sorted;
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
		sort_by_pfn(f);
	count_others(f, model);
}
