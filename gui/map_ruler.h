/*
 * The map's scale at a zoom: address ↔ pixel. Rows grow with the zoom, each until one page of it is as tall as a page is ever drawn; gaps stop
 * at a few lines. So a mapping of any size can be gone into down to single pages, and its neighbours are still next to it: at the closest zoom the
 * map is a list of pages. Inside a row the scale is linear in addresses.
 *
 * Doubles: a mapping of 16 TiB is 4e11 pixels tall at a page's full height, of which a double still tells a ten-thousandth.
 */
#ifndef VA_MAP_RULER_H
#define VA_MAP_RULER_H

#include "map_rows.h"

struct va_camera { /* pixel y of the ruler at `zoom` is shown at y - top */
	double zoom, top;
};

struct va_ruler {
	const struct va_rows *rows; /* borrowed: set again when they change */
	__u64 built;                /* … which they have when this is not theirs */
	double zoom;                /* >= 1; 1: every row as in rows */
	double page, gap;           /* the tallest a page, and a row without pages, gets: pixels */
	double *top;                /* of each row, and the end of the last */
	size_t room, last;          /* last: where va_ruler_map() was last; rows are asked for one behind the other */
};

void va_ruler_set(struct va_ruler *r, const struct va_rows *rows, const struct va_style *style, double zoom);
void va_ruler_free(struct va_ruler *r);

double va_ruler_height(const struct va_ruler *r);               /* of everything */
double va_ruler_y(const struct va_ruler *r, __u64 addr);        /* the lower edge of the byte's place: the larger the address, the smaller y */
__u64 va_ruler_addr(const struct va_ruler *r, double y);        /* what is at y; outside: the nearest */
size_t va_ruler_row(const struct va_ruler *r, double y);        /* the row at y; outside: the nearest */
size_t va_ruler_row_of(const struct va_ruler *r, __u64 addr);   /* the row that holds addr */
double va_ruler_map(const struct va_ruler *r, double y);        /* from zoom 1 to this zoom */
double va_ruler_unmap(const struct va_ruler *r, double y);      /* back */
double va_ruler_page(const struct va_ruler *r, size_t row);     /* how tall a page of it is */
/* The zoom at which a row stops growing; for one without pages: that of the nearest with pages. */
double va_ruler_most(const struct va_ruler *r, size_t row);

/* How a camera moves: the address `anchor` goes from pane pixel from_at to to_at while the zoom changes by equal factors in equal times. */
struct va_flight {
	struct va_camera goal;
	double from_zoom, from_at, to_at;
	__u64 anchor;
	uint64_t start; /* 0 = stands */
};

/* height: of the pane. to: its ruler is set to the goal's zoom. The goal never shows more than the map. */
void va_flight_start(struct va_flight *f, const struct va_ruler *from, const struct va_camera *now_at, struct va_ruler *to, const struct va_style *style,
		     double height, double zoom, __u64 anchor, double at, uint64_t now);
/* Where the camera is; r is set to its zoom. */
struct va_camera va_flight_at(const struct va_flight *f, struct va_ruler *r, const struct va_rows *rows, const struct va_style *style, double height,
			      uint64_t now);

#endif
