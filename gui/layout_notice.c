/* What was noticed: of the process shown first, then of the others; what holds before what is over. The chosen one says also why, and what to do. */
#include <stdio.h>

#include "layout.h"
#include "words.h"

#define CARDS_MAX 256 /* shown; the others are counted */
#define LINES_MAX 8

struct card {
	size_t index; /* of the notice */
	int rank;     /* smaller stands above */
};

static int rank_of(const struct va_look *look, const struct va_notice *n)
{
	return (n->tgid != look->view->tgid) * 2 + (n->end != 0);
}

/* A stable order: by rank, then as they came. */
static size_t sorted(const struct va_look *look, struct card cards[CARDS_MAX])
{
	size_t n = 0;

	for (int rank = 0; rank < 4; rank++)
		for (size_t i = 0; i < va_notices_count(look->notices) && n < CARDS_MAX; i++)
			if (rank_of(look, va_notices_at(look->notices, i)) == rank)
				cards[n++] = (struct card){i, rank};
	return n;
}

struct text {
	enum va_text_role role;
	bool strong;
	const char *label;
	char text[512];
};

/* What a card says, below its heading. */
static int texts_of(const struct va_look *look, const struct va_notice *n, struct text t[3])
{
	t[0] = (struct text){.role = VA_TEXT_BODY, .strong = true};
	va_words_notice(t[0].text, sizeof(t[0].text), n, look->play->time);
	if (!va_notice_chosen(&look->view->notice_view, n))
		return 1;
	t[1] = (struct text){.role = VA_TEXT_SMALL};
	snprintf(t[1].text, sizeof(t[1].text), "Why it matters: %s", va_words_notice_why(n->kind));
	t[2] = (struct text){.role = VA_TEXT_SMALL};
	snprintf(t[2].text, sizeof(t[2].text), "What one could do: %s", va_words_notice_advice(n->kind));
	return 3;
}

static int heading_height(const struct va_style *style)
{
	return va_role_height(style, VA_TEXT_STRONG) + va_px(style, 4);
}

static int links_height(const struct va_style *style)
{
	return va_role_height(style, VA_TEXT_SMALL) + va_px(style, 8);
}

static int pad_of(const struct va_style *style)
{
	return va_px(style, 9);
}

static int card_height(const struct va_scene *s, int w, const struct va_look *look, const struct va_notice *n)
{
	struct text t[3];
	int count = texts_of(look, n, t), h = heading_height(look->style) + links_height(look->style) + 2 * pad_of(look->style);

	for (int i = 0; i < count; i++)
		h += va_scene_wrap_height(s, w - 2 * pad_of(look->style) - va_px(look->style, 6), t[i].role, t[i].text, LINES_MAX) + va_px(look->style, 4);
	return h;
}

/* Sign (full: holds, ring: over), title, whose. */
static void heading(struct va_scene *s, struct va_rect r, const struct va_look *look, const struct va_notice *n)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	int sign = va_px(style, 9);
	struct va_rect at = va_rect(r.x, r.y + (r.h - sign) / 2, sign, sign);
	char who[64];

	if (n->end)
		va_scene_border(s, at, sign / 2, va_max(va_px(style, 1.5f), 1), t->dim);
	else
		va_scene_round(s, at, sign / 2, t->warn);
	va_rect_cut_left(&r, sign + va_px(style, 8));
	va_rect_cut_left(&r, va_scene_text(s, r, VA_TEXT_STRONG, VA_LEFT, n->end ? t->text : t->bright, va_words_notice_title(n->kind)) + va_px(style, 12));
	snprintf(who, sizeof(who), "%s %u", n->comm, n->tgid);
	if (r.w > va_px(style, 40))
		va_scene_text(s, r, VA_TEXT_SMALL, VA_RIGHT, t->dim, who);
}

static void one_link(struct va_scene *s, struct va_rect *r, const char *text, enum va_action_id action, size_t index, const char *tip)
{
	const struct va_style *style = s->style;
	int w = va_min(va_role_width(style, VA_TEXT_SMALL, text) + va_px(style, 14), r->w);
	struct va_rect at = va_rect_cut_left(r, w);

	if (at.w < va_px(style, 24))
		return;
	va_scene_border(s, at, va_px(style, 3), 1, style->theme->line);
	va_scene_text(s, va_rect_inset(at, va_px(style, 6), 0), VA_TEXT_SMALL, VA_LEFT, style->theme->text, text);
	va_scene_hit(s, at, action, index, tip);
	va_rect_cut_left(r, va_px(style, 8));
}

static void links(struct va_scene *s, struct va_rect r, const struct va_look *look, const struct va_notice *n, size_t index)
{
	char text[96], state[80], addr[32];

	va_words_address(addr, sizeof(addr), n->start);
	snprintf(text, sizeof(text), "→ %s", addr);
	one_link(s, &r, text, VA_ACT_NOTICE, index, "To the memory that shows it: chooses the process and its box, and goes to a moment when it was so");
	va_words_notice_state(state, sizeof(state), n, va_history_begin(look->play->history));
	snprintf(text, sizeof(text), "→ %s", state);
	one_link(s, &r, text, VA_ACT_NOTICE_TIME, index, "To the time it lasted: the timeline shows just that, and the picture stands where it was first sure");
}

static void card(struct va_scene *s, struct va_rect r, const struct va_look *look, const struct va_notice *n, size_t index)
{
	const struct va_style *style = look->style;
	const struct va_theme *t = style->theme;
	bool chosen = va_notice_chosen(&look->view->notice_view, n);
	struct text said[3];
	int count = texts_of(look, n, said);

	va_scene_round(s, r, va_px(style, 5), t->raised);
	if (chosen)
		va_scene_border(s, r, va_px(style, 5), va_max(va_px(style, 1.5f), 1), t->accent);
	va_scene_hit(s, r, VA_ACT_NOTICE, index, NULL);
	r = va_rect_inset(r, pad_of(style), pad_of(style));
	heading(s, va_rect_cut_top(&r, heading_height(style)), look, n);
	for (int i = 0; i < count; i++)
		va_rect_cut_top(&r, va_scene_wrap(s, va_rect(r.x, r.y, r.w - va_px(style, 6), r.h), said[i].role, said[i].strong ? t->text : t->dim, said[i].text) + va_px(style, 4));
	r = va_rect_cut_bottom(&r, links_height(style) - va_px(style, 2));
	links(s, r, look, n, index);
}

static void nothing(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;

	va_rect_cut_top(&r, va_scene_wrap(s, r, VA_TEXT_BODY, t->text, "Nothing to report up to this moment.") + va_px(look->style, 6));
	va_scene_wrap(s, r, VA_TEXT_SMALL, t->dim,
		      "vmatlas looks for memory that only grows, large stacks, fragmentation, page cache that looks like the process's own memory, fault storms, "
		      "mappings that are never touched, memory both writable and executable, and chances for huge pages. Quiet programs have none of these.");
}

static void summary(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_theme *t = look->style->theme;
	size_t count = va_notices_count(look->notices), hold = 0, at = va_notices_position(look->notices);
	char text[128];

	for (size_t i = 0; i < count; i++)
		hold += !va_notices_at(look->notices, i)->end;
	snprintf(text, sizeof(text), count == 1 ? "1 noticed so far, %zu of it holds now" : "%zu noticed so far, %zu hold now", count == 1 ? hold : count, hold);
	if (at != look->play->pos)
		snprintf(text, sizeof(text), "Still looking: %.0f %%", look->play->pos ? 100.0 * (double)at / (double)look->play->pos : 0);
	va_scene_text(s, r, VA_TEXT_SMALL, VA_LEFT, t->dim, text);
}

void va_layout_noticed(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	const struct va_style *style = look->style;
	struct card cards[CARDS_MAX];
	size_t n = sorted(look, cards);
	int line = va_role_height(style, VA_TEXT_SMALL) + va_px(style, 6), gap = va_px(style, 8), others = -1, height = 0, y;
	bool behind = va_notices_position(look->notices) != look->play->pos;

	if (!n && !behind) {
		nothing(s, r, look);
		return;
	}
	s->busy |= behind;
	summary(s, va_rect_cut_top(&r, line), look);
	for (size_t i = 0; i < n; i++) {
		if (cards[i].rank >= 2 && others < 0 && (others = (int)i) >= 0)
			height += line;
		height += card_height(s, r.w - va_px(style, 8), look, va_notices_at(look->notices, cards[i].index)) + gap;
	}
	y = r.y - va_layout_scroll(s, &r, look, VA_SCROLL_STAGE, height);
	va_scene_clip(s, r);
	for (size_t i = 0; i < n; i++) {
		const struct va_notice *what = va_notices_at(look->notices, cards[i].index);
		int h = card_height(s, r.w, look, what);

		if ((int)i == others) {
			va_scene_text(s, va_rect(r.x, y, r.w, line), VA_TEXT_SMALL, VA_LEFT, style->theme->dim, "Other processes");
			y += line;
		}
		if (y + h > r.y && y < r.y + r.h)
			card(s, va_rect(r.x, y, r.w, h), look, what, cards[i].index);
		y += h + gap;
	}
}
