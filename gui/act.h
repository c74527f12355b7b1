/* What actions do, a file for each subject. Each handler returns true where it knew the action and something changed. */
#ifndef VA_ACT_H
#define VA_ACT_H

#include "app.h"

#define VA_ZOOM_MAX 4000.0f
#define VA_SCROLL_STEP 44 /* pixels at scale 1 a step of the wheel */

typedef bool (*va_act_fn)(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now);

bool va_act_on_time(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now);
bool va_act_on_map(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now);
bool va_act_on_stage(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now);
bool va_act_on_window(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now);

void va_act_zoom_map(struct va_app *app, float factor, float y, uint64_t now); /* y: of the map's rows, stays where it is */
void va_act_zoom_time(struct va_app *app, double factor, double at);           /* at: 0..1 of the timeline, stays where it is */

/* The app's own, for actions. */
struct va_rect va_app_map_rect(const struct va_app *app); /* where rows are drawn */
void va_app_move_camera(struct va_app *app, struct va_camera to, uint64_t now);
void va_app_clamp_camera(struct va_app *app);
void va_app_style(struct va_app *app); /* theme, size or scale changed */

#endif
