/* The faulting address, in hex and in bits, cut into the index of each level and the offset. */
#include <inttypes.h>
#include <stdio.h>

#include "layout.h"
#include "told.h"
#include "words.h"

struct field {
	const char *name;
	unsigned shift, bits, value;
	va_colour colour;
};

/* A huge page ends the walk early: the index bits that are left belong to the offset. */
static int fields_of(struct field out[6], __u64 addr, unsigned levels, const struct va_walk *walk, const struct va_theme *t)
{
	unsigned bits = walk->complete ? (unsigned)__builtin_ctzll(walk->page_size) : 12;
	int n = 0;

	for (unsigned level = 0; level < VMATLAS_LEVELS; level++) {
		unsigned shift = va_level_shift_in(level, levels);

		if ((levels == 4 && level == 1) || shift < bits)
			continue;
		out[n++] = (struct field){va_level_name(level), shift, 9, va_index_in(level, addr, levels), t->field[level]};
	}
	out[n++] = (struct field){"offset", 0, bits, (unsigned)(addr & ((1ull << bits) - 1)), t->field[5]};
	return n;
}

static void bits_of(char *out, __u64 addr, const struct field *f)
{
	for (unsigned i = 0; i < f->bits; i++)
		out[i] = addr >> (f->shift + f->bits - 1 - i) & 1 ? '1' : '0';
	out[f->bits] = '\0';
}

/* Hex and decimal below every field, or below none. */
static bool both_fit(const struct va_style *style, const struct field *f, int n, int digit, int gap)
{
	char text[64];

	for (int i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "%s 0x%03x = %u", f[i].name, f[i].value, f[i].value);
		if (va_role_width(style, VA_TEXT_LABEL, text) > (int)f[i].bits * digit + gap - va_px(style, 6))
			return false;
	}
	return true;
}

/* The fields move apart as `part` goes from 0 to 1: the address is cut. */
int va_layout_address(struct va_scene *s, struct va_rect r, const struct va_look *look, const struct va_told *told, float part)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	__u64 addr = told->addr;
	int big = va_role_height(style, VA_TEXT_ADDRESS), mono = va_role_height(style, VA_TEXT_MONO), small = va_role_height(style, VA_TEXT_SMALL);
	enum va_text_role role = VA_TEXT_MONO;
	struct field f[6];
	int n = fields_of(f, addr, look->header->levels, &told->walk, t), bits = look->header->levels == 5 ? 57 : 48, digit, gap, x, room, y = r.y;
	const char *longest = told->rec ? "the address (CR2), cut into one index for each table; a TLB hit skips all this" : "cut into one index for each table";
	const char *cut = told->rec ? "the address (CR2), cut into one index for each table" : longest, *least = told->rec ? "the address (CR2)" : "the page";
	static const char not_canonical[] = "not canonical: the high bits differ, no walk";
	char text[64];
	bool both;

	va_words_address(text, sizeof(text), addr);
	x = va_scene_printf(s, va_rect(r.x, y, r.w, big), VA_TEXT_ADDRESS, VA_LEFT, t->bright, "0x%s", text);
	room = r.w - x - va_px(style, 12);
	if (addr >> (bits - 1) && addr >> (bits - 1) != (1ull << (65 - bits)) - 1)
		longest = cut = least = not_canonical;
	va_scene_text_either(s, va_rect(r.x + x + va_px(style, 12), y, room, big), VA_TEXT_SMALL, t->dim,
			     va_role_width(style, VA_TEXT_SMALL, longest) <= room ? longest : cut, least);
	y += big + va_px(style, 3);
	digit = va_role_width(style, role, "0");
	if ((bits * digit + (n - 1) * va_px(style, 6)) > r.w) {
		role = VA_TEXT_MONO_SMALL;
		digit = va_role_width(style, role, "0");
	}
	gap = (int)((float)va_min((r.w - bits * digit) / n, va_px(style, 26)) * part);
	x = r.x;
	both = both_fit(style, f, n, digit, gap);
	for (int i = 0; i < n; i++) {
		int w = (int)f[i].bits * digit;

		bits_of(text, addr, &f[i]);
		va_scene_text(s, va_rect(x, y, w + 2, mono), role, VA_LEFT, t->text, text);
		va_scene_fill(s, va_rect(x, y + mono + 1, w - 1, va_px(style, 3)), va_colour_fade(f[i].colour, 0.3f + 0.7f * part));
		s->alpha = part;
		snprintf(text, sizeof(text), both ? "%s 0x%03x = %u" : "%s 0x%03x", f[i].name, f[i].value, f[i].value);
		va_scene_text(s, va_rect(x, y + mono + va_px(style, 5), w + gap - 2, small), VA_TEXT_LABEL, VA_LEFT, f[i].colour, text);
		snprintf(text, sizeof(text), "bits %u to %u: 0x%x = %u", f[i].shift, f[i].shift + f[i].bits - 1, f[i].value, f[i].value);
		va_scene_hit(s, va_rect(x, y, w + gap - 2, mono + va_px(style, 5) + small), VA_ACT_TIP, 0, text);
		s->alpha = 1;
		x += w + gap;
	}
	return y + mono + va_px(style, 5) + small - r.y;
}
