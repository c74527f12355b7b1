/* The fork view: parent and children side by side. Heads and columns here; rows, cells and figures in layout_fork_*.c. */
#include "layout_fork.h"

#include <stdio.h>
#include <string.h>

#include "anim.h"
#include "maps.h"
#include "words.h"

static float part_of(const struct va_fork_show *f, size_t pos, uint64_t now)
{
	uint64_t since = va_fork_show_since(f, pos);

	return since ? va_anim(since, VA_TIME_FORK, now) : 1;
}

static void place_columns(struct va_fork_place *p, struct va_rect r, const struct va_look *look)
{
	const struct va_style *style = look->style;
	const struct va_fork_show *f = look->fork;
	int gap = va_px(style, 20), least = va_px(style, 126), names = va_max(va_px(style, 92), va_min(r.w * 22 / 100, va_px(style, 170))), w, n;

	n = va_max((r.w - names - gap / 2 - least) / (least + gap), 1);
	p->n = va_min(va_min(n, VA_FORK_COLUMNS), (int)f->count);
	p->first = f->chosen / (size_t)p->n * (size_t)p->n;
	if (p->first + (size_t)p->n > f->count)
		p->first = f->count - (size_t)p->n;
	p->names = va_rect_cut_left(&r, names);
	va_rect_cut_left(&r, gap / 2);
	va_rect_cut_right(&r, va_px(style, 8)); /* of the scroll bar */
	w = (r.w - p->n * gap) / (p->n + 1);
	p->parent = va_rect_cut_left(&r, w);
	for (int i = 0; i < p->n; i++) {
		va_rect_cut_left(&r, gap);
		p->child[i] = va_rect_cut_left(&r, w);
	}
	p->line = va_role_height(style, VA_TEXT_SMALL) + va_px(style, 2);
	p->cell = va_max(va_px(style, 7), va_min(p->parent.w / 34, va_px(style, 11)));
}

static size_t threads_of(const struct va_look *look, __u32 tgid, char *buf, size_t n)
{
	size_t count = 0, used = 0;

	*buf = 0;
	for (size_t i = 0; i < va_model_task_count(look->model); i++) {
		const struct va_task *task = va_model_task(look->model, i);

		if (task->tgid != tgid || task->end)
			continue;
		count++;
		if (used + 16 < n)
			used += (size_t)snprintf(buf + used, n - used, "%s%u", used ? ", " : "", task->tid);
	}
	return count;
}

static const struct va_task *task_of(const struct va_look *look, __u32 tgid, __u64 born)
{
	const struct va_task *task = va_model_find_task(look->model, tgid);

	return task && (!born || task->begin == born) ? task : NULL;
}

static void state_words(char *buf, size_t n, const struct va_task *task, const struct va_mm *mm, const struct va_look *look)
{
	char ended[64], clock[32];

	if (!task)
		snprintf(buf, n, "gone");
	else if (task->end)
		snprintf(buf, n, "%s at %s", va_words_ended(ended, sizeof(ended), task->exit_code),
			 va_words_clock(clock, sizeof(clock), task->end - va_history_begin(look->play->history)));
	else if (mm)
		snprintf(buf, n, "%zu VMAs", va_mm_vma_count(mm));
	else
		snprintf(buf, n, "no map of its own");
}

static void thread_line(struct va_scene *s, struct va_rect at, __u32 tgid, const struct va_look *look)
{
	char list[160], text[256];
	size_t n = threads_of(look, tgid, list, sizeof(list));

	if (n < 2)
		return;
	snprintf(text, sizeof(text), "%zu threads: %s", n, list);
	va_scene_text(s, at, VA_TEXT_SMALL, VA_LEFT, s->style->theme->dim, text);
}

static void head(struct va_scene *s, struct va_rect r, const char *role, __u32 tgid, const struct va_task *task, const struct va_mm *mm, bool chosen,
		 const struct va_look *look)
{
	const struct va_theme *t = s->style->theme;
	int label = va_role_height(s->style, VA_TEXT_LABEL), line = va_role_height(s->style, VA_TEXT_SMALL), strong = va_role_height(s->style, VA_TEXT_STRONG);
	struct va_rect at;
	char text[160];

	va_scene_text(s, va_rect_cut_top(&r, label), VA_TEXT_LABEL, VA_LEFT, chosen ? t->fresh : t->dim, role);
	at = va_rect_cut_top(&r, strong);
	snprintf(text, sizeof(text), "%s %u", task ? task->comm : "process", tgid);
	va_scene_text(s, at, VA_TEXT_STRONG, VA_LEFT, task && !task->end ? t->bright : t->dim, text);
	state_words(text, sizeof(text), task, mm, look);
	va_scene_text(s, va_rect_cut_top(&r, line), VA_TEXT_SMALL, VA_LEFT, t->dim, text);
	thread_line(s, va_rect_cut_top(&r, line), tgid, look);
}

static int heads_height(const struct va_style *style)
{
	return va_role_height(style, VA_TEXT_LABEL) + va_role_height(style, VA_TEXT_STRONG) + 2 * va_role_height(style, VA_TEXT_SMALL) + va_px(style, 4);
}

static void parent_head(struct va_scene *s, const struct va_fork_place *p, int y, const struct va_look *look)
{
	const struct va_fork_show *f = look->fork;
	const struct va_task *task = task_of(look, f->parent, 0);
	struct va_rect r = va_rect(p->parent.x, y, p->parent.w, heads_height(s->style));
	char tip[128];

	head(s, r, "parent", f->parent, task, va_model_mm(look->model, f->child[f->chosen].fork.parent_mm), false, look);
	snprintf(tip, sizeof(tip), "process %u, child of %u. Click to look at its map.", f->parent, task ? task->ppid : 0);
	va_scene_hit(s, r, VA_ACT_PROCESS, f->parent, tip);
}

static void child_head(struct va_scene *s, const struct va_fork_place *p, int i, int y, const struct va_look *look)
{
	const struct va_fork_show *f = look->fork;
	const struct va_fork_child *c = &f->child[p->first + (size_t)i];
	bool chosen = p->first + (size_t)i == f->chosen;
	struct va_rect r = va_rect(p->child[i].x, y, p->child[i].w, heads_height(s->style));
	char role[96], tip[160], clock[32];

	va_words_clock(clock, sizeof(clock), c->fork.ts - va_history_begin(look->play->history));
	if (f->count > 1)
		snprintf(role, sizeof(role), "child %zu of %zu, %s", p->first + (size_t)i + 1, f->count, clock);
	else
		snprintf(role, sizeof(role), "child, since %s", clock);
	s->alpha = va_clampf(part_of(f, c->fork.pos, look->now) * 2.5f, 0, 1);
	head(s, r, role, c->fork.child, task_of(look, c->fork.child, c->fork.ts), c->mm ? va_model_mm(look->model, c->mm) : NULL, chosen, look);
	s->alpha = 1;
	snprintf(tip, sizeof(tip), "forked at %s. Click to compare it with its parent, page by page (K: the next child).", clock);
	va_scene_hit(s, r, VA_ACT_FORK_CHILD, c->fork.child, tip);
	if (chosen && p->n > 1)
		va_scene_fill(s, va_rect(r.x, y - va_px(s->style, 3), r.w, va_px(s->style, 2)), s->style->theme->fresh);
}

/* Children that do not fit: counted, and a click away. */
static void more_children(struct va_scene *s, struct va_rect at, const struct va_fork_place *p, const struct va_look *look)
{
	const struct va_fork_show *f = look->fork;
	size_t after = f->count - p->first - (size_t)p->n;
	const struct va_theme *t = s->style->theme;
	char text[64];
	int line = va_role_height(s->style, VA_TEXT_SMALL);

	if (p->first) {
		struct va_rect left = va_rect(at.x, at.y, at.w, line);

		snprintf(text, sizeof(text), "‹ %zu earlier", p->first);
		va_scene_text(s, left, VA_TEXT_SMALL, VA_LEFT, t->accent, text);
		va_scene_hit(s, left, VA_ACT_FORK_CHILD, f->child[p->first - 1].fork.child, "children forked before these (Shift K)");
	}
	if (after) {
		struct va_rect right = va_rect(at.x, at.y + line, at.w, line);

		snprintf(text, sizeof(text), "%zu later ›", after);
		va_scene_text(s, right, VA_TEXT_SMALL, VA_LEFT, t->accent, text);
		va_scene_hit(s, right, VA_ACT_FORK_CHILD, f->child[p->first + (size_t)p->n].fork.child, "children forked after these (K)");
	}
}

/* --- columns ------------------------------------------------------------------------------------------------------------- */

static struct va_fork_column column_of(const struct va_fork_place *p, int i, const struct va_look *look)
{
	const struct va_fork_show *f = look->fork;
	const struct va_fork_child *c = &f->child[p->first + (size_t)i];
	const struct va_task *task = task_of(look, c->fork.child, c->fork.ts);
	struct va_fork_column col = {.is_child = true, .chosen = p->first + (size_t)i == f->chosen, .part = part_of(f, c->fork.pos, look->now), .r = p->child[i]};

	if (!c->mm || c->exec)
		return col;
	col.mm = va_model_mm(look->model, c->mm);
	col.over = !task || task->end || !col.mm || va_mm_ended(col.mm);
	if (!col.over)
		col.other = va_model_mm(look->model, c->fork.parent_mm);
	if (col.chosen && col.part < 1 && f->pair.fork.child)
		col.before = va_model_mm(f->pair.before, c->fork.parent_mm);
	return col;
}

static struct va_fork_column parent_column(const struct va_fork_place *p, const struct va_look *look)
{
	const struct va_fork_show *f = look->fork;
	const struct va_fork_child *c = &f->child[f->chosen];
	struct va_fork_column col = {.mm = va_model_mm(look->model, c->fork.parent_mm), .part = 1, .r = p->parent};

	if (va_fork_show_comparable(f))
		col.other = va_model_mm(look->model, c->mm);
	if (f->pair.fork.child && part_of(f, c->fork.pos, look->now) < 1)
		col.before = va_model_mm(f->pair.before, c->fork.parent_mm);
	return col;
}

/* exec: the copy fades out, and what is there now is named. */
static void replaced(struct va_scene *s, struct va_rect r, const struct va_fork_child *c, const struct va_look *look)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	const struct va_mm *mm = va_model_mm(look->model, c->mm), *old = va_model_mm(look->model, c->exec->old_mm);
	float part = part_of(look->fork, c->exec->pos, look->now);
	int line = va_role_height(style, VA_TEXT_SMALL), pad = va_px(style, 6);
	char text[128], clock[32];

	if (part < 0.6f && old) { /* what goes */
		s->alpha = 1 - part / 0.6f;
		for (size_t i = va_mm_vma_count(old), y = 0; i-- > 0 && (int)y + line < r.h; y += (size_t)line)
			va_scene_round(s, va_rect(r.x, r.y + (int)y, r.w, line - 2), 2, va_mm_vma(old, i)->anon ? t->anon_fill : t->file_fill);
	}
	s->alpha = va_clampf(part * 2.5f - 1.5f, 0, 1);
	va_scene_round(s, r, va_px(style, 4), va_colour_fade(t->raised, 0.7f));
	va_scene_border(s, r, va_px(style, 4), 1, t->line);
	r = va_rect_inset(r, pad, pad / 2);
	snprintf(text, sizeof(text), "exec at %s", va_words_clock(clock, sizeof(clock), c->exec->ts - va_history_begin(look->play->history)));
	va_scene_text(s, va_rect_cut_top(&r, line), VA_TEXT_LABEL, VA_LEFT, t->fresh, text);
	snprintf(text, sizeof(text), "%s: a new map in place of the copy", c->exec->comm);
	va_rect_cut_top(&r, va_scene_wrap(s, va_rect(r.x, r.y, r.w, va_min(3 * line, r.h)), VA_TEXT_SMALL, t->text, text) + pad / 2);
	for (size_t i = mm ? va_mm_vma_count(mm) : 0; i-- > 0 && r.h >= line;) {
		const struct va_vma *v = va_mm_vma(mm, i);
		struct va_rect at = va_rect_cut_top(&r, line);

		if (r.h < line && i) {
			va_scene_printf(s, at, VA_TEXT_SMALL, VA_LEFT, t->dim, "… and %zu more", i + 1);
			break;
		}
		va_scene_fill(s, va_rect(at.x, at.y + 2, va_px(style, 3), at.h - 4), v->anon ? t->anon : t->file);
		va_rect_cut_left(&at, va_px(style, 7));
		va_layout_fork_name(text, sizeof(text), mm, v, look);
		va_scene_text(s, at, VA_TEXT_SMALL, VA_LEFT, t->dim, text);
	}
	s->alpha = 1;
}

static void in_parents_map(struct va_scene *s, struct va_rect r)
{
	const struct va_theme *t = s->style->theme;

	va_scene_hatch(s, r, VA_HATCH_RISING, va_px(s->style, 8), 1, va_colour_fade(t->dim, 0.25f));
	va_scene_border(s, r, va_px(s->style, 4), 1, t->line);
	va_scene_wrap(s, va_rect_inset(r, va_px(s->style, 8), va_px(s->style, 8)), VA_TEXT_SMALL, t->text,
		      "vfork, or clone with CLONE_VM: it runs in its parent's map. Nothing is copied; exec will give it a map of its own.");
}

static void draw_columns(struct va_scene *s, struct va_rect area, const struct va_fork_place *p, const struct va_look *look)
{
	struct va_fork_column column[VA_FORK_COLUMNS + 1];
	const struct va_fork_show *f = look->fork;

	column[0] = parent_column(p, look);
	for (int i = 0; i < p->n; i++) {
		column[i + 1] = column_of(p, i, look);
		if (column[i + 1].over && column[i + 1].chosen)
			column[0].other = NULL;
	}
	va_layout_fork_rows(s, area, p, column, p->n + 1, look);
	for (int i = 0; i < p->n; i++) {
		const struct va_fork_child *c = &f->child[p->first + (size_t)i];
		struct va_rect r = va_rect(p->child[i].x, area.y, p->child[i].w, area.h);

		if (c->exec)
			replaced(s, r, c, look);
		else if (!c->mm)
			in_parents_map(s, r);
	}
	s->busy |= va_fork_show_busy(f, look->now);
}

static void nobody(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_theme *t = s->style->theme;
	const struct va_task *task = look->task;
	char text[320];

	va_scene_text(s, va_rect_cut_top(&r, va_role_height(s->style, VA_TEXT_TITLE) * 2), VA_TEXT_TITLE, VA_LEFT, t->text, "No fork to be seen");
	snprintf(text, sizeof(text), "%s%s has not forked by this moment%s When a process forks, the child gets a copy of its map, and both share all pages "
		 "until one of them writes. This view shows it page by page.", task ? task->comm : "The process", "",
		 task && task->ppid ? ", and its own fork is not in the recording." : ".");
	va_scene_wrap(s, r, VA_TEXT_BODY, t->dim, text);
}

void va_layout_fork(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_fork_show *f = look->fork;
	struct va_fork_place p = {0};
	struct va_rect foot;
	int heads = heads_height(s->style);

	if (!f->parent || !f->count) {
		nobody(s, r, look);
		return;
	}
	place_columns(&p, r, look);
	more_children(s, va_rect(p.names.x, r.y, p.names.w, heads), &p, look);
	parent_head(s, &p, r.y, look);
	for (int i = 0; i < p.n; i++)
		child_head(s, &p, i, r.y, look);
	va_rect_cut_top(&r, heads);
	foot = va_rect_cut_bottom(&r, va_layout_fork_foot_height(s->style, r.h, f->pair.fork.child && va_fork_show_copied(f)));
	va_rect_cut_bottom(&r, va_px(s->style, 4));
	draw_columns(s, r, &p, look);
	va_layout_fork_foot(s, foot, look);
}
