/* Actions on lists of processes. TREE_SORT_BY, TREE_FILTER_BY: the argument is an enum va_process_sort, va_process_filter. */
#include "act.h"

bool va_act_on_tree(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now)
{
	struct va_tree_view *v = &app->view.tree;

	switch (action) {
	case VA_ACT_TREE_SORT:
		v->sort = (v->sort + 1) % VA_SORTS;
		return true;
	case VA_ACT_TREE_SORT_BY:
		v->sort = arg < VA_SORTS ? (enum va_process_sort)arg : v->sort;
		return arg < VA_SORTS;
	case VA_ACT_TREE_FILTER:
		v->filter = (v->filter + 1) % VA_FILTERS;
		return true;
	case VA_ACT_TREE_FILTER_BY:
		v->filter = arg < VA_FILTERS ? (enum va_process_filter)arg : v->filter;
		return arg < VA_FILTERS;
	case VA_ACT_TREE_ENDED:
		v->fold = va_processes_folds(&app->processes, v->fold) ? VA_FOLD_NO : VA_FOLD_YES;
		return true;
	case VA_ACT_NEWEST:
		v->newest = !v->newest;
		va_app_notice(app, v->newest ? "following the newest process" : "no longer following the newest process", now);
		return app->turned = true;
	default:
		return false;
	}
}
