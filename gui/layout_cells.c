/* Resident pages inside a box: one cell a page where there is room, else bins, each as full as its pages are. The lowest address is left and below. */
#include <stdlib.h>
#include <string.h>

#include "heat.h"
#include "map_parts.h"
#include "walk.h"

#define CELLS_MAX 4096

struct grid {
	int cols, rows, cell_w, cell_h;
	size_t n;          /* cells */
	__u64 start, end;
	__u64 per_cell;    /* bytes */
	unsigned char *state; /* enum va_page_state, one a cell */
};

static void note_states(struct grid *g, const struct va_mm *mm)
{
	struct va_run run;

	for (__u64 at = g->start; at < g->end; at = run.end) {
		run = va_run_at(mm, at, g->end);
		memset(g->state + ((at - g->start) >> 12), (int)run.state, (run.end - at) >> 12);
	}
}

/* One cell a page where cells of at least `least` pixels fit, else one row of bins. */
static bool choose_grid(struct grid *g, struct va_rect r, const struct va_row *row, const struct va_style *style)
{
	__u64 pages = (row->end - row->start) >> 12;
	int least = va_px(style, 5), most = va_px(style, 12);

	g->start = row->start;
	g->end = row->end;
	g->per_cell = 4096;
	g->n = pages;
	for (int cell = most; cell >= va_px(style, 8); cell--)
		if (pages * (unsigned)cell <= (unsigned)r.w) {
			g->cols = (int)pages;
			g->rows = 1;
			g->cell_w = cell;
			g->cell_h = va_min(cell, r.h);
			return true;
		}
	for (int cell = most; cell >= least; cell--) {
		g->cols = r.w / cell > 8 ? r.w / cell / 8 * 8 : r.w / cell; /* rows of 8, 16, …: 64 KiB line up */
		g->rows = va_max(r.h / cell, 1);
		g->cell_w = cell;
		g->cell_h = va_min(cell, r.h);
		if (g->cols > 0 && pages <= (__u64)g->cols * (unsigned)g->rows)
			return true;
	}
	g->cell_w = va_max(va_px(style, 2), 2);
	g->cell_h = r.h;
	g->cols = r.w / g->cell_w;
	if (g->cols <= 0)
		return false;
	g->per_cell = ((pages + (unsigned)g->cols - 1) / (unsigned)g->cols) << 12;
	g->n = (size_t)((row->end - row->start + g->per_cell - 1) / g->per_cell);
	return true;
}

static bool is_target(const struct grid *g, size_t i, const struct va_look *look)
{
	const struct vmatlas_record *rec = &look->walk->rec;
	__u64 a = g->start + i * g->per_cell;

	return look->walk->valid && rec->head.mm == va_mm_id(look->mm) && rec->fault.addr >= a && rec->fault.addr < a + g->per_cell;
}

static va_colour heat_colour(const struct va_look *look, const struct va_row *row, __u64 start, __u64 end)
{
	__u64 faults = va_heat_count(look->heat, va_mm_id(look->mm), start, end, row->vma.born, look->play->pos);

	return look->style->theme->ramp[va_heat_class(faults)];
}

/* What a fault has touched just now. */
static void glow(struct va_scene *s, struct va_rect at, __u64 page, __u64 bytes, const struct va_look *look)
{
	float light = va_page_glow_at(look->page_glow, va_mm_id(look->mm), page, bytes, look->now);

	if (light > 0.02f)
		va_scene_border(s, va_rect_inset(at, -1, -1), 0, 1, va_colour_fade(s->style->theme->fresh, light));
}

static void bins(struct va_scene *s, struct va_rect r, const struct grid *g, va_colour there, const struct va_row *row, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	int w = (int)g->n * g->cell_w;
	bool unsure = va_row_residency(look->mm, row).unknown;

	va_scene_fill(s, va_rect(r.x, r.y, w, r.h), t->absent);
	for (size_t i = 0; i < g->n; i++) {
		__u64 a = g->start + i * g->per_cell, b = a + g->per_cell < g->end ? a + g->per_cell : g->end;
		struct va_fill f = va_map_fill(look->mm, a, b, unsure);
		int x = r.x + (int)i * g->cell_w, h = f.there > 0 ? va_max((int)(f.there * (float)r.h + 0.5f), 1) : 0;
		int u = va_min((int)(f.unknown * (float)r.h + 0.5f), r.h - h);

		va_scene_fill(s, va_rect(x, r.y + r.h - h, g->cell_w, h), look->view->map.by == VA_BY_HEAT ? heat_colour(look, row, a, b) : there);
		glow(s, va_rect(x, r.y, g->cell_w, r.h), a, b - a, look);
		if (u > 0)
			va_map_unknown(s, va_rect(x, r.y, g->cell_w, u));
		if (is_target(g, i, look))
			va_scene_border(s, va_rect(x - 2, r.y - 1, g->cell_w + 4, r.h + 2), 0, 1, t->accent);
	}
}

#define ASKED 256 /* a grid of so many pages at most answers page by page */

/* Its second sign of being written to, and what it says of itself. */
static void cell_words(struct va_scene *s, struct va_rect at, __u64 addr, const struct va_look *look)
{
	struct va_page page = va_mm_page(look->mm, addr);
	int dot = va_max(at.w / 4, 2);
	char tip[600];

	if (page.certainty != VA_PAGE_UNKNOWN && va_mm_page_dirty(look->mm, &page))
		va_scene_fill(s, va_rect(at.x + at.w - dot, at.y, dot, at.h), s->style->theme->bright);
	va_scene_hit(s, at, VA_ACT_PAGE, addr, va_map_page_words(tip, sizeof(tip), addr, &page, look));
}

static void cells(struct va_scene *s, struct va_rect r, const struct grid *g, va_colour there, const struct va_row *row, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	int used = (int)((g->n + (size_t)g->cols - 1) / (size_t)g->cols), gap = g->cell_w > 4 && g->cell_h > 3 ? 1 : 0;
	int top = r.y + (r.h - used * g->cell_h) / 2;
	bool heat = look->view->map.by == VA_BY_HEAT;

	for (size_t i = 0; i < g->n; i++) {
		int col = (int)(i % (size_t)g->cols), line = (int)(i / (size_t)g->cols);
		__u64 a = g->start + i * 4096;
		struct va_rect at = va_rect(r.x + col * g->cell_w, top + (used - 1 - line) * g->cell_h, g->cell_w - gap, g->cell_h - gap);

		va_map_cell(s, at, g->state[i], heat ? heat_colour(look, row, a, a + 4096) : there);
		if (g->n <= ASKED && g->cell_w >= va_px(look->style, 8))
			cell_words(s, at, a, look);
		glow(s, at, a, 4096, look);
		if (is_target(g, i, look))
			va_scene_border(s, va_rect_inset(at, -1, -1), 0, g->cell_w > 6 ? 2 : 1, t->accent);
	}
}

void va_layout_cells(struct va_scene *s, struct va_rect r, const struct va_row *row, const struct va_look *look)
{
	va_colour there = va_paint_of(row, look).there;
	unsigned char bits[CELLS_MAX] = {0};
	struct grid g = {.state = bits};

	if (va_rect_empty(r) || !look->mm || !choose_grid(&g, r, row, look->style) || g.n > CELLS_MAX)
		return;
	if (g.per_cell > 4096) {
		bins(s, r, &g, there, row, look);
		return;
	}
	note_states(&g, look->mm);
	cells(s, r, &g, there, row, look);
}
