/* A strip at the pane's edge: the whole map, and the part of it that is in sight. */
#include "map_parts.h"

static void frame(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	const struct va_camera *cam = &look->view->camera;
	double y0 = va_ruler_unmap(look->ruler, cam->top), y1 = va_ruler_unmap(look->ruler, cam->top + r.h);
	int least = va_px(look->style, 5), h = va_max((int)(y1 - y0 + 0.5), least), y = r.y + (int)((y0 + y1) / 2 - h * 0.5 + 0.5);
	struct va_rect at = va_rect(r.x - 2, va_min(va_max(y, r.y), r.y + r.h - h), r.w + 4, h);

	va_scene_fill(s, va_rect(r.x, r.y, r.w, at.y - r.y), va_colour_fade(t->panel, 0.45f));
	va_scene_fill(s, va_rect(r.x, at.y + at.h, r.w, r.y + r.h - at.y - at.h), va_colour_fade(t->panel, 0.45f));
	va_scene_border(s, at, 2, va_px(look->style, 1.5f), t->accent);
}

void va_map_overview(struct va_scene *s, const struct va_map_columns *c, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	const struct va_rows *rows = look->ruler->rows;
	struct va_rect r = c->overview;
	int filled = r.y; /* up to here: of thousands of rows, one a pixel is drawn */

	if (va_rect_empty(r))
		return;
	va_scene_fill(s, r, t->gap);
	for (size_t i = 0; i < rows->count; i++) {
		const struct va_row *row = &rows->row[i];
		int y0 = r.y + (int)row->y, y1 = r.y + (int)(row->y + row->h);

		if (row->kind == VA_ROW_GAP || va_max(y1, y0 + 1) <= filled)
			continue;
		y0 = va_max(y0, filled);
		filled = va_max(y1, y0 + 1);
		if (row->kind != VA_ROW_VMA)
			va_scene_fill(s, va_rect(r.x, y0, r.w, filled - y0), row->kind == VA_ROW_KERNEL ? t->kernel : t->hole);
		else
			va_scene_fill(s, va_rect(r.x, y0, r.w, va_max(filled - y0 - (filled - y0 > 3), 1)),
				      va_colour_fade(va_paint_of(row, look).edge, va_row_faded(row, look) ? 0.2f : 0.75f));
	}
	frame(s, r, look);
	va_scene_hit(s, r, VA_ACT_OVERVIEW, 0, "The whole map, and what of it is in sight. Click or drag to go there.");
}
