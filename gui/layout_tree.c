/* The tab of all processes: who, how it goes, when it lived, its faults and memory. For loads of hundreds of short-lived ones. */
#include <stdio.h>
#include <string.h>

#include "layout.h"
#include "words.h"

struct columns {
	struct va_rect name, state, life, faults, memory; /* x and w count */
};

static int row_height(const struct va_style *style)
{
	return va_role_height(style, VA_TEXT_BODY) + va_px(style, 5);
}

static struct columns place(struct va_rect r, const struct va_style *style)
{
	struct columns c;
	int gap = va_px(style, 10), rest;

	r = va_rect_inset(r, va_px(style, 8), 0);
	c.memory = va_rect_cut_right(&r, va_role_width(style, VA_TEXT_SMALL, "000.0 MiB"));
	va_rect_cut_right(&r, gap);
	c.faults = va_rect_cut_right(&r, va_role_width(style, VA_TEXT_SMALL, "0,000,000"));
	va_rect_cut_right(&r, gap);
	rest = r.w;
	c.name = va_rect_cut_left(&r, rest * 38 / 100);
	va_rect_cut_left(&r, gap);
	c.state = va_rect_cut_left(&r, va_min(rest * 26 / 100, va_role_width(style, VA_TEXT_SMALL, "killed by SIGKILL")));
	va_rect_cut_left(&r, gap);
	c.life = r;
	return c;
}

static struct va_rect in_row(struct va_rect column, struct va_rect row)
{
	return va_rect(column.x, row.y, column.w, row.h);
}

/* --- what can be chosen ------------------------------------------------------------------------------------------------------- */

static void chip(struct va_scene *s, struct va_rect *r, const char *text, bool on, enum va_action_id action, uint64_t arg, const char *tip)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	int pad = va_px(style, 7), w = va_role_width(style, VA_TEXT_SMALL, text) + 2 * pad;
	struct va_rect at;

	if (r->w < w)
		return;
	at = va_rect_cut_left(r, w);
	va_scene_round(s, at, va_px(style, 4), on ? t->raised : t->panel);
	va_scene_border(s, at, va_px(style, 4), 1, on ? t->accent : t->line);
	va_scene_text(s, va_rect_inset(at, pad, 0), VA_TEXT_SMALL, VA_CENTRE, on ? t->bright : t->dim, text);
	va_scene_hit(s, at, action, arg, tip);
	va_rect_cut_left(r, va_px(style, 4));
}

static void label(struct va_scene *s, struct va_rect *r, const char *text)
{
	va_rect_cut_left(r, va_scene_text(s, *r, VA_TEXT_SMALL, VA_LEFT, s->style->theme->dim, text) + va_px(s->style, 6));
}

static int choices(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	static const char *const sorts[VA_SORTS] = {"busiest", "newest", "tree"};
	static const char *const sort_tips[VA_SORTS] = {"most faults and calls on top (O)", "the last that came on top (O)", "children below their parents (O)"};
	static const char *const filters[VA_FILTERS] = {"all", "running", "family", "same name"};
	static const char *const filter_tips[VA_FILTERS] = {"all processes (Ctrl O)", "those that run at this moment (Ctrl O)",
							    "the process shown, its ancestors and descendants (Ctrl O)", "all that are called as the process shown is (Ctrl O)"};
	const struct va_tree_view *v = &look->view->tree;
	int h = va_role_height(s->style, VA_TEXT_SMALL) + va_px(s->style, 6);
	struct va_rect line = va_rect_cut_top(&r, h);

	label(s, &line, "Order");
	for (int i = 0; i < VA_SORTS; i++)
		chip(s, &line, sorts[i], (int)v->sort == i, VA_ACT_TREE_SORT_BY, (uint64_t)i, sort_tips[i]);
	va_rect_cut_left(&line, va_px(s->style, 12));
	chip(s, &line, "follow the newest", v->newest, VA_ACT_NEWEST, 0, "the picture turns to each new process as it appears (Ctrl N)");
	va_rect_cut_top(&r, va_px(s->style, 4));
	line = va_rect_cut_top(&r, h);
	label(s, &line, "Show");
	for (int i = 0; i < VA_FILTERS; i++)
		chip(s, &line, filters[i], (int)v->filter == i, VA_ACT_TREE_FILTER_BY, (uint64_t)i, filter_tips[i]);
	return 2 * h + va_px(s->style, 10);
}

/* --- the list -------------------------------------------------------------------------------------------------------------------- */

struct axis {
	__u64 from, to, now;
};

static int x_of(const struct axis *a, struct va_rect life, __u64 ts)
{
	double part = ts <= a->from ? 0 : (double)(ts - a->from) / (double)(a->to - a->from);

	return life.x + (int)((part > 1 ? 1 : part) * (double)(life.w - 1));
}

static void life_bar(struct va_scene *s, struct va_rect at, const struct va_process *p, const struct axis *axis)
{
	const struct va_theme *t = s->style->theme;
	int h = va_px(s->style, 7), x0 = x_of(axis, at, p->begin), x1 = x_of(axis, at, p->end ? p->end : axis->now), y = at.y + (at.h - h) / 2;
	struct va_rect bar = va_rect(x0, y, va_max(x1 - x0, va_px(s->style, 2)), h);

	va_scene_fill(s, va_rect(at.x, at.y + at.h / 2, at.w, 1), t->faint);
	va_scene_fill(s, bar, p->end ? va_colour_fade(t->dim, 0.7f) : t->anon);
	if (p->end && p->exit_code)
		va_scene_fill(s, va_rect(bar.x + bar.w - va_px(s->style, 2), y - 2, va_px(s->style, 2), h + 4), t->bad);
}

static void state_cell(struct va_scene *s, struct va_rect at, const struct va_process *p)
{
	const struct va_theme *t = s->style->theme;
	char text[64];

	if (!p->end && p->threads > 1)
		snprintf(text, sizeof(text), "%u threads", p->threads);
	else if (!p->end)
		snprintf(text, sizeof(text), "running");
	else
		va_words_ended(text, sizeof(text), p->exit_code);
	va_scene_text(s, at, VA_TEXT_SMALL, VA_LEFT, !p->end ? t->good : p->exit_code ? t->bad : t->dim, text);
}

static void row(struct va_scene *s, struct va_rect r, const struct columns *c, const struct va_process *p, const struct axis *axis, const struct va_look *look)
{
	const struct va_theme *t = s->style->theme;
	struct va_rect name = in_row(c->name, r);
	char text[64];

	if (look->view->tree.sort == VA_SORT_TREE)
		va_rect_cut_left(&name, va_min((int)p->depth, 8) * va_px(s->style, 10));
	va_layout_process_name(s, r, &name, p, look);
	state_cell(s, in_row(c->state, r), p);
	life_bar(s, in_row(c->life, r), p, axis);
	va_scene_text(s, in_row(c->faults, r), VA_TEXT_SMALL, VA_RIGHT, t->text, va_words_count(text, sizeof(text), p->faults));
	if (p->peak)
		va_scene_text(s, in_row(c->memory, r), VA_TEXT_SMALL, VA_RIGHT, p->end ? t->dim : t->text,
			      va_words_size(text, sizeof(text), (p->end ? p->peak : p->rss) << 12));
}

static void headings(struct va_scene *s, struct va_rect r, const struct columns *c)
{
	va_colour dim = s->style->theme->dim;

	va_scene_text(s, in_row(c->name, r), VA_TEXT_LABEL, VA_LEFT, dim, "process");
	va_scene_text(s, in_row(c->state, r), VA_TEXT_LABEL, VA_LEFT, dim, "state");
	va_scene_text(s, in_row(c->life, r), VA_TEXT_LABEL, VA_LEFT, dim, "lifetime");
	va_scene_text(s, in_row(c->faults, r), VA_TEXT_LABEL, VA_RIGHT, dim, "faults");
	va_scene_text(s, in_row(c->memory, r), VA_TEXT_LABEL, VA_RIGHT, dim, "RSS");
	va_scene_hit(s, in_row(c->memory, r), VA_ACT_TIP, 0, "memory in RAM now; of one that has ended: the most it was told to have");
	va_scene_fill(s, va_rect(r.x, r.y + r.h - 1, r.w, 1), s->style->theme->line);
}

static void list(struct va_scene *s, struct va_rect r, const struct columns *c, const struct va_look *look)
{
	const struct va_process_list *l = look->tree;
	struct axis axis = {va_history_kept_from(look->play->history), va_history_end(look->play->history), look->play->time};
	int h = row_height(s->style), y, top = r.y, end = r.y + r.h, x;
	struct va_rect was = s->clip;

	axis.to = axis.to > axis.from ? axis.to : axis.from + 1;
	va_scene_clip(s, r);
	y = r.y - va_layout_scroll(s, &r, look, VA_SCROLL_STAGE, ((int)l->count + l->can_fold) * h);
	for (size_t i = 0; i < l->count; i++, y += h)
		if (y >= top && y + h <= end)
			row(s, va_rect(r.x, y, r.w, h), c, &look->processes->process[l->index[i]], &axis, look);
	if (l->can_fold && y >= top && y + h <= end)
		va_layout_folded(s, va_rect(r.x + va_px(s->style, 8), y, r.w - va_px(s->style, 8), h), l);
	x = x_of(&axis, c->life, axis.now);
	va_scene_fill(s, va_rect(x, top, 1, va_min(y, end) - top), va_colour_fade(s->style->theme->accent, 0.5f));
	va_scene_clip(s, was);
}

void va_layout_tree(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_processes *ps = look->processes;
	struct va_rect narrow, title = va_rect_cut_top(&r, va_role_height(s->style, VA_TEXT_STRONG) + va_px(s->style, 6));
	struct columns c;
	char text[96];

	snprintf(text, sizeof(text), "%zu processes so far, %zu running", ps->count, ps->running);
	va_scene_text(s, title, VA_TEXT_STRONG, VA_LEFT, s->style->theme->text, ps->count == 1 ? "One process" : text);
	va_rect_cut_top(&r, choices(s, r, look));
	narrow = r;
	va_rect_cut_right(&narrow, va_px(s->style, 8)); /* the scroll bar's */
	c = place(narrow, s->style);
	headings(s, va_rect_cut_top(&r, va_role_height(s->style, VA_TEXT_LABEL) + va_px(s->style, 4)), &c);
	list(s, r, &c, look);
}
