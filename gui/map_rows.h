/*
 * An address space as rows from top (high addresses) to bottom: VMAs, the gaps between them, the kernel's half, the non-canonical hole. Heights
 * come from a compressed scale: what is there stays readable, what is huge and empty stays small. Pure: (map, height, focus) → rows.
 *
 * y and h are pixels of the content at zoom 1, where the whole map is `height` tall; a ruler (map_ruler.h) turns them into those of any zoom.
 */
#ifndef VA_MAP_ROWS_H
#define VA_MAP_ROWS_H

#include "runs.h"
#include "theme.h"
#include "zone.h"

enum va_row_kind { VA_ROW_KERNEL, VA_ROW_HOLE, VA_ROW_GAP, VA_ROW_VMA };

/* What boxes are recognised, grouped and coloured by; the rest of a VMA is asked of the model when it is shown. There may be sixty thousand rows in each picture: they are kept small. */
struct va_row_vma {
	__u64 vm_flags, name_text, inode, born, changed; /* as in struct va_vma */
	bool anon, stale, written;
};

struct va_row {
	__u64 start, end; /* [start, end); KERNEL ends at 0 = 2^64 */
	double y, h;
	enum va_row_kind kind;
	enum va_zone zone;
	int group;         /* neighbours of one file share a number; -1 = none */
	bool lib;
	struct va_row_vma vma; /* VMA */
	const char *path;  /* of a mapped file; in the text store */
	bool counted;      /* resident and unknown are set: so they are in large rows; ask va_row_residency() */
	__u64 resident;    /* pages known to be there … */
	__u64 unknown;     /* … and of which nothing is known, or was before records were lost */
};

struct va_rows {
	struct va_row *row;
	size_t count, room;
	size_t *first;     /* row of each group */
	size_t groups, group_room;
	__u64 built;       /* how often: tells who has derived something from them that they are others now */
};

struct va_rows_input {
	const struct va_mm *mm;
	const struct va_texts *texts;
	const struct va_objects *objects;
	__u32 rules;
	unsigned levels;
	const struct va_style *style;
	float height;
	__u64 focus; /* the VMA that holds it gets room; 0 = none */
};

/* Small rows are counted when somebody asks: of sixty thousand a few hundred are tall enough to show it. mm: the map the rows are of; NULL = none any more. */
struct va_residency va_row_residency(const struct va_mm *mm, const struct va_row *row);

/* Fills out, reusing its memory. */
void va_rows_build(struct va_rows *out, const struct va_rows_input *in);
void va_rows_free(struct va_rows *rows);

size_t va_rows_find(const struct va_rows *rows, __u64 addr); /* the row that holds addr; there must be some */
/* Where an address is, in content pixels. */
double va_rows_y(const struct va_rows *rows, __u64 addr);
const struct va_row *va_rows_at(const struct va_rows *rows, __u64 addr); /* the VMA row that holds addr, or NULL */

#endif
