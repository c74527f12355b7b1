/* The stage: a row of tabs, and below it what the chosen tab shows. Also the scroll bar of lists. */
#include <stdio.h>

#include "layout.h"

/* With how many were noticed. */
static const char *title_of(const struct va_look *look, int i, char *buf, size_t n)
{
	size_t count = i == VA_TAB_NOTICED && look->notices ? va_notices_count(look->notices) : 0;

	if (!count)
		return va_tabs[i].title;
	snprintf(buf, n, "%s %zu", va_tabs[i].title, count);
	return buf;
}

static int offered(void)
{
	int n = 0;

	for (int i = 0; i < VA_TABS; i++)
		n += va_tabs[i].layout != NULL;
	return n;
}

static int tab_width(const struct va_style *style, const char *title, int pad)
{
	return va_role_width(style, VA_TEXT_STRONG, title) + 2 * pad;
}

/* Tabs move together where room is short; the last resort is "…". */
static int padding(const struct va_look *look, int room)
{
	const struct va_style *style = look->style;
	int texts = 0, n = offered();
	char buf[48];

	for (int i = 0; i < VA_TABS; i++)
		texts += va_tabs[i].layout ? tab_width(style, title_of(look, i, buf, sizeof(buf)), 0) : 0;
	return va_max(va_min((room - texts) / (2 * n), va_px(style, 10)), va_px(style, 3));
}

static void one_tab(struct va_scene *s, struct va_rect at, int i, const char *title, bool chosen, int pad)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	char tip[128];

	if (chosen)
		va_scene_fill(s, va_rect(at.x, at.y + at.h - va_px(style, 2), at.w, va_px(style, 2)), t->fresh);
	va_scene_text(s, va_rect_inset(at, pad, 0), chosen ? VA_TEXT_STRONG : VA_TEXT_BODY, VA_CENTRE, chosen ? t->bright : t->dim, title);
	snprintf(tip, sizeof(tip), "%d: %s", i + 1, va_tabs[i].tip);
	va_scene_hit(s, at, VA_ACT_TAB, (uint64_t)i, tip);
}

static void tab_row(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	int pad = padding(look, r.w), each = r.w / offered();
	bool tight = pad == va_px(look->style, 3);
	char buf[48];

	va_scene_fill(s, va_rect(r.x, r.y + r.h - 1, r.w, 1), look->style->theme->line);
	for (int i = 0; i < VA_TABS; i++)
		if (va_tabs[i].layout) {
			const char *title = title_of(look, i, buf, sizeof(buf));
			int w = tab_width(look->style, title, pad);

			one_tab(s, va_rect_cut_left(&r, tight ? va_min(w, each) : w), i, title, i == (int)look->view->tab, pad);
		}
}

void va_layout_stage(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	struct va_rect in = va_layout_pane(s, r, NULL);
	const struct va_style *style = look->style;

	tab_row(s, va_rect_cut_top(&in, va_role_height(style, VA_TEXT_STRONG) + va_px(style, 7)), look);
	va_rect_cut_top(&in, va_px(style, 7));
	va_scene_clip(s, in);
	va_tabs[look->view->tab].layout(s, in, look);
	va_scene_clip(s, r);
}

int va_layout_scroll(struct va_scene *s, struct va_rect *r, const struct va_look *look, unsigned id, int height)
{
	const struct va_style *style = look->style;
	int room = height - r->h, bar = va_px(style, 4), at, thumb;
	struct va_rect track;

	va_scene_scroll(s, *r, id, height);
	if (room <= 0)
		return 0;
	at = va_min(look->view->scroll[id], room);
	track = va_rect_cut_right(r, bar);
	va_rect_cut_right(r, va_px(style, 4));
	thumb = va_max(track.h * track.h / height, va_px(style, 16));
	va_scene_round(s, track, bar / 2, style->theme->faint);
	va_scene_round(s, va_rect(track.x, track.y + (int)((long)(track.h - thumb) * at / room), bar, thumb), bar / 2, style->theme->dim);
	return at;
}
