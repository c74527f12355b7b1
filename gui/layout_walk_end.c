/* The end of a walk: the frame with the byte meant in it (and the old one, after copy-on-write), or in words why there is none. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "layout.h"
#include "told.h"
#include "words.h"

/* The frame: a page of memory with the byte meant in it, its words below; returns where that byte is */
static float draw_frame(struct va_scene *s, struct va_rect at, const char *title, const char *number, va_colour colour, bool old, double byte_at)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	int h = va_role_height(style, VA_TEXT_SMALL), y = at.y + 2 + (int)((double)(at.h - 6) * byte_at);

	va_scene_round(s, at, va_px(style, 4), va_colour_fade(colour, old ? 0.12f : 0.3f));
	if (!old)
		va_scene_fill(s, va_rect(at.x + 2, y, at.w - 4, va_max(2, va_px(style, 2))), t->accent);
	va_scene_border(s, at, va_px(style, 4), va_px(style, old ? 1 : 2), old ? va_colour_fade(colour, 0.6f) : colour);
	at.y += at.h + va_px(style, 3);
	va_scene_text(s, va_rect(at.x, at.y, at.w, h), VA_TEXT_LABEL, VA_LEFT, old ? t->dim : t->text, title);
	va_scene_text(s, va_rect(at.x, at.y + h, at.w, h), VA_TEXT_MONO, VA_LEFT, old ? t->dim : t->text, number);
	return (float)y + 1;
}

static void draw_stop(struct va_scene *s, struct va_rect at, const struct va_look *look, const char *words)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	int size = va_px(style, 9), x = at.x + at.w / 2, y = at.y + va_px(style, 18);

	va_scene_round(s, at, va_px(style, 4), va_colour_fade(t->bad, 0.2f));
	va_scene_border(s, at, va_px(style, 4), va_px(style, 2), t->bad);
	va_scene_line(s, (float)(x - size), (float)(y - size), (float)(x + size), (float)(y + size), (float)va_px(style, 4), 0, t->bad);
	va_scene_line(s, (float)(x + size), (float)(y - size), (float)(x - size), (float)(y + size), (float)va_px(style, 4), 0, t->bad);
	at = va_rect_inset(at, va_px(style, 7), 0);
	va_rect_cut_top(&at, va_px(style, 36));
	va_scene_wrap(s, at, VA_TEXT_STRONG, t->text, words);
	va_scene_hit(s, at, VA_ACT_TIP, 0, words);
}

/* No page, and no mistake either: what is known of it. */
static void draw_nothing(struct va_scene *s, struct va_rect at, bool known, const char *words)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;

	va_scene_round(s, at, va_px(style, 4), t->raised);
	if (!known)
		va_scene_hatch(s, at, VA_HATCH_FALLING, va_px(style, 6), 1, va_colour_fade(t->uncertain, 0.25f));
	va_scene_border(s, at, va_px(style, 4), 1, t->line);
	va_scene_hit(s, at, VA_ACT_TIP, 0, words);
	at = va_rect_inset(at, va_px(style, 7), va_px(style, 6));
	va_scene_wrap(s, at, VA_TEXT_BODY, t->text, words);
}

/* Copy-on-write: the frame the page had before, and that it was copied */
static void draw_old(struct va_scene *s, struct va_rect at, __u64 pfn, float part, const struct va_look *look)
{
	const struct va_style *style = look->style;
	float x = (float)(at.x + at.w - va_px(style, 14)), lift = (float)va_px(style, 20);
	struct va_point from = {x, (float)at.y}, to = {x + 0.5f, (float)at.y - lift}, p[4] = {from, {from.x + 0.3f, from.y}, {to.x - 0.3f, to.y}, to};
	char number[32];

	snprintf(number, sizeof(number), "0x%" PRIx64, (uint64_t)pfn);
	draw_frame(s, at, "old frame", number, style->theme->dim, true, 0);
	va_scene_curve(s, p, part, (float)va_px(style, 1.8f) * (style->theme->line_width > 1 ? 1.5f : 1), (float)va_px(style, 8), style->theme->cow);
	va_scene_text(s, va_rect(at.x, at.y - va_px(style, 18), at.w - va_px(style, 24), va_px(style, 16)), VA_TEXT_LABEL, VA_LEFT, style->theme->cow, "copied");
}

static const char *frame_title(const struct va_told *told)
{
	if (told->rec && (told->rec->head.flags & VMATLAS_F_ZERO_PAGE))
		return "page of zeros";
	if (told->cow)
		return "the copy";
	return told->walk.page_size > 4096 ? "huge page, first frame" : "page frame";
}

static void byte_words(struct va_scene *s, struct va_rect at, __u64 page_size, __u64 byte)
{
	char size[32], longer[64], shorter[32];

	snprintf(longer, sizeof(longer), "%s, byte 0x%" PRIx64, va_words_size(size, sizeof(size), page_size), (uint64_t)byte);
	snprintf(shorter, sizeof(shorter), "byte 0x%" PRIx64, (uint64_t)byte);
	va_scene_text_either(s, at, VA_TEXT_SMALL, s->style->theme->dim, longer, shorter);
}

static const char *why_nothing(const struct va_told *told, char *buf, size_t n, bool *known)
{
	const struct va_slot *last = &told->known.slot[told->walk.steps - 1];

	*known = true;
	if (told->rec)
		return "nothing there";
	switch (last->kind) {
	case VA_SLOT_NOTE:
		return va_entry_words(buf, n, told->walk.step[told->walk.steps - 1].level, last->entry, &told->rules);
	case VA_SLOT_EMPTY:
		return last->size > 4096 ? "No table, so no page: the next access faults." : "No page: the next access faults.";
	case VA_SLOT_KERNEL:
		return "The kernel's half.";
	default:
		*known = false;
		return "Not known: no record has told whether a page is there.";
	}
}

static void draw_none(struct va_scene *s, struct va_rect column, int grid_y, int grid_h, const struct va_told *told)
{
	char words[240];
	bool known;
	const char *why = why_nothing(told, words, sizeof(words), &known);

	if (!told->rec)
		draw_nothing(s, va_rect(column.x, grid_y, column.w, va_max(grid_h, va_px(s->style, 96))), known, why);
}

float va_layout_walk_end(struct va_scene *s, struct va_rect column, int grid_y, int grid_h, float part, const struct va_look *look, const struct va_told *told)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	const struct va_walk *walk = &told->walk;
	struct va_rect head = va_rect(column.x, column.y, column.w, va_role_height(style, VA_TEXT_STRONG)), frame, text;
	int h = va_role_height(style, VA_TEXT_SMALL);
	char number[48] = "not known";
	float y;

	if (told->rec && told->kind == VA_FAULT_BAD) {
		va_scene_text(s, head, VA_TEXT_STRONG, VA_LEFT, t->bad, "stop");
		draw_stop(s, va_rect(column.x, grid_y, column.w, va_max(grid_h * 6 / 10, va_px(style, 96))), look,
			  va_bad_reason_words(va_words_bad_reason(told->rec, look->mm)));
		return (float)grid_y + 4;
	}
	va_scene_text(s, head, VA_TEXT_STRONG, VA_LEFT, t->text, walk->complete ? "frame" : told->rec ? "nothing there" : "no page");
	if (!walk->complete) {
		draw_none(s, column, grid_y, grid_h, told);
		return (float)grid_y + 4;
	}
	frame = va_rect(column.x, grid_y, column.w, walk->page_size > 4096 ? grid_h : va_min(va_max(grid_h * 4 / 10, va_px(style, 36)), va_px(style, 120)));
	if (walk->step[walk->steps - 1].entry)
		snprintf(number, sizeof(number), "0x%" PRIx64, (uint64_t)(walk->pfn & ~((walk->page_size >> 12) - 1)));
	y = draw_frame(s, frame, frame_title(told), number, told->rec ? va_kind_colour(t, told->kind) : t->other, false,
		       (double)(told->addr & (walk->page_size - 1)) / (double)walk->page_size);
	text = va_rect(column.x, frame.y + frame.h + va_px(style, 3) + 2 * h, column.w, h);
	if (told->cow && text.y + va_px(style, 22) + frame.h + va_px(style, 3) + 2 * h > column.y + column.h) {
		snprintf(number, sizeof(number), "copied from 0x%" PRIx64, (uint64_t)told->old_pfn);
		va_scene_text_either(s, text, VA_TEXT_LABEL, t->cow, number, strstr(number, "0x"));
		va_scene_hit(s, text, VA_ACT_TIP, 0, number);
	} else if (told->cow)
		draw_old(s, va_rect(frame.x, text.y + va_px(style, 22), frame.w, frame.h), told->old_pfn, part, look);
	else
		byte_words(s, text, walk->page_size, told->addr & (walk->page_size - 1));
	return y;
}
