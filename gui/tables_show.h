/* What the page-table view shows: how many tables there are, and the entries of one. Gathered anew where the picture moved, and only while the view is looked at. */
#ifndef VA_TABLES_SHOW_H
#define VA_TABLES_SHOW_H

#include "tables.h"
#include "tables_view.h"

struct va_tables_show {
	bool valid;
	__u32 mm;
	size_t pos;
	unsigned level;
	__u64 at;
	struct va_tables_count count;
	struct va_slot slot[512];
};

/* mm NULL: nothing to show. pos: of the picture in the history. Moves the view's cursor to the first entry in use as long as none was chosen. */
void va_tables_show_update(struct va_tables_show *show, const struct va_mm *mm, size_t pos, struct va_tables_view *view, unsigned levels);

#endif
