#include "compare.h"

#include <stdlib.h>

#include "theme.h"

void va_compare_destroy(struct va_compare *c)
{
	va_model_free(c->a);
	va_model_free(c->b);
	va_diff_free(&c->diff);
	free(c->order);
	*c = (struct va_compare){0};
}

static __u64 pages_of(const struct va_diff_row *row)
{
	return row->pages.arrived + row->pages.left + row->pages.moved + row->pages.written;
}

static const struct va_diff *sorted; /* qsort has no context; the window has one thread */

static int by_address(const void *x, const void *y)
{
	size_t a = *(const size_t *)x, b = *(const size_t *)y;

	return (a > b) - (a < b);
}

static int by_size(const void *x, const void *y)
{
	const struct va_diff_row *a = &sorted->row[*(const size_t *)x], *b = &sorted->row[*(const size_t *)y];
	__u64 m = a->end - a->start, n = b->end - b->start;

	return m != n ? (m < n ? 1 : -1) : by_address(x, y);
}

static int by_pages(const void *x, const void *y)
{
	__u64 m = pages_of(&sorted->row[*(const size_t *)x]), n = pages_of(&sorted->row[*(const size_t *)y]);

	return m != n ? (m < n ? 1 : -1) : by_address(x, y);
}

static void sort(struct va_compare *c, enum va_diff_sort how)
{
	static int (*const by[VA_DIFF_SORTS])(const void *, const void *) = {by_address, by_size, by_pages};
	size_t n = 0;

	free(c->order);
	c->order = calloc(c->diff.differing + 1, sizeof(*c->order));
	if (!c->order)
		abort();
	for (size_t i = 0; i < c->diff.count; i++)
		if (c->diff.row[i].differs)
			c->order[n++] = i;
	sorted = &c->diff;
	qsort(c->order, n, sizeof(*c->order), by[how]);
	c->sort = how;
}

static void model_at(struct va_model **model, size_t *have, struct va_playback *play, size_t want)
{
	if (*model && *have == want)
		return;
	va_model_free(*model);
	*model = want == play->pos ? va_model_clone(play->model) : va_history_model_at(play->history, want);
	*have = want;
}

bool va_compare_update(struct va_compare *c, struct va_playback *play, const struct va_moments *m, __u32 tgid, const struct va_texts *texts, __u32 rules,
		       bool at_once, uint64_t now, bool *later)
{
	size_t pos_b = m->b.set ? m->b.pos : play->pos;
	bool same = c->ready && c->pos_a == m->a.pos && c->tgid == tgid;

	*later = false;
	if (!m->a.set) {
		bool was = c->ready;

		va_compare_destroy(c);
		return was;
	}
	if (same && c->pos_b == pos_b) {
		if (c->sort == m->sort)
			return false;
		sort(c, m->sort);
		return true;
	}
	if (same && !m->b.set && !at_once && now < c->made + VA_TIME_COMPARE) {
		*later = true;
		return false;
	}
	model_at(&c->a, &c->pos_a, play, m->a.pos);
	model_at(&c->b, &c->pos_b, play, pos_b);
	c->tgid = tgid;
	va_diff_free(&c->diff);
	va_diff_compare(&c->diff, va_model_mm_of(c->a, tgid), va_model_mm_of(c->b, tgid), va_model_now(c->a), texts, rules);
	sort(c, m->sort);
	c->ready = true;
	c->made = now;
	return true;
}
