/* What lies above everything: the help, and the word about the thing under the pointer. */
#include <stdio.h>
#include <string.h>

#include "input.h"
#include "layout.h"

static void shade(struct va_scene *s, struct va_rect r, int radius)
{
	for (int i = 4; i > 0; i--)
		va_scene_round(s, va_rect_inset(r, -i * 2, -i * 2), radius + i * 2, 0x18000000);
}

static int line_height(const struct va_style *style)
{
	return va_role_height(style, VA_TEXT_BODY) + va_px(style, 6);
}

static int lines_of(const char *group)
{
	int n = 0;

	for (size_t i = 0; i < va_key_count; i++)
		n += va_keys[i].name && !strcmp(va_keys[i].group, group);
	return n;
}

static void group_column(struct va_scene *s, struct va_rect r, const char *group)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	int h = line_height(style), key = va_px(style, 80);

	va_scene_text(s, va_rect_cut_top(&r, h + va_px(style, 4)), VA_TEXT_TITLE, VA_LEFT, t->bright, group);
	for (size_t i = 0; i < va_key_count && r.h >= h; i++) {
		struct va_rect at;

		if (!va_keys[i].name || strcmp(va_keys[i].group, group))
			continue;
		at = va_rect_cut_top(&r, h);
		va_scene_text(s, va_rect_cut_left(&at, key), VA_TEXT_MONO_STRONG, VA_LEFT, t->fresh, va_keys[i].name);
		va_scene_text(s, at, VA_TEXT_BODY, VA_LEFT, t->text, va_keys[i].help);
	}
}

void va_layout_help(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	static const char *const groups[] = {"Time", "Map", "Stage", "Window"};
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	int h = line_height(style), mouse = va_role_height(style, VA_TEXT_BODY) * 5, w = va_min(va_px(style, 1250), r.w - va_px(style, 16));
	int tall = h * (va_max(lines_of("Time"), lines_of("Map")) + 1) + mouse + va_px(style, 62);
	struct va_rect box = va_rect((r.w - w) / 2, va_max((r.h - tall) / 2, 0), w, va_min(tall, r.h)), in;

	s->layer = 1;
	va_scene_fill(s, r, 0xa0000000);
	shade(s, box, va_px(style, 8));
	va_scene_round(s, box, va_px(style, 8), t->panel);
	va_scene_border(s, box, va_px(style, 8), 1, t->line);
	va_scene_hit(s, r, VA_ACT_ESCAPE, 0, NULL);
	in = va_rect_inset(box, va_px(style, 24), va_px(style, 18));
	va_scene_wrap(s, va_rect_cut_bottom(&in, mouse), VA_TEXT_BODY, t->dim,
		      "Mouse: click a box to keep it large; the wheel zooms at the pointer; drag moves the map. Click or drag in the timeline to go to a moment; "
		      "the wheel zooms in time there. Click a mark, a process, a button. Hold the pointer over anything to be told what it is. "
		      "Pages of a box: full = the kernel's entry was read; weaker = in RAM as follows from an event (fork, fault-around); edge only = swapped out; "
		      "hatched = not known, or records were lost since; empty = absent.");
	w = in.w / 4;
	for (int i = 0; i < 4; i++)
		group_column(s, va_rect(in.x + i * w, in.y, w - va_px(style, 14), in.h), groups[i]);
	s->layer = 0;
}

#define TIP_LINES 12

void va_layout_tip(struct va_scene *s, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	const struct va_view *view = look->view;
	const char *tip = view->mouse_x >= 0 ? va_scene_tip_at(s, view->mouse_x, view->mouse_y) : NULL;
	int w, h, pad = va_px(style, 8);
	struct va_rect at;
	char text[1024];

	if (!tip)
		return;
	snprintf(text, sizeof(text), "%s", tip); /* the scene's own texts move while it grows */
	va_scene_clip(s, va_rect(0, 0, view->w, view->h));
	w = va_min(va_scene_text_width(s, VA_TEXT_SMALL, text), va_min(view->w - 4 * pad, va_px(style, 620)));
	h = va_scene_wrap_height(s, w, VA_TEXT_SMALL, text, TIP_LINES);
	at = va_rect(va_min(view->mouse_x + va_px(style, 12), view->w - w - 3 * pad), view->mouse_y + va_px(style, 18), w + 2 * pad, h + pad);
	if (at.y + at.h > view->h)
		at.y = va_max(view->mouse_y - at.h - va_px(style, 8), 0);
	s->layer = 2;
	shade(s, at, va_px(style, 4));
	va_scene_round(s, at, va_px(style, 4), t->raised);
	va_scene_border(s, at, va_px(style, 4), 1, t->dim);
	va_scene_wrap(s, va_rect(at.x + pad, at.y + pad / 2, w, h), VA_TEXT_SMALL, t->bright, text);
	s->layer = 0;
}
