/* See sharing.h. */
#include "sharing.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "walk.h"

struct frame {
	__u64 pfn;
	bool shared;
};

struct count {
	struct va_sharing *out;
	struct frame *frame; /* sorted by pfn, when all are there */
	size_t frames, room;
	__u64 left;
	struct va_sharer now; /* the process being looked at */
};

static __u64 pages_of(const struct va_page *page)
{
	return va_level_size(page->level) >> 12;
}

static bool known_frame(const struct va_page *page)
{
	return page->entry && page->certainty != VA_PAGE_UNKNOWN && page->present;
}

static bool note_own(void *ctx, __u64 addr, const struct va_page *page)
{
	struct count *c = ctx;

	if (!c->left)
		return false;
	c->left--;
	if (!known_frame(page)) {
		c->out->unknown += pages_of(page);
	} else if (page->level == 4 && va_entry_special(page->entry)) {
		c->out->zero++;
	} else {
		c->frame = va_grow(c->frame, &c->room, c->frames + 1, sizeof(*c->frame));
		c->frame[c->frames++] = (struct frame){va_entry_pfn(page->entry), false};
		c->out->private += pages_of(page);
	}
	return true;
}

static int by_pfn(const void *a, const void *b)
{
	const struct frame *x = a, *y = b;

	return x->pfn < y->pfn ? -1 : x->pfn > y->pfn;
}

static bool note_other(void *ctx, __u64 addr, const struct va_page *page)
{
	struct count *c = ctx;
	struct frame key = {va_entry_pfn(page->entry), false}, *found;

	if (!c->left)
		return false;
	c->left--;
	if (!known_frame(page) || (found = bsearch(&key, c->frame, c->frames, sizeof(key), by_pfn)) == NULL)
		return true;
	if (!c->now.pages)
		c->now.addr = addr;
	c->now.pages += pages_of(page);
	if (!found->shared) {
		c->out->shared += pages_of(page);
		c->out->private -= pages_of(page) < c->out->private ? pages_of(page) : c->out->private;
	}
	found->shared = true;
	return true;
}

static void keep(struct va_sharing *out, const struct va_sharer *s)
{
	unsigned at = out->sharers;

	if (!s->pages)
		return;
	while (at && out->sharer[at - 1].pages < s->pages)
		at--;
	out->more += out->sharers == VA_SHARERS;
	if (at == VA_SHARERS)
		return;
	out->sharers += out->sharers < VA_SHARERS;
	memmove(&out->sharer[at + 1], &out->sharer[at], (out->sharers - at - 1) * sizeof(*s));
	out->sharer[at] = *s;
}

void va_sharing_count(struct va_sharing *out, const struct va_model *model, const struct va_mm *mm, __u64 start, __u64 end, __u64 most)
{
	struct count c = {.out = out, .left = most};

	memset(out, 0, sizeof(*out));
	va_mm_each_page(mm, start, end, note_own, &c);
	if (c.frames)
		qsort(c.frame, c.frames, sizeof(*c.frame), by_pfn);
	for (size_t i = 0; c.frames && c.left && i < va_model_task_count(model); i++) {
		const struct va_task *task = va_model_task(model, i);
		const struct va_mm *other = task->tid == task->tgid && task->mm && !task->end ? va_model_mm(model, task->mm) : NULL;

		if (!other || other == mm || va_mm_ended(other))
			continue;
		c.now = (struct va_sharer){.tgid = task->tgid};
		va_mm_each_page(other, 0, 1ull << 57, note_other, &c);
		keep(out, &c.now);
	}
	out->valid = c.left > 0;
	free(c.frame);
}
