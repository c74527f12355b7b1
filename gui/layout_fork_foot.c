/* Fork view: what the comparison adds up to, now and since the fork; the chosen page; what the signs mean. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "anim.h"
#include "layout_fork.h"
#include "walk.h"
#include "words.h"

static int line_of(const struct va_style *style)
{
	return va_role_height(style, VA_TEXT_SMALL) + va_px(style, 3);
}

int va_layout_fork_foot_height(const struct va_style *style, int room, bool compared)
{
	int line = line_of(style);

	if (room < 7 * line)
		return 0;
	if (!compared)
		return line + 2;
	if (room < 17 * line)
		return 2 * line;
	return 4 * line + va_px(style, 62);
}

static const struct va_fork_child *chosen(const struct va_look *look)
{
	return &look->fork->child[look->fork->chosen];
}

/* One sentence: what the fork did, or why there is nothing to compare. */
static void story(struct va_scene *s, struct va_rect at, const struct va_look *look)
{
	const struct va_fork_show *f = look->fork;
	const struct va_fork_child *c = chosen(look);
	const struct va_theme *t = s->style->theme;
	uint64_t since = va_fork_show_since(f, c->fork.pos);
	bool moving = since && look->now < since + VA_TIME_FORK;
	char text[256], shorter[160], n[32], clock[32];

	va_words_clock(clock, sizeof(clock), c->fork.ts - va_history_begin(look->play->history));
	if (c->exec) {
		snprintf(text, sizeof(text), "Forked at %s as %s; exec then threw the copy away: nothing is left to share.", clock, c->fork.comm);
		snprintf(shorter, sizeof(shorter), "exec threw the copy away: nothing is left to share.");
	} else if (!c->mm) {
		snprintf(text, sizeof(text), "Made at %s without a copy of the map: nothing to compare.", clock);
		snprintf(shorter, sizeof(shorter), "No copy of the map was made.");
	} else {
		va_words_count(n, sizeof(n), f->pair.closed);
		snprintf(text, sizeof(text), "fork took the R/W bit from %s entries, in both; a write now copies the page.", n);
		snprintf(shorter, sizeof(shorter), "R/W off in %s entries of both.", n);
	}
	va_scene_text_either(s, at, moving ? VA_TEXT_STRONG : VA_TEXT_SMALL, moving ? t->fresh : t->dim, text, shorter);
}

/* --- the curve ---------------------------------------------------------------------------------------------------------------- */

struct curve {
	struct va_rect r;
	__u64 from, to, most;
	const struct va_pair *pair;
};

static float x_of(const struct curve *c, __u64 ts)
{
	double part = ts <= c->from ? 0 : (double)(ts - c->from) / (double)(c->to - c->from);

	return (float)c->r.x + (float)(part > 1 ? 1 : part) * (float)(c->r.w - 1);
}

static float y_of(const struct curve *c, __u64 pages)
{
	return (float)(c->r.y + c->r.h - 1) - (float)((double)pages / (double)c->most) * (float)(c->r.h - 3);
}

/* A staircase; points that fall on one pixel are one. What is to come (after `now`) is weaker. */
static void stairs(struct va_scene *s, const struct curve *c, enum va_pair_page what, va_colour colour, float dash, __u64 now)
{
	const struct va_pair *p = c->pair;
	float width = (float)va_max(va_px(s->style, 1.6f), 1), x0 = x_of(c, c->from), xn = x_of(c, now), y0 = y_of(c, p->point[0].counts.pages[what]);

	for (size_t i = 1; i <= p->points; i++) {
		__u64 ts = i < p->points ? p->point[i].ts : c->to;
		float x = x_of(c, ts), y = y_of(c, i < p->points ? p->point[i].counts.pages[what] : p->point[i - 1].counts.pages[what]);

		if (i < p->points && x - x0 < 1)
			continue;
		if (xn > x0)
			va_scene_line(s, x0, y0, xn < x ? xn : x, y0, width, dash, colour);
		if (xn < x)
			va_scene_line(s, xn > x0 ? xn : x0, y0, x, y0, width, dash, va_colour_fade(colour, 0.35f));
		if (y != y0)
			va_scene_line(s, x, y0, x, y, width, 0, ts > now ? va_colour_fade(colour, 0.35f) : colour);
		x0 = x;
		y0 = y;
	}
}

static void draw_curve(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_pair *p = &look->fork->pair;
	const struct va_theme *t = s->style->theme;
	struct curve c = {.pair = p, .from = p->fork.ts, .to = p->over ? p->over_ts : va_history_end(look->play->history), .most = 1};
	__u64 now = look->play->time;
	char text[64];

	va_scene_fill(s, va_rect(r.x, r.y + r.h - 1, r.w, 1), t->line);
	for (size_t i = 0; i < p->points; i++)
		for (int k = VA_PAIR_SHARED; k <= VA_PAIR_COPIED; k++)
			c.most = p->point[i].counts.pages[k] > c.most ? p->point[i].counts.pages[k] : c.most;
	c.to = c.to > c.from ? c.to : c.from + 1;
	snprintf(text, sizeof(text), "%" PRIu64, (uint64_t)c.most);
	va_scene_text(s, va_rect(r.x, r.y, r.w, va_role_height(s->style, VA_TEXT_SMALL)), VA_TEXT_SMALL, VA_LEFT, t->dim, text);
	va_rect_cut_left(&r, va_role_width(s->style, VA_TEXT_SMALL, text) + va_px(s->style, 6));
	c.r = r;
	stairs(s, &c, VA_PAIR_SHARED, t->anon, 0, now);
	stairs(s, &c, VA_PAIR_COPIED, t->cow, (float)va_px(s->style, 4), now);
	if (now >= c.from && now <= c.to)
		va_scene_line(s, x_of(&c, now), (float)r.y, x_of(&c, now), (float)(r.y + r.h), 1, 0, t->accent);
	va_scene_hit(s, r, VA_ACT_TIP, 0, "pages shared (line) and copied (dashed) since the fork; the upright line is this moment");
}

static void figure(struct va_scene *s, struct va_rect *r, enum va_pair_page page, bool child, const char *name, const struct va_pair_point *point, const char *tip)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	int k = va_px(style, 8), w, pad = va_px(style, 5);
	struct va_rect all;
	char count[32];

	snprintf(count, sizeof(count), "…");
	if (point)
		va_words_count(count, sizeof(count), point->counts.pages[page]);
	w = k + 2 * pad + va_role_width(style, VA_TEXT_SMALL, name) + va_role_width(style, VA_TEXT_MONO_STRONG, count);
	if (r->w < w)
		return;
	all = va_rect_cut_left(r, w + va_px(style, 10));
	va_layout_fork_sample(s, va_rect(all.x, all.y + (all.h - k) / 2, k, k), page, child, t->resident_anon);
	va_scene_hit(s, all, VA_ACT_TIP, 0, tip);
	va_rect_cut_left(&all, k + pad);
	va_rect_cut_left(&all, va_scene_text(s, all, VA_TEXT_SMALL, VA_LEFT, t->dim, name) + pad);
	va_scene_text(s, all, VA_TEXT_MONO_STRONG, VA_LEFT, page == VA_PAIR_UNKNOWN && point && point->counts.pages[page] ? t->warn : t->text, count);
}

static void figures(struct va_scene *s, struct va_rect at, const struct va_look *look)
{
	const struct va_pair *p = &look->fork->pair;
	const struct va_pair_point *point = va_pair_at(p, look->play->pos);
	struct va_rect mark;
	int size = va_px(s->style, 9), w;

	figure(s, &at, VA_PAIR_SHARED, false, "same frame", point, "pages of 4 KiB that both have in the same frame: shared");
	figure(s, &at, VA_PAIR_COPIED, false, "copied", point, "pages of which each has a frame of its own");
	figure(s, &at, VA_PAIR_ONLY_PARENT, false, "only parent", point, "there in the parent; the child has no page there yet (it maps the same memory)");
	figure(s, &at, VA_PAIR_ONLY_CHILD, true, "only child", point, "there in the child; the parent has no page there");
	figure(s, &at, VA_PAIR_UNKNOWN, false, "not known", point, "what cannot be told for sure: the entry was not read (pages mapped around a file fault), or records are missing");
	w = va_role_width(s->style, VA_TEXT_SMALL, "R/W set") + size + va_px(s->style, 6);
	if (at.w < w)
		return;
	mark = va_rect_cut_left(&at, w);
	va_scene_fill(s, va_rect(mark.x, mark.y + (mark.h - size) / 2, size, size), s->style->theme->absent);
	va_scene_fill(s, va_rect(mark.x + size / 3, mark.y + (mark.h - size / 3) / 2, size / 3, size / 3), s->style->theme->bright);
	va_rect_cut_left(&mark, size + va_px(s->style, 5));
	va_scene_text(s, mark, VA_TEXT_SMALL, VA_LEFT, s->style->theme->dim, "R/W set");
}

/* --- the chosen page -------------------------------------------------------------------------------------------------------------- */

static void frame_words(char *buf, size_t n, const struct va_mm *mm, __u64 addr)
{
	struct va_page page = va_mm_page(mm, addr);

	if (page.certainty == VA_PAGE_UNKNOWN)
		snprintf(buf, n, "not known");
	else if (!page.present)
		snprintf(buf, n, "no page");
	else if (!page.entry)
		snprintf(buf, n, "there, frame not known");
	else
		snprintf(buf, n, "frame 0x%" PRIx64 " %s", (uint64_t)va_entry_pfn_at(page.level, page.entry, addr), va_entry_writable(page.entry) ? "RW" : "R");
}

static void page_line(struct va_scene *s, struct va_rect at, const struct va_look *look)
{
	static const char *const words[VA_PAIR_PAGES] = {"there in neither", "shared", "copied", "only the parent's", "only the child's", "not known"};
	const struct va_fork_child *c = chosen(look);
	const struct va_mm *a = va_model_mm(look->model, c->fork.parent_mm), *b = va_fork_show_comparable(look->fork) ? va_model_mm(look->model, c->mm) : NULL;
	char addr[32], x[64], y[64] = "", text[256];
	__u64 page = look->view->page & ~4095ull;

	if (!a || (!va_mm_vma_at(a, page) && !(b && va_mm_vma_at(b, page)))) {
		va_scene_text(s, at, VA_TEXT_SMALL, VA_LEFT, s->style->theme->dim, "Click a page to see the frames behind it; click a box to choose its VMA.");
		return;
	}
	va_words_address(addr, sizeof(addr), page);
	frame_words(x, sizeof(x), a, page);
	if (b)
		frame_words(y, sizeof(y), b, page);
	snprintf(text, sizeof(text), "%s: %s; parent %s%s%s", addr, b ? words[va_pair_page(a, b, page)] : "nothing to compare with", x, b ? ", child " : "", y);
	va_scene_text(s, at, VA_TEXT_SMALL, VA_LEFT, s->style->theme->text, text);
}

void va_layout_fork_foot(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_fork_child *c = chosen(look);
	int line = line_of(s->style);
	bool compared = look->fork->pair.fork.child && c->mm && !c->exec;

	if (r.h < line)
		return;
	va_scene_fill(s, va_rect(r.x, r.y, r.w, 1), s->style->theme->line);
	story(s, va_rect_cut_top(&r, line + 2), look);
	if (!compared)
		return;
	figures(s, va_rect_cut_top(&r, line), look);
	if (r.h < 3 * line)
		return;
	page_line(s, va_rect_cut_bottom(&r, line), look);
	va_rect_cut_top(&r, va_px(s->style, 4));
	va_rect_cut_bottom(&r, va_px(s->style, 4));
	draw_curve(s, r, look);
}
