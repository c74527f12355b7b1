/* Actions on the inspector and the search: what is chosen, and where its facts are shown. */
#include "act.h"

void va_act_choose(struct va_app *app, enum va_inspect_kind kind, __u64 addr)
{
	struct va_inspect_view *chosen = &app->view.inspect;

	chosen->kind = kind;
	chosen->addr = addr;
	app->view.scroll[VA_SCROLL_STAGE] = 0;
	if (chosen->opened || app->view.tab == VA_TAB_INSPECT)
		return; /* who then picks another tab by hand is left alone */
	app->view.tab_before = app->view.tab;
	app->view.tab = VA_TAB_INSPECT;
	chosen->opened = true;
}

void va_act_unchoose(struct va_app *app)
{
	struct va_inspect_view *chosen = &app->view.inspect;

	app->view.selected = 0;
	chosen->kind = VA_INSPECT_PROCESS;
	if (chosen->opened && app->view.tab == VA_TAB_INSPECT && !app->view.search.open)
		app->view.tab = app->view.tab_before;
	if (!app->view.search.open)
		chosen->opened = false;
}

static const struct va_mm *mm_of(const struct va_app *app)
{
	return app->view.tgid ? va_model_mm_of(app->play.model, app->view.tgid) : NULL;
}

/* The page, mapping or gap that has this address. */
static void find(struct va_app *app, __u64 addr)
{
	const struct va_vma *vma = mm_of(app) ? va_mm_vma_at(mm_of(app), addr) : NULL;

	va_act_choose(app, vma && vma->start == addr ? VA_INSPECT_BOX : VA_INSPECT_PAGE, addr);
	app->view.selected = vma ? vma->start : 0;
	app->view.focus = addr;
	app->view.pinned = true;
	if (!vma)
		app->view.follow = false;
}

static bool open_search(struct va_app *app)
{
	app->view.search.open = true;
	app->view.search.chosen = VA_RESULTS;
	app->view.help = false;
	va_typed_key(&app->view.search.entry, VA_TYPED_CLEAR);
	if (app->view.tab != VA_TAB_INSPECT) {
		app->view.tab_before = app->view.tab;
		app->view.tab = VA_TAB_INSPECT;
		app->view.inspect.opened = true;
	}
	return true;
}

static bool show_result(struct va_app *app, size_t i)
{
	const struct va_result *r = &app->search.result[i];

	if (i >= app->search.count)
		return false;
	app->view.search.chosen = i;
	if (r->kind != VA_RESULT_PROCESS) {
		find(app, r->addr);
		return true;
	}
	va_app_act(app, VA_ACT_PROCESS, r->tgid, 0);
	app->view.inspect.kind = VA_INSPECT_PROCESS;
	return true;
}

static bool next_result(struct va_app *app, int direction)
{
	size_t n = app->search.count, at = app->view.search.chosen;

	if (!n)
		return false;
	if (at >= n)
		at = direction > 0 ? 0 : n - 1;
	else
		at = direction > 0 ? (at + 1) % n : (at + n - 1) % n;
	return show_result(app, at);
}

void va_app_type(struct va_app *app, const char *text)
{
	if (!app->view.search.open || !va_typed_insert(&app->view.search.entry, text))
		return;
	app->view.search.chosen = VA_RESULTS;
	app->view.scroll[VA_SCROLL_STAGE_2] = 0;
	app->dirty = true;
}

bool va_app_entry_key(struct va_app *app, enum va_typed_key key)
{
	return app->dirty |= va_typed_key(&app->view.search.entry, key);
}

bool va_act_close_search(struct va_app *app)
{
	if (!app->view.search.open)
		return false;
	app->view.search.open = false;
	if (app->view.inspect.kind == VA_INSPECT_PROCESS)
		va_act_unchoose(app);
	return true;
}

bool va_act_on_inspect(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now)
{
	switch (action) {
	case VA_ACT_SEARCH:
		return open_search(app);
	case VA_ACT_FIND:
		find(app, arg);
		return true;
	case VA_ACT_EVENT:
		va_act_choose(app, VA_INSPECT_EVENT, 0);
		app->view.inspect.event = (size_t)arg;
		return true;
	case VA_ACT_RESULT:
		return show_result(app, (size_t)arg);
	case VA_ACT_RESULT_NEXT:
	case VA_ACT_RESULT_PREV:
		return next_result(app, action == VA_ACT_RESULT_NEXT ? 1 : -1);
	case VA_ACT_RESULT_TAKE: /* the list goes, what is chosen stays */
		if (app->view.search.chosen >= app->search.count)
			next_result(app, 1);
		return va_act_close_search(app);
	default:
		return false;
	}
}
