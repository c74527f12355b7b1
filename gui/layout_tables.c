/*
 * The tables of a walk, side by side from the top level to the frame. Each is a grid of its 512 entries, 16 a row, the chosen one lit; below
 * it, the entry in numbers and in words. A table this fault allocated comes out of its parent's entry and says so.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "anim.h"
#include "layout.h"
#include "told.h"
#include "words.h"

#define COLS 16
#define ROWS 32

struct stage { /* one column: a table, or what stands behind the last one */
	struct va_rect column, grid;
	int cell_w, cell_h;
	float part; /* 0 = not yet there … 1 */
	struct va_point in, out; /* where arrows end and begin */
};

static struct stage place_stage(struct va_rect r, int i, int n, const struct va_look *look, const struct va_told *told, bool cards)
{
	const struct va_style *style = look->style;
	int gap = va_px(style, 14), w = (r.w - gap * (n - 1)) / n, head = va_role_height(style, VA_TEXT_STRONG) + va_px(style, 3);
	int card = cards ? va_layout_card_height(style) : 0, room = r.h - head - card;
	struct stage st = {.column = va_rect(r.x + i * (w + gap), r.y, w, r.h), .part = va_told_part(told, look, i)};

	st.cell_w = va_max(w / COLS, 3);
	st.cell_h = va_max(va_min(room / ROWS, st.cell_w), 2);
	st.grid = va_rect(st.column.x, r.y + head, st.cell_w * COLS, st.cell_h * ROWS);
	st.in = (struct va_point){(float)st.grid.x, (float)st.grid.y + 4};
	return st;
}

static struct va_rect slot_at(const struct stage *st, unsigned index)
{
	return va_rect(st->grid.x + (int)(index % COLS) * st->cell_w, st->grid.y + (int)(index / COLS) * st->cell_h, st->cell_w, st->cell_h);
}

/* What is known of the neighbours: entries seen in other walks. A table that is new holds nothing older than itself. */
static bool slot_known(const struct va_look *look, const struct va_told *told, const struct va_step *step, __u64 at)
{
	struct va_page page;
	__u64 ts = 0;
	bool there;

	if (!look->mm)
		return false;
	page = va_mm_page(look->mm, at);
	there = page.present && page.level == step->level;
	ts = page.ts;
	if (!there && step->level < 4)
		there = va_mm_table_entry(look->mm, step->level, at, &ts) != 0;
	return there && (!told->rec || !step->allocated || ts >= told->rec->head.ts);
}

/* A click on an entry of a PTE table shows that page, of others what is below. */
static void answer(struct va_scene *s, struct va_rect r, const struct va_step *step, __u64 at, const struct va_look *look)
{
	char tip[96], from[32], size[24];

	snprintf(tip, sizeof(tip), "entry %u: %s, %s", va_index_in(step->level, at, look->header->levels), va_words_address(from, sizeof(from), at),
		 va_words_size(size, sizeof(size), va_slot_size(step->level, look->header->levels)));
	if (step->level == 4)
		va_scene_hit(s, r, VA_ACT_PAGE, at, tip);
	else
		va_scene_hit(s, r, VA_ACT_TABLE, at | va_level_below(step->level, look->header->levels), tip);
}

static void draw_slots(struct va_scene *s, const struct stage *st, const struct va_step *step, const struct va_look *look, const struct va_told *told)
{
	const struct va_theme *t = look->style->theme;
	__u64 size = va_slot_size(step->level, look->header->levels), base = va_table_base(step->level, told->addr, look->header->levels);
	int gap = st->cell_h > 3 ? 1 : 0;
	struct va_rect lit;

	for (unsigned i = 0; i < 512; i++) {
		struct va_rect at = slot_at(st, i);

		if (i == step->index || !slot_known(look, told, step, base + i * size))
			continue;
		va_scene_fill(s, va_rect(at.x, at.y, at.w - gap, at.h - gap), va_colour_fade(t->field[step->level], 0.55f));
		answer(s, at, step, base + i * size, look);
	}
	lit = va_rect_inset(slot_at(st, step->index), -1, -1);
	va_scene_fill(s, lit, t->field[step->level]);
	va_scene_border(s, va_rect_inset(lit, -va_px(look->style, 1.5f), -va_px(look->style, 1.5f)), 0, va_max(1, va_px(look->style, 1.5f)), t->accent);
}

static void draw_grid(struct va_scene *s, const struct stage *st, const struct va_step *step, const struct va_look *look, const struct va_told *told)
{
	const struct va_theme *t = look->style->theme;
	struct va_rect frame = va_rect_inset(st->grid, -2, -2);

	va_scene_fill(s, frame, t->raised);
	if (step->level == 0) /* the upper half of the top table is the kernel's */
		va_scene_fill(s, va_rect(st->grid.x, st->grid.y + st->grid.h / 2, st->grid.w, st->grid.h / 2), va_colour_fade(t->kernel, 0.7f));
	if (st->cell_h > 3) /* the empty entries: a faint raster */
		for (int i = 1; i < ROWS; i++)
			va_scene_fill(s, va_rect(st->grid.x, st->grid.y + i * st->cell_h - 1, st->grid.w, 1), va_colour_fade(t->line, i % 8 ? 0.35f : 0.9f));
	for (int i = 1; i < COLS && st->cell_w > 3; i++)
		va_scene_fill(s, va_rect(st->grid.x + i * st->cell_w - 1, st->grid.y, 1, st->grid.h), va_colour_fade(t->line, i % 4 ? 0.35f : 0.9f));
	draw_slots(s, st, step, look, told);
	if (step->allocated)
		va_scene_border(s, va_rect_inset(frame, -va_px(look->style, 1), -va_px(look->style, 1)), va_px(look->style, 2), va_px(look->style, 2), t->fresh);
	else
		va_scene_border(s, frame, 2, 1, t->line);
}

static void column_head(struct va_scene *s, const struct stage *st, const struct va_step *step, const struct va_look *look)
{
	const struct va_style *style = look->style;
	struct va_rect at = va_rect(st->column.x, st->column.y, st->column.w, va_role_height(style, VA_TEXT_STRONG));
	int used = va_scene_text(s, at, VA_TEXT_STRONG, VA_LEFT, style->theme->field[step->level], va_level_name(step->level));
	const char *intel = va_level_intel_name(step->level, look->header->levels);
	char tip[128];

	snprintf(tip, sizeof(tip), "Linux: %s, Intel: %s. 512 entries of 8 bytes, chosen by 9 bits of the address", va_level_name(step->level), intel);
	va_scene_hit(s, at, VA_ACT_TIP, 0, tip);
	va_rect_cut_left(&at, used + va_px(style, 5));
	if (step->allocated)
		va_scene_text_either(s, at, VA_TEXT_LABEL, style->theme->fresh, "new table", "new");
	else
		va_scene_text(s, at, VA_TEXT_LABEL, VA_LEFT, style->theme->dim, intel);
}

/* A new table grows out of the entry that leads to it. */
static struct stage grown(const struct stage *st, struct va_point from, bool allocated)
{
	struct stage out = *st;

	if (!allocated || st->part >= 1)
		return out;
	out.grid.x = (int)va_mixf(from.x, (float)st->grid.x, st->part);
	out.grid.y = (int)va_mixf(from.y, (float)st->grid.y, st->part);
	out.cell_w = va_max((int)((float)st->cell_w * st->part), 1);
	out.cell_h = va_max((int)((float)st->cell_h * st->part), 1);
	out.grid.w = out.cell_w * COLS;
	out.grid.h = out.cell_h * ROWS;
	return out;
}

static void arrow(struct va_scene *s, struct va_point from, struct va_point to, float part, va_colour colour, const struct va_style *style)
{
	float bend = (to.x - from.x) * 0.55f;
	struct va_point p[4] = {from, {from.x + bend, from.y}, {to.x - bend, to.y}, to};

	va_scene_curve(s, p, part, (float)va_px(style, 1.8f) * (style->theme->line_width > 1 ? 1.5f : 1), (float)va_px(style, 8), colour);
}

static void draw_step(struct va_scene *s, const struct va_told *told, struct stage *st, int i, struct va_point from, const struct va_look *look, bool card)
{
	const struct va_style *style = look->style;
	const struct va_step *step = &told->walk.step[i];
	struct stage now = grown(&st[i], from, step->allocated);
	struct va_rect lit, *column = &st[i].column;
	int below = st[i].grid.y + st[i].grid.h + va_px(style, 7);

	if (!step->allocated && st[i].part < 1) /* it is there already, the walk has only not come to it */
		va_scene_border(s, va_rect_inset(st[i].grid, -2, -2), 2, 1, style->theme->line);
	s->alpha = va_clampf(st[i].part * 1.6f, 0, 1);
	draw_grid(s, &now, step, look, told);
	s->alpha = va_clampf(st[i].part * 2 - 1, 0, 1);
	column_head(s, &st[i], step, look);
	if (card)
		va_layout_entry_card(s, va_rect(column->x, below, column->w, column->y + column->h - below), look, told, (unsigned)i);
	s->alpha = 1;
	lit = slot_at(&now, step->index);
	st[i].out = (struct va_point){(float)(lit.x + lit.w + 2), (float)lit.y + (float)lit.h / 2};
}

/* CR3, where the walk begins, and the frame of the top table that it names. */
static void draw_cr3(struct va_scene *s, struct va_rect at, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct vmatlas_mm_layout *layout = look->mm ? va_mm_layout(look->mm) : NULL;
	int h = va_role_height(style, VA_TEXT_LABEL);
	char tip[200], number[32];

	va_scene_text(s, va_rect(at.x, at.y, at.w, h), VA_TEXT_LABEL, VA_LEFT, style->theme->dim, "CR3");
	snprintf(tip, sizeof(tip), "The register CR3 says where the top table is. When the TLB still holds the translation, the processor skips all this");
	if (layout && layout->pgd) {
		size_t n = strlen(tip);

		snprintf(tip + n, sizeof(tip) - n, "\nCR3 = 0x%" PRIx64 ": frame 0x%" PRIx64, (uint64_t)layout->pgd, (uint64_t)layout->pgd >> 12);
		snprintf(number, sizeof(number), "%" PRIx64, (uint64_t)layout->pgd >> 12);
		if (va_role_width(style, VA_TEXT_MONO_SMALL, number) <= at.w)
			va_scene_text(s, va_rect(at.x, at.y + h, at.w, h), VA_TEXT_MONO_SMALL, VA_LEFT, style->theme->dim, number);
	}
	va_scene_hit(s, va_rect(at.x, at.y - h, at.w, 3 * h), VA_ACT_TIP, 0, tip);
}

static void draw_end(struct va_scene *s, struct stage *end, struct va_point from, const struct va_look *look, const struct va_told *told)
{
	const struct va_theme *t = look->style->theme;
	int steps = (int)told->walk.steps;
	bool bad = told->rec && told->kind == VA_FAULT_BAD;

	s->alpha = va_clampf(end->part * 1.5f, 0, 1);
	end->in.y = va_layout_walk_end(s, end->column, end->grid.y, end->grid.h, end->part, look, told);
	s->alpha = 1;
	if (told->walk.complete || bad)
		arrow(s, from, (struct va_point){end->in.x - 3, end->in.y}, end->part,
		      bad ? t->bad : steps ? t->field[told->walk.step[steps - 1].level] : t->dim, look->style);
}

void va_layout_tables(struct va_scene *s, struct va_rect r, const struct va_look *look, const struct va_told *told, bool cards)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	int n = (int)look->header->levels + 1, steps = (int)told->walk.steps, i, margin;
	struct stage st[VMATLAS_LEVELS + 1];
	struct va_point from;

	margin = va_max(va_role_width(style, VA_TEXT_LABEL, "CR3") + va_px(style, 4), va_px(style, r.w >= va_px(style, 500) ? 38 : 26));
	va_rect_cut_left(&r, margin);
	for (i = 0; i < n; i++)
		st[i] = place_stage(r, i, n, look, told, cards);
	draw_cr3(s, va_rect(r.x - margin, st[0].grid.y + va_px(style, 10), margin - va_px(style, 4), r.h), look);
	from = (struct va_point){(float)(r.x - margin), st[0].in.y + 2};
	for (i = 0; i < steps; i++) {
		draw_step(s, told, st, i, from, look, cards);
		arrow(s, from, (struct va_point){st[i].in.x - 3, st[i].in.y}, va_clampf(st[i].part * 1.5f, 0, 1), i ? t->field[told->walk.step[i - 1].level] : t->dim, style);
		from = st[i].out;
	}
	if (steps < n && st[steps].part > 0) {
		if (steps < n - 1) /* a huge page takes the room of the levels it spares; so do words */
			st[steps].column.w = r.x + r.w - st[steps].column.x;
		draw_end(s, &st[steps], from, look, told);
	}
	s->busy |= va_told_part(told, look, steps) < 1;
}
