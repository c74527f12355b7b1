/* Parts of the timeline: where it is in the whole recording, the curves of RSS and VSS, the moments A and B, bookmarks. */
#include <stdio.h>

#include "layout.h"
#include "words.h"

#define OVERVIEW_BIN 2 /* pixels at scale 1 */

void va_layout_time_overview(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_theme *t = s->style->theme;
	struct va_time_axis all = {va_rect(r.x, r.y + va_px(s->style, 1), r.w, r.h - va_px(s->style, 3)), va_history_kept_from(look->play->history), va_history_end(look->play->history)};
	int step = va_max(va_px(s->style, OVERVIEW_BIN), 1), x0, x1, x;
	double sum[VA_CLASSES], per = (double)(all.to - all.from) / va_max(r.w / step, 1);

	if (all.to <= all.from)
		return;
	va_scene_fill(s, all.r, va_colour_fade(t->ground, 0.6f));
	for (int i = 0; i < r.w / step; i++) {
		double n = 0;

		va_chronicle_sum(look->chronicle, all.from + (__u64)(i * per), all.from + (__u64)((i + 1) * per), sum);
		for (int k = 0; k < VA_CLASSES; k++)
			n += sum[k];
		if (n > 0.5)
			va_scene_fill(s, va_rect(all.r.x + i * step, all.r.y, step, all.r.h), va_colour_fade(t->other, n > 50 ? 0.8f : n > 5 ? 0.55f : 0.3f));
	}
	x0 = (int)va_layout_time_x(&all, look->view->time_from);
	x1 = va_max((int)va_layout_time_x(&all, look->view->time_to), x0 + va_px(s->style, 4));
	x = (int)va_layout_time_x(&all, look->play->time);
	va_scene_fill(s, va_rect(x0, all.r.y, x1 - x0, all.r.h), va_colour_fade(t->accent, 0.2f));
	va_scene_border(s, va_rect(x0, all.r.y, x1 - x0, all.r.h), 0, va_max(1, va_px(s->style, 1)), t->accent);
	va_scene_fill(s, va_rect(x, all.r.y, va_max(1, va_px(s->style, 1)), all.r.h), t->accent);
	va_scene_hit(s, va_rect(r.x - va_px(s->style, 10), r.y, r.w + va_px(s->style, 20), r.h), VA_ACT_TIME_OVERVIEW, 0,
		     "the whole recording, and the stretch the timeline shows: drag it; Shift Home shows all");
}

/* --- RSS and VSS --------------------------------------------------------------------------------------------------------- */

static const struct va_sample *sample_at(const struct va_curve *c, __u64 ts)
{
	size_t n = va_curve_before(c, ts);

	return n ? &c->sample[n - 1] : NULL;
}

static void tell(struct va_scene *s, const struct va_time_axis *a, const struct va_curve *c, const struct va_look *look)
{
	int x = look->view->mouse_x;
	const struct va_sample *at;
	char text[256], rss[32], vss[32], clock[32];
	__u64 ts;

	if (!va_rect_holds(a->r, x, look->view->mouse_y))
		return;
	ts = a->from + (__u64)((double)(a->to - a->from) * (x - a->r.x) / a->r.w);
	at = sample_at(c, ts);
	if (!at)
		return;
	va_words_size(rss, sizeof(rss), at->rss << 12);
	va_words_size(vss, sizeof(vss), at->vss << 12);
	va_words_clock(clock, sizeof(clock), at->ts - va_history_begin(look->play->history));
	snprintf(text, sizeof(text), "RSS %s, VSS %s\n%s %s", rss, vss, at->told ? "told by the kernel at" : "RSS: last told, and what faults brought since, by", clock);
	va_scene_hit(s, a->r, VA_ACT_TIP, 0, text);
}

static int height_of(const struct va_time_axis *a, __u64 pages, __u64 most)
{
	return most ? (int)((double)(a->r.h - 2) * (double)pages / (double)most + 0.5) : 0;
}

/* Each pixel shows the most of its stretch: a short peak is not lost, however far one is away. */
static void curves(struct va_scene *s, const struct va_time_axis *a, const struct va_curve *c)
{
	const struct va_theme *t = s->style->theme;
	int line = va_max(1, va_px(s->style, 1)), bottom = a->r.y + a->r.h, last_vss = -1;
	double per = (double)(a->to - a->from) / va_max(a->r.w, 1);
	size_t from = va_curve_before(c, a->from);

	for (int x = 0; x < a->r.w; x++) {
		size_t to = va_curve_before(c, a->from + (__u64)((x + 1) * per));
		struct va_peak peak = va_curve_peak(c, from ? from - 1 : 0, to);
		int rss = height_of(a, peak.rss, c->most_rss), vss = height_of(a, peak.vss, c->most_vss);
		bool told = to && c->sample[to - 1].told;

		from = to;
		if (!to)
			continue;
		va_scene_fill(s, va_rect(a->r.x + x, bottom - rss, 1, rss), va_colour_fade(t->good, told ? 0.32f : 0.2f));
		va_scene_fill(s, va_rect(a->r.x + x, bottom - rss - line, 1, line), va_colour_fade(t->good, told ? 1 : 0.6f));
		if (last_vss < 0)
			last_vss = vss;
		va_scene_fill(s, va_rect(a->r.x + x, bottom - va_max(vss, last_vss) - line, 1, va_max(vss, last_vss) - va_min(vss, last_vss) + line), va_colour_fade(t->dim, 0.9f));
		last_vss = vss;
	}
}

/* Stands on its own ground: curves run behind it. */
static void label(struct va_scene *s, struct va_rect *at, va_colour colour, const char *text)
{
	int w = va_role_width(s->style, VA_TEXT_SMALL, text), pad = va_px(s->style, 4);

	if (at->w < w + 2 * pad)
		return;
	va_scene_fill(s, va_rect(at->x - pad, at->y, w + 2 * pad, at->h), va_colour_fade(s->style->theme->panel, 0.8f));
	va_scene_text_free(s, *at, VA_TEXT_SMALL, VA_LEFT, colour, text);
	va_rect_cut_left(at, w + 3 * pad);
}

void va_layout_usage(struct va_scene *s, const struct va_time_axis *a, const struct va_look *look)
{
	const struct va_theme *t = s->style->theme;
	const struct va_curve *c = va_usage_find(look->usage, look->view->tgid);
	char rss[32], vss[32], text[96];
	struct va_rect at = va_rect(a->r.x + va_px(s->style, 4), a->r.y, a->r.w, va_role_height(s->style, VA_TEXT_SMALL));

	va_scene_fill(s, a->r, va_colour_fade(t->ground, 0.6f));
	if (!c || !c->most_vss) {
		va_scene_text_free(s, at, VA_TEXT_SMALL, VA_LEFT, t->dim, "the kernel has not told how much memory this process has");
		return;
	}
	curves(s, a, c);
	snprintf(text, sizeof(text), "RSS up to %s", va_words_size(rss, sizeof(rss), c->most_rss << 12));
	label(s, &at, t->good, text);
	snprintf(text, sizeof(text), "VSS up to %s", va_words_size(vss, sizeof(vss), c->most_vss << 12));
	label(s, &at, t->dim, text);
	tell(s, a, c, look);
}

/* --- A, B, bookmarks --------------------------------------------------------------------------------------------------- */

static __u64 end_of(const struct va_look *look)
{
	return look->view->moments.b.set ? look->view->moments.b.ts : look->play->time;
}

void va_layout_moments(struct va_scene *s, const struct va_time_axis *a, struct va_rect r, const struct va_look *look)
{
	const struct va_moments *m = &look->view->moments;
	__u64 from = m->a.ts, to = end_of(look);
	int x0, x1;

	if (!m->a.set)
		return;
	x0 = (int)va_layout_time_x(a, from < to ? from : to);
	x1 = (int)va_layout_time_x(a, from < to ? to : from);
	va_scene_fill(s, va_rect(x0, r.y, x1 - x0, r.h), va_colour_fade(s->style->theme->fresh, 0.12f));
}

static void flag(struct va_scene *s, const struct va_time_axis *a, struct va_rect r, const struct va_moment *m, const char *name, enum va_action_id action)
{
	const struct va_theme *t = s->style->theme;
	int x = (int)va_layout_time_x(a, m->ts), w = va_px(s->style, 16), h = va_role_height(s->style, VA_TEXT_LABEL);
	struct va_rect cloth;

	if (!m->set || m->ts < a->from || m->ts > a->to)
		return;
	/* A's to the right, B's to the left, inside the stretch; at the window's edge where there is room. */
	cloth = va_rect(va_min(va_max(action == VA_ACT_A_GO ? x : x - w, r.x), r.x + r.w - w), r.y + va_px(s->style, 2), w, h);
	va_scene_fill(s, va_rect(x, r.y, va_max(1, va_px(s->style, 2)), r.h), t->fresh);
	va_scene_fill(s, cloth, t->fresh);
	va_scene_text_free(s, cloth, VA_TEXT_LABEL, VA_CENTRE, t->ground, name);
	va_scene_hit(s, cloth, action, 0, action == VA_ACT_A_GO ? "moment A: go there" : "moment B: go there");
}

static void bookmark(struct va_scene *s, const struct va_time_axis *a, struct va_rect r, const struct va_look *look, unsigned i)
{
	const struct va_theme *t = s->style->theme;
	const struct va_moment *m = &look->view->moments.bookmark[i];
	float x = va_layout_time_x(a, m->ts), k = (float)va_px(s->style, 5), y = (float)(r.y + r.h);
	char tip[64], clock[32];

	if (m->ts < a->from || m->ts > a->to)
		return;
	va_scene_fill(s, va_rect((int)x, r.y, va_max(1, va_px(s->style, 1)), r.h), va_colour_fade(t->good, 0.6f));
	va_scene_triangle(s, (struct va_point){x, y - k}, (struct va_point){x - k, y + k}, (struct va_point){x + k, y + k}, t->good);
	snprintf(tip, sizeof(tip), "bookmark %u, %s", i + 1, va_words_clock(clock, sizeof(clock), m->ts - va_history_begin(look->play->history)));
	va_scene_hit(s, va_rect((int)(x - k), (int)(y - k), (int)(2 * k), (int)(2 * k) + 1), VA_ACT_SEEK, m->pos, tip);
}

void va_layout_flags(struct va_scene *s, const struct va_time_axis *a, struct va_rect r, const struct va_look *look)
{
	const struct va_moments *m = &look->view->moments;

	for (unsigned i = 0; i < m->bookmarks; i++)
		bookmark(s, a, r, look, i);
	flag(s, a, r, &m->a, "A", VA_ACT_A_GO);
	flag(s, a, r, &m->b, "B", VA_ACT_B_GO);
}
