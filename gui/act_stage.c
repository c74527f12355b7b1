/* Actions on the stage: which tab is shown. */
#include "act.h"

static bool show(struct va_app *app, enum va_tab tab)
{
	if (tab >= VA_TABS || !va_tabs[tab].layout)
		return false;
	app->view.tab = app->view.tab_before = tab;
	return true;
}

bool va_act_on_stage(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now)
{
	switch (action) {
	case VA_ACT_TAB:
		return show(app, (enum va_tab)arg);
	case VA_ACT_TAB_NEXT:
	case VA_ACT_TAB_PREV:
		return show(app, va_tab_next(app->view.tab, action == VA_ACT_TAB_NEXT ? 1 : -1));
	default:
		return false;
	}
}
