/*
 * Explain mode: the newest event of the process shown, told to students. A fault is told as its steps, side by side from the access to the retry, and each comes up with the
 * part of the walk it belongs to. Where there is no room for that: the names of the steps in a row, and the newest one's words.
 */
#include <stdio.h>

#include "anim.h"
#include "layout.h"
#include "maps.h"
#include "words_explain.h"

#define LINES_WIDE 6
#define LINES_NARROW 4
#define LETTERS_LEAST 18 /* in a line of the narrowest step */

/* How much room each step takes of a line, by its usual length. */
static const int weights[VA_EXPLAIN_STEPS] = {10, 16, 11, 12, 12, 13, 13};

static int line_of(const struct va_style *style)
{
	return va_role_height(style, VA_TEXT_SMALL) + va_px(style, 1);
}

static int heading_height(const struct va_style *style)
{
	return va_role_height(style, VA_TEXT_STRONG) + va_px(style, 5);
}

static bool is_wide(const struct va_style *style, int w)
{
	int sum = 0;

	for (int i = 0; i < VA_EXPLAIN_STEPS; i++)
		sum += weights[i];
	return w * weights[0] / sum - va_px(style, 14) >= va_role_width(style, VA_TEXT_SMALL, "n") * LETTERS_LEAST;
}

int va_layout_explain_height(const struct va_style *style, int w)
{
	int lines = is_wide(style, w - va_px(style, 20)) ? LINES_WIDE : LINES_NARROW;

	return 2 * heading_height(style) + lines * line_of(style) + va_px(style, 18);
}

/* The newest thing that happened to it: what the news begin with, where that is no fault; else the fault whose walk is shown. */
static const struct vmatlas_record *event_of(const struct va_look *look)
{
	const struct vmatlas_record *news = look->news->count ? &look->news->item[0].rec : NULL;

	if (!look->walk->valid)
		return news;
	return news && news->head.type != VMATLAS_FAULT && news->head.ts > look->walk->rec.head.ts ? news : &look->walk->rec;
}

/* Steps that have been told by now: they come with the parts of the walk. */
static unsigned told_by_now(const struct va_look *look, const struct va_explanation *e)
{
	struct va_walk walk;
	unsigned n = 1;

	if (!e->fault)
		return e->steps;
	va_walk_after(&look->walk->rec.fault, look->header->levels, &walk);
	while (n < e->steps && va_walk_show_part(look->walk, n * (walk.steps + 1) / e->steps, look->now) > 0)
		n++;
	return n;
}

static bool is_over(const struct va_look *look, const struct va_explanation *e)
{
	struct va_walk walk;

	if (!e->fault)
		return true;
	va_walk_after(&look->walk->rec.fault, look->header->levels, &walk);
	return va_walk_show_part(look->walk, walk.steps, look->now) >= 1;
}

static void label(struct va_scene *s, struct va_rect r, const struct va_explanation *e, unsigned i, bool told, bool newest)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	int mark = va_px(style, 2);

	va_scene_fill(s, va_rect(r.x, r.y + r.h - mark, r.w, mark), newest ? t->fresh : told ? t->dim : t->faint);
	r.h -= mark;
	if (e->fault && e->steps > 1) {
		char number[8];

		snprintf(number, sizeof(number), "%u", i + 1);
		va_rect_cut_left(&r, va_scene_text(s, r, VA_TEXT_MONO_STRONG, VA_LEFT, newest ? t->fresh : told ? t->text : t->dim, number) + va_px(style, 5));
	}
	va_scene_text(s, r, VA_TEXT_STRONG, VA_LEFT, newest ? t->bright : told ? t->text : t->dim, e->step[i].label);
}

static void side_by_side(struct va_scene *s, struct va_rect r, const struct va_explanation *e, unsigned told, bool over)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	int sum = 0, gap = va_px(style, 12), room;

	for (unsigned i = 0; i < e->steps; i++)
		sum += weights[i];
	room = r.w - (int)(e->steps - 1) * gap;
	for (unsigned i = 0; i < e->steps; i++) {
		struct va_rect at = va_rect_cut_left(&r, i + 1 == e->steps ? r.w : room * weights[i] / sum);

		va_rect_cut_left(&r, gap);
		if (i < told)
			va_scene_hit(s, at, VA_ACT_TIP, 0, e->step[i].text);
		label(s, va_rect_cut_top(&at, heading_height(style)), e, i, i < told, i + 1 == told && !over);
		va_rect_cut_top(&at, va_px(style, 3));
		if (i < told)
			va_scene_wrap(s, at, e->steps == 1 ? VA_TEXT_BODY : VA_TEXT_SMALL, i + 1 == told && !over ? t->bright : t->text, e->step[i].text);
	}
}

static void one_at_a_time(struct va_scene *s, struct va_rect r, const struct va_explanation *e, unsigned told, bool over)
{
	const struct va_style *style = s->style;
	struct va_rect row = va_rect_cut_top(&r, heading_height(style));
	int each = row.w / (int)e->steps, gap = va_px(style, 4);

	for (unsigned i = 0; i < e->steps; i++) {
		struct va_rect at = va_rect_cut_left(&row, each);

		at.w -= gap;
		label(s, at, e, i, i < told, i + 1 == told && !over);
		va_scene_hit(s, at, VA_ACT_TIP, 0, e->step[i].text);
	}
	va_rect_cut_top(&r, va_px(style, 3));
	va_scene_wrap(s, r, VA_TEXT_SMALL, style->theme->text, e->step[told - 1].text);
}

static void nothing_yet(struct va_scene *s, struct va_rect r)
{
	va_scene_wrap(s, r, VA_TEXT_BODY, s->style->theme->dim, "Each event of this process will be explained here. Step through them with . and , or let them come one by one with E.");
}

void va_layout_explain(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct vmatlas_record *rec = event_of(look);
	struct va_rect in = va_layout_pane(s, r, NULL), head;
	const struct va_vma *vma;
	struct va_explanation e;
	unsigned told;
	bool over;
	char name[4200] = "", clock[32];
	const char *vma_name = "";

	va_scene_clip(s, r);
	if (!rec) {
		nothing_yet(s, in);
		return;
	}
	vma = look->mm && rec->head.type == VMATLAS_FAULT ? va_mm_vma_at(look->mm, rec->fault.addr) : NULL;
	if (vma)
		vma_name = va_vma_name(look->mm, vma, look->texts, look->header->rules, name, sizeof(name));
	va_words_explain(&e, rec, look->header->levels, look->model, look->mm, vma_name);
	told = told_by_now(look, &e);
	over = is_over(look, &e);
	s->busy |= !over;
	head = va_rect_cut_top(&in, heading_height(style));
	va_words_clock(clock, sizeof(clock), rec->head.ts - va_history_begin(look->play->history));
	va_rect_cut_right(&head, va_scene_text(s, head, VA_TEXT_MONO_SMALL, VA_RIGHT, style->theme->dim, clock) + va_px(style, 12));
	va_scene_text(s, head, VA_TEXT_STRONG, VA_LEFT, style->theme->bright, e.title);
	if (is_wide(style, in.w) || e.steps == 1)
		side_by_side(s, in, &e, told, over);
	else
		one_at_a_time(s, in, &e, told, over);
}
