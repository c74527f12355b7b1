/* The app's camera: where it flies, and that it stays over what it shows when the map below it changes. */
#include "act.h"

#define CLOSE 1.01 /* zooms up to here are the whole map */

static double pane_height(const struct va_app *app)
{
	return (double)va_app_map_rect(app).h;
}

void va_app_fly(struct va_app *app, double zoom, __u64 anchor, double at, uint64_t now)
{
	if (!app->rows.count)
		return;
	va_flight_start(&app->flight, &app->ruler, &app->view.camera, &app->goal_ruler, &app->style, pane_height(app), fmax(zoom, 1), anchor, at, now);
	if (app->flight.goal.zoom <= 1)
		app->flight.goal.top = 0;
	app->dirty = true;
}

void va_app_whole(struct va_app *app, uint64_t now)
{
	double h = pane_height(app);

	if (app->rows.count)
		va_app_fly(app, 1, va_ruler_addr(&app->ruler, app->view.camera.top + h / 2), h / 2, now);
}

__u64 va_app_address_at(const struct va_app *app, double y)
{
	return app->rows.count ? va_ruler_addr(&app->goal_ruler, app->flight.goal.top + y) : 0;
}

void va_app_pan(struct va_app *app, int dy)
{
	if (!app->ready || !app->rows.count || app->flight.goal.zoom <= 1)
		return;
	va_app_fly(app, app->flight.goal.zoom, va_app_address_at(app, pane_height(app) / 2), pane_height(app) / 2 + dy, 1);
	app->view.follow = false;
}

void va_app_overview(struct va_app *app, const struct va_hit *overview, int y, uint64_t now)
{
	double h = pane_height(app), at;

	if (!app->ready || !app->rows.count)
		return;
	at = fmin(fmax((double)(y - overview->r.y), 0), overview->r.h) * h / overview->r.h;
	va_app_fly(app, app->flight.goal.zoom, va_ruler_addr(&app->goal_ruler, va_ruler_map(&app->goal_ruler, at)), h / 2, now);
	app->view.follow = false;
}

/* A row as tall as the pane, or as close as it gets. */
double va_app_zoom_of(const struct va_app *app, __u64 addr, double page)
{
	const struct va_ruler *r = &app->goal_ruler;
	size_t i = va_ruler_row_of(r, addr);
	const struct va_row *row = &app->rows.row[i];
	double most = va_ruler_most(r, i);

	if (page <= 0)
		return fmin(pane_height(app) / row->h, most);
	return fmin(page * (double)((row->end - row->start) >> 12) / row->h, most);
}

/* The box in focus stays in sight when the camera is close. */
void va_app_camera_follow(struct va_app *app, uint64_t now)
{
	const struct va_row *row = app->view.focus ? va_rows_at(&app->rows, app->view.focus) : NULL;
	double h = pane_height(app), zoom = app->flight.goal.zoom, y;

	if (!row || !app->view.follow || zoom <= 1 || app->focus_shown == app->view.focus)
		return;
	app->focus_shown = app->view.focus;
	y = va_ruler_y(&app->goal_ruler, app->view.focus) - app->flight.goal.top;
	if (y < h * 0.1 || y > h * 0.9)
		va_app_fly(app, zoom, app->view.focus, h / 2, now);
}

void va_app_camera_hold(const struct va_app *app, struct va_held *held, uint64_t now)
{
	const struct va_ruler *r = &app->goal_ruler;
	bool flying = va_anim(app->flight.start, VA_TIME_MOVE, now) < 1;
	size_t i;

	*held = (struct va_held){0};
	if (!app->rows.count || app->flight.goal.zoom <= 1 || r->rows != &app->rows)
		return;
	held->valid = true;
	held->addr = flying ? app->flight.anchor : va_app_address_at(app, pane_height(app) / 2);
	held->at = va_ruler_y(r, held->addr) - app->flight.goal.top; /* to the byte: rounding would add up */
	i = va_ruler_row_of(r, held->addr);
	if (app->rows.row[i].kind != VA_ROW_VMA)
		return;
	held->page = va_ruler_page(r, i);
	held->tallest = held->page >= r->page * 0.999;
}

/* The zoom at which pages are as tall as they were. */
static double zoom_like(struct va_app *app, const struct va_held *held, bool other)
{
	const struct va_row *row = va_rows_at(&app->rows, held->addr);
	double zoom = app->flight.goal.zoom, like;

	if (!row)
		return other ? 1 : zoom;
	if (!(held->page > 0))
		return zoom;
	like = held->page * (double)((row->end - row->start) >> 12) / row->h;
	return fmax(held->tallest ? fmax(zoom, like) : like, 1);
}

void va_app_camera_resume(struct va_app *app, const struct va_held *held, bool other, uint64_t now)
{
	struct va_flight was = app->flight;
	double zoom = held->valid ? zoom_like(app, held, other) : 1;

	va_ruler_set(&app->ruler, &app->rows, &app->style, app->view.camera.zoom);
	if (!held->valid) {
		va_ruler_set(&app->goal_ruler, &app->rows, &app->style, 1);
		if (was.goal.zoom > 1)
			app->flight = (struct va_flight){.goal = {1, 0}};
		return;
	}
	va_app_fly(app, zoom, held->addr, held->at, now);
	app->flight.start = was.start;
	app->flight.from_at = was.from_at;
	app->flight.from_zoom = fmax(was.from_zoom * zoom / was.goal.zoom, 1);
	if (app->view.camera.zoom > CLOSE)
		va_map_anim_settle(&app->anim, &app->rows);
}

void va_app_camera_update(struct va_app *app, uint64_t now)
{
	if (!app->rows.count)
		return;
	app->view.camera = va_flight_at(&app->flight, &app->ruler, &app->rows, &app->style, pane_height(app), now);
}
