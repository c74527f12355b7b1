/* Points and rectangles, in pixels of the canvas; y grows downwards. */
#ifndef VA_GEOM_H
#define VA_GEOM_H

#include <math.h>
#include <stdbool.h>

struct va_point {
	float x, y;
};

struct va_rect {
	int x, y, w, h;
};

static inline int va_min(int a, int b)
{
	return a < b ? a : b;
}

static inline uint64_t va_min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline int va_max(int a, int b)
{
	return a > b ? a : b;
}

static inline float va_clampf(float v, float lo, float hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

static inline float va_mixf(float a, float b, float t)
{
	return a + (b - a) * t;
}

static inline struct va_rect va_rect(int x, int y, int w, int h)
{
	return (struct va_rect){x, y, va_max(w, 0), va_max(h, 0)};
}

static inline struct va_rect va_rect_inset(struct va_rect r, int dx, int dy)
{
	return va_rect(r.x + dx, r.y + dy, r.w - 2 * dx, r.h - 2 * dy);
}

static inline struct va_rect va_rect_cross(struct va_rect a, struct va_rect b)
{
	int x = va_max(a.x, b.x), y = va_max(a.y, b.y);

	return va_rect(x, y, va_min(a.x + a.w, b.x + b.w) - x, va_min(a.y + a.h, b.y + b.h) - y);
}

static inline bool va_rect_empty(struct va_rect r)
{
	return r.w <= 0 || r.h <= 0;
}

static inline bool va_rect_holds(struct va_rect r, int x, int y)
{
	return x >= r.x && y >= r.y && x < r.x + r.w && y < r.y + r.h;
}

/* What n points and all within `grow` of them touch. They may lie so far outside that no rectangle of ints holds them: then less, but all that a canvas can show. */
static inline struct va_rect va_rect_around(const struct va_point *p, int n, float grow)
{
	const float far = 65536;
	float x0 = p[0].x, x1 = p[0].x, y0 = p[0].y, y1 = p[0].y;

	for (int i = 1; i < n; i++) {
		x0 = fminf(x0, p[i].x);
		x1 = fmaxf(x1, p[i].x);
		y0 = fminf(y0, p[i].y);
		y1 = fmaxf(y1, p[i].y);
	}
	int left = (int)floorf(va_clampf(x0 - grow, -far, far)), top = (int)floorf(va_clampf(y0 - grow, -far, far));

	return va_rect(left, top, (int)ceilf(va_clampf(x1 + grow, -far, far)) - left, (int)ceilf(va_clampf(y1 + grow, -far, far)) - top);
}

/* Cuts n pixels off one side of *r and returns that piece. */
static inline struct va_rect va_rect_cut_top(struct va_rect *r, int n)
{
	struct va_rect cut = va_rect(r->x, r->y, r->w, va_min(n, r->h));

	r->y += cut.h;
	r->h -= cut.h;
	return cut;
}

static inline struct va_rect va_rect_cut_bottom(struct va_rect *r, int n)
{
	n = va_min(n, r->h);
	r->h -= n;
	return va_rect(r->x, r->y + r->h, r->w, n);
}

static inline struct va_rect va_rect_cut_left(struct va_rect *r, int n)
{
	struct va_rect cut = va_rect(r->x, r->y, va_min(n, r->w), r->h);

	r->x += cut.w;
	r->w -= cut.w;
	return cut;
}

static inline struct va_rect va_rect_cut_right(struct va_rect *r, int n)
{
	n = va_min(n, r->w);
	r->w -= n;
	return va_rect(r->x + r->w, r->y, n, r->h);
}

#endif
