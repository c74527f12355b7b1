#include "canvas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool va_canvas_init(struct va_canvas *c, int w, int h)
{
	*c = (struct va_canvas){.w = w, .h = h, .pixels = calloc((size_t)w * (size_t)h, sizeof(uint32_t))};
	c->clip = va_rect(0, 0, w, h);
	return c->pixels;
}

void va_canvas_destroy(struct va_canvas *c)
{
	free(c->pixels);
	*c = (struct va_canvas){0};
}

void va_canvas_clip(struct va_canvas *c, struct va_rect r)
{
	c->clip = va_rect_cross(r, va_rect(0, 0, c->w, c->h));
}

static inline uint32_t blend(uint32_t dst, uint32_t src, unsigned a)
{
	unsigned na = 256 - a;
	uint32_t rb = (((src & 0xff00ff) * a + (dst & 0xff00ff) * na) >> 8) & 0xff00ff;
	uint32_t g = (((src & 0x00ff00) * a + (dst & 0x00ff00) * na) >> 8) & 0x00ff00;

	return 0xff000000u | rb | g;
}

/* 0..255 → 0..256, so that 255 is all of it */
static inline unsigned alpha_of(va_colour colour)
{
	unsigned a = colour >> 24;

	return a + (a >> 7);
}

va_colour va_colour_mix(va_colour a, va_colour b, float t)
{
	va_colour out = 0;
	unsigned f = (unsigned)(va_clampf(t, 0, 1) * 256 + 0.5f);

	for (int shift = 0; shift < 32; shift += 8) {
		unsigned ca = a >> shift & 0xff, cb = b >> shift & 0xff;

		out |= ((ca * (256 - f) + cb * f) >> 8) << shift;
	}
	return out;
}

va_colour va_colour_fade(va_colour c, float alpha)
{
	unsigned a = (unsigned)((float)(c >> 24) * va_clampf(alpha, 0, 1) + 0.5f);

	return (c & 0xffffff) | a << 24;
}

void va_canvas_fill(struct va_canvas *c, struct va_rect r, va_colour colour)
{
	unsigned a = alpha_of(colour);
	uint32_t solid = colour | 0xff000000u;

	r = va_rect_cross(r, c->clip);
	if (!a)
		return;
	for (int y = r.y; y < r.y + r.h; y++) {
		uint32_t *p = c->pixels + (size_t)y * (size_t)c->w + r.x;

		if (a == 256)
			for (int x = 0; x < r.w; x++)
				p[x] = solid;
		else
			for (int x = 0; x < r.w; x++)
				p[x] = blend(p[x], colour, a);
	}
}

static void put(struct va_canvas *c, int x, int y, va_colour colour, unsigned coverage)
{
	uint32_t *p;

	if (!va_rect_holds(c->clip, x, y) || !coverage)
		return;
	p = c->pixels + (size_t)y * (size_t)c->w + x;
	*p = blend(*p, colour, alpha_of(colour) * coverage >> 8);
}

/* How much of pixel (x, y) of the top left quarter lies inside a circle of that radius: 0..256 */
static unsigned corner(int x, int y, float radius)
{
	float dx = radius - (float)x - 0.5f, dy = radius - (float)y - 0.5f;
	float d = radius - sqrtf(dx * dx + dy * dy) + 0.5f;

	return (unsigned)(va_clampf(d, 0, 1) * 256);
}

void va_canvas_round(struct va_canvas *c, struct va_rect r, int radius, va_colour colour)
{
	radius = va_min(radius, va_min(r.w, r.h) / 2);
	if (radius <= 0) {
		va_canvas_fill(c, r, colour);
		return;
	}
	va_canvas_fill(c, va_rect(r.x, r.y + radius, r.w, r.h - 2 * radius), colour);
	va_canvas_fill(c, va_rect(r.x + radius, r.y, r.w - 2 * radius, radius), colour);
	va_canvas_fill(c, va_rect(r.x + radius, r.y + r.h - radius, r.w - 2 * radius, radius), colour);
	for (int y = 0; y < radius; y++)
		for (int x = 0; x < radius; x++) {
			unsigned a = corner(x, y, (float)radius);

			put(c, r.x + x, r.y + y, colour, a);
			put(c, r.x + r.w - 1 - x, r.y + y, colour, a);
			put(c, r.x + x, r.y + r.h - 1 - y, colour, a);
			put(c, r.x + r.w - 1 - x, r.y + r.h - 1 - y, colour, a);
		}
}

void va_canvas_border(struct va_canvas *c, struct va_rect r, int radius, int thickness, va_colour colour)
{
	int t = va_min(thickness, va_min(r.w, r.h) / 2);

	radius = va_min(radius, va_min(r.w, r.h) / 2);
	if (t <= 0) {
		va_canvas_fill(c, r, colour);
		return;
	}
	int k = va_max(radius, t);
	float rest = (float)(radius - t);

	va_canvas_fill(c, va_rect(r.x + k, r.y, r.w - 2 * k, t), colour);
	va_canvas_fill(c, va_rect(r.x + k, r.y + r.h - t, r.w - 2 * k, t), colour);
	va_canvas_fill(c, va_rect(r.x, r.y + k, t, r.h - 2 * k), colour);
	va_canvas_fill(c, va_rect(r.x + r.w - t, r.y + k, t, r.h - 2 * k), colour);
	for (int y = 0; y < k; y++)
		for (int x = 0; x < k; x++) {
			unsigned a = radius > 0 ? corner(x, y, (float)radius) : 256;
			unsigned in = x >= t && y >= t ? (rest > 0 ? corner(x - t, y - t, rest) : 256) : 0;

			a = a > in ? a - in : 0;
			put(c, r.x + x, r.y + y, colour, a);
			put(c, r.x + r.w - 1 - x, r.y + y, colour, a);
			put(c, r.x + x, r.y + r.h - 1 - y, colour, a);
			put(c, r.x + r.w - 1 - x, r.y + r.h - 1 - y, colour, a);
		}
}

static bool hatched(enum va_hatch hatch, int x, int y, int step, int thickness)
{
	int up = (x + y) % step, down = (x - y + (1 << 20) * step) % step;

	switch (hatch) {
	case VA_HATCH_RISING:
		return up < thickness;
	case VA_HATCH_FALLING:
		return down < thickness;
	case VA_HATCH_CROSS:
		return up < thickness || down < thickness;
	case VA_HATCH_DOTS:
		return x % step < thickness && y % step < thickness;
	}
	return false;
}

void va_canvas_hatch(struct va_canvas *c, struct va_rect r, enum va_hatch hatch, int step, int thickness, va_colour colour)
{
	struct va_rect in = va_rect_cross(r, c->clip);
	unsigned a = alpha_of(colour);

	if (step < 2)
		step = 2;
	for (int y = in.y; y < in.y + in.h; y++) {
		uint32_t *p = c->pixels + (size_t)y * (size_t)c->w;

		for (int x = in.x; x < in.x + in.w; x++)
			if (hatched(hatch, x - r.x, y - r.y, step, thickness))
				p[x] = blend(p[x], colour, a);
	}
}

void va_canvas_mask(struct va_canvas *c, int x0, int y0, const uint8_t *coverage, int w, int h, va_colour colour)
{
	struct va_rect in = va_rect_cross(va_rect(x0, y0, w, h), c->clip);
	unsigned a = alpha_of(colour);

	for (int y = in.y; y < in.y + in.h; y++) {
		uint32_t *p = c->pixels + (size_t)y * (size_t)c->w;
		const uint8_t *m = coverage + (size_t)(y - y0) * (size_t)w;

		for (int x = in.x; x < in.x + in.w; x++) {
			unsigned k = m[x - x0];

			if (k)
				p[x] = blend(p[x], colour, a * (k + (k >> 7)) >> 8);
		}
	}
}
