/* The walk pane: what the fault was, in words; the address cut into fields; the tables; how many faults were grouped. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "layout.h"
#include "maps.h"
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

static void headline(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	const struct vmatlas_record *rec = &look->walk->rec;
	enum va_fault_kind kind = va_fault_kind(rec, look->header->levels);
	char took[32], clock[32], tid[32] = "";

	badge(s, &r, va_words_kind(kind), va_kind_colour(t, kind));
	if (rec->head.tid != rec->head.tgid)
		snprintf(tid, sizeof(tid), "thread %u, ", rec->head.tid);
	va_words_clock(clock, sizeof(clock), rec->head.ts - va_history_begin(look->play->history));
	va_rect_cut_right(&r, va_scene_printf(s, r, VA_TEXT_SMALL, VA_RIGHT, t->dim, "%sat %s, took %s", tid, clock,
					      va_words_time(took, sizeof(took), rec->head.aux)) + va_px(look->style, 10));
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
static void words(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	const struct vmatlas_record *rec = &look->walk->rec;
	char line[512], name[4200];
	int h = va_role_height(look->style, VA_TEXT_BODY);

	va_scene_text(s, va_rect(r.x, r.y, r.w, h), VA_TEXT_SMALL, VA_LEFT, t->dim, va_words_error(line, sizeof(line), rec));
	va_words_fault(line, sizeof(line), rec, look->header->levels, look->mm, name_of_vma(look, rec->fault.addr, name, sizeof(name)));
	va_scene_wrap(s, va_rect(r.x, r.y + h + 1, r.w, 2 * h), VA_TEXT_BODY, t->text, line);
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

static float address_part(const struct va_look *look)
{
	return look->walk->keep ? 1 : va_ease(va_anim(look->walk->since, VA_TIME_WALK_STEP, look->now));
}

static void fault(struct va_scene *s, struct va_rect in, const struct va_look *look)
{
	const struct va_style *style = look->style;
	int h = va_role_height(style, VA_TEXT_BODY), gap = va_px(style, 6);
	struct va_walk walk;

	va_walk_after(&look->walk->rec.fault, look->header->levels, &walk);
	headline(s, va_rect_cut_top(&in, va_role_height(style, VA_TEXT_STRONG) + va_px(style, 5)), look);
	va_rect_cut_top(&in, gap);
	words(s, va_rect_cut_top(&in, 3 * h + 2), look);
	va_rect_cut_top(&in, gap);
	va_rect_cut_top(&in, va_layout_address(s, in, look, &walk, address_part(look)));
	va_rect_cut_top(&in, gap);
	va_layout_tables(s, in, look, &walk);
}

/* The news get an eighth of the pane, and what the tables leave when they are as tall as they are wide. */
static int news_height(struct va_rect in, const struct va_look *look)
{
	const struct va_style *style = look->style;
	int line = va_role_height(style, VA_TEXT_BODY) + va_px(style, 1), above = va_px(style, 185) + va_layout_card_height(style);
	int grid = in.w / (int)(look->header->levels + 1) * 19 / 10;

	return va_max(in.h - above - grid, va_max(in.h / 8, 3 * line) + va_px(style, 4));
}

void va_layout_walk(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_style *style = look->style;
	struct va_rect in = r, news = va_rect_cut_bottom(&in, news_height(in, look));
	__u32 kind[VA_FAULT_KINDS];

	va_rect_cut_bottom(&in, va_px(style, 4));
	if (look->walk->valid)
		fault(s, in, look);
	else
		no_fault_yet(s, in, look);
	s->busy |= look->walk->pending;
	if (va_walk_show_recent(look->walk, look->now, kind) >= GROUPED) {
		grouped(s, va_rect_cut_top(&news, va_role_height(style, VA_TEXT_BODY) + va_px(style, 6)), look);
		va_rect_cut_top(&news, va_px(style, 4));
	}
	va_layout_news(s, news, look);
}
