#include <string.h>

#include "act.h"
#include "heat.h"
#include "layout.h"

#define CHRONICLE_BATCH 400000
#define NOTICE_BATCH 4000 /* records a frame … */
#define NOTICE_LEAST 1000 /* … and so many where much else has to be read */

void va_app_style(struct va_app *app)
{
	float own = app->view.fixed_scale > 0 ? app->view.fixed_scale : va_scale_for(app->view.theme, app->view.w, app->view.h);

	app->style = (struct va_style){app->view.theme, app->fonts, own * app->view.scale};
}

bool va_app_init(struct va_app *app, struct va_recording *recording, struct va_fonts *fonts, const struct va_app_options *o, uint64_t now)
{
	memset(app, 0, sizeof(*app));
	app->recording = recording;
	app->fonts = fonts;
	app->symbols = o->symbols;
	app->view = (struct va_view){.w = o->w, .h = o->h, .theme = o->theme, .scale = 1, .fixed_scale = o->scale, .panes = o->panes, .follow = true,
				     .still = o->still, .mouse_x = -1, .mouse_y = -1, .camera = {1, 0}};
	app->flight.goal = app->view.camera;
	app->play.mode = o->live ? VA_PLAY_LIVE : VA_PLAY_RUNNING;
	app->play.growing = o->live;
	app->play.last = now;
	va_chronicle_init(&app->chronicle);
	app->heat = va_heat_new();
	va_usage_init(&app->usage);
	va_latency_init(&app->latency);
	va_scene_init(&app->scene);
	va_app_style(app);
	app->dirty = true;
	return va_canvas_init(&app->canvas, o->w, o->h);
}

void va_app_destroy(struct va_app *app)
{
	if (app->ready)
		va_playback_destroy(&app->play);
	va_notices_free(app->notices);
	va_chronicle_destroy(&app->chronicle);
	va_heat_free(app->heat);
	va_fork_show_destroy(&app->fork);
	va_usage_destroy(&app->usage);
	va_compare_destroy(&app->compare);
	va_latency_destroy(&app->latency);
	va_processes_free(&app->processes);
	va_process_list_free(&app->tree);
	va_process_list_free(&app->pane);
	va_rows_free(&app->rows);
	va_frames_free(&app->frames);
	va_map_anim_free(&app->anim);
	va_ruler_free(&app->ruler);
	va_ruler_free(&app->goal_ruler);
	va_scene_destroy(&app->scene);
	va_canvas_destroy(&app->canvas);
	va_drawn_free(&app->drawn);
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
	va_drawn_forget(&app->drawn);
	app->view.w = w;
	app->view.h = h;
	va_app_style(app);
	app->dirty = true;
	return true;
}

static void make_ready(struct va_app *app, uint64_t now)
{
	bool live = app->play.growing;

	if (app->ready || !va_recording_ready(app->recording))
		return;
	va_playback_init(&app->play, va_recording_history(app->recording), live, now);
	app->notices = va_notices_new(app->play.history, va_recording_objects(app->recording), va_recording_texts(app->recording));
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

struct va_rect va_app_map_rect(const struct va_app *app)
{
	struct va_panes_at at;

	va_layout_panes(&at, &app->style, &app->view, several(app));
	return va_layout_map_content(at.map, &app->style, &app->view);
}

static void build_rows(struct va_app *app, uint64_t now)
{
	const struct vmatlas_stream_header *header = va_recording_header(app->recording);
	struct va_rect r = va_app_map_rect(app);
	bool resized = app->built.w != r.w || app->built.h != r.h || app->built.scale != app->style.scale;
	bool still = app->jumped || app->built.tgid != app->view.tgid;
	struct va_held held;

	if (!still && !resized && app->built.pos == app->play.pos && app->built.focus == app->view.focus)
		return;
	va_app_camera_hold(app, &held, now);
	va_rows_build(&app->rows, &(struct va_rows_input){.mm = shown_mm(app), .texts = va_recording_texts(app->recording),
							 .objects = va_recording_objects(app->recording), .rules = header->rules, .levels = header->levels,
							 .style = &app->style, .height = (float)r.h, .focus = app->view.focus});
	va_map_anim_goal(&app->anim, &app->rows, shown_mm(app) ? va_mm_id(shown_mm(app)) : 0, still, app->play.time, now);
	if (resized) /* at once, but what glows goes on glowing */
		va_map_anim_settle(&app->anim, &app->rows);
	va_app_camera_resume(app, &held, app->built.tgid != app->view.tgid, now);
	app->built.pos = app->play.pos;
	app->built.tgid = app->view.tgid;
	app->built.focus = app->view.focus;
	app->built.w = r.w;
	app->built.h = r.h;
	app->built.scale = app->style.scale;
	app->dirty = true;
}

/* Both lists show the same processes; the pane's are a tree always. */
static void list_processes(struct va_app *app)
{
	struct va_process_query q = {.sort = app->view.tree.sort, .filter = app->view.tree.filter, .fold = app->view.tree.fold, .tgid = app->view.tgid};

	va_process_list_fill(&app->tree, &app->processes, &q);
	q.sort = VA_SORT_TREE;
	va_process_list_fill(&app->pane, &app->processes, &q);
}

static void update_fork(struct va_app *app, unsigned levels, bool jumped, uint64_t now)
{
	const struct va_fork_at at = {.history = app->play.history, .model = app->play.model, .pos = app->play.pos, .time = app->play.time, .tgid = app->view.tgid,
				      .chosen = app->view.fork.child, .levels = levels, .jumped = jumped, .still = app->view.still,
				      .hidden = app->view.tab != VA_TAB_FORK};

	app->dirty |= va_fork_show_update(&app->fork, &at, now) && app->view.tab == VA_TAB_FORK;
}

static void update_inspector(struct va_app *app)
{
	const struct va_view *view = &app->view;
	bool inspecting = view->tab == VA_TAB_INSPECT, still = view->still || app->play.mode == VA_PLAY_PAUSED;
	struct va_inspect_input in = {.view = &view->inspect, .history = app->play.history, .model = app->play.model, .mm = shown_mm(app),
				      .texts = va_recording_texts(app->recording), .objects = va_recording_objects(app->recording),
				      .symbols = app->symbols, .pos = app->play.pos, .wait = view->still, .playing = !still};

	if (inspecting)
		app->dirty |= va_inspect_update(&app->inspect, &in);
	if (view->search.open)
		app->dirty |= va_search_update(&app->search, view->search.entry.text, in.model, in.mm, view->tgid, in.pos, in.texts, in.objects,
					       va_recording_header(app->recording)->rules);
}

static struct va_latency_scope stats_scope(const struct va_app *app)
{
	const struct va_moments *m = &app->view.moments;
	struct va_latency_scope scope = {0, va_history_count(app->play.history), m->stats_all ? 0 : app->view.tgid};
	size_t b = m->b.set ? m->b.pos : app->play.pos;

	if (m->stretch == VA_STATS_SO_FAR)
		scope.to = app->play.pos;
	else if (m->stretch == VA_STATS_BETWEEN && m->a.set)
		scope.from = m->a.pos < b ? m->a.pos : b, scope.to = m->a.pos < b ? b : m->a.pos;
	return scope;
}

/* What only a tab needs is made only while it is shown. */
static void update_tabs(struct va_app *app, unsigned levels, uint64_t now)
{
	struct va_recording *r = app->recording;
	bool later = false;

	if (app->view.tab == VA_TAB_DIFFERENCE)
		app->dirty |= va_compare_update(&app->compare, &app->play, &app->view.moments, app->view.tgid, va_recording_texts(r), va_recording_header(r)->rules,
						app->view.still, now, &later);
	else if (app->compare.ready)
		va_compare_destroy(&app->compare);
	if (app->view.tab == VA_TAB_STATS)
		app->dirty |= va_latency_update(&app->latency, app->play.history, levels, stats_scope(app), app->view.still ? (size_t)-1 : CHRONICLE_BATCH);
	app->dirty |= later;
}

/* Who reads explanations of single events needs time for them. */
static void read_along(struct va_app *app)
{
	bool slow = app->view.notice_view.explain && (app->play.mode == VA_PLAY_EACH || app->play.mode == VA_PLAY_PAUSED);

	app->play.slower = app->walk.slower = slow ? VA_EXPLAIN_SLOWER : 1;
}

/* Notices may come later than the picture; what they take is not to make frames late. went: records the picture moved on. */
static void update_notices(struct va_app *app, size_t went)
{
	size_t less = went / 4 < NOTICE_BATCH - NOTICE_LEAST ? went / 4 : NOTICE_BATCH - NOTICE_LEAST;

	va_notices_update(app->notices, app->play.pos, app->view.still ? app->play.pos : NOTICE_BATCH - less);
}

/* What the history has given up since. */
static void forget(struct va_app *app, uint64_t now)
{
	__u64 from = va_history_kept_from(app->play.history);

	if (app->kept == va_history_first(app->play.history))
		return;
	app->kept = va_history_first(app->play.history);
	app->dirty = true;
	va_act_forget_moments(app, now);
	if (app->view.time_to && app->view.time_from < from) {
		app->view.time_to += from - app->view.time_from;
		app->view.time_from = from;
	}
	if (app->view.time_to > va_history_end(app->play.history))
		app->view.time_from = app->view.time_to = 0;
}

void va_app_update(struct va_app *app, uint64_t now)
{
	bool moved, jumped = app->jumped;
	unsigned levels;

	make_ready(app, now);
	if (!app->ready)
		return;
	levels = va_recording_header(app->recording)->levels;
	read_along(app);
	size_t was = app->play.pos;

	forget(app, now);
	moved = va_playback_update(&app->play, now, app->view.pinned ? app->view.tgid : 0);
	app->dirty |= moved | va_chronicle_update(&app->chronicle, app->play.history, levels, CHRONICLE_BATCH) |
		      va_usage_update(&app->usage, app->play.history, levels, CHRONICLE_BATCH);
	app->dirty |= va_heat_update(app->heat, app->play.history, CHRONICLE_BATCH);
	va_processes_update(&app->processes, app->play.model, app->play.pos);
	va_app_follow(app, now);
	va_walk_show_update(&app->walk, app->play.history, app->play.pos, app->view.tgid, levels, jumped, app->view.still && jumped, now);
	update_fork(app, levels, jumped, now);
	va_news_update(&app->news, app->play.history, app->play.pos, app->view.tgid, levels);
	if (app->view.tab == VA_TAB_TABLES)
		va_tables_show_update(&app->tables, shown_mm(app), app->play.pos, &app->view.tables, levels);
	if (app->view.tab == VA_TAB_TABLES || app->view.tab == VA_TAB_WALK)
		va_frames_update(&app->frames, app->play.model, shown_mm(app), app->play.pos);
	va_page_glow_update(&app->page_glow, app->play.history, app->play.pos, jumped, app->play.time, now);
	update_notices(app, app->play.pos > was ? app->play.pos - was : 0);
	update_inspector(app);
	build_rows(app, now);
	update_tabs(app, levels, now);
	va_app_camera_follow(app, now);
	va_app_camera_update(app, now);
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

void va_app_look(struct va_app *app, struct va_look *look, uint64_t now)
{
	*look = (struct va_look){.style = &app->style, .view = &app->view, .now = now, .recording = app->recording};
	if (!app->ready)
		return;
	look->play = &app->play;
	look->chronicle = &app->chronicle;
	look->heat = app->heat;
	look->page_glow = &app->page_glow;
	look->usage = &app->usage;
	look->compare = &app->compare;
	look->latency = &app->latency;
	look->anim = &app->anim;
	look->ruler = &app->ruler;
	look->walk = &app->walk;
	look->news = &app->news;
	look->tables = &app->tables;
	look->frames = &app->frames;
	look->notices = app->notices;
	look->fork = &app->fork;
	look->inspect = &app->inspect;
	look->search = &app->search;
	look->header = va_recording_header(app->recording);
	look->model = app->play.model;
	look->mm = shown_mm(app);
	look->task = app->view.tgid ? va_model_find_task(app->play.model, app->view.tgid) : NULL;
	look->texts = va_recording_texts(app->recording);
	look->objects = va_recording_objects(app->recording);
	look->events_per_second = rate_now(app);
}

void va_app_layout(struct va_app *app, uint64_t now)
{
	struct va_look look;

	va_app_look(app, &look, now);
	if (app->ready) {
		list_processes(app);
		look.processes = &app->processes;
		look.tree = &app->tree;
		look.pane = &app->pane;
		look.play = &app->play;
		look.chronicle = &app->chronicle;
		look.heat = app->heat;
		look.page_glow = &app->page_glow;
		look.anim = &app->anim;
		look.ruler = &app->ruler;
		look.walk = &app->walk;
		look.news = &app->news;
		look.tables = &app->tables;
		look.notices = app->notices;
		look.fork = &app->fork;
		look.header = va_recording_header(app->recording);
		look.model = app->play.model;
		look.mm = shown_mm(app);
		look.task = app->view.tgid ? va_model_find_task(app->play.model, app->view.tgid) : NULL;
		look.texts = va_recording_texts(app->recording);
		look.objects = va_recording_objects(app->recording);
		look.events_per_second = rate_now(app);
	}
	va_layout(&app->scene, &look);
	app->scene.busy |= app->flight.start && va_anim(app->flight.start, VA_TIME_MOVE, now) < 1;
	app->scene.busy |= app->ready && va_notices_position(app->notices) != app->play.pos;
	app->scene.busy |= app->ready && app->place_seen != app->play.pos;
	app->scene.busy |= app->view.tab == VA_TAB_INSPECT && app->inspect.past.valid && !app->inspect.past.done;
	app->scene.busy |= app->view.notice && now < app->view.notice_until;
	app->dirty = false;
}

void va_app_draw(struct va_app *app)
{
	va_drawn_draw(&app->drawn, &app->scene, &app->canvas);
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

bool va_app_act(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now)
{
	static const va_act_fn with_data[] = {va_act_on_time, va_act_on_moments, va_act_on_map, va_act_on_stage, va_act_on_tables, va_act_on_notice, va_act_on_fork, va_act_on_inspect, va_act_on_tree};
	bool changed = va_act_on_window(app, action, arg, now);

	for (size_t i = 0; i < sizeof(with_data) / sizeof(with_data[0]) && !changed && app->ready; i++)
		changed = with_data[i](app, action, arg, now);
	app->dirty |= changed;
	return changed;
}

static bool scroll(struct va_app *app, const struct va_scroll *area, float steps)
{
	int *at = &app->view.scroll[area->id];

	*at = va_min(va_max(va_min(*at, area->room) - (int)(steps * (float)va_px(&app->style, VA_SCROLL_STEP)), 0), area->room);
	return app->dirty = true;
}

bool va_app_wheel(struct va_app *app, int x, int y, float steps, uint64_t now)
{
	const struct va_hit *hit = va_scene_hit_at(&app->scene, x, y);
	const struct va_scroll *area = va_scene_scroll_at(&app->scene, x, y);
	struct va_rect r;

	if (area && app->ready)
		return scroll(app, area, steps);
	if (!hit || !app->ready)
		return false;
	if (va_app_is_timeline(app, x, y)) {
		int pad = va_px(&app->style, 18);

		va_act_zoom_time(app, pow(1.3, steps), va_clampf((float)(x - pad) / (float)(app->view.w - 2 * pad), 0, 1));
		return app->dirty = true;
	}
	if (hit->action != VA_ACT_MAP && hit->action != VA_ACT_MAP_BOX && hit->action != VA_ACT_PAGE)
		return false;
	r = va_app_map_rect(app);
	va_act_zoom_map(app, pow(app->flight.goal.zoom < 8 ? 1.25 : 1.5, steps), y - r.y, now);
	return true;
}
