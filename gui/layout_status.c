/* The line at the top: what is watched, how much happens, what was lost. And the list of processes. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "layout.h"
#include "lost_hooks.h"
#include "words.h"

static void fact(struct va_scene *s, struct va_rect *r, const char *name, const char *value, va_colour colour, const char *tip)
{
	const struct va_style *style = s->style;
	int w = va_role_width(style, VA_TEXT_MONO_STRONG, value), n = va_role_width(style, VA_TEXT_SMALL, name), gap = va_px(style, 5);
	struct va_rect at;

	if (r->w < w + n + gap)
		return;
	at = va_rect_cut_left(r, w + n + gap);
	va_scene_text(s, va_rect(at.x, at.y, n, at.h), VA_TEXT_SMALL, VA_LEFT, style->theme->dim, name);
	va_scene_text(s, va_rect(at.x + n + gap, at.y, w, at.h), VA_TEXT_MONO_STRONG, VA_LEFT, colour, value);
	va_scene_hit(s, at, VA_ACT_NONE, 0, tip);
	va_rect_cut_left(r, va_px(style, 18));
}

static void memory_facts(struct va_scene *s, struct va_rect *r, const struct va_look *look)
{
	const struct va_theme *t = s->style->theme;
	const struct vmatlas_mm_counts *c = look->mm ? va_mm_counts(look->mm) : NULL;
	char text[32];

	if (!c)
		return;
	fact(s, r, "RSS", va_words_size(text, sizeof(text), (c->rss_file + c->rss_anon + c->rss_shmem) << 12), t->text,
	     "resident set: memory this process has in RAM, as the kernel counts it");
	fact(s, r, "mapped", va_words_size(text, sizeof(text), c->total_vm << 12), t->text, "total_vm: address space promised to this process");
	snprintf(text, sizeof(text), "%u", c->map_count);
	fact(s, r, "VMAs", text, t->text, "mappings of this process");
	fact(s, r, "page tables", va_words_size(text, sizeof(text), c->pgtable_bytes), t->text, "memory that the page tables themselves take");
}

static __u64 faults_of(const struct va_model *model, __u32 tgid)
{
	__u64 sum = 0;

	for (size_t i = 0; i < va_model_task_count(model); i++)
		if (va_model_task(model, i)->tgid == tgid)
			sum += va_model_task(model, i)->faults;
	return sum;
}

/* Said for a moment; else where the data comes from, and what of it the kernel could not show. */
static const char *notice_of(const struct va_look *look, char *buf, size_t n)
{
	char hooks[256];
	const char *source = look->view->source;

	if (look->view->notice && look->now < look->view->notice_until)
		return look->view->notice;
	va_lost_hooks_sentence(va_recording_meta(look->recording, "lost-hooks"), hooks, sizeof(hooks));
	if (!*hooks)
		return source;
	snprintf(buf, n, "%s%s%s", source ? source : "", source ? "; " : "", hooks);
	return buf;
}

static void state(struct va_scene *s, struct va_rect *r, const struct va_look *look)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	bool live = look->play->mode == VA_PLAY_LIVE;
	char store[512];
	const char *notice = notice_of(look, store, sizeof(store));
	int size = va_px(style, 8);
	int w = notice ? va_scene_text(s, va_rect(r->x + r->w / 3, r->y, r->w * 2 / 3, r->h), VA_TEXT_SMALL, VA_RIGHT, live ? t->good : t->dim, notice) : 0;

	va_rect_cut_right(r, w + va_px(style, 6));
	if (live)
		va_scene_round(s, va_rect(r->x + r->w - size, r->y + (r->h - size) / 2, size, size), size / 2, t->good);
	va_rect_cut_right(r, size + va_px(style, 14));
}

void va_layout_status(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	const struct va_model_counts *counts = va_model_counts(look->model);
	char text[96];
	int w;

	va_scene_clip(s, r);
	r = va_rect_inset(r, va_px(style, 12), 0);
	if (look->view->filming) /* the sign's place */
		va_rect_cut_right(&r, va_px(style, 22));
	state(s, &r, look);
	if (look->task)
		w = va_scene_printf(s, r, VA_TEXT_TITLE, VA_LEFT, t->bright, "%s", look->task->comm);
	else
		w = va_scene_text(s, r, VA_TEXT_TITLE, VA_LEFT, t->dim, "no process yet");
	va_rect_cut_left(&r, w + va_px(style, 8));
	if (look->task) {
		snprintf(text, sizeof(text), "%u%s", look->view->tgid, look->task->end ? ", ended" : "");
		va_rect_cut_left(&r, va_scene_text(s, r, VA_TEXT_BODY, VA_LEFT, t->dim, text) + va_px(style, 22));
	}
	fact(s, &r, "lost", va_words_count(text, sizeof(text), counts->lost), counts->lost ? t->warn : t->good, "records the kernel had to drop because buffers were full; 0 = the picture misses nothing");
	fact(s, &r, "faults", va_words_count(text, sizeof(text), faults_of(look->model, look->view->tgid)), t->text, "page faults of this process so far");
	memory_facts(s, &r, look);
	snprintf(text, sizeof(text), look->events_per_second < 10 ? "%.1f" : "%.0f", look->events_per_second);
	fact(s, &r, "events/s", text, t->text, "records a second, of all processes, around this moment");
	if (counts->invalid) {
		va_words_count(text, sizeof(text), counts->invalid);
		fact(s, &r, "invalid", text, t->warn, "records that make no sense and were ignored");
	}
}

struct list {
	struct va_rect r;
	int line;
};

static bool list_line(struct list *l, struct va_rect *out, int h)
{
	if (l->r.h < h)
		return false;
	*out = va_rect_cut_top(&l->r, h);
	return true;
}

static void thread_lines(struct va_scene *s, struct list *l, const struct va_look *look, __u32 tgid)
{
	const struct va_theme *t = s->style->theme;
	struct va_rect at;
	char text[32];

	for (size_t i = 0; i < va_model_task_count(look->model); i++) {
		const struct va_task *task = va_model_task(look->model, i);

		if (task->tgid != tgid || task->tid == tgid)
			continue;
		if (!list_line(l, &at, l->line))
			return;
		va_rect_cut_left(&at, va_px(s->style, 22));
		va_rect_cut_right(&at, va_scene_text(s, at, VA_TEXT_SMALL, VA_RIGHT, t->dim, va_words_count(text, sizeof(text), task->faults)) + va_px(s->style, 6));
		va_scene_printf(s, at, VA_TEXT_SMALL, VA_LEFT, task->end ? va_colour_fade(t->dim, 0.6f) : t->dim, "thread %u", task->tid);
	}
}

static int depth_of(const struct va_model *model, const struct va_task *task)
{
	int depth = 0;

	for (; task && task->ppid && depth < 6; depth++) {
		task = va_model_find_task(model, task->ppid);
		if (!task)
			break;
	}
	return depth;
}

static void process_line(struct va_scene *s, struct va_rect at, const struct va_task *task, const struct va_look *look)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	const struct va_mm *mm = va_model_mm_of(look->model, task->tgid);
	const struct vmatlas_mm_counts *c = mm && !task->end ? va_mm_counts(mm) : NULL;
	bool chosen = task->tgid == look->view->tgid;
	char size[32], tip[128];
	struct va_rect row = at;

	if (chosen) {
		va_scene_round(s, at, va_px(style, 4), t->raised);
		va_scene_fill(s, va_rect(at.x, at.y + 2, va_px(style, 3), at.h - 4), t->accent);
	}
	at = va_rect_inset(at, va_px(style, 8), 0);
	va_rect_cut_left(&at, depth_of(look->model, task) * va_px(style, 10));
	va_rect_cut_right(&at, va_scene_text(s, at, VA_TEXT_SMALL, VA_RIGHT, t->dim,
					     c ? va_words_size(size, sizeof(size), (c->rss_anon + c->rss_file + c->rss_shmem) << 12) : "ended") + va_px(style, 6));
	va_rect_cut_left(&at, va_scene_text(s, at, chosen ? VA_TEXT_STRONG : VA_TEXT_BODY, VA_LEFT, task->end ? t->dim : t->text, task->comm) + va_px(style, 6));
	if (at.w > va_px(style, 20))
		va_scene_printf(s, at, VA_TEXT_SMALL, VA_LEFT, t->dim, "%u", task->tgid);
	snprintf(tip, sizeof(tip), "%s, process %u, child of %u. Click to look at it; F follows what happens.", task->comm, task->tgid, task->ppid);
	va_scene_hit(s, row, VA_ACT_PROCESS, task->tgid, tip);
}

#define MANY 12 /* processes: from here on those that have ended go to the bottom */

static bool list_processes(struct va_scene *s, struct list *l, const struct va_look *look, bool all, bool ended, size_t *shown)
{
	struct va_rect at;

	for (size_t i = 0; i < va_model_task_count(look->model); i++) {
		const struct va_task *task = va_model_task(look->model, i);

		if (task->tid != task->tgid || (!all && (task->end != 0) != ended))
			continue;
		if (!list_line(l, &at, l->line + va_px(s->style, 2)))
			return false;
		process_line(s, at, task, look);
		thread_lines(s, l, look, task->tgid);
		++*shown;
	}
	return true;
}

/* Faults by kind up to this moment: what the colours of the timeline add up to. */
static void totals(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	int line = va_role_height(style, VA_TEXT_SMALL) + va_px(style, 4), k = va_px(style, 8);
	double sum[VA_CLASSES];
	char text[32];

	va_chronicle_sum(look->chronicle, va_history_begin(look->play->history), look->play->time, sum);
	va_scene_text(s, va_rect_cut_top(&r, line), VA_TEXT_STRONG, VA_LEFT, t->text, "Events so far");
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
	struct list l = {.r = va_layout_pane(s, r, "Processes"), .line = va_role_height(s->style, VA_TEXT_BODY) + va_px(s->style, 5)};
	struct va_rect sums = va_rect_cut_bottom(&l.r, totals_height(s->style)), more = va_rect_cut_bottom(&l.r, l.line);
	size_t shown = 0, all = 0;

	for (size_t i = 0; i < va_model_task_count(look->model); i++)
		all += va_model_task(look->model, i)->tid == va_model_task(look->model, i)->tgid;
	if (list_processes(s, &l, look, all <= MANY, false, &shown) && all > MANY)
		list_processes(s, &l, look, false, true, &shown);
	if (shown < all)
		va_scene_printf(s, more, VA_TEXT_SMALL, VA_LEFT, s->style->theme->dim, "%zu more", all - shown);
	totals(s, sums, look);
}
