#include "drawn.h"

#include <stdlib.h>
#include <string.h>

#include "draw.h"

void va_drawn_free(struct va_drawn *d)
{
	free(d->tiles);
	free(d->tile_range);
	free(d->list);
	free(d->changed);
	*d = (struct va_drawn){0};
}

void va_drawn_forget(struct va_drawn *d)
{
	for (int i = 0; i < d->columns * d->rows; i++)
		d->tiles[i].was = 0;
}

static void *renew(void *old, size_t *room, size_t need, size_t size)
{
	void *array = old;

	if (need > *room) {
		*room = need * 2;
		array = realloc(old, *room * size);
	}
	if (!array && need)
		abort();
	return array;
}

static void cut(struct va_drawn *d, int w, int h)
{
	size_t tiles;

	if (d->w == w && d->h == h && d->tiles)
		return;
	d->w = w;
	d->h = h;
	d->columns = (w + VA_TILE_W - 1) / VA_TILE_W;
	d->rows = (h + VA_TILE_H - 1) / VA_TILE_H;
	tiles = (size_t)(d->columns * d->rows);
	free(d->tiles);
	free(d->changed);
	d->tiles = calloc(tiles, sizeof(*d->tiles));
	d->changed = calloc(tiles, sizeof(*d->changed));
	if (!d->tiles || !d->changed)
		abort();
}

static struct va_rect place_of(const struct va_drawn *d, int column, int row)
{
	return va_rect_cross(va_rect(column * VA_TILE_W, row * VA_TILE_H, VA_TILE_W, VA_TILE_H), va_rect(0, 0, d->w, d->h));
}

/* Columns and rows of the tiles that a rectangle touches. */
static struct va_rect tiles_of(const struct va_drawn *d, struct va_rect r)
{
	r = va_rect_cross(r, va_rect(0, 0, d->w, d->h));
	if (va_rect_empty(r))
		return va_rect(0, 0, 0, 0);
	int x = r.x / VA_TILE_W, y = r.y / VA_TILE_H;

	return va_rect(x, y, (r.x + r.w - 1) / VA_TILE_W + 1 - x, (r.y + r.h - 1) / VA_TILE_H + 1 - y);
}

void va_drawn_touch(struct va_drawn *d, struct va_rect r)
{
	struct va_rect t = tiles_of(d, r);

	for (int y = t.y; y < t.y + t.h; y++)
		for (int x = t.x; x < t.x + t.w; x++)
			d->tiles[y * d->columns + x].was = 0;
}

/* Where an item may leave pixels. */
static struct va_rect reach_of(const struct va_item *item)
{
	struct va_rect r = item->r;

	switch (item->kind) {
	case VA_ITEM_TEXT: /* letters hang over */
		r = va_rect_inset(r, -r.h, -r.h / 2);
		break;
	case VA_ITEM_LINE:
		r = va_rect_around(item->p, 2, item->width / 2 + 3);
		break;
	case VA_ITEM_CURVE:
		r = va_rect_around(item->p, 4, item->width + item->extra + 3);
		break;
	case VA_ITEM_TRIANGLE:
		r = va_rect_around(item->p, 3, 3);
		break;
	case VA_ITEM_CLIP:
		return va_rect(0, 0, 0, 0);
	case VA_ITEM_FILL:
	case VA_ITEM_ROUND:
	case VA_ITEM_BORDER:
	case VA_ITEM_HATCH:
		break;
	}
	return va_rect_cross(r, item->clip);
}

static uint64_t mix(uint64_t sum, uint64_t v)
{
	sum = (sum ^ v) * 0x9e3779b97f4a7c15u;
	return sum ^ sum >> 29;
}

static uint64_t two(int a, int b)
{
	return (uint64_t)(uint32_t)a << 32 | (uint32_t)b;
}

static uint64_t mix_bytes(uint64_t sum, const void *bytes, size_t n)
{
	uint64_t v;

	for (; n >= 8; n -= 8, bytes = (const char *)bytes + 8) {
		memcpy(&v, bytes, 8);
		sum = mix(sum, v);
	}
	v = n;
	memcpy(&v, bytes, n);
	return mix(sum, v ^ (uint64_t)n << 56);
}

/* All that its pixels depend on. */
static uint64_t sum_of(const struct va_scene *s, const struct va_item *item)
{
	uint64_t sum = mix(two((int)item->kind + 1, (int)item->colour), two(item->r.x, item->r.y));

	sum = mix(mix(sum, two(item->r.w, item->r.h)), two(item->clip.x, item->clip.y));
	sum = mix(sum, two(item->clip.w, item->clip.h));
	switch (item->kind) {
	case VA_ITEM_TEXT:
		sum = mix(sum, two((int)va_role_face(item->role), va_role_px(s->style, item->role)));
		return mix_bytes(sum, va_scene_string(s, item->text), strlen(va_scene_string(s, item->text)));
	case VA_ITEM_LINE:
	case VA_ITEM_CURVE:
	case VA_ITEM_TRIANGLE:
		sum = mix_bytes(sum, item->p, sizeof(item->p));
		return mix_bytes(sum, (float[4]){item->width, item->part, item->extra, 0}, 4 * sizeof(float));
	case VA_ITEM_ROUND:
	case VA_ITEM_BORDER:
	case VA_ITEM_HATCH:
		return mix(mix(sum, two(item->radius, item->thickness)), (uint64_t)item->hatch);
	case VA_ITEM_FILL:
	case VA_ITEM_CLIP:
		break;
	}
	return sum;
}

static bool holds(struct va_rect a, struct va_rect b)
{
	return a.x <= b.x && a.y <= b.y && a.x + a.w >= b.x + b.w && a.y + a.h >= b.y + b.h;
}

/* Every tile gets the sum of what it shows, and the first item of which it shows something. */
static void sum_up(struct va_drawn *d, const struct va_scene *s)
{
	uint64_t ground = mix(0, s->style->theme->ground);

	for (int i = 0; i < d->columns * d->rows; i++)
		d->tiles[i].is = ground, d->tiles[i].first = 0, d->tiles[i].from = d->tiles[i].to = 0, d->tiles[i].bare = true;
	for (size_t i = 0; i < s->item_count; i++) {
		const struct va_item *item = &s->items[i];
		struct va_rect reach = reach_of(item), t = d->tile_range[i] = tiles_of(d, reach);
		bool hides = item->kind == VA_ITEM_FILL && item->colour >> 24 == 0xff;
		uint64_t sum = va_rect_empty(t) ? 0 : sum_of(s, item);

		for (int y = t.y; y < t.y + t.h; y++)
			for (int x = t.x; x < t.x + t.w; x++) {
				struct va_tile *tile = &d->tiles[y * d->columns + x];

				if (hides && holds(reach, place_of(d, x, y))) {
					tile->first = (uint32_t)i;
					tile->bare = false;
					tile->is = ground;
				}
				tile->is = mix(tile->is, sum) | 1;
			}
	}
}

/* For each item that is seen in a tile that changed: fn(d, tile, item). */
static void each_seen(struct va_drawn *d, size_t items, void (*fn)(struct va_drawn *d, struct va_tile *tile, uint32_t item))
{
	for (size_t i = 0; i < items; i++) {
		struct va_rect t = d->tile_range[i];

		for (int y = t.y; y < t.y + t.h; y++)
			for (int x = t.x; x < t.x + t.w; x++) {
				struct va_tile *tile = &d->tiles[y * d->columns + x];

				if (tile->is != tile->was && i >= tile->first)
					fn(d, tile, (uint32_t)i);
			}
	}
}

static void count_item(struct va_drawn *d, struct va_tile *tile, uint32_t item)
{
	(void)d;
	(void)item;
	tile->to++;
}

static void list_item(struct va_drawn *d, struct va_tile *tile, uint32_t item)
{
	d->list[tile->to++] = item;
}

static void list_items(struct va_drawn *d, const struct va_scene *s)
{
	uint32_t at = 0;

	each_seen(d, s->item_count, count_item);
	for (int i = 0; i < d->columns * d->rows; i++) {
		uint32_t n = d->tiles[i].to;

		d->tiles[i].from = d->tiles[i].to = at;
		at += n;
	}
	d->list = renew(d->list, &d->list_room, at, sizeof(*d->list));
	each_seen(d, s->item_count, list_item);
}

static void draw_tile(struct va_drawn *d, const struct va_scene *s, struct va_canvas *c, const struct va_tile *tile, struct va_rect place)
{
	va_canvas_clip(c, place);
	if (tile->bare)
		va_canvas_fill(c, place, s->style->theme->ground);
	for (uint32_t i = tile->from; i < tile->to; i++) {
		const struct va_item *item = &s->items[d->list[i]];

		va_canvas_clip(c, va_rect_cross(place, item->clip));
		va_draw_item(s, item, c);
	}
}

/* Neighbours in a row are shown as one. */
static void note_changed(struct va_drawn *d, struct va_rect place)
{
	struct va_rect *last = d->changed_count ? &d->changed[d->changed_count - 1] : NULL;

	if (last && last->y == place.y && last->x + last->w == place.x)
		last->w += place.w;
	else
		d->changed[d->changed_count++] = place;
}

void va_drawn_draw(struct va_drawn *d, const struct va_scene *s, struct va_canvas *c)
{
	cut(d, c->w, c->h);
	d->tile_range = renew(d->tile_range, &d->item_room, s->item_count, sizeof(*d->tile_range));
	d->changed_count = 0;
	sum_up(d, s);
	list_items(d, s);
	for (int y = 0; y < d->rows; y++)
		for (int x = 0; x < d->columns; x++) {
			struct va_tile *tile = &d->tiles[y * d->columns + x];

			if (tile->is == tile->was)
				continue;
			draw_tile(d, s, c, tile, place_of(d, x, y));
			note_changed(d, place_of(d, x, y));
			tile->was = tile->is;
		}
	va_canvas_clip(c, va_rect(0, 0, c->w, c->h));
}
