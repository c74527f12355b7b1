/* What the user chose in the walk view and the page-table view. */
#ifndef VA_TABLES_VIEW_H
#define VA_TABLES_VIEW_H

#include <stdbool.h>

#include <linux/types.h>

struct va_tables_view {
	unsigned entry;  /* walk view: 1 + the step whose entry is enlarged; 0 = none */
	unsigned level;  /* page-table view: of the table shown, 0 = PGD … 4 = PTE … */
	__u64 at;        /* … and the first address it covers */
	unsigned cursor; /* the entry chosen in it, 0..511 */
	bool chosen;     /* by the user; until then the first entry in use is */
};

enum va_cursor_step { VA_CURSOR_LEFT = 1, VA_CURSOR_RIGHT, VA_CURSOR_UP, VA_CURSOR_DOWN };

#define VA_TABLES_COLS 32 /* the table is shown in rows of so many */

#endif
