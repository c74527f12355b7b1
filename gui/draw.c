#include "draw.h"

void va_draw_item(const struct va_scene *scene, const struct va_item *item, struct va_canvas *c)
{
	const struct va_style *style = scene->style;

	switch (item->kind) {
	case VA_ITEM_FILL:
		va_canvas_fill(c, item->r, item->colour);
		break;
	case VA_ITEM_ROUND:
		va_canvas_round(c, item->r, item->radius, item->colour);
		break;
	case VA_ITEM_BORDER:
		va_canvas_border(c, item->r, item->radius, item->thickness, item->colour);
		break;
	case VA_ITEM_HATCH:
		va_canvas_hatch(c, item->r, item->hatch, item->radius, item->thickness, item->colour);
		break;
	case VA_ITEM_TEXT:
		va_text_draw(style->fonts, c, va_role_face(item->role), va_role_px(style, item->role), item->r.x, item->r.y,
			     va_scene_string(scene, item->text), item->colour);
		break;
	case VA_ITEM_LINE:
		va_canvas_line(c, item->p[0], item->p[1], item->width, item->extra, item->colour);
		break;
	case VA_ITEM_CURVE:
		va_canvas_curve(c, item->p, item->part, item->width, item->extra, item->colour);
		break;
	case VA_ITEM_TRIANGLE:
		va_canvas_triangle(c, item->p, item->colour);
		break;
	case VA_ITEM_CLIP:
		va_canvas_clip(c, item->r);
		break;
	}
}

void va_draw(const struct va_scene *scene, struct va_canvas *canvas)
{
	va_canvas_clip(canvas, va_rect(0, 0, canvas->w, canvas->h));
	va_canvas_fill(canvas, canvas->clip, scene->style->theme->ground);
	for (size_t i = 0; i < scene->item_count; i++)
		va_draw_item(scene, &scene->items[i], canvas);
	va_canvas_clip(canvas, va_rect(0, 0, canvas->w, canvas->h));
}
