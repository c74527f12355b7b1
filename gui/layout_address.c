/* The faulting address, in hex and in bits, cut into the index of each level and the offset. */
#include <inttypes.h>
#include <stdio.h>

#include "layout.h"
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

/* The fields move apart as `part` goes from 0 to 1: the address is cut. */
int va_layout_address(struct va_scene *s, struct va_rect r, const struct va_look *look, const struct va_walk *walk, float part)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	__u64 addr = look->walk->rec.fault.addr;
	int big = va_role_height(style, VA_TEXT_ADDRESS), mono = va_role_height(style, VA_TEXT_MONO), small = va_role_height(style, VA_TEXT_SMALL);
	enum va_text_role role = VA_TEXT_MONO;
	struct field f[6];
	int n = fields_of(f, addr, look->header->levels, walk, t), bits = look->header->levels == 5 ? 57 : 48, digit, gap, x, y = r.y;
	static const char cut[] = "the address (CR2), cut into one index for each table";
	char text[64];

	va_words_address(text, sizeof(text), addr);
	x = va_scene_printf(s, va_rect(r.x, y, r.w, big), VA_TEXT_ADDRESS, VA_LEFT, t->bright, "0x%s", text);
	va_scene_text(s, va_rect(r.x + x + va_px(style, 12), y, r.w - x - va_px(style, 12), big), VA_TEXT_SMALL, VA_LEFT, t->dim,
		      addr >> (bits - 1) && addr >> (bits - 1) != (1ull << (65 - bits)) - 1 ? "not canonical: the high bits differ, no walk"
		      : va_role_width(style, VA_TEXT_SMALL, cut) <= r.w - x - va_px(style, 12) ? cut : "the address (CR2)");
	y += big + va_px(style, 3);
	digit = va_role_width(style, role, "0");
	if ((bits * digit + (n - 1) * va_px(style, 6)) > r.w) {
		role = VA_TEXT_MONO_SMALL;
		digit = va_role_width(style, role, "0");
	}
	gap = (int)((float)va_min((r.w - bits * digit) / n, va_px(style, 26)) * part);
	x = r.x;
	for (int i = 0; i < n; i++) {
		int w = (int)f[i].bits * digit;

		bits_of(text, addr, &f[i]);
		va_scene_text(s, va_rect(x, y, w + 2, mono), role, VA_LEFT, t->text, text);
		va_scene_fill(s, va_rect(x, y + mono + 1, w - 1, va_px(style, 3)), va_colour_fade(f[i].colour, 0.3f + 0.7f * part));
		s->alpha = part;
		va_scene_printf(s, va_rect(x, y + mono + va_px(style, 5), w + gap - 2, small), VA_TEXT_LABEL, VA_LEFT, f[i].colour,
				i == n - 1 ? "%s 0x%03x" : "%s %u", f[i].name, f[i].value);
		s->alpha = 1;
		x += w + gap;
	}
	return y + mono + va_px(style, 5) + small - r.y;
}
