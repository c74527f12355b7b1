/*
 * The tables of a walk, side by side from the top level to the frame. Each is a grid of its 512 entries, 16 a row, the chosen one lit; below
 * it, the entry in numbers and in words. A table this fault allocated comes out of its parent's entry and says so.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "anim.h"
#include "layout.h"
#include "words.h"

#define COLS 16
#define ROWS 32

struct stage { /* one column: a table, or what stands behind the last one */
	struct va_rect column, grid;
	int cell_w, cell_h;
	float part; /* 0 = not yet there … 1 */
	struct va_point in, out; /* where arrows end and begin */
};

int va_layout_card_height(const struct va_style *style)
{
	return va_role_height(style, VA_TEXT_SMALL) * 7 + va_px(style, 12);
}

static float part_of(const struct va_look *look, int i)
{
	return va_walk_show_part(look->walk, (unsigned)i, look->now);
}

static struct stage place_stage(struct va_rect r, int i, int n, const struct va_look *look)
{
	const struct va_style *style = look->style;
	int gap = va_px(style, 14), w = (r.w - gap * (n - 1)) / n, head = va_role_height(style, VA_TEXT_STRONG) + va_px(style, 3);
	int card = va_layout_card_height(style), room = r.h - head - card;
	struct stage st = {.column = va_rect(r.x + i * (w + gap), r.y, w, r.h), .part = part_of(look, i)};

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
static bool slot_known(const struct va_look *look, const struct va_step *step, unsigned index)
{
	__u64 size = 1ull << va_level_shift_in(step->level, look->header->levels), ts = 0;
	__u64 at = (look->walk->rec.fault.addr & ~(size * 512 - 1)) + index * size;
	bool there;

	if (!look->mm)
		return false;
	if (step->level == 4) {
		struct va_page page = va_mm_page(look->mm, at);

		there = page.present && page.level == 4;
		ts = page.ts;
	} else {
		there = va_mm_table_entry(look->mm, step->level, at, &ts) != 0;
	}
	return there && (!step->allocated || ts >= look->walk->rec.head.ts);
}

static void draw_slots(struct va_scene *s, const struct stage *st, const struct va_step *step, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	int gap = st->cell_h > 3 ? 1 : 0;
	struct va_rect lit;

	for (unsigned i = 0; i < 512; i++) {
		struct va_rect at = slot_at(st, i);

		if (i != step->index && slot_known(look, step, i))
			va_scene_fill(s, va_rect(at.x, at.y, at.w - gap, at.h - gap), va_colour_fade(t->field[step->level], 0.55f));
	}
	lit = va_rect_inset(slot_at(st, step->index), -1, -1);
	va_scene_fill(s, lit, t->field[step->level]);
	va_scene_border(s, va_rect_inset(lit, -va_px(look->style, 1.5f), -va_px(look->style, 1.5f)), 0, va_max(1, va_px(look->style, 1.5f)), t->accent);
}

static void draw_grid(struct va_scene *s, const struct stage *st, const struct va_step *step, const struct va_look *look)
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
	draw_slots(s, st, step, look);
	if (step->allocated)
		va_scene_border(s, va_rect_inset(frame, -va_px(look->style, 1), -va_px(look->style, 1)), va_px(look->style, 2), va_px(look->style, 2), t->fresh);
	else
		va_scene_border(s, frame, 2, 1, t->line);
}

/* P RW US A D … as chips: lit where set, faint where not; returns their height */
static int flags(struct va_scene *s, struct va_rect r, const struct va_step *step, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	int x = r.x, y = r.y, h = va_role_height(style, VA_TEXT_LABEL), pad = va_px(style, 2);

	for (size_t i = 0; i < va_entry_flag_count; i++) {
		const struct va_flag *f = &va_entry_flags[i];
		bool set = step->entry >> f->bit & 1;
		int w = va_role_width(style, VA_TEXT_LABEL, f->name) + 2 * pad;
		struct va_rect at;
		char tip[96];

		if ((f->bit == 7 && !step->leaf) || (f->bit == 7 && step->level == 4) || (f->bit == 8 && !set) || (f->bit == 6 && !step->leaf))
			continue;
		if (x + w > r.x + r.w) {
			x = r.x;
			r.y += h + 1;
		}
		at = va_rect(x, r.y, w, h);
		if (set)
			va_scene_round(s, at, 2, va_colour_fade(t->field[step->level], 0.35f));
		va_scene_text(s, va_rect_inset(at, pad, 0), VA_TEXT_LABEL, VA_LEFT, set ? t->text : va_colour_mix(t->dim, t->panel, 0.45f), f->name);
		snprintf(tip, sizeof(tip), "%s %d: %s", f->name, set, set ? f->set : f->clear);
		va_scene_hit(s, at, VA_ACT_NONE, 0, tip);
		x += w + va_px(style, 2);
	}
	return r.y + h - y;
}

/* All digits, in two lines where the column is narrow. */
static int entry_digits(struct va_scene *s, struct va_rect r, __u64 entry)
{
	const struct va_style *style = s->style;
	int h = va_role_height(style, VA_TEXT_SMALL);
	char high[24], low[16];

	snprintf(high, sizeof(high), "%" PRIx64, (uint64_t)entry);
	if (va_role_width(style, VA_TEXT_MONO_SMALL, high) <= r.w) {
		va_scene_text(s, va_rect(r.x, r.y, r.w, h), VA_TEXT_MONO_SMALL, VA_LEFT, style->theme->text, high);
		return h;
	}
	snprintf(high, sizeof(high), "%x", (unsigned)(entry >> 32));
	snprintf(low, sizeof(low), "%08x", (unsigned)entry);
	va_scene_text(s, va_rect(r.x, r.y, r.w, h), VA_TEXT_MONO_SMALL, VA_LEFT, style->theme->text, high);
	va_scene_text(s, va_rect(r.x, r.y + h, r.w, h), VA_TEXT_MONO_SMALL, VA_LEFT, style->theme->text, low);
	return 2 * h;
}

static void entry_before(struct va_scene *s, struct va_rect at, __u64 before)
{
	const struct va_theme *t = s->style->theme;
	char text[64];

	snprintf(text, sizeof(text), "was %" PRIx64, (uint64_t)before);
	if (!before)
		snprintf(text, sizeof(text), "was empty");
	else if (va_role_width(s->style, VA_TEXT_SMALL, text) > at.w)
		snprintf(text, sizeof(text), !va_entry_present(before) ? "was not there" : va_entry_writable(before) ? "was writable" : "was read-only");
	va_scene_text_either(s, at, VA_TEXT_SMALL, t->fresh, text, text + strlen("was "));
	snprintf(text, sizeof(text), "the entry before this fault: 0x%" PRIx64, (uint64_t)before);
	va_scene_hit(s, at, VA_ACT_NONE, 0, text);
}

static void entry_card(struct va_scene *s, const struct stage *st, const struct va_step *step, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	int h = va_role_height(style, VA_TEXT_SMALL), y = st->grid.y + st->grid.h + va_px(style, 7), w = st->column.w;
	bool present = va_entry_present(step->entry);
	char longer[48], shorter[32];
	struct va_step before;

	va_scene_printf(s, va_rect(st->column.x, y, w, h), VA_TEXT_LABEL, VA_LEFT, t->field[step->level], "entry %u", step->index);
	y += h;
	y += entry_digits(s, va_rect(st->column.x, y, w, 2 * h), step->entry);
	if (present || step->entry)
		y += flags(s, va_rect(st->column.x, y, w, 2 * h), step, look) + 2;
	else
		y += h * (va_scene_text(s, va_rect(st->column.x, y, w, h), VA_TEXT_LABEL, VA_LEFT, t->warn, "empty") > 0);
	if (present) {
		snprintf(longer, sizeof(longer), "→ %s %" PRIx64, step->leaf ? "frame" : "table", (uint64_t)va_entry_pfn(step->entry));
		snprintf(shorter, sizeof(shorter), "→ %" PRIx64, (uint64_t)va_entry_pfn(step->entry));
		va_scene_text_either(s, va_rect(st->column.x, y, w, h), VA_TEXT_SMALL, t->dim, longer, shorter);
		y += h;
	}
	if (va_walk_before(&look->walk->rec.fault, look->header->levels, &before) && before.level == step->level && before.entry != step->entry)
		entry_before(s, va_rect(st->column.x, y, w, h), before.entry);
}

static void column_head(struct va_scene *s, const struct stage *st, const struct va_step *step, const struct va_look *look)
{
	const struct va_style *style = look->style;
	static const char *const intel[VMATLAS_LEVELS] = {"PML4", "PDPT", "PDPT", "PD", "PT"};
	struct va_rect at = va_rect(st->column.x, st->column.y, st->column.w, va_role_height(style, VA_TEXT_STRONG));
	int used = va_scene_text(s, at, VA_TEXT_STRONG, VA_LEFT, style->theme->field[step->level], va_level_name(step->level));

	va_rect_cut_left(&at, used + va_px(style, 5));
	if (step->allocated)
		va_scene_text(s, at, VA_TEXT_LABEL, VA_LEFT, style->theme->fresh, "new table");
	else
		va_scene_text(s, at, VA_TEXT_LABEL, VA_LEFT, style->theme->dim, look->header->levels == 5 && step->level < 2 ? (step->level ? "PML4" : "PML5") : intel[step->level]);
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

/* The frame: a page of memory with the byte meant in it, its words below; returns where that byte is */
static float draw_frame(struct va_scene *s, struct va_rect at, __u64 pfn, __u64 size, const char *title, va_colour colour, bool old, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	int h = va_role_height(style, VA_TEXT_SMALL), y = at.y + 2 + (int)((float)(at.h - 6) * (float)(look->walk->rec.fault.addr & (size - 1)) / (float)size);
	char text[40];

	va_scene_round(s, at, va_px(style, 4), va_colour_fade(colour, old ? 0.12f : 0.3f));
	if (!old)
		va_scene_fill(s, va_rect(at.x + 2, y, at.w - 4, va_max(2, va_px(style, 2))), t->accent);
	va_scene_border(s, at, va_px(style, 4), va_px(style, old ? 1 : 2), old ? va_colour_fade(colour, 0.6f) : colour);
	at.y += at.h + va_px(style, 3);
	va_scene_text(s, va_rect(at.x, at.y, at.w, h), VA_TEXT_LABEL, VA_LEFT, old ? t->dim : t->text, title);
	snprintf(text, sizeof(text), "0x%" PRIx64, (uint64_t)pfn);
	va_scene_text(s, va_rect(at.x, at.y + h, at.w, h), VA_TEXT_MONO, VA_LEFT, old ? t->dim : t->text, text);
	return (float)y + 1;
}

static void draw_stop(struct va_scene *s, const struct stage *st, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	struct va_rect at = va_rect(st->column.x, st->grid.y, st->column.w, va_max(st->grid.h * 6 / 10, va_px(style, 96)));
	int size = va_px(style, 9), x, y;

	va_scene_round(s, at, va_px(style, 4), va_colour_fade(t->bad, 0.2f));
	va_scene_border(s, at, va_px(style, 4), va_px(style, 2), t->bad);
	x = at.x + at.w / 2;
	y = at.y + va_px(style, 18);
	va_scene_line(s, (float)(x - size), (float)(y - size), (float)(x + size), (float)(y + size), (float)va_px(style, 4), 0, t->bad);
	va_scene_line(s, (float)(x + size), (float)(y - size), (float)(x - size), (float)(y + size), (float)va_px(style, 4), 0, t->bad);
	at = va_rect_inset(at, va_px(style, 7), 0);
	va_rect_cut_top(&at, va_px(style, 36));
	va_scene_wrap(s, at, VA_TEXT_STRONG, t->text, va_words_bad(va_words_bad_reason(&look->walk->rec, look->mm)));
}

/* Copy-on-write: the frame the page had before, and that it was copied */
static void draw_old(struct va_scene *s, struct va_rect at, __u64 pfn, float part, const struct va_look *look)
{
	const struct va_style *style = look->style;
	float x = (float)(at.x + at.w - va_px(style, 14)), lift = (float)va_px(style, 20);

	draw_frame(s, at, pfn, 4096, "old frame", style->theme->dim, true, look);
	arrow(s, (struct va_point){x, (float)at.y}, (struct va_point){x + 0.5f, (float)at.y - lift}, part, style->theme->cow, style);
	va_scene_text(s, va_rect(at.x, at.y - va_px(style, 18), at.w - va_px(style, 24), va_px(style, 16)), VA_TEXT_LABEL, VA_LEFT, style->theme->cow, "copied");
}

static const char *frame_title(const struct vmatlas_record *rec, const struct va_walk *walk, bool cow)
{
	if (rec->head.flags & VMATLAS_F_ZERO_PAGE)
		return "page of zeros";
	if (cow)
		return "the copy";
	return walk->page_size > 4096 ? "huge page, first frame" : "page frame";
}

static void byte_words(struct va_scene *s, struct va_rect at, __u64 page_size, __u64 byte)
{
	char size[32], longer[64], shorter[32];

	snprintf(longer, sizeof(longer), "%s, byte 0x%" PRIx64, va_words_size(size, sizeof(size), page_size), (uint64_t)byte);
	snprintf(shorter, sizeof(shorter), "byte 0x%" PRIx64, (uint64_t)byte);
	va_scene_text_either(s, at, VA_TEXT_SMALL, s->style->theme->dim, longer, shorter);
}

static void draw_end(struct va_scene *s, struct stage *st, const struct va_walk *walk, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	const struct vmatlas_record *rec = &look->walk->rec;
	enum va_fault_kind kind = va_fault_kind(rec, look->header->levels);
	va_colour colour = va_kind_colour(t, kind);
	struct va_rect head = va_rect(st->column.x, st->column.y, st->column.w, va_role_height(style, VA_TEXT_STRONG)), frame, text;
	struct va_step before;
	int h = va_role_height(style, VA_TEXT_SMALL);
	bool cow;

	if (kind == VA_FAULT_BAD) {
		va_scene_text(s, head, VA_TEXT_STRONG, VA_LEFT, t->bad, "stop");
		draw_stop(s, st, look);
		return;
	}
	va_scene_text(s, head, VA_TEXT_STRONG, VA_LEFT, t->text, walk->complete ? "frame" : "nothing there");
	if (!walk->complete)
		return;
	cow = kind == VA_FAULT_COW && va_walk_before(&rec->fault, look->header->levels, &before) && va_entry_present(before.entry);
	frame = va_rect(st->column.x, st->grid.y, st->column.w, walk->page_size > 4096 ? st->grid.h : va_min(va_max(st->grid.h * 4 / 10, va_px(style, 36)), va_px(style, 120)));
	st->in.y = draw_frame(s, frame, walk->pfn & ~((walk->page_size >> 12) - 1), walk->page_size, frame_title(rec, walk, cow), colour, false, look);
	text = va_rect(st->column.x, frame.y + frame.h + va_px(style, 3) + 2 * h, st->column.w, h);
	if (cow)
		draw_old(s, va_rect(frame.x, text.y + va_px(style, 22), frame.w, frame.h), va_entry_pfn(before.entry), st->part, look);
	else
		byte_words(s, text, walk->page_size, rec->fault.addr & (walk->page_size - 1));
}

static void note_new(struct va_scene *s, const struct va_walk *walk, struct stage *st, int i, struct va_point from, const struct va_look *look)
{
	const struct va_step *step = &walk->step[i];
	struct stage now = grown(&st[i], from, step->allocated);
	struct va_rect lit;

	if (!step->allocated && st[i].part < 1) /* it is there already, the walk has only not come to it */
		va_scene_border(s, va_rect_inset(st[i].grid, -2, -2), 2, 1, look->style->theme->line);
	s->alpha = va_clampf(st[i].part * 1.6f, 0, 1);
	draw_grid(s, &now, step, look);
	s->alpha = va_clampf(st[i].part * 2 - 1, 0, 1);
	column_head(s, &st[i], step, look);
	entry_card(s, &st[i], step, look);
	s->alpha = 1;
	lit = slot_at(&now, step->index);
	st[i].out = (struct va_point){(float)(lit.x + lit.w + 2), (float)lit.y + (float)lit.h / 2};
}

void va_layout_tables(struct va_scene *s, struct va_rect r, const struct va_look *look, const struct va_walk *walk)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	int n = (int)look->header->levels + 1, steps = (int)walk->steps, i, margin;
	struct stage st[VMATLAS_LEVELS + 1];
	struct va_point from;

	margin = va_max(va_role_width(style, VA_TEXT_LABEL, "CR3") + va_px(style, 4), va_px(style, 26));
	va_rect_cut_left(&r, margin);
	for (i = 0; i < n; i++)
		st[i] = place_stage(r, i, n, look);
	va_scene_text(s, va_rect(r.x - margin, st[0].grid.y + va_px(style, 10), margin, va_role_height(style, VA_TEXT_LABEL)), VA_TEXT_LABEL, VA_LEFT, t->dim, "CR3");
	from = (struct va_point){(float)(r.x - margin), st[0].in.y + 2};
	for (i = 0; i < steps; i++) {
		note_new(s, walk, st, i, from, look);
		arrow(s, from, (struct va_point){st[i].in.x - 3, st[i].in.y}, va_clampf(st[i].part * 1.5f, 0, 1), i ? t->field[walk->step[i - 1].level] : t->dim, style);
		from = st[i].out;
	}
	if (steps < n && st[steps].part > 0) {
		struct stage *end = &st[steps];
		bool bad = va_fault_kind(&look->walk->rec, look->header->levels) == VA_FAULT_BAD;

		if (walk->complete && steps < n - 1) /* a huge page takes the room of the levels it spares */
			end->column.w = r.x + r.w - end->column.x;
		s->alpha = va_clampf(end->part * 1.5f, 0, 1);
		draw_end(s, end, walk, look);
		s->alpha = 1;
		if (walk->complete || bad)
			arrow(s, from, (struct va_point){end->in.x - 3, end->in.y}, end->part,
			      bad ? t->bad : steps ? t->field[walk->step[steps - 1].level] : t->dim, style);
	}
	s->busy |= va_walk_show_part(look->walk, (unsigned)steps, look->now) < 1;
}
