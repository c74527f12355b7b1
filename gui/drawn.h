/*
 * Draws only what changed. The canvas is cut into tiles; a tile is as it was while the items that touch it are the same, in the same order (a sum of 64 bits over
 * them says so). Tiles are drawn one after the other, which stays in the processor's cache, and from the last item that hides all before it.
 *
 * The pixels are those that va_draw() makes: an item's pixels do not depend on the clip in force (tests/unit/test_gui_drawn.c).
 */
#ifndef VA_DRAWN_H
#define VA_DRAWN_H

#include <stddef.h>

#include "scene.h"

#define VA_TILE_W 256
#define VA_TILE_H 32

struct va_tile {
	uint64_t is, was;  /* sums of what it shows; was 0 = unknown */
	uint32_t first;    /* items before it are hidden here */
	uint32_t from, to; /* its part of the list of items */
	bool bare;         /* nothing hides the ground all over it */
};

struct va_drawn {
	int w, h, columns, rows;
	struct va_tile *tiles;
	struct va_rect *tile_range; /* of each item: columns and rows */
	uint32_t *list;             /* items by tile */
	size_t item_room, list_room;
	struct va_rect *changed;    /* drawn the last time: what has to be shown anew */
	size_t changed_count;
};

/* A zeroed one is ready. */
void va_drawn_free(struct va_drawn *d);
void va_drawn_draw(struct va_drawn *d, const struct va_scene *scene, struct va_canvas *canvas);
/* Somebody else has drawn there: it is not what was drawn any more. */
void va_drawn_touch(struct va_drawn *d, struct va_rect r);
/* Nothing is known of what the canvas holds, or the display shows. */
void va_drawn_forget(struct va_drawn *d);

#endif
