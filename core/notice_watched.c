/* The state of one map that is watched: what records add to it. */
#include <string.h>

#include "notice_parts.h"
#include "walk.h"

void va_watched_begin(struct va_watched *w, const struct va_mm *mm, __u32 tgid, __u64 ts)
{
	memset(w, 0, sizeof(*w));
	w->mm = va_mm_id(mm);
	w->tgid = tgid;
	w->begin = ts;
	w->dirty = true;
	w->stack.nr = -1;
	for (int k = 0; k < VA_NOTICE_KINDS; k++)
		w->notice[k] = -1;
}

/* Where the stack begins, after each RANGE: one that no call caused came from a fault. */
static void note_stack(struct va_watched *w, const struct va_mm *mm, __u64 ts)
{
	const struct vmatlas_mm_layout *layout = va_mm_layout(mm);
	const struct va_vma *v = layout ? va_mm_vma_at(mm, layout->start_stack) : NULL;
	struct va_stack_growth *s = &w->stack;

	if (!v || v->stale)
		return;
	if (!s->first || v->end != s->top) { /* exec moves it to its place */
		s->first = s->now = v->start;
		s->top = v->end;
		s->since = s->faults = s->calls = 0;
	}
	if (v->start < s->now) {
		s->since = s->since ? s->since : ts;
		s->faults += s->nr < 0;
		s->calls += s->nr >= 0;
	}
	s->now = v->start;
}

static void touch(struct va_watched *w, __u64 lo, __u64 hi)
{
	unsigned i = 0, last;

	if (w->touched_full)
		return;
	while (i < w->touched_count && w->touched[i].hi < lo)
		i++;
	if (i < w->touched_count && w->touched[i].lo <= lo && hi <= w->touched[i].hi)
		return;
	for (last = i; last < w->touched_count && w->touched[last].lo <= hi; last++) {
		lo = w->touched[last].lo < lo ? w->touched[last].lo : lo;
		hi = w->touched[last].hi > hi ? w->touched[last].hi : hi;
	}
	if (last == i && w->touched_count == VA_TOUCHED_MOST) {
		w->touched_full = true;
		return;
	}
	memmove(&w->touched[i + 1], &w->touched[last], (w->touched_count - last) * sizeof(w->touched[0]));
	w->touched_count += 1 + i - last;
	w->touched[i] = (struct va_span){ lo, hi };
}

static void note_touch(struct va_watched *w, const struct va_mm *mm, __u64 addr)
{
	const struct va_vma *v = va_mm_vma_at(mm, addr);

	if (v && v->end - v->start >= VA_UNTOUCHED_BYTES)
		touch(w, v->start, v->end);
}

/* What is no longer mapped can be mapped anew, and untouched. */
static void forget_unmapped(struct va_watched *w, const struct va_mm *mm)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < w->touched_count; i++) {
		size_t at = va_mm_vma_lower(mm, w->touched[i].lo);

		if (at < va_mm_vma_count(mm) && va_mm_vma(mm, at)->start < w->touched[i].hi)
			w->touched[kept++] = w->touched[i];
	}
	w->touched_count = kept;
}

/* Nothing was mapped before. */
static bool brings_page(enum va_fault_kind kind)
{
	return kind == VA_FAULT_DEMAND_ZERO || kind == VA_FAULT_FILE || kind == VA_FAULT_SWAP_IN || kind == VA_FAULT_HUGE;
}

void va_watched_record(struct va_watched *w, const struct va_mm *mm, const struct vmatlas_record *rec, unsigned levels)
{
	w->dirty = true;
	switch (rec->head.type) {
	case VMATLAS_RANGE:
		w->stack.nr = rec->range.nr;
		/* fall through */
	case VMATLAS_VMA:
	case VMATLAS_MM_LAYOUT:
		note_stack(w, mm, rec->head.ts);
		break;
	case VMATLAS_FAULT:
		if (rec->head.flags & VMATLAS_F_BAD)
			break;
		note_touch(w, mm, rec->fault.addr);
		if (brings_page(va_fault_kind(rec, levels)))
			va_storm_fault(&w->storm, rec);
		break;
	case VMATLAS_PAGES:
		note_touch(w, mm, rec->pages.addr);
		break;
	}
}

void va_watched_look(struct va_watched *w, const struct va_mm *mm, const struct va_census *c)
{
	w->dirty = false;
	va_growth_add(&w->growth, c->now, c->anon_resident, c->anon_mapped);
	va_storm_look(&w->storm, c);
	forget_unmapped(w, mm);
	if (c->dense < VA_HUGE_BLOCKS)
		w->dense_since = 0;
	else if (!w->dense_since)
		w->dense_since = c->now;
}
