/*
 * Layouts: pure functions (look, place) → scene. They decide what stands where; they draw nothing and change nothing.
 * Panes fold away when there is little room, in this order: processes, stage, caption, the timeline's density; the map stays. In a tall window the stage stands
 * below the map. Compact (view.compact) folds all of them at any size.
 */
#ifndef VA_LAYOUT_H
#define VA_LAYOUT_H

#include "view.h"

struct va_panes_at {
	struct va_rect status, processes, map, stage, explain, caption, timeline; /* empty = folded away */
};

void va_layout_panes(struct va_panes_at *at, const struct va_style *style, const struct va_view *view, bool several);
struct va_rect va_layout_map_content(struct va_rect pane, const struct va_style *style, const struct va_view *view); /* where rows are drawn: y, h count */

/* The whole picture. */
void va_layout(struct va_scene *scene, const struct va_look *look);

void va_layout_status(struct va_scene *s, struct va_rect r, const struct va_look *look);
void va_layout_processes(struct va_scene *s, struct va_rect r, const struct va_look *look);
void va_layout_map(struct va_scene *s, struct va_rect r, const struct va_look *look);
void va_layout_stage(struct va_scene *s, struct va_rect r, const struct va_look *look);
void va_layout_walk(struct va_scene *s, struct va_rect r, const struct va_look *look); /* in the stage, as all of va_tabs */
void va_layout_radix(struct va_scene *s, struct va_rect r, const struct va_look *look); /* the page tables as a tree */
void va_layout_noticed(struct va_scene *s, struct va_rect r, const struct va_look *look);
void va_layout_tree(struct va_scene *s, struct va_rect r, const struct va_look *look);
void va_layout_fork(struct va_scene *s, struct va_rect r, const struct va_look *look);
void va_layout_inspect(struct va_scene *s, struct va_rect r, const struct va_look *look);
int va_layout_search(struct va_scene *s, struct va_rect r, const struct va_look *look); /* returns the height used */
void va_layout_difference(struct va_scene *s, struct va_rect r, const struct va_look *look);
void va_layout_stats(struct va_scene *s, struct va_rect r, const struct va_look *look);
/* Physical memory: the frames of the process shown. */
void va_layout_frames(struct va_scene *s, struct va_rect r, const struct va_look *look);
int va_layout_frames_height(const struct va_style *style, int rows);
void va_layout_news(struct va_scene *s, struct va_rect r, const struct va_look *look);
void va_layout_explain(struct va_scene *s, struct va_rect r, const struct va_look *look);
int va_layout_explain_height(const struct va_style *style, int w);
void va_layout_caption(struct va_scene *s, struct va_rect r, const struct va_look *look);
void va_layout_timeline(struct va_scene *s, struct va_rect r, const struct va_look *look);
void va_layout_help(struct va_scene *s, struct va_rect r, const struct va_look *look);
void va_layout_tip(struct va_scene *s, const struct va_look *look);

/* Parts of the timeline. */
struct va_time_axis {
	struct va_rect r;
	__u64 from, to; /* ts at its ends */
};
struct va_time_axis va_layout_time_axis(struct va_rect r, const struct va_look *look); /* what the timeline shows now */
float va_layout_time_x(const struct va_time_axis *a, __u64 ts);
void va_layout_time_overview(struct va_scene *s, struct va_rect r, const struct va_look *look);                         /* all of the recording, and where the timeline is in it */
void va_layout_usage(struct va_scene *s, const struct va_time_axis *a, const struct va_look *look);                      /* RSS and VSS of the process shown */
void va_layout_moments(struct va_scene *s, const struct va_time_axis *a, struct va_rect r, const struct va_look *look);  /* the stretch from A to B, behind all else */
void va_layout_flags(struct va_scene *s, const struct va_time_axis *a, struct va_rect r, const struct va_look *look);    /* A, B and bookmarks, above */

/* Pieces shared by panes. */
/* A button cut off the left of *r; on: it is what holds. Where it does not fit: not drawn. */
void va_layout_button(struct va_scene *s, struct va_rect *r, const char *text, bool on, enum va_action_id action, uint64_t arg, const char *tip);
/* The line that counts ended processes which are folded away, or folds them; nothing where there is nothing to fold. */
void va_layout_folded(struct va_scene *s, struct va_rect at, const struct va_process_list *list);
/* A process's name and number, marked where it is the one shown; takes what it needs off *at's left. Clicking the row chooses it. */
void va_layout_process_name(struct va_scene *s, struct va_rect row, struct va_rect *at, const struct va_process *p, const struct va_look *look);
/*
 * A list `height` pixels tall stands in *r: how far it is scrolled, in pixels. Where it is too tall, the bar is drawn and *r made narrower. id: each list that can be
 * seen at the same time has its own, see VA_SCROLL_*.
 */
int va_layout_scroll(struct va_scene *s, struct va_rect *r, const struct va_look *look, unsigned id, int height);
struct va_rect va_layout_pane(struct va_scene *s, struct va_rect r, const char *title); /* frame and heading; returns the room inside */
void va_layout_cells(struct va_scene *s, struct va_rect r, const struct va_row *row, const struct va_look *look);
va_colour va_kind_colour(const struct va_theme *t, enum va_fault_kind kind);
va_colour va_class_colour(const struct va_theme *t, enum va_class c);
const char *va_class_name(enum va_class c);
bool va_is_kernels(const struct va_row *row); /* vdso, vvar: neither anonymous nor a file */

#endif
