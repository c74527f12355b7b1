/*
 * One page for how everything looks: colours, sizes, durations, fonts. Nothing else in gui/ holds a colour or a duration.
 *
 * Colours: Okabe & Ito's set for all kinds of colour vision, each use with a second sign (hatch, letter, outline). Sizes are pixels at scale 1
 * (1280 × 720) and are multiplied by the scale. Durations in nanoseconds.
 */
#ifndef VA_THEME_H
#define VA_THEME_H

#include "font.h"

#define VA_MS 1000000ull
#define VA_SEC 1000000000ull

/* Durations */
#define VA_TIME_MOVE (420 * VA_MS)     /* a box to its new place */
#define VA_TIME_FADE (300 * VA_MS)     /* appear, vanish */
#define VA_TIME_GLOW (1600 * VA_MS)    /* after a change */
#define VA_TIME_WALK_STEP (180 * VA_MS)/* one level of a walk */
#define VA_TIME_WALK_HOLD (250 * VA_MS) /* a finished walk stays at least so long before the next is shown */
#define VA_TIME_EACH (1700 * VA_MS)     /* event by event: an event gets so long */
#define VA_TIME_TURN (1200 * VA_MS)     /* to the newest process: not more often */
#define VA_TIME_FORK (2400 * VA_MS)     /* a child grows out of its parent; exec puts a new map in place of the old */
#define VA_TIME_COMPARE (150 * VA_MS)   /* a difference that follows the picture is made anew so often */
#define VA_EXPLAIN_SLOWER 5             /* … times as long, walks too, where each event is explained */
#define VA_TIME_FRAME (16 * VA_MS)
#define VA_TIME_FEED (8 * VA_MS)      /* of a frame, for taking in what has arrived; more where the rest takes longer: half of the time */
#define VA_TIME_BEHIND (100 * VA_MS)  /* the picture is said to be behind from here on */

enum va_text_role { /* what a text is for; size and face follow */
	VA_TEXT_BODY, VA_TEXT_STRONG, VA_TEXT_SMALL, VA_TEXT_LABEL, VA_TEXT_MONO, VA_TEXT_MONO_SMALL, VA_TEXT_MONO_STRONG, VA_TEXT_TITLE,
	VA_TEXT_CAPTION, VA_TEXT_ADDRESS, VA_TEXT_ROLES
};

struct va_theme {
	const char *name;
	va_colour ground, panel, raised, line, faint; /* from the window's ground to the faintest marks on it */
	va_colour text, dim, bright;
	va_colour anon, anon_fill, anon_text; /* outline, box, text in it */
	va_colour file, file_fill, file_text;
	va_colour kernel, hole, gap;
	va_colour resident_anon, resident_file, absent; /* page cells */
	va_colour uncertain; /* hatching of page cells of which nothing is known */
	va_colour accent;                               /* the chosen thing: slot, box, button */
	va_colour fresh;                                /* new by this very event: tables, boxes */
	va_colour zero, map, cow, huge, bad, other;     /* faults by kind */
	va_colour warn, good;
	va_colour field[6];                             /* the address: five index fields and the offset */
	va_colour category[9];                          /* things that differ in kind */
	va_colour ramp[5];                              /* little to much: brightness alone tells it, too */
	float text_scale;                               /* projector: larger texts */
	float text_min;                                 /* pixels at scale 1 that no text goes below */
	bool grows;                                     /* twice the window = twice as large, instead of more room */
	int line_width;                                 /* at scale 1 */
};

extern const struct va_theme va_theme_dark, va_theme_light, va_theme_projector;

const struct va_theme *va_theme_find(const char *name);         /* NULL = no such theme */
const struct va_theme *va_theme_next(const struct va_theme *t); /* round and round */

/* What layouts get: theme, scale, fonts. */
struct va_style {
	const struct va_theme *theme;
	struct va_fonts *fonts;
	float scale;
};

float va_scale_for(const struct va_theme *t, int w, int h); /* the scale a picture of that size has by itself */
int va_px(const struct va_style *s, float at_scale_1);
int va_role_px(const struct va_style *s, enum va_text_role role);
enum va_face va_role_face(enum va_text_role role);
int va_role_height(const struct va_style *s, enum va_text_role role);
int va_role_width(const struct va_style *s, enum va_text_role role, const char *text);

#endif
