/* Paints a scene on a canvas. The only place where layouts become pixels. */
#ifndef VA_DRAW_H
#define VA_DRAW_H

#include "scene.h"

/* All of it. */
void va_draw(const struct va_scene *scene, struct va_canvas *canvas);
/* One item, within the clip in force: its pixels do not depend on it. */
void va_draw_item(const struct va_scene *scene, const struct va_item *item, struct va_canvas *canvas);

#endif
