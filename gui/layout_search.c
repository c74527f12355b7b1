/* The search: the line that is typed, how many were found, and which. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "inspect_parts.h"
#include "search.h"

static void typed(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	const struct va_typed *e = &look->view->search.entry;
	char head[VA_TYPED_MAX];
	int x, w, off = 0;

	va_scene_round(s, r, va_px(style, 4), t->raised);
	va_scene_border(s, r, va_px(style, 4), 1, t->accent);
	r = va_rect_inset(r, va_px(style, 8), 0);
	va_rect_cut_left(&r, va_scene_text(s, r, VA_TEXT_SMALL, VA_LEFT, t->dim, "Search") + va_px(style, 8));
	if (look->search->total || e->length)
		va_rect_cut_right(&r, va_scene_printf(s, r, VA_TEXT_SMALL, VA_RIGHT, look->search->total ? t->text : t->warn,
						      look->search->total == 1 ? "%zu found" : look->search->total ? "%zu found" : "nothing found",
						      look->search->total) + va_px(style, 10));
	memcpy(head, e->text, e->cursor);
	head[e->cursor] = '\0';
	w = va_role_width(style, VA_TEXT_MONO, e->text);
	x = va_role_width(style, VA_TEXT_MONO, head);
	if (!e->length) {
		va_scene_text(s, va_rect_inset(r, va_px(style, 4), 0), VA_TEXT_SMALL, VA_LEFT, t->dim, "address, name, rw-p, w+x, >1M, pid");
	} else if (w <= r.w) {
		va_scene_text(s, r, VA_TEXT_MONO, VA_LEFT, t->bright, e->text);
	} else {
		va_scene_text_tail(s, r, VA_TEXT_MONO, VA_LEFT, t->bright, e->text);
		off = va_min(x, r.w);
	}
	va_scene_fill(s, va_rect(r.x + (off ? off : x), r.y + va_px(style, 3), va_max(va_px(style, 1.5f), 1), r.h - va_px(style, 6)), t->fresh);
}

static void result_words(char *buf, size_t n, const struct va_look *look, const struct va_result *result)
{
	const struct va_vma *vma = look->mm && result->kind != VA_RESULT_PROCESS ? va_mm_vma_at(look->mm, result->addr) : NULL;
	const struct va_task *task = va_model_find_task(look->model, result->tgid);
	char perms[5], name[4200], size[32];

	if (result->kind == VA_RESULT_PROCESS) {
		snprintf(buf, n, "%s%s", task ? task->comm : "?", task && task->end ? ", ended" : "");
		return;
	}
	if (!vma) {
		snprintf(buf, n, "no mapping");
		return;
	}
	va_vma_perms(vma->vm_flags, perms);
	snprintf(buf, n, "%s  %s  %s%s", perms, va_words_size(size, sizeof(size), vma->end - vma->start), result->kind == VA_RESULT_ADDRESS ? "in " : "",
		 va_words_basename(va_inspect_name(look, vma, name, sizeof(name))));
}

static void results(struct va_sheet *s, const struct va_look *look)
{
	const struct va_search *found = look->search;
	char key[32], line[4400];

	for (size_t i = 0; i < found->count; i++) {
		if (found->result[i].kind == VA_RESULT_PROCESS)
			snprintf(key, sizeof(key), "%u", found->result[i].tgid);
		else
			snprintf(key, sizeof(key), "%" PRIx64, (uint64_t)found->result[i].addr);
		result_words(line, sizeof(line), look, &found->result[i]);
		va_sheet_link(s, key, line, VA_ACT_RESULT, i, i == look->view->search.chosen);
	}
	if (found->total > found->count)
		va_sheet_words(s, "Only the first 500 are listed.", s->style->theme->dim);
}

int va_layout_search(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_style *style = look->style;
	int line = va_role_height(style, VA_TEXT_BODY) + va_px(style, 2), head = va_role_height(style, VA_TEXT_MONO) + va_px(style, 10), h = head + va_px(style, 6), most;
	struct va_rect list, was = s->clip;

	typed(s, va_rect(r.x, r.y, r.w, head), look);
	most = va_min((int)look->search->count * line, (r.h - h) * 45 / 100) / line * line;
	if (most < line)
		return h;
	list = va_rect(r.x, r.y + h, r.w, most + va_px(style, 2));
	va_scene_clip(s, list);
	va_rect_cut_left(&list, va_px(style, 8));
	va_sheet_layout(s, list, look, VA_SCROLL_STAGE_2, results);
	va_scene_clip(s, was);
	return h + list.h + va_px(style, 8);
}
