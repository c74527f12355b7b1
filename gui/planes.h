/*
 * A picture as encoders of films take it: YUV 4:2:0, 8 bits, ITU-R BT.709, limited range (ffmpeg's yuv420p). Luma of each pixel; chroma is the mean of four.
 * To the bit what libswscale makes of the same picture with scale=out_color_matrix=bt709:flags=area+accurate_rnd+bitexact (tests/gui/film.sh).
 */
#ifndef VA_PLANES_H
#define VA_PLANES_H

#include <stddef.h>
#include <stdint.h>

#include "canvas.h"

struct va_planes {
	int w, h;
	uint8_t *bytes; /* owned; w × h of luma, then U, then V, each of half the width and height, rounded up */
	size_t size;
};

/* w, h: the picture's, or more: its last column and row are repeated. false: no memory */
bool va_planes_init(struct va_planes *p, int w, int h);
void va_planes_destroy(struct va_planes *p);
/* The part r of the picture. */
void va_planes_take(struct va_planes *p, const struct va_canvas *c, struct va_rect r);

#endif
