/* The window's loop: bytes and events in, pictures out, nothing at all while nothing changes. */
#include "window.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "act.h"
#include "copy.h"
#include "decode.h"
#include "feed.h"
#include "input.h"
#include "limits.h"
#include "loading.h"
#include "render.h"
#include "settings.h"
#include "window_rest.h"
#include "window_screen.h"
#include "window_shots.h"
#include "window_times.h"

#define DRAG_PIXELS 4

struct window {
	const struct va_window_options *o;
	struct va_recording *recording;
	bool own_recording;
	struct va_feed feed;
	uint64_t spent; /* ns, by the last frame without what was taken in */
	bool streaming;
	bool loading;
	struct va_rest rest;
	struct va_times times;
	struct va_settings settings; /* as they were at the beginning */
	struct va_shots shots;
	struct va_fonts *fonts;
	struct va_screen screen;
	struct va_app app;
	struct va_symbols *symbols;
	Uint32 wake_event;
	bool quit, stopped;
	enum { DRAG_NONE, DRAG_PRESSED, DRAG_MAP, DRAG_TIME, DRAG_OVERVIEW } drag;
	struct va_hit pressed;
	int press_x, press_y;
	char source_text[160];
	char notice[128];
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * VA_SEC + (uint64_t)t.tv_nsec;
}

bool va_window_possible(void)
{
	const char *x = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");

	return (x && *x) || (wayland && *wayland) || va_times_wanted();
}

/* Called by the source's thread: the only SDL function that may be called there. */
static void wake(void *ctx)
{
	struct window *w = ctx;
	SDL_Event e = {.type = w->wake_event};

	SDL_PushEvent(&e);
}

static void say_source(struct window *w, const char *text)
{
	snprintf(w->source_text, sizeof(w->source_text), "%s", text);
	w->app.view.source = w->source_text;
	w->app.dirty = true;
}

/* As much of what has come as there is time for in a frame. */
static void take_stream(struct window *w)
{
	uint64_t began = now_ns();
	char text[sizeof(w->source_text)];

	if (!w->streaming)
		return;
	bool was_ready = va_recording_ready(w->recording);
	int more = va_feed_step(&w->feed, w->recording, now_ns, began + (w->spent > VA_TIME_FEED ? w->spent : VA_TIME_FEED));

	w->app.dirty |= va_recording_ready(w->recording) != was_ready;
	w->streaming = w->app.play.growing = more == 1;
	va_feed_words(&w->feed, w->recording, now_ns(), text, sizeof(text));
	if (strcmp(text, w->source_text))
		say_source(w, text);
}

static void write_mark(struct window *w, uint64_t now)
{
	static unsigned count;
	char text[64];

	snprintf(text, sizeof(text), "mark %u", ++count);
	if (!w->o->mark || !w->streaming)
		va_app_notice(&w->app, "marks can be written while a command runs under run or attach", now);
	else if (w->o->mark(w->o->ctx, text))
		va_app_notice(&w->app, "the mark could not be written", now);
}

static void copy(struct window *w, bool all, uint64_t now)
{
	char *text = malloc(VA_COPY_MAX);
	const char *what = text ? va_copy_text(&w->app, all, text, VA_COPY_MAX, now) : NULL;

	va_app_notice(&w->app, !what ? "nothing is chosen that could be copied" : SDL_SetClipboardText(text) ? "the clipboard does not take it" : what, now);
	free(text);
}

static void start_at(struct window *w, size_t position, uint64_t now)
{
	va_app_update(&w->app, now);
	va_playback_pause(&w->app.play, true, now);
	va_playback_seek(&w->app.play, position);
	w->app.jumped = true;
}

/* Where the user wants to start can be known only when all is there. */
static void start_loaded(struct window *w, uint64_t now)
{
	size_t position;

	w->loading = false;
	if (!w->o->loaded) {
		va_app_update(&w->app, now);
	} else if (w->o->loaded(w->o->ctx, &position)) {
		start_at(w, position, now);
	} else {
		w->quit = true;
	}
}

static void stop_loading(struct window *w, uint64_t now)
{
	va_recording_stop(w->recording);
	say_source(w, "loading was stopped: this is what had come");
	start_loaded(w, now);
}

/* Reads on for a little less than a frame. */
static void load(struct window *w, uint64_t began)
{
	int more = 1;

	while (more > 0 && now_ns() < began + VA_TIME_FRAME)
		more = va_recording_step(w->recording);
	if (more > 0)
		return;
	w->app.view.source = NULL;
	w->app.dirty = true;
	start_loaded(w, now_ns());
}

/* While the rest is read the window is as ever, and has what has come; whoever wants to start at a moment that may still be to come sees how far it is. */
static bool shows_already(const struct window *w)
{
	return w->loading && !w->o->loaded && va_recording_ready(w->recording) && va_history_count(va_recording_history(w->recording));
}

static void say_loading(struct window *w)
{
	char text[64];

	snprintf(text, sizeof(text), "loading: %.0f %% is here; Esc stops it", va_recording_part(w->recording) * 100);
	if (strcmp(text, w->source_text))
		say_source(w, text);
}

static void draw(struct window *w, uint64_t now)
{
	va_app_draw(&w->app);
	va_shots_frame(&w->shots, now);
	va_screen_show(&w->screen, &w->app.canvas, w->app.drawn.changed, w->app.drawn.changed_count);
}

static void show_loading(struct window *w)
{
	size_t records = va_recording_ready(w->recording) ? va_history_count(va_recording_history(w->recording)) : 0;

	va_layout_loading(&w->app.scene, &w->app.style, w->app.view.w, w->app.view.h, w->o->title, va_recording_part(w->recording), records);
	draw(w, now_ns());
}

static void act(struct window *w, enum va_action_id action, uint64_t arg, uint64_t now)
{
	bool open = w->app.view.help || w->app.view.search.open; /* Esc closes that first */

	if (w->loading && action == VA_ACT_ESCAPE && !open)
		return stop_loading(w, now);
	if (w->loading && !shows_already(w) && action != VA_ACT_QUIT && action != VA_ACT_FULL)
		return;
	switch (action) {
	case VA_ACT_QUIT:
		w->quit = true;
		break;
	case VA_ACT_FULL:
		va_screen_full(&w->screen);
		break;
	case VA_ACT_SHOT:
		va_shots_picture(&w->shots, now);
		break;
	case VA_ACT_FILM:
		va_shots_film(&w->shots, now);
		break;
	case VA_ACT_ON_TOP:
		w->app.view.on_top = !w->app.view.on_top;
		va_screen_on_top(&w->screen, w->app.view.on_top);
		va_app_notice(&w->app, w->app.view.on_top ? "above other windows" : "no longer above other windows", now);
		break;
	case VA_ACT_COPY:
		copy(w, arg, now);
		break;
	case VA_ACT_MARK:
		write_mark(w, now);
		break;
	default:
		va_app_act(&w->app, action, arg, now);
	}
}

static void press(struct window *w, int x, int y)
{
	const struct va_hit *hit = va_scene_hit_at(&w->app.scene, x, y);

	w->press_x = x;
	w->press_y = y;
	w->drag = hit ? DRAG_PRESSED : DRAG_NONE;
	if (!hit)
		return;
	w->pressed = *hit;
	if (va_app_time_press(&w->app, hit, x, SDL_GetModState() & KMOD_SHIFT))
		w->drag = DRAG_TIME;
	else if (hit->action == VA_ACT_OVERVIEW) {
		w->drag = DRAG_OVERVIEW;
		va_app_overview(&w->app, hit, y, now_ns());
	}
}

static void move(struct window *w, const SDL_MouseMotionEvent *e)
{
	const char *was = va_scene_tip_at(&w->app.scene, w->app.view.mouse_x, w->app.view.mouse_y), *is = va_scene_tip_at(&w->app.scene, e->x, e->y);
	bool map = w->pressed.action == VA_ACT_MAP || w->pressed.action == VA_ACT_MAP_BOX || w->pressed.action == VA_ACT_PAGE;

	w->app.view.mouse_x = e->x;
	w->app.view.mouse_y = e->y;
	if (w->drag == DRAG_PRESSED && map && abs(e->y - w->press_y) > DRAG_PIXELS)
		w->drag = DRAG_MAP;
	if ((e->state & (SDL_BUTTON_MMASK | SDL_BUTTON_RMASK)) && va_app_is_timeline(&w->app, e->x, e->y))
		va_app_time_scroll(&w->app, e->xrel);
	else if (w->drag == DRAG_MAP || (e->state & (SDL_BUTTON_MMASK | SDL_BUTTON_RMASK)))
		va_app_pan(&w->app, e->yrel);
	else if (w->drag == DRAG_TIME)
		va_app_time_drag(&w->app, e->x);
	else if (w->drag == DRAG_OVERVIEW)
		va_app_overview(&w->app, &w->pressed, e->y, now_ns());
	else if (was || is)
		w->app.dirty = true;
}

static void release(struct window *w, uint64_t now)
{
	if (w->drag == DRAG_PRESSED)
		act(w, w->pressed.action, w->pressed.arg, now);
	va_app_time_release(&w->app);
	w->drag = DRAG_NONE;
}

static void paste(struct window *w)
{
	char *text = SDL_GetClipboardText();

	if (text)
		va_app_type(&w->app, text);
	SDL_free(text);
}

/* While something is typed, keys are for the text; what is left over (false) does what it always does. */
static bool search_key(struct window *w, int key, unsigned mods, uint64_t now)
{
	static const struct {
		int key;
		enum va_typed_key does;
	} edits[] = {
		{SDLK_LEFT, VA_TYPED_LEFT}, {SDLK_RIGHT, VA_TYPED_RIGHT}, {SDLK_HOME, VA_TYPED_HOME}, {SDLK_END, VA_TYPED_END},
		{SDLK_BACKSPACE, VA_TYPED_BACKSPACE}, {SDLK_DELETE, VA_TYPED_DELETE},
	};
	static const struct {
		int key;
		enum va_action_id does;
	} acts[] = {{SDLK_UP, VA_ACT_RESULT_PREV}, {SDLK_DOWN, VA_ACT_RESULT_NEXT}, {SDLK_RETURN, VA_ACT_RESULT_TAKE}, {SDLK_KP_ENTER, VA_ACT_RESULT_TAKE}};

	if (mods & VA_MOD_CTRL && key == 'v')
		paste(w);
	if (mods & VA_MOD_CTRL && key == 'u')
		va_app_entry_key(&w->app, VA_TYPED_CLEAR);
	if (mods & VA_MOD_CTRL)
		return key == 'v' || key == 'u';
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++)
		if (edits[i].key == key)
			va_app_entry_key(&w->app, edits[i].does);
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (acts[i].key == key)
			act(w, acts[i].does, 0, now);
	return key != SDLK_ESCAPE && !(key >= SDLK_F1 && key <= SDLK_F12) && key != '\t';
}

/* Letters come as text only while somebody waits for them: the key that opens the search is none of it. */
static void expect_text(const struct window *w)
{
	bool want = w->app.view.search.open;

	if (want != (SDL_IsTextInputActive() == SDL_TRUE))
		want ? SDL_StartTextInput() : SDL_StopTextInput();
}

static void key(struct window *w, const SDL_KeyboardEvent *e, uint64_t now)
{
	unsigned mods = (e->keysym.mod & KMOD_CTRL ? VA_MOD_CTRL : 0) | (e->keysym.mod & KMOD_SHIFT ? VA_MOD_SHIFT : 0);
	const struct va_key *k;

	if (w->app.view.search.open && search_key(w, e->keysym.sym, mods, now))
		return;
	k = e->keysym.mod & KMOD_ALT ? NULL : va_key_for(e->keysym.sym, mods);

	if (k)
		act(w, k->action, k->arg, now);
}

static void window_event(struct window *w, const SDL_WindowEvent *e)
{
	int width, height;

	if (e->event == SDL_WINDOWEVENT_SIZE_CHANGED || e->event == SDL_WINDOWEVENT_EXPOSED) {
		va_screen_size(&w->screen, &width, &height);
		va_app_resize(&w->app, width, height);
		va_drawn_forget(&w->app.drawn); /* what was shown is gone */
		w->app.dirty = true;
	} else if (e->event == SDL_WINDOWEVENT_LEAVE) {
		w->app.view.mouse_x = w->app.view.mouse_y = -1;
		w->app.dirty = true;
	}
}

static void event(struct window *w, const SDL_Event *e, uint64_t now)
{
	w->times.inputs += e->type == SDL_KEYDOWN || e->type == SDL_MOUSEBUTTONDOWN || e->type == SDL_MOUSEBUTTONUP || e->type == SDL_MOUSEWHEEL;
	switch (e->type) {
	case SDL_QUIT:
		w->quit = true;
		break;
	case SDL_KEYDOWN:
		key(w, &e->key, now);
		break;
	case SDL_TEXTINPUT:
		va_app_type(&w->app, e->text.text);
		break;
	case SDL_MOUSEBUTTONDOWN:
		if (e->button.button == SDL_BUTTON_LEFT)
			press(w, e->button.x, e->button.y);
		break;
	case SDL_MOUSEBUTTONUP:
		if (e->button.button == SDL_BUTTON_LEFT)
			release(w, now);
		break;
	case SDL_MOUSEMOTION:
		move(w, &e->motion);
		break;
	case SDL_MOUSEWHEEL:
		va_app_wheel(&w->app, w->app.view.mouse_x, w->app.view.mouse_y, (float)e->wheel.y, now);
		break;
	case SDL_WINDOWEVENT:
		window_event(w, &e->window);
		break;
	}
}

/* How long nothing can change by itself: ms for SDL_WaitEventTimeout */
static int idle_time(struct window *w, uint64_t now)
{
	if (w->loading || (w->streaming && va_feed_waiting(&w->feed, w->recording)))
		return 1;
	if (va_app_needs_frame(&w->app, now))
		return (int)(VA_TIME_FRAME / VA_MS);
	if (w->shots.capture)
		return 500;
	if (w->app.ready && w->app.play.mode == VA_PLAY_EACH && w->app.play.next_each > now)
		return (int)((w->app.play.next_each - now) / VA_MS) + 1;
	return 60000;
}

/* Everything sent so far has been handled, and the picture stands; while the rest is read it does not, and is what it is. */
static bool at_rest(struct window *w)
{
	SDL_PumpEvents();
	if (w->streaming && va_feed_waiting(&w->feed, w->recording))
		return false;
	return w->loading || (!SDL_HasEvents(SDL_FIRSTEVENT, SDL_LASTEVENT) && !va_app_needs_frame(&w->app, now_ns()));
}

static void loop(struct window *w)
{
	SDL_Event e;

	while (!w->quit) {
		uint64_t now = now_ns(), began = now;

		while (w->loading && !w->quit) {
			load(w, now);
			if (w->loading)
				shows_already(w) ? say_loading(w) : show_loading(w);
			while (SDL_PollEvent(&e))
				event(w, &e, now_ns());
			now = began = now_ns();
			if (shows_already(w))
				break;
		}

		take_stream(w);
		uint64_t taken = now_ns();

		expect_text(w);
		va_app_update(&w->app, now);
		if (va_app_needs_frame(&w->app, now)) {
			va_app_layout(&w->app, now);
			draw(w, now);
			va_times_frame(&w->times, w->app.ready ? w->app.play.history : NULL, w->app.play.pos, now, now_ns());
		} else if (w->shots.capture) {
			va_capture_frame(w->shots.capture, NULL, now);
		}
		if (va_rest_asked(&w->rest) && at_rest(w))
			va_rest_answer(&w->rest, &w->app.scene);
		w->spent = now_ns() - taken;
		int wait = idle_time(w, now), used = (int)((now_ns() - began) / VA_MS);

		if (SDL_WaitEventTimeout(&e, va_max(wait - used, 1)))
			do
				event(w, &e, now_ns());
			while (SDL_PollEvent(&e));
	}
}

static const char *title_of(struct window *w, char *buf, size_t n)
{
	const char *command = va_recording_ready(w->recording) ? va_recording_meta(w->recording, "command") : NULL;
	const char *what = w->o->title ? w->o->title : command;

	bool redacted = va_recording_ready(w->recording) && va_recording_meta(w->recording, "redacted");

	snprintf(buf, n, "%s%s%svmatlas", what ? what : "", redacted ? " (redacted)" : "", what || redacted ? " - " : "");
	return buf;
}

#define COMPACT_W 480
#define COMPACT_H 640

/* What the user asks for now, else as it was last. */
static struct va_place place_of(const struct window *w, bool compact)
{
	const struct va_settings *s = &w->settings;

	if (w->o->width)
		return (struct va_place){.w = w->o->width, .h = w->o->height};
	if (compact && !s->compact)
		return (struct va_place){.w = COMPACT_W, .h = COMPACT_H};
	return (struct va_place){s->x, s->y, s->w, s->h, s->w, s->maximised};
}

static const struct va_theme *theme_of(const struct window *w)
{
	if (w->o->theme)
		return va_theme_find(w->o->theme);
	return *w->settings.theme ? va_theme_find(w->settings.theme) : &va_theme_dark;
}

static void keep_settings(struct window *w)
{
	const struct va_view *view = &w->app.view;
	struct va_settings s = {.scale = view->scale, .compact = view->compact, .on_top = view->on_top, .explain = view->notice_view.explain};
	struct va_place place;

	snprintf(s.theme, sizeof(s.theme), "%s", view->theme->name);
	va_screen_place(&w->screen, &place);
	s.maximised = place.maximised;
	if (place.w)
		s.x = place.x, s.y = place.y, s.w = place.w, s.h = place.h;
	else
		s.x = w->settings.x, s.y = w->settings.y, s.w = w->settings.w, s.h = w->settings.h;
	va_settings_save(&s); /* where it cannot be kept there is nothing to be done */
}

static void use_settings(struct window *w, bool compact)
{
	w->app.view.scale = (float)w->settings.scale;
	w->app.view.compact = compact;
	w->app.view.notice_view.explain = w->settings.explain;
	if (w->o->tab)
		va_tab_find(w->o->tab, &w->app.view.tab);
	w->app.view.on_top = w->o->on_top || w->settings.on_top;
	va_app_style(&w->app);
	if (w->app.view.on_top)
		va_screen_on_top(&w->screen, true);
}

static int open_all(struct window *w)
{
	struct va_app_options options = {.scale = (float)w->o->scale, .live = w->o->stream_fd >= 0};
	char title[256];
	struct va_place place;
	bool compact;
	int error;

	va_settings_load(&w->settings);
	compact = w->o->compact || w->settings.compact;
	options.theme = theme_of(w);
	place = place_of(w, compact);
	error = va_screen_open(&w->screen, title_of(w, title, sizeof(title)), &place, w->o->hidden_ok || va_times_wanted());
	if (error)
		return error;
	w->wake_event = SDL_RegisterEvents(1);
	options.symbols = w->symbols = va_symbols_new(wake, w);
	va_screen_size(&w->screen, &options.w, &options.h);
	w->fonts = va_fonts_new(NULL);
	if (!w->fonts || !va_app_init(&w->app, w->recording, w->fonts, &options, now_ns()))
		return -ENOMEM;
	use_settings(w, compact);
	va_rest_start(&w->rest, wake, w);
	va_times_start(&w->times);
	if (w->o->stream_fd < 0) {
		w->loading = w->o->loading;
		if (!w->loading)
			start_loaded(w, now_ns());
		return 0;
	}
	va_recording_limit(w->recording, w->o->history ? w->o->history : VA_LIMIT_HISTORY);
	say_source(w, "live");
	w->streaming = true;
	return va_feed_start(&w->feed, w->recording, w->o->stream_fd, wake, w);
}

static void close_all(struct window *w)
{
	if (w->streaming && w->o->stop)
		w->o->stop(w->o->ctx);
	va_feed_stop(&w->feed);
	va_rest_stop(&w->rest);
	va_shots_stop(&w->shots, "", now_ns());
	if (w->fonts && w->app.canvas.pixels)
		keep_settings(w);
	if (w->fonts) {
		va_app_destroy(&w->app);
		va_fonts_free(w->fonts);
	}
	va_symbols_free(w->symbols);
	if (w->screen.window)
		va_screen_close(&w->screen);
	if (w->own_recording)
		va_recording_free(w->recording);
}

int va_window_run(const struct va_window_options *o)
{
	struct window *w = calloc(1, sizeof(*w));
	int error;

	if (!w)
		return -ENOMEM;
	w->o = o;
	w->shots.app = &w->app;
	w->own_recording = !o->recording;
	w->recording = o->recording ? o->recording : va_recording_new();
	error = open_all(w);
	if (!error)
		loop(w);
	close_all(w);
	free(w);
	return error;
}
