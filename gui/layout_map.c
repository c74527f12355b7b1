/* The map pane: the address space as lecturers draw it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "layout.h"
#include "maps.h"
#include "words.h"

#define TINY 2.5f /* boxes lower than this are drawn together */

struct columns {
	struct va_rect rows;        /* all of it, y and h of what is visible */
	int address_x, address_w;   /* numbers at the boundaries */
	int box_x, box_w;
	int side_x, side_w;         /* brackets and names of files */
};

struct run { /* boxes too low to be seen one by one */
	int y0, y1, count;
	size_t files;
};

bool va_is_kernels(const struct va_row *row)
{
	return row->zone == VA_ZONE_VDSO || row->zone == VA_ZONE_VVAR || row->zone == VA_ZONE_VSYSCALL;
}

static int legend_height(const struct va_style *style)
{
	return va_role_height(style, VA_TEXT_STRONG) + va_px(style, 5);
}

struct va_rect va_layout_map_content(struct va_rect pane, const struct va_style *style)
{
	struct va_rect r = va_rect_inset(pane, va_px(style, 10), va_px(style, 7));

	va_rect_cut_top(&r, legend_height(style));
	return r;
}

static struct columns columns_in(struct va_rect rows, const struct va_style *style)
{
	struct columns c = {.rows = rows};

	c.address_x = rows.x;
	c.address_w = va_role_width(style, VA_TEXT_MONO_SMALL, "7fff 0000 0000");
	c.side_w = va_max(va_px(style, 86), rows.w * 17 / 100);
	c.box_x = rows.x + c.address_w + va_px(style, 8);
	c.side_x = rows.x + rows.w - c.side_w;
	c.box_w = c.side_x - va_px(style, 6) - c.box_x;
	return c;
}

static va_colour box_colour(const struct va_theme *t, const struct va_row *row)
{
	return va_is_kernels(row) ? t->other : row->vma.anon ? t->anon : t->file;
}

static va_colour box_fill(const struct va_theme *t, const struct va_row *row)
{
	if (va_is_kernels(row))
		return t->kernel;
	if (!(row->vma.vm_flags & 7)) /* PROT_NONE: reserved, not usable */
		return va_colour_mix(row->vma.anon ? t->anon_fill : t->file_fill, t->panel, 0.65f);
	return row->vma.anon ? t->anon_fill : t->file_fill;
}

static void box_pattern(struct va_scene *s, struct va_rect box, const struct va_row *row)
{
	const struct va_theme *t = s->style->theme;

	if (va_is_kernels(row))
		va_scene_hatch(s, box, VA_HATCH_DOTS, va_px(s->style, 6), va_px(s->style, 1.6f), va_colour_fade(t->other, 0.35f));
	else if (!row->vma.anon)
		va_scene_hatch(s, box, VA_HATCH_RISING, va_px(s->style, 8), va_px(s->style, 1.6f), va_colour_fade(t->file, 0.16f));
	if (!(row->vma.vm_flags & 7))
		va_scene_hatch(s, box, VA_HATCH_CROSS, va_px(s->style, 10), 1, va_colour_fade(t->dim, 0.35f));
}

static bool hit_by_fault(const struct va_look *look, const struct va_row *row)
{
	const struct va_walk_show *w = look->walk;

	return w->valid && w->rec.fault.addr >= row->start && w->rec.fault.addr < row->end &&
	       (!look->mm || w->rec.head.mm == va_mm_id(look->mm));
}

/* The name of what is mapped, where the zone and the bracket do not say it already. */
static void box_name(char *buf, size_t n, const struct va_row *row, const struct va_look *look)
{
	char store[256];
	const char *name = va_vma_name(look->mm, &row->vma, look->texts, look->header->rules, store, sizeof(store));
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
static void residency_words(char *buf, size_t n, const struct va_row *row)
{
	char a[32], b[32], c[32];
	__u64 pages = (row->end - row->start) >> 12;

	va_words_count(a, sizeof(a), row->resident);
	va_words_count(b, sizeof(b), pages);
	va_words_count(c, sizeof(c), row->unknown);
	if (row->unknown == pages)
		snprintf(buf, n, "%s page%s, not known which in RAM", b, pages == 1 ? "" : "s");
	else if (row->unknown)
		snprintf(buf, n, "at least %s of %s pages in RAM, %s not known", a, b, c);
	else
		snprintf(buf, n, "%s of %s page%s in RAM", a, b, pages == 1 ? "" : "s");
}

static void box_lines(struct va_scene *s, struct va_rect in, const struct va_row *row, const struct va_look *look)
{
	int line = va_role_height(look->style, VA_TEXT_BODY);
	const struct va_theme *t = look->style->theme;
	va_colour colour = va_is_kernels(row) ? t->text : row->vma.anon ? t->anon_text : t->file_text;
	char text[160];

	if (in.h >= 2 * line) {
		struct va_rect at = va_rect(in.x, in.y + line, in.w, line);

		residency_words(text, sizeof(text), row);
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

static void box_text(struct va_scene *s, struct va_rect box, const struct va_row *row, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	struct box_roles roles = roles_for(box.h, style);
	int line = roles.line, pad = va_px(style, 7), used;
	va_colour colour = va_is_kernels(row) ? t->text : row->vma.anon ? t->anon_text : t->file_text;
	struct va_rect in = va_rect_inset(box, pad, 0), first;
	char perms[5], size[32], name[256];

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
	va_rect_cut_right(&first, va_scene_text_free(s, first, roles.more, VA_RIGHT, va_colour_fade(colour, 0.85f), size) + pad);
	used = va_scene_text_free(s, first, roles.name, VA_LEFT, colour, zone_title(row));
	va_rect_cut_left(&first, used + pad);
	box_name(name, sizeof(name), row, look);
	if (used && *name && first.w > va_px(style, 24))
		va_scene_text_free(s, first, roles.more, VA_LEFT, va_colour_fade(colour, 0.75f), name);
	box_lines(s, in, row, look);
}

static void box_tip(char *buf, size_t n, const struct va_row *row, const struct va_look *look)
{
	char perms[5], size[32], name[256], pages[160];

	va_vma_perms(row->vma.vm_flags, perms);
	residency_words(pages, sizeof(pages), row);
	snprintf(buf, n, "%" PRIx64 "-%" PRIx64 " %s %s, %s, %s%s %s", (uint64_t)row->start, (uint64_t)row->end, perms,
		 va_words_size(size, sizeof(size), row->end - row->start), va_zone_name(row->zone), pages,
		 row->vma.stale ? "; records were lost: this mapping may differ from the kernel's" : "",
		 look->mm ? va_vma_name(look->mm, &row->vma, look->texts, look->header->rules, name, sizeof(name)) : "");
}

static void draw_box(struct va_scene *s, const struct columns *c, struct va_rect box, const struct va_moving_row *m, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	const struct va_row *row = &m->row;
	int radius = box.h > va_px(style, 10) ? va_px(style, 3) : 0, thick = va_max(1, va_px(style, (float)t->line_width));
	float glow = va_glow(m->changed, VA_TIME_GLOW, look->now);
	bool hit = hit_by_fault(look, row) && !m->ghost, chosen = look->view->selected >= row->start && look->view->selected < row->end;
	struct va_rect text = box;
	bool low = box.h < va_px(style, 10);
	char tip[512];

	va_scene_round(s, box, radius, va_colour_mix(box_fill(t, row), t->bright, glow * 0.12f));
	box_pattern(s, box, row);
	if (box.h >= va_px(style, 5))
		va_scene_border(s, box, radius, low ? 1 : thick, va_colour_mix(va_colour_fade(box_colour(t, row), low ? 0.45f : 0.75f), t->fresh, glow));
	if (m->ghost)
		return;
	if (box.h >= va_px(style, 6)) {
		struct va_rect cells = va_rect_inset(va_rect_cut_right(&text, box.w * 34 / 100), va_px(style, 5), va_px(style, box.h > va_px(style, 14) ? 4 : 2));

		va_layout_cells(s, cells, row, look);
	}
	box_text(s, va_rect_cross(text, c->rows), row, look); /* a box that is partly out of sight keeps its words in sight */
	if (glow > 0.02f && box.h >= va_px(style, 5))
		va_scene_border(s, va_rect_inset(box, -1, -1), radius, va_px(style, 2), va_colour_fade(t->fresh, glow));
	if (hit || chosen)
		va_scene_border(s, va_rect_inset(box, -1, -1), radius, va_px(style, 2), t->accent);
	if (row->vma.stale)
		va_scene_hatch(s, va_rect(box.x, box.y, va_px(style, 6), box.h), VA_HATCH_RISING, 4, 2, t->warn);
	box_tip(tip, sizeof(tip), row, look);
	va_scene_hit(s, va_rect_cross(box, c->rows), VA_ACT_MAP_BOX, row->start, tip);
}

static void draw_empty(struct va_scene *s, struct va_rect box, const struct va_row *row, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	int small = va_role_height(style, VA_TEXT_SMALL);
	char size[32];

	va_words_size(size, sizeof(size), row->end - row->start);
	if (row->kind == VA_ROW_KERNEL) {
		va_scene_round(s, box, va_px(style, 3), t->kernel);
		if (box.h >= small)
			va_scene_printf(s, va_rect_inset(box, va_px(style, 7), 0), VA_TEXT_SMALL, VA_LEFT, t->text, "kernel half, %s: not for user mode", size);
	} else if (row->kind == VA_ROW_HOLE) {
		va_scene_round(s, box, va_px(style, 3), t->hole);
		va_scene_hatch(s, box, VA_HATCH_FALLING, va_px(style, 7), 1, t->line);
		if (box.h >= small)
			va_scene_printf(s, va_rect_inset(box, va_px(style, 7), 0), VA_TEXT_SMALL, VA_LEFT, t->dim, "non-canonical: no address can be here");
	} else if (box.h >= small - 1) {
		char text[96];

		snprintf(text, sizeof(text), row->start ? "%s free" : "%s free, page 0 at its end is never mapped", size);
		if (!row->start && row->end == 4096)
			snprintf(text, sizeof(text), "page 0: never mapped");
		va_scene_text_free(s, va_rect(box.x, box.y - 1, box.w, box.h + 2), VA_TEXT_SMALL, VA_CENTRE, t->dim, text);
	}
}

/* An address at a boundary between rows, where there is room for it. */
static void draw_address(struct va_scene *s, const struct columns *c, int y, __u64 addr, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	int h = va_role_height(look->style, VA_TEXT_MONO_SMALL), half = h / 2;
	struct va_rect at = va_rect(c->address_x, y - half, c->address_w, h);
	char text[32];

	if (at.y < c->rows.y)
		at.y = c->rows.y;
	if (at.y + h > c->rows.y + c->rows.h)
		at.y = c->rows.y + c->rows.h - h;
	if (y < c->rows.y - 1 || y > c->rows.y + c->rows.h + 1)
		return;
	if (va_scene_text_free(s, at, VA_TEXT_MONO_SMALL, VA_RIGHT, t->dim, va_words_address(text, sizeof(text), addr)))
		va_scene_fill(s, va_rect(c->box_x - va_px(look->style, 5), y, va_px(look->style, 4), 1), t->dim);
}

static struct va_rect box_at(const struct columns *c, const struct va_moving_row *m, const struct va_look *look, float *alpha)
{
	float y, h, zoom = look->view->camera.zoom;

	va_map_anim_place(m, look->now, &y, &h, alpha);
	y = (float)c->rows.y + y * zoom - look->view->camera.top;
	h *= zoom;
	int y0 = (int)floorf(y + 0.5f), y1 = (int)floorf(y + h + 0.5f);

	return va_rect(c->box_x, y0, c->box_w, y1 - y0);
}

static void end_run(struct va_scene *s, const struct columns *c, struct run *run, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	int h = va_role_height(style, VA_TEXT_SMALL);
	struct va_rect box = va_rect_cross(va_rect(c->box_x, run->y0, c->box_w, va_max(run->y1 - run->y0, 1)), c->rows), chip;
	va_colour colour = run->files * 2 > (size_t)run->count ? t->file : t->anon;
	char text[64], count[32];

	if (run->count) {
		va_scene_fill(s, box, va_colour_fade(colour, 0.25f));
		va_scene_hatch(s, box, VA_HATCH_CROSS, va_px(style, 6), 1, va_colour_fade(colour, 0.5f));
	}
	if (run->count > 1 && box.h >= h) {
		snprintf(text, sizeof(text), "%s boxes", va_words_count(count, sizeof(count), (unsigned)run->count));
		chip = va_rect(box.x + va_px(style, 7), box.y + (box.h - h) / 2, va_role_width(style, VA_TEXT_SMALL, text) + va_px(style, 10), h);
		va_scene_round(s, chip, va_px(style, 3), t->panel);
		va_scene_text_free(s, chip, VA_TEXT_SMALL, VA_CENTRE, t->text, text);
	}
	*run = (struct run){0};
}

static bool join_run(struct run *run, struct va_rect box, const struct va_row *row)
{
	if ((float)box.h >= TINY || (row->kind != VA_ROW_VMA && row->kind != VA_ROW_GAP))
		return false;
	if (row->kind == VA_ROW_VMA) {
		if (!run->count)
			run->y0 = box.y;
		run->y1 = box.y + box.h;
		run->count++;
		run->files += row->path != NULL;
	}
	return true;
}

static void draw_rows(struct va_scene *s, const struct columns *c, const struct va_look *look, bool ghosts)
{
	struct run run = {0};

	for (size_t i = 0; i < look->anim->count; i++) {
		const struct va_moving_row *m = &look->anim->row[i];
		float alpha;
		struct va_rect box;

		if (m->ghost != ghosts)
			continue;
		box = box_at(c, m, look, &alpha);
		if (box.y > c->rows.y + c->rows.h || box.y + box.h < c->rows.y)
			continue;
		if (!ghosts && join_run(&run, box, &m->row))
			continue;
		end_run(s, c, &run, look);
		if (box.h > 3)
			box.h -= 1;
		s->alpha = alpha;
		if (m->row.kind == VA_ROW_VMA)
			draw_box(s, c, box, m, look);
		else
			draw_empty(s, box, &m->row, look);
		s->alpha = 1;
	}
	end_run(s, c, &run, look);
}

/* Boundaries of tall and of changed boxes first: they get their number when room is short. */
static void draw_addresses(struct va_scene *s, const struct columns *c, const struct va_look *look)
{
	int line = va_role_height(look->style, VA_TEXT_MONO_SMALL);

	for (int pass = 0; pass < 3; pass++)
		for (size_t i = 0; i < look->anim->count; i++) {
			const struct va_moving_row *m = &look->anim->row[i];
			float alpha;
			struct va_rect box;

			if (m->ghost || m->row.kind != VA_ROW_VMA)
				continue;
			box = box_at(c, m, look, &alpha);
			if (pass == 0 && !hit_by_fault(look, &m->row))
				continue;
			if ((pass == 1 && box.h < line) || (float)box.h < TINY)
				continue;
			draw_address(s, c, box.y + box.h - 1, m->row.start, look);
			if (i && look->anim->row[i - 1].row.kind != VA_ROW_VMA)
				draw_address(s, c, box.y, m->row.end, look);
		}
}

/* A bracket behind the boxes of one file, with its name once. */
static void draw_group(struct va_scene *s, const struct columns *c, int y0, int y1, const char *path, int count, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	int x = c->side_x, w = va_px(style, 5), h = va_role_height(style, VA_TEXT_STRONG), mid;
	struct va_rect at;

	y0 = va_max(y0, c->rows.y);
	y1 = va_min(y1, c->rows.y + c->rows.h);
	if (y1 - y0 < va_px(style, 6))
		return;
	va_scene_fill(s, va_rect(x + w - 1, y0 + 1, 1, y1 - y0 - 2), t->dim);
	va_scene_fill(s, va_rect(x, y0 + 1, w, 1), t->dim);
	va_scene_fill(s, va_rect(x, y1 - 2, w, 1), t->dim);
	va_scene_hit(s, va_rect(x, y0, c->side_w, y1 - y0), VA_ACT_MAP, 0, path);
	mid = (y0 + y1) / 2;
	at = va_rect(x + w + va_px(style, 5), mid - h / 2, c->side_w - w - va_px(style, 5), h);
	if (y1 - y0 >= 2 * h + va_px(style, 4)) {
		char text[32];

		snprintf(text, sizeof(text), "%d boxes", count);
		at.y -= h / 2;
		va_scene_text_free(s, va_rect(at.x, at.y + h, at.w, h), VA_TEXT_SMALL, VA_LEFT, t->dim, text);
	}
	va_scene_text_free(s, at, VA_TEXT_STRONG, VA_LEFT, t->text, va_words_basename(path));
}

static void draw_groups(struct va_scene *s, const struct columns *c, const struct va_look *look)
{
	for (size_t i = 0; i < look->anim->count; i++) {
		const struct va_moving_row *m = &look->anim->row[i];
		const char *path = m->row.path;
		struct va_rect first, last;
		float alpha;
		int count = 1;
		size_t j = i;

		if (m->ghost || m->row.group < 0)
			continue;
		while (j + 1 < look->anim->count && !look->anim->row[j + 1].ghost && look->anim->row[j + 1].row.group == m->row.group) {
			j++;
			count++;
			path = path ? path : look->anim->row[j].row.path;
		}
		first = box_at(c, m, look, &alpha);
		last = box_at(c, &look->anim->row[j], look, &alpha);
		if (path)
			draw_group(s, c, first.y, last.y + last.h, path, count, look);
		i = j;
	}
}

/* A pointer from the left at the address of the fault that the walk view shows; also where no box is. */
static void draw_target(struct va_scene *s, const struct columns *c, const struct va_look *look)
{
	const struct va_walk_show *w = look->walk;
	const struct va_theme *t = look->style->theme;
	float size = (float)va_px(look->style, 7);
	bool bad = w->valid && va_fault_kind(&w->rec, look->header->levels) == VA_FAULT_BAD;

	for (size_t i = 0; w->valid && w->rec.head.mm == va_mm_id(look->mm) && i < look->anim->count; i++) {
		const struct va_moving_row *m = &look->anim->row[i];
		float alpha, x = (float)c->box_x - 2, y;
		__u64 into = w->rec.fault.addr - m->row.start, length = m->row.end - m->row.start;
		struct va_rect box;

		if (m->ghost || w->rec.fault.addr < m->row.start || into >= length || (m->row.kind != VA_ROW_VMA && !bad))
			continue;
		box = box_at(c, m, look, &alpha);
		y = (float)box.y + (float)(box.h - 1) * (1 - (float)((double)into / (double)length));
		y = va_clampf(y, (float)c->rows.y + size * 0.6f, (float)(c->rows.y + c->rows.h) - size * 0.6f);
		va_scene_triangle(s, (struct va_point){x, y}, (struct va_point){x - size, y - size * 0.6f}, (struct va_point){x - size, y + size * 0.6f},
				  bad ? t->bad : t->accent);
	}
}

static int legend_item(struct va_scene *s, struct va_rect *r, const char *text, va_colour fill, va_colour edge, int hatch)
{
	const struct va_style *style = s->style;
	int h = va_px(style, 11), w = va_role_width(style, VA_TEXT_SMALL, text) + h + va_px(style, 16);
	struct va_rect at, box;

	if (r->w < w)
		return 0;
	at = va_rect_cut_right(r, w);
	box = va_rect(at.x, at.y + (at.h - h) / 2, h + va_px(style, 3), h);
	va_scene_round(s, box, 2, fill);
	if (hatch >= 0)
		va_scene_hatch(s, box, (enum va_hatch)hatch, va_px(style, 5), va_px(style, 1.4f), va_colour_fade(edge, 0.5f));
	va_scene_border(s, box, 2, 1, edge);
	return va_scene_text(s, va_rect(box.x + box.w + va_px(style, 4), at.y, at.w, at.h), VA_TEXT_SMALL, VA_LEFT, style->theme->dim, text);
}

static void legend(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;

	legend_item(s, &r, "not known", t->absent, t->uncertain, VA_HATCH_FALLING);
	legend_item(s, &r, "in RAM", t->resident_anon, t->resident_anon, -1);
	legend_item(s, &r, "file", t->file_fill, t->file, VA_HATCH_RISING);
	legend_item(s, &r, "anonymous", t->anon_fill, t->anon, -1);
	legend_item(s, &r, "kernel's", t->kernel, t->other, VA_HATCH_DOTS);
}

static void scroll_bar(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	float zoom = look->view->camera.zoom, h = (float)r.h;
	int w = va_px(look->style, 4);

	if (zoom <= 1.01f)
		return;
	va_scene_round(s, va_rect(r.x + r.w + va_px(look->style, 3), r.y + (int)(look->view->camera.top / zoom), w, va_max((int)(h / zoom), w * 2)), w / 2,
		       look->style->theme->dim);
}

void va_layout_map(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	struct va_rect in = va_layout_pane(s, r, NULL), head, rows = va_layout_map_content(r, look->style);
	struct columns c = columns_in(rows, look->style);
	int used;

	head = va_rect(in.x, in.y, in.w, va_role_height(look->style, VA_TEXT_STRONG));
	used = va_scene_printf(s, head, VA_TEXT_STRONG, VA_LEFT, look->style->theme->text, look->task ? "Address space of %s" : "Address space",
			       look->task ? look->task->comm : "");
	va_rect_cut_left(&head, used + va_px(look->style, 8));
	legend(s, head, look);
	va_scene_hit(s, r, VA_ACT_MAP, 0, NULL);
	if (!look->mm) {
		va_scene_text(s, rows, VA_TEXT_BODY, VA_CENTRE, look->style->theme->dim, "This process has no address space (any more).");
		return;
	}
	va_scene_clip(s, va_rect(r.x + 1, rows.y, r.w - 2, rows.h));
	draw_rows(s, &c, look, true);
	draw_rows(s, &c, look, false);
	draw_groups(s, &c, look);
	draw_addresses(s, &c, look);
	draw_target(s, &c, look);
	scroll_bar(s, rows, look);
	s->busy |= va_map_anim_busy(look->anim, look->now);
}
