/* The walk that is shown: the last fault's, or a chosen page's as last known. Pure: made anew for each picture. */
#ifndef VA_TOLD_H
#define VA_TOLD_H

#include "entry.h"
#include "tables.h"
#include "view.h"

struct va_told {
	const struct vmatlas_record *rec; /* the fault; NULL = the walk to a page as last known */
	__u64 addr;
	struct va_walk walk;
	struct va_known_walk known;       /* of a page: how each step is known */
	struct va_entry_rules rules;
	enum va_fault_kind kind;          /* of the fault */
	bool cow;                         /* copy-on-write: another frame was there before */
	__u64 old_pfn;
};

/* False: neither a page nor a fault is there to be shown. */
bool va_told(struct va_told *out, const struct va_look *look);
float va_told_part(const struct va_told *told, const struct va_look *look, int step); /* 0 = not yet shown … 1 */
/* How step i is known, in a few words; "" for faults: these were read at that moment. */
const char *va_told_how(const struct va_told *told, unsigned i);

/* Pieces of the walk view, in the order they stand in. Each returns the height it used, where it returns one. */
int va_layout_address(struct va_scene *s, struct va_rect r, const struct va_look *look, const struct va_told *told, float part);
void va_layout_tables(struct va_scene *s, struct va_rect r, const struct va_look *look, const struct va_told *told, bool cards);
int va_layout_card_height(const struct va_style *style); /* of the words below a table */
int va_layout_entry_card(struct va_scene *s, struct va_rect r, const struct va_look *look, const struct va_told *told, unsigned step);
/* The chosen entry, bit by bit, with a list of what each says. */
void va_layout_entry(struct va_scene *s, struct va_rect r, const struct va_look *look, unsigned level, __u64 addr, __u64 entry);
int va_layout_entry_height(const struct va_style *style, int w);

/* What stands behind the last table: a frame, or why there is none. Returns the y where the arrow ends. */
float va_layout_walk_end(struct va_scene *s, struct va_rect column, int grid_y, int grid_h, float part, const struct va_look *look, const struct va_told *told);

#endif
