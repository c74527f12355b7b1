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
		return app->turned = true;
	}
	return false;
}

void va_act_zoom_map(struct va_app *app, float factor, float y, uint64_t now)
{
	struct va_camera to = app->camera_goal;
	float zoom = va_clampf(to.zoom * factor, 1, VA_ZOOM_MAX), at = (y + to.top) / to.zoom;

	to.top = at * zoom - y;
	to.zoom = zoom;
	app->view.follow &= zoom <= 1.01f;
	va_app_move_camera(app, to, now);
}

bool va_act_on_map(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now)
{
	float h = (float)va_app_map_rect(app).h;

	switch (action) {
	case VA_ACT_PROCESS:
		app->view.pinned = true;
		app->view.tgid = (__u32)arg;
		app->view.focus = app->view.selected = 0;
		return app->turned = true;
	case VA_ACT_PROCESS_NEXT:
	case VA_ACT_PROCESS_PREV:
		return next_process(app, action == VA_ACT_PROCESS_NEXT ? 1 : -1);
	case VA_ACT_MAP_BOX:
		app->view.selected = app->view.selected == arg ? 0 : arg;
		app->view.focus = arg;
		return true;
	case VA_ACT_PAGE:
		app->view.page = app->view.page == arg ? 0 : arg;
		app->view.focus = arg;
		app->view.tab = VA_TAB_WALK;
		return true;
	case VA_ACT_FOLLOW:
		app->view.follow = true;
		app->view.pinned = false;
		app->view.selected = 0;
		return app->turned = true;
	case VA_ACT_WHOLE:
		va_app_move_camera(app, (struct va_camera){1, 0}, now);
		return app->view.follow = app->turned = true;
	case VA_ACT_UP:
	case VA_ACT_DOWN:
		va_app_move_camera(app, (struct va_camera){app->camera_goal.zoom, app->camera_goal.top + (action == VA_ACT_UP ? -h : h) / 4}, now);
		app->view.follow = false;
		return true;
	case VA_ACT_ZOOM_IN:
	case VA_ACT_ZOOM_OUT:
		va_act_zoom_map(app, action == VA_ACT_ZOOM_IN ? 1.5f : 1 / 1.5f, h / 2, now);
		return true;
	default:
		return false;
	}
}

void va_app_pan(struct va_app *app, int dy)
{
	if (!app->ready)
		return;
	app->camera_goal.top -= (float)dy;
	app->view.follow = false;
	va_app_clamp_camera(app);
	app->camera_from = app->camera_goal;
	app->dirty = true;
}
