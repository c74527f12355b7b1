#include "sheet.h"

#include <stdio.h>
#include <string.h>

#include "layout.h"

static void put(struct va_sheet *s, const char *a, const char *b)
{
	int n;

	if (!s->text || s->text_used + 1 >= s->text_room)
		return;
	n = snprintf(s->text + s->text_used, s->text_room - s->text_used, *a && *b ? "%-14s %s\n" : "%s%s\n", a, b);
	s->text_used += (size_t)va_min(n, (int)(s->text_room - s->text_used - 1));
}

static int line_of(const struct va_sheet *s, enum va_text_role role)
{
	return va_role_height(s->style, role) + va_px(s->style, 2);
}

static struct va_rect next(struct va_sheet *s, int h)
{
	struct va_rect at = va_rect(s->r.x, s->r.y + s->y, s->r.w, h);

	s->y += h;
	return at;
}

void va_sheet_space(struct va_sheet *s)
{
	put(s, "", "");
	s->y += va_px(s->style, 9);
}

void va_sheet_heading(struct va_sheet *s, const char *text)
{
	struct va_rect at;

	if (s->y)
		va_sheet_space(s);
	put(s, text, "");
	at = next(s, line_of(s, VA_TEXT_STRONG) + va_px(s->style, 3));
	if (!s->scene)
		return;
	va_scene_fill(s->scene, va_rect(at.x, at.y + at.h - va_px(s->style, 2), at.w, 1), s->style->theme->line);
	va_scene_text(s->scene, va_rect(at.x, at.y, at.w, va_role_height(s->style, VA_TEXT_STRONG)), VA_TEXT_STRONG, VA_LEFT, s->style->theme->bright, text);
}

/* In lines, each as far as it is in sight; without a scene only its height is counted. */
static void wrapped(struct va_sheet *s, struct va_rect at, enum va_text_role role, va_colour colour, const char *text)
{
	if (s->scene)
		va_scene_wrap(s->scene, at, role, colour, text);
}

static int height_of(const struct va_sheet *s, int w, enum va_text_role role, const char *text)
{
	struct va_scene measure = {.style = s->style};

	return va_scene_wrap_height(&measure, w, role, text, 12);
}

void va_sheet_row(struct va_sheet *s, const char *key, const char *value, enum va_text_role role, va_colour colour, va_colour mark)
{
	int dot = mark ? va_px(s->style, 12) : 0, size = va_px(s->style, 7), h = height_of(s, s->r.w - s->key_width - dot, role, value);
	struct va_rect at = next(s, va_max(h, va_role_height(s->style, VA_TEXT_SMALL)) + va_px(s->style, 3)), left;

	put(s, key, value);
	at.h -= va_px(s->style, 3);
	left = va_rect_cut_left(&at, s->key_width);
	if (!s->scene)
		return;
	va_scene_text(s->scene, va_rect(left.x, left.y, left.w - va_px(s->style, 6), va_role_height(s->style, role)), VA_TEXT_SMALL, VA_LEFT, s->style->theme->dim, key);
	if (mark)
		va_scene_round(s->scene, va_rect(at.x, at.y + (va_role_height(s->style, role) - size) / 2, size, size), size / 2, mark);
	va_rect_cut_left(&at, dot);
	wrapped(s, at, role, colour, value);
}

void va_sheet_fact(struct va_sheet *s, const char *key, const char *fmt, ...)
{
	char value[4800];
	va_list args;

	va_start(args, fmt);
	vsnprintf(value, sizeof(value), fmt, args);
	va_end(args);
	va_sheet_row(s, key, value, VA_TEXT_BODY, s->style->theme->text, 0);
}

void va_sheet_words(struct va_sheet *s, const char *text, va_colour colour)
{
	int h = height_of(s, s->r.w, VA_TEXT_SMALL, text);

	put(s, text, "");
	wrapped(s, next(s, h + va_px(s->style, 3)), VA_TEXT_SMALL, colour, text);
}

void va_sheet_link(struct va_sheet *s, const char *key, const char *value, enum va_action_id action, uint64_t arg, bool chosen)
{
	const struct va_theme *t = s->style->theme;
	struct va_rect at = next(s, line_of(s, VA_TEXT_BODY)), row = at;

	put(s, key, value);
	if (!s->scene)
		return;
	if (chosen) {
		struct va_rect bar = va_rect(at.x - va_px(s->style, 8), at.y, at.w + va_px(s->style, 8), at.h);

		va_scene_round(s->scene, bar, va_px(s->style, 4), t->raised);
		va_scene_fill(s->scene, va_rect(bar.x, at.y + 2, va_px(s->style, 3), at.h - 4), t->accent);
	}
	va_scene_text(s->scene, va_rect(at.x, at.y, s->key_width - va_px(s->style, 6), at.h), VA_TEXT_SMALL, VA_LEFT, t->dim, key);
	va_rect_cut_left(&at, s->key_width);
	va_scene_text(s->scene, at, VA_TEXT_BODY, VA_LEFT, chosen ? t->bright : t->text, value);
	if (!va_rect_empty(va_rect_cross(row, s->scene->clip)))
		va_scene_hit(s->scene, va_rect_cross(row, s->scene->clip), action, arg, "Click to look at it.");
}

void va_sheet_layout(struct va_scene *s, struct va_rect r, const struct va_look *look, unsigned scroll,
		     void (*fn)(struct va_sheet *sheet, const struct va_look *look))
{
	struct va_sheet sheet = {.style = look->style, .r = r, .key_width = va_min(va_px(look->style, 118), r.w / 3)};
	int at;

	sheet.r.w -= va_px(look->style, 8); /* the bar's: so the height does not depend on it */
	fn(&sheet, look);
	at = va_layout_scroll(s, &r, look, scroll, sheet.y);
	sheet.r.y = r.y - at;
	sheet.r.h = sheet.y;
	sheet.y = 0;
	sheet.scene = s;
	fn(&sheet, look);
}
