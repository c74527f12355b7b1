/* Fork view: one row a piece of memory, high addresses on top; boxes of VMAs, ribbons between equal ones, reasons where one is missing. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "anim.h"
#include "calls.h"
#include "layout_fork.h"
#include "maps.h"
#include "vmas.h"
#include "words.h"

#define VM_WRITE 2ull
#define VM_SHARED 8ull
#define LINES_MOST 4 /* of cells in a row */

struct row {
	const struct va_piece *piece;
	struct va_rect r;      /* across all columns */
	int lines;
	size_t folded;         /* pieces in it, 0 = one, not folded */
	bool whole;            /* not cut by the area's edges: may have texts */
};

void va_layout_fork_name(char *buf, size_t n, const struct va_mm *mm, const struct va_vma *vma, const struct va_look *look)
{
	char store[256];
	const char *name = va_vma_name(mm, vma, look->texts, look->header->rules, store, sizeof(store));
	bool lib;
	enum va_zone zone = va_zone_of(mm, vma, look->texts, look->objects, look->header->rules, &lib);
	const char *title = zone == VA_ZONE_ANON ? "mapping" : zone == VA_ZONE_OTHER ? vma->anon ? "mapping" : "file" : va_zone_name(zone);

	if (*name == '/')
		snprintf(buf, n, "%s, %s", title, va_words_basename(name));
	else
		snprintf(buf, n, "%s", title);
}

va_colour va_layout_fork_colour(const struct va_vma *vma, const struct va_look *look, va_colour *fill)
{
	const struct va_theme *t = look->style->theme;
	bool kernels = vma->name_kind == VMATLAS_NAME_SPECIAL; /* vdso, vvar */

	*fill = kernels ? t->kernel : vma->anon ? t->anon_fill : t->file_fill;
	if (!(vma->vm_flags & 7)) /* PROT_NONE: reserved, not usable */
		*fill = va_colour_mix(*fill, t->panel, 0.65f);
	return kernels ? t->other : vma->anon ? t->anon : t->file;
}

static const struct va_vma *vma_in(const struct va_fork_column *c, const struct va_piece *p)
{
	return c->mm ? va_mm_vma_at(c->mm, p->lo) : NULL;
}

static int lines_for(const struct va_piece *p, const struct va_fork_column *column, int n, const struct va_fork_place *place)
{
	const struct va_vma *v = NULL;
	__u64 pages = (p->hi - p->lo) >> 12;
	int cols = va_max((place->parent.w - 4) / place->cell, 1);

	for (int i = 0; i < n && !v; i++)
		v = vma_in(&column[i], p);
	if (!v || (v->vm_flags & (VM_WRITE | VM_SHARED)) != VM_WRITE)
		return 1;
	return pages > (__u64)(cols * LINES_MOST) ? 2 : va_max((int)((pages + (unsigned)cols - 1) / (unsigned)cols), 1);
}

/* Equal, of one file, and nobody may write: nothing will ever differ there. */
static const struct va_vma *dull(const struct va_piece *p, const struct va_fork_column *column)
{
	const struct va_vma *v = p->kind == VA_PIECE_EQUAL ? vma_in(&column[0], p) : NULL;

	return v && !v->anon && v->inode && (v->vm_flags & (VM_WRITE | VM_SHARED)) != VM_WRITE ? v : NULL;
}

/* How many pieces from i downwards are drawn as one row. */
static size_t fold(const struct va_fork_show *f, size_t i, const struct va_fork_column *column, const struct va_look *look)
{
	const struct va_vma *first = look->view->fork.all ? NULL : dull(&f->piece[i], column);
	size_t n = 1;

	for (; first && i >= n; n++) {
		const struct va_vma *v = dull(&f->piece[i - n], column);

		if (!v || v->inode != first->inode || v->name_text != first->name_text || look->view->selected == v->start)
			break;
	}
	return n;
}

static int height_for(int lines, const struct va_fork_place *place)
{
	return va_max(place->line, lines * place->cell + 5);
}

/* --- words ------------------------------------------------------------------------------------------------------------------ */

static void why(char *longer, char *shorter, size_t n, const struct va_piece *p, const struct va_look *look)
{
	char store[32], clock[32];
	const char *call = p->nr >= 0 ? va_call_name(p->nr, store, sizeof(store)) : "no call, the stack grew,";
	const char *who = p->by_child ? "child" : "parent";

	va_words_clock(clock, sizeof(clock), p->ts ? p->ts - va_history_begin(look->play->history) : 0);
	switch (p->why) {
	case VA_WHY_DONTFORK:
		snprintf(longer, n, "fork left it out: MADV_DONTFORK");
		snprintf(shorter, n, "DONTFORK");
		return;
	case VA_WHY_UNMAPPED:
		snprintf(longer, n, "unmapped since: %s at %s", call, clock);
		snprintf(shorter, n, "%s at %s", call, clock);
		return;
	case VA_WHY_MAPPED:
		snprintf(longer, n, "%s's alone: %s at %s", who, call, clock);
		snprintf(shorter, n, "since %s", clock);
		return;
	case VA_WHY_CHANGED:
		snprintf(longer, n, "changed by the %s: %s at %s", who, call, clock);
		snprintf(shorter, n, "changed at %s", clock);
		return;
	default:
		snprintf(longer, n, "not known why: records were lost, or the fork not seen");
		snprintf(shorter, n, "not known why");
	}
}

static void tip_of(char *buf, size_t n, const struct va_vma *v, const struct va_mm *mm, const struct va_piece *p, const struct va_look *look)
{
	static const char *const kinds[] = {"the same in both", "the same mapping, with other bounds or rights", "another mapping in each", "in the parent only",
					    "in the child only"};
	char name[256], perms[5], size[32], longer[128] = "", shorter[128];

	va_layout_fork_name(name, sizeof(name), mm, v, look);
	va_vma_perms(v->vm_flags, perms);
	if (p->kind != VA_PIECE_EQUAL)
		why(longer, shorter, sizeof(longer), p, look);
	snprintf(buf, n, "%s\n%" PRIx64 "-%" PRIx64 " %s, %s\n%s%s%s", name, (uint64_t)v->start, (uint64_t)v->end, perms,
		 va_words_size(size, sizeof(size), v->end - v->start), kinds[p->kind], *longer ? "; " : "", longer);
}

static void name_cell(struct va_scene *s, const struct row *row, const struct va_fork_place *place, const struct va_fork_column *column, int n,
		      const struct va_look *look)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	const struct va_vma *v = NULL;
	char text[320], perms[5], size[32], store[256];
	struct va_rect at = va_rect(place->names.x, row->r.y, place->names.w, va_min(row->r.h, place->line));
	va_colour fill;
	int i = 0;

	while (i < n && !(v = vma_in(&column[i], row->piece)))
		i++;
	if (!v || !row->whole)
		return;
	if (row->folded)
		snprintf(text, sizeof(text), "%zu of %s", row->folded, va_words_basename(va_vma_name(column[i].mm, v, look->texts, look->header->rules, store, sizeof(store))));
	else
		va_layout_fork_name(text, sizeof(text), column[i].mm, v, look);
	va_scene_fill(s, va_rect(at.x, at.y + 3, va_px(style, 3), at.h - 5), va_layout_fork_colour(v, look, &fill));
	va_rect_cut_left(&at, va_px(style, 7));
	va_scene_text(s, at, VA_TEXT_SMALL, VA_LEFT, row->folded ? t->dim : row->piece->kind == VA_PIECE_EQUAL ? t->text : t->bright, text);
	if (row->r.h < 2 * place->line)
		return;
	va_vma_perms(v->vm_flags, perms);
	snprintf(text, sizeof(text), "%s %s", perms, va_words_size(size, sizeof(size), row->piece->hi - row->piece->lo));
	va_scene_text(s, va_rect(at.x, at.y + place->line, at.w, place->line), VA_TEXT_SMALL, VA_LEFT, t->dim, text);
}

/* --- boxes ------------------------------------------------------------------------------------------------------------------ */

/* The child's column comes out of the parent's. */
static struct va_rect box_rect(const struct row *row, const struct va_fork_place *place, const struct va_fork_column *c)
{
	float out = va_ease(va_clampf(c->part * 2.2f, 0, 1));

	return va_rect((int)va_mixf((float)place->parent.x, (float)c->r.x, out), row->r.y, c->r.w, row->r.h);
}

static void box(struct va_scene *s, const struct row *row, const struct va_fork_place *place, const struct va_fork_column *c, const struct va_vma *v,
		const struct va_look *look)
{
	const struct va_theme *t = s->style->theme;
	struct va_rect r = box_rect(row, place, c);
	va_colour fill, colour = va_layout_fork_colour(v, look, &fill);
	bool first = v->end <= row->piece->hi, last = v->start >= row->piece->lo, chosen = look->view->selected == v->start;
	int edge = chosen ? va_px(s->style, 2) : 1;
	char tip[512];

	r.y += first;
	r.h -= first + last;
	va_scene_fill(s, r, fill);
	if (!v->anon && v->inode)
		va_scene_hatch(s, r, VA_HATCH_RISING, va_px(s->style, 8), va_px(s->style, 1.6f), va_colour_fade(t->file, 0.14f));
	colour = chosen ? t->accent : va_colour_fade(colour, 0.75f);
	va_scene_fill(s, va_rect(r.x, r.y, edge, r.h), colour);
	va_scene_fill(s, va_rect(r.x + r.w - edge, r.y, edge, r.h), colour);
	if (first)
		va_scene_fill(s, va_rect(r.x, r.y, r.w, edge), colour);
	if (last)
		va_scene_fill(s, va_rect(r.x, r.y + r.h - edge, r.w, edge), colour);
	tip_of(tip, sizeof(tip), v, c->mm, row->piece, look);
	va_scene_hit(s, r, VA_ACT_MAP_BOX, v->start, tip);
	va_layout_fork_cells(s, va_rect_inset(r, 2, 1), row->piece->lo, row->piece->hi, row->lines, v, place, c, look);
}

/* Several VMAs of a file in one. */
static void folded_box(struct va_scene *s, const struct row *row, const struct va_fork_place *place, const struct va_fork_column *c)
{
	const struct va_theme *t = s->style->theme;
	struct va_rect r = va_rect_inset(box_rect(row, place, c), 0, va_px(s->style, 3));

	va_scene_fill(s, r, t->file_fill);
	va_scene_hatch(s, r, VA_HATCH_RISING, va_px(s->style, 8), va_px(s->style, 1.6f), va_colour_fade(t->file, 0.14f));
	va_scene_border(s, r, 0, 1, va_colour_fade(t->file, 0.5f));
	va_scene_hit(s, r, VA_ACT_FORK_ALL, 0, "parts of one file, the same in both, that nobody may write: folded. Click (Ctrl K) to see each.");
}

static void missing(struct va_scene *s, const struct row *row, const struct va_fork_column *c, const struct va_look *look)
{
	const struct va_theme *t = s->style->theme;
	struct va_rect r = va_rect_inset(va_rect(c->r.x, row->r.y, c->r.w, row->r.h), 0, 1);
	char longer[128], shorter[128], tip[300];

	va_scene_hatch(s, r, VA_HATCH_RISING, va_px(s->style, 6), 1, va_colour_fade(t->dim, 0.22f));
	if (!row->whole)
		return;
	why(longer, shorter, sizeof(longer), row->piece, look);
	va_scene_text_either(s, va_rect_inset(va_rect(r.x, row->r.y, r.w, va_min(row->r.h, va_role_height(s->style, VA_TEXT_SMALL) + va_px(s->style, 3))), va_px(s->style, 4), 0),
			     VA_TEXT_SMALL, t->text, longer, shorter);
	snprintf(tip, sizeof(tip), "%s\n%s", row->piece->kind == VA_PIECE_PARENT ? "in the parent only" : "in the child only", longer);
	va_scene_hit(s, r, VA_ACT_TIP, 0, tip);
}

static void ribbon(struct va_scene *s, const struct row *row, const struct va_fork_place *place, const struct va_fork_column *left,
		   const struct va_fork_column *parent, const struct va_fork_column *c, const struct va_look *look)
{
	const struct va_vma *a = vma_in(parent, row->piece), *b = vma_in(c, row->piece);
	const struct va_theme *t = s->style->theme;
	struct va_rect from = box_rect(row, place, left), to = box_rect(row, place, c);
	int x = from.x + from.w, w = to.x - x;
	va_colour fill;
	bool equal;

	if (!a || !b || w <= 0)
		return;
	equal = a->start == b->start && a->end == b->end && !((a->vm_flags ^ b->vm_flags) & 15);
	if (va_vma_same_mapping(a, b))
		va_scene_fill(s, va_rect(x, row->r.y + 2, w, row->r.h - 4), va_colour_fade(va_layout_fork_colour(a, look, &fill), equal ? 0.30f : 0.12f));
	else
		va_scene_hatch(s, va_rect(x, row->r.y + 2, w, row->r.h - 4), VA_HATCH_CROSS, va_px(s->style, 5), 1, va_colour_fade(t->warn, 0.6f));
}

static void draw_row(struct va_scene *s, const struct row *row, const struct va_fork_place *place, const struct va_fork_column *column, int n,
		     const struct va_look *look)
{
	enum va_piece_kind kind = row->piece->kind;

	name_cell(s, row, place, column, n, look);
	for (int i = 1; i < n; i++)
		if (column[i].mm)
			ribbon(s, row, place, &column[i - 1], &column[0], &column[i], look);
	for (int i = n; i-- > 0;) { /* the parent last: what grows comes out from behind it */
		const struct va_fork_column *c = &column[i];
		const struct va_vma *v = vma_in(c, row->piece);

		s->alpha = c->over ? 0.45f : 1;
		if (v && row->folded)
			folded_box(s, row, place, c);
		else if (v)
			box(s, row, place, c, v, look);
		s->alpha = 1;
		if (!v && c->mm && c->part >= 1 && ((kind == VA_PIECE_PARENT && c->chosen) || (kind == VA_PIECE_CHILD && !c->is_child)))
			missing(s, row, c, look);
	}
}

void va_layout_fork_rows(struct va_scene *s, struct va_rect area, const struct va_fork_place *place, const struct va_fork_column *column, int n,
			 const struct va_look *look)
{
	const struct va_fork_show *f = look->fork;
	struct va_rect was = s->clip;
	int total = 0, y;
	size_t used;

	for (size_t i = f->pieces; i > 0; i -= used) {
		used = fold(f, i - 1, column, look);
		total += height_for(used > 1 ? 1 : lines_for(&f->piece[i - 1], column, n, place), place);
	}
	va_scene_clip(s, area);
	y = area.y - va_layout_scroll(s, &area, look, VA_SCROLL_STAGE, total);
	for (size_t i = f->pieces; i > 0; i -= used) {
		struct row row = {.piece = &f->piece[i - 1]};

		used = fold(f, i - 1, column, look);
		row.folded = used > 1 ? used : 0;
		row.lines = used > 1 ? 1 : lines_for(row.piece, column, n, place);

		row.r = va_rect(area.x, y, area.w, height_for(row.lines, place));
		row.whole = row.r.y >= area.y && row.r.y + row.r.h <= area.y + area.h;
		if (y < area.y + area.h && y + row.r.h > area.y)
			draw_row(s, &row, place, column, n, look);
		y += row.r.h;
	}
	va_scene_clip(s, was);
}
