/* The map pane: the address space as lecturers draw it. Its parts are in layout_map_*.c and layout_cells.c. */
#include <stdio.h>
#include <string.h>

#include "map_parts.h"
#include "words.h"

#define FAR (1 << 20) /* further than any pane reaches */
#define TALL_MOST 2048 /* boxes whose bounds may be told: more than a pane has room for */
#define TINY 2.5f /* boxes lower than this are drawn together */
#define FADED 0.22f /* what is filtered out */

struct run { /* boxes too low to be seen one by one */
	int y0, y1, count;
	size_t files;
	va_colour colour; /* of the first */
	bool faded;       /* all of them are */
};

bool va_is_kernels(const struct va_row *row)
{
	return row->zone == VA_ZONE_VDSO || row->zone == VA_ZONE_VVAR || row->zone == VA_ZONE_VSYSCALL;
}

bool va_map_zoomed(const struct va_view *view)
{
	return view->camera.zoom > 1.01;
}

struct va_rect va_layout_map_content(struct va_rect pane, const struct va_style *style, const struct va_view *view)
{
	struct va_rect r = va_rect_inset(pane, va_px(style, 10), va_px(style, 7));

	va_rect_cut_top(&r, va_map_head_height(style, view, r));
	return r;
}

struct va_map_columns va_map_columns(struct va_rect rows, const struct va_look *look)
{
	const struct va_style *style = look->style;
	struct va_map_columns c = {.rows = rows};
	int w = rows.w;

	if (va_map_zoomed(look->view)) {
		c.overview = va_rect_cut_right(&rows, va_px(style, 12));
		w = rows.w - va_px(style, 8);
	}
	c.address_x = rows.x;
	c.address_w = va_role_width(style, VA_TEXT_MONO_SMALL, "7fff 0000 0000");
	c.side_w = va_max(va_px(style, 70), w * 17 / 100);
	c.box_x = rows.x + c.address_w + va_px(style, 8);
	c.side_x = rows.x + w - c.side_w;
	c.box_w = c.side_x - va_px(style, 6) - c.box_x;
	return c;
}

struct va_span va_map_span(const struct va_map_columns *c, size_t i, const struct va_look *look, float *alpha)
{
	const struct va_moving_row *m = &look->anim->row[i];
	const struct va_ruler *r = look->ruler;
	double at = c->rows.y - look->view->camera.top, y, h;

	va_map_anim_place(m, look->now, &y, &h, alpha);
	if (!m->ghost && i < r->rows->count && y == m->row.y && h == m->row.h)
		return (struct va_span){at + r->top[i], at + r->top[i + 1]};
	return (struct va_span){at + va_ruler_map(r, y), at + va_ruler_map(r, y + h)};
}

double va_map_y(const struct va_map_columns *c, size_t row, __u64 addr, const struct va_look *look)
{
	const struct va_row *of = &look->ruler->rows->row[row];
	float alpha;
	struct va_span span = va_map_span(c, row, look, &alpha);

	return span.y1 - (span.y1 - span.y0) * ((double)(addr - of->start) / (double)(of->end - of->start));
}

static int near(double y, const struct va_rect *rows)
{
	double low = rows->y - 40, high = rows->y + rows->h + 40;

	y = (y > low ? y : low) < high ? (y > low ? y : low) : high;
	return (int)(y + 0.5 + FAR) - FAR; /* rounds down below 0, too */
}

struct va_rect va_map_rect(const struct va_map_columns *c, const struct va_span *span)
{
	int y0 = near(span->y0, &c->rows), y1 = near(span->y1, &c->rows);

	return va_rect(c->box_x, y0, c->box_w, y1 - y0);
}

static struct va_rect box_at(const struct va_map_columns *c, size_t i, const struct va_look *look)
{
	float alpha;
	struct va_span span = va_map_span(c, i, look, &alpha);

	return va_map_rect(c, &span);
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

static void box_pages(struct va_scene *s, const struct va_map_columns *c, const struct va_span *span, const struct va_row *row, const struct va_look *look,
		      struct va_rect *text)
{
	const struct va_style *style = look->style;

	if (va_map_pages(s, c, span, row, look, text) || text->h < va_px(style, 6))
		return;
	struct va_rect cells = va_rect_cut_right(text, text->w * (text->w < va_px(style, 170) ? 27 : 34) / 100);

	va_layout_cells(s, va_rect_inset(cells, va_px(style, 5), va_px(style, cells.h > va_px(style, 14) ? 4 : 2)), row, look);
}

static void box_frame(struct va_scene *s, struct va_rect box, const struct va_moving_row *m, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	struct va_paint paint = va_paint_of(&m->row, look);
	int radius = box.h > va_px(style, 10) ? va_px(style, 3) : 0, thick = va_max(1, va_px(style, (float)t->line_width));
	float glow = va_glow(m->changed, VA_TIME_GLOW, look->now);
	bool low = box.h < va_px(style, 10);

	va_scene_round(s, box, radius, va_colour_mix(paint.fill, t->bright, glow * 0.12f));
	box_pattern(s, box, &m->row);
	if (box.h >= va_px(style, 5))
		va_scene_border(s, box, radius, low ? 1 : thick, va_colour_mix(va_colour_fade(paint.edge, low ? 0.45f : 0.75f), t->fresh, glow));
	if (m->ghost)
		return;
	if (glow > 0.02f && box.h >= va_px(style, 5))
		va_scene_border(s, va_rect_inset(box, -1, -1), radius, va_px(style, 2), va_colour_fade(t->fresh, glow));
	if (va_map_has_fault(look, &m->row) || (look->view->selected >= m->row.start && look->view->selected < m->row.end))
		va_scene_border(s, va_rect_inset(box, -1, -1), radius, va_px(style, 2), t->accent);
	if (m->row.vma.stale)
		va_scene_hatch(s, va_rect(box.x, box.y, va_px(style, 6), box.h), VA_HATCH_RISING, 4, 2, t->warn);
}

static void draw_box(struct va_scene *s, const struct va_map_columns *c, struct va_rect box, const struct va_span *span, const struct va_moving_row *m,
		     const struct va_look *look)
{
	struct va_rect text = box;
	char tip[768];

	if (va_row_faded(&m->row, look))
		s->alpha *= FADED;
	box_frame(s, box, m, look);
	if (m->ghost)
		return;
	va_map_box_tip(tip, sizeof(tip), &m->row, look);
	va_scene_hit(s, va_rect_cross(box, c->rows), VA_ACT_MAP_BOX, m->row.start, tip);
	box_pages(s, c, span, &m->row, look, &text);
	va_map_box_text(s, va_rect_cross(text, c->rows), &m->row, look); /* a box that is partly out of sight keeps its words in sight */
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
static void draw_address(struct va_scene *s, const struct va_map_columns *c, int y, __u64 addr, const struct va_look *look)
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

static void end_run(struct va_scene *s, const struct va_map_columns *c, struct run *run, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	int h = va_role_height(style, VA_TEXT_SMALL);
	struct va_rect box = va_rect_cross(va_rect(c->box_x, run->y0, c->box_w, va_max(run->y1 - run->y0, 1)), c->rows), chip;
	char text[64], count[32], tip[160];

	if (run->count) {
		s->alpha = run->faded ? FADED : 1;
		va_scene_fill(s, box, va_colour_fade(run->colour, 0.25f));
		va_scene_hatch(s, box, VA_HATCH_CROSS, va_px(style, 6), 1, va_colour_fade(run->colour, 0.5f));
		s->alpha = 1;
		va_words_count(count, sizeof(count), (unsigned)run->count);
		snprintf(text, sizeof(text), "%s boxes", count);
		snprintf(tip, sizeof(tip), "%s box%s, too low to be told apart (%zu of files). The wheel goes closer.", count, run->count > 1 ? "es" : "", run->files);
		va_scene_hit(s, box, VA_ACT_MAP, 0, tip);
	}
	if (run->count > 1 && box.h >= h) {
		chip = va_rect(box.x + va_px(style, 7), box.y + (box.h - h) / 2, va_role_width(style, VA_TEXT_SMALL, text) + va_px(style, 10), h);
		va_scene_round(s, chip, va_px(style, 3), t->panel);
		va_scene_text_free(s, chip, VA_TEXT_SMALL, VA_CENTRE, t->text, text);
	}
	*run = (struct run){0};
}

static bool join_run(struct run *run, struct va_rect box, const struct va_row *row, const struct va_look *look)
{
	bool faded;

	if ((float)box.h >= TINY || (row->kind != VA_ROW_VMA && row->kind != VA_ROW_GAP))
		return false;
	if (row->kind != VA_ROW_VMA)
		return true;
	faded = va_row_faded(row, look);
	if (!run->count)
		run->y0 = box.y;
	if (!run->count || (run->faded && !faded)) { /* what stands out gives its colour to the rest */
		run->colour = va_paint_of(row, look).edge;
		run->faded = faded;
	}
	run->y1 = box.y + box.h;
	run->count++;
	run->files += row->path != NULL;
	return true;
}

struct tall { /* a box that is tall enough to have its bounds told */
	size_t row;
	struct va_rect box;
};

struct talls {
	struct tall at[TALL_MOST];
	size_t count;
};

static void note_tall(struct talls *tall, const struct va_map_columns *c, size_t i, struct va_rect box, const struct va_row *row)
{
	if (row->kind == VA_ROW_VMA && (float)box.h >= TINY && box.y + box.h >= c->rows.y && box.y <= c->rows.y + c->rows.h && tall->count < TALL_MOST)
		tall->at[tall->count++] = (struct tall){i, box};
}

/* Those that fade, or those that are there; tall: gets those whose bounds may be told. */
static void draw_rows(struct va_scene *s, const struct va_map_columns *c, const struct va_look *look, bool ghosts, struct talls *tall)
{
	struct run run = {0};
	int bottom = c->rows.y + c->rows.h;

	for (size_t i = ghosts ? look->anim->live : 0; i < (ghosts ? look->anim->count : look->anim->live); i++) {
		const struct va_moving_row *m = &look->anim->row[i];
		float alpha;
		struct va_span span = va_map_span(c, i, look, &alpha);
		struct va_rect box;

		if (span.y0 > bottom + 1 || span.y1 < c->rows.y - 1)
			continue;
		box = va_map_rect(c, &span);
		if (!ghosts)
			note_tall(tall, c, i, box, &m->row);
		if (span.y0 > bottom || span.y1 < c->rows.y || (!ghosts && join_run(&run, box, &m->row, look)))
			continue;
		end_run(s, c, &run, look);
		if (box.h > 3)
			box.h -= 1;
		s->alpha = alpha;
		if (m->row.kind == VA_ROW_VMA)
			draw_box(s, c, box, &span, m, look);
		else
			draw_empty(s, va_map_zoomed(look->view) ? va_rect_cross(box, c->rows) : box, &m->row, look);
		s->alpha = 1;
	}
	end_run(s, c, &run, look);
}

/* Boundaries of tall and of changed boxes first: they get their number when room is short. */
static void draw_addresses(struct va_scene *s, const struct va_map_columns *c, const struct va_look *look, const struct talls *tall)
{
	int line = va_role_height(look->style, VA_TEXT_MONO_SMALL);

	for (int pass = 0; pass < 3; pass++)
		for (size_t k = 0; k < tall->count; k++) {
			size_t i = tall->at[k].row;
			const struct va_row *row = &look->anim->row[i].row;
			struct va_rect box = tall->at[k].box;

			if ((pass == 0 && !va_map_has_fault(look, row)) || (pass == 1 && box.h < line))
				continue;
			draw_address(s, c, box.y + box.h - 1, row->start, look);
			if (i && look->anim->row[i - 1].row.kind != VA_ROW_VMA)
				draw_address(s, c, box.y, row->end, look);
		}
}

/* Inside boxes that reach out of sight: round addresses, so far from each other that they can be read. */
static void draw_round_addresses(struct va_scene *s, const struct va_map_columns *c, const struct va_look *look)
{
	int line = va_role_height(look->style, VA_TEXT_MONO_SMALL);

	for (size_t i = 0; va_map_zoomed(look->view) && i < look->ruler->rows->count; i++) {
		const struct va_row *row = &look->ruler->rows->row[i];
		float alpha;
		struct va_span span = va_map_span(c, i, look, &alpha);
		double bytes, low, high;
		__u64 step = 4096;

		if (row->kind != VA_ROW_VMA || span.y1 < c->rows.y || span.y0 > c->rows.y + c->rows.h || span.y1 - span.y0 < 5 * line)
			continue;
		bytes = (double)(row->end - row->start) / (span.y1 - span.y0);
		while ((double)step < bytes * 4 * line)
			step *= 2;
		low = fmax((span.y1 - (c->rows.y + c->rows.h)) * bytes, 0);
		high = (span.y1 - c->rows.y) * bytes;
		for (__u64 at = (row->start + (__u64)low + step - 1) / step * step; at < row->end && (double)(at - row->start) < high; at += step)
			draw_address(s, c, (int)va_map_y(c, i, at, look) - 1, at, look);
	}
}

/* A bracket behind the boxes of one file, with its name once. */
static void draw_group(struct va_scene *s, const struct va_map_columns *c, int y0, int y1, const char *path, int count, const struct va_look *look)
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

static void draw_groups(struct va_scene *s, const struct va_map_columns *c, const struct va_look *look)
{
	const struct va_map_anim *anim = look->anim;
	const struct va_rows *rows = look->ruler->rows;

	for (size_t k = 0; k < rows->groups; k++) {
		size_t i = rows->first[k], j = i;
		const char *path = anim->row[i].row.path;
		struct va_rect first = box_at(c, i, look), last;

		while (j + 1 < anim->live && anim->row[j + 1].row.group == (int)k) {
			j++;
			path = path ? path : anim->row[j].row.path;
		}
		last = box_at(c, j, look);
		if (path)
			draw_group(s, c, first.y, last.y + last.h, path, (int)(j - i) + 1, look);
	}
}

/* A pointer from the left at the address of the fault that the walk view shows; also where no box is. */
static void draw_target(struct va_scene *s, const struct va_map_columns *c, const struct va_look *look)
{
	const struct va_walk_show *w = look->walk;
	const struct va_theme *t = look->style->theme;
	float size = (float)va_px(look->style, 7), x = (float)c->box_x - 2;
	bool bad = w->valid && va_fault_kind(&w->rec, look->header->levels) == VA_FAULT_BAD;
	size_t row;
	double y;

	if (!w->valid || w->rec.head.mm != va_mm_id(look->mm))
		return;
	row = va_ruler_row_of(look->ruler, w->rec.fault.addr);
	if (look->ruler->rows->row[row].kind != VA_ROW_VMA && !bad)
		return;
	y = va_map_y(c, row, w->rec.fault.addr, look);
	y = fmin(fmax(y, c->rows.y + (double)size * 0.6), c->rows.y + c->rows.h - (double)size * 0.6);
	va_scene_triangle(s, (struct va_point){x, (float)y}, (struct va_point){x - size, (float)y - size * 0.6f}, (struct va_point){x - size, (float)y + size * 0.6f},
			  bad ? t->bad : t->accent);
}

void va_layout_map(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	struct va_rect in = va_layout_pane(s, r, NULL), rows = va_layout_map_content(r, look->style, look->view);
	struct va_map_columns c = va_map_columns(rows, look);
	struct talls tall;

	tall.count = 0;
	va_scene_hit(s, r, VA_ACT_MAP, 0, NULL);
	va_map_head(s, va_rect_cut_top(&in, rows.y - in.y), look);
	if (!look->mm) {
		bool gone = look->task && va_model_map_index(look->model, look->task->last_mm) != VA_NO_MAP;

		va_scene_text(s, rows, VA_TEXT_BODY, VA_CENTRE, look->style->theme->dim,
			      gone ? "This process ended before what is kept: its map is no longer there." : "This process has no address space (any more).");
		return;
	}
	va_scene_clip(s, va_rect(r.x + 1, rows.y, r.w - 2, rows.h));
	draw_rows(s, &c, look, true, NULL);
	draw_rows(s, &c, look, false, &tall);
	draw_groups(s, &c, look);
	va_map_ticks(s, &c, look);
	draw_addresses(s, &c, look, &tall);
	draw_round_addresses(s, &c, look);
	draw_target(s, &c, look);
	va_map_overview(s, &c, look);
	s->busy |= va_map_anim_busy(look->anim, look->now) || va_page_glow_busy(look->page_glow, va_mm_id(look->mm), look->now);
}
