#include "planes.h"

#include <stdlib.h>
#include <string.h>

/* Of red, green and blue, in 1/32768: BT.709's 0.2126, 0.7152 and 0.0722, luma on 219 steps from 16 on, chroma on 224 around 128. */
enum { YR = 5983, YG = 20127, YB = 2032, UR = -3298, UG = -11094, UB = 14392, VR = 14392, VG = -13073, VB = -1320 };

bool va_planes_init(struct va_planes *p, int w, int h)
{
	size_t half = (size_t)((w + 1) / 2) * (size_t)((h + 1) / 2);

	*p = (struct va_planes){.w = w, .h = h, .size = (size_t)w * (size_t)h + 2 * half};
	p->bytes = malloc(p->size);
	return p->bytes != NULL;
}

void va_planes_destroy(struct va_planes *p)
{
	free(p->bytes);
	*p = (struct va_planes){0};
}

static int16_t red(uint32_t px)
{
	return px >> 16 & 0xff;
}

static int16_t green(uint32_t px)
{
	return px >> 8 & 0xff;
}

static int16_t blue(uint32_t px)
{
	return px & 0xff;
}

/* Rounded twice, as libswscale does: to 1/64 first. */
static uint8_t luma(uint32_t px)
{
	int y = (YR * red(px) + YG * green(px) + YB * blue(px) + (32 << 14) + (1 << 8)) >> 9;

	return (uint8_t)((y + 32) >> 6);
}

/* Of two neighbours, in 1/64. */
static int chroma(uint32_t a, uint32_t b, int16_t cr, int16_t cg, int16_t cb)
{
	int16_t r = red(a) + red(b), g = green(a) + green(b), bl = blue(a) + blue(b);

	return (cr * r + cg * g + cb * bl + (256 << 15) + (1 << 9)) >> 10;
}

static void luma_row(uint8_t *restrict out, const uint32_t *restrict px, int n)
{
	for (int i = 0; i < n; i++)
		out[i] = luma(px[i]);
}

/* a, b: one row and the next; n squares of 2 × 2 */
static void chroma_row(uint8_t *restrict u, uint8_t *restrict v, const uint32_t *restrict a, const uint32_t *restrict b, int n)
{
	for (int i = 0; i < n; i++) {
		u[i] = (uint8_t)((chroma(a[2 * i], a[2 * i + 1], UR, UG, UB) + chroma(b[2 * i], b[2 * i + 1], UR, UG, UB) + 64) >> 7);
		v[i] = (uint8_t)((chroma(a[2 * i], a[2 * i + 1], VR, VG, VB) + chroma(b[2 * i], b[2 * i + 1], VR, VG, VB) + 64) >> 7);
	}
}

/* Two rows of the planes, from column x (even) to `to`; columns behind the picture are like its last. */
static void take_rows(struct va_planes *p, const struct va_canvas *c, int x, int to, int y)
{
	int rows[2] = {va_min(y, c->h - 1), va_min(y + 1, c->h - 1)}, half = (p->w + 1) / 2, inside = va_min(to, c->w) - x, squares = inside / 2;
	uint8_t *u = p->bytes + (size_t)p->w * (size_t)p->h + (size_t)(y / 2) * (size_t)half + x / 2, *v = u + (size_t)half * (size_t)((p->h + 1) / 2);
	const uint32_t *px[2];

	for (int i = 0; i < 2; i++) {
		uint8_t *out = p->bytes + (size_t)(y + i) * (size_t)p->w + x;

		px[i] = c->pixels + (size_t)rows[i] * (size_t)c->w + x;
		if (y + i == p->h)
			continue;
		luma_row(out, px[i], inside);
		if (x + inside < to)
			memset(out + inside, out[inside - 1], (size_t)(to - x - inside));
	}
	chroma_row(u, v, px[0], px[1], squares);
	if (inside % 2) {
		const uint32_t last[4] = {px[0][inside - 1], px[0][inside - 1], px[1][inside - 1], px[1][inside - 1]};

		chroma_row(u + squares, v + squares, last, last + 2, 1);
	}
}

void va_planes_take(struct va_planes *p, const struct va_canvas *c, struct va_rect r)
{
	r = va_rect_cross(r, va_rect(0, 0, c->w, c->h));
	if (va_rect_empty(r))
		return;
	int to = r.x + r.w == c->w ? p->w : (r.x + r.w + 1) / 2 * 2, bottom = r.y + r.h == c->h ? p->h : r.y + r.h;

	for (int y = r.y / 2 * 2; y < bottom; y += 2)
		take_rows(p, c, r.x / 2 * 2, to, y);
}
