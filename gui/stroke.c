/* Anti-aliased lines, curves and triangles: coverage from the distance of a pixel's centre, one blend a pixel. */
#include "canvas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CURVE_STEPS 40

struct cover { /* coverage gathered before blending, so that pieces of one stroke may overlap */
	struct va_rect r;
	uint8_t *a;
};

static bool cover_begin(struct cover *k, const struct va_canvas *c, const struct va_point *p, int n, float grow)
{
	k->r = va_rect_cross(va_rect_around(p, n, grow), c->clip);
	k->a = va_rect_empty(k->r) ? NULL : calloc((size_t)k->r.w, (size_t)k->r.h);
	return k->a;
}

static void cover_end(struct cover *k, struct va_canvas *c, va_colour colour)
{
	va_canvas_mask(c, k->r.x, k->r.y, k->a, k->r.w, k->r.h, colour);
	free(k->a);
}

static void cover_put(struct cover *k, int x, int y, float a)
{
	uint8_t v = (uint8_t)(va_clampf(a, 0, 1) * 255 + 0.5f);
	uint8_t *p = k->a + (size_t)(y - k->r.y) * (size_t)k->r.w + (x - k->r.x);

	if (v > *p)
		*p = v;
}

static void cover_segment(struct cover *k, struct va_point a, struct va_point b, float width)
{
	float dx = b.x - a.x, dy = b.y - a.y, len2 = dx * dx + dy * dy, grow = width / 2 + 1;
	struct va_rect r = va_rect((int)floorf(fminf(a.x, b.x) - grow), (int)floorf(fminf(a.y, b.y) - grow),
				   (int)ceilf(fabsf(dx) + 2 * grow) + 1, (int)ceilf(fabsf(dy) + 2 * grow) + 1);

	r = va_rect_cross(r, k->r);
	for (int y = r.y; y < r.y + r.h; y++)
		for (int x = r.x; x < r.x + r.w; x++) {
			float px = (float)x + 0.5f - a.x, py = (float)y + 0.5f - a.y;
			float t = len2 > 0 ? va_clampf((px * dx + py * dy) / len2, 0, 1) : 0;
			float ex = px - t * dx, ey = py - t * dy;

			cover_put(k, x, y, width / 2 + 0.5f - sqrtf(ex * ex + ey * ey));
		}
}

static float side(struct va_point a, struct va_point b, float x, float y)
{
	float dx = b.x - a.x, dy = b.y - a.y, len = sqrtf(dx * dx + dy * dy);

	return len > 0 ? ((x - a.x) * dy - (y - a.y) * dx) / len : 0;
}

static void cover_triangle(struct cover *k, const struct va_point p[3])
{
	float turn = side(p[0], p[1], p[2].x, p[2].y) >= 0 ? 1 : -1;

	for (int y = k->r.y; y < k->r.y + k->r.h; y++)
		for (int x = k->r.x; x < k->r.x + k->r.w; x++) {
			float d = 1e9f;

			for (int i = 0; i < 3; i++)
				d = fminf(d, turn * side(p[i], p[(i + 1) % 3], (float)x + 0.5f, (float)y + 0.5f));
			cover_put(k, x, y, d + 0.5f);
		}
}

void va_canvas_line(struct va_canvas *c, struct va_point a, struct va_point b, float width, float dash, va_colour colour)
{
	struct va_point ends[2] = {a, b};
	float dx = b.x - a.x, dy = b.y - a.y, len = sqrtf(dx * dx + dy * dy);
	struct cover k;

	if (!cover_begin(&k, c, ends, 2, width / 2 + 1))
		return;
	if (dash <= 0 || len <= 0)
		cover_segment(&k, a, b, width);
	else
		for (float at = 0; at < len; at += 2 * dash) {
			float to = fminf(at + dash, len);

			cover_segment(&k, (struct va_point){a.x + dx * at / len, a.y + dy * at / len},
				      (struct va_point){a.x + dx * to / len, a.y + dy * to / len}, width);
		}
	cover_end(&k, c, colour);
}

struct va_point va_curve_at(const struct va_point p[4], float t)
{
	float u = 1 - t, a = u * u * u, b = 3 * u * u * t, d = 3 * u * t * t, e = t * t * t;

	return (struct va_point){a * p[0].x + b * p[1].x + d * p[2].x + e * p[3].x,
				 a * p[0].y + b * p[1].y + d * p[2].y + e * p[3].y};
}

static void arrow_head(struct cover *k, struct va_point from, struct va_point tip, float size)
{
	float dx = tip.x - from.x, dy = tip.y - from.y, len = sqrtf(dx * dx + dy * dy);

	if (len <= 0)
		return;
	dx *= size / len;
	dy *= size / len;
	cover_triangle(k, (struct va_point[3]){tip,
					       {tip.x - dx - dy * 0.45f, tip.y - dy + dx * 0.45f},
					       {tip.x - dx + dy * 0.45f, tip.y - dy - dx * 0.45f}});
}

void va_canvas_curve(struct va_canvas *c, const struct va_point p[4], float part, float width, float head, va_colour colour)
{
	struct cover k;
	struct va_point last = p[0], tip = va_curve_at(p, part);
	int steps = (int)ceilf(part * CURVE_STEPS);

	if (part <= 0 || !cover_begin(&k, c, p, 4, width + head + 1))
		return;
	for (int i = 1; i <= steps; i++) {
		struct va_point at = va_curve_at(p, fminf((float)i / CURVE_STEPS, part));
		float left = hypotf(tip.x - at.x, tip.y - at.y);

		if (head > 0 && left < head * 0.7f) /* the line ends inside the head, not at its tip */
			break;
		cover_segment(&k, last, at, width);
		last = at;
	}
	if (head > 0)
		arrow_head(&k, last, tip, head);
	cover_end(&k, c, colour);
}

void va_canvas_triangle(struct va_canvas *c, const struct va_point p[3], va_colour colour)
{
	struct cover k;

	if (!cover_begin(&k, c, p, 3, 1))
		return;
	cover_triangle(&k, p);
	cover_end(&k, c, colour);
}
