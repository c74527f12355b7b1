/* Actions on the fork view: which child is compared (argument: its pid), which page is asked about (argument: its address). */
#include "act.h"

static bool choose(struct va_app *app, size_t index)
{
	app->view.fork.child = app->fork.child[index].fork.child;
	return true;
}

static bool choose_pid(struct va_app *app, __u32 pid)
{
	for (size_t i = app->fork.count; i-- > 0;)
		if (app->fork.child[i].fork.child == pid)
			return choose(app, i);
	return false;
}

bool va_act_on_fork(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now)
{
	size_t n = app->fork.parent ? app->fork.count : 0, at = app->fork.chosen;

	switch (action) {
	case VA_ACT_FORK_CHILD:
		return n && choose_pid(app, (__u32)arg);
	case VA_ACT_FORK_NEXT:
		return n && choose(app, (at + 1) % n);
	case VA_ACT_FORK_PREV:
		return n && choose(app, (at + n - 1) % n);
	case VA_ACT_FORK_ALL:
		app->view.fork.all = !app->view.fork.all;
		return true;
	case VA_ACT_FORK_PAGE: /* as on the map, but the fork view stays */
		app->view.page = app->view.page == arg ? 0 : arg;
		app->view.focus = arg;
		return true;
	default:
		return false;
	}
}
