/* The line at the top: what is watched, how much happens, what was lost. */
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

static __u64 faults_of(const struct va_look *look)
{
	size_t i = va_processes_find(look->processes, look->view->tgid);

	return i == VA_NO_PROCESS ? 0 : look->processes->process[i].faults;
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
	if (va_history_first(look->play->history))
		fact(s, &r, "no longer kept", va_words_count(text, sizeof(text), va_history_first(look->play->history)), t->warn,
		     "the oldest records: they were shown, and had to make room (--history); the timeline begins behind them");
	fact(s, &r, "faults", va_words_count(text, sizeof(text), faults_of(look)), t->text, "page faults of this process so far");
	memory_facts(s, &r, look);
	snprintf(text, sizeof(text), look->events_per_second < 10 ? "%.1f" : "%.0f", look->events_per_second);
	fact(s, &r, "events/s", text, t->text, "records a second, of all processes, around this moment");
	if (counts->invalid) {
		va_words_count(text, sizeof(text), counts->invalid);
		fact(s, &r, "invalid", text, t->warn, "records that make no sense and were ignored");
	}
}
