/* What stands in a box of the map: permissions, what it is, its size, how much of it is in RAM. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "map_parts.h"
#include "maps.h"
#include "words.h"

bool va_map_has_fault(const struct va_look *look, const struct va_row *row)
{
	const struct va_walk_show *w = look->walk;

	return w->valid && w->rec.fault.addr >= row->start && w->rec.fault.addr < row->end &&
	       (!look->mm || w->rec.head.mm == va_mm_id(look->mm));
}

static const char *name_of(const struct va_row *row, const struct va_look *look, char *buf, size_t n)
{
	const struct va_vma *vma = look->mm ? va_mm_vma_at(look->mm, row->start) : NULL;

	return vma ? va_vma_name(look->mm, vma, look->texts, look->header->rules, buf, n) : "";
}

/* The name of what is mapped, where the zone and the bracket do not say it already. */
static void box_name(char *buf, size_t n, const struct va_row *row, const struct va_look *look)
{
	char store[256];
	const char *name = name_of(row, look, store, sizeof(store));
	bool said = row->group >= 0 || (name[0] == '[' && strncmp(name, "[anon", 5));

	snprintf(buf, n, "%s", said ? "" : va_words_basename(name));
}

static const char *zone_title(const struct va_row *row)
{
	switch (row->zone) {
	case VA_ZONE_ANON:
		return "mapping";
	case VA_ZONE_OTHER:
		return row->vma.anon ? "mapping" : "file";
	default:
		return va_zone_name(row->zone);
	}
}

/* What is not known is not counted as there, nor as absent. */
static void residency_words(char *buf, size_t n, const struct va_row *row, const struct va_mm *mm)
{
	char a[32], b[32], c[32];
	__u64 pages = (row->end - row->start) >> 12;
	struct va_residency is = va_row_residency(mm, row);

	va_words_count(a, sizeof(a), is.present);
	va_words_count(b, sizeof(b), pages);
	va_words_count(c, sizeof(c), is.unknown);
	if (is.unknown == pages)
		snprintf(buf, n, "%s page%s, not known which in RAM", b, pages == 1 ? "" : "s");
	else if (is.unknown)
		snprintf(buf, n, "at least %s of %s pages in RAM, %s not known", a, b, c);
	else
		snprintf(buf, n, "%s of %s page%s in RAM", a, b, pages == 1 ? "" : "s");
}

static void box_lines(struct va_scene *s, struct va_rect in, const struct va_row *row, const struct va_look *look)
{
	int line = va_role_height(look->style, VA_TEXT_BODY);
	va_colour colour = va_paint_of(row, look).text;
	char text[160];

	if (in.h >= 2 * line) {
		struct va_rect at = va_rect(in.x, in.y + line, in.w, line);

		residency_words(text, sizeof(text), row, look->mm);
		va_scene_text_free(s, at, VA_TEXT_SMALL, VA_LEFT, va_colour_fade(colour, 0.8f), text);
	}
	if (in.h >= 3 * line && row->path)
		va_scene_text_tail(s, va_rect(in.x, in.y + 2 * line, in.w, line), VA_TEXT_SMALL, VA_LEFT, va_colour_fade(colour, 0.8f), row->path);
	else if (in.h >= 3 * line)
		va_scene_text_free(s, va_rect(in.x, in.y + 2 * line, in.w, line), VA_TEXT_SMALL, VA_LEFT, va_colour_fade(colour, 0.8f),
			      row->vma.vm_flags & 0x100 ? "grows downwards by itself" : row->vma.vm_flags & 8 ? "shared" : "private");
}

struct box_roles { /* texts of a box: smaller ones where it is low */
	enum va_text_role perms, name, more;
	int line;
};

static struct box_roles roles_for(int height, const struct va_style *style)
{
	struct box_roles r = {VA_TEXT_MONO, VA_TEXT_STRONG, VA_TEXT_SMALL, va_role_height(style, VA_TEXT_BODY)};

	if (height >= r.line)
		return r;
	return (struct box_roles){VA_TEXT_MONO_SMALL, VA_TEXT_LABEL, VA_TEXT_LABEL, va_role_px(style, VA_TEXT_LABEL) + va_px(style, 1)};
}

void va_map_box_text(struct va_scene *s, struct va_rect box, const struct va_row *row, const struct va_look *look)
{
	const struct va_style *style = look->style;
	struct box_roles roles = roles_for(box.h, style);
	int line = roles.line, pad = va_px(style, 7), used;
	va_colour colour = va_paint_of(row, look).text;
	struct va_rect in = va_rect_inset(box, pad, 0), first;
	char perms[5], size[32], name[256], figure[64];

	if (box.h < line)
		return;
	if (box.h > line + va_px(style, 12))
		in = va_rect_inset(in, 0, va_px(style, 4));
	else
		in = va_rect(in.x, in.y + (in.h - line) / 2, in.w, line);
	first = va_rect(in.x, in.y, in.w, line);
	va_vma_perms(row->vma.vm_flags, perms);
	va_rect_cut_left(&first, va_scene_text_free(s, first, roles.perms, VA_LEFT, va_colour_fade(colour, 0.85f), perms) + pad);
	va_words_size(size, sizeof(size), row->end - row->start);
	/* What it is before how large it is. */
	if (first.w < va_role_width(style, roles.name, zone_title(row)) + pad + va_role_width(style, roles.more, size))
		*size = '\0';
	if (*va_class_figure(figure, sizeof(figure), row, look) && first.w > va_role_width(style, roles.more, figure) + va_px(style, 90))
		va_rect_cut_right(&first, va_scene_text_free(s, first, roles.more, VA_RIGHT, colour, figure) + pad);
	va_rect_cut_right(&first, va_scene_text_free(s, first, roles.more, VA_RIGHT, va_colour_fade(colour, 0.85f), size) + pad);
	used = va_scene_text_free(s, first, roles.name, VA_LEFT, colour, zone_title(row));
	va_rect_cut_left(&first, used + pad);
	box_name(name, sizeof(name), row, look);
	if (used && *name && first.w > va_px(style, 24))
		va_scene_text_free(s, first, roles.more, VA_LEFT, va_colour_fade(colour, 0.75f), name);
	box_lines(s, in, row, look);
}

void va_map_box_tip(char *buf, size_t n, const struct va_row *row, const struct va_look *look)
{
	char perms[5], size[32], name[256], pages[160], heat[32];
	__u64 faults = va_row_heat(row, look);

	va_vma_perms(row->vma.vm_flags, perms);
	residency_words(pages, sizeof(pages), row, look->mm);
	snprintf(buf, n, "%" PRIx64 "-%" PRIx64 " %s %s, %s, %s%s %s\n%s fault%s since it was mapped", (uint64_t)row->start, (uint64_t)row->end, perms,
		 va_words_size(size, sizeof(size), row->end - row->start), va_zone_name(row->zone), pages,
		 row->vma.stale ? "; records were lost: this mapping may differ from the kernel's" : "",
		 name_of(row, look, name, sizeof(name)),
		 faults ? va_words_count(heat, sizeof(heat), faults) : "No", faults == 1 ? "" : "s");
}

