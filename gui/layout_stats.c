/* The statistics tab: how long faults and calls took, a line for each kind, with its histogram over one logarithmic axis. */
#include <math.h>
#include <stdio.h>

#include "calls.h"
#include "layout.h"
#include "words.h"

#define ROWS 64 /* of faults, and of calls: more kinds of calls than that are not listed here, and said */

struct axis { /* of times, logarithmic */
	double from, to; /* log10 of ns */
	struct va_rect r;
};

static int x_of(const struct axis *a, double ns)
{
	double t = (log10(fmax(ns, 1)) - a->from) / (a->to - a->from);

	return a->r.x + (int)lround(fmin(fmax(t, 0), 1) * a->r.w);
}

static void choices(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_moments *m = &look->view->moments;
	char who[64];

	snprintf(who, sizeof(who), "%.20s %u", look->task ? look->task->comm : "process", look->view->tgid);
	va_layout_button(s, &r, who, !m->stats_all, VA_ACT_STATS_WHO, 0, "of the process shown");
	va_layout_button(s, &r, "all processes", m->stats_all, VA_ACT_STATS_WHO, 1, NULL);
	va_rect_cut_left(&r, va_px(look->style, 10));
	va_layout_button(s, &r, "whole recording", m->stretch == VA_STATS_WHOLE, VA_ACT_STATS_STRETCH, VA_STATS_WHOLE, NULL);
	va_layout_button(s, &r, "up to here", m->stretch == VA_STATS_SO_FAR, VA_ACT_STATS_STRETCH, VA_STATS_SO_FAR, "from the start to the moment shown");
	va_layout_button(s, &r, "A to B", m->stretch == VA_STATS_BETWEEN, VA_ACT_STATS_STRETCH, VA_STATS_BETWEEN,
			 m->a.set ? "between the moments A and B" : "Shift A and Shift B set the moments; so far this is the whole recording");
}

struct columns {
	int name, count, time; /* widths */
	bool few;              /* room for the median only */
};

static struct columns columns_in(const struct va_style *style, int w)
{
	int gap = va_px(style, 12);
	struct columns c = {va_role_width(style, VA_TEXT_BODY, "process_madvise") + gap, va_role_width(style, VA_TEXT_MONO_SMALL, "1,234,567") + gap,
			    va_role_width(style, VA_TEXT_MONO_SMALL, "> 100.0 ms") + gap, false};

	c.few = w < c.name + c.count + 3 * c.time + va_px(style, 120);
	return c;
}

static void cell(struct va_scene *s, struct va_rect *r, int w, enum va_text_role role, va_colour colour, const char *text)
{
	struct va_rect at = va_rect_cut_left(r, w);

	va_scene_text(s, va_rect(at.x, at.y, at.w - va_px(s->style, 12), at.h), role, VA_RIGHT, colour, text);
}

static void headings(struct va_scene *s, struct va_rect r, const struct columns *c, const char *title)
{
	const struct va_theme *t = s->style->theme;
	struct va_rect name = va_rect_cut_left(&r, c->name);

	va_scene_text(s, va_rect(name.x, name.y, name.w - va_px(s->style, 12), name.h), VA_TEXT_STRONG, VA_LEFT, t->text, title);
	cell(s, &r, c->count, VA_TEXT_SMALL, t->dim, "count");
	cell(s, &r, c->time, VA_TEXT_SMALL, t->dim, "median");
	if (!c->few) {
		cell(s, &r, c->time, VA_TEXT_SMALL, t->dim, "99th");
		cell(s, &r, c->time, VA_TEXT_SMALL, t->dim, "longest");
	}
}

static const char *name_of(const struct va_latency_of *of, char *buf, size_t n)
{
	return of->call ? va_call_name(of->what, buf, n) : va_words_kind((enum va_fault_kind)of->what);
}

/* Bars two pixels wide, each with what falls into its stretch of the axis; the median and the 99th percentile are ticks. */
static void histogram(struct va_scene *s, const struct axis *a, const struct va_latency_of *of, va_colour colour)
{
	const struct va_theme *t = s->style->theme;
	int step = va_max(va_px(s->style, 3), 2), n = va_min(a->r.w / step, 511);
	double bar[512] = {0}, most = 0;

	if (n < 4)
		return;
	for (unsigned i = 0; i < VA_LATENCY_BUCKETS; i++) {
		double middle = ((double)va_latency_bucket_least(i) + va_latency_bucket_most(i)) / 2;

		if (of->bucket[i])
			bar[va_min((x_of(a, middle) - a->r.x) / step, n - 1)] += of->bucket[i];
	}
	for (int i = 0; i < n; i++)
		most = fmax(most, bar[i]);
	for (int i = 0; i < n; i++) {
		int h = bar[i] > 0 ? va_max((int)lround(a->r.h * bar[i] / most), 1) : 0;

		va_scene_fill(s, va_rect(a->r.x + i * step, a->r.y + a->r.h - h, step - 1, h), colour);
	}
	va_scene_fill(s, va_rect(x_of(a, va_latency_percentile(of, 0.5)), a->r.y, va_max(1, va_px(s->style, 1)), a->r.h), t->text);
	va_scene_fill(s, va_rect(x_of(a, va_latency_percentile(of, 0.99)), a->r.y, va_max(1, va_px(s->style, 1)), a->r.h), va_colour_fade(t->text, 0.5f));
}

static void one_row(struct va_scene *s, struct va_rect r, const struct columns *c, const struct axis *axis, const struct va_latency_of *of, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	va_colour colour = of->call ? t->other : va_kind_colour(t, (enum va_fault_kind)of->what);
	struct va_rect name = va_rect_cut_left(&r, c->name), all = name;
	struct axis a = *axis;
	char text[48], buf[32], tip[256];
	int dot = va_px(look->style, 8);

	all.w = c->name + c->count + (c->few ? 1 : 3) * c->time + axis->r.w;
	va_scene_round(s, va_rect(name.x, name.y + (name.h - dot) / 2, dot, dot), of->call ? 0 : dot / 2, colour);
	va_rect_cut_left(&name, dot + va_px(look->style, 6));
	va_scene_text(s, va_rect(name.x, name.y, name.w - va_px(look->style, 8), name.h), VA_TEXT_BODY, VA_LEFT, t->text, name_of(of, buf, sizeof(buf)));
	cell(s, &r, c->count, VA_TEXT_MONO_SMALL, t->text, va_words_count(text, sizeof(text), of->count));
	cell(s, &r, c->time, VA_TEXT_MONO_SMALL, t->bright, va_words_time(text, sizeof(text), va_latency_percentile(of, 0.5)));
	if (!c->few) {
		cell(s, &r, c->time, VA_TEXT_MONO_SMALL, t->text, va_words_time(text, sizeof(text), va_latency_percentile(of, 0.99)));
		snprintf(text, sizeof(text), "%s%s", of->saturated ? "> " : "", va_words_time(buf, sizeof(buf), of->most));
		cell(s, &r, c->time, VA_TEXT_MONO_SMALL, t->text, text);
	}
	a.r = va_rect(axis->r.x, r.y + va_px(look->style, 3), axis->r.w, r.h - va_px(look->style, 5));
	va_scene_fill(s, va_rect(a.r.x, a.r.y + a.r.h, a.r.w, 1), t->faint);
	histogram(s, &a, of, colour);
	va_words_time(buf, sizeof(buf), of->sum);
	snprintf(tip, sizeof(tip), "%s: %s in all%s", name_of(of, text, sizeof(text)), buf, of->saturated ? ", or more: some took longer than 4.29 s, the most that is measured" : "");
	va_scene_hit(s, all, VA_ACT_TIP, 0, tip);
}

/* A line at each power of ten, its time above. */
static void decades(struct va_scene *s, const struct axis *a, struct va_rect head, int height)
{
	static const char *const names[] = {"1 ns", "10 ns", "100 ns", "1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s"};
	const struct va_theme *t = s->style->theme;

	for (int d = (int)ceil(a->from); d <= (int)floor(a->to) && d < 11; d++) {
		int x = x_of(a, pow(10, d)), w = va_role_width(s->style, VA_TEXT_SMALL, names[d]);

		va_scene_fill(s, va_rect(x, head.y + head.h, 1, height), t->faint);
		if (x - w / 2 >= a->r.x && x + w / 2 + 1 <= a->r.x + a->r.w)
			va_scene_text_free(s, va_rect(x - w / 2, head.y, w + 2, head.h), VA_TEXT_SMALL, VA_LEFT, t->dim, names[d]);
	}
}

static void widen(struct axis *a, const struct va_latency_of *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		a->from = fmin(a->from, floor(log10(fmax(list[i]->least, 1))));
		a->to = fmax(a->to, log10(fmax(list[i]->most, 2)) + 0.05);
	}
}

struct part {
	const char *title;
	const struct va_latency_of *of[ROWS];
	size_t count;
};

static void parts(struct va_scene *s, struct va_rect r, const struct va_look *look, const struct part part[2])
{
	const struct va_style *style = look->style;
	int line = va_role_height(style, VA_TEXT_BODY) + va_px(style, 10), head = va_role_height(style, VA_TEXT_STRONG) + va_px(style, 4), y, height = 0;
	struct axis axis = {9, 1, r};
	struct columns c;

	for (int k = 0; k < 2; k++) {
		height += part[k].count ? head + (int)part[k].count * line + va_px(style, 8) : 0;
		widen(&axis, part[k].of, part[k].count);
	}
	y = -va_layout_scroll(s, &r, look, VA_SCROLL_STAGE, height);
	c = columns_in(style, r.w);
	axis.r = r;
	va_rect_cut_left(&axis.r, c.name + c.count + (c.few ? 1 : 3) * c.time + va_px(style, 4));
	va_scene_clip(s, r);
	for (int k = 0; k < 2; k++) {
		struct va_rect at = va_rect(r.x, r.y + y, r.w, head);

		if (!part[k].count)
			continue;
		if (at.y >= r.y && at.y + at.h <= r.y + r.h) {
			headings(s, at, &c, part[k].title);
			decades(s, &axis, at, va_min((int)part[k].count * line, r.y + r.h - at.y - at.h));
		}
		y += head;
		for (size_t i = 0; i < part[k].count; i++, y += line)
			if (y >= 0 && y + line <= r.h)
				one_row(s, va_rect(r.x, r.y + y, r.w, line), &c, &axis, part[k].of[i], look);
		y += va_px(style, 8);
	}
}

void va_layout_stats(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	const struct va_latency *l = look->latency;
	struct part part[2] = {{.title = "Faults"}, {.title = "System calls"}};
	int line = va_role_height(look->style, VA_TEXT_SMALL) + va_px(look->style, 2);
	struct va_rect note, all = r;

	choices(s, va_rect_cut_top(&r, va_px(look->style, 22)), look);
	va_rect_cut_top(&r, va_px(look->style, 8));
	note = va_rect_cut_bottom(&r, line);
	if (l->seen < l->scope.to)
		va_scene_printf(s, note, VA_TEXT_SMALL, VA_LEFT, t->warn, "counting: %.0f %%", 100.0 * (double)(l->seen - l->scope.from) / (double)(l->scope.to - l->scope.from));
	else
		va_scene_text_either(s, note, VA_TEXT_SMALL, t->dim,
				     "Ticks: median, 99th percentile. What the recording itself costs is part of each time. Sorted by the time spent in all.",
				     "Ticks: median, 99th percentile. Each time includes what recording costs.");
	for (int k = 0; k < 2; k++)
		part[k].count = va_latency_list(l, k, part[k].of, ROWS);
	if (part[0].count || part[1].count)
		parts(s, r, look, part);
	else
		va_scene_wrap(s, r, VA_TEXT_BODY, t->dim, "No fault and no system call of this process in this stretch. Choose all processes, or another stretch, above.");
	va_scene_clip(s, all);
}
