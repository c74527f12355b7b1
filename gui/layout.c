#include "layout.h"

#include <stdio.h>

#include "words.h"

/* Columns where the window is wide, the stage below the map where it is tall. */
static bool is_tall(struct va_rect r, const struct va_style *style)
{
	return r.h * 10 > r.w * 9 && r.h > va_px(style, 660) && r.w < va_px(style, 1300);
}

static void place_middle(struct va_panes_at *at, struct va_rect r, const struct va_style *style, const struct va_view *view, bool several)
{
	int gap = va_px(style, 8);
	bool tall = is_tall(r, style), all = view->panes == VA_PANES_ALL && !view->compact;

	if (view->panes == VA_PANES_STAGE && !view->compact) {
		at->stage = r;
		return;
	}
	if (all && tall) {
		at->stage = va_rect_cut_bottom(&r, r.h * 52 / 100);
		va_rect_cut_bottom(&r, gap);
	}
	if (several && all && r.w > va_px(style, tall ? 700 : 1000)) {
		at->processes = va_rect_cut_left(&r, va_px(style, r.w < va_px(style, 1150) ? 150 : 172));
		va_rect_cut_left(&r, gap);
	}
	if (all && !tall && r.w > va_px(style, 860)) {
		at->stage = va_rect_cut_right(&r, va_max(r.w * 53 / 100, va_px(style, 548)));
		va_rect_cut_right(&r, gap);
	}
	at->map = r;
}

void va_layout_panes(struct va_panes_at *at, const struct va_style *style, const struct va_view *view, bool several)
{
	int gap = va_px(style, 8);
	struct va_rect r = va_rect(0, 0, view->w, view->h);
	bool low = view->compact || view->h < va_px(style, 440);

	*at = (struct va_panes_at){0};
	at->status = va_rect_cut_top(&r, va_role_height(style, VA_TEXT_TITLE) + va_px(style, 16));
	at->timeline = va_rect_inset(va_rect_cut_bottom(&r, va_px(style, low ? 52 : view->h < va_px(style, 640) ? 114 : 122)), gap, 0);
	at->timeline.h -= gap;
	if (r.h > va_px(style, 360) && !view->compact)
		at->caption = va_rect_inset(va_rect_cut_bottom(&r, va_role_height(style, VA_TEXT_CAPTION) + va_px(style, 20)), gap, gap);
	else
		va_rect_cut_bottom(&r, gap);
	r = va_rect_inset(r, gap, 0);
	if (view->notice_view.explain && !view->compact) {
		at->explain = va_rect_cut_bottom(&r, va_min(va_layout_explain_height(style, r.w), r.h / 2));
		va_rect_cut_bottom(&r, gap);
	}
	place_middle(at, r, style, view, several);
}

struct va_rect va_layout_pane(struct va_scene *s, struct va_rect r, const char *title)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	int radius = va_px(style, 6);

	va_scene_clip(s, r);
	va_scene_round(s, r, radius, t->panel);
	va_scene_border(s, r, radius, 1, t->line);
	r = va_rect_inset(r, va_px(style, 10), va_px(style, 7));
	if (title) {
		struct va_rect head = va_rect_cut_top(&r, va_role_height(style, VA_TEXT_STRONG) + va_px(style, 5));

		va_scene_text(s, va_rect(head.x, head.y, head.w, va_role_height(style, VA_TEXT_STRONG)), VA_TEXT_STRONG, VA_LEFT, t->text, title);
	}
	return r;
}

va_colour va_kind_colour(const struct va_theme *t, enum va_fault_kind kind)
{
	return va_class_colour(t, va_class_of_kind(kind));
}

va_colour va_class_colour(const struct va_theme *t, enum va_class c)
{
	switch (c) {
	case VA_CLASS_ZERO:
		return t->zero;
	case VA_CLASS_FILE:
		return t->map;
	case VA_CLASS_COW:
		return t->cow;
	case VA_CLASS_HUGE:
		return t->huge;
	case VA_CLASS_BAD:
		return t->bad;
	default:
		return t->other;
	}
}

const char *va_class_name(enum va_class c)
{
	static const char *const names[VA_CLASSES] = {"demand-zero", "file", "copy-on-write", "huge", "other faults", "bad", "calls"};

	return names[c];
}

void va_layout_caption(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	const struct va_mark *mark = va_chronicle_mark(look->chronicle, look->play->time);
	const char *text = mark && mark->pos <= look->play->pos ? va_texts_get(look->texts, mark->text) : NULL;

	va_scene_clip(s, r);
	va_scene_round(s, r, va_px(look->style, 6), t->raised);
	va_scene_fill(s, va_rect(r.x, r.y + va_px(look->style, 6), va_px(look->style, 5), r.h - va_px(look->style, 12)), t->fresh);
	r = va_rect_inset(r, va_px(look->style, 18), 0);
	if (text) {
		struct va_rect number = va_rect_cut_right(&r, va_px(look->style, 70));

		va_scene_printf(s, number, VA_TEXT_BODY, VA_RIGHT, t->dim, "%td of %zu", mark - look->chronicle->marks + 1, look->chronicle->mark_count);
	}
	/* A long one smaller, rather than without its end. */
	if (text)
		va_scene_text(s, r, va_role_width(look->style, VA_TEXT_CAPTION, text) <= r.w ? VA_TEXT_CAPTION : VA_TEXT_TITLE, VA_LEFT, t->bright, text);
	else
		va_scene_text(s, r, VA_TEXT_BODY, VA_LEFT, t->dim,
			      look->chronicle->mark_count ? "Before the first mark." :
			      "Marks that the program writes appear here as captions.");
}

static bool several_tasks(const struct va_model *model)
{
	return va_model_task_count(model) > 1;
}

static void nothing_yet(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	int h = va_role_height(look->style, VA_TEXT_CAPTION);

	va_scene_clip(s, r);
	va_scene_text(s, va_rect(r.x, r.y + r.h / 2 - h, r.w, h), VA_TEXT_CAPTION, VA_CENTRE, t->text, "Waiting for the first event");
	va_scene_text(s, va_rect(r.x, r.y + r.h / 2 + h / 2, r.w, h), VA_TEXT_BODY, VA_CENTRE, t->dim,
		      look->view->source ? look->view->source : "The kernel has not said anything yet.");
}

void va_layout(struct va_scene *s, const struct va_look *look)
{
	const struct va_view *view = look->view;
	struct va_rect all = va_rect(0, 0, view->w, view->h);
	struct va_panes_at at;

	va_scene_begin(s, look->style, view->w, view->h);
	if (!look->model) {
		nothing_yet(s, all, look);
		return;
	}
	va_layout_panes(&at, look->style, view, several_tasks(look->model));
	va_layout_status(s, at.status, look);
	if (!va_rect_empty(at.processes))
		va_layout_processes(s, at.processes, look);
	if (!va_rect_empty(at.map))
		va_layout_map(s, at.map, look);
	if (!va_rect_empty(at.stage))
		va_layout_stage(s, at.stage, look);
	if (!va_rect_empty(at.explain))
		va_layout_explain(s, at.explain, look);
	if (!va_rect_empty(at.caption))
		va_layout_caption(s, at.caption, look);
	va_layout_timeline(s, at.timeline, look);
	va_scene_clip(s, all);
	if (view->help)
		va_layout_help(s, all, look);
	else
		va_layout_tip(s, look);
}
