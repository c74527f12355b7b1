#include "window_rest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void va_rest_start(struct va_rest *r, void (*wake)(void *ctx), void *ctx)
{
	const char *text = getenv("VMATLAS_REST_FDS");
	int ask;

	r->on = text && sscanf(text, "%d,%d", &ask, &r->answer) == 2 && !va_source_start(&r->asked, ask, wake, ctx);
}

void va_rest_stop(struct va_rest *r)
{
	if (r->on)
		va_source_stop(&r->asked);
	r->on = false;
}

bool va_rest_asked(struct va_rest *r)
{
	struct va_source_piece *piece;
	bool ended, full;

	while (r->on && (piece = va_source_take(&r->asked, &ended, &full))) {
		r->waiting += piece->n;
		r->texts |= memchr(piece->bytes, 't', piece->n) != NULL;
		free(piece);
	}
	return r->waiting;
}

void va_rest_answer(struct va_rest *r, const struct va_scene *scene)
{
	for (; r->waiting; r->waiting--) {
		dprintf(r->answer, "rest");
		for (size_t i = 0; i < scene->item_count && r->texts; i++)
			if (scene->items[i].kind == VA_ITEM_TEXT)
				dprintf(r->answer, "\t%s", va_scene_string(scene, scene->items[i].text));
		dprintf(r->answer, "\n");
	}
	r->texts = false;
}
