/* What lies above everything: the help, and the word about the thing under the pointer. */
#include <stdio.h>
#include <string.h>

#include "actions.h"
#include "layout.h"

static void shade(struct va_scene *s, struct va_rect r, int radius)
{
	for (int i = 4; i > 0; i--)
		va_scene_round(s, va_rect_inset(r, -i * 2, -i * 2), radius + i * 2, 0x18000000);
}

static int group_column(struct va_scene *s, struct va_rect r, const char *group)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	int h = va_role_height(style, VA_TEXT_BODY) + va_px(style, 4), key = va_px(style, 78), y = r.y;

	va_scene_text(s, va_rect(r.x, y, r.w, h), VA_TEXT_TITLE, VA_LEFT, t->bright, group);
	y += h + va_px(style, 6);
	for (size_t i = 0; i < va_key_count; i++) {
		if (!va_keys[i].name || strcmp(va_keys[i].group, group))
			continue;
		va_scene_text(s, va_rect(r.x, y, key - 4, h), VA_TEXT_MONO_STRONG, VA_LEFT, t->fresh, va_keys[i].name);
		y += va_max(va_scene_wrap(s, va_rect(r.x + key, y, r.w - key, 2 * h), VA_TEXT_BODY, t->text, va_keys[i].help) + va_px(style, 5), h);
	}
	return y;
}

void va_layout_help(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	struct va_rect box = va_rect_inset(r, va_max((r.w - va_px(style, 1080)) / 2, va_px(style, 16)), va_max((r.h - va_px(style, 560)) / 2, va_px(style, 16))), in;
	int w, h = va_role_height(style, VA_TEXT_BODY);

	s->layer = 1;
	va_scene_fill(s, r, 0x90000000);
	shade(s, box, va_px(style, 8));
	va_scene_round(s, box, va_px(style, 8), t->panel);
	va_scene_border(s, box, va_px(style, 8), 1, t->line);
	va_scene_hit(s, r, VA_ACT_ESCAPE, 0, NULL);
	in = va_rect_inset(box, va_px(style, 24), va_px(style, 18));
	w = in.w / 3;
	group_column(s, va_rect(in.x, in.y, w - va_px(style, 18), in.h), "Time");
	group_column(s, va_rect(in.x + w, in.y, w - va_px(style, 18), in.h), "Map");
	group_column(s, va_rect(in.x + 2 * w, in.y, w - va_px(style, 18), in.h), "Window");
	va_scene_wrap(s, va_rect(in.x, in.y + in.h - 4 * h, in.w, 4 * h), VA_TEXT_BODY, t->dim,
		      "Mouse: click a box to keep it large, the wheel zooms at the pointer, drag moves the map. Click or drag in the timeline to go to a moment, "
		      "the wheel there zooms in time. Click a mark, a process, a button. Hold the pointer over anything to be told what it is.");
	s->layer = 0;
}

void va_layout_tip(struct va_scene *s, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	const struct va_view *view = look->view;
	const struct va_hit *hit = view->mouse_x >= 0 ? va_scene_hit_at(s, view->mouse_x, view->mouse_y) : NULL;
	char text[512];
	int w, h, pad = va_px(style, 8);
	struct va_rect at;

	if (!hit || hit->tip == (size_t)-1)
		return;
	snprintf(text, sizeof(text), "%s", va_scene_string(s, hit->tip));
	h = va_role_height(style, VA_TEXT_SMALL);
	w = va_min(va_role_width(style, VA_TEXT_SMALL, text), view->w - 4 * pad);
	at = va_rect(va_min(view->mouse_x + va_px(style, 12), view->w - w - 3 * pad), view->mouse_y + va_px(style, 18), w + 2 * pad, h + pad);
	if (at.y + at.h > view->h)
		at.y = view->mouse_y - at.h - va_px(style, 8);
	s->layer = 2;
	shade(s, at, va_px(style, 4));
	va_scene_round(s, at, va_px(style, 4), t->raised);
	va_scene_border(s, at, va_px(style, 4), 1, t->dim);
	va_scene_text(s, va_rect_inset(at, pad, 0), VA_TEXT_SMALL, VA_LEFT, t->bright, text);
	s->layer = 0;
}
