/* What every picture must keep to, whatever it shows. Include build.h before. */
#ifndef TESTS_SCENE_CHECK_H
#define TESTS_SCENE_CHECK_H

#include "scene.h"

static inline bool inside(struct va_rect a, struct va_rect b)
{
	return a.x >= b.x && a.x + a.w <= b.x + b.w && a.y >= b.y - 3 && a.y + a.h <= b.y + b.h + 3;
}

/* No two texts overlap, none leaves the picture or its pane, none is shortened without a sign. */
static inline void check_texts(const struct va_scene *s, int w, int h, size_t pos)
{
	size_t a, b;

	if (va_scene_overlap(s, &a, &b))
		fail_msg("%dx%d, event %zu: '%s' and '%s' overlap", w, h, pos, va_scene_string(s, s->items[a].text), va_scene_string(s, s->items[b].text));
	for (size_t i = 0; i < s->item_count; i++) {
		const struct va_item *item = &s->items[i];
		const char *text = item->kind == VA_ITEM_TEXT ? va_scene_string(s, item->text) : NULL;

		if (!text)
			continue;
		if (!inside(item->r, va_rect(0, 0, w, h)))
			fail_msg("%dx%d, event %zu: '%s' leaves the picture", w, h, pos, text);
		if (item->r.x < item->clip.x || item->r.x + item->r.w > item->clip.x + item->clip.w)
			fail_msg("%dx%d, event %zu: '%s' is cut by its pane", w, h, pos, text);
		if (item->cut && !strstr(text, "…"))
			fail_msg("%dx%d, event %zu: '%s' is shortened without a sign", w, h, pos, text);
	}
}

#endif
