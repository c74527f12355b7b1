/*
 * The page tables of a process as a tree: how many of each level, one table as a grid of its 512 entries, the way down to it, and what the chosen entry is.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "layout.h"
#include "maps.h"
#include "tables_show.h"
#include "told.h"
#include "words.h"

#define COLS VA_TABLES_COLS
#define ROWS (512 / COLS)

struct grid {
	struct va_rect r;
	int cell_w, cell_h;
};

static __u64 tables_of(const struct va_tables_count *c, unsigned level)
{
	return c->seen[level] + c->implied[level];
}

/* --- how many --------------------------------------------------------------------------------------------------------- */

/* "21 tables known, 84 KiB", and what the kernel says to it. */
static void sums(struct va_scene *s, struct va_rect r, const struct va_tables_count *c, unsigned levels)
{
	const struct va_theme *t = s->style->theme;
	char text[200], size[32], kernel[32];
	__u64 known = c->counted_bytes >> 12, theirs = c->kernel_bytes >> 12;
	int h = va_role_height(s->style, VA_TEXT_BODY);

	snprintf(text, sizeof(text), "%" PRIu64 " page tables known, %s%s", (uint64_t)c->tables, va_words_size(size, sizeof(size), c->tables << 12),
		 c->reserve ? ", and one in reserve for each anonymous huge page" : "");
	va_scene_text(s, va_rect(r.x, r.y, r.w, h), VA_TEXT_STRONG, VA_LEFT, t->text, text);
	va_words_size(kernel, sizeof(kernel), c->kernel_bytes);
	if (!c->kernel_known)
		snprintf(text, sizeof(text), "The kernel has not told its own count yet.");
	else if (theirs == known)
		snprintf(text, sizeof(text), "The kernel counted as much when it last told: %s without %s.", kernel, levels == 5 ? "PGD and P4D" : "the PGD");
	else if (theirs > known)
		snprintf(text, sizeof(text), "The kernel counted %s: %" PRIu64 " more table%s, which no record has mentioned.", kernel, (uint64_t)(theirs - known),
			 theirs - known == 1 ? "" : "s");
	else
		snprintf(text, sizeof(text), "When it last told, the kernel counted %s: %" PRIu64 " table%s came since.", kernel, (uint64_t)(known - theirs),
			 known - theirs == 1 ? "" : "s");
	va_scene_text(s, va_rect(r.x, r.y + h + 1, r.w, h), VA_TEXT_SMALL, VA_LEFT, t->dim, text);
}

/* A column for each level: its name and Intel's, how many, memory. */
static void level_column(struct va_scene *s, struct va_rect r, const struct va_look *look, unsigned level)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	const struct va_tables_count *c = &look->tables->count;
	bool shown = look->view->tables.level == level;
	struct va_rect in = va_rect_inset(r, va_px(style, 6), va_px(style, 3)), head;
	char count[32], size[32], tip[200];

	va_scene_round(s, r, va_px(style, 4), shown ? va_colour_fade(t->field[level], 0.22f) : t->raised);
	if (shown)
		va_scene_border(s, r, va_px(style, 4), 1, t->field[level]);
	head = va_rect_cut_top(&in, va_role_height(style, VA_TEXT_STRONG));
	va_rect_cut_left(&head, va_scene_text(s, head, VA_TEXT_STRONG, VA_LEFT, t->field[level], va_level_name(level)) + va_px(style, 5));
	va_scene_text(s, head, VA_TEXT_LABEL, VA_LEFT, t->dim, va_level_intel_name(level, look->header->levels));
	va_words_count(count, sizeof(count), tables_of(c, level));
	va_words_size(size, sizeof(size), tables_of(c, level) << 12);
	head = va_rect_cut_top(&in, va_role_height(style, VA_TEXT_STRONG));
	va_rect_cut_left(&head, va_scene_text(s, head, VA_TEXT_STRONG, VA_LEFT, t->text, count) + va_px(style, 6));
	va_scene_text(s, head, VA_TEXT_SMALL, VA_LEFT, t->dim, size);
	snprintf(tip, sizeof(tip), "%s tables: %" PRIu64 " seen in a walk, %" PRIu64 " follow from pages below them\none entry covers %s", va_level_name(level),
		 (uint64_t)c->seen[level], (uint64_t)c->implied[level], va_words_size(size, sizeof(size), va_slot_size(level, look->header->levels)));
	va_scene_hit(s, r, VA_ACT_TABLE, (look->view->tables.at + look->view->tables.cursor * va_slot_size(look->view->tables.level, look->header->levels)) | level, tip);
}

static void level_row(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	unsigned levels = look->header->levels;
	int gap = va_px(look->style, 6), w = (r.w - gap * ((int)levels - 1)) / (int)levels, x = r.x;

	for (unsigned level = 0; level < VMATLAS_LEVELS; level++)
		if (level != 1 || levels == 5) {
			level_column(s, va_rect(x, r.y, w, r.h), look, level);
			x += w + gap;
		}
}

/* --- the way down ----------------------------------------------------------------------------------------------------- */

static void crumbs(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	const struct va_tables_view *v = &look->view->tables;
	unsigned levels = look->header->levels;
	int pad = va_px(style, 4);
	char text[64], tip[96], from[32];

	for (unsigned level = 0;; level = va_level_below(level, levels)) {
		bool last = level == v->level;
		struct va_rect at;

		snprintf(text, sizeof(text), last ? "%s" : "%s %u", va_level_name(level), va_index_in(level, v->at, levels));
		at = va_rect_cut_left(&r, va_role_width(style, VA_TEXT_LABEL, text) + 2 * pad);
		va_scene_text(s, va_rect_inset(at, pad, 0), VA_TEXT_LABEL, VA_LEFT, last ? t->text : t->field[level], text);
		snprintf(tip, sizeof(tip), last ? "this table" : "back to this table (Shift Backspace)");
		va_scene_hit(s, at, VA_ACT_TABLE, v->at | level, tip);
		if (last)
			break;
		va_scene_text(s, va_rect_cut_left(&r, va_px(style, 12)), VA_TEXT_LABEL, VA_CENTRE, t->dim, "›");
	}
	va_words_address(from, sizeof(from), v->at);
	snprintf(text, sizeof(text), "from 0x%s", from);
	va_scene_text(s, r, VA_TEXT_MONO_SMALL, VA_RIGHT, t->dim, text);
}

/* --- the grid --------------------------------------------------------------------------------------------------------- */

static struct va_rect cell_at(const struct grid *g, unsigned i)
{
	return va_rect(g->r.x + (int)(i % COLS) * g->cell_w, g->r.y + (int)(i / COLS) * g->cell_h, g->cell_w, g->cell_h);
}

/* How full of pages: a page among very many shows, too. */
static float fullness(const struct va_slot *slot)
{
	double all = (double)(slot->size >> 12);

	return slot->pages ? (float)(0.3 + 0.7 * log1p((double)slot->pages) / log1p(all)) : 0.25f;
}

static va_colour page_colour(const struct va_look *look, const struct va_slot *slot)
{
	const struct va_theme *t = look->style->theme;
	const struct va_vma *vma = va_mm_vma_at(look->mm, slot->addr);

	return !vma ? t->other : vma->anon ? t->resident_anon : t->resident_file;
}

/* Recorded time: a table glows for as long after it came as things glow elsewhere. */
static float freshness(const struct va_look *look, const struct va_slot *slot)
{
	__u64 now = look->play->time;

	if (!slot->ts || slot->ts > now || now - slot->ts >= VA_TIME_GLOW || (slot->kind != VA_SLOT_TABLE && slot->kind != VA_SLOT_PAGE))
		return 0;
	return 1 - (float)(now - slot->ts) / (float)VA_TIME_GLOW;
}

static void cell(struct va_scene *s, struct va_rect at, const struct va_slot *slot, unsigned level, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	float fresh = freshness(look, slot);

	switch (slot->kind) {
	case VA_SLOT_TABLE:
		va_scene_fill(s, at, va_colour_fade(t->field[level], fullness(slot)));
		break;
	case VA_SLOT_IMPLIED:
		va_scene_fill(s, at, va_colour_fade(t->field[level], fullness(slot) * 0.5f));
		va_scene_border(s, at, 0, 1, t->field[level]);
		break;
	case VA_SLOT_PAGE:
		va_scene_fill(s, at, va_colour_fade(page_colour(look, slot), slot->certainty == VA_PAGE_SEEN ? 1 : slot->certainty == VA_PAGE_UNKNOWN ? 0.25f : 0.62f));
		if (level < 4)
			va_scene_border(s, at, 0, va_max(1, va_px(look->style, 1.5f)), t->huge);
		break;
	case VA_SLOT_NOTE:
		va_scene_border(s, at, 0, 1, page_colour(look, slot));
		break;
	case VA_SLOT_KERNEL:
		va_scene_fill(s, at, va_colour_fade(t->kernel, 0.7f));
		break;
	case VA_SLOT_UNKNOWN:
		va_scene_hatch(s, at, VA_HATCH_FALLING, va_px(look->style, 4), 1, va_colour_fade(t->uncertain, 0.5f));
		break;
	default:
		va_scene_fill(s, at, t->absent);
	}
	if (fresh > 0)
		va_scene_border(s, va_rect_inset(at, -1, -1), 0, va_max(1, va_px(look->style, 1.5f)), va_colour_fade(t->fresh, fresh));
}

static const char *kind_words(const struct va_slot *slot)
{
	static const char *const words[] = {
		[VA_SLOT_UNKNOWN] = "not known", [VA_SLOT_EMPTY] = "empty", [VA_SLOT_TABLE] = "a table", [VA_SLOT_IMPLIED] = "a table (known from what is below)",
		[VA_SLOT_PAGE] = "a page", [VA_SLOT_NOTE] = "no page, a note of the kernel's", [VA_SLOT_KERNEL] = "the kernel's half",
	};

	if (slot->kind == VA_SLOT_PAGE && slot->size > 4096)
		return "a huge page";
	return words[slot->kind];
}

static void grid(struct va_scene *s, const struct grid *g, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	const struct va_tables_view *v = &look->view->tables;
	int gap = g->cell_w > 4 && g->cell_h > 4 ? 1 : 0;
	struct va_rect chosen;
	char tip[128], addr[32];

	va_scene_round(s, va_rect_inset(g->r, -3, -3), 3, t->raised);
	for (unsigned i = 0; i < 512; i++) {
		const struct va_slot *slot = &look->tables->slot[i];
		struct va_rect at = cell_at(g, i);

		cell(s, va_rect(at.x, at.y, at.w - gap, at.h - gap), slot, v->level, look);
		if (slot->kind == VA_SLOT_EMPTY || slot->kind == VA_SLOT_KERNEL)
			snprintf(tip, sizeof(tip), "entry %u: %s", i, kind_words(slot));
		else
			snprintf(tip, sizeof(tip), "entry %u: %s\n0x%s", i, kind_words(slot), va_words_address(addr, sizeof(addr), slot->addr));
		va_scene_hit(s, at, VA_ACT_SLOT, i, tip);
	}
	chosen = va_rect_inset(cell_at(g, v->cursor), -2, -2);
	va_scene_border(s, chosen, 2, va_max(2, va_px(look->style, 2)), t->accent);
	s->busy |= look->play->mode == VA_PLAY_RUNNING;
}

/* --- the chosen entry -------------------------------------------------------------------------------------------------- */

static void fact(struct va_scene *s, struct va_rect *r, const char *name, const char *value)
{
	const struct va_style *style = s->style;
	int h = va_role_height(style, VA_TEXT_BODY) + va_px(style, 2);
	struct va_rect at = va_rect_cut_top(r, h);

	if (at.h < h)
		return;
	va_scene_text(s, va_rect_cut_left(&at, va_role_width(style, VA_TEXT_SMALL, "in memory  ")), VA_TEXT_SMALL, VA_LEFT, style->theme->dim, name);
	va_scene_text(s, at, VA_TEXT_BODY, VA_LEFT, style->theme->text, value);
}

/* The mappings in its reach: the first by name, and how many more. */
static void mappings(char *buf, size_t n, const struct va_look *look, const struct va_slot *slot)
{
	size_t first = va_mm_vma_lower(look->mm, slot->addr), count = 0;
	char name[4200];

	for (size_t i = first; i < va_mm_vma_count(look->mm) && va_mm_vma(look->mm, i)->start < slot->addr + slot->size; i++)
		count++;
	if (!count) {
		snprintf(buf, n, "no mapping");
		return;
	}
	const char *of = va_vma_name(look->mm, va_mm_vma(look->mm, first), look->texts, look->header->rules, name, sizeof(name));

	if (count > 1)
		snprintf(buf, n, "%.100s and %zu more", *of ? va_words_basename(of) : "anonymous memory", count - 1);
	else
		snprintf(buf, n, "%.100s", *of ? va_words_basename(of) : "anonymous memory");
}

static void open_button(struct va_scene *s, struct va_rect *r, const struct va_look *look, const struct va_slot *slot)
{
	const struct va_style *style = s->style;
	bool table = slot->kind == VA_SLOT_TABLE || slot->kind == VA_SLOT_IMPLIED, page = slot->kind == VA_SLOT_PAGE || (look->view->tables.level == 4 && slot->kind != VA_SLOT_KERNEL);
	const char *text = table ? "open this table" : "show the walk to this page";
	struct va_rect at;

	if (!table && !page)
		return;
	va_rect_cut_top(r, va_px(style, 5));
	at = va_rect_cut_top(r, va_role_height(style, VA_TEXT_LABEL) + va_px(style, 6));
	if (at.h < va_role_height(style, VA_TEXT_LABEL))
		return;
	at.w = va_min(at.w, va_role_width(style, VA_TEXT_LABEL, text) + va_px(style, 16));
	va_scene_round(s, at, va_px(style, 4), style->theme->raised);
	va_scene_border(s, at, va_px(style, 4), 1, style->theme->line);
	va_scene_text(s, va_rect_inset(at, va_px(style, 8), 0), VA_TEXT_LABEL, VA_LEFT, style->theme->text, text);
	va_scene_hit(s, at, VA_ACT_OPEN, 0, "Enter");
}

static void age_of(char *buf, size_t n, const struct va_look *look, const struct va_slot *slot)
{
	char age[32];

	if (!slot->ts || slot->ts > look->play->time)
		snprintf(buf, n, "never read");
	else
		snprintf(buf, n, "%s ago", va_words_time(age, sizeof(age), look->play->time - slot->ts));
}

static void detail(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	const struct va_tables_view *v = &look->view->tables;
	const struct va_slot *slot = &look->tables->slot[v->cursor];
	struct va_entry_rules rules = va_entry_rules(look->header);
	char text[256], a[40], size[32];

	snprintf(text, sizeof(text), "%s entry %u, 0x%03x", va_level_name(v->level), v->cursor, v->cursor);
	va_scene_text(s, va_rect_cut_top(&r, va_role_height(style, VA_TEXT_STRONG) + va_px(style, 3)), VA_TEXT_STRONG, VA_LEFT, t->field[v->level], text);
	fact(s, &r, "it is", kind_words(slot));
	if (slot->kind == VA_SLOT_KERNEL)
		return;
	snprintf(text, sizeof(text), "0x%s", va_words_address(a, sizeof(a), slot->addr));
	fact(s, &r, "from", text);
	fact(s, &r, "covers", va_words_size(size, sizeof(size), slot->size));
	mappings(text, sizeof(text), look, slot);
	fact(s, &r, "maps", text);
	snprintf(text, sizeof(text), "%s page%s", va_words_count(a, sizeof(a), slot->pages), slot->pages == 1 ? "" : "s");
	fact(s, &r, "in memory", text);
	if (slot->entry) {
		snprintf(text, sizeof(text), "0x%" PRIx64, (uint64_t)slot->entry);
		fact(s, &r, "entry", text);
		fact(s, &r, "bits", va_entry_bits(text, sizeof(text), v->level, slot->entry, &rules));
		snprintf(text, sizeof(text), "0x%" PRIx64, (uint64_t)va_entry_pfn(slot->entry));
		if (va_entry_present(slot->entry))
			fact(s, &r, slot->kind == VA_SLOT_TABLE ? "table in" : "frame", text);
	}
	age_of(text, sizeof(text), look, slot);
	fact(s, &r, "read", text);
	open_button(s, &r, look, slot);
	va_rect_cut_top(&r, va_px(style, 4));
	if (slot->entry)
		va_scene_wrap(s, r, VA_TEXT_SMALL, t->dim, va_entry_words(text, sizeof(text), v->level, slot->entry, &rules));
}

/* --- the whole --------------------------------------------------------------------------------------------------------- */

static void legend(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_style *style = look->style;
	unsigned level = look->view->tables.level;
	const struct {
		struct va_slot slot;
		const char *text;
	} upper[] = {
		{{.kind = VA_SLOT_TABLE, .pages = 1, .size = 4096}, "table"}, {{.kind = VA_SLOT_IMPLIED, .pages = 1, .size = 4096}, "known from below"},
		{{.kind = VA_SLOT_UNKNOWN}, "not known"}, {{.kind = VA_SLOT_EMPTY}, "empty"}, {{.kind = VA_SLOT_KERNEL}, "kernel's half"},
	}, lower[] = {
		{{.kind = VA_SLOT_PAGE, .certainty = VA_PAGE_SEEN}, "page"}, {{.kind = VA_SLOT_PAGE, .certainty = VA_PAGE_DERIVED}, "follows from an event"},
		{{.kind = VA_SLOT_NOTE}, "swap or a note"}, {{.kind = VA_SLOT_UNKNOWN}, "not known"}, {{.kind = VA_SLOT_EMPTY}, "empty"},
	};
	int side = va_px(style, 9), w;

	for (int i = 0; i < 5; i++) {
		const char *text = level == 4 ? lower[i].text : upper[i].text;

		w = va_role_width(style, VA_TEXT_SMALL, text);
		if (r.w < side + va_px(style, 18) + w)
			return;
		cell(s, va_rect(r.x, r.y + (r.h - side) / 2, side, side), level == 4 ? &lower[i].slot : &upper[i].slot, level, look);
		va_rect_cut_left(&r, side + va_px(style, 4));
		va_scene_text(s, va_rect_cut_left(&r, w + 1), VA_TEXT_SMALL, VA_LEFT, style->theme->dim, text);
		va_rect_cut_left(&r, va_px(style, 12));
	}
}

/* Cells are about as tall as wide. */
static struct grid place_grid(struct va_rect r)
{
	int cell_w = va_max(r.w / COLS, 3), cell_h = va_max(va_min(r.h / ROWS, cell_w * 3 / 2), 3);

	cell_w = va_min(cell_w, cell_h * 2);
	return (struct grid){.r = va_rect(r.x + 3, r.y + 3, cell_w * COLS, cell_h * ROWS), .cell_w = cell_w, .cell_h = cell_h};
}

static void empty(struct va_scene *s, struct va_rect r)
{
	int h = va_role_height(s->style, VA_TEXT_TITLE);

	va_scene_text(s, va_rect(r.x, r.y + r.h / 2 - h, r.w, h), VA_TEXT_TITLE, VA_CENTRE, s->style->theme->text, "No page tables known yet");
	va_scene_text(s, va_rect(r.x, r.y + r.h / 2 + h / 2, r.w, h), VA_TEXT_BODY, VA_CENTRE, s->style->theme->dim,
		      "They appear with the first page fault of the process shown.");
}

void va_layout_radix(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_style *style = look->style;
	int gap = va_px(style, 7), body = va_role_height(style, VA_TEXT_BODY);
	struct va_rect at;
	struct grid g;

	if (!look->mm || !look->tables->valid) {
		empty(s, r);
		return;
	}
	sums(s, va_rect_cut_top(&r, 2 * body + 2), &look->tables->count, look->header->levels);
	va_rect_cut_top(&r, gap);
	level_row(s, va_rect_cut_top(&r, 2 * va_role_height(style, VA_TEXT_STRONG) + va_px(style, 6)), look);
	va_rect_cut_top(&r, gap);
	crumbs(s, va_rect_cut_top(&r, body + 2), look);
	va_rect_cut_top(&r, va_px(style, 3));
	legend(s, va_rect_cut_bottom(&r, body), look);
	va_rect_cut_bottom(&r, gap);
	if (r.h > va_px(style, 300)) {
		va_layout_frames(s, va_rect_cut_bottom(&r, va_layout_frames_height(style, va_max((r.h - va_px(style, 220)) / 2 / va_px(style, 10), 2))), look);
		va_rect_cut_bottom(&r, gap);
	}
	if (r.w > r.h * 13 / 10) {
		at = va_rect_cut_left(&r, r.w * 58 / 100);
		va_rect_cut_left(&r, va_px(style, 14));
	} else {
		at = va_rect_cut_top(&r, va_min(r.h * 55 / 100, r.w * 3 / 4));
		va_rect_cut_top(&r, gap);
	}
	g = place_grid(va_rect(at.x, at.y, at.w - 6, at.h - 6));
	grid(s, &g, look);
	detail(s, r, look);
}
