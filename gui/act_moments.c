/* Actions on the moments A and B, on bookmarks, and on the tabs that are about them. */
#include <string.h>

#include "act.h"

static struct va_moment here(const struct va_app *app)
{
	return (struct va_moment){app->play.pos, app->play.time, true};
}

static bool go(struct va_app *app, const struct va_moment *m, uint64_t now)
{
	if (!m->set) {
		va_app_notice(app, "this moment is not set: Shift A and Shift B set them", now);
		return true;
	}
	va_playback_seek(&app->play, m->pos);
	app->play.time = m->ts > app->play.time ? m->ts : app->play.time;
	return app->jumped = true;
}

/* The other end may be the moment shown. */
static bool swap(struct va_app *app)
{
	struct va_moments *m = &app->view.moments;
	struct va_moment a = m->a;

	if (!m->a.set)
		return false;
	m->a = m->b.set ? m->b : here(app);
	m->b = a;
	return true;
}

static bool zoom_between(struct va_app *app)
{
	const struct va_moments *m = &app->view.moments;
	__u64 from = m->a.ts, to = m->b.set ? m->b.ts : app->play.time;

	if (!m->a.set || from == to)
		return false;
	va_act_show_time(app, from < to ? from : to, from < to ? to : from);
	return true;
}

static bool toggle_bookmark(struct va_app *app, uint64_t now)
{
	struct va_moments *m = &app->view.moments;
	unsigned i = 0;

	while (i < m->bookmarks && m->bookmark[i].pos < app->play.pos)
		i++;
	if (i < m->bookmarks && m->bookmark[i].pos == app->play.pos) {
		memmove(&m->bookmark[i], &m->bookmark[i + 1], (--m->bookmarks - i) * sizeof(m->bookmark[0]));
		return true;
	}
	if (m->bookmarks == VA_BOOKMARKS) {
		va_app_notice(app, "64 bookmarks are enough: remove one with B where it stands", now);
		return true;
	}
	memmove(&m->bookmark[i + 1], &m->bookmark[i], (m->bookmarks++ - i) * sizeof(m->bookmark[0]));
	m->bookmark[i] = here(app);
	return true;
}

static bool next_bookmark(struct va_app *app, int direction, uint64_t now)
{
	const struct va_moments *m = &app->view.moments;

	for (unsigned k = 0; k < m->bookmarks; k++) {
		unsigned i = direction > 0 ? k : m->bookmarks - 1 - k;

		if (direction > 0 ? m->bookmark[i].pos > app->play.pos : m->bookmark[i].pos < app->play.pos) {
			va_playback_pause(&app->play, true, now);
			return go(app, &m->bookmark[i], now);
		}
	}
	va_app_notice(app, m->bookmarks ? "no bookmark in this direction" : "no bookmark yet: B sets one", now);
	return true;
}

static bool choose_row(struct va_app *app, uint64_t start)
{
	app->view.selected = app->view.focus = start;
	return true;
}

static bool on_tabs(struct va_app *app, enum va_action_id action, uint64_t arg)
{
	struct va_moments *m = &app->view.moments;

	switch (action) {
	case VA_ACT_DIFF_ROW:
		return choose_row(app, arg);
	case VA_ACT_DIFF_SORT:
		m->sort = (enum va_diff_sort)(arg % VA_DIFF_SORTS);
		return true;
	case VA_ACT_STATS_WHO:
		m->stats_all = arg;
		return true;
	case VA_ACT_STATS_STRETCH:
		m->stretch = (enum va_stats_stretch)(arg % VA_STATS_STRETCHES);
		return true;
	default:
		return false;
	}
}

static bool is_gone(const struct va_moment *m, size_t first)
{
	return m->set && m->pos < first;
}

void va_act_forget_moments(struct va_app *app, uint64_t now)
{
	struct va_moments *m = &app->view.moments;
	size_t first = va_history_first(app->play.history);
	unsigned gone = 0;

	while (gone < m->bookmarks && m->bookmark[gone].pos < first)
		gone++;
	if (!gone && !is_gone(&m->a, first) && !is_gone(&m->b, first))
		return;
	m->bookmarks -= gone;
	memmove(m->bookmark, m->bookmark + gone, m->bookmarks * sizeof(m->bookmark[0]));
	if (is_gone(&m->a, first))
		m->a.set = false;
	if (is_gone(&m->b, first))
		m->b.set = false;
	va_app_notice(app, "a moment you had set is no longer kept", now);
}

bool va_act_on_moments(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now)
{
	struct va_moments *m = &app->view.moments;

	switch (action) {
	case VA_ACT_A_HERE:
		m->a = here(app);
		return true;
	case VA_ACT_B_HERE:
		m->b = here(app);
		return true;
	case VA_ACT_A_GO:
		return go(app, &m->a, now);
	case VA_ACT_B_GO:
		return go(app, &m->b, now);
	case VA_ACT_AB_SWAP:
		return swap(app);
	case VA_ACT_AB_CLEAR:
		m->a.set = m->b.set = false;
		return true;
	case VA_ACT_AB_ZOOM:
		return zoom_between(app);
	case VA_ACT_BOOKMARK:
		return toggle_bookmark(app, now);
	case VA_ACT_BOOKMARK_NEXT:
	case VA_ACT_BOOKMARK_PREV:
		return next_bookmark(app, action == VA_ACT_BOOKMARK_NEXT ? 1 : -1, now);
	default:
		return on_tabs(app, action, arg);
	}
}
