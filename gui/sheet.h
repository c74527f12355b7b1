/*
 * A column of facts: headings, rows of key and value, sentences. The same writer is run to measure, to lay out (scrolled), and to make plain text of it.
 */
#ifndef VA_SHEET_H
#define VA_SHEET_H

#include "scene.h"

struct va_look;

struct va_sheet {
	struct va_scene *scene;   /* NULL: not laid out */
	const struct va_style *style;
	struct va_rect r;         /* where it stands; may reach out of sight */
	int y;                    /* used so far */
	int key_width;
	char *text;               /* text_room bytes, NULL = none wanted */
	size_t text_used, text_room;
};

void va_sheet_space(struct va_sheet *s);
void va_sheet_heading(struct va_sheet *s, const char *text);
/* mark: colour of the dot before the value; 0 = none. Long values are broken into lines. */
void va_sheet_row(struct va_sheet *s, const char *key, const char *value, enum va_text_role role, va_colour colour, va_colour mark);
void va_sheet_fact(struct va_sheet *s, const char *key, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void va_sheet_words(struct va_sheet *s, const char *text, va_colour colour);
/* A row that answers to the mouse. */
void va_sheet_link(struct va_sheet *s, const char *key, const char *value, enum va_action_id action, uint64_t arg, bool chosen);

/* Measures, scrolls, lays out: what a tab does. fn writes the sheet. */
void va_sheet_layout(struct va_scene *s, struct va_rect r, const struct va_look *look, unsigned scroll,
		     void (*fn)(struct va_sheet *sheet, const struct va_look *look));

#endif
