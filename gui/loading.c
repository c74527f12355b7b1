#include "loading.h"

#include <stdio.h>

#include "layout.h"
#include "words.h"

void va_layout_loading(struct va_scene *s, const struct va_style *style, int w, int h, const char *name, double part, size_t records)
{
	const struct va_theme *t = style->theme;
	int wide = va_min(va_px(style, 420), w - 2 * va_px(style, 16)), line = va_role_height(style, VA_TEXT_BODY) + va_px(style, 6);
	struct va_rect r = va_rect((w - wide) / 2, h / 2 - 2 * line - va_px(style, 20), wide, h), bar, buttons;
	char count[32];

	va_scene_begin(s, style, w, h);
	va_scene_fill(s, va_rect(0, 0, w, h), t->ground);
	va_scene_text(s, va_rect_cut_top(&r, va_role_height(style, VA_TEXT_CAPTION) + va_px(style, 4)), VA_TEXT_CAPTION, VA_LEFT, t->text, "Loading");
	va_scene_text_tail(s, va_rect_cut_top(&r, line), VA_TEXT_BODY, VA_LEFT, t->dim, name ? name : "");
	va_rect_cut_top(&r, va_px(style, 8));
	bar = va_rect_cut_top(&r, va_px(style, 10));
	va_scene_round(s, bar, bar.h / 2, t->faint);
	va_scene_round(s, va_rect(bar.x, bar.y, va_max((int)(bar.w * part), bar.h), bar.h), bar.h / 2, t->good);
	va_rect_cut_top(&r, va_px(style, 8));
	buttons = va_rect_cut_top(&r, va_px(style, 24));
	va_layout_button(s, &buttons, "stop here", false, VA_ACT_ESCAPE, 0, "what has been read can be looked at  Esc");
	va_scene_printf(s, va_rect(buttons.x + va_px(style, 4), buttons.y, buttons.w - va_px(style, 4), buttons.h), VA_TEXT_BODY, VA_RIGHT, t->dim, "%.0f %%, %s records",
			part * 100, va_words_count(count, sizeof(count), records));
}
