/*
 * The one place that wires: every component by value, in the order data flows. Knows no SDL: the window feeds it events and shows its canvas;
 * render does without a window. `now` is a clock of the caller's (ns, never 0, only forward).
 *
 *   recording ▶ playback ▶ chronicle, walk_show, news, rows ▶ map_anim ▶ scene ▶ canvas
 */
#ifndef VA_APP_H
#define VA_APP_H

#include "drawn.h"
#include "view.h"

struct va_app {
	struct va_recording *recording; /* borrowed */
	size_t kept;               /* first position of the history, when last looked at */
	struct va_playback play;
	bool ready;                     /* header seen: play may be used */
	struct va_chronicle chronicle;
	struct va_usage usage;
	struct va_compare compare;
	struct va_latency latency;
	struct va_walk_show walk;
	struct va_news news;
	struct va_tables_show tables;
	struct va_frames frames;
	struct va_heat *heat;
	struct va_page_glow page_glow;
	struct va_notices *notices;     /* owned; NULL until ready */
	struct va_fork_show fork;
	struct va_inspect inspect;
	struct va_search search;
	struct va_symbols *symbols;     /* borrowed; NULL = code is named by file and offset alone */
	struct va_processes processes;
	struct va_process_list tree, pane;
	uint64_t turned_since; /* to the newest process */
	struct va_rows rows;
	struct va_map_anim anim;
	struct va_view view;
	struct va_style style;
	struct va_fonts *fonts;         /* borrowed */
	struct va_scene scene;
	struct va_canvas canvas;
	struct va_drawn drawn;

	struct va_flight flight; /* of the camera … */
	struct va_ruler ruler, goal_ruler; /* … the map's scale where it is and where it goes */
	__u64 focus_shown;       /* the camera has been there */
	size_t seen, place_seen; /* positions up to which follow has looked for processes and for places */
	__u64 active_ts;         /* last event of the process shown */
	uint64_t focus_since;
	bool dirty;              /* something changed that is not animation */
	bool turned;             /* to another process, or back to following: look for the place anew */
	bool jumped;             /* an action moved in time: nothing in between to animate */
	struct {                 /* a drag on the timeline */
		enum { VA_DRAG_NO, VA_DRAG_SEEK, VA_DRAG_STRETCH, VA_DRAG_OVERVIEW } kind;
		struct va_hit hit;
		int x;
	} time_drag;
	struct {                 /* what the rows were built from */
		size_t pos;
		__u32 tgid;
		__u64 focus;
		int w, h;
		float scale;
	} built;
};

struct va_app_options {
	int w, h;
	const struct va_theme *theme;
	float scale;     /* 0 = by size */
	enum va_panes panes;
	bool live, still;
	struct va_symbols *symbols; /* borrowed, may be NULL */
};

bool va_app_init(struct va_app *app, struct va_recording *recording, struct va_fonts *fonts, const struct va_app_options *o, uint64_t now);
void va_app_destroy(struct va_app *app);
bool va_app_resize(struct va_app *app, int w, int h);

void va_app_update(struct va_app *app, uint64_t now);          /* moves on: state only */
void va_app_layout(struct va_app *app, uint64_t now);          /* state → scene */
void va_app_draw(struct va_app *app);                          /* scene → canvas, what changed of it: drawn.changed */
bool va_app_needs_frame(const struct va_app *app, uint64_t now); /* false: the last picture still holds */

void va_app_notice(struct va_app *app, const char *text, uint64_t now); /* text: static */

/* What a user does. True where something changed. */
bool va_app_act(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now);
void va_app_type(struct va_app *app, const char *text);                /* into the search, where it is open */
bool va_app_entry_key(struct va_app *app, enum va_typed_key key);
void va_app_look(struct va_app *app, struct va_look *look, uint64_t now);
bool va_app_wheel(struct va_app *app, int x, int y, float steps, uint64_t now);
void va_app_pan(struct va_app *app, int dy);
void va_app_overview(struct va_app *app, const struct va_hit *overview, int y, uint64_t now);
/* The timeline under the pointer: pressed, dragged with the button held (true: the press was for it), let go; and scrolled by pixels. */
bool va_app_time_press(struct va_app *app, const struct va_hit *hit, int x, bool shift);
void va_app_time_drag(struct va_app *app, int x);
void va_app_time_release(struct va_app *app);
void va_app_time_scroll(struct va_app *app, int dx);
bool va_app_is_timeline(const struct va_app *app, int x, int y);

/* Which process and which box the picture turns to (follow.c). */
void va_app_follow(struct va_app *app, uint64_t now);

#endif
