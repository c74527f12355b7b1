/* Actions on the moment shown, and on the timeline's stretch. */
#include <math.h>

#include "act.h"

#define LEAST_STRETCH 2000 /* ns: closer than two microseconds there is nothing to see */

void va_act_zoom_time(struct va_app *app, double factor, double at)
{
	__u64 begin = va_history_kept_from(app->play.history), end = va_history_end(app->play.history);
	__u64 from = app->view.time_to ? app->view.time_from : begin, to = app->view.time_to ? app->view.time_to : end;
	double span = (double)(to - from), want = span / factor, middle = (double)(from - begin) + span * at, start = middle - want * at;

	if (want >= (double)(end - begin) || want < LEAST_STRETCH) {
		if (want >= LEAST_STRETCH)
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

void va_act_show_time(struct va_app *app, __u64 from, __u64 to)
{
	__u64 begin = va_history_kept_from(app->play.history), end = va_history_end(app->play.history);

	if (from < begin)
		from = begin;
	if (to > end)
		to = end;
	if (from + LEAST_STRETCH > to)
		return;
	app->view.time_from = from;
	app->view.time_to = to;
	if (from == begin && to == end)
		app->view.time_from = app->view.time_to = 0;
}

/* By this part of what is shown; stops at the ends. */
static void scroll_time(struct va_app *app, double part)
{
	double begin = (double)va_history_kept_from(app->play.history), end = (double)va_history_end(app->play.history);
	double from = (double)app->view.time_from - begin, span = (double)(app->view.time_to - app->view.time_from);

	if (!app->view.time_to)
		return;
	from = fmax(fmin(from + part * span, end - begin - span), 0);
	app->view.time_from = (__u64)begin + (__u64)from;
	app->view.time_to = app->view.time_from + (__u64)span;
}

/* By keys: around the moment shown, else around the middle. */
static void zoom_time_by_key(struct va_app *app, double factor)
{
	__u64 from = app->view.time_to ? app->view.time_from : va_history_kept_from(app->play.history);
	__u64 to = app->view.time_to ? app->view.time_to : va_history_end(app->play.history), at = app->play.time;

	va_act_zoom_time(app, factor, at > from && at < to ? (double)(at - from) / (double)(to - from) : 0.5);
}

static bool on_timeline(struct va_app *app, enum va_action_id action)
{
	switch (action) {
	case VA_ACT_TIME_IN:
	case VA_ACT_TIME_OUT:
		zoom_time_by_key(app, action == VA_ACT_TIME_IN ? 1.5 : 1 / 1.5);
		return true;
	case VA_ACT_TIME_FIT:
		app->view.time_from = app->view.time_to = 0;
		return true;
	case VA_ACT_TIME_EARLIER:
	case VA_ACT_TIME_LATER:
		scroll_time(app, action == VA_ACT_TIME_LATER ? 0.5 : -0.5);
		return true;
	default:
		return false;
	}
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
	case VA_ACT_STEP_CALL:
	case VA_ACT_STEP_CALL_BACK:
		if (!va_playback_step_call(p, action == VA_ACT_STEP_CALL ? 1 : -1, tgid)) {
			va_app_notice(app, "no more system calls in this direction", now);
			return true;
		}
		return app->jumped = true;
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
		return on_timeline(app, action);
	}
}

/* --- the pointer on the timeline --------------------------------------------------------------------------------------- */

static void shown_time(const struct va_app *app, __u64 *from, __u64 *to)
{
	*from = app->view.time_to ? app->view.time_from : va_history_kept_from(app->play.history);
	*to = app->view.time_to ? app->view.time_to : va_history_end(app->play.history);
}

static double part_of(const struct va_app *app, const struct va_rect *r, int x)
{
	int pad = va_px(&app->style, 10);
	double t = (double)(x - r->x - pad) / va_max(r->w - 2 * pad, 1);

	return t < 0 ? 0 : t > 1 ? 1 : t;
}

static struct va_moment moment_at(struct va_app *app, int x)
{
	__u64 from, to, ts;

	shown_time(app, &from, &to);
	ts = from + (__u64)((double)(to - from) * part_of(app, &app->time_drag.hit.r, x));
	return (struct va_moment){va_history_find_time(app->play.history, ts), ts, true};
}

static void overview_to(struct va_app *app, int x)
{
	__u64 begin = va_history_kept_from(app->play.history), end = va_history_end(app->play.history), from, to;
	double middle, half;

	shown_time(app, &from, &to);
	half = (double)(to - from) / 2;
	middle = (double)(end - begin) * part_of(app, &app->time_drag.hit.r, x);
	middle = fmin(fmax(middle, half), (double)(end - begin) - half);
	va_act_show_time(app, begin + (__u64)(middle - half), begin + (__u64)(middle + half));
}

bool va_app_time_press(struct va_app *app, const struct va_hit *hit, int x, bool shift)
{
	bool line = hit->action == VA_ACT_TIMELINE;

	if (!app->ready || (!line && hit->action != VA_ACT_TIME_OVERVIEW))
		return false;
	app->time_drag.hit = *hit;
	app->time_drag.x = x;
	app->time_drag.kind = !line ? VA_DRAG_OVERVIEW : shift ? VA_DRAG_STRETCH : VA_DRAG_SEEK;
	if (app->time_drag.kind != VA_DRAG_STRETCH)
		va_app_time_drag(app, x);
	return true;
}

void va_app_time_drag(struct va_app *app, int x)
{
	switch (app->time_drag.kind) {
	case VA_DRAG_SEEK:
		va_playback_seek_time(&app->play, moment_at(app, x).ts);
		app->jumped = true;
		break;
	case VA_DRAG_STRETCH:
		app->view.moments.a = moment_at(app, va_min(x, app->time_drag.x));
		app->view.moments.b = moment_at(app, va_max(x, app->time_drag.x));
		break;
	case VA_DRAG_OVERVIEW:
		overview_to(app, x);
		break;
	case VA_DRAG_NO:
		return;
	}
	app->dirty = true;
}

void va_app_time_release(struct va_app *app)
{
	app->time_drag.kind = VA_DRAG_NO;
}

void va_app_time_scroll(struct va_app *app, int dx)
{
	if (app->ready && app->view.time_to)
		scroll_time(app, -(double)dx / va_max(app->view.w - va_px(&app->style, 36), 1));
	app->dirty = true;
}

bool va_app_is_timeline(const struct va_app *app, int x, int y)
{
	const struct va_hit *hit = va_scene_hit_at(&app->scene, x, y);

	return hit && (hit->action == VA_ACT_TIMELINE || hit->action == VA_ACT_SEEK || hit->action == VA_ACT_TIME_OVERVIEW || hit->action == VA_ACT_A_GO ||
		       hit->action == VA_ACT_B_GO);
}
