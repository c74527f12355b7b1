/* What the window shows while a long recording is read. */
#ifndef VA_LOADING_H
#define VA_LOADING_H

#include "view.h"

/* part: 0..1; name: of what is read; records: so far. Esc, or a click on the button, stops it. */
void va_layout_loading(struct va_scene *s, const struct va_style *style, int w, int h, const char *name, double part, size_t records);

#endif
