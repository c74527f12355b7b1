/*
 * A film: pictures one after another into ffmpeg (.mp4, .webm, .gif), or numbered PNG files in a directory. ffmpeg is started by argv and
 * without a shell; what it says on stderr is passed on when it fails, with its exit code. It gets
 * frames as H.264 and VP9 code them (planes.h), so only what changed is converted; a GIF's palette is made from the pictures themselves.
 */
#ifndef VA_FILM_H
#define VA_FILM_H

#include <stddef.h>

#include "canvas.h"
#include "picture.h"

struct va_film;

/* path: NAME.mp4 | NAME.webm | NAME.gif | a directory (ends with '/', or exists). Where ffmpeg is missing, NAME/ gets numbered PNGs instead,
 * and one sentence says so. NULL after one sentence on stderr. */
struct va_film *va_film_new(const char *path, int w, int h, int fps, const struct va_png_text *texts);
/* changed: where the picture may differ from the one added before; of the first all is taken. */
int va_film_add(struct va_film *f, const struct va_canvas *canvas, const struct va_rect *changed, size_t n);
/* Ends the film and frees it. 0, or -errno after one sentence on stderr. Says on stderr what was written. */
int va_film_end(struct va_film *f);

bool va_film_is_one(const char *path); /* the name asks for a film, not for one picture */

#endif
