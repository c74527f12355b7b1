/* The difference tab: the moments A and B, what differs between them in figures, as a picture of both maps, and as a table. */
#include <math.h>
#include <stdio.h>

#include "layout.h"
#include "maps.h"
#include "words.h"

struct sign { /* of a row: how it is drawn and said */
	const char *letter, *word;
	va_colour colour;
};

static struct sign sign_of(const struct va_theme *t, const struct va_diff_row *row)
{
	switch (row->change) {
	case VA_CHANGE_ADDED:
		return (struct sign){"+", "added", t->good};
	case VA_CHANGE_GROWN:
		return (struct sign){"+", "grown", t->good};
	case VA_CHANGE_GONE:
		return (struct sign){"−", "gone", t->bad};
	case VA_CHANGE_SHRUNK:
		return (struct sign){"−", "shrunk", t->bad};
	default:
		break;
	}
	if (row->anew)
		return (struct sign){"±", "mapped anew", t->cow};
	if (row->permission)
		return (struct sign){"≠", "permission", t->cow};
	if (row->renamed)
		return (struct sign){"≠", "renamed", t->cow};
	if (row->differs && va_page_changes_any(&row->pages))
		return (struct sign){"•", "pages", t->fresh};
	return (struct sign){"≠", "flags", t->dim};
}

/* --- the moments ------------------------------------------------------------------------------------------------------- */

static void moment_line(struct va_scene *s, struct va_rect r, const struct va_look *look, bool is_b)
{
	const struct va_theme *t = look->style->theme;
	const struct va_moment *m = is_b ? &look->view->moments.b : &look->view->moments.a;
	int gap = va_px(look->style, 8);
	struct va_rect name = va_rect_cut_left(&r, va_px(look->style, 22)), clock = va_rect_cut_left(&r, va_role_width(look->style, VA_TEXT_MONO_STRONG, "0000.000 s") + gap);
	const struct va_mark *mark;
	const char *text;
	char buf[32];

	va_scene_round(s, va_rect(name.x, name.y + 1, name.w - va_px(look->style, 4), name.h - 2), va_px(look->style, 3), m->set ? t->fresh : t->faint);
	va_scene_text(s, va_rect(name.x, name.y, name.w - va_px(look->style, 4), name.h), VA_TEXT_STRONG, VA_CENTRE, m->set ? t->ground : t->dim, is_b ? "B" : "A");
	va_words_clock(buf, sizeof(buf), (m->set ? m->ts : look->play->time) - va_history_begin(look->play->history));
	va_scene_text(s, va_rect(clock.x, clock.y, clock.w - gap, clock.h), VA_TEXT_MONO_STRONG, VA_LEFT, m->set || is_b ? t->text : t->dim, m->set || is_b ? buf : "not set");
	if (m->set)
		va_layout_button(s, &r, "go there", false, is_b ? VA_ACT_B_GO : VA_ACT_A_GO, 0, "the picture goes to this moment");
	va_layout_button(s, &r, "set here", false, is_b ? VA_ACT_B_HERE : VA_ACT_A_HERE, 0,
			 is_b ? "B is the moment shown now  Shift B" : "A is the moment shown now  Shift A");
	if (is_b && !m->set) {
		va_scene_text(s, r, VA_TEXT_SMALL, VA_LEFT, t->dim, "the moment shown");
		return;
	}
	mark = m->set ? va_chronicle_mark(look->chronicle, m->ts) : NULL;
	text = mark && mark->pos <= m->pos ? va_texts_get(look->texts, mark->text) : NULL;
	if (text)
		va_scene_text(s, r, VA_TEXT_SMALL, VA_LEFT, t->dim, text);
}

static struct va_rect moments(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	int line = va_px(look->style, 22), gap = va_px(look->style, 4);
	struct va_rect buttons;

	moment_line(s, va_rect_cut_top(&r, line), look, false);
	va_rect_cut_top(&r, gap);
	moment_line(s, va_rect_cut_top(&r, line), look, true);
	va_rect_cut_top(&r, gap);
	if (look->view->moments.a.set) {
		buttons = va_rect_cut_top(&r, line);
		va_layout_button(s, &buttons, "swap A and B", false, VA_ACT_AB_SWAP, 0, "Ctrl X");
		va_layout_button(s, &buttons, "timeline from A to B", false, VA_ACT_AB_ZOOM, 0, "Shift X");
		va_layout_button(s, &buttons, "forget both", false, VA_ACT_AB_CLEAR, 0, "neither A nor B");
		va_rect_cut_top(&r, 2 * gap);
	}
	return r;
}

static struct va_rect bookmarks(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_moments *m = &look->view->moments;
	struct va_rect line = va_rect_cut_top(&r, va_px(look->style, 22));
	char text[48], clock[32];

	va_rect_cut_left(&line, va_scene_text(s, line, VA_TEXT_SMALL, VA_LEFT, look->style->theme->dim, "bookmarks") + va_px(look->style, 8));
	for (unsigned i = 0; i < m->bookmarks; i++) {
		snprintf(text, sizeof(text), "%u  %s", i + 1, va_words_clock(clock, sizeof(clock), m->bookmark[i].ts - va_history_begin(look->play->history)));
		va_layout_button(s, &line, text, m->bookmark[i].pos == look->play->pos, VA_ACT_SEEK, m->bookmark[i].pos, "go there; B there takes it away");
	}
	va_rect_cut_top(&r, va_px(look->style, 8));
	return r;
}

/* --- figures ----------------------------------------------------------------------------------------------------------- */

static void figure(struct va_scene *s, struct va_rect *r, va_colour sign, const char *what, const char *value)
{
	const struct va_style *style = s->style;
	int gap = va_px(style, 14), w = va_max(va_role_width(style, VA_TEXT_SMALL, what), va_role_width(style, VA_TEXT_MONO_STRONG, value)) + va_px(style, 8);
	struct va_rect at;

	if (r->w < w)
		return;
	at = va_rect_cut_left(r, w);
	va_rect_cut_left(r, gap);
	va_scene_fill(s, va_rect(at.x, at.y + va_px(style, 2), va_px(style, 3), at.h - va_px(style, 4)), sign);
	va_rect_cut_left(&at, va_px(style, 8));
	va_scene_text(s, va_rect_cut_top(&at, at.h / 2), VA_TEXT_SMALL, VA_LEFT, style->theme->dim, what);
	va_scene_text(s, at, VA_TEXT_MONO_STRONG, VA_LEFT, style->theme->text, value);
}

static void size_figure(struct va_scene *s, struct va_rect *r, va_colour colour, const char *what, __u64 bytes)
{
	char buf[32];

	figure(s, r, colour, what, bytes ? va_words_size(buf, sizeof(buf), bytes) : "0");
}

static void count_figure(struct va_scene *s, struct va_rect *r, va_colour colour, const char *what, __u64 count)
{
	char buf[32];

	figure(s, r, count ? colour : s->style->theme->faint, what, va_words_count(buf, sizeof(buf), count));
}

static struct va_rect figures(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_diff *d = &look->compare->diff;
	const struct va_theme *t = look->style->theme;
	int h = va_role_height(look->style, VA_TEXT_SMALL) + va_role_height(look->style, VA_TEXT_MONO_STRONG) + va_px(look->style, 2);
	struct va_rect first = va_rect_cut_top(&r, h), second;
	char vmas[48];

	va_rect_cut_top(&r, va_px(look->style, 5));
	second = va_rect_cut_top(&r, h);
	va_rect_cut_top(&r, va_px(look->style, 8));
	snprintf(vmas, sizeof(vmas), "%zu → %zu", d->vmas_a, d->vmas_b);
	figure(s, &first, d->vmas_a != d->vmas_b ? t->fresh : t->faint, "VMAs", vmas);
	size_figure(s, &first, d->bytes[VA_CHANGE_ADDED] ? t->good : t->faint, "+ added", d->bytes[VA_CHANGE_ADDED]);
	size_figure(s, &first, d->bytes[VA_CHANGE_GROWN] ? t->good : t->faint, "+ grown", d->bytes[VA_CHANGE_GROWN]);
	size_figure(s, &first, d->bytes[VA_CHANGE_GONE] ? t->bad : t->faint, "− gone", d->bytes[VA_CHANGE_GONE]);
	size_figure(s, &first, d->bytes[VA_CHANGE_SHRUNK] ? t->bad : t->faint, "− shrunk", d->bytes[VA_CHANGE_SHRUNK]);
	count_figure(s, &first, t->cow, "≠ permission", d->permission);
	count_figure(s, &first, t->cow, "≠ renamed", d->renamed);
	count_figure(s, &second, t->fresh, "pages that came", d->pages.arrived);
	count_figure(s, &second, t->fresh, "pages that left", d->pages.left);
	count_figure(s, &second, t->fresh, "in another frame", d->pages.moved);
	count_figure(s, &second, t->fresh, "written", d->pages.written);
	count_figure(s, &second, t->dim, "not known", d->pages.unknown);
	return r;
}

/* --- picture ----------------------------------------------------------------------------------------------------------- */

/* So that a page can be seen beside a gigabyte. */
static double weight(const struct va_diff_row *row)
{
	return 3 + log2((double)((row->end - row->start) >> 12));
}

static bool in_a(const struct va_diff_row *row)
{
	return row->a.start < row->a.end;
}

static bool in_b(const struct va_diff_row *row)
{
	return row->b.start < row->b.end;
}

static void piece(struct va_scene *s, struct va_rect r, const struct va_diff_row *row, const struct va_vma *vma)
{
	const struct va_theme *t = s->style->theme;
	va_colour fill = vma->anon ? t->anon_fill : t->file_fill;
	struct sign sign = sign_of(t, row);

	va_scene_fill(s, r, row->differs ? fill : va_colour_mix(fill, t->panel, 0.55f));
	if (row->differs)
		va_scene_border(s, r, 0, va_max(1, va_px(s->style, 1)), sign.colour);
}

/* What became of its pages, from the left: came, left, another frame or written. */
static void page_bar(struct va_scene *s, struct va_rect r, const struct va_diff_row *row)
{
	const struct va_theme *t = s->style->theme;
	const struct va_page_changes *p = &row->pages;
	double all = (double)((row->end - row->start) >> 12);
	int came = (int)ceil(r.w * (double)p->arrived / all), left = (int)ceil(r.w * (double)p->left / all);
	int other = (int)ceil(r.w * (double)(p->moved + p->written) / all);

	va_scene_fill(s, va_rect_cut_left(&r, came), t->good);
	va_scene_fill(s, va_rect_cut_left(&r, left), t->bad);
	va_scene_fill(s, va_rect_cut_left(&r, other), t->cow);
}

static void row_tip(char *buf, size_t n, const struct va_diff_row *row, const char *name)
{
	char size[32];

	va_words_size(size, sizeof(size), row->end - row->start);
	snprintf(buf, n, "%llx … %llx  %s  %s\n%s", (unsigned long long)row->start, (unsigned long long)row->end, size, name,
		 row->differs ? sign_of(&va_theme_dark, row).word : "as it was");
}

static const char *name_of(const struct va_look *look, const struct va_diff_row *row, bool after, char *buf, size_t n)
{
	const struct va_mm *mm = va_model_mm_of(after ? look->compare->b : look->compare->a, look->compare->tgid);

	return va_vma_name(mm, after ? &row->b : &row->a, look->texts, look->header->rules, buf, n);
}

static struct va_rect picture(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_diff *d = &look->compare->diff;
	const struct va_theme *t = look->style->theme;
	int lane = va_px(look->style, 20), bar = va_px(look->style, 6), label = va_px(look->style, 18);
	struct va_rect all = va_rect_cut_top(&r, 2 * lane + bar + va_px(look->style, 2)), a, b, pages;
	double sum = 0, at = 0;
	char text[VMATLAS_TEXT_MAX + 32], tip[512];

	va_rect_cut_top(&r, va_px(look->style, 10));
	a = va_rect(all.x, all.y, all.w, lane);
	pages = va_rect(all.x + label, all.y + lane + 1, all.w - label, bar);
	b = va_rect(all.x, all.y + lane + bar + 2, all.w, lane);
	va_scene_text(s, va_rect_cut_left(&a, label), VA_TEXT_STRONG, VA_LEFT, t->dim, "A");
	va_scene_text(s, va_rect_cut_left(&b, label), VA_TEXT_STRONG, VA_LEFT, t->dim, "B");
	for (size_t i = 0; i < d->count; i++)
		sum += weight(&d->row[i]);
	for (size_t i = 0; i < d->count; i++) {
		const struct va_diff_row *row = &d->row[i];
		int x0 = (int)(a.w * at / sum), x1 = (int)(a.w * (at + weight(row)) / sum), w = va_max(x1 - x0 - 1, 1);

		at += weight(row);
		if (in_a(row))
			piece(s, va_rect(a.x + x0, a.y, w, lane), row, &row->a);
		if (in_b(row))
			piece(s, va_rect(b.x + x0, b.y, w, lane), row, &row->b);
		page_bar(s, va_rect(pages.x + x0, pages.y, w, bar), row);
		row_tip(tip, sizeof(tip), row, va_words_basename(name_of(look, row, in_b(row), text, sizeof(text))));
		va_scene_hit(s, va_rect(a.x + x0, all.y, va_max(w, 2), all.h), VA_ACT_DIFF_ROW, row->start, tip);
	}
	return r;
}

/* --- table ------------------------------------------------------------------------------------------------------------- */

struct columns {
	int change, address, size, perms, pages; /* widths */
};

static struct columns columns_in(const struct va_rect *r, const struct va_style *style)
{
	int gap = va_px(style, 10);
	struct columns c = {va_role_width(style, VA_TEXT_SMALL, "≠ mapped anew") + gap, va_role_width(style, VA_TEXT_MONO_SMALL, "0000 0000 0000") + gap,
			    va_role_width(style, VA_TEXT_MONO_SMALL, "1000.0 KiB") + gap, va_role_width(style, VA_TEXT_MONO_SMALL, "rw-p → rw-p") + gap,
			    va_role_width(style, VA_TEXT_MONO_SMALL, "+1,234 −1,234 ") + gap};

	if (r->w < c.change + c.address + c.size + c.perms + c.pages + va_px(style, 60))
		c.perms = 0;
	if (r->w < c.change + c.address + c.size + c.pages + va_px(style, 60))
		c.pages = 0;
	return c;
}

static void heading(struct va_scene *s, struct va_rect at, const struct va_look *look, const char *text, enum va_align align, int sort)
{
	const struct va_theme *t = look->style->theme;
	bool on = (int)look->view->moments.sort == sort;
	char buf[48];

	snprintf(buf, sizeof(buf), "%s%s", text, on ? sort == VA_DIFF_BY_ADDRESS ? " ↑" : " ↓" : "");
	at.w -= va_px(look->style, 10);
	va_scene_text(s, at, VA_TEXT_SMALL, align, on ? t->text : t->dim, buf);
	if (sort >= 0)
		va_scene_hit(s, at, VA_ACT_DIFF_SORT, (uint64_t)sort, "sort by this");
}

static void headings(struct va_scene *s, struct va_rect r, const struct columns *c, const struct va_look *look)
{
	va_scene_fill(s, va_rect(r.x, r.y + r.h - 1, r.w, 1), look->style->theme->line);
	heading(s, va_rect_cut_left(&r, c->change), look, "change", VA_LEFT, -1);
	heading(s, va_rect_cut_left(&r, c->address), look, "address", VA_LEFT, VA_DIFF_BY_ADDRESS);
	heading(s, va_rect_cut_left(&r, c->size), look, "size", VA_RIGHT, VA_DIFF_BY_SIZE);
	if (c->perms)
		heading(s, va_rect_cut_left(&r, c->perms), look, "access", VA_LEFT, -1);
	if (c->pages)
		heading(s, va_rect_cut_left(&r, c->pages), look, "pages", VA_LEFT, VA_DIFF_BY_PAGES);
	heading(s, r, look, "name", VA_LEFT, -1);
}

static void pages_text(char *buf, size_t n, const struct va_page_changes *p)
{
	const struct {
		const char *sign;
		__u64 count;
	} each[] = {{"+", p->arrived}, {"−", p->left}, {"»", p->moved}, {"!", p->written}, {"?", p->unknown}};
	size_t at = 0;
	char count[32];

	*buf = '\0';
	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]) && at < n; i++)
		if (each[i].count)
			at += (size_t)snprintf(buf + at, n - at, "%s%s%s", at ? " " : "", each[i].sign, va_words_count(count, sizeof(count), each[i].count));
}

static void perms_text(char *buf, size_t n, const struct va_diff_row *row)
{
	char a[5] = "", b[5] = "";

	if (in_a(row))
		va_vma_perms(row->a.vm_flags, a);
	if (in_b(row))
		va_vma_perms(row->b.vm_flags, b);
	snprintf(buf, n, "%s%s%s", in_a(row) ? a : b, row->permission ? " → " : "", row->permission ? b : "");
}

static void cell(struct va_scene *s, struct va_rect *r, int w, enum va_text_role role, enum va_align align, va_colour colour, const char *text)
{
	struct va_rect at = va_rect_cut_left(r, w);

	if (w)
		va_scene_text(s, va_rect(at.x, at.y, at.w - va_px(s->style, 10), at.h), role, align, colour, text);
}

static void table_row(struct va_scene *s, struct va_rect r, const struct columns *c, const struct va_diff_row *row, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	struct sign sign = sign_of(t, row);
	bool chosen = look->view->selected >= row->start && look->view->selected < row->end;
	char text[96], name[VMATLAS_TEXT_MAX + 32];
	const char *shown;
	struct va_rect all = r;

	if (chosen)
		va_scene_fill(s, r, va_colour_mix(t->raised, t->accent, 0.12f));
	va_scene_hit(s, all, VA_ACT_DIFF_ROW, row->start, NULL);
	snprintf(text, sizeof(text), "%s %s", sign.letter, sign.word);
	cell(s, &r, c->change, VA_TEXT_SMALL, VA_LEFT, sign.colour, text);
	cell(s, &r, c->address, VA_TEXT_MONO_SMALL, VA_LEFT, t->text, va_words_address(text, sizeof(text), row->start));
	cell(s, &r, c->size, VA_TEXT_MONO_SMALL, VA_RIGHT, t->text, va_words_size(text, sizeof(text), row->end - row->start));
	perms_text(text, sizeof(text), row);
	cell(s, &r, c->perms, VA_TEXT_MONO_SMALL, VA_LEFT, row->permission ? t->text : t->dim, text);
	pages_text(text, sizeof(text), &row->pages);
	cell(s, &r, c->pages, VA_TEXT_MONO_SMALL, VA_LEFT, t->text, text);
	shown = name_of(look, row, in_b(row), name, sizeof(name));
	va_scene_text_tail(s, r, VA_TEXT_SMALL, VA_LEFT, row->stale ? t->warn : *shown ? t->text : t->dim, *shown ? shown : "anonymous");
}

static void table(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_compare *compare = look->compare;
	int line = va_role_height(look->style, VA_TEXT_SMALL) + va_px(look->style, 4), n = (int)compare->diff.differing, top;
	struct va_rect head = va_rect_cut_top(&r, line);
	struct columns c;

	if (r.h < line)
		return;
	top = va_layout_scroll(s, &r, look, VA_SCROLL_STAGE, n * line);
	c = columns_in(&r, look->style);
	headings(s, va_rect(r.x, head.y, r.w, head.h), &c, look);
	va_scene_clip(s, r);
	for (int i = top / line; i < n && i * line - top < r.h; i++) {
		struct va_rect at = va_rect(r.x, r.y + i * line - top, r.w, line);

		if (at.y >= r.y && at.y + at.h <= r.y + r.h)
			table_row(s, at, &c, &compare->diff.row[compare->order[i]], look);
	}
}

/* --- all of it --------------------------------------------------------------------------------------------------------- */

static struct va_rect sentence(struct va_scene *s, struct va_rect r, va_colour colour, const char *text)
{
	va_rect_cut_top(&r, va_scene_wrap(s, r, VA_TEXT_BODY, colour, text) + va_px(s->style, 6));
	return r;
}

void va_layout_difference(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	const struct va_compare *compare = look->compare;
	struct va_rect all = r;

	r = moments(s, r, look);
	if (look->view->moments.bookmarks)
		r = bookmarks(s, r, look);
	if (!look->view->moments.a.set || !compare->ready) {
		sentence(s, r, t->dim, "Set A at one moment, then go on: what differs from then to the moment shown appears here. Set B to keep the other end, too. "
			 "Shift and drag on the timeline sets both.");
		return;
	}
	if (compare->diff.unsure)
		r = sentence(s, r, t->warn, "Not all of this map is told at these moments, or records were lost: it may differ from the kernel's.");
	if (compare->diff.replaced)
		r = sentence(s, r, t->text, "The process called execve in between: another map. All of the first is gone, all of the second is new.");
	r = figures(s, r, look);
	if (!compare->diff.count)
		sentence(s, r, t->dim, "The process has no map at either moment.");
	else if (!compare->diff.differing)
		sentence(s, picture(s, r, look), t->dim, "Nothing differs, as far as is known.");
	else
		table(s, picture(s, r, look), look);
	va_scene_clip(s, all);
}
