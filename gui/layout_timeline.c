/* The timeline (with layout_moments.c): how much happened when and of which kind, marks as captions, losses hatched; the controls of playback above it. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "input.h"
#include "layout.h"
#include "words.h"

struct va_time_axis va_layout_time_axis(struct va_rect r, const struct va_look *look)
{
	struct va_time_axis a = {r, look->view->time_from, look->view->time_to};

	if (!a.to) {
		a.from = va_history_kept_from(look->play->history);
		a.to = va_history_end(look->play->history);
	}
	if (a.to <= a.from)
		a.to = a.from + VA_SEC;
	return a;
}

float va_layout_time_x(const struct va_time_axis *a, __u64 ts)
{
	double t = ts > a->from ? (double)(ts - a->from) / (double)(a->to - a->from) : 0;

	return (float)a->r.x + (float)(t > 1 ? 1 : t) * (float)a->r.w;
}

enum icon { ICON_PLAY, ICON_PAUSE, ICON_STEP, ICON_BACK, ICON_NEXT_MARK, ICON_PREV_MARK, ICON_CALL, ICON_CALL_BACK };

static void arrow_icon(struct va_scene *s, float x, float y, float k, int dir, va_colour c)
{
	va_scene_triangle(s, (struct va_point){x + (float)dir * k, y}, (struct va_point){x - (float)dir * k * 0.6f, y - k},
			  (struct va_point){x - (float)dir * k * 0.6f, y + k}, c);
}

static void draw_icon(struct va_scene *s, struct va_rect r, enum icon icon, va_colour c)
{
	float x = (float)r.x + (float)r.w / 2, y = (float)r.y + (float)r.h / 2, k = (float)va_px(s->style, 5);
	int bar = va_px(s->style, 2), ix = (int)x, iy = (int)y, ik = (int)k;

	switch (icon) {
	case ICON_PLAY:
		arrow_icon(s, x, y, k, 1, c);
		break;
	case ICON_PAUSE:
		va_scene_fill(s, va_rect(ix - ik + 1, iy - ik, bar + 1, 2 * ik), c);
		va_scene_fill(s, va_rect(ix + ik - bar - 2, iy - ik, bar + 1, 2 * ik), c);
		break;
	case ICON_STEP:
		arrow_icon(s, x - 1, y, k, 1, c);
		va_scene_fill(s, va_rect(ix + ik, iy - ik, bar, 2 * ik), c);
		break;
	case ICON_BACK:
		arrow_icon(s, x + 1, y, k, -1, c);
		va_scene_fill(s, va_rect(ix - ik - bar, iy - ik, bar, 2 * ik), c);
		break;
	case ICON_CALL: /* the square is the sign of calls in the list of events, too */
		arrow_icon(s, x - k * 0.8f, y, k, 1, c);
		va_scene_fill(s, va_rect(ix + ik / 3, iy - ik / 2, ik, ik), c);
		break;
	case ICON_CALL_BACK:
		arrow_icon(s, x + k * 0.8f, y, k, -1, c);
		va_scene_fill(s, va_rect(ix - ik / 3 - ik, iy - ik / 2, ik, ik), c);
		break;
	case ICON_NEXT_MARK:
		arrow_icon(s, x - k * 0.7f, y, k, 1, c);
		arrow_icon(s, x + k * 0.7f, y, k, 1, c);
		break;
	case ICON_PREV_MARK:
		arrow_icon(s, x - k * 0.7f, y, k, -1, c);
		arrow_icon(s, x + k * 0.7f, y, k, -1, c);
		break;
	}
}

static void icon_button(struct va_scene *s, struct va_rect *r, enum icon icon, enum va_action_id action, const char *tip)
{
	const struct va_theme *t = s->style->theme;
	struct va_rect at = va_rect_cut_left(r, va_px(s->style, 28));

	va_scene_round(s, at, va_px(s->style, 4), t->raised);
	draw_icon(s, at, icon, t->text);
	va_scene_hit(s, at, action, 0, tip);
	va_rect_cut_left(r, va_px(s->style, 4));
}

void va_layout_button(struct va_scene *s, struct va_rect *r, const char *text, bool on, enum va_action_id action, uint64_t arg, const char *tip)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	int pad = va_px(style, 8), w = va_role_width(style, VA_TEXT_SMALL, text) + 2 * pad;
	struct va_rect at;

	if (r->w < w)
		return;
	at = va_rect_cut_left(r, w);
	va_scene_round(s, at, va_px(style, 4), on ? va_colour_mix(t->raised, t->accent, 0.25f) : t->raised);
	if (on)
		va_scene_border(s, at, va_px(style, 4), va_max(1, va_px(style, 1)), t->dim);
	va_scene_text(s, va_rect_inset(at, pad, 0), VA_TEXT_SMALL, VA_LEFT, on ? t->bright : t->text, text);
	if (action)
		va_scene_hit(s, at, action, arg, tip);
	va_rect_cut_left(r, va_px(style, 4));
}

static void text_button(struct va_scene *s, struct va_rect *r, const char *text, bool on, enum va_action_id action, const char *tip)
{
	va_layout_button(s, r, text, on, action, 0, tip);
}

static int legend_width(const struct va_style *style, int c)
{
	return c == VA_CLASS_OTHER ? 0 : va_role_width(style, VA_TEXT_SMALL, va_class_name((enum va_class)c)) + va_px(style, 24);
}

/* Those at the right go first where there is no room for all. */
static void legend(struct va_scene *s, struct va_rect r)
{
	const struct va_style *style = s->style;
	int room = r.w, last = 0, k = va_px(style, 8);

	while (last < VA_CLASSES && legend_width(style, last) <= room)
		room -= legend_width(style, last++);
	for (int c = last - 1; c >= 0; c--) {
		const char *name = va_class_name((enum va_class)c);
		struct va_rect at;

		if (c == VA_CLASS_OTHER)
			continue;
		at = va_rect_cut_right(&r, legend_width(style, c));
		va_scene_fill(s, va_rect(at.x, at.y + (at.h - k) / 2, c == VA_CLASS_OP ? va_px(style, 2) : k, k), va_class_colour(style->theme, (enum va_class)c));
		va_scene_text(s, va_rect(at.x + k + va_px(style, 4), at.y, at.w, at.h), VA_TEXT_SMALL, VA_LEFT, style->theme->dim, name);
	}
}

static bool bookmarked(const struct va_look *look)
{
	const struct va_moments *m = &look->view->moments;

	for (unsigned i = 0; i < m->bookmarks; i++)
		if (m->bookmark[i].pos == look->play->pos)
			return true;
	return false;
}

static void controls(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	const struct va_playback *p = look->play;
	char text[64], a[32], b[32];

	icon_button(s, &r, ICON_PREV_MARK, VA_ACT_MARK_PREV, "previous mark  [");
	icon_button(s, &r, ICON_CALL_BACK, VA_ACT_STEP_CALL_BACK, "to the system call before  Shift ,");
	icon_button(s, &r, ICON_BACK, VA_ACT_STEP_BACK, "one event back  ,");
	icon_button(s, &r, p->mode == VA_PLAY_PAUSED ? ICON_PLAY : ICON_PAUSE, VA_ACT_PAUSE, "pause, go on  Space");
	icon_button(s, &r, ICON_STEP, VA_ACT_STEP, "one event forward  .");
	icon_button(s, &r, ICON_CALL, VA_ACT_STEP_CALL, "to the next system call  Shift .");
	icon_button(s, &r, ICON_NEXT_MARK, VA_ACT_MARK_NEXT, "next mark  ]");
	va_rect_cut_left(&r, va_px(look->style, 6));
	text_button(s, &r, "−", false, VA_ACT_SLOWER, "slower  −");
	snprintf(text, sizeof(text), "speed %s", va_playback_speed_name(p));
	text_button(s, &r, text, p->mode == VA_PLAY_RUNNING, VA_ACT_NONE, isinf(va_playback_factor(p)) ? "as fast as possible" : "recorded time against the clock on the wall");
	text_button(s, &r, "+", false, VA_ACT_FASTER, "faster  +");
	text_button(s, &r, "event by event", p->mode == VA_PLAY_EACH, VA_ACT_EACH, "each event gets the time the eye needs  E");
	if (p->growing)
		text_button(s, &r, "live", p->mode == VA_PLAY_LIVE, VA_ACT_LIVE, "stay at the newest event  L");
	text_button(s, &r, "A", look->view->moments.a.set, VA_ACT_A_HERE, "moment A is here: what differs from then on is in the tab A/B  Shift A");
	text_button(s, &r, "B", look->view->moments.b.set, VA_ACT_B_HERE, "moment B is here  Shift B");
	text_button(s, &r, "bookmark", bookmarked(look), VA_ACT_BOOKMARK, "a bookmark at this moment, or away with it  B;  Ctrl B goes to the next");
	if (!look->view->still)
		text_button(s, &r, "?", look->view->help, VA_ACT_HELP, "keys and mouse  ?");
	va_rect_cut_left(&r, va_px(look->style, 10));
	va_words_clock(a, sizeof(a), p->time - va_history_begin(p->history));
	va_words_clock(b, sizeof(b), va_history_end(p->history) - va_history_begin(p->history));
	va_rect_cut_left(&r, va_scene_printf(s, r, VA_TEXT_MONO_STRONG, VA_LEFT, t->text, "%s", a) + va_px(look->style, 6));
	va_rect_cut_left(&r, va_scene_printf(s, r, VA_TEXT_SMALL, VA_LEFT, t->dim, "of %s, event %zu of %zu", b, p->pos, va_history_count(p->history)) +
				     va_px(look->style, 12));
	if (va_history_first(p->history)) {
		va_words_clock(a, sizeof(a), va_history_kept_from(p->history) - va_history_begin(p->history));
		va_rect_cut_left(&r, va_scene_printf(s, r, VA_TEXT_SMALL, VA_LEFT, t->warn, "kept from %s on", a) + va_px(look->style, 12));
	}
	legend(s, r);
}

#define BIN 3          /* pixels a bar at scale 1 */
#define BINS 2048
#define COUNTED 20000  /* so many records are counted one by one where the chronicle's buckets are wider than a bar */

/* Closer than the chronicle knows: from the records themselves, where they are not too many. */
static bool count_records(double bin[BINS][VA_CLASSES], int n, const struct va_time_axis *a, const struct va_look *look)
{
	struct va_history *h = look->play->history;
	size_t from, to;

	if ((double)(a->to - a->from) / n >= (double)look->chronicle->width)
		return false;
	from = va_history_find_time(h, a->from);
	to = va_history_find_time(h, a->to);
	if (to - from > COUNTED)
		return false;
	for (; from < to; from++) {
		const struct vmatlas_record *rec = va_history_record(h, from, NULL);
		int class = va_class_of_record(rec, look->header->levels);
		double at = rec->head.ts > a->from ? (double)(rec->head.ts - a->from) / (double)(a->to - a->from) : 0;

		if (class >= 0)
			bin[va_min((int)(at * n), n - 1)][class]++;
	}
	return true;
}

static void density(struct va_scene *s, const struct va_time_axis *a, const struct va_look *look)
{
	int step = va_max(va_px(look->style, BIN), 2), n = va_min(a->r.w / step, BINS);
	double bin[BINS][VA_CLASSES] = {0}, all[BINS] = {0}, most = 1, per_bin = (double)(a->to - a->from) / va_max(n, 1);

	if (!count_records(bin, n, a, look))
		for (int i = 0; i < n; i++)
			va_chronicle_sum(look->chronicle, a->from + (__u64)(i * per_bin), a->from + (__u64)((i + 1) * per_bin), bin[i]);
	for (int i = 0; i < n; i++) {
		for (int k = 0; k < VA_CLASSES; k++)
			all[i] += bin[i][k];
		most = fmax(most, all[i]);
	}
	for (int i = 0; i < n; i++) {
		int y = a->r.y + a->r.h;
		double h = fmax((double)a->r.h * log1p(all[i]) / log1p(most), 2); /* log: single events stay visible beside storms */

		for (int k = 0; k < VA_CLASSES && all[i] >= 1e-6; k++) {
			int part = (int)lround(h * bin[i][k] / all[i]);

			y -= part;
			va_scene_fill(s, va_rect(a->r.x + i * step, y, step - 1, part), va_class_colour(s->style->theme, (enum va_class)k));
		}
	}
}

static void losses(struct va_scene *s, const struct va_time_axis *a, const struct va_look *look)
{
	for (size_t i = 0; i < look->chronicle->gap_count; i++) {
		const struct va_gap *g = &look->chronicle->gaps[i];
		int x0 = (int)va_layout_time_x(a, g->from), x1 = va_max((int)va_layout_time_x(a, g->to), x0 + 3);
		char tip[96], count[32];

		if (g->to < a->from || g->from > a->to)
			continue;
		va_scene_hatch(s, va_rect(x0, a->r.y, x1 - x0, a->r.h), VA_HATCH_RISING, 6, 2, s->style->theme->warn);
		snprintf(tip, sizeof(tip), "%s records were lost here", va_words_count(count, sizeof(count), g->count));
		va_scene_hit(s, va_rect(x0, a->r.y, x1 - x0, a->r.h), VA_ACT_TIMELINE, 0, tip);
	}
}

/* Each mark has its number; its words where there is room up to the next one. */
static void mark_label(struct va_scene *s, struct va_rect at, size_t i, const char *text, bool current)
{
	const struct va_theme *t = s->style->theme;
	char number[24];
	int used;

	snprintf(number, sizeof(number), "%zu", i + 1);
	used = va_scene_text_free(s, at, VA_TEXT_LABEL, VA_LEFT, current ? t->fresh : t->dim, number);
	va_rect_cut_left(&at, used + va_px(s->style, 5));
	if (used && at.w > va_px(s->style, 62))
		va_scene_text_free(s, at, VA_TEXT_SMALL, VA_LEFT, current ? t->text : t->dim, text);
}

static void marks(struct va_scene *s, const struct va_time_axis *a, struct va_rect lane, const struct va_look *look)
{
	const struct va_chronicle *c = look->chronicle;
	const struct va_mark *newest = va_chronicle_mark(c, look->play->time);
	int gap = va_px(s->style, 4);

	for (size_t i = 0; i < c->mark_count; i++) {
		const struct va_mark *m = &c->marks[i];
		const char *text = va_texts_get(look->texts, m->text);
		int x = (int)va_layout_time_x(a, m->ts), end = i + 1 < c->mark_count ? va_min((int)va_layout_time_x(a, c->marks[i + 1].ts), lane.x + lane.w) : lane.x + lane.w;

		if (m->ts < a->from || m->ts > a->to)
			continue;
		va_scene_fill(s, va_rect(x, lane.y + 2, va_max(1, va_px(s->style, 1)), a->r.y + a->r.h - lane.y - 2),
			      va_colour_fade(s->style->theme->fresh, m == newest ? 1 : 0.5f));
		mark_label(s, va_rect(x + gap, lane.y, end - x - gap, lane.h), c->marks_gone + i, text ? text : "?", m == newest);
		va_scene_hit(s, va_rect(x - gap, lane.y, va_max(va_min(end - x, va_px(s->style, 150)), 2 * gap), lane.h), VA_ACT_SEEK, m->pos, text);
	}
}

/* 1, 2 or 5 times a power of ten ns, so that ticks are about `room` pixels apart */
static __u64 tick_step(const struct va_time_axis *a, int room)
{
	double want = (double)(a->to - a->from) * room / va_max(a->r.w, 1), unit = pow(10, floor(log10(fmax(want, 1))));

	return (__u64)(unit * (want / unit > 5 ? 10 : want / unit > 2 ? 5 : want / unit > 1 ? 2 : 1));
}

static void ticks(struct va_scene *s, const struct va_time_axis *a, struct va_rect lane, const struct va_look *look)
{
	__u64 begin = va_history_begin(look->play->history), step = tick_step(a, va_px(s->style, 110)), at;
	char text[32];

	if (!step)
		return;
	at = ((a->from - begin + step - 1) / step) * step + begin;
	for (; at <= a->to; at += step) {
		int x = (int)va_layout_time_x(a, at);

		va_scene_fill(s, va_rect(x, lane.y, 1, va_px(s->style, 4)), s->style->theme->dim);
		if (at == begin)
			snprintf(text, sizeof(text), "0");
		else
			va_words_time(text, sizeof(text), at - begin);
		x += va_px(s->style, 4);
		if (x + va_role_width(s->style, VA_TEXT_SMALL, text) <= lane.x + lane.w)
			va_scene_text_free(s, va_rect(x, lane.y, lane.x + lane.w - x, lane.h), VA_TEXT_SMALL, VA_LEFT, s->style->theme->dim, text);
	}
}

static void playhead(struct va_scene *s, const struct va_time_axis *a, struct va_rect lane, const struct va_look *look)
{
	const struct va_theme *t = s->style->theme;
	float x = va_layout_time_x(a, look->play->time), k = (float)va_px(s->style, 5);
	__u64 at = look->play->time;

	if (at < a->from || at > a->to)
		return;
	va_scene_fill(s, va_rect((int)x - va_px(s->style, 1), lane.y + lane.h, va_px(s->style, 2), a->r.y + a->r.h - lane.y - lane.h), t->accent);
	va_scene_triangle(s, (struct va_point){x, (float)a->r.y + k}, (struct va_point){x - k, (float)a->r.y - k * 0.6f},
			  (struct va_point){x + k, (float)a->r.y - k * 0.6f}, t->accent);
}

/* Where there is no room for more: how far it is, and where a click leads. */
static void thin(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	struct va_time_axis a = va_layout_time_axis(r, look);
	int x = va_layout_time_x(&a, look->play->time);

	va_scene_fill(s, r, va_colour_fade(t->ground, 0.6f));
	va_scene_fill(s, va_rect(r.x, r.y, x - r.x, r.h), va_colour_fade(t->accent, 0.35f));
	va_scene_fill(s, va_rect(x - 1, r.y, 2, r.h), t->accent);
	va_scene_hit(s, va_rect(r.x - va_px(look->style, 10), r.y, r.w + va_px(look->style, 20), r.h), VA_ACT_TIMELINE, 0, NULL);
}

void va_layout_timeline(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	int small = va_role_height(style, VA_TEXT_SMALL);
	struct va_rect in, lane, axis_lane, usage;
	struct va_time_axis a;

	va_scene_clip(s, r);
	va_scene_round(s, r, va_px(style, 6), t->panel);
	va_scene_border(s, r, va_px(style, 6), 1, t->line);
	in = va_rect_inset(r, va_px(style, 10), va_px(style, 7));
	controls(s, va_rect_cut_top(&in, va_px(style, 22)), look);
	if (in.h < 3 * small) {
		thin(s, in, look);
		return;
	}
	if (look->view->time_to)
		va_layout_time_overview(s, va_rect_cut_top(&in, va_px(style, 9)), look);
	lane = va_rect_cut_top(&in, small + va_px(style, 4));
	axis_lane = va_rect_cut_bottom(&in, small);
	usage = in.h >= va_px(style, 42) ? va_rect_cut_bottom(&in, in.h * 2 / 5) : va_rect(0, 0, 0, 0);
	va_rect_cut_bottom(&in, usage.h ? va_px(style, 2) : 0);
	a = va_layout_time_axis(in, look);
	va_scene_fill(s, in, va_colour_fade(t->ground, 0.6f));
	va_scene_hit(s, va_rect(r.x, lane.y, r.w, r.y + r.h - lane.y), VA_ACT_TIMELINE, 0, NULL);
	va_layout_moments(s, &a, va_rect(in.x, in.y, in.w, axis_lane.y - in.y), look);
	density(s, &a, look);
	if (usage.h)
		va_layout_usage(s, &(struct va_time_axis){usage, a.from, a.to}, look);
	losses(s, &a, look);
	marks(s, &a, lane, look);
	va_layout_flags(s, &a, va_rect(in.x, in.y, in.w, axis_lane.y - in.y), look);
	ticks(s, &a, axis_lane, look);
	a.r.h = axis_lane.y - a.r.y;
	playhead(s, &a, lane, look);
}
