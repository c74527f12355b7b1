#include "map_anim.h"

#include <stdlib.h>

#define UNSEEN 0.02 /* pixels; shorter moves are none */

void va_map_anim_free(struct va_map_anim *a)
{
	free(a->row);
	free(a->old);
	*a = (struct va_map_anim){0};
}

void va_map_anim_place(const struct va_moving_row *row, uint64_t now, double *y, double *h, float *alpha)
{
	if (!row->ghost && row->from_y == row->row.y && row->from_h == row->row.h) {
		*y = row->row.y;
		*h = row->row.h;
		*alpha = 1;
		return;
	}
	float t = va_ease(va_anim(row->start, VA_TIME_MOVE, now));

	*y = row->from_y + (row->row.y - row->from_y) * (double)t;
	*h = row->from_h + (row->row.h - row->from_h) * (double)t;
	*alpha = row->ghost ? 1 - va_anim(row->start, VA_TIME_FADE, now) : 1;
}

bool va_map_anim_busy(const struct va_map_anim *a, uint64_t now)
{
	for (size_t i = 0; i < a->count; i++)
		if (va_anim(a->row[i].start, VA_TIME_MOVE, now) < 1 || va_glow(a->row[i].changed, VA_TIME_GLOW, now) > 0)
			return true;
	return false;
}

void va_map_anim_settle(struct va_map_anim *a, const struct va_rows *goal)
{
	for (size_t i = 0; i < a->count; i++) {
		struct va_moving_row *m = &a->row[i];

		if (m->ghost) { /* where its addresses are now */
			m->row.y = va_rows_y(goal, m->row.end);
			m->row.h = va_rows_y(goal, m->row.start) - m->row.y;
		}
		m->from_y = m->row.y;
		m->from_h = m->row.h;
	}
}

static bool overlap(const struct va_row *a, const struct va_row *b)
{
	if ((a->kind == VA_ROW_VMA) != (b->kind == VA_ROW_VMA))
		return false;
	if (a->kind != VA_ROW_VMA && a->kind != b->kind)
		return false;
	return a->start < (b->end ? b->end : ~0ull) && b->start < (a->end ? a->end : ~0ull);
}

static double y_within(const struct va_moving_row *old, __u64 addr, uint64_t now)
{
	double y, h, size = (double)(old->row.end - old->row.start);
	float alpha;

	va_map_anim_place(old, now, &y, &h, &alpha);
	if (addr <= old->row.start || size <= 0)
		return y + h;
	return addr >= old->row.end ? y : y + h * (1 - (double)(addr - old->row.start) / size);
}

static bool same_vma(const struct va_row *a, const struct va_row *b)
{
	return a->start == b->start && a->end == b->end && a->vma.vm_flags == b->vma.vm_flags && a->vma.name_text == b->vma.name_text;
}

/* It was there before, with the same bounds. */
static void inherit_same(struct va_moving_row *m, const struct va_moving_row *old, uint64_t now)
{
	float alpha;

	va_map_anim_place(old, now, &m->from_y, &m->from_h, &alpha);
	if (fabs(m->from_y - m->row.y) < UNSEEN && fabs(m->from_h - m->row.h) < UNSEEN) {
		m->from_y = m->row.y;
		m->from_h = m->row.h;
	}
	m->born = old->born;
	m->changed = m->row.kind == VA_ROW_VMA && !same_vma(&old->row, &m->row) ? now : old->changed;
}

static bool same_bounds(const struct va_row *a, const struct va_row *b)
{
	return a->start == b->start && a->end == b->end && a->kind == b->kind;
}

/* Rows are sorted from high to low: the old ones that overlap `row` lie together from *from on. */
static bool inherit(struct va_moving_row *m, const struct va_moving_row *old, size_t n, size_t *from, uint64_t now)
{
	double top = 1e9, bottom = -1e9;
	bool found = false;

	while (*from < n && (old[*from].ghost || (m->row.end && old[*from].row.start >= m->row.end)))
		++*from;
	if (*from < n && same_bounds(&old[*from].row, &m->row)) {
		inherit_same(m, &old[*from], now);
		return true;
	}
	for (size_t i = *from; i < n && (old[i].ghost || (old[i].row.end ? old[i].row.end : ~0ull) > m->row.start); i++) {
		if (old[i].ghost || !overlap(&old[i].row, &m->row))
			continue;
		top = fmin(top, y_within(&old[i], m->row.end ? m->row.end : old[i].row.end, now));
		bottom = fmax(bottom, y_within(&old[i], m->row.start, now));
		if (!found) {
			m->born = old[i].born;
			m->changed = old[i].changed;
		}
		if (m->row.kind == VA_ROW_VMA && !same_vma(&old[i].row, &m->row))
			m->changed = now;
		found = true;
	}
	if (found) {
		m->from_y = top;
		m->from_h = fmax(bottom - top, 0);
	}
	return found;
}

static struct va_moving_row *push(struct va_map_anim *a)
{
	if (a->count == a->room) {
		a->room = a->room ? a->room * 2 : 64;
		a->row = realloc(a->row, a->room * sizeof(*a->row));
		if (!a->row)
			abort();
	}
	return &a->row[a->count++];
}

/* What stands there now is what all moves begin from. */
static void put_aside(struct va_map_anim *a)
{
	struct va_moving_row *row = a->row;
	size_t room = a->room;

	a->row = a->old;
	a->room = a->old_room;
	a->old = row;
	a->old_room = room;
	a->count = 0;
}

static void place_still(struct va_moving_row *m, __u64 glow_time, uint64_t now)
{
	__u64 age = glow_time > m->row.vma.changed ? glow_time - m->row.vma.changed : 0;

	m->from_y = m->row.y;
	m->from_h = m->row.h;
	m->start = now > VA_TIME_MOVE ? now - VA_TIME_MOVE : 0;
	if (m->row.kind == VA_ROW_VMA && age < VA_TIME_GLOW && m->row.vma.changed && now > age)
		m->changed = now - age;
}

/* A map that is new as a whole (fork, exec) does not glow: nothing in it stands out. */
static void calm_newborn(struct va_map_anim *a)
{
	size_t boxes = 0, glowing = 0;

	for (size_t i = 0; i < a->count; i++) {
		boxes += a->row[i].row.kind == VA_ROW_VMA;
		glowing += a->row[i].changed != 0;
	}
	for (size_t i = 0; glowing * 2 > boxes && i < a->count; i++)
		a->row[i].changed = 0;
}

static void place_moving(struct va_moving_row *m, const struct va_moving_row *old, size_t n, size_t *from, uint64_t now)
{
	m->start = now;
	if (inherit(m, old, n, from, now))
		return;
	m->from_y = m->row.y + m->row.h / 2;
	m->from_h = 0;
	if (m->row.kind == VA_ROW_VMA)
		m->born = m->changed = now;
}

static bool survives(const struct va_moving_row *old, const struct va_rows *goal, size_t *from)
{
	while (*from < goal->count && old->row.end && goal->row[*from].start >= old->row.end)
		++*from;
	for (size_t i = *from; i < goal->count && (goal->row[i].end ? goal->row[i].end : ~0ull) > old->row.start; i++)
		if (overlap(&old->row, &goal->row[i]))
			return true;
	return false;
}

static void keep_ghosts(struct va_map_anim *a, const struct va_moving_row *old, size_t n, const struct va_rows *goal, uint64_t now)
{
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		double y, h;
		float alpha;
		struct va_moving_row *g;

		if (old[i].row.kind != VA_ROW_VMA || (old[i].ghost && va_anim(old[i].start, VA_TIME_FADE, now) >= 1))
			continue;
		if (!old[i].ghost && survives(&old[i], goal, &from))
			continue;
		g = push(a);
		*g = old[i];
		if (old[i].ghost)
			continue;
		va_map_anim_place(&old[i], now, &y, &h, &alpha);
		g->ghost = true;
		g->start = now;
		g->from_y = y;
		g->from_h = h;
		g->row.y = va_rows_y(goal, old[i].row.start + (old[i].row.end - old[i].row.start) / 2);
		g->row.h = 0;
	}
}

/* True where the goal is the one we already have: then nothing begins anew. */
static bool same_goal(const struct va_map_anim *a, const struct va_rows *goal)
{
	if (a->live != goal->count)
		return false;
	for (size_t i = 0; i < a->live; i++) {
		const struct va_row *have = &a->row[i].row, *want = &goal->row[i];

		if (have->kind != want->kind || have->start != want->start || have->end != want->end ||
		    fabs(have->y - want->y) > 0.25 || fabs(have->h - want->h) > 0.25 || have->vma.vm_flags != want->vma.vm_flags)
			return false;
	}
	return true;
}

static void refresh(struct va_map_anim *a, const struct va_rows *goal)
{
	for (size_t i = 0; i < a->live; i++)
		a->row[i].row = goal->row[i];
}

void va_map_anim_goal(struct va_map_anim *a, const struct va_rows *goal, __u32 mm, bool still, __u64 glow_time, uint64_t now)
{
	size_t n = a->count, from = 0;

	still |= mm != a->mm || !n;
	a->mm = mm;
	if (!still && same_goal(a, goal)) {
		refresh(a, goal);
		return;
	}
	put_aside(a);
	for (size_t i = 0; i < goal->count; i++) {
		struct va_moving_row *m = push(a);

		*m = (struct va_moving_row){.row = goal->row[i]};
		if (still)
			place_still(m, glow_time, now);
		else
			place_moving(m, a->old, n, &from, now);
	}
	a->live = a->count;
	if (still)
		calm_newborn(a);
	else
		keep_ghosts(a, a->old, n, goal, now);
}
