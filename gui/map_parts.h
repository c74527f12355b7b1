/* The map pane's parts, each in a file of its own; for layout_map*.c and layout_cells.c only. */
#ifndef VA_MAP_PARTS_H
#define VA_MAP_PARTS_H

#include "layout.h"
#include "runs.h"

struct va_map_columns {
	struct va_rect rows;        /* all of it, y and h of what is visible */
	int address_x, address_w;   /* numbers at the boundaries */
	int box_x, box_w;
	int side_x, side_w;         /* brackets and names of files, ticks */
	struct va_rect overview;    /* empty while the whole map is in sight */
};

struct va_map_columns va_map_columns(struct va_rect rows, const struct va_look *look);
bool va_map_zoomed(const struct va_view *view);

struct va_span { /* of a row, in pixels of the canvas; may reach far out of the pane */
	double y0, y1;
};

struct va_span va_map_span(const struct va_map_columns *c, size_t i, const struct va_look *look, float *alpha); /* of anim->row[i] */
double va_map_y(const struct va_map_columns *c, size_t row, __u64 addr, const struct va_look *look);          /* within ruler->rows->row[row] */
struct va_rect va_map_rect(const struct va_map_columns *c, const struct va_span *span); /* cut a little outside the pane */

/* Head: title, colouring, legend. */
int va_map_head_height(const struct va_style *style, const struct va_view *view, struct va_rect pane);
void va_map_head(struct va_scene *s, struct va_rect r, const struct va_look *look);

/* Words of a box. */
bool va_map_has_fault(const struct va_look *look, const struct va_row *row); /* the fault shown in the walk view */
void va_map_box_text(struct va_scene *s, struct va_rect box, const struct va_row *row, const struct va_look *look);
void va_map_box_tip(char *buf, size_t n, const struct va_row *row, const struct va_look *look);

/* Pages of a box that is so large that they stand where their addresses are; false: it is not. *text: what is left of it for words. */
bool va_map_pages(struct va_scene *s, const struct va_map_columns *c, const struct va_span *span, const struct va_row *row, const struct va_look *look,
		  struct va_rect *text);
void va_map_cell(struct va_scene *s, struct va_rect at, enum va_page_state state, va_colour there);
void va_map_unknown(struct va_scene *s, struct va_rect r);
const char *va_map_state_title(enum va_page_state state); /* "in RAM" */
const char *va_map_page_words(char *buf, size_t n, __u64 addr, const struct va_page *page, const struct va_look *look);

struct va_fill { /* of a stretch of pages, in parts */
	float there, unknown;
};
/* What is sure is counted; how much of it is derived or unknown is seen from some of its pages (unsure: there may be such). */
struct va_fill va_map_fill(const struct va_mm *mm, __u64 start, __u64 end, bool unsure);

void va_map_ticks(struct va_scene *s, const struct va_map_columns *c, const struct va_look *look);
void va_map_overview(struct va_scene *s, const struct va_map_columns *c, const struct va_look *look);

#endif
