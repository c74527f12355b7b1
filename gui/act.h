/* What actions do, a file for each subject. Each handler returns true where it knew the action and something changed. */
#ifndef VA_ACT_H
#define VA_ACT_H

#include "app.h"

#define VA_SCROLL_STEP 44 /* pixels at scale 1 a step of the wheel */

typedef bool (*va_act_fn)(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now);

bool va_act_on_time(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now);
void va_act_forget_moments(struct va_app *app, uint64_t now); /* those the history has given up */
bool va_act_on_moments(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now);
bool va_act_on_map(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now);
bool va_act_on_stage(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now);
bool va_act_on_tables(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now);
bool va_act_on_notice(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now);
bool va_act_on_fork(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now);
bool va_act_on_inspect(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now);
bool va_act_on_tree(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now);
bool va_act_on_window(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now);

bool va_escape_tables(struct va_app *app); /* false: nothing to close there */

void va_act_zoom_map(struct va_app *app, double factor, double y, uint64_t now); /* y: of the map's rows, stays where it is */
void va_act_zoom_time(struct va_app *app, double factor, double at);           /* at: 0..1 of the timeline, stays where it is */
void va_act_show_time(struct va_app *app, __u64 from, __u64 to);               /* the timeline shows [from, to) */

/* Something is chosen for the inspector, or nothing any more: opens its tab, goes back to the one before. */
void va_act_choose(struct va_app *app, enum va_inspect_kind kind, __u64 addr);
void va_act_unchoose(struct va_app *app);
bool va_act_close_search(struct va_app *app); /* false: it was not open */

/* The app's own, for actions. */
struct va_rect va_app_map_rect(const struct va_app *app); /* where rows are drawn */
void va_app_style(struct va_app *app); /* theme, size or scale changed */

/* The camera (camera.c). at: pixel of the pane where the address is to be. */
void va_app_fly(struct va_app *app, double zoom, __u64 anchor, double at, uint64_t now);
void va_app_whole(struct va_app *app, uint64_t now);
__u64 va_app_address_at(const struct va_app *app, double y);               /* at the pane's pixel y, when the flight has ended */
double va_app_zoom_of(const struct va_app *app, __u64 addr, double page); /* so that the row fills the pane (page 0), or its pages are so tall */
void va_app_camera_follow(struct va_app *app, uint64_t now);
void va_app_camera_update(struct va_app *app, uint64_t now);

struct va_held { /* what the camera is over, while the rows are built anew */
	bool valid, tallest; /* tallest: pages cannot get taller */
	__u64 addr;
	double at, page;     /* pixels */
};
void va_app_camera_hold(const struct va_app *app, struct va_held *held, uint64_t now);
void va_app_camera_resume(struct va_app *app, const struct va_held *held, bool other, uint64_t now); /* other: of another process */

#endif
