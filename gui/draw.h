/* Paints a scene on a canvas. The only place where layouts become pixels. */
#ifndef VA_DRAW_H
#define VA_DRAW_H

#include "scene.h"

void va_draw(const struct va_scene *scene, struct va_canvas *canvas);

#endif
