#include "app.h"

#include <string.h>

#include "draw.h"
#include "layout.h"

#define CHRONICLE_BATCH 400000
#define ZOOM_MAX 4000.0f

static void set_style(struct va_app *app)
{
	float own = app->view.fixed_scale > 0 ? app->view.fixed_scale : va_scale_for(app->view.theme, app->view.w, app->view.h);

	app->style = (struct va_style){app->view.theme, app->fonts, own * app->view.scale};
}

bool va_app_init(struct va_app *app, struct va_recording *recording, struct va_fonts *fonts, const struct va_app_options *o, uint64_t now)
{
	memset(app, 0, sizeof(*app));
	app->recording = recording;
	app->fonts = fonts;
	app->view = (struct va_view){.w = o->w, .h = o->h, .theme = o->theme, .scale = 1, .fixed_scale = o->scale, .panes = o->panes, .follow = true,
				     .still = o->still, .mouse_x = -1, .mouse_y = -1, .camera = {1, 0}};
	app->camera_goal = app->camera_from = app->view.camera;
	app->play.mode = o->live ? VA_PLAY_LIVE : VA_PLAY_RUNNING;
	app->play.growing = o->live;
	app->play.last = now;
	va_chronicle_init(&app->chronicle);
	va_scene_init(&app->scene);
	set_style(app);
	app->dirty = true;
	return va_canvas_init(&app->canvas, o->w, o->h);
}

void va_app_destroy(struct va_app *app)
{
	if (app->ready)
		va_playback_destroy(&app->play);
	va_chronicle_destroy(&app->chronicle);
	va_rows_free(&app->rows);
	va_map_anim_free(&app->anim);
	va_scene_destroy(&app->scene);
	va_canvas_destroy(&app->canvas);
}

bool va_app_resize(struct va_app *app, int w, int h)
{
	struct va_canvas next;

	if (w == app->view.w && h == app->view.h)
		return true;
	if (!va_canvas_init(&next, w, h))
		return false;
	va_canvas_destroy(&app->canvas);
	app->canvas = next;
	app->view.w = w;
	app->view.h = h;
	set_style(app);
	app->dirty = true;
	return true;
}

static void make_ready(struct va_app *app, uint64_t now)
{
	bool live = app->play.growing;

	if (app->ready || !va_recording_ready(app->recording))
		return;
	va_playback_init(&app->play, va_recording_history(app->recording), live, now);
	app->ready = app->dirty = true;
}

static const struct va_mm *shown_mm(const struct va_app *app)
{
	return app->view.tgid ? va_model_mm_of(app->play.model, app->view.tgid) : NULL;
}

static bool several(const struct va_app *app)
{
	return va_model_task_count(app->play.model) > 1;
}

static struct va_rect map_rows_rect(const struct va_app *app)
{
	struct va_panes_at at;

	va_layout_panes(&at, &app->style, &app->view, several(app));
	return va_layout_map_content(at.map, &app->style);
}

static void build_rows(struct va_app *app, uint64_t now)
{
	const struct vmatlas_stream_header *header = va_recording_header(app->recording);
	struct va_rect r = map_rows_rect(app);
	bool resized = app->built.w != r.w || app->built.h != r.h || app->built.scale != app->style.scale;
	bool still = resized || app->jumped || app->built.tgid != app->view.tgid;

	if (!still && app->built.pos == app->play.pos && app->built.focus == app->view.focus)
		return;
	va_rows_build(&app->rows, &(struct va_rows_input){.mm = shown_mm(app), .texts = va_recording_texts(app->recording),
							 .objects = va_recording_objects(app->recording), .rules = header->rules, .levels = header->levels,
							 .style = &app->style, .height = (float)r.h, .focus = app->view.focus});
	va_map_anim_goal(&app->anim, &app->rows, shown_mm(app) ? va_mm_id(shown_mm(app)) : 0, still, app->play.time, now);
	app->built.pos = app->play.pos;
	app->built.tgid = app->view.tgid;
	app->built.focus = app->view.focus;
	app->built.w = r.w;
	app->built.h = r.h;
	app->built.scale = app->style.scale;
	app->dirty = true;
}

static void clamp_camera(struct va_app *app)
{
	float h = (float)map_rows_rect(app).h, zoom = va_clampf(app->camera_goal.zoom, 1, ZOOM_MAX);

	app->camera_goal.zoom = zoom;
	app->camera_goal.top = va_clampf(app->camera_goal.top, 0, h * zoom - h);
}

static void move_camera(struct va_app *app, struct va_camera to, uint64_t now)
{
	app->camera_from = app->view.camera;
	app->camera_goal = to;
	app->camera_start = now;
	clamp_camera(app);
	app->dirty = true;
}

/* The box in focus stays in sight when the camera is close. */
static void follow_with_camera(struct va_app *app, uint64_t now)
{
	const struct va_row *row = app->view.focus ? va_rows_at(&app->rows, app->view.focus) : NULL;
	float h = (float)map_rows_rect(app).h, y0, y1;
	struct va_camera to = app->camera_goal;

	if (!row || !app->view.follow || to.zoom <= 1)
		return;
	y0 = row->y * to.zoom - to.top;
	y1 = y0 + row->h * to.zoom;
	if (y0 >= 0 && y1 <= h)
		return;
	to.top = (row->y + row->h / 2) * to.zoom - h / 2;
	if (fabsf(to.top - app->camera_goal.top) > 2)
		move_camera(app, to, now);
}

static void update_camera(struct va_app *app, uint64_t now)
{
	float t = va_ease(va_anim(app->camera_start, VA_TIME_MOVE, now));

	app->view.camera.zoom = va_mixf(app->camera_from.zoom, app->camera_goal.zoom, t);
	app->view.camera.top = va_mixf(app->camera_from.top, app->camera_goal.top, t);
}

void va_app_update(struct va_app *app, uint64_t now)
{
	bool moved, jumped = app->jumped;
	unsigned levels;

	make_ready(app, now);
	if (!app->ready)
		return;
	levels = va_recording_header(app->recording)->levels;
	moved = va_playback_update(&app->play, now, app->view.pinned ? app->view.tgid : 0);
	app->dirty |= moved | va_chronicle_update(&app->chronicle, app->play.history, levels, CHRONICLE_BATCH);
	va_app_follow(app, now);
	va_walk_show_update(&app->walk, app->play.history, app->play.pos, app->view.tgid, levels, jumped, app->view.still && jumped, now);
	va_news_update(&app->news, app->play.history, app->play.pos, app->view.tgid, levels);
	build_rows(app, now);
	follow_with_camera(app, now);
	update_camera(app, now);
	app->jumped = false;
}

static double rate_now(const struct va_app *app)
{
	double sum[VA_CLASSES], all = 0;
	__u64 to = app->play.time, from = to > VA_SEC ? to - VA_SEC : 0;

	va_chronicle_sum(&app->chronicle, from, to, sum);
	for (int k = 0; k < VA_CLASSES; k++)
		all += sum[k];
	return all;
}

void va_app_layout(struct va_app *app, uint64_t now)
{
	struct va_look look = {.style = &app->style, .view = &app->view, .now = now, .recording = app->recording};

	if (app->ready) {
		look.play = &app->play;
		look.chronicle = &app->chronicle;
		look.anim = &app->anim;
		look.walk = &app->walk;
		look.news = &app->news;
		look.header = va_recording_header(app->recording);
		look.model = app->play.model;
		look.mm = shown_mm(app);
		look.task = app->view.tgid ? va_model_find_task(app->play.model, app->view.tgid) : NULL;
		look.texts = va_recording_texts(app->recording);
		look.objects = va_recording_objects(app->recording);
		look.events_per_second = rate_now(app);
	}
	va_layout(&app->scene, &look);
	app->scene.busy |= va_anim(app->camera_start, VA_TIME_MOVE, now) < 1 && app->camera_start;
	app->scene.busy |= app->ready && app->place_seen != app->play.pos;
	app->scene.busy |= app->view.notice && now < app->view.notice_until;
	app->dirty = false;
}

void va_app_draw(struct va_app *app)
{
	va_draw(&app->scene, &app->canvas);
}

bool va_app_needs_frame(const struct va_app *app, uint64_t now)
{
	if (app->dirty || app->scene.busy || !app->ready)
		return app->dirty || app->scene.busy;
	return app->play.mode == VA_PLAY_RUNNING || (app->play.mode == VA_PLAY_EACH && now >= app->play.next_each);
}

void va_app_notice(struct va_app *app, const char *text, uint64_t now)
{
	app->view.notice = text;
	app->view.notice_until = now + 3 * VA_SEC;
	app->dirty = true;
}

/* --- actions --- */

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

static void zoom_map(struct va_app *app, float factor, float y, uint64_t now)
{
	struct va_camera to = app->camera_goal;
	float zoom = va_clampf(to.zoom * factor, 1, ZOOM_MAX), at = (y + to.top) / to.zoom;

	to.top = at * zoom - y;
	to.zoom = zoom;
	app->view.follow &= zoom <= 1.01f;
	move_camera(app, to, now);
}

static void zoom_time(struct va_app *app, double factor, double at)
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

static void escape(struct va_app *app, uint64_t now)
{
	if (app->view.help) {
		app->view.help = false;
		return;
	}
	app->view.selected = 0;
	app->view.time_from = app->view.time_to = 0;
	app->view.follow = true;
	move_camera(app, (struct va_camera){1, 0}, now);
}

static bool act_on_time(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now)
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
		return app->jumped = true;
	default:
		return false;
	}
}

static bool act_on_map(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now)
{
	float h = (float)map_rows_rect(app).h;

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
	case VA_ACT_FOLLOW:
		app->view.follow = true;
		app->view.pinned = false;
		app->view.selected = 0;
		return app->turned = true;
	case VA_ACT_WHOLE:
		move_camera(app, (struct va_camera){1, 0}, now);
		return app->view.follow = app->turned = true;
	case VA_ACT_UP:
	case VA_ACT_DOWN:
		move_camera(app, (struct va_camera){app->camera_goal.zoom, app->camera_goal.top + (action == VA_ACT_UP ? -h : h) / 4}, now);
		app->view.follow = false;
		return true;
	case VA_ACT_ZOOM_IN:
	case VA_ACT_ZOOM_OUT:
		zoom_map(app, action == VA_ACT_ZOOM_IN ? 1.5f : 1 / 1.5f, h / 2, now);
		return true;
	default:
		return false;
	}
}

static bool act_on_window(struct va_app *app, enum va_action_id action, uint64_t now)
{
	switch (action) {
	case VA_ACT_HELP:
		app->view.help = !app->view.help;
		return true;
	case VA_ACT_ESCAPE:
		escape(app, now);
		return true;
	case VA_ACT_THEME:
		app->view.theme = va_theme_next(app->view.theme);
		break;
	case VA_ACT_SCALE_UP:
	case VA_ACT_SCALE_DOWN:
		app->view.scale = va_clampf(app->view.scale * (action == VA_ACT_SCALE_UP ? 1.1f : 1 / 1.1f), 0.5f, 3);
		break;
	case VA_ACT_SCALE_RESET:
		app->view.scale = 1;
		break;
	default:
		return false;
	}
	set_style(app);
	return true;
}

bool va_app_act(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now)
{
	bool changed = act_on_window(app, action, now);

	if (!changed && app->ready)
		changed = act_on_time(app, action, arg, now) || act_on_map(app, action, arg, now);
	app->dirty |= changed;
	return changed;
}

bool va_app_wheel(struct va_app *app, int x, int y, float steps, uint64_t now)
{
	const struct va_hit *hit = va_scene_hit_at(&app->scene, x, y);
	struct va_rect r;

	if (!hit || !app->ready)
		return false;
	if (hit->action == VA_ACT_TIMELINE || hit->action == VA_ACT_SEEK) {
		int pad = va_px(&app->style, 18);

		zoom_time(app, pow(1.3, steps), va_clampf((float)(x - pad) / (float)(app->view.w - 2 * pad), 0, 1));
		return app->dirty = true;
	}
	if (hit->action != VA_ACT_MAP && hit->action != VA_ACT_MAP_BOX)
		return false;
	r = map_rows_rect(app);
	zoom_map(app, powf(1.25f, steps), (float)(y - r.y), now);
	return true;
}

void va_app_pan(struct va_app *app, int dy)
{
	if (!app->ready)
		return;
	app->camera_goal.top -= (float)dy;
	app->view.follow = false;
	clamp_camera(app);
	app->camera_from = app->camera_goal;
	app->dirty = true;
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
