/* The head of the map pane: whose address space, what the colours are by, what they mean. Entries of the legend are clicked to see only those. */
#include <stdio.h>
#include <string.h>

#include "input.h"
#include "map_parts.h"

#define LOW 250 /* pane heights, at scale 1, below which there is no legend */

struct state {
	const char *title, *words;
	enum va_page_state state;
	bool dirty;
};

static const struct state states[] = {
	{"in RAM", "Pages of which the kernel's entry was read: present.", VA_STATE_SEEN, false},
	{"not known", "Nothing was seen of the page yet, or records were lost since.", VA_STATE_UNKNOWN, false},
	{"derived", "In RAM as follows from an event (fork, fault-around); its entry was not read.", VA_STATE_DERIVED, false},
	{"swapped", "Its entry names a place in swap, or is being moved.", VA_STATE_SWAPPED, false},
	{"absent", "Known to be not there: the next access faults.", VA_STATE_ABSENT, false},
	{"dirty", "Written to, as its entry said when it was read: a bar at the page's end.", VA_STATE_SEEN, true},
};
#define STATES (sizeof(states) / sizeof(states[0]))

static int line_height(const struct va_style *style)
{
	return va_role_height(style, VA_TEXT_SMALL) + va_px(style, 2);
}

static int swatch(const struct va_style *style)
{
	return va_px(style, 11);
}

static int entry_width(const struct va_style *style, const char *title)
{
	return va_role_width(style, VA_TEXT_SMALL, title) + swatch(style) + va_px(style, 19);
}

static const char *entry_title(enum va_colour_by by, unsigned i)
{
	return i < va_class_count(by) ? va_class_title(by, i) : states[i - va_class_count(by)].title;
}

/* Where entry i stands: line by line. All classes are shown; of the page states those that fit into the last line. Returns how many lines, *count how many entries. */
static int flow(const struct va_style *style, enum va_colour_by by, int w, struct va_rect *at, unsigned *count)
{
	int x = 0, lines = 1, h = line_height(style);
	unsigned classes = va_class_count(by), i;

	for (i = 0; i < classes + STATES; i++) {
		int need = entry_width(style, entry_title(by, i));

		if (x + need > w && x) {
			if (i > classes)
				break;
			lines++;
			x = 0;
		}
		if (need > w)
			break;
		at[i] = va_rect(x, (lines - 1) * h, need, h);
		x += need;
	}
	*count = i;
	return lines;
}

#define ENTRIES_MAX 24

int va_map_head_height(const struct va_style *style, const struct va_view *view, struct va_rect pane)
{
	struct va_rect at[ENTRIES_MAX];
	unsigned n;
	int title = va_role_height(style, VA_TEXT_STRONG) + va_px(style, 5);

	if (pane.h < va_px(style, LOW))
		return title;
	return title + flow(style, view->map.by, pane.w, at, &n) * line_height(style) + va_px(style, 3);
}

static void class_swatch(struct va_scene *s, struct va_rect box, unsigned class, const struct va_look *look)
{
	const struct va_style *style = s->style;
	struct va_paint p = va_class_paint(style->theme, look->view->map.by, class);
	bool kernels = p.fill == style->theme->kernel, files = look->view->map.by == VA_BY_KIND && class == 1;

	bool figure = look->view->map.by == VA_BY_HEAT || look->view->map.by == VA_BY_AGE;

	va_scene_round(s, box, 2, figure ? p.edge : p.fill);
	if (kernels || files)
		va_scene_hatch(s, box, kernels ? VA_HATCH_DOTS : VA_HATCH_RISING, va_px(style, 5), va_px(style, 1.4f), va_colour_fade(p.edge, 0.5f));
	va_scene_border(s, box, 2, look->view->map.only >> class & 1 ? va_px(style, 2) : 1, p.edge);
}

static void state_swatch(struct va_scene *s, struct va_rect box, const struct state *st)
{
	const struct va_theme *t = s->style->theme;

	va_map_cell(s, box, st->state, t->resident_anon);
	if (st->dirty)
		va_scene_fill(s, va_rect(box.x + box.w - va_px(s->style, 4), box.y, va_px(s->style, 4), box.h), t->bright);
}

static void entry(struct va_scene *s, struct va_rect r, unsigned i, const struct va_look *look)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	enum va_colour_by by = look->view->map.by;
	unsigned classes = va_class_count(by), only = look->view->map.only;
	int h = swatch(style);
	struct va_rect box = va_rect(r.x, r.y + (r.h - h) / 2, h + va_px(style, 3), h), text;
	bool chosen = i < classes && only >> i & 1;
	char tip[300];

	text = va_rect(box.x + box.w + va_px(style, 4), r.y, r.x + r.w - box.x - box.w - va_px(style, 4), r.h);
	s->alpha = i < classes && only && !chosen ? 0.4f : 1;
	if (i < classes)
		class_swatch(s, box, i, look);
	else
		state_swatch(s, box, &states[i - classes]);
	va_scene_text(s, text, VA_TEXT_SMALL, VA_LEFT, chosen ? t->bright : t->dim, entry_title(by, i));
	s->alpha = 1;
	if (chosen)
		va_scene_fill(s, va_rect(text.x, r.y + r.h - 2, va_role_width(style, VA_TEXT_SMALL, entry_title(by, i)), 1), t->bright);
	if (i >= classes) {
		va_scene_hit(s, r, VA_ACT_TIP, 0, states[i - classes].words);
		return;
	}
	snprintf(tip, sizeof(tip), "%s\n%s", va_class_words(by, i), chosen ? "Click: no longer only these." : "Click: only these stand out.");
	va_scene_hit(s, r, VA_ACT_FILTER, VA_FILTER(by, i), tip);
}

static struct va_rect button(struct va_scene *s, struct va_rect *head, const char *text, enum va_action_id action, bool lit, const char *tip)
{
	const struct va_style *style = s->style;
	const struct va_theme *t = style->theme;
	int w = va_role_width(style, VA_TEXT_SMALL, text) + va_px(style, 14);
	struct va_rect r;

	if (w > head->w)
		return va_rect(0, 0, 0, 0);
	r = va_rect_cut_right(head, w);
	va_rect_cut_right(head, va_px(style, 6));
	va_scene_round(s, r, va_px(style, 3), t->raised);
	va_scene_border(s, r, va_px(style, 3), 1, lit ? t->accent : t->line);
	va_scene_text(s, r, VA_TEXT_SMALL, VA_CENTRE, lit ? t->bright : t->text, text);
	va_scene_hit(s, r, action, 0, tip);
	return r;
}

static void filter_button(struct va_scene *s, struct va_rect *head, const struct va_look *look)
{
	enum va_colour_by by = look->view->map.by;
	char text[200] = "only ";
	unsigned only = look->view->map.only, n = 0;

	for (unsigned i = 0; i < va_class_count(by); i++)
		if (only >> i & 1)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", n++ ? ", " : "", va_class_title(by, i));
	if (!n)
		return;
	if (n > 2)
		snprintf(text, sizeof(text), "only %u of %u", n, va_class_count(by));
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "  ×");
	button(s, head, text, VA_ACT_FILTER_CLEAR, true, "Everything else is faded. Click, 0 or Esc: all of it again.");
}

void va_map_head(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_style *style = look->style;
	enum va_colour_by by = look->view->map.by;
	struct va_rect head = va_rect_cut_top(&r, va_role_height(style, VA_TEXT_STRONG)), at[ENTRIES_MAX];
	char text[64], tip[200];
	unsigned n;

	va_rect_cut_top(&r, va_px(style, 5));
	snprintf(text, sizeof(text), "colour: %s", va_colour_by_name(by));
	snprintf(tip, sizeof(tip), "Coloured by %s: %s. Click or %s: the next colouring.", va_colour_by_name(by), va_colour_by_words(by), va_action_key(VA_ACT_COLOUR_NEXT));
	button(s, &head, text, VA_ACT_COLOUR_NEXT, by != VA_BY_KIND, tip);
	filter_button(s, &head, look);
	va_scene_printf(s, head, VA_TEXT_STRONG, VA_LEFT, style->theme->text, look->task ? "Address space of %s" : "Address space",
			look->task ? look->task->comm : "");
	if (r.h < line_height(style))
		return;
	flow(style, by, r.w, at, &n);
	for (unsigned i = 0; i < n; i++)
		entry(s, va_rect(r.x + at[i].x, r.y + at[i].y, at[i].w - va_px(style, 6), at[i].h), i, look);
}
