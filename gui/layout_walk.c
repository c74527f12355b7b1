/* The walk pane: what the fault was, in words; the address cut into fields; the tables; how many faults were grouped. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "anim.h"
#include "layout.h"
#include "maps.h"
#include "told.h"
#include "words.h"

static void badge(struct va_scene *s, struct va_rect *r, const char *text, va_colour colour)
{
	const struct va_style *style = s->style;
	int pad = va_px(style, 7), w = va_role_width(style, VA_TEXT_STRONG, text) + 2 * pad;
	struct va_rect at = va_rect_cut_left(r, w);

	va_scene_round(s, at, va_px(style, 4), va_colour_fade(colour, 0.28f));
	va_scene_border(s, at, va_px(style, 4), 1, colour);
	va_scene_text(s, va_rect_inset(at, pad, 0), VA_TEXT_STRONG, VA_LEFT, style->theme->text, text);
	va_rect_cut_left(r, va_px(style, 8));
}

static void headline(struct va_scene *s, struct va_rect r, const struct va_look *look, const struct va_told *told)
{
	const struct va_theme *t = look->style->theme;
	const struct vmatlas_record *rec = told->rec;
	char took[32], clock[32], tid[32] = "", longer[128], shorter[64];
	int room;

	badge(s, &r, va_words_kind(told->kind), va_kind_colour(t, told->kind));
	if (rec->head.tid != rec->head.tgid)
		snprintf(tid, sizeof(tid), "thread %u, ", rec->head.tid);
	va_words_clock(clock, sizeof(clock), rec->head.ts - va_history_begin(look->play->history));
	va_words_time(took, sizeof(took), rec->head.aux);
	snprintf(longer, sizeof(longer), "%sat %s, took %s", tid, clock, took);
	snprintf(shorter, sizeof(shorter), "at %s", clock);
	room = r.w - va_role_width(look->style, VA_TEXT_STRONG, "Last page fault") - va_px(look->style, 10);
	va_rect_cut_right(&r, va_scene_text(s, r, VA_TEXT_SMALL, VA_RIGHT, t->dim, va_role_width(look->style, VA_TEXT_SMALL, longer) <= room ? longer : shorter) +
			  va_px(look->style, 10));
	if (look->news->count && look->news->item[0].rec.head.ts > rec->head.ts)
		va_scene_text(s, r, VA_TEXT_STRONG, VA_LEFT, t->dim, "Last page fault");
	else
		va_scene_text(s, r, VA_TEXT_STRONG, VA_LEFT, t->text, "Page fault");
}

static const char *name_of_vma(const struct va_look *look, __u64 addr, char *buf, size_t n)
{
	const struct va_vma *vma = look->mm ? va_mm_vma_at(look->mm, addr) : NULL;

	return vma ? va_vma_name(look->mm, vma, look->texts, look->header->rules, buf, n) : "";
}

/* First what the processor said, then what the kernel did. */
static void words(struct va_scene *s, struct va_rect r, const struct va_look *look, const struct va_told *told)
{
	const struct va_theme *t = look->style->theme;
	char line[512], name[4200];
	int h = va_role_height(look->style, VA_TEXT_BODY);

	va_scene_text(s, va_rect(r.x, r.y, r.w, h), VA_TEXT_SMALL, VA_LEFT, t->dim, va_words_error(line, sizeof(line), told->rec));
	va_words_fault(line, sizeof(line), told->rec, look->header->levels, look->mm, name_of_vma(look, told->addr, name, sizeof(name)));
	va_scene_wrap(s, va_rect(r.x, r.y + h + 1, r.w, r.h - h - 1), VA_TEXT_BODY, t->text, line);
}

/* --- the walk to a page as last known --------------------------------------------------------------------------------- */

static void button(struct va_scene *s, struct va_rect *r, const char *text, enum va_action_id action, const char *tip)
{
	const struct va_style *style = s->style;
	int pad = va_px(style, 8);
	struct va_rect at = va_rect_cut_right(r, va_role_width(style, VA_TEXT_LABEL, text) + 2 * pad);

	va_scene_round(s, at, va_px(style, 4), style->theme->raised);
	va_scene_border(s, at, va_px(style, 4), 1, style->theme->line);
	va_scene_text(s, va_rect_inset(at, pad, 0), VA_TEXT_LABEL, VA_LEFT, style->theme->text, text);
	va_scene_hit(s, at, action, 0, tip);
	va_rect_cut_right(r, va_px(style, 8));
}

static void page_headline(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;

	button(s, &r, "back to faults", VA_ACT_FAULTS, "Esc");
	badge(s, &r, "page", t->other);
	va_scene_text_either(s, r, VA_TEXT_STRONG, t->text, "The walk to this page, as last known", "As last known");
}

/* How old it is by the clock of the picture. */
static void page_age(char *buf, size_t n, const struct va_look *look, const struct va_told *told)
{
	const struct va_page *page = &told->known.page;
	__u64 now = look->play->time > page->ts ? look->play->time : page->ts;
	char age[32];

	va_words_time(age, sizeof(age), now - page->ts);
	if (page->certainty == VA_PAGE_UNKNOWN)
		snprintf(buf, n, page->ts ? "not known any more: records were lost, or something may have changed it; last word %s ago" : "not known: no record has told of this page", age);
	else if (page->certainty == VA_PAGE_DERIVED)
		snprintf(buf, n, "follows from an event %s ago (fault-around, fork, a split): its entry was not read since", age);
	else if (page->certainty == VA_PAGE_ABSENT)
		snprintf(buf, n, page->ts ? "known to be absent since %s" : "known to be absent: nothing was mapped here since it was looked at", age);
	else
		snprintf(buf, n, "read by the kernel module %s ago", age);
}

static void page_words(struct va_scene *s, struct va_rect r, const struct va_look *look, const struct va_told *told)
{
	const struct va_theme *t = look->style->theme;
	const struct va_step *last = &told->walk.step[told->walk.steps - 1];
	int h = va_role_height(look->style, VA_TEXT_BODY);
	char line[512], name[4200];
	const char *of = name_of_vma(look, told->addr, name, sizeof(name));

	page_age(line, sizeof(line), look, told);
	va_scene_text(s, va_rect(r.x, r.y, r.w, h), VA_TEXT_SMALL, VA_LEFT, t->dim, line);
	if (!va_mm_vma_at(look->mm, told->addr)) {
		snprintf(line, sizeof(line), "No mapping holds this address: an access ends with SIGSEGV.");
	} else {
		int n = snprintf(line, sizeof(line), "A page of %s. ", *of ? va_words_basename(of) : "anonymous memory");

		if (last->entry)
			va_entry_words(line + n, sizeof(line) - (size_t)n, last->level, last->entry, &told->rules);
		else
			snprintf(line + n, sizeof(line) - (size_t)n, "%s",
				 told->walk.complete ? "It is there; in which frame is not known."
				 : told->known.slot[told->walk.steps - 1].kind == VA_SLOT_EMPTY ? "Nothing is entered for it."
				 : "Whether it is there is not known.");
	}
	va_scene_wrap(s, va_rect(r.x, r.y + h + 1, r.w, r.h - h - 1), VA_TEXT_BODY, t->text, line);
}

#define GROUPED 4 /* faults a second from which on it is said that not each can be shown */

/* "+1,234 faults in this second: 1,200 demand-zero, 34 file page" */
static void grouped_line(char *buf, size_t n, const __u32 kind[VA_FAULT_KINDS], __u32 sum)
{
	char count[32];
	size_t at = (size_t)snprintf(buf, n, "+%s faults in this second: ", va_words_count(count, sizeof(count), sum - 1));
	bool first = true;

	for (int k = 0; k < VA_FAULT_KINDS && at < n; k++)
		if (kind[k]) {
			at += (size_t)snprintf(buf + at, n - at, "%s%s %s", first ? "" : ", ", va_words_count(count, sizeof(count), kind[k]),
					       va_words_kind((enum va_fault_kind)k));
			first = false;
		}
}

static void grouped(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_style *style = look->style;
	__u32 kind[VA_FAULT_KINDS], sum = va_walk_show_recent(look->walk, look->now, kind);
	enum va_fault_kind shown;
	char line[256];

	shown = va_fault_kind(&look->walk->rec, look->header->levels);
	if (look->walk->valid && kind[shown])
		kind[shown]--; /* the one that is shown */
	va_scene_round(s, r, va_px(style, 4), style->theme->raised);
	r = va_rect_inset(r, va_px(style, 8), 0);
	if (!look->view->still)
		va_rect_cut_right(&r, va_scene_text(s, r, VA_TEXT_SMALL, VA_RIGHT, style->theme->dim, "E: one by one   −: slower") + va_px(style, 12));
	grouped_line(line, sizeof(line), kind, sum);
	va_scene_text(s, r, VA_TEXT_STRONG, VA_LEFT, style->theme->text, line);
	s->busy = true;
}

static void no_fault_yet(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	int h = va_role_height(look->style, VA_TEXT_BODY);

	va_scene_text(s, va_rect(r.x, r.y + r.h / 2 - 2 * h, r.w, h), VA_TEXT_TITLE, VA_CENTRE, t->text, "No page fault of this process yet");
	va_scene_text(s, va_rect(r.x, r.y + r.h / 2, r.w, h), VA_TEXT_BODY, VA_CENTRE, t->dim,
		      "When the processor misses a page, its walk through the page tables appears here.");
}

static float address_part(const struct va_look *look, const struct va_told *told)
{
	return !told->rec || look->walk->keep ? 1 : va_ease(va_anim(look->walk->since, VA_TIME_WALK_STEP, look->now));
}

/* The step whose entry is enlarged; -1 = none. */
static int enlarged(const struct va_look *look, const struct va_told *told)
{
	int step = va_min((int)look->view->tables.entry, (int)told->walk.steps) - 1;

	return step >= 0 && va_told_part(told, look, step) >= 1 ? step : -1;
}

/* The same words stand in a place of their own, longer. */
static bool is_explained(const struct va_look *look, const struct va_told *told)
{
	return told->rec && look->view->notice_view.explain;
}

static void heading(struct va_scene *s, struct va_rect *in, const struct va_look *look, const struct va_told *told)
{
	const struct va_style *style = look->style;
	int h = va_role_height(style, VA_TEXT_BODY), gap = va_px(style, 6);
	struct va_rect head = va_rect_cut_top(in, va_role_height(style, VA_TEXT_STRONG) + va_px(style, 5)), text;

	va_rect_cut_top(in, gap);
	text = va_rect_cut_top(in, is_explained(look, told) ? 0 : 3 * h + 2);
	if (told->rec) {
		headline(s, head, look, told);
		if (!is_explained(look, told))
			words(s, text, look, told);
	} else {
		page_headline(s, head, look);
		page_words(s, text, look, told);
	}
	va_rect_cut_top(in, gap);
	va_rect_cut_top(in, va_layout_address(s, *in, look, told, address_part(look, told)));
	va_rect_cut_top(in, gap);
}

static bool frames_fit(struct va_rect in, const struct va_style *style)
{
	return in.h >= va_px(style, 520);
}

/* What is below the tables gets what they leave when they are as tall as they are wide, and room for three lines at least. */
static int below_height(struct va_rect in, const struct va_look *look)
{
	const struct va_style *style = look->style;
	int line = va_role_height(style, VA_TEXT_BODY) + va_px(style, 1), above = va_px(style, 185) + va_layout_card_height(style);
	int grid = in.w / (int)(look->header->levels + 1) * 19 / 10;

	if (look->view->notice_view.explain && in.h < va_px(style, 480)) /* the newest event is told already */
		return line + va_px(style, 6);
	return va_max(in.h - above - grid, va_max(in.h / 8, 3 * line) + va_px(style, 4) + (frames_fit(in, style) ? va_layout_frames_height(style, 3) : 0));
}

/* The steps in one line, where the cards are not shown: a click enlarges another one. */
static void chain(struct va_scene *s, struct va_rect r, const struct va_look *look, const struct va_told *told, int chosen)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	int pad = va_px(style, 5), w;
	char text[48];

	for (int i = 0; i < (int)told->walk.steps; i++) {
		const struct va_step *step = &told->walk.step[i];
		struct va_rect at;

		snprintf(text, sizeof(text), "%s %u", va_level_name(step->level), step->index);
		w = va_role_width(style, VA_TEXT_LABEL, text);
		at = va_rect_cut_left(&r, w + 2 * pad);
		if (i == chosen)
			va_scene_round(s, at, va_px(style, 4), va_colour_fade(t->field[step->level], 0.3f));
		va_scene_text(s, va_rect_inset(at, pad, 0), VA_TEXT_LABEL, VA_LEFT, i == chosen ? t->text : t->field[step->level], text);
		va_scene_hit(s, at, VA_ACT_ENTRY, (uint64_t)(i == chosen ? 0 : i + 1), "enlarge this entry");
		va_scene_text(s, va_rect_cut_left(&r, va_px(style, 14)), VA_TEXT_LABEL, VA_CENTRE, t->dim, "→");
	}
	snprintf(text, sizeof(text), "frame 0x%" PRIx64, (uint64_t)told->walk.pfn);
	va_scene_text(s, r, VA_TEXT_LABEL, VA_LEFT, t->dim, told->walk.complete ? told->walk.pfn ? text : "frame not known" : "no page");
}

static void enlarged_entry(struct va_scene *s, struct va_rect in, const struct va_look *look, const struct va_told *told, int step)
{
	const struct va_style *style = look->style;
	int least = va_px(style, 190), line = va_role_height(style, VA_TEXT_LABEL) + va_px(style, 6), want;

	heading(s, &in, look, told);
	want = va_layout_entry_height(style, in.w) + line + va_px(style, 10);
	if (in.h - want >= least) {
		struct va_rect tables = va_rect_cut_top(&in, in.h - want);

		va_layout_tables(s, tables, look, told, false);
	}
	va_rect_cut_top(&in, va_px(style, 4));
	chain(s, va_rect_cut_top(&in, line), look, told, step);
	va_scene_fill(s, va_rect(in.x, in.y + va_px(style, 2), in.w, 1), style->theme->line);
	va_rect_cut_top(&in, va_px(style, 6));
	va_layout_entry(s, in, look, told->walk.step[step].level, told->addr, told->walk.step[step].entry);
}

void va_layout_walk(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_style *style = look->style;
	struct va_rect in = r, below;
	__u32 kind[VA_FAULT_KINDS];
	struct va_told told;
	bool any = va_told(&told, look);

	s->busy |= look->walk->pending;
	if (any && enlarged(look, &told) >= 0) {
		enlarged_entry(s, in, look, &told, enlarged(look, &told));
		return;
	}
	below = va_rect_cut_bottom(&in, below_height(in, look));
	va_rect_cut_bottom(&in, va_px(style, 4));
	if (any) {
		heading(s, &in, look, &told);
		va_layout_tables(s, in, look, &told, true);
	} else {
		no_fault_yet(s, in, look);
	}
	if (va_walk_show_recent(look->walk, look->now, kind) >= GROUPED) {
		grouped(s, va_rect_cut_top(&below, va_role_height(style, VA_TEXT_BODY) + va_px(style, 6)), look);
		va_rect_cut_top(&below, va_px(style, 4));
	}
	if (below.h < 2 * va_role_height(style, VA_TEXT_BODY))
		return;
	/* Where only one of the two has room, a chosen page is about its frame, a fault about what came before. */
	if (frames_fit(r, style)) {
		va_layout_frames(s, va_rect_cut_top(&below, va_layout_frames_height(style, va_max(va_min((below.h - va_px(style, 70)) / 2 / va_px(style, 10), 8), 3))), look);
		va_rect_cut_top(&below, va_px(style, 4));
	} else if (look->view->page) {
		va_layout_frames(s, below, look);
		return;
	}
	va_layout_news(s, below, look);
}
