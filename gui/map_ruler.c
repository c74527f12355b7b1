#include "map_ruler.h"

#include <stdlib.h>

#include "anim.h"

#define PAGE_MOST 84 /* pixels at scale 1: five lines of small text */
#define GAP_MOST 46

static double pages_of(const struct va_row *row)
{
	return (double)((row->end - row->start) >> 12);
}

static double most_height(const struct va_ruler *r, const struct va_row *row)
{
	return fmax(row->h, row->kind == VA_ROW_VMA ? pages_of(row) * r->page : r->gap);
}

void va_ruler_set(struct va_ruler *r, const struct va_rows *rows, const struct va_style *style, double zoom)
{
	double page = va_px(style, PAGE_MOST * style->theme->text_scale), gap = va_px(style, GAP_MOST * style->theme->text_scale), y = 0;

	if (r->rows == rows && r->built == rows->built && r->zoom == zoom && r->page == page && r->gap == gap)
		return;
	if (r->room < rows->count + 1) {
		r->room = rows->count + rows->count / 2 + 64;
		r->top = realloc(r->top, r->room * sizeof(*r->top));
		if (!r->top)
			abort();
	}
	r->rows = rows;
	r->built = rows->built;
	r->zoom = zoom;
	r->page = page;
	r->gap = gap;
	for (size_t i = 0; i < rows->count; i++) {
		r->top[i] = y;
		y += zoom > 1 ? fmin(rows->row[i].h * zoom, most_height(r, &rows->row[i])) : rows->row[i].h;
	}
	r->top[rows->count] = y;
}

void va_ruler_free(struct va_ruler *r)
{
	free(r->top);
	*r = (struct va_ruler){0};
}

double va_ruler_height(const struct va_ruler *r)
{
	return r->top ? r->top[r->rows->count] : 0;
}

size_t va_ruler_row(const struct va_ruler *r, double y)
{
	size_t lo = 0, hi = r->rows->count;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (r->top[mid] <= y)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

size_t va_ruler_row_of(const struct va_ruler *r, __u64 addr)
{
	return va_rows_find(r->rows, addr);
}

double va_ruler_y(const struct va_ruler *r, __u64 addr)
{
	size_t i = va_ruler_row_of(r, addr);
	const struct va_row *row = &r->rows->row[i];
	double h = r->top[i + 1] - r->top[i], part = (double)(addr - row->start) / (double)(row->end - row->start);

	return r->top[i + 1] - h * part;
}

__u64 va_ruler_addr(const struct va_ruler *r, double y)
{
	size_t i = va_ruler_row(r, y);
	const struct va_row *row = &r->rows->row[i];
	__u64 size = row->end - row->start, into;
	double h = r->top[i + 1] - r->top[i], part = h > 0 ? (r->top[i + 1] - y) / h : 0;

	into = (__u64)(fmin(fmax(part, 0), 1) * (double)size);
	return row->start + (into < size ? into : size - 1);
}

static bool row_holds(const struct va_ruler *r, size_t i, double y)
{
	const struct va_row *row = r->rows->row;

	return i < r->rows->count && row[i].y <= y && (i + 1 == r->rows->count || row[i + 1].y > y);
}

double va_ruler_map(const struct va_ruler *r, double y)
{
	size_t lo = 0, hi = r->rows->count;
	const struct va_row *row;

	if (r->zoom <= 1)
		return y;
	if (row_holds(r, r->last, y))
		lo = r->last, hi = lo + 1;
	else if (row_holds(r, r->last + 1, y))
		lo = r->last + 1, hi = lo + 1;
	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (r->rows->row[mid].y <= y)
			lo = mid;
		else
			hi = mid;
	}
	((struct va_ruler *)r)->last = lo;
	row = &r->rows->row[lo];
	return r->top[lo] + (row->h > 0 ? (y - row->y) / row->h * (r->top[lo + 1] - r->top[lo]) : 0);
}

double va_ruler_unmap(const struct va_ruler *r, double y)
{
	size_t i = va_ruler_row(r, y);
	double h = r->top[i + 1] - r->top[i];

	return r->rows->row[i].y + (h > 0 ? (y - r->top[i]) / h * r->rows->row[i].h : 0);
}

double va_ruler_page(const struct va_ruler *r, size_t row)
{
	return (r->top[row + 1] - r->top[row]) / pages_of(&r->rows->row[row]);
}

double va_ruler_most(const struct va_ruler *r, size_t row)
{
	const struct va_row *rows = r->rows->row;

	for (size_t far = 0; far < r->rows->count; far++)
		for (int side = 0; side < 2; side++) {
			size_t i = side ? row + far : row - far; /* wraps: larger than any count */

			if (i < r->rows->count && rows[i].kind == VA_ROW_VMA)
				return fmax(most_height(r, &rows[i]) / rows[i].h, 1);
		}
	return 1;
}

static double clamp_top(const struct va_ruler *r, double top, double height)
{
	return fmax(fmin(top, va_ruler_height(r) - height), 0);
}

void va_flight_start(struct va_flight *f, const struct va_ruler *from, const struct va_camera *now_at, struct va_ruler *to, const struct va_style *style,
		     double height, double zoom, __u64 anchor, double at, uint64_t now)
{
	va_ruler_set(to, from->rows, style, zoom);
	f->from_zoom = now_at->zoom;
	f->from_at = va_ruler_y(from, anchor) - now_at->top;
	f->anchor = anchor;
	f->goal.zoom = zoom;
	f->goal.top = clamp_top(to, va_ruler_y(to, anchor) - at, height);
	f->to_at = va_ruler_y(to, anchor) - f->goal.top;
	f->start = now;
}

struct va_camera va_flight_at(const struct va_flight *f, struct va_ruler *r, const struct va_rows *rows, const struct va_style *style, double height,
			      uint64_t now)
{
	double t = (double)va_ease(va_anim(f->start, VA_TIME_MOVE, now));
	struct va_camera c = f->goal;

	if (t < 1)
		c.zoom = f->from_zoom * pow(f->goal.zoom / f->from_zoom, t);
	va_ruler_set(r, rows, style, c.zoom);
	if (t < 1)
		c.top = clamp_top(r, va_ruler_y(r, f->anchor) - (f->from_at + (f->to_at - f->from_at) * t), height);
	return c;
}
