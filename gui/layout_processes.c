/* The pane at the left: all processes as a tree with their threads, and what has happened so far. */
#include <stdio.h>
#include <string.h>

#include "layout.h"
#include "words.h"

static int line_height(const struct va_style *style)
{
	return va_role_height(style, VA_TEXT_BODY) + va_px(style, 5);
}

static int process_height(const struct va_style *style)
{
	return line_height(style) + va_px(style, 2);
}

void va_layout_process_name(struct va_scene *s, struct va_rect row, struct va_rect *at, const struct va_process *p, const struct va_look *look)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	bool chosen = p->tgid == look->view->tgid;
	char tip[160], ended[64] = "", number[16];

	if (chosen) {
		va_scene_round(s, row, va_px(style, 4), t->raised);
		va_scene_fill(s, va_rect(row.x, row.y + 2, va_px(style, 3), row.h - 4), t->accent);
	}
	va_rect_cut_left(at, va_scene_text(s, *at, chosen ? VA_TEXT_STRONG : VA_TEXT_BODY, VA_LEFT, p->end ? t->dim : t->text, p->comm) + va_px(style, 6));
	snprintf(number, sizeof(number), "%u", p->tgid);
	if (at->w >= va_role_width(style, VA_TEXT_SMALL, number)) /* the whole number or none of it: a part is another number */
		va_rect_cut_left(at, va_scene_text(s, *at, VA_TEXT_SMALL, VA_LEFT, t->dim, number) + va_px(style, 6));
	if (p->end)
		va_words_ended(ended, sizeof(ended), p->exit_code);
	snprintf(tip, sizeof(tip), "%s, process %u, child of %u%s%s. Click to look at it; F follows what happens.", p->comm, p->tgid, p->ppid, *ended ? ", " : "", ended);
	va_scene_hit(s, row, VA_ACT_PROCESS, p->tgid, tip);
}

void va_layout_folded(struct va_scene *s, struct va_rect at, const struct va_process_list *list)
{
	char text[96], faults[32];

	if (list->folded)
		snprintf(text, sizeof(text), "+ %zu ended, %s faults", list->folded, va_words_count(faults, sizeof(faults), list->folded_faults));
	else
		snprintf(text, sizeof(text), "− fold those that ended");
	va_scene_text(s, at, VA_TEXT_SMALL, VA_LEFT, s->style->theme->dim, text);
	va_scene_hit(s, at, VA_ACT_TREE_ENDED, 0, list->folded ? "processes that have ended. Click (Shift O) to list them." : "Click (Shift O) to fold all processes that have ended into one line.");
}

static void thread_lines(struct va_scene *s, struct va_rect r, const struct va_look *look, __u32 tgid)
{
	const struct va_theme *t = s->style->theme;
	int line = line_height(s->style);
	char text[32];

	for (size_t i = 0; i < va_model_task_count(look->model) && r.h >= line; i++) {
		const struct va_task *task = va_model_task(look->model, i);
		struct va_rect at;

		if (task->tgid != tgid || task->tid == tgid || task->end)
			continue;
		at = va_rect_cut_top(&r, line);
		va_rect_cut_left(&at, va_px(s->style, 22));
		va_rect_cut_right(&at, va_scene_text(s, at, VA_TEXT_SMALL, VA_RIGHT, t->dim, va_words_count(text, sizeof(text), task->faults)) + va_px(s->style, 6));
		va_scene_printf(s, at, VA_TEXT_SMALL, VA_LEFT, t->dim, "thread %u", task->tid);
	}
}

static int threads_height(const struct va_style *style, const struct va_process *p)
{
	return p->threads > 1 ? (int)(p->threads - 1) * line_height(style) : 0;
}

static void process_line(struct va_scene *s, struct va_rect row, const struct va_process *p, const struct va_look *look)
{
	const struct va_style *style = s->style;
	struct va_rect at = va_rect_inset(row, va_px(style, 8), 0);
	char size[32];
	int w;

	va_rect_cut_left(&at, va_min((int)p->depth, 6) * va_px(style, 10));
	w = va_role_width(style, VA_TEXT_SMALL, "0.00 MiB");
	if (p->end)
		w = va_role_width(style, VA_TEXT_SMALL, "ended");
	struct va_rect right = va_rect_cut_right(&at, w);

	va_rect_cut_right(&at, va_px(style, 6));
	va_layout_process_name(s, row, &at, p, look);
	va_scene_text(s, right, VA_TEXT_SMALL, VA_RIGHT, style->theme->dim, p->end ? "ended" : va_words_size(size, sizeof(size), p->rss << 12));
}

static void list(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_process_list *l = look->pane;
	const struct va_style *style = s->style;
	int h = process_height(style), total = l->can_fold && look->processes->count > 1 ? h : 0, y, end = r.y + r.h, top = r.y;
	struct va_rect was = s->clip;

	for (size_t i = 0; i < l->count; i++)
		total += h + threads_height(style, &look->processes->process[l->index[i]]);
	va_scene_clip(s, r);
	y = r.y - va_layout_scroll(s, &r, look, VA_SCROLL_PROCESSES, total);
	for (size_t i = 0; i < l->count; i++) {
		const struct va_process *p = &look->processes->process[l->index[i]];
		int below = threads_height(style, p);

		if (y >= top && y + h <= end)
			process_line(s, va_rect(r.x, y, r.w, h), p, look);
		if (below && y + h < end && y + h + below > top) {
			int hidden = y + h < top ? (top - y - h + line_height(style) - 1) / line_height(style) * line_height(style) : 0;

			if (!hidden) /* those that are scrolled half out of sight come back whole */
				thread_lines(s, va_rect(r.x, y + h, r.w, va_min(below, end - y - h)), look, p->tgid);
		}
		y += h + below;
	}
	if (l->can_fold && y >= top && y + h <= end)
		va_layout_folded(s, va_rect(r.x + va_px(style, 8), y, r.w - va_px(style, 8), h), l);
	va_scene_clip(s, was);
}

/* Faults by kind up to this moment: what the colours of the timeline add up to. */
static void totals(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	int line = va_role_height(style, VA_TEXT_SMALL) + va_px(style, 4), k = va_px(style, 8);
	double sum[VA_CLASSES];
	char text[32];

	va_chronicle_sum(look->chronicle, va_history_kept_from(look->play->history), look->play->time, sum);
	va_scene_text(s, va_rect_cut_top(&r, line), VA_TEXT_STRONG, VA_LEFT, t->text, va_history_first(look->play->history) ? "Events kept, so far" : "Events so far");
	for (int c = 0; c < VA_CLASSES && r.h >= line; c++) {
		struct va_rect at = va_rect_cut_top(&r, line);

		va_scene_fill(s, va_rect(at.x, at.y + (at.h - k) / 2, c == VA_CLASS_OP ? va_px(style, 2) : k, k), va_class_colour(t, (enum va_class)c));
		va_rect_cut_left(&at, k + va_px(style, 6));
		va_words_count(text, sizeof(text), (__u64)(sum[c] + 0.5));
		va_rect_cut_right(&at, va_scene_text(s, at, VA_TEXT_MONO_SMALL, VA_RIGHT, sum[c] >= 0.5 ? t->text : t->dim, text) + va_px(style, 6));
		va_scene_text(s, at, VA_TEXT_SMALL, VA_LEFT, t->dim, va_class_name((enum va_class)c));
	}
}

static int totals_height(const struct va_style *style)
{
	return (va_role_height(style, VA_TEXT_SMALL) + va_px(style, 4)) * (VA_CLASSES + 1) + va_px(style, 2);
}

void va_layout_processes(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	struct va_rect in = va_layout_pane(s, r, "Processes"), sums = va_rect_cut_bottom(&in, totals_height(s->style));

	va_rect_cut_bottom(&in, va_px(s->style, 8));
	list(s, in, look);
	totals(s, sums, look);
}
