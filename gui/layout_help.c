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

#define COLUMNS_MAX 4
static const char *const groups[] = {"Time", "Map", "Stage", "Window"};
#define GROUPS ((int)(sizeof(groups) / sizeof(groups[0])))

static const char mouse_words[] =
	"Mouse: click a box to keep it large, a page to see its walk, an entry of the legend to see only such boxes; "
	"the wheel zooms at the pointer, down to single pages; drag moves the map. Click or drag in the timeline to go to a moment; "
	"the wheel zooms in time there. Click a mark, a process, a button. Hold the pointer over anything to be told what it is. "
	"Pages of a box: full = the kernel's entry was read; weaker = in RAM as follows from an event (fork, fault-around); edge only = swapped out; "
	"hatched = not known, or records were lost since; empty = absent.";

static int lines_of(const char *group)
{
	int n = 0;

	for (size_t i = 0; i < va_key_count; i++)
		n += va_keys[i].name && !strcmp(va_keys[i].group, group);
	return n;
}

static int group_height(const struct va_style *style, const char *group)
{
	return (lines_of(group) + 1) * line_height(style) + va_px(style, 18);
}

static void group_column(struct va_scene *s, struct va_rect r, const char *group)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	int h = line_height(style), key = va_role_width(style, VA_TEXT_MONO_STRONG, "Ctrl Shift B ") + va_px(style, 4);

	va_scene_text(s, va_rect_cut_top(&r, h + va_px(style, 4)), VA_TEXT_TITLE, VA_LEFT, t->bright, group);
	for (size_t i = 0; i < va_key_count; i++) {
		struct va_rect at;

		if (!va_keys[i].name || strcmp(va_keys[i].group, group))
			continue;
		at = va_rect_cut_top(&r, h);
		va_scene_text(s, va_rect_cut_left(&at, key), VA_TEXT_MONO_STRONG, VA_LEFT, t->fresh, va_keys[i].name);
		va_scene_text(s, at, VA_TEXT_BODY, VA_LEFT, t->text, va_keys[i].help);
	}
}

/* Each group goes where there is most room; returns the tallest column. */
static int place_groups(const struct va_style *style, int columns, int column[GROUPS], int y[GROUPS])
{
	int used[COLUMNS_MAX] = {0}, most = 0;

	for (int i = 0; i < GROUPS; i++) {
		column[i] = 0;
		for (int c = 1; c < columns; c++)
			if (used[c] < used[column[i]])
				column[i] = c;
		y[i] = used[column[i]];
		used[column[i]] += group_height(style, groups[i]);
		most = va_max(most, used[column[i]]);
	}
	return most;
}

void va_layout_help(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	int pad = va_px(style, 20), w = va_min(va_px(style, 1250), r.w - va_px(style, 16)), columns, keys, words, top, column[GROUPS], y[GROUPS];
	struct va_rect box, in;

	columns = va_min(va_max((w - 2 * pad) / va_px(style, 270), 1), COLUMNS_MAX);
	keys = place_groups(style, columns, column, y);
	words = va_scene_wrap_height(s, w - 2 * pad - va_px(style, 8), VA_TEXT_BODY, mouse_words, 100);
	box = va_rect((r.w - w) / 2, 0, w, va_min(keys + words + 2 * pad, r.h));
	box.y = (r.h - box.h) / 2;
	s->layer = 1;
	va_scene_fill(s, r, 0xa0000000);
	shade(s, box, va_px(style, 8));
	va_scene_round(s, box, va_px(style, 8), t->panel);
	va_scene_border(s, box, va_px(style, 8), 1, t->line);
	va_scene_hit(s, r, VA_ACT_ESCAPE, 0, NULL);
	in = va_rect_inset(box, pad, pad);
	va_scene_clip(s, in);
	top = va_layout_scroll(s, &in, look, VA_SCROLL_HELP, keys + words);
	for (int i = 0; i < GROUPS; i++)
		group_column(s, va_rect(in.x + column[i] * (in.w / columns), in.y + y[i] - top, in.w / columns - va_px(style, 14), keys), groups[i]);
	va_scene_wrap(s, va_rect(in.x, in.y + keys - top, in.w, words), VA_TEXT_BODY, t->dim, mouse_words);
	va_scene_clip(s, r);
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
