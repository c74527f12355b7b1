/* The newest events in words, newest on top. */
#include <stdio.h>

#include "layout.h"
#include "words.h"

static va_colour news_colour(const struct va_look *look, const struct vmatlas_record *rec)
{
	const struct va_theme *t = look->style->theme;

	if (rec->head.type == VMATLAS_FAULT)
		return va_kind_colour(t, va_fault_kind(rec, look->header->levels));
	return rec->head.type == VMATLAS_LOSS ? t->warn : t->text;
}

static void news_text(char *buf, size_t n, const struct va_news_item *item, const struct va_look *look)
{
	char count[32], addr[32];
	const struct vmatlas_record *rec = &item->rec;

	if (rec->head.type != VMATLAS_FAULT) {
		va_words_event(buf, n, rec, look->header->levels, look->model);
		return;
	}
	va_words_address(addr, sizeof(addr), rec->fault.addr);
	if (item->count == 1)
		snprintf(buf, n, "page fault at %s: %s", addr, va_words_kind(va_fault_kind(rec, look->header->levels)));
	else
		snprintf(buf, n, "%s%s page faults, the last at %s: %s", va_words_count(count, sizeof(count), item->count), item->cut ? " or more" : "",
			 addr, va_words_kind(va_fault_kind(rec, look->header->levels)));
}

static void news_line(struct va_scene *s, struct va_rect at, const struct va_news_item *item, bool first, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	int dot = va_px(style, 6), clock_w = va_role_width(style, VA_TEXT_MONO_SMALL, "000.000 s") + va_px(style, 10);
	char text[512], clock[32];
	struct va_rect time = va_rect_cut_left(&at, clock_w);

	va_words_clock(clock, sizeof(clock), item->rec.head.ts - va_history_begin(look->play->history));
	va_scene_text(s, va_rect(time.x, time.y, time.w - va_px(style, 8), time.h), VA_TEXT_MONO_SMALL, VA_RIGHT, t->dim, clock);
	va_scene_round(s, va_rect(at.x, at.y + (at.h - dot) / 2, dot, dot), item->rec.head.type == VMATLAS_FAULT ? dot / 2 : 0,
		       news_colour(look, &item->rec));
	va_rect_cut_left(&at, dot + va_px(style, 6));
	va_scene_hit(s, at, VA_ACT_EVENT, item->pos, "Click for all facts of this event.");
	news_text(text, sizeof(text), item, look);
	va_scene_text(s, at, first ? VA_TEXT_STRONG : VA_TEXT_SMALL, VA_LEFT, first ? t->text : t->dim, text);
}

void va_layout_news(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	int line = va_role_height(look->style, VA_TEXT_BODY) + va_px(look->style, 1);

	va_scene_fill(s, va_rect(r.x, r.y, r.w, 1), look->style->theme->line);
	va_rect_cut_top(&r, va_px(look->style, 4));
	for (size_t i = 0; i < look->news->count && r.h >= line; i++)
		news_line(s, va_rect_cut_top(&r, line), &look->news->item[i], !i, look);
}
