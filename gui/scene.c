#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ELLIPSIS "…"
#define LINE_MAX_BYTES 1024

void va_scene_init(struct va_scene *s)
{
	*s = (struct va_scene){.alpha = 1};
}

void va_scene_destroy(struct va_scene *s)
{
	free(s->items);
	free(s->hits);
	free(s->texts);
	*s = (struct va_scene){0};
}

void va_scene_begin(struct va_scene *s, const struct va_style *style, int w, int h)
{
	s->style = style;
	s->item_count = s->hit_count = s->text_used = s->scroll_count = 0;
	s->alpha = 1;
	s->layer = 0;
	s->busy = false;
	s->clip = va_rect(0, 0, w, h);
}

const char *va_scene_string(const struct va_scene *s, size_t text)
{
	return s->texts + text;
}

static void *grow(void *array, size_t *room, size_t need, size_t size)
{
	if (need <= *room)
		return array;
	*room = need * 2;
	array = realloc(array, *room * size);
	if (!array)
		abort();
	return array;
}

static struct va_item *add(struct va_scene *s, enum va_item_kind kind, struct va_rect r, va_colour colour)
{
	struct va_item *item;

	s->items = grow(s->items, &s->item_room, s->item_count + 1, sizeof(*s->items));
	item = &s->items[s->item_count++];
	*item = (struct va_item){.kind = kind, .r = r, .colour = va_colour_fade(colour, s->alpha), .layer = s->layer, .clip = s->clip};
	return item;
}

static size_t keep(struct va_scene *s, const char *text, size_t n)
{
	size_t at = s->text_used;

	s->texts = grow(s->texts, &s->text_room, at + n + 1, 1);
	memcpy(s->texts + at, text, n);
	s->texts[at + n] = '\0';
	s->text_used = at + n + 1;
	return at;
}

void va_scene_clip(struct va_scene *s, struct va_rect r)
{
	s->clip = r;
	add(s, VA_ITEM_CLIP, r, 0);
}

void va_scene_fill(struct va_scene *s, struct va_rect r, va_colour colour)
{
	if (!va_rect_empty(va_rect_cross(r, s->clip)))
		add(s, VA_ITEM_FILL, r, colour);
}

void va_scene_round(struct va_scene *s, struct va_rect r, int radius, va_colour colour)
{
	if (!va_rect_empty(va_rect_cross(r, s->clip)))
		add(s, VA_ITEM_ROUND, r, colour)->radius = radius;
}

void va_scene_border(struct va_scene *s, struct va_rect r, int radius, int thickness, va_colour colour)
{
	struct va_item *item;

	if (va_rect_empty(va_rect_cross(r, s->clip)))
		return;
	item = add(s, VA_ITEM_BORDER, r, colour);
	item->radius = radius;
	item->thickness = thickness;
}

void va_scene_hatch(struct va_scene *s, struct va_rect r, enum va_hatch hatch, int step, int thickness, va_colour colour)
{
	struct va_item *item;

	if (va_rect_empty(va_rect_cross(r, s->clip)))
		return;
	item = add(s, VA_ITEM_HATCH, r, colour);
	item->hatch = hatch;
	item->radius = step;
	item->thickness = thickness;
}

void va_scene_line(struct va_scene *s, float x0, float y0, float x1, float y1, float width, float dash, va_colour colour)
{
	struct va_item *item = add(s, VA_ITEM_LINE, va_rect(0, 0, 0, 0), colour);

	item->p[0] = (struct va_point){x0, y0};
	item->p[1] = (struct va_point){x1, y1};
	item->width = width;
	item->extra = dash;
}

void va_scene_curve(struct va_scene *s, const struct va_point p[4], float part, float width, float head, va_colour colour)
{
	struct va_item *item = add(s, VA_ITEM_CURVE, va_rect(0, 0, 0, 0), colour);

	memcpy(item->p, p, sizeof(item->p));
	item->part = part;
	item->width = width;
	item->extra = head;
}

void va_scene_triangle(struct va_scene *s, struct va_point a, struct va_point b, struct va_point c, va_colour colour)
{
	struct va_item *item = add(s, VA_ITEM_TRIANGLE, va_rect(0, 0, 0, 0), colour);

	item->p[0] = a;
	item->p[1] = b;
	item->p[2] = c;
}

static int width_of(const struct va_scene *s, enum va_text_role role, const char *text, int n)
{
	return va_text_width(s->style->fonts, va_role_face(role), va_role_px(s->style, role), text, n);
}

/* The longest beginning of text that leaves room for "…" within w; its length in bytes */
static int fit_head(const struct va_scene *s, enum va_text_role role, const char *text, int w)
{
	int used = 0, n = 0;

	while (text[n]) {
		int len = va_utf8_length(text + n), more = width_of(s, role, text + n, len);

		if (used + more > w)
			break;
		used += more;
		n += len;
	}
	return n;
}

static void shorten(const struct va_scene *s, enum va_text_role role, const char *text, int w, bool tail, char *out, size_t room)
{
	int left = w - width_of(s, role, ELLIPSIS, -1), n;

	if (!tail) {
		n = va_min(fit_head(s, role, text, left), (int)room - 8);
		while (n > 0 && text[n - 1] == ' ')
			n--;
		snprintf(out, room, n ? "%.*s" ELLIPSIS : "", n, text);
		return;
	}
	const char *from = text;

	while (*from && width_of(s, role, from, -1) > left)
		from += va_utf8_length(from);
	snprintf(out, room, *from ? ELLIPSIS "%s" : "", from);
}

static bool touches(struct va_rect a, struct va_rect b)
{
	return !va_rect_empty(va_rect_cross(a, b));
}

/* From the top of tall letters to the bottom of hanging ones; line boxes of fonts are taller. */
static struct va_rect ink_of(const struct va_scene *s, struct va_rect line, enum va_text_role role)
{
	int px = va_role_px(s->style, role), base = line.y + va_text_ascent(s->style->fonts, va_role_face(role), px);

	return va_rect(line.x, base - px * 80 / 100, line.w, px * 102 / 100);
}

/* Half a line is worse than none: what scrolls out of a pane vanishes line by line. */
static bool ink_visible(const struct va_scene *s, struct va_rect line, enum va_text_role role)
{
	struct va_rect ink = ink_of(s, line, role);

	return ink.y >= s->clip.y && ink.y + ink.h <= s->clip.y + s->clip.h && !va_rect_empty(va_rect_cross(ink, s->clip));
}

static bool is_free(const struct va_scene *s, struct va_rect r)
{
	for (size_t i = 0; i < s->item_count; i++)
		if (s->items[i].kind == VA_ITEM_TEXT && s->items[i].layer == s->layer && touches(s->items[i].ink, r))
			return false;
	return true;
}

static int text_item(struct va_scene *s, struct va_rect r, enum va_text_role role, enum va_align align, va_colour colour, const char *text,
		     bool tail, bool only_free)
{
	char line[LINE_MAX_BYTES];
	const char *whole = text;
	int w = width_of(s, role, text, -1), h = va_role_height(s->style, role);
	bool cut = w > r.w;

	if (cut) {
		shorten(s, role, text, r.w, tail, line, sizeof(line));
		text = line;
		w = width_of(s, role, text, -1);
	}
	if (!*text || w > r.w)
		return 0;
	int x = align == VA_LEFT ? r.x : align == VA_CENTRE ? r.x + (r.w - w) / 2 : r.x + r.w - w;
	struct va_rect at = va_rect(x, r.y + (r.h - h) / 2, w, h);

	if (!ink_visible(s, at, role) || (only_free && !is_free(s, ink_of(s, at, role))))
		return 0;
	struct va_item *item = add(s, VA_ITEM_TEXT, at, colour);

	item->role = role;
	item->ink = ink_of(s, at, role);
	item->cut = cut;
	item->text = keep(s, text, strlen(text));
	if (cut)
		va_scene_hit(s, at, VA_ACT_TIP, 0, whole);
	return w;
}

int va_scene_text(struct va_scene *s, struct va_rect r, enum va_text_role role, enum va_align align, va_colour colour, const char *text)
{
	return text_item(s, r, role, align, colour, text, false, false);
}

int va_scene_text_tail(struct va_scene *s, struct va_rect r, enum va_text_role role, enum va_align align, va_colour colour, const char *text)
{
	return text_item(s, r, role, align, colour, text, true, false);
}

int va_scene_text_free(struct va_scene *s, struct va_rect r, enum va_text_role role, enum va_align align, va_colour colour, const char *text)
{
	return text_item(s, r, role, align, colour, text, false, true);
}

int va_scene_text_either(struct va_scene *s, struct va_rect r, enum va_text_role role, va_colour colour, const char *longer, const char *shorter)
{
	return va_scene_text(s, r, role, VA_LEFT, colour, width_of(s, role, longer, -1) <= r.w ? longer : shorter);
}

int va_scene_printf(struct va_scene *s, struct va_rect r, enum va_text_role role, enum va_align align, va_colour colour, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	return va_scene_text(s, r, role, align, colour, line);
}

/* Bytes of text that make one line of at most w; *skip: the space or newline behind it */
static int break_line(const struct va_scene *s, enum va_text_role role, const char *text, int w, int *skip)
{
	int n = fit_head(s, role, text, w), line = (int)strcspn(text, "\n"), at;

	*skip = 0;
	if (n >= line) {
		*skip = text[line] == '\n';
		return line;
	}
	for (at = n; at > 0 && text[at] != ' ';)
		at--;
	if (at > 0) {
		*skip = 1;
		return at;
	}
	return n ? n : va_utf8_length(text);
}

int va_scene_wrap(struct va_scene *s, struct va_rect r, enum va_text_role role, va_colour colour, const char *text)
{
	int h = va_role_height(s->style, role), y = 0;
	char line[LINE_MAX_BYTES];

	while (*text && y + h <= r.h) {
		struct va_rect at = va_rect(r.x, r.y + y, r.w, h);
		int skip, n = break_line(s, role, text, r.w, &skip);

		if (y + 2 * h > r.h && text[n]) /* the last line says that there is more */
			snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
		else
			snprintf(line, sizeof(line), "%.*s", n, text);
		va_scene_text(s, at, role, VA_LEFT, colour, line);
		text += n + skip;
		y += h;
	}
	return y;
}

int va_scene_wrap_height(const struct va_scene *s, int w, enum va_text_role role, const char *text, int lines)
{
	int n = 0, skip;

	for (; *text && n < lines; n++) {
		text += break_line(s, role, text, w, &skip);
		text += skip;
	}
	return n * va_role_height(s->style, role);
}

int va_scene_text_width(const struct va_scene *s, enum va_text_role role, const char *text)
{
	int most = 0;

	while (*text) {
		int n = (int)strcspn(text, "\n");

		most = va_max(most, width_of(s, role, text, n));
		text += n + (text[n] == '\n');
	}
	return most;
}

void va_scene_hit(struct va_scene *s, struct va_rect r, enum va_action_id action, uint64_t arg, const char *tip)
{
	r = va_rect_cross(r, s->clip);
	if (va_rect_empty(r))
		return;
	s->hits = grow(s->hits, &s->hit_room, s->hit_count + 1, sizeof(*s->hits));
	s->hits[s->hit_count++] = (struct va_hit){r, action, arg, tip && *tip ? keep(s, tip, strlen(tip)) : (size_t)-1};
}

const struct va_hit *va_scene_hit_at(const struct va_scene *s, int x, int y)
{
	for (size_t i = s->hit_count; i-- > 0;)
		if (s->hits[i].action != VA_ACT_TIP && va_rect_holds(s->hits[i].r, x, y))
			return &s->hits[i];
	return NULL;
}

const char *va_scene_tip_at(const struct va_scene *s, int x, int y)
{
	for (size_t i = s->hit_count; i-- > 0;)
		if (s->hits[i].tip != (size_t)-1 && va_rect_holds(s->hits[i].r, x, y))
			return va_scene_string(s, s->hits[i].tip);
		else if (s->hits[i].action == VA_ACT_ESCAPE && va_rect_holds(s->hits[i].r, x, y)) /* something lies above the rest */
			return NULL;
	return NULL;
}

void va_scene_scroll(struct va_scene *s, struct va_rect r, unsigned id, int height)
{
	if (s->scroll_count < VA_SCROLLS)
		s->scroll[s->scroll_count++] = (struct va_scroll){va_rect_cross(r, s->clip), id, va_max(height - r.h, 0)};
}

const struct va_scroll *va_scene_scroll_at(const struct va_scene *s, int x, int y)
{
	for (size_t i = s->scroll_count; i-- > 0;)
		if (va_rect_holds(s->scroll[i].r, x, y))
			return &s->scroll[i];
	return NULL;
}

bool va_scene_overlap(const struct va_scene *s, size_t *a, size_t *b)
{
	for (*a = 0; *a < s->item_count; ++*a)
		for (*b = *a + 1; s->items[*a].kind == VA_ITEM_TEXT && *b < s->item_count; ++*b)
			if (s->items[*b].kind == VA_ITEM_TEXT && s->items[*a].layer == s->items[*b].layer &&
			    touches(s->items[*a].ink, s->items[*b].ink))
				return true;
	return false;
}
