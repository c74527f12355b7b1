/* Pieces of the fork view, shared by its files only. */
#ifndef VA_LAYOUT_FORK_H
#define VA_LAYOUT_FORK_H

#include "layout.h"

#define VA_FORK_COLUMNS 6 /* children side by side, at most */

struct va_fork_place { /* where it all stands */
	struct va_rect names;                       /* of the VMAs, at the left */
	struct va_rect parent, child[VA_FORK_COLUMNS];
	int n;                                      /* children in sight */
	size_t first;                               /* the first of them */
	int line, cell;                             /* heights of a row of one line, of a page's cell with its gap */
};

struct va_fork_column { /* one process in it */
	const struct va_mm *mm;     /* NULL = nothing to draw */
	const struct va_mm *other;  /* compared with; NULL = not comparable */
	const struct va_mm *before; /* as it was just before the fork, while the R/W bits go off; else NULL */
	bool is_child, chosen, over;
	float part;                 /* of its growing */
	struct va_rect r;
};

/* Rows of VMAs with their pages, scrolled; columns in the order of drawing, the parent's first. */
void va_layout_fork_rows(struct va_scene *s, struct va_rect area, const struct va_fork_place *place, const struct va_fork_column *column, int n,
			 const struct va_look *look);
/* Page cells of [lo, hi) in r. lines: rows of cells */
void va_layout_fork_cells(struct va_scene *s, struct va_rect r, __u64 lo, __u64 hi, int lines, const struct va_vma *vma, const struct va_fork_place *place,
			  const struct va_fork_column *column, const struct va_look *look);
/* One sample cell, as in the legend. */
void va_layout_fork_sample(struct va_scene *s, struct va_rect at, enum va_pair_page page, bool is_child, va_colour kind);

/* What follows from the comparison: figures, curve, the chosen page, what the signs mean. The height it wants in so much room. */
int va_layout_fork_foot_height(const struct va_style *style, int room, bool compared);
void va_layout_fork_foot(struct va_scene *s, struct va_rect r, const struct va_look *look);

/* Colours of a VMA: its outline, and what fills it. */
va_colour va_layout_fork_colour(const struct va_vma *vma, const struct va_look *look, va_colour *fill);
/* "text, libc.so.6", "heap", "mapping" */
void va_layout_fork_name(char *buf, size_t n, const struct va_mm *mm, const struct va_vma *vma, const struct va_look *look);

#endif
