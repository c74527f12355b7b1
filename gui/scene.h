/*
 * A scene: what a picture is made of, as a list. Layouts write it, draw.c paints it, input looks up what is under the pointer, tests
 * check that no two texts overlap and that none is cut without "…". A scene knows no model and no SDL.
 */
#ifndef VA_SCENE_H
#define VA_SCENE_H

#include <stdarg.h>
#include <stddef.h>

#include "actions.h"
#include "theme.h"

enum va_item_kind {
	VA_ITEM_FILL, VA_ITEM_ROUND, VA_ITEM_BORDER, VA_ITEM_HATCH, VA_ITEM_TEXT, VA_ITEM_LINE, VA_ITEM_CURVE, VA_ITEM_TRIANGLE, VA_ITEM_CLIP
};

enum va_align { VA_LEFT, VA_CENTRE, VA_RIGHT };

struct va_item {
	enum va_item_kind kind;
	struct va_rect r;        /* TEXT: the line box; CLIP: the new clip */
	struct va_rect ink;      /* TEXT: the part of r where letters have ink: this must not overlap */
	va_colour colour;
	int radius, thickness;   /* ROUND, BORDER; HATCH: step and thickness */
	enum va_hatch hatch;
	struct va_point p[4];    /* LINE, CURVE, TRIANGLE */
	float width, part, extra; /* LINE: extra = dash; CURVE: extra = head */
	enum va_text_role role;
	size_t text;             /* offset into the scene's texts */
	bool cut;                /* TEXT: shortened with "…" */
	unsigned layer;          /* texts of one layer must not overlap; a higher layer covers lower ones */
	struct va_rect clip;     /* in force */
};

struct va_hit { /* a place that answers to the mouse; the last one added wins */
	struct va_rect r;
	enum va_action_id action;
	uint64_t arg;
	size_t tip; /* offset into texts; (size_t)-1 = none */
};

#define VA_SCROLLS 16

struct va_scroll { /* a list that may be taller than its place */
	struct va_rect r;
	unsigned id;  /* < VA_SCROLLS: which of view.scroll */
	int room;     /* pixels it can be scrolled by; 0 = all is in sight */
};

struct va_scene {
	const struct va_style *style; /* borrowed while building */
	struct va_item *items;
	size_t item_count, item_room;
	struct va_hit *hits;
	size_t hit_count, hit_room;
	struct va_scroll scroll[VA_SCROLLS];
	size_t scroll_count;
	char *texts;
	size_t text_used, text_room;
	struct va_rect clip;
	float alpha;    /* of what is added from now on */
	unsigned layer;
	bool busy;      /* something in it still moves: draw again soon */
};

void va_scene_init(struct va_scene *s);
void va_scene_destroy(struct va_scene *s);
void va_scene_begin(struct va_scene *s, const struct va_style *style, int w, int h);

const char *va_scene_string(const struct va_scene *s, size_t text);

void va_scene_clip(struct va_scene *s, struct va_rect r);
void va_scene_fill(struct va_scene *s, struct va_rect r, va_colour colour);
void va_scene_round(struct va_scene *s, struct va_rect r, int radius, va_colour colour);
void va_scene_border(struct va_scene *s, struct va_rect r, int radius, int thickness, va_colour colour);
void va_scene_hatch(struct va_scene *s, struct va_rect r, enum va_hatch hatch, int step, int thickness, va_colour colour);
void va_scene_line(struct va_scene *s, float x0, float y0, float x1, float y1, float width, float dash, va_colour colour);
void va_scene_curve(struct va_scene *s, const struct va_point p[4], float part, float width, float head, va_colour colour);
void va_scene_triangle(struct va_scene *s, struct va_point a, struct va_point b, struct va_point c, va_colour colour);

/*
 * One line, in the middle of r's height, shortened with "…" where r is too narrow (text_tail: at its start, for paths). Where not even one
 * letter fits, nothing is drawn. Returns the width used. text_free: not drawn where it would touch a text of this layer; 0 then.
 */
int va_scene_text(struct va_scene *s, struct va_rect r, enum va_text_role role, enum va_align align, va_colour colour, const char *text);
int va_scene_text_tail(struct va_scene *s, struct va_rect r, enum va_text_role role, enum va_align align, va_colour colour, const char *text);
int va_scene_text_free(struct va_scene *s, struct va_rect r, enum va_text_role role, enum va_align align, va_colour colour, const char *text);
/* The longer text where it fits, else the shorter. */
int va_scene_text_either(struct va_scene *s, struct va_rect r, enum va_text_role role, va_colour colour, const char *longer, const char *shorter);
int va_scene_printf(struct va_scene *s, struct va_rect r, enum va_text_role role, enum va_align align, va_colour colour, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
/* Several lines broken at spaces and at '\n', from the top of r, at most as many as fit; returns the height used. */
int va_scene_wrap(struct va_scene *s, struct va_rect r, enum va_text_role role, va_colour colour, const char *text);
/* What va_scene_wrap() would use at this width, at most `lines` lines. */
int va_scene_wrap_height(const struct va_scene *s, int w, enum va_text_role role, const char *text, int lines);
int va_scene_text_width(const struct va_scene *s, enum va_text_role role, const char *text); /* of its longest line */

/*
 * tip: what the pointer is told, NULL = nothing; may have several lines. A hit with VA_ACT_TIP only tells, clicks go to what is below. Texts that
 * are cut get one by themselves.
 */
void va_scene_hit(struct va_scene *s, struct va_rect r, enum va_action_id action, uint64_t arg, const char *tip);
const struct va_hit *va_scene_hit_at(const struct va_scene *s, int x, int y); /* what a click means; NULL = nothing */
const char *va_scene_tip_at(const struct va_scene *s, int x, int y);          /* what the pointer is told; NULL = nothing */

/* A list of this height stands in r, the wheel scrolls it. */
void va_scene_scroll(struct va_scene *s, struct va_rect r, unsigned id, int height);
const struct va_scroll *va_scene_scroll_at(const struct va_scene *s, int x, int y);

/* Two texts of one layer that overlap: true and which. For tests and for text_free. */
bool va_scene_overlap(const struct va_scene *s, size_t *a, size_t *b);

#endif
