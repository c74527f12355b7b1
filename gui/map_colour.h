/*
 * What the boxes of the map are coloured by. Each colouring sorts boxes into a few classes; the legend names them and lets one choose: what is of
 * no chosen class fades. Every class has a second sign: its name or number stands in the box, files keep their hatch in all colourings.
 */
#ifndef VA_MAP_COLOUR_H
#define VA_MAP_COLOUR_H

#include "map_rows.h"

struct va_look;

enum va_colour_by { VA_BY_KIND, VA_BY_ZONE, VA_BY_PERMISSION, VA_BY_AGE, VA_BY_HEAT, VA_BY_SHARING, VA_BYS };

struct va_map_view { /* part of va_view */
	enum va_colour_by by;
	unsigned only; /* bit per class that is chosen; 0 = all */
};

struct va_paint {
	va_colour edge, fill, text;
	va_colour there; /* pages in RAM */
};

const char *va_colour_by_name(enum va_colour_by by);
const char *va_colour_by_words(enum va_colour_by by); /* a sentence */
unsigned va_class_count(enum va_colour_by by);
const char *va_class_title(enum va_colour_by by, unsigned class); /* "anonymous": in the legend and for scripts */
const char *va_class_words(enum va_colour_by by, unsigned class); /* what is in it */

unsigned va_class_of(const struct va_row *row, const struct va_look *look); /* in the view's colouring */
struct va_paint va_paint_of(const struct va_row *row, const struct va_look *look);
struct va_paint va_class_paint(const struct va_theme *t, enum va_colour_by by, unsigned class);
bool va_row_faded(const struct va_row *row, const struct va_look *look); /* filtered out */
/* The number behind the colour, where it is one: "3.2 s old", "1,234 faults"; else "". */
const char *va_class_figure(char *buf, size_t n, const struct va_row *row, const struct va_look *look);

/* Faults in the box since it is there, as counted up to the position shown. */
__u64 va_row_heat(const struct va_row *row, const struct va_look *look);
unsigned va_heat_class(__u64 faults);

/* An argument of VA_ACT_FILTER. */
#define VA_FILTER(by, class) ((uint64_t)(by) * 32 + (class))
bool va_colour_find(const char *name, uint64_t *by);
bool va_filter_find(const char *name, uint64_t *filter); /* a class of any colouring, by its title */

#endif
