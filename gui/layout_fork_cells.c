/*
 * Fork view: the pages of a VMA, one cell a page, else bins. Same frame in both: weak, as the ribbon. A frame of its own: full, in the colour of copy-on-write. In
 * one only: an outline. Not known: hatched. A dot: the entry's R/W bit is set.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "anim.h"
#include "layout_fork.h"
#include "runs.h"
#include "walk.h"
#include "words.h"

#define SAMPLES 16 /* pages of a bin that are looked at */

enum look_of { L_ABSENT, L_THERE, L_SHARED, L_COPIED, L_ONLY, L_UNKNOWN, L_KINDS };

struct cells {
	const struct va_fork_column *c;
	const struct va_look *look;
	va_colour kind;
	__u64 lo, hi, per; /* bytes a cell */
	int cols, size;
};

static enum look_of of_pair(enum va_pair_page page, bool is_child)
{
	switch (page) {
	case VA_PAIR_SHARED:
		return L_SHARED;
	case VA_PAIR_COPIED:
		return L_COPIED;
	case VA_PAIR_ONLY_PARENT:
		return is_child ? L_ABSENT : L_ONLY;
	case VA_PAIR_ONLY_CHILD:
		return is_child ? L_ONLY : L_ABSENT;
	case VA_PAIR_UNKNOWN:
		return L_UNKNOWN;
	default:
		return L_ABSENT;
	}
}

static enum look_of look_of(const struct cells *g, __u64 addr)
{
	const struct va_fork_column *c = g->c;
	struct va_page page = va_mm_page(c->mm, addr);
	enum va_page_state state = va_page_state(&page);

	if (state == VA_STATE_UNKNOWN)
		return L_UNKNOWN;
	if (state != VA_STATE_SEEN && state != VA_STATE_DERIVED)
		return L_ABSENT;
	if (!c->other)
		return L_THERE;
	return of_pair(c->is_child ? va_pair_page(c->other, c->mm, addr) : va_pair_page(c->mm, c->other, addr), c->is_child);
}

static void paint(struct va_scene *s, struct va_rect at, enum look_of look, va_colour kind)
{
	const struct va_theme *t = s->style->theme;

	switch (look) {
	case L_THERE:
		va_scene_fill(s, at, va_colour_fade(kind, 0.6f));
		break;
	case L_SHARED:
		va_scene_fill(s, at, va_colour_fade(kind, 0.55f));
		break;
	case L_COPIED:
		va_scene_fill(s, at, t->cow);
		va_scene_border(s, at, 0, 1, va_colour_mix(t->cow, t->bright, 0.45f));
		break;
	case L_ONLY:
		va_scene_fill(s, at, t->absent);
		va_scene_border(s, at, 0, va_max(va_px(s->style, 1), 1), kind);
		break;
	case L_UNKNOWN:
		va_scene_fill(s, at, t->absent);
		va_scene_hatch(s, at, VA_HATCH_FALLING, va_px(s->style, 4), va_max(va_px(s->style, 1), 1), va_colour_fade(t->uncertain, 0.7f));
		break;
	default:
		va_scene_fill(s, at, t->absent);
	}
}

void va_layout_fork_sample(struct va_scene *s, struct va_rect at, enum va_pair_page page, bool is_child, va_colour kind)
{
	paint(s, at, of_pair(page, is_child), kind);
}

/* Whether the entry allows writing; while the fork is shown, the bit goes off before one's eyes. */
static float writable(const struct cells *g, __u64 addr)
{
	struct va_page page = va_mm_page(g->c->mm, addr);

	if (page.certainty == VA_PAGE_UNKNOWN || !page.entry)
		return 0;
	if (va_entry_writable(page.entry))
		return 1;
	if (!g->c->before)
		return 0;
	page = va_mm_page(g->c->before, addr);
	return page.entry && va_entry_writable(page.entry) ? 1 - va_clampf(g->c->part * 2 - 1, 0, 1) : 0;
}

static void dot(struct va_scene *s, struct va_rect at, float strength)
{
	int size = va_max(at.w / 3, 2);

	if (strength > 0)
		va_scene_fill(s, va_rect(at.x + (at.w - size) / 2, at.y + (at.h - size) / 2, size, size), va_colour_fade(s->style->theme->bright, strength));
}

static void bin(struct va_scene *s, struct va_rect at, const struct cells *g, __u64 a, __u64 b)
{
	unsigned count[L_KINDS] = {0}, n = (unsigned)((b - a) >> 12 < SAMPLES ? (b - a) >> 12 : SAMPLES);
	static const enum look_of order[] = {L_SHARED, L_THERE, L_ONLY, L_COPIED, L_UNKNOWN};
	int y = at.y + at.h;

	for (unsigned k = 0; k < n; k++)
		count[look_of(g, a + ((b - a) >> 12) * k / n * 4096)]++;
	va_scene_fill(s, at, s->style->theme->absent);
	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		int h = count[order[i]] ? va_max(at.h * (int)count[order[i]] / (int)n, 1) : 0;

		y -= h;
		if (h)
			paint(s, va_rect(at.x, va_max(y, at.y), at.w, h), order[i], g->kind);
	}
}

static float glow_of(const struct cells *g, __u64 a, __u64 b)
{
	const struct va_fork_show *f = g->look->fork;
	float glow = 0;

	for (unsigned i = 0; i < VA_FORK_FLASHES; i++)
		if (f->flash[i].since && f->flash[i].addr >= a && f->flash[i].addr < b)
			glow = va_glow(f->flash[i].since, VA_TIME_GLOW, g->look->now) > glow ? va_glow(f->flash[i].since, VA_TIME_GLOW, g->look->now) : glow;
	return glow;
}

static void page_tip(char *buf, size_t n, const struct cells *g, __u64 addr)
{
	static const char *const words[L_KINDS] = {"not there", "there", "shared: the same frame in both", "a frame of its own: copied", "only here", "not known"};
	struct va_page page = va_mm_page(g->c->mm, addr);
	char at[32];

	va_words_address(at, sizeof(at), addr);
	if (page.entry && va_entry_present(page.entry))
		snprintf(buf, n, "%s: %s\nframe 0x%" PRIx64 ", %s", at, words[look_of(g, addr)], (uint64_t)va_entry_pfn_at(page.level, page.entry, addr),
			 va_entry_writable(page.entry) ? "writable" : "read-only");
	else
		snprintf(buf, n, "%s: %s", at, words[look_of(g, addr)]);
}

static void one(struct va_scene *s, struct va_rect at, const struct cells *g, __u64 a, __u64 b)
{
	const struct va_view *view = g->look->view;
	float glow = g->c->other ? glow_of(g, a, b) : 0;
	char tip[160];

	if (g->per > 4096) {
		bin(s, at, g, a, b);
	} else {
		paint(s, at, look_of(g, a), g->kind);
		if (at.w >= 4)
			dot(s, at, writable(g, a));
	}
	if (glow > 0) {
		va_scene_border(s, va_rect_inset(at, -1 - (int)(3 * glow), -1 - (int)(3 * glow)), 1, glow > 0.6f ? va_max(va_px(s->style, 2), 2) : 1, va_colour_fade(s->style->theme->fresh, glow));
		s->busy = true;
	}
	if (view->page >= a && view->page < b && view->page)
		va_scene_border(s, va_rect_inset(at, -2, -2), 0, va_max(va_px(s->style, 1.5f), 1), s->style->theme->accent);
	if (va_rect_holds(va_rect(at.x, at.y, at.w + 1, at.h + 1), view->mouse_x, view->mouse_y))
		page_tip(tip, sizeof(tip), g, a);
	else
		*tip = 0;
	va_scene_hit(s, va_rect(at.x, at.y, at.w + 1, at.h + 1), VA_ACT_FORK_PAGE, a, *tip ? tip : NULL);
}

void va_layout_fork_cells(struct va_scene *s, struct va_rect r, __u64 lo, __u64 hi, int lines, const struct va_vma *vma, const struct va_fork_place *place,
			  const struct va_fork_column *column, const struct va_look *look)
{
	struct cells g = {.c = column, .look = look, .lo = lo, .hi = hi, .size = place->cell};
	__u64 pages = (hi - lo) >> 12, room;
	int used, top;

	g.kind = vma->name_kind == VMATLAS_NAME_SPECIAL ? s->style->theme->other : vma->anon ? s->style->theme->resident_anon : s->style->theme->resident_file;
	g.cols = r.w / g.size;
	if (g.cols < 1)
		return;
	room = (__u64)g.cols * (unsigned)lines;
	g.per = ((pages + room - 1) / room) << 12;
	used = (int)((hi - lo + g.per - 1) / g.per);
	used = (used + g.cols - 1) / g.cols;
	top = r.y + (r.h - used * g.size) / 2;
	for (int i = 0; lo + (__u64)i * g.per < hi; i++) { /* the lowest address is left and below */
		__u64 a = lo + (__u64)i * g.per, b = a + g.per < hi ? a + g.per : hi;

		one(s, va_rect(r.x + i % g.cols * g.size, top + (used - 1 - i / g.cols) * g.size, g.size - 1, g.size - 1), &g, a, b);
	}
}
