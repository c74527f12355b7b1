/*
 * Physical memory, compressed to what this process has of it: a cell for one frame, or for as many as must share one where there is little room; a thin line where frames of
 * others lie between. The newest glow; a bar below says that other watched processes have it, too.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frames.h"
#include "layout.h"
#include "words.h"

struct strip {
	struct va_rect r;
	int cell, cols, rows;
	unsigned shift; /* a cell covers 1 << shift frames */
};

/* Cells and gaps needed; stops counting above `most`. */
static size_t needed(const struct va_frames *f, unsigned shift, size_t most)
{
	__u64 last = ~0ull;
	size_t n = 0;

	for (size_t i = 0; i < f->count && n <= most; i++)
		for (__u64 at = f->frame[i].pfn >> shift, end = (f->frame[i].pfn + f->frame[i].frames - 1) >> shift; at <= end && n <= most; at++) {
			if (last != ~0ull && at <= last)
				continue;
			n += last != ~0ull && at > last + 1 ? 2 : 1;
			last = at;
		}
	return n;
}

static struct strip place(struct va_rect r, const struct va_frames *f, const struct va_style *style)
{
	struct strip st = {.r = r, .cell = va_px(style, 8)};
	size_t most;

	st.cols = r.w / st.cell;
	st.rows = r.h / (st.cell + va_px(style, 2));
	most = (size_t)va_max(st.cols, 0) * (size_t)va_max(st.rows, 0);
	while (most && st.shift < 52 && needed(f, st.shift, most) > most)
		st.shift++;
	return st;
}

static struct va_rect cell_at(const struct strip *st, size_t i, const struct va_style *style)
{
	return va_rect(st->r.x + (int)(i % (size_t)st->cols) * st->cell, st->r.y + (int)(i / (size_t)st->cols) * (st->cell + va_px(style, 2)), st->cell - 1, st->cell);
}

struct content { /* of one cell */
	__u64 first;       /* frame */
	__u64 frames;      /* of this process */
	size_t newest;     /* index of the one that came last */
	__u32 others;
	bool chosen;
};

static void tip_of(char *buf, size_t n, const struct content *c, const struct strip *st, const struct va_look *look)
{
	const struct va_frame *newest = &look->frames->frame[c->newest];
	__u64 now = look->play->time > newest->ts ? look->play->time : newest->ts;
	char addr[32], age[32], shared[80] = "";

	if (c->others)
		snprintf(shared, sizeof(shared), "\nshared with %u other watched process%s%s", c->others, c->others == 1 ? "" : "es", look->frames->partial ? " at least" : "");
	va_words_address(addr, sizeof(addr), newest->addr);
	va_words_time(age, sizeof(age), now - newest->ts);
	if (!st->shift)
		snprintf(buf, n, "frame 0x%" PRIx64 ": page 0x%s, known %s ago%s", (uint64_t)newest->pfn, addr, age, shared);
	else
		snprintf(buf, n, "frames 0x%" PRIx64 " to 0x%" PRIx64 ": %" PRIu64 " are this process's\nthe newest: page 0x%s, known %s ago%s", (uint64_t)c->first,
			 (uint64_t)(c->first + (1ull << st->shift) - 1), (uint64_t)c->frames, addr, age, shared);
}

static void draw_cell(struct va_scene *s, struct va_rect at, const struct content *c, const struct strip *st, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	const struct va_frame *newest = &look->frames->frame[c->newest];
	const struct va_vma *vma = va_mm_vma_at(look->mm, newest->addr);
	va_colour colour = !vma ? t->other : vma->anon ? t->resident_anon : t->resident_file;
	float full = (float)c->frames / (float)(1ull << st->shift), fresh = 0;
	char tip[240];

	va_scene_fill(s, at, va_colour_fade(colour, 0.35f + 0.65f * va_clampf(full, 0, 1)));
	if (c->others)
		va_scene_fill(s, va_rect(at.x, at.y + at.h - va_px(style, 3), at.w, va_px(style, 3)), t->cow);
	if (newest->read && newest->ts <= look->play->time && look->play->time - newest->ts < VA_TIME_GLOW)
		fresh = 1 - (float)(look->play->time - newest->ts) / (float)VA_TIME_GLOW;
	if (fresh > 0)
		va_scene_border(s, va_rect_inset(at, -1, -1), 0, va_max(1, va_px(style, 1.5f)), va_colour_fade(t->fresh, fresh));
	if (c->chosen)
		va_scene_border(s, va_rect_inset(at, -2, -2), 0, va_max(2, va_px(style, 2)), t->accent);
	tip_of(tip, sizeof(tip), c, st, look);
	va_scene_hit(s, at, VA_ACT_PAGE, newest->addr, tip);
}

static void gap(struct va_scene *s, struct va_rect at)
{
	va_scene_fill(s, va_rect(at.x + at.w / 2, at.y + at.h / 4, 1, at.h / 2), s->style->theme->dim);
}

static bool is_chosen(const struct va_look *look, const struct va_frame *f)
{
	__u64 page = look->view->page;

	return page && page >= f->addr && page < f->addr + (f->frames << 12);
}

static void cells(struct va_scene *s, const struct strip *st, const struct va_look *look)
{
	const struct va_frames *f = look->frames;
	__u64 last = ~0ull, width = 1ull << st->shift;
	size_t slot = 0, most = (size_t)st->cols * (size_t)st->rows;

	for (size_t i = 0; i < f->count && slot < most;) {
		__u64 from = f->frame[i].pfn >> st->shift, to = (f->frame[i].pfn + f->frame[i].frames - 1) >> st->shift;

		from = last != ~0ull && from <= last ? last + 1 : from;
		if (from > to) {
			i++;
			continue;
		}
		if (last != ~0ull && from > last + 1 && slot < most)
			gap(s, cell_at(st, slot++, look->style));
		for (; from <= to && slot < most; from++) {
			struct content c = {.first = from << st->shift, .newest = i};

			for (size_t k = i; k < f->count && f->frame[k].pfn < (from + 1) << st->shift; k++) {
				c.frames += f->frame[k].frames < width ? f->frame[k].frames : width;
				c.others = f->frame[k].others > c.others ? f->frame[k].others : c.others;
				c.newest = f->frame[k].ts > f->frame[c.newest].ts ? k : c.newest;
				c.chosen |= is_chosen(look, &f->frame[k]);
			}
			draw_cell(s, cell_at(st, slot++, look->style), &c, st, look);
			last = from;
		}
		i++;
	}
}

int va_layout_frames_height(const struct va_style *style, int rows)
{
	return va_role_height(style, VA_TEXT_SMALL) + va_px(style, 4) + rows * (va_px(style, 8) + va_px(style, 2));
}

void va_layout_frames(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_frames *f = look->frames;
	struct va_rect head = va_rect_cut_top(&r, va_role_height(style, VA_TEXT_SMALL));
	char longer[320], shorter[120], count[32], shared[96] = "", each[64];
	struct strip st;

	va_rect_cut_top(&r, va_px(style, 4));
	va_words_count(count, sizeof(count), f->count);
	if (!f->valid || !f->count) {
		va_scene_text(s, head, VA_TEXT_SMALL, VA_LEFT, style->theme->dim, "Physical memory: no frame of this process is known yet.");
		return;
	}
	st = place(r, f, style);
	if (f->shared)
		snprintf(shared, sizeof(shared), ", %zu of them shared with others watched", f->shared);
	snprintf(each, sizeof(each), st.shift ? "; a cell is up to %" PRIu64 " frames" : "; a cell is a frame", (uint64_t)1 << st.shift);
	snprintf(shorter, sizeof(shorter), "Physical memory: %s%s pages of it", f->more ? "the first " : "", count);
	snprintf(longer, sizeof(longer), "%s%s%s", shorter, shared, each);
	va_scene_text_either(s, head, VA_TEXT_SMALL, style->theme->dim, longer, shorter);
	if (st.cols > 0 && st.rows > 0)
		cells(s, &st, look);
}
