/* Actions on what was noticed: to the memory that proves it, to the time it lasted. Also explain mode. */
#include "act.h"

static void choose(struct va_app *app, const struct va_notice *n)
{
	app->view.notice_view.kind = n->kind;
	app->view.notice_view.mm = n->mm;
	app->view.tgid = n->tgid;
	app->view.pinned = true;
	app->view.tab = VA_TAB_NOTICED;
}

/* The last moment it could be seen: where the picture stands, or just before it ended. */
static void go_where_it_held(struct va_app *app, const struct va_notice *n)
{
	if (!n->end || app->play.time < n->end)
		return;
	va_playback_seek(&app->play, va_history_find_time(app->play.history, n->end - 1));
	app->jumped = true;
}

static bool show_memory(struct va_app *app, const struct va_notice *n)
{
	const struct va_mm *mm;
	size_t i;

	choose(app, n);
	go_where_it_held(app, n);
	mm = va_model_mm(app->play.model, n->mm);
	i = mm ? va_mm_vma_lower(mm, n->start) : 0;
	if (mm && i < va_mm_vma_count(mm) && va_mm_vma(mm, i)->start < n->stop)
		app->view.selected = app->view.focus = va_mm_vma(mm, i)->start;
	return true;
}

/* The stretch, with a little before and behind, and the moment it was sure. */
static bool show_time(struct va_app *app, const struct va_notice *n)
{
	__u64 begin = va_history_kept_from(app->play.history), end = va_history_end(app->play.history);
	__u64 until = n->end ? n->end : app->play.time, more = (until - n->begin) / 8 + 1000;

	choose(app, n);
	app->view.time_from = n->begin > begin + more ? n->begin - more : begin;
	app->view.time_to = until + more < end ? until + more : end;
	va_playback_seek(&app->play, va_history_find_time(app->play.history, n->seen));
	return app->jumped = true;
}

static bool show_next(struct va_app *app)
{
	size_t count = va_notices_count(app->notices), i = 0;

	if (!count) {
		app->view.tab = VA_TAB_NOTICED;
		return true;
	}
	while (i < count && !va_notice_chosen(&app->view.notice_view, va_notices_at(app->notices, i)))
		i++;
	return show_memory(app, va_notices_at(app->notices, i < count ? (i + 1) % count : 0));
}

bool va_act_on_notice(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now)
{
	bool known = arg < va_notices_count(app->notices);

	switch (action) {
	case VA_ACT_NOTICE:
		return known && show_memory(app, va_notices_at(app->notices, arg));
	case VA_ACT_NOTICE_TIME:
		return known && show_time(app, va_notices_at(app->notices, arg));
	case VA_ACT_NOTICE_NEXT:
		return show_next(app);
	case VA_ACT_EXPLAIN:
		app->view.notice_view.explain = !app->view.notice_view.explain;
		return true;
	default:
		return false;
	}
}
