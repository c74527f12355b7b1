/* Actions on the window as a whole. */
#include "act.h"

static void escape(struct va_app *app, uint64_t now)
{
	if (app->view.help) {
		app->view.help = false;
		return;
	}
	if (va_act_close_search(app) || va_escape_tables(app))
		return;
	va_act_unchoose(app);
	app->view.map.only = 0;
	app->view.time_from = app->view.time_to = 0;
	app->view.follow = true;
	va_app_whole(app, now);
}

bool va_act_on_window(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now)
{
	switch (action) {
	case VA_ACT_HELP:
		app->view.help = !app->view.help;
		app->view.scroll[VA_SCROLL_HELP] = 0;
		return true;
	case VA_ACT_ESCAPE:
		escape(app, now);
		return true;
	case VA_ACT_PANES:
		app->view.panes = (enum va_panes)((app->view.panes + 1) % (VA_PANES_STAGE + 1));
		app->view.compact = false;
		return true;
	case VA_ACT_COMPACT:
		app->view.compact = !app->view.compact;
		return true;
	case VA_ACT_THEME:
		app->view.theme = va_theme_next(app->view.theme);
		break;
	case VA_ACT_SCALE_UP:
	case VA_ACT_SCALE_DOWN:
		app->view.scale = va_clampf(app->view.scale * (action == VA_ACT_SCALE_UP ? 1.1f : 1 / 1.1f), VA_SCALE_LEAST, VA_SCALE_MOST);
		break;
	case VA_ACT_SCALE_RESET:
		app->view.scale = 1;
		break;
	default:
		return false;
	}
	va_app_style(app);
	return true;
}
