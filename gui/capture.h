/*
 * A film of the window while it is used: frames at a steady rate, whatever the rate of drawing. A thread feeds the film; where it cannot keep up, frames
 * are shown longer in the film instead of holding up the window, and that is counted.
 */
#ifndef VA_CAPTURE_H
#define VA_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "canvas.h"
#include "picture.h"

#define VA_CAPTURE_FPS 30

struct va_capture;

/* The size cannot change while it films. path: as va_film_new(). NULL after one sentence on stderr. texts: copied. */
struct va_capture *va_capture_start(const char *path, int w, int h, const struct va_png_text *texts, uint64_t now);
/* What the window shows from `now` on; canvas NULL: still the same. */
void va_capture_frame(struct va_capture *c, const struct va_canvas *canvas, uint64_t now);
bool va_capture_fits(const struct va_capture *c, int w, int h);
/* Ends the film and frees it; *late: frames that came too fast for it. 0 or -errno after one sentence on stderr. */
int va_capture_stop(struct va_capture *c, uint64_t now, unsigned *late);

#endif
