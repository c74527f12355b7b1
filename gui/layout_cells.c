/* Resident pages inside a box: one cell a page where there is room, else bins, each as full as its pages are. The lowest address is left and below. */
#include <stdlib.h>
#include <string.h>

#include "layout.h"

#define CELLS_MAX 4096

struct grid {
	int cols, rows, cell_w, cell_h;
	size_t n;          /* cells */
	__u64 start, end;
	__u64 per_cell;    /* bytes */
	unsigned char *there;
};

static bool note_page(void *ctx, __u64 addr, const struct va_page *page)
{
	struct grid *g = ctx;
	__u64 size = page->level == 4 ? 4096 : page->level == 3 ? 1ull << 21 : 1ull << 30;

	for (__u64 a = addr & ~(size - 1), end = a + size; a < end; a += 4096) {
		if (a < g->start)
			continue;
		if (a >= g->end)
			break;
		g->there[(a - g->start) / g->per_cell] = 1;
	}
	return true;
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

static float share(const struct grid *g, size_t i, const struct va_look *look)
{
	__u64 a = g->start + i * g->per_cell, b = a + g->per_cell < g->end ? a + g->per_cell : g->end;

	return (float)va_mm_resident(look->mm, a, b) / (float)((b - a) >> 12);
}

static bool is_target(const struct grid *g, size_t i, const struct va_look *look)
{
	const struct vmatlas_record *rec = &look->walk->rec;
	__u64 a = g->start + i * g->per_cell;

	return look->walk->valid && rec->head.mm == va_mm_id(look->mm) && rec->fault.addr >= a && rec->fault.addr < a + g->per_cell;
}

static void bins(struct va_scene *s, struct va_rect r, const struct grid *g, va_colour there, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	int w = (int)g->n * g->cell_w;

	va_scene_fill(s, va_rect(r.x, r.y, w, r.h), t->absent);
	for (size_t i = 0; i < g->n; i++) {
		float k = share(g, i, look);
		int x = r.x + (int)i * g->cell_w, h = k > 0 ? va_max((int)(k * (float)r.h + 0.5f), 1) : 0;

		va_scene_fill(s, va_rect(x, r.y + r.h - h, g->cell_w, h), there);
		if (is_target(g, i, look))
			va_scene_border(s, va_rect(x - 2, r.y - 1, g->cell_w + 4, r.h + 2), 0, 1, t->accent);
	}
}

static void cells(struct va_scene *s, struct va_rect r, const struct grid *g, va_colour there, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	int used = (int)((g->n + (size_t)g->cols - 1) / (size_t)g->cols), gap = g->cell_w > 4 && g->cell_h > 3 ? 1 : 0;
	int top = r.y + (r.h - used * g->cell_h) / 2;

	for (size_t i = 0; i < g->n; i++) {
		int col = (int)(i % (size_t)g->cols), line = (int)(i / (size_t)g->cols);
		struct va_rect at = va_rect(r.x + col * g->cell_w, top + (used - 1 - line) * g->cell_h, g->cell_w - gap, g->cell_h - gap);

		va_scene_fill(s, at, g->there[i] ? there : t->absent);
		if (is_target(g, i, look))
			va_scene_border(s, va_rect_inset(at, -1, -1), 0, g->cell_w > 6 ? 2 : 1, t->accent);
	}
}

void va_layout_cells(struct va_scene *s, struct va_rect r, const struct va_row *row, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	va_colour there = va_is_kernels(row) ? t->other : row->vma.anon ? t->resident_anon : t->resident_file;
	unsigned char bits[CELLS_MAX] = {0};
	struct grid g = {.there = bits};

	if (va_rect_empty(r) || !look->mm || !choose_grid(&g, r, row, look->style) || g.n > CELLS_MAX)
		return;
	if (g.per_cell > 4096) {
		bins(s, r, &g, there, look);
		return;
	}
	if (row->resident)
		va_mm_each_page(look->mm, row->start, row->end, note_page, &g);
	cells(s, r, &g, there, look);
}
