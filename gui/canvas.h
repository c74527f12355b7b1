/*
 * A picture in memory: 32-bit pixels 0xffRRGGBB and a clip rectangle. All drawing of the program ends here, with a window or without;
 * the same calls give the same bytes on every machine (integer arithmetic for fills; lines by distance, rounded to 1/256).
 *
 * Colours are 0xAARRGGBB, not premultiplied; alpha blends over what is there.
 */
#ifndef VA_CANVAS_H
#define VA_CANVAS_H

#include <stdint.h>

#include "geom.h"

typedef uint32_t va_colour;

struct va_canvas {
	int w, h;
	uint32_t *pixels; /* owned; w × h, no padding */
	struct va_rect clip;
};

/* false: no memory */
bool va_canvas_init(struct va_canvas *c, int w, int h);
void va_canvas_destroy(struct va_canvas *c);
void va_canvas_clip(struct va_canvas *c, struct va_rect r); /* the whole picture's part of r */

va_colour va_colour_mix(va_colour a, va_colour b, float t); /* t = 0: a, t = 1: b; alpha too */
va_colour va_colour_fade(va_colour c, float alpha);         /* alpha times as visible */

void va_canvas_fill(struct va_canvas *c, struct va_rect r, va_colour colour);
void va_canvas_round(struct va_canvas *c, struct va_rect r, int radius, va_colour colour);
void va_canvas_border(struct va_canvas *c, struct va_rect r, int radius, int thickness, va_colour colour);

enum va_hatch { VA_HATCH_RISING, VA_HATCH_FALLING, VA_HATCH_CROSS, VA_HATCH_DOTS };
/* Lines `step` pixels apart, `thickness` wide; the pattern stands still when the rectangle moves by whole steps only. */
void va_canvas_hatch(struct va_canvas *c, struct va_rect r, enum va_hatch hatch, int step, int thickness, va_colour colour);

/* coverage: w × h bytes, 0 = nothing … 255 = all of colour */
void va_canvas_mask(struct va_canvas *c, int x, int y, const uint8_t *coverage, int w, int h, va_colour colour);

/* Anti-aliased (stroke.c). dash: length of dash and of gap in pixels, 0 = a full line. */
void va_canvas_line(struct va_canvas *c, struct va_point a, struct va_point b, float width, float dash, va_colour colour);
/* Cubic curve a → b with control points; drawn from 0 up to `part` (0..1) of its length, with an arrow head of `head` pixels at its end. */
void va_canvas_curve(struct va_canvas *c, const struct va_point p[4], float part, float width, float head, va_colour colour);
void va_canvas_triangle(struct va_canvas *c, const struct va_point p[3], va_colour colour);

/* Where a curve is at t (0..1). */
struct va_point va_curve_at(const struct va_point p[4], float t);

#endif
