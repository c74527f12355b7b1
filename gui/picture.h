/* Pictures on disk. */
#ifndef VA_PICTURE_H
#define VA_PICTURE_H

#include "canvas.h"

struct va_png_text {
	const char *key, *value; /* Latin-1 key of tEXt; value UTF-8; value NULL = left out */
};

/*
 * Writes the canvas as a PNG with tEXt chunks; texts ends with a NULL key. path "-" = standard output. The same canvas and texts give the same
 * bytes. 0, or -errno after one sentence on stderr; no half picture is left behind.
 */
int va_png_write(const struct va_canvas *canvas, const char *path, const struct va_png_text *texts);

#endif
