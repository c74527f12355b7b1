/* Actions on the map: the process shown, the camera, what is chosen. */
#include "act.h"

static bool next_process(struct va_app *app, int direction)
{
	size_t n = va_model_task_count(app->play.model), at = 0;

	for (size_t i = 0; i < n; i++)
		if (va_model_task(app->play.model, i)->tid == app->view.tgid)
			at = i;
	for (size_t step = 1; step <= n; step++) {
		const struct va_task *task = va_model_task(app->play.model, (at + (direction > 0 ? step : n * 2 - step)) % n);

		if (task->tid != task->tgid || task->tgid == app->view.tgid)
			continue;
		app->view.tgid = task->tgid;
		app->view.pinned = true;
		app->view.focus = app->view.selected = 0;
		va_act_unchoose(app);
		return app->turned = true;
	}
	return false;
}

/* The address at y stays there. As close as a page of the row there gets; from closer (of larger neighbours) it goes back at once. */
void va_act_zoom_map(struct va_app *app, double factor, double y, uint64_t now)
{
	const struct va_ruler *r = &app->goal_ruler;
	double zoom = app->flight.goal.zoom, most;

	if (!app->rows.count)
		return;
	most = va_ruler_most(r, va_ruler_row(r, app->flight.goal.top + y));
	if (factor > 1)
		zoom = fmax(zoom, fmin(zoom * factor, most));
	else
		zoom = fmin(zoom, most) * factor;
	app->view.follow &= zoom <= 1.01;
	va_app_fly(app, zoom, va_app_address_at(app, y), y, now);
}

static bool pan(struct va_app *app, double dy, uint64_t now)
{
	double h = va_app_map_rect(app).h;

	if (app->flight.goal.zoom > 1)
		va_app_fly(app, app->flight.goal.zoom, va_app_address_at(app, h / 2), h / 2 + dy, now);
	app->view.follow = false;
	return true;
}

/* The next box below (the previous above) the one chosen, else the one in the middle. */
static bool next_box(struct va_app *app, int direction, uint64_t now)
{
	double h = va_app_map_rect(app).h;
	__u64 at = app->view.selected ? app->view.selected : app->view.focus ? app->view.focus : va_app_address_at(app, h / 2);
	size_t n = app->rows.count, i = n ? va_ruler_row_of(&app->goal_ruler, at) : 0;
	const struct va_row *row = NULL;

	for (size_t step = 0; step < n && !row; step++) {
		i = (i + (direction > 0 ? 1 : n - 1)) % n;
		row = app->rows.row[i].kind == VA_ROW_VMA ? &app->rows.row[i] : NULL;
	}
	if (!row)
		return false;
	app->view.selected = app->view.focus = row->start;
	va_act_choose(app, VA_INSPECT_BOX, row->start);
	app->view.follow = false;
	if (app->flight.goal.zoom > 1) {
		double tall = app->goal_ruler.top[i + 1] - app->goal_ruler.top[i];

		va_app_fly(app, app->flight.goal.zoom, row->end - 1, tall < h * 0.8 ? (h - tall) / 2 : h * 0.1, now);
	}
	return true;
}

#define READABLE 64 /* pixels at scale 1: a page with all it has to say */

/* To one page: arg, else the one chosen, the one of the fault that is shown, the one in focus. */
static bool zoom_to(struct va_app *app, uint64_t arg, uint64_t now)
{
	double h = va_app_map_rect(app).h;
	__u64 at = arg ? arg : app->view.page ? app->view.page : app->walk.valid ? app->walk.rec.fault.addr : app->view.focus;

	if (!app->rows.count || !va_rows_at(&app->rows, at))
		return false;
	app->view.follow = false;
	at = (at & ~0xfffull) + 2048;
	va_app_fly(app, va_app_zoom_of(app, at, va_px(&app->style, READABLE * app->style.theme->text_scale)), at, h / 2, now);
	return true;
}

static bool fit_box(struct va_app *app, uint64_t arg, uint64_t now)
{
	double h = va_app_map_rect(app).h;
	const struct va_row *row = va_rows_at(&app->rows, arg ? arg : app->view.selected ? app->view.selected : app->view.focus);

	if (!row)
		return false;
	app->view.follow = false;
	va_app_fly(app, va_app_zoom_of(app, row->start, 0), row->start + (row->end - row->start) / 2, h / 2, now);
	return true;
}

static bool colour_by(struct va_app *app, enum va_colour_by by)
{
	if (by >= VA_BYS)
		return false;
	if (by != app->view.map.by)
		app->view.map = (struct va_map_view){.by = by};
	return true;
}

/* A class of the legend is chosen, or given back. */
static bool filter(struct va_app *app, uint64_t arg)
{
	enum va_colour_by by = (enum va_colour_by)(arg / 32);

	if (arg / 32 >= VA_BYS || arg % 32 >= va_class_count(by) || !colour_by(app, by))
		return false;
	app->view.map.only ^= 1u << arg % 32;
	if (app->view.map.only == (1u << va_class_count(by)) - 1) /* all of them: the same as none */
		app->view.map.only = 0;
	return true;
}

bool va_act_on_map(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now)
{
	double h = va_app_map_rect(app).h;

	switch (action) {
	case VA_ACT_PROCESS:
		app->view.tree.newest = false;
		app->view.pinned = true;
		app->view.tgid = (__u32)arg;
		app->view.focus = app->view.selected = 0;
		va_act_unchoose(app);
		return app->turned = true;
	case VA_ACT_PROCESS_NEXT:
	case VA_ACT_PROCESS_PREV:
		return next_process(app, action == VA_ACT_PROCESS_NEXT ? 1 : -1);
	case VA_ACT_MAP_BOX:
		app->view.focus = arg;
		if (app->view.selected == arg) {
			va_act_unchoose(app);
			return true;
		}
		app->view.selected = arg;
		va_act_choose(app, VA_INSPECT_BOX, arg);
		return true;
	case VA_ACT_PAGE:
		app->view.page = app->view.page == arg ? 0 : arg;
		app->view.focus = arg;
		app->view.inspect.kind = app->view.page ? VA_INSPECT_PAGE : app->view.selected ? VA_INSPECT_BOX : VA_INSPECT_PROCESS;
		app->view.inspect.addr = app->view.page ? arg : app->view.selected;
		if (app->view.tab != VA_TAB_INSPECT)
			app->view.tab = VA_TAB_WALK;
		return true;
	case VA_ACT_FOLLOW:
		app->view.tree.newest = false;
		app->view.follow = true;
		app->view.pinned = false;
		va_act_unchoose(app);
		return app->turned = true;
	case VA_ACT_WHOLE:
		app->view.map.only = 0;
		va_app_whole(app, now);
		return app->view.follow = app->turned = true;
	case VA_ACT_UP:
	case VA_ACT_DOWN:
		return pan(app, action == VA_ACT_UP ? h / 4 : -h / 4, now);
	case VA_ACT_ZOOM_IN:
	case VA_ACT_ZOOM_OUT:
		va_act_zoom_map(app, action == VA_ACT_ZOOM_IN ? 1.5 : 1 / 1.5, h / 2, now);
		return true;
	case VA_ACT_COLOUR:
		return arg < VA_BYS && colour_by(app, (enum va_colour_by)arg);
	case VA_ACT_COLOUR_NEXT:
		return colour_by(app, (app->view.map.by + 1) % VA_BYS);
	case VA_ACT_COLOUR_PREV:
		return colour_by(app, (app->view.map.by + VA_BYS - 1) % VA_BYS);
	case VA_ACT_FILTER:
		return filter(app, arg);
	case VA_ACT_FILTER_CLEAR:
		app->view.map.only = 0;
		return true;
	case VA_ACT_ZOOM_TO:
		return zoom_to(app, arg, now);
	case VA_ACT_FIT_BOX:
		return fit_box(app, arg, now);
	case VA_ACT_BOX_NEXT:
	case VA_ACT_BOX_PREV:
		return next_box(app, action == VA_ACT_BOX_NEXT ? 1 : -1, now);
	default:
		return false;
	}
}
