/* Resident pages inside a box: one cell a page where there is room, else bins, each as full as its pages are. The lowest address is left and below. */
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "runs.h"

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

#define SAMPLES 8

/* How full a bin is, in parts of its pages. What is sure is counted; how much of it is derived or unknown is seen from some of its pages. */
struct fill {
	float there, unknown;
};

static struct fill fill_of(const struct grid *g, size_t i, const struct va_look *look, bool unsure)
{
	__u64 a = g->start + i * g->per_cell, b = a + g->per_cell < g->end ? a + g->per_cell : g->end, pages = (b - a) >> 12;
	struct fill f = {.there = (float)va_mm_resident(look->mm, a, b) / (float)pages};
	unsigned n = pages < SAMPLES ? (unsigned)pages : SAMPLES, lost = 0;

	for (unsigned k = 0; unsure && k < n; k++) {
		struct va_page page = va_mm_page(look->mm, a + pages * k / n * 4096);

		f.unknown += va_page_state(&page) == VA_STATE_UNKNOWN ? 1.0f / (float)n : 0;
		lost += page.present && page.certainty == VA_PAGE_UNKNOWN;
	}
	f.there = va_clampf(f.there - (float)lost / (float)n, 0, 1 - f.unknown);
	return f;
}

static bool is_target(const struct grid *g, size_t i, const struct va_look *look)
{
	const struct vmatlas_record *rec = &look->walk->rec;
	__u64 a = g->start + i * g->per_cell;

	return look->walk->valid && rec->head.mm == va_mm_id(look->mm) && rec->fault.addr >= a && rec->fault.addr < a + g->per_cell;
}

static void unknown_area(struct va_scene *s, struct va_rect r)
{
	va_scene_hatch(s, r, VA_HATCH_FALLING, va_px(s->style, 4), va_max(va_px(s->style, 1), 1), va_colour_fade(s->style->theme->uncertain, 0.7f));
}

static void bins(struct va_scene *s, struct va_rect r, const struct grid *g, va_colour there, const struct va_row *row, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	int w = (int)g->n * g->cell_w;

	va_scene_fill(s, va_rect(r.x, r.y, w, r.h), t->absent);
	for (size_t i = 0; i < g->n; i++) {
		struct fill f = fill_of(g, i, look, row->unknown);
		int x = r.x + (int)i * g->cell_w, h = f.there > 0 ? va_max((int)(f.there * (float)r.h + 0.5f), 1) : 0;
		int u = va_min((int)(f.unknown * (float)r.h + 0.5f), r.h - h);

		va_scene_fill(s, va_rect(x, r.y + r.h - h, g->cell_w, h), there);
		if (u > 0)
			unknown_area(s, va_rect(x, r.y, g->cell_w, u));
		if (is_target(g, i, look))
			va_scene_border(s, va_rect(x - 2, r.y - 1, g->cell_w + 4, r.h + 2), 0, 1, t->accent);
	}
}

/* Seen: full. Derived: full, in a weaker colour, with an edge. Swapped out: the edge only. Not known: hatched. Absent: empty. */
static void cell(struct va_scene *s, struct va_rect at, enum va_page_state state, va_colour there)
{
	const struct va_theme *t = s->style->theme;

	switch (state) {
	case VA_STATE_SEEN:
		va_scene_fill(s, at, there);
		return;
	case VA_STATE_DERIVED:
		va_scene_fill(s, at, va_colour_fade(there, 0.62f));
		return;
	case VA_STATE_SWAPPED:
	case VA_STATE_OTHER:
		va_scene_fill(s, at, t->absent);
		va_scene_border(s, at, 0, 1, there);
		return;
	case VA_STATE_UNKNOWN:
		va_scene_fill(s, at, t->absent);
		unknown_area(s, at);
		return;
	default:
		va_scene_fill(s, at, t->absent);
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

		cell(s, at, g->state[i], there);
		if (is_target(g, i, look))
			va_scene_border(s, va_rect_inset(at, -1, -1), 0, g->cell_w > 6 ? 2 : 1, t->accent);
	}
}

void va_layout_cells(struct va_scene *s, struct va_rect r, const struct va_row *row, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	va_colour there = va_is_kernels(row) ? t->other : row->vma.anon ? t->resident_anon : t->resident_file;
	unsigned char bits[CELLS_MAX] = {0};
	struct grid g = {.state = bits};

	if (va_rect_empty(r) || !look->mm || !choose_grid(&g, r, row, look->style) || g.n > CELLS_MAX)
		return;
	if (g.per_cell > 4096) {
		bins(s, r, &g, there, row, look);
		return;
	}
	note_states(&g, look->mm);
	cells(s, r, &g, there, look);
}
