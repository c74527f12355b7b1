/*
 * Pages of a box that the camera is close to, each where its address is: a strip a page, with words as soon as they fit; before that, strips of many pages, as
 * long as they are full. What is out of sight costs nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "heat.h"
#include "map_parts.h"
#include "walk.h"
#include "words.h"

#define STRIP 4 /* pixels at scale 1: from here on a page has a strip of its own */

struct strips {
	struct va_rect r;  /* x, w of the strips; y, h of what is visible of the box */
	double bottom, page; /* pixel of the box's lower end; pixels of a page */
	__u64 first, behind; /* pages in sight, counted from the box's start */
	bool heat;
	va_colour there;
	const struct va_row *row;
	const struct va_look *look;
};

const char *va_map_state_title(enum va_page_state state)
{
	static const char *const titles[VA_STATES] = {
		[VA_STATE_UNKNOWN] = "not known", [VA_STATE_ABSENT] = "absent", [VA_STATE_SEEN] = "in RAM", [VA_STATE_DERIVED] = "in RAM, derived",
		[VA_STATE_SWAPPED] = "swapped out", [VA_STATE_OTHER] = "being moved, or closed",
	};

	return titles[state];
}

static __u64 faults_of(__u64 addr, const struct va_look *look)
{
	const struct va_vma *vma = va_mm_vma_at(look->mm, addr);

	return va_heat_count(look->heat, va_mm_id(look->mm), addr, addr + 4096, vma ? vma->born : 0, look->play->pos);
}

/* For a strip. */
static void state_brief(char *buf, size_t n, const struct va_page *page, const struct va_look *look)
{
	__u64 now = look->play->time;
	enum va_page_state state = va_page_state(page);
	char ago[32];

	va_words_time(ago, sizeof(ago), now > page->ts ? now - page->ts : 0);
	if (state == VA_STATE_ABSENT || !page->ts)
		snprintf(buf, n, "%s", va_map_state_title(state));
	else
		snprintf(buf, n, "%s%s %s ago", va_map_state_title(state), state == VA_STATE_DERIVED ? "" : state == VA_STATE_UNKNOWN ? " since" : ", read", ago);
}

/* For a tip. */
static void state_words(char *buf, size_t n, const struct va_page *page, const struct va_look *look)
{
	__u64 now = look->play->time;
	char ago[32];

	va_words_time(ago, sizeof(ago), now > page->ts ? now - page->ts : 0);
	switch (va_page_state(page)) {
	case VA_STATE_SEEN:
		snprintf(buf, n, "in RAM: its entry was read %s ago", ago);
		break;
	case VA_STATE_DERIVED:
		snprintf(buf, n, "in RAM, as follows from an event %s ago; its bits may differ", ago);
		break;
	case VA_STATE_SWAPPED:
		snprintf(buf, n, "swapped out, as read %s ago", ago);
		break;
	case VA_STATE_OTHER:
		snprintf(buf, n, "an entry that is no page, as read %s ago: migration, poison or a marker", ago);
		break;
	case VA_STATE_ABSENT:
		snprintf(buf, n, "absent: the next access faults");
		break;
	default:
		snprintf(buf, n, page->present ? "not known; it was in RAM %s ago, then something may have changed" : "not known: nothing was seen of it yet%.0s", ago);
	}
}

static bool has_bits(const struct va_page *page)
{
	return page->present && page->entry && page->certainty != VA_PAGE_UNKNOWN;
}

static void bit_words(char *buf, size_t n, const struct va_page *page, const struct va_look *look)
{
	*buf = '\0';
	if (has_bits(page))
		snprintf(buf, n, "%s, %s, %s", va_entry_writable(page->entry) ? "writable" : "read-only",
			 va_mm_page_dirty(look->mm, page) ? "dirty" : "clean", va_entry_accessed(page->entry) ? "accessed" : "not accessed");
}

static void frame_words(char *buf, size_t n, __u64 addr, const struct va_page *page)
{
	*buf = '\0';
	if (!has_bits(page))
		return;
	snprintf(buf, n, "frame 0x%" PRIx64 "%s", (uint64_t)va_entry_pfn_at(page->level, page->entry, addr),
		 page->level == 3 ? ", part of a huge page of 2 MiB" : page->level == 2 ? ", part of a huge page of 1 GiB" : "");
}

const char *va_map_page_words(char *buf, size_t n, __u64 addr, const struct va_page *page, const struct va_look *look)
{
	char a[32], state[160], bits[80], frame[100], count[32];
	__u64 faults = faults_of(addr, look);

	state_words(state, sizeof(state), page, look);
	bit_words(bits, sizeof(bits), page, look);
	frame_words(frame, sizeof(frame), addr, page);
	snprintf(buf, n, "Page %s: %s%s%s%s%s\n%s fault%s here. Click: the walk that leads there.", va_words_address(a, sizeof(a), addr), state, *bits ? "\n" : "", bits,
		 *frame ? "; " : "", frame, faults ? va_words_count(count, sizeof(count), faults) : "No", faults == 1 ? "" : "s");
	return buf;
}

struct va_fill va_map_fill(const struct va_mm *mm, __u64 start, __u64 end, bool unsure)
{
	__u64 pages = (end - start) >> 12;
	struct va_fill f = {.there = (float)va_mm_resident(mm, start, end) / (float)pages};
	unsigned n = pages < 8 ? (unsigned)pages : 8, lost = 0;

	for (unsigned k = 0; unsure && k < n; k++) {
		struct va_page page = va_mm_page(mm, start + pages * k / n * 4096);

		f.unknown += va_page_state(&page) == VA_STATE_UNKNOWN ? 1.0f / (float)n : 0;
		lost += page.present && page.certainty == VA_PAGE_UNKNOWN;
	}
	f.there = va_clampf(f.there - (float)lost / (float)n, 0, 1 - f.unknown);
	return f;
}

void va_map_unknown(struct va_scene *s, struct va_rect r)
{
	va_scene_hatch(s, r, VA_HATCH_FALLING, va_px(s->style, 4), va_max(va_px(s->style, 1), 1), va_colour_fade(s->style->theme->uncertain, 0.7f));
}

/* Seen: full. Derived: full, in a weaker colour, with an edge. Swapped out: the edge only. Not known: hatched. Absent: empty. */
void va_map_cell(struct va_scene *s, struct va_rect at, enum va_page_state state, va_colour there)
{
	const struct va_theme *t = s->style->theme;

	switch (state) {
	case VA_STATE_SEEN:
		va_scene_fill(s, at, there);
		return;
	case VA_STATE_DERIVED:
		va_scene_fill(s, at, va_colour_fade(there, 0.62f));
		return;
	case VA_STATE_SWAPPED:
	case VA_STATE_OTHER:
		va_scene_fill(s, at, t->absent);
		va_scene_border(s, at, 0, 1, there);
		return;
	case VA_STATE_UNKNOWN:
		va_scene_fill(s, at, t->absent);
		va_map_unknown(s, at);
		return;
	default:
		va_scene_fill(s, at, t->absent);
	}
}

static int pixel(double y)
{
	return (int)floor(y + 0.5);
}

/* In columns, the first ones also where there is little room. False: the frame had none. */
static bool one_line(struct va_scene *s, struct va_rect r, __u64 addr, const struct va_page *page, const struct strips *st)
{
	const struct va_theme *t = s->style->theme;
	int gap = va_px(s->style, 8), w;
	char text[64];
	bool bits = has_bits(page);

	w = va_role_width(s->style, VA_TEXT_MONO_SMALL, "7fff 0000 0000");
	if (r.w < w)
		return false;
	va_scene_text(s, va_rect_cut_left(&r, w + 1), VA_TEXT_MONO_SMALL, VA_LEFT, t->text, va_words_address(text, sizeof(text), addr));
	va_rect_cut_left(&r, gap);
	w = va_role_width(s->style, VA_TEXT_MONO_SMALL, "WDA");
	if (r.w < w)
		return false;
	snprintf(text, sizeof(text), "%c%c%c", bits && va_entry_writable(page->entry) ? 'W' : '-', bits && va_mm_page_dirty(st->look->mm, page) ? 'D' : '-',
		 bits && va_entry_accessed(page->entry) ? 'A' : '-');
	va_scene_text(s, va_rect_cut_left(&r, w + 1), VA_TEXT_MONO_SMALL, VA_LEFT, bits ? t->text : t->dim, bits ? text : "");
	va_rect_cut_left(&r, gap);
	w = va_role_width(s->style, VA_TEXT_MONO_SMALL, "0x1234567");
	if (r.w < w)
		return false;
	if (bits)
		snprintf(text, sizeof(text), "0x%" PRIx64, (uint64_t)va_entry_pfn_at(page->level, page->entry, addr));
	va_scene_text(s, va_rect_cut_left(&r, w + 1), VA_TEXT_MONO_SMALL, VA_LEFT, t->text, bits ? text : "");
	va_rect_cut_left(&r, gap);
	if (r.w > va_role_width(s->style, VA_TEXT_SMALL, va_map_state_title(VA_STATE_DERIVED)))
		va_scene_text(s, r, VA_TEXT_SMALL, VA_LEFT, t->dim, va_map_state_title(va_page_state(page)));
	return true;
}

static void many_lines(struct va_scene *s, struct va_rect r, __u64 addr, const struct va_page *page, const struct strips *st)
{
	const struct va_theme *t = s->style->theme;
	int h = va_role_height(s->style, VA_TEXT_SMALL) + va_px(s->style, 1), lines = r.h / h, line = 1, used;
	char text[4][200], count[32];
	__u64 faults = faults_of(addr, st->look);

	state_brief(text[0], sizeof(text[0]), page, st->look);
	bit_words(text[1], sizeof(text[1]), page, st->look);
	frame_words(text[2], sizeof(text[2]), addr, page);
	snprintf(text[3], sizeof(text[3]), "%s fault%s here", faults ? va_words_count(count, sizeof(count), faults) : "no", faults == 1 ? "" : "s");
	used = va_min(lines, has_bits(page) ? 4 + (page->level < 4) : 3);
	r.y += (r.h - used * h) / 2;
	if (one_line(s, va_rect(r.x, r.y, r.w, h), addr, page, st) && page->level == 4)
		*text[2] = '\0';
	for (int i = 0; i < 4 && line < used; i++)
		if (*text[i])
			va_scene_text_free(s, va_rect(r.x, r.y + line++ * h, r.w, h), VA_TEXT_SMALL, VA_LEFT, i == 3 ? t->dim : t->text, text[i]);
}

static va_colour colour_there(const struct strips *st, __u64 addr)
{
	return st->heat ? st->look->style->theme->ramp[va_heat_class(faults_of(addr, st->look))] : st->there;
}

/* all: with the gap to its neighbour, which takes clicks too */
static void strip(struct va_scene *s, struct va_rect all, __u64 addr, const struct strips *st)
{
	const struct va_look *look = st->look;
	const struct va_theme *t = s->style->theme;
	struct va_page page = va_mm_page(look->mm, addr);
	int line = va_role_height(s->style, VA_TEXT_MONO_SMALL), bar = va_px(s->style, 4);
	const struct va_walk_show *w = look->walk;
	bool target = w->valid && w->rec.head.mm == va_mm_id(look->mm) && (w->rec.fault.addr & ~0xfffull) == addr;
	float glow = va_page_glow_at(look->page_glow, va_mm_id(look->mm), addr, 4096, look->now);
	struct va_rect at = va_rect(all.x, all.y, all.w, all.h - (all.h > 5 ? 1 : 0)), seen = va_rect_cross(at, st->r), mark = at;
	char tip[600];

	if (at.h >= line) {
		va_scene_fill(s, at, va_colour_fade(t->panel, 0.62f));
		mark.w = va_px(s->style, 13);
	}
	va_map_cell(s, mark, va_page_state(&page), colour_there(st, addr));
	if (has_bits(&page) && va_mm_page_dirty(look->mm, &page))
		va_scene_fill(s, va_rect(mark.x + mark.w - bar, mark.y, bar, mark.h), t->bright);
	if (at.h >= line) {
		struct va_rect words = va_rect(at.x + mark.w + va_px(s->style, 6), seen.y, at.w - mark.w - va_px(s->style, 7), seen.h);

		if (seen.h >= 2 * line && at.h >= 2 * line)
			many_lines(s, words, addr, &page, st);
		else if (seen.h >= line)
			one_line(s, words, addr, &page, st);
	}
	if (glow > 0.02f)
		va_scene_border(s, va_rect_inset(at, -1, -1), 0, va_px(s->style, 2), va_colour_fade(t->fresh, glow));
	if (target || (look->view->page & ~0xfffull) == addr)
		va_scene_border(s, va_rect_inset(at, -1, -1), 0, va_px(s->style, 1.5f), t->accent);
	va_scene_hit(s, va_rect_cross(all, st->r), VA_ACT_PAGE, addr, va_map_page_words(tip, sizeof(tip), addr, &page, look));
}

static void strips(struct va_scene *s, const struct strips *st)
{
	for (__u64 k = st->first; k < st->behind; k++) {
		int y0 = pixel(st->bottom - (double)(k + 1) * st->page), y1 = pixel(st->bottom - (double)k * st->page);

		strip(s, va_rect(st->r.x, y0, st->r.w, y1 - y0), st->row->start + k * 4096, st);
	}
}

/* Strips of as many pages as stand within a few pixels. */
static void bins(struct va_scene *s, const struct strips *st)
{
	const struct va_theme *t = s->style->theme;
	__u64 each = (__u64)ceil((double)va_px(s->style, 3) / st->page), pages = (st->row->end - st->row->start) >> 12;
	bool unsure = va_row_residency(st->look->mm, st->row).unknown;

	va_scene_fill(s, st->r, va_colour_fade(t->panel, 0.62f));
	for (__u64 k = st->first / each * each; k < st->behind; k += each) {
		__u64 n = k + each < pages ? each : pages - k, a = st->row->start + k * 4096, b = a + n * 4096;
		struct va_fill f = va_map_fill(st->look->mm, a, b, unsure);
		int y0 = pixel(st->bottom - (double)(k + n) * st->page), y1 = pixel(st->bottom - (double)k * st->page);
		int w = f.there > 0 ? va_max((int)(f.there * (float)st->r.w + 0.5f), va_px(s->style, 6)) : 0, u = va_min((int)(f.unknown * (float)st->r.w + 0.5f), st->r.w - w);
		float glow = va_page_glow_at(st->look->page_glow, va_mm_id(st->look->mm), a, n * 4096, st->look->now);
		va_colour c = st->there;

		if (st->heat)
			c = t->ramp[va_heat_class(va_heat_count(st->look->heat, va_mm_id(st->look->mm), a, b, st->row->vma.born, st->look->play->pos))];
		y1 -= y1 - y0 > 2;
		va_scene_fill(s, va_rect_cross(va_rect(st->r.x, y0, w, y1 - y0), st->r), c);
		if (u > 0)
			va_map_unknown(s, va_rect_cross(va_rect(st->r.x + st->r.w - u, y0, u, y1 - y0), st->r));
		if (glow > 0.02f)
			va_scene_border(s, va_rect_cross(va_rect(st->r.x - 1, y0 - 1, st->r.w + 2, y1 - y0 + 2), st->r), 0, 1, va_colour_fade(t->fresh, glow));
	}
}

bool va_map_pages(struct va_scene *s, const struct va_map_columns *c, const struct va_span *span, const struct va_row *row, const struct va_look *look,
		  struct va_rect *text)
{
	__u64 pages = (row->end - row->start) >> 12;
	struct strips st = {.bottom = span->y1, .page = (span->y1 - span->y0) / (double)pages, .row = row, .look = look,
			    .heat = look->view->map.by == VA_BY_HEAT, .there = va_paint_of(row, look).there};
	struct va_rect seen = va_rect_cross(va_map_rect(c, span), c->rows);
	bool large = st.page >= va_px(look->style, STRIP);
	double low = (st.bottom - (seen.y + seen.h)) / st.page, high = (st.bottom - seen.y) / st.page;

	if (!va_map_zoomed(look->view) || va_rect_empty(seen) || (!large && span->y1 - span->y0 < c->rows.h * 0.75))
		return false;
	st.first = low > 0 ? (__u64)low : 0;
	st.behind = high < (double)pages ? (__u64)ceil(high) : pages;
	st.r = va_rect_inset(va_rect_cut_right(text, c->box_w * (large ? 68 : 34) / 100), va_px(look->style, large ? 3 : 5), 0);
	st.r.y = seen.y;
	st.r.h = seen.h;
	if (va_rect_empty(st.r))
		return true;
	if (large)
		strips(s, &st);
	else
		bins(s, &st);
	return true;
}
