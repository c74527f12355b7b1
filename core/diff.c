/* See diff.h. */
#include "diff.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "maps.h"
#include "mm.h"
#include "runs.h"
#include "walk.h"

#define ENTRY_DIRTY (1ull << 6)
#define VM_PERMISSION 0x87ull /* VM_READ, VM_WRITE, VM_EXEC; VM_MAYSHARE is the fourth letter */

struct sides {
	const struct va_mm *a, *b;
	size_t i, j; /* the first VMA of each that ends above what has been compared */
	__u64 ts_a;
	const struct va_texts *texts;
	__u32 rules;
};

const char *va_change_name(enum va_change change)
{
	static const char *const names[VA_CHANGES] = {"same", "added", "gone", "grown", "shrunk"};

	return (unsigned)change < VA_CHANGES ? names[change] : "same";
}

bool va_page_changes_any(const struct va_page_changes *p)
{
	return p->arrived || p->left || p->moved || p->written;
}

static bool known(const struct va_page *p)
{
	return p->certainty != VA_PAGE_UNKNOWN;
}

enum va_page_fate va_page_fate(const struct va_page *a, const struct va_page *b, __u64 addr)
{
	if (!known(a) || !known(b))
		return VA_FATE_UNKNOWN;
	if (a->present != b->present)
		return b->present ? VA_FATE_ARRIVED : VA_FATE_LEFT;
	if (!a->present)
		return VA_FATE_SAME;
	if (!a->entry || !b->entry)
		return VA_FATE_UNKNOWN;
	if (va_entry_pfn_at(a->level, a->entry, addr) != va_entry_pfn_at(b->level, b->entry, addr))
		return VA_FATE_MOVED;
	return b->entry & ~a->entry & ENTRY_DIRTY ? VA_FATE_WRITTEN : VA_FATE_SAME;
}

static struct va_page page_of(const struct va_mm *mm, const struct va_vma *vma, __u64 addr)
{
	/* Where nothing is mapped, no page is. */
	return vma ? va_mm_page(mm, addr) : (struct va_page){.certainty = VA_PAGE_ABSENT, .level = 4};
}

static void count(struct va_page_changes *c, const struct va_page *a, const struct va_page *b, __u64 addr, __u64 pages)
{
	switch (va_page_fate(a, b, addr)) {
	case VA_FATE_SAME:
		c->same += pages;
		break;
	case VA_FATE_ARRIVED:
		c->arrived += pages;
		break;
	case VA_FATE_LEFT:
		c->left += pages;
		c->swapped += va_page_state(b) == VA_STATE_SWAPPED ? pages : 0;
		break;
	case VA_FATE_MOVED:
		c->moved += pages;
		break;
	case VA_FATE_WRITTEN:
		c->written += pages;
		break;
	case VA_FATE_UNKNOWN:
		c->unknown += pages;
		break;
	}
}

static struct va_run run_of(const struct va_mm *mm, const struct va_vma *vma, __u64 addr, __u64 end)
{
	return vma ? va_run_at(mm, addr, end) : (struct va_run){addr, end, VA_STATE_ABSENT, page_of(mm, vma, addr)};
}

/* Runs of which the same is known at each moment; only where a page is there at both, entries are compared one by one. */
static void compare_pages(struct va_page_changes *c, const struct sides *s, const struct va_vma *va, const struct va_vma *vb, __u64 start, __u64 end)
{
	struct va_run a = {.end = start}, b = a;

	for (__u64 at = start, stop; at < end; at = stop) {
		if (a.end <= at)
			a = run_of(s->a, va, at, end);
		if (b.end <= at)
			b = run_of(s->b, vb, at, end);
		stop = a.end < b.end ? a.end : b.end;
		if (!a.first.present || !b.first.present || !known(&a.first) || !known(&b.first)) {
			count(c, &a.first, &b.first, at, (stop - at) >> 12);
			continue;
		}
		for (__u64 page = at; page < stop; page += 4096) {
			struct va_page pa = page_of(s->a, va, page), pb = page_of(s->b, vb, page);

			count(c, &pa, &pb, page, 1);
		}
	}
}

/* Is some VMA of mm the same mapping as this one, at a place both have? */
static bool lives_in(const struct va_mm *mm, const struct va_vma *vma)
{
	for (size_t i = va_mm_vma_lower(mm, vma->start); i < va_mm_vma_count(mm) && va_mm_vma(mm, i)->start < vma->end; i++)
		if (va_vma_same_mapping(va_mm_vma(mm, i), vma))
			return true;
	return false;
}

static bool same_name(const struct sides *s, const struct va_vma *a, const struct va_vma *b)
{
	char x[VMATLAS_TEXT_MAX + 32], y[VMATLAS_TEXT_MAX + 32];

	return !strcmp(va_vma_name(s->a, a, s->texts, s->rules, x, sizeof(x)), va_vma_name(s->b, b, s->texts, s->rules, y, sizeof(y)));
}

static void add_pages(struct va_page_changes *to, const struct va_page_changes *p)
{
	to->arrived += p->arrived;
	to->left += p->left;
	to->moved += p->moved;
	to->written += p->written;
	to->same += p->same;
	to->unknown += p->unknown;
	to->swapped += p->swapped;
}

static void keep(struct va_diff *d, struct va_diff_row *row)
{
	d->bytes[row->change] += row->end - row->start;
	d->anew += row->anew;
	d->permission += row->permission;
	d->renamed += row->renamed;
	d->flags += row->flags;
	add_pages(&d->pages, &row->pages);
	row->differs = row->change || row->anew || row->permission || row->renamed || row->flags || va_page_changes_any(&row->pages);
	d->differing += row->differs;
	d->row = va_grow(d->row, &d->room, d->count + 1, sizeof(*d->row));
	d->row[d->count++] = *row;
}

static void one_side(struct va_diff *d, const struct sides *s, const struct va_vma *a, const struct va_vma *b, __u64 start, __u64 end)
{
	struct va_diff_row row = {.start = start, .end = end};
	const struct va_mm *other = a ? s->b : s->a;
	bool lives = other && !d->replaced && lives_in(other, a ? a : b);

	if (a) {
		row.a = *a;
		row.change = lives ? VA_CHANGE_SHRUNK : VA_CHANGE_GONE;
	} else {
		row.b = *b;
		row.change = lives ? VA_CHANGE_GROWN : VA_CHANGE_ADDED;
	}
	row.stale = (a ? a : b)->stale;
	compare_pages(&row.pages, s, a, b, start, end);
	keep(d, &row);
}

static void both_sides(struct va_diff *d, const struct sides *s, const struct va_vma *a, const struct va_vma *b, __u64 start, __u64 end)
{
	struct va_diff_row row = {.start = start, .end = end, .a = *a, .b = *b, .stale = a->stale || b->stale};
	__u64 changed = a->vm_flags ^ b->vm_flags;

	if (d->replaced || !va_vma_same_mapping(a, b)) {
		one_side(d, s, a, NULL, start, end);
		one_side(d, s, NULL, b, start, end);
		return;
	}
	row.anew = b->born > s->ts_a;
	row.permission = changed & VM_PERMISSION;
	row.flags = changed & ~VM_PERMISSION;
	row.renamed = !same_name(s, a, b);
	compare_pages(&row.pages, s, a, b, start, end);
	keep(d, &row);
}

/* The VMA at or above `at`; NULL = none. */
static const struct va_vma *next_of(const struct va_mm *mm, size_t *i, __u64 at)
{
	size_t n = mm ? va_mm_vma_count(mm) : 0;

	while (*i < n && va_mm_vma(mm, *i)->end <= at)
		(*i)++;
	return *i < n ? va_mm_vma(mm, *i) : NULL;
}

static __u64 earlier(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

static void walk_through(struct va_diff *d, struct sides *s)
{
	for (__u64 at = 0, end;; at = end) {
		const struct va_vma *a = next_of(s->a, &s->i, at), *b = next_of(s->b, &s->j, at);

		if (!a && !b)
			return;
		end = ~0ull;
		if (a)
			end = earlier(end, a->start > at ? a->start : a->end);
		if (b)
			end = earlier(end, b->start > at ? b->start : b->end);
		if (a && a->start > at)
			a = NULL;
		if (b && b->start > at)
			b = NULL;
		if (a && b)
			both_sides(d, s, a, b, at, end);
		else if (a || b)
			one_side(d, s, a, b, at, end);
	}
}

static bool sure(const struct va_mm *mm)
{
	return !mm || (va_mm_complete(mm) && !va_mm_stale(mm));
}

void va_diff_compare(struct va_diff *d, const struct va_mm *a, const struct va_mm *b, __u64 ts_a, const struct va_texts *texts, __u32 rules)
{
	struct sides s = {.a = a, .b = b, .ts_a = ts_a, .texts = texts, .rules = rules};

	*d = (struct va_diff){.vmas_a = a ? va_mm_vma_count(a) : 0, .vmas_b = b ? va_mm_vma_count(b) : 0, .unsure = !sure(a) || !sure(b)};
	d->replaced = a && b && va_mm_id(a) != va_mm_id(b);
	walk_through(d, &s);
}

void va_diff_free(struct va_diff *d)
{
	free(d->row);
	*d = (struct va_diff){0};
}
