/* What every picture must keep to, whatever it shows. Include build.h before. */
#ifndef TESTS_SCENE_CHECK_H
#define TESTS_SCENE_CHECK_H

#include "app.h"
#include "scene.h"

static inline bool inside(struct va_rect a, struct va_rect b)
{
	return a.x >= b.x && a.x + a.w <= b.x + b.w && a.y >= b.y - 3 && a.y + a.h <= b.y + b.h + 3;
}

/* No two texts overlap, none leaves the picture or its pane, none is shortened without a sign. */
static inline void check_texts(const struct va_app *app, const char *what)
{
	const struct va_scene *s = &app->scene;
	struct va_rect picture = va_rect(0, 0, app->view.w, app->view.h);
	char where[96];
	size_t a, b;

	snprintf(where, sizeof(where), "%s, %dx%d, event %zu", what, app->view.w, app->view.h, app->play.pos);
	if (va_scene_overlap(s, &a, &b))
		fail_msg("%s: '%s' and '%s' overlap", where, va_scene_string(s, s->items[a].text), va_scene_string(s, s->items[b].text));
	for (size_t i = 0; i < s->item_count; i++) {
		const struct va_item *item = &s->items[i];
		const char *text = item->kind == VA_ITEM_TEXT ? va_scene_string(s, item->text) : NULL;
		bool seen = item->r.y < item->clip.y + item->clip.h && item->r.y + item->r.h > item->clip.y;

		if (!text)
			continue;
		if (seen && !inside(item->r, picture))
			fail_msg("%s: '%s' leaves the picture", where, text);
		if (item->r.x < item->clip.x || item->r.x + item->r.w > item->clip.x + item->clip.w)
			fail_msg("%s: '%s' is cut by its pane", where, text);
		if (item->cut && !strstr(text, "…"))
			fail_msg("%s: '%s' is shortened without a sign", where, text);
	}
}

#endif
