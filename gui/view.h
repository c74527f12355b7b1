/*
 * What the user chose to look at: panes, camera, process, box. Changed by actions (app.c), read by layouts.
 */
#ifndef VA_VIEW_H
#define VA_VIEW_H

#include "chronicle.h"
#include "fork_show.h"
#include "inspect.h"
#include "compare.h"
#include "latency.h"
#include "usage.h"
#include "frames.h"
#include "map_anim.h"
#include "map_colour.h"
#include "map_ruler.h"
#include "moments.h"
#include "news.h"
#include "page_glow.h"
#include "notice_view.h"
#include "playback.h"
#include "processes.h"
#include "recording.h"
#include "scene.h"
#include "search.h"
#include "tables_show.h"
#include "tables_view.h"
#include "tabs.h"
#include "walk_show.h"

enum va_panes { VA_PANES_ALL, VA_PANES_MAP, VA_PANES_STAGE };

#define VA_SCALE_LEAST 0.5f /* of the user's factor on texts and widths */
#define VA_SCALE_MOST 3.0f

enum va_scroll_id { VA_SCROLL_PROCESSES, VA_SCROLL_STAGE, VA_SCROLL_STAGE_2, VA_SCROLL_HELP };

struct va_tree_view { /* lists of processes */
	enum va_process_sort sort; /* of the tab; the pane is a tree always */
	enum va_process_filter filter;
	enum va_process_fold fold;
	bool newest;               /* the picture turns to each new process */
};

struct va_view {
	int w, h;
	const struct va_theme *theme;
	float scale;        /* user's factor on the size's own scale */
	float fixed_scale;  /* --scale; 0 = by size */
	enum va_panes panes;
	bool compact;       /* the map alone, to live beside something else */
	bool on_top;        /* above other windows */
	bool filming;       /* what the window shows is being written to a film */
	enum va_tab tab, tab_before; /* on the stage; before: where Esc goes back to from a tab that a click has opened */
	int scroll[VA_SCROLLS];      /* pixels; by enum va_scroll_id */
	struct va_camera camera;
	struct va_map_view map;
	bool follow;        /* the camera goes where things happen */
	__u32 tgid;         /* process shown; 0 = none yet */
	bool pinned;        /* chosen by hand: does not follow activity */
	__u64 focus;        /* address of the box that gets room */
	__u64 selected;     /* box chosen by hand; 0 = none */
	__u64 page;         /* page chosen by hand: its walk is shown as last known; 0 = none */
	struct va_tables_view tables;
	struct va_inspect_view inspect; /* what the inspector tells about */
	struct va_search_view search;
	struct va_moments moments;
	__u64 time_from, time_to; /* timeline's stretch; 0, 0 = all */
	struct va_notice_view notice_view;
	int mouse_x, mouse_y;
	bool help;
	bool still;         /* a picture, not a film: no hints about keys and mouse */
	const char *notice; /* said in the status line; NULL = nothing */
	uint64_t notice_until;
	struct va_fork_view fork;
	struct va_tree_view tree;
	const char *source; /* "live", "ended: …": where the data comes from */
};

/* All that layouts may know. Borrowed, valid for one layout. */
struct va_look {
	const struct va_style *style;
	const struct va_view *view;
	struct va_playback *play;
	const struct va_chronicle *chronicle;
	const struct va_heat *heat;         /* faults by place */
	const struct va_page_glow *page_glow;
	const struct va_usage *usage;
	const struct va_compare *compare;   /* made only where the tab is shown */
	const struct va_latency *latency;   /* the same */
	const struct va_map_anim *anim;
	const struct va_ruler *ruler;       /* the map's scale at view->camera */
	const struct va_walk_show *walk;
	const struct va_news *news;
	const struct va_tables_show *tables;
	const struct va_notices *notices;
	const struct va_fork_show *fork;
	const struct va_inspect *inspect;
	const struct va_search *search;
	const struct va_frames *frames;
	const struct va_processes *processes;
	const struct va_process_list *tree, *pane; /* for the tab, for the pane */
	struct va_recording *recording;
	const struct vmatlas_stream_header *header;
	const struct va_model *model;
	const struct va_mm *mm;             /* of view->tgid; NULL = none */
	const struct va_task *task;         /* of view->tgid; NULL = none */
	struct va_texts *texts;
	struct va_objects *objects;
	double events_per_second;
	uint64_t now;
};

#endif
