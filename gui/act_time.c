/* Actions on the moment shown, and on the timeline's stretch. */
#include "act.h"

void va_act_zoom_time(struct va_app *app, double factor, double at)
{
	__u64 begin = va_history_begin(app->play.history), end = va_history_end(app->play.history);
	__u64 from = app->view.time_to ? app->view.time_from : begin, to = app->view.time_to ? app->view.time_to : end;
	double span = (double)(to - from), want = span / factor, middle = (double)(from - begin) + span * at, start = middle - want * at;

	if (want >= (double)(end - begin) || want < 2000) {
		if (want >= 2000)
			app->view.time_from = app->view.time_to = 0;
		return;
	}
	if (start < 0)
		start = 0;
	if (start + want > (double)(end - begin))
		start = (double)(end - begin) - want;
	app->view.time_from = begin + (__u64)start;
	app->view.time_to = app->view.time_from + (__u64)want;
}

bool va_act_on_time(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now)
{
	struct va_playback *p = &app->play;
	__u32 tgid = app->view.pinned ? app->view.tgid : 0;

	switch (action) {
	case VA_ACT_PAUSE:
		va_playback_pause(p, p->mode != VA_PLAY_PAUSED, now);
		return true;
	case VA_ACT_STEP:
		return va_playback_step(p, 1, tgid);
	case VA_ACT_STEP_BACK:
		app->jumped = va_playback_step(p, -1, tgid);
		return app->jumped;
	case VA_ACT_MARK_NEXT:
		return app->jumped = va_playback_mark(p, 1);
	case VA_ACT_MARK_PREV:
		return app->jumped = va_playback_mark(p, -1);
	case VA_ACT_BEGIN:
		va_playback_seek(p, 0);
		return app->jumped = true;
	case VA_ACT_LIVE:
	case VA_ACT_END:
		va_playback_live(p);
		return app->jumped = true;
	case VA_ACT_EACH:
		va_playback_each(p, now);
		return true;
	case VA_ACT_FASTER:
	case VA_ACT_SLOWER:
		va_playback_speed(p, action == VA_ACT_FASTER ? 1 : -1, now);
		return true;
	case VA_ACT_SEEK:
		va_playback_seek(p, arg);
		if (arg && app->view.inspect.kind == VA_INSPECT_PROCESS && va_history_record(p->history, (size_t)arg - 1, NULL)->head.type == VMATLAS_MARK) {
			app->view.inspect.kind = VA_INSPECT_EVENT;
			app->view.inspect.event = (size_t)arg - 1;
		}
		return app->jumped = true;
	default:
		return false;
	}
}

void va_app_scrub(struct va_app *app, const struct va_hit *timeline, int x)
{
	int pad = va_px(&app->style, 10);
	double t = (double)(x - timeline->r.x - pad) / va_max(timeline->r.w - 2 * pad, 1);
	__u64 from = app->view.time_to ? app->view.time_from : va_history_begin(app->play.history);
	__u64 to = app->view.time_to ? app->view.time_to : va_history_end(app->play.history);

	t = t < 0 ? 0 : t > 1 ? 1 : t;
	va_playback_seek_time(&app->play, from + (__u64)((double)(to - from) * t));
	app->jumped = app->dirty = true;
}
