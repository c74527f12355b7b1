/* One entry: as a small card below its table, and enlarged: a ruler of its 64 bits and what each field says. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "layout.h"
#include "told.h"
#include "words.h"

#define TIP 1400

int va_layout_card_height(const struct va_style *style)
{
	return va_role_height(style, VA_TEXT_SMALL) * 7 + va_px(style, 12);
}

/* "63 NX 1: no instruction may be fetched from it", the bits that are used, one a line */
static void list_of_fields(char *buf, size_t n, unsigned level, __u64 entry, const struct va_entry_rules *rules)
{
	struct va_entry_field f[VA_ENTRY_FIELDS];
	size_t count = va_entry_fields(level, entry, rules, f), at;

	at = (size_t)snprintf(buf, n, "0x%" PRIx64 ", click to enlarge", (uint64_t)entry);
	for (size_t i = 0; i < count && at < n; i++)
		if (*f[i].name)
			at += (size_t)snprintf(buf + at, n - at, "\n%s 0x%" PRIx64 ": %s", f[i].name, (uint64_t)f[i].value, f[i].says);
}

/* P RW US A D … as chips: lit where set, faint where the lectures' bits are clear; returns their height */
static int chips(struct va_scene *s, struct va_rect r, unsigned level, __u64 entry, const struct va_entry_rules *rules)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	struct va_entry_field f[VA_ENTRY_FIELDS];
	size_t count = va_entry_fields(level, entry, rules, f);
	int x = r.x, y = r.y, h = va_role_height(style, VA_TEXT_LABEL), pad = va_px(style, 2);

	for (size_t i = 0; i < count; i++) {
		bool always = f[i].kind == VA_FIELD_HARDWARE && (f[i].shift < 3 || f[i].shift == 63 || (f[i].shift >= 5 && f[i].shift < 7));
		int w = va_role_width(style, VA_TEXT_LABEL, f[i].name) + 2 * pad;
		char tip[128];

		if (!*f[i].name || f[i].width > 1 || (!f[i].value && !always))
			continue;
		if (x + w > r.x + r.w && x > r.x) {
			x = r.x;
			y += h + 1;
		}
		if (y + h > r.y + r.h)
			break;
		struct va_rect at = va_rect(x, y, va_min(w, r.w), h);

		if (f[i].value)
			va_scene_round(s, at, 2, va_colour_fade(t->field[level], 0.35f));
		va_scene_text(s, va_rect_inset(at, pad, 0), VA_TEXT_LABEL, VA_LEFT, f[i].value ? t->text : va_colour_mix(t->dim, t->panel, 0.45f), f[i].name);
		snprintf(tip, sizeof(tip), "bit %u, %s = %d: %s", f[i].shift, f[i].name, f[i].value != 0, f[i].says);
		va_scene_hit(s, at, VA_ACT_TIP, 0, tip);
		x += w + va_px(style, 2);
	}
	return y + h - r.y;
}

/* All digits, in two lines where the column is narrow. */
static int digits(struct va_scene *s, struct va_rect r, __u64 entry)
{
	const struct va_style *style = s->style;
	int h = va_role_height(style, VA_TEXT_SMALL);
	char high[24], low[16];

	snprintf(high, sizeof(high), "%" PRIx64, (uint64_t)entry);
	if (va_role_width(style, VA_TEXT_MONO_SMALL, high) <= r.w) {
		va_scene_text(s, va_rect(r.x, r.y, r.w, h), VA_TEXT_MONO_SMALL, VA_LEFT, style->theme->text, high);
		return h;
	}
	snprintf(high, sizeof(high), "%x", (unsigned)(entry >> 32));
	snprintf(low, sizeof(low), "%08x", (unsigned)entry);
	va_scene_text(s, va_rect(r.x, r.y, r.w, h), VA_TEXT_MONO_SMALL, VA_LEFT, style->theme->text, high);
	va_scene_text(s, va_rect(r.x, r.y + h, r.w, h), VA_TEXT_MONO_SMALL, VA_LEFT, style->theme->text, low);
	return 2 * h;
}

static void entry_before(struct va_scene *s, struct va_rect at, __u64 before)
{
	const struct va_theme *t = s->style->theme;
	char text[64];

	snprintf(text, sizeof(text), "was %" PRIx64, (uint64_t)before);
	if (!before)
		snprintf(text, sizeof(text), "was empty");
	else if (va_role_width(s->style, VA_TEXT_SMALL, text) > at.w)
		snprintf(text, sizeof(text), !va_entry_present(before) ? "was not there" : va_entry_writable(before) ? "was writable" : "was read-only");
	va_scene_text_either(s, at, VA_TEXT_SMALL, t->fresh, text, text + strlen("was "));
	snprintf(text, sizeof(text), "the entry before this fault: 0x%" PRIx64, (uint64_t)before);
	va_scene_hit(s, at, VA_ACT_TIP, 0, text);
}

/* Where it leads to; of a page's walk also how that is known. */
static void leads_to(struct va_scene *s, struct va_rect at, const struct va_step *step)
{
	const struct va_theme *t = s->style->theme;
	char longer[48], shorter[32];

	if (va_entry_present(step->entry)) {
		snprintf(longer, sizeof(longer), "→ %s 0x%" PRIx64, step->leaf ? "frame" : "table", (uint64_t)va_entry_pfn(step->entry));
		snprintf(shorter, sizeof(shorter), "→ %" PRIx64, (uint64_t)va_entry_pfn(step->entry));
		va_scene_text_either(s, at, VA_TEXT_SMALL, t->dim, longer, shorter);
	}
}

static const char *short_use(const struct va_told *told, unsigned i)
{
	const struct va_step *step = &told->walk.step[i];

	if (step->entry)
		return va_entry_present(step->entry) ? NULL : va_entry_use_name(va_entry_use(step->level, step->entry, &told->rules));
	if (told->rec)
		return "empty";
	switch (told->known.slot[i].kind) {
	case VA_SLOT_IMPLIED:
		return "not read";
	case VA_SLOT_PAGE:
		return "present";
	case VA_SLOT_EMPTY:
		return "empty";
	default:
		return "not known";
	}
}

int va_layout_entry_card(struct va_scene *s, struct va_rect r, const struct va_look *look, const struct va_told *told, unsigned i)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	const struct va_step *step = &told->walk.step[i];
	int h = va_role_height(style, VA_TEXT_SMALL), y = r.y;
	char longer[40], shorter[24], tip[TIP];
	const char *use = short_use(told, i);
	struct va_step before;

	list_of_fields(tip, sizeof(tip), step->level, step->entry, &told->rules);
	va_scene_hit(s, r, VA_ACT_ENTRY, i + 1, told->rec || step->entry ? tip : va_told_how(told, i));
	snprintf(longer, sizeof(longer), "entry %u, 0x%03x", step->index, step->index);
	snprintf(shorter, sizeof(shorter), "entry %u", step->index);
	va_scene_text_either(s, va_rect(r.x, y, r.w, h), VA_TEXT_LABEL, t->field[step->level], longer, shorter);
	y += h;
	if (step->entry && y + 2 * h <= r.y + r.h)
		y += digits(s, va_rect(r.x, y, r.w, 2 * h), step->entry);
	if (use && y + h <= r.y + r.h)
		y += h * (va_scene_text(s, va_rect(r.x, y, r.w, h), VA_TEXT_LABEL, VA_LEFT, step->entry || told->rec ? t->warn : t->dim, use) > 0);
	if (va_entry_present(step->entry) && y + h <= r.y + r.h) {
		leads_to(s, va_rect(r.x, y, r.w, h), step);
		y += h;
	}
	if (told->rec && va_walk_before(&told->rec->fault, look->header->levels, &before) && before.level == step->level && before.entry != step->entry &&
	    y + h <= r.y + r.h) {
		entry_before(s, va_rect(r.x, y, r.w, h), before.entry);
		y += h;
	}
	if (step->entry && y + 1 + h <= r.y + r.h)
		y += chips(s, va_rect(r.x, y + 1, r.w, va_min(3 * (h + 1), r.y + r.h - y - 1)), step->level, step->entry, &told->rules) + 1;
	return y - r.y;
}

/* --- enlarged --------------------------------------------------------------------------------------------------------- */

static va_colour field_colour(const struct va_theme *t, const struct va_entry_field *f, unsigned level)
{
	switch (f->kind) {
	case VA_FIELD_HARDWARE:
		return t->zero;
	case VA_FIELD_KERNEL:
		return t->cow;
	case VA_FIELD_FRAME:
		return t->field[level];
	default:
		return t->dim;
	}
}

/* Bits [first, first + count), the highest on the left: digits, a bar for each field, its name where it fits. */
static void ruler_row(struct va_scene *s, struct va_rect r, unsigned first, unsigned count, const struct va_entry_field *f, size_t n, __u64 entry, unsigned level)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	int cell = r.w / (int)count, h = va_role_height(style, VA_TEXT_MONO), small = va_role_height(style, VA_TEXT_LABEL);

	for (size_t i = 0; i < n; i++) {
		unsigned lo = f[i].shift > first ? f[i].shift : first, hi = f[i].shift + f[i].width;
		char tip[160];

		hi = hi < first + count ? hi : first + count;
		if (lo >= hi)
			continue;
		struct va_rect at = va_rect(r.x + (int)(first + count - hi) * cell, r.y, (int)(hi - lo) * cell - 1, h);
		bool set = f[i].value && f[i].kind != VA_FIELD_UNUSED;

		va_scene_fill(s, at, set ? va_colour_fade(field_colour(t, &f[i], level), 0.3f) : t->raised);
		for (unsigned bit = lo; bit < hi; bit++) {
			struct va_rect digit = va_rect(r.x + (int)(first + count - 1 - bit) * cell, r.y, cell, h);

			va_scene_text(s, digit, VA_TEXT_MONO_SMALL, VA_CENTRE, entry >> bit & 1 ? t->text : t->dim, entry >> bit & 1 ? "1" : "0");
		}
		va_scene_fill(s, va_rect(at.x, at.y + h, at.w, va_px(style, 2)), va_colour_fade(field_colour(t, &f[i], level), f[i].kind == VA_FIELD_UNUSED ? 0.3f : 1));
		if (va_role_width(style, VA_TEXT_LABEL, f[i].name) <= at.w + 1)
			va_scene_text(s, va_rect(at.x, at.y + h + va_px(style, 3), at.w + 1, small), VA_TEXT_LABEL, VA_CENTRE, t->dim, f[i].name);
		snprintf(tip, sizeof(tip), f[i].width > 1 ? "bits %u to %u, %s: %s" : "bit %u%.0u, %s: %s", f[i].shift, f[i].width > 1 ? f[i].shift + f[i].width - 1 : 0,
			 *f[i].name ? f[i].name : "unused", f[i].says);
		va_scene_hit(s, va_rect(at.x, at.y, at.w, h + small + va_px(style, 3)), VA_ACT_TIP, 0, tip);
	}
}

static unsigned bits_a_row(const struct va_style *style, int w)
{
	return w / 64 >= va_role_width(style, VA_TEXT_MONO_SMALL, "0") + 1 ? 64 : 32;
}

static int ruler_height(const struct va_style *style, int w)
{
	int row = va_role_height(style, VA_TEXT_MONO) + va_role_height(style, VA_TEXT_LABEL) + va_px(style, 7);

	return row * (int)(64 / bits_a_row(style, w));
}

static int ruler(struct va_scene *s, struct va_rect r, const struct va_entry_field *f, size_t n, __u64 entry, unsigned level)
{
	unsigned count = bits_a_row(s->style, r.w);
	int row = ruler_height(s->style, r.w) / (int)(64 / count);

	for (unsigned first = 64; first > 0; first -= count)
		ruler_row(s, va_rect(r.x, r.y + row * (int)((64 - first) / count), r.w, row), first - count, count, f, n, entry, level);
	return ruler_height(s->style, r.w);
}

#define LISTED 20

static void field_line(struct va_scene *s, struct va_rect at, const struct va_entry_field *f, unsigned level)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	char text[96];

	va_rect_cut_left(&at, va_px(style, 2));
	snprintf(text, sizeof(text), f->width > 1 ? "%2u–%u" : "%2u", f->shift, f->shift + f->width - 1);
	va_scene_text(s, va_rect_cut_left(&at, va_role_width(style, VA_TEXT_MONO_SMALL, "00–00 ")), VA_TEXT_MONO_SMALL, VA_LEFT, t->dim, text);
	snprintf(text, sizeof(text), f->width > 1 ? "%s 0x%" PRIx64 : "%s %" PRIx64, f->name, (uint64_t)f->value);
	va_scene_text(s, va_rect_cut_left(&at, va_role_width(style, VA_TEXT_LABEL, "saved-dirty 0x0 ")), VA_TEXT_LABEL, VA_LEFT,
		      f->value ? field_colour(t, f, level) : t->dim, text);
	va_scene_text(s, at, VA_TEXT_SMALL, VA_LEFT, f->value ? t->text : t->dim, f->says);
}

static int columns(const struct va_style *style, int w)
{
	int number = va_role_width(style, VA_TEXT_MONO_SMALL, "00–00 "), name = va_role_width(style, VA_TEXT_LABEL, "saved-dirty 0x0 ");

	return w / 2 >= number + name + va_role_width(style, VA_TEXT_SMALL, "soft-dirty: not written since it was cleared") ? 2 : 1;
}

/* In two columns where they fit, the rest by the wheel. */
static void field_list(struct va_scene *s, struct va_rect r, const struct va_look *look, const struct va_entry_field *f, size_t n, unsigned level)
{
	const struct va_style *style = look->style;
	int h = va_role_height(style, VA_TEXT_SMALL) + 1, cols = columns(style, r.w), named = 0, line = 0, lines, top, w;

	for (size_t i = 0; i < n; i++)
		named += *f[i].name != 0;
	lines = (named + cols - 1) / cols;
	top = va_layout_scroll(s, &r, look, VA_SCROLL_STAGE, lines * h);
	w = r.w / cols;
	for (size_t i = 0; i < n; i++) {
		if (!*f[i].name)
			continue;
		int y = r.y + line % lines * h - top;

		if (y >= r.y && y + h <= r.y + r.h)
			field_line(s, va_rect(r.x + line / lines * w, y, w - va_px(style, 8), h), &f[i], level);
		line++;
	}
}

int va_layout_entry_height(const struct va_style *style, int w)
{
	return va_role_height(style, VA_TEXT_STRONG) + va_role_height(style, VA_TEXT_BODY) + ruler_height(style, w) + va_px(style, 12) +
	       (va_role_height(style, VA_TEXT_SMALL) + 1) * (columns(style, w) == 2 ? 9 : 17);
}

void va_layout_entry(struct va_scene *s, struct va_rect r, const struct va_look *look, unsigned level, __u64 addr, __u64 entry)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	struct va_entry_rules rules = va_entry_rules(look->header);
	struct va_entry_field f[VA_ENTRY_FIELDS];
	size_t n = va_entry_fields(level, entry, &rules, f);
	struct va_rect head = va_rect_cut_top(&r, va_role_height(style, VA_TEXT_STRONG) + va_px(style, 2)), close;
	char words[240], longer[96], shorter[64];

	close = va_rect_cut_right(&head, va_role_width(style, VA_TEXT_LABEL, "close") + va_px(style, 12));
	va_scene_round(s, close, va_px(style, 4), t->raised);
	va_scene_text(s, close, VA_TEXT_LABEL, VA_CENTRE, t->text, "close");
	va_scene_hit(s, close, VA_ACT_ENTRY, 0, "Enter or Esc");
	snprintf(longer, sizeof(longer), "%s entry %u = 0x%016" PRIx64, va_level_name(level), va_index_in(level, addr, look->header->levels), (uint64_t)entry);
	snprintf(shorter, sizeof(shorter), "%s entry %u", va_level_name(level), va_index_in(level, addr, look->header->levels));
	va_scene_text_either(s, head, VA_TEXT_STRONG, t->field[level], longer, shorter);
	va_scene_text(s, va_rect_cut_top(&r, va_role_height(style, VA_TEXT_BODY) + va_px(style, 3)), VA_TEXT_BODY, VA_LEFT, t->text,
		      va_entry_words(words, sizeof(words), level, entry, &rules));
	va_rect_cut_top(&r, ruler(s, r, f, n, entry, level) + va_px(style, 3));
	field_list(s, r, look, f, n, level);
}
