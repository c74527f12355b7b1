/* Actions on the walk view and the page-table view. */
#include "act.h"
#include "tables.h"

static unsigned levels_of(const struct va_app *app)
{
	return va_recording_header(app->recording)->levels;
}

/* Shows the table of `level` that holds addr's entry; the cursor goes to that entry. */
static void go_to(struct va_app *app, unsigned level, __u64 addr)
{
	struct va_tables_view *v = &app->view.tables;
	unsigned levels = levels_of(app);

	if (level == 1 && levels == 4)
		level = 2;
	v->level = level < VMATLAS_LEVELS ? level : 4;
	v->at = va_table_base(v->level, addr, levels);
	v->cursor = va_index_in(v->level, addr, levels);
	v->chosen = true;
}

/* arg: an address, and in its low bits the level. */
static bool show_table(struct va_app *app, uint64_t arg)
{
	go_to(app, (unsigned)(arg & 7), arg & ~4095ull);
	if (app->view.tab != VA_TAB_TABLES) {
		app->view.tab_before = app->view.tab;
		app->view.tab = VA_TAB_TABLES;
	}
	return true;
}

static bool up(struct va_app *app)
{
	struct va_tables_view *v = &app->view.tables;

	if (app->view.tab != VA_TAB_TABLES || v->level == 0)
		return false;
	go_to(app, va_level_above(v->level, levels_of(app)), v->at);
	return true;
}

static bool move_cursor(struct va_app *app, unsigned step)
{
	static const int by[] = {[VA_CURSOR_LEFT] = -1, [VA_CURSOR_RIGHT] = 1, [VA_CURSOR_UP] = -VA_TABLES_COLS, [VA_CURSOR_DOWN] = VA_TABLES_COLS};

	if (app->view.tab != VA_TAB_TABLES || step < VA_CURSOR_LEFT || step > VA_CURSOR_DOWN)
		return false;
	app->view.tables.cursor = (unsigned)((int)app->view.tables.cursor + by[step]) & 511;
	app->view.tables.chosen = true;
	return true;
}

static bool choose_page(struct va_app *app, __u64 addr)
{
	app->view.page = app->view.focus = addr;
	app->view.tab_before = app->view.tab;
	app->view.tab = VA_TAB_WALK;
	return true;
}

/* The table below the chosen entry, or its page's walk. */
static bool open_entry(struct va_app *app)
{
	const struct va_mm *mm = va_model_mm_of(app->play.model, app->view.tgid);
	struct va_tables_view *v = &app->view.tables;
	unsigned levels = levels_of(app);
	struct va_slot slot;

	if (!mm)
		return false;
	slot = va_table_slot(mm, v->level, v->at + v->cursor * va_slot_size(v->level, levels), levels);
	if (slot.kind == VA_SLOT_TABLE || slot.kind == VA_SLOT_IMPLIED)
		return show_table(app, slot.addr | va_level_below(v->level, levels));
	return slot.kind != VA_SLOT_KERNEL && (v->level == 4 || slot.kind == VA_SLOT_PAGE) && choose_page(app, slot.addr);
}

/* Enlarges the entry of step arg - 1; 0: closes, or takes the last step's. */
static bool enlarge(struct va_app *app, unsigned arg)
{
	unsigned *entry = &app->view.tables.entry;

	if (app->view.tab != VA_TAB_WALK || arg > VMATLAS_LEVELS)
		return false;
	app->view.scroll[VA_SCROLL_STAGE] = 0;
	*entry = arg && arg != *entry ? arg : !arg && !*entry ? VMATLAS_LEVELS : 0;
	return true;
}

bool va_act_on_tables(struct va_app *app, enum va_action_id action, uint64_t arg, uint64_t now)
{
	switch (action) {
	case VA_ACT_ENTRY:
		return enlarge(app, (unsigned)arg);
	case VA_ACT_FAULTS:
		app->view.page = 0;
		app->view.tab = VA_TAB_WALK;
		return true;
	case VA_ACT_TABLE:
		return show_table(app, arg);
	case VA_ACT_TABLE_UP:
		return up(app);
	case VA_ACT_CURSOR:
		return move_cursor(app, (unsigned)arg);
	case VA_ACT_SLOT:
		if (app->view.tab != VA_TAB_TABLES || arg > 511)
			return false;
		app->view.tables.cursor = (unsigned)arg;
		app->view.tables.chosen = true;
		return open_entry(app) || true;
	case VA_ACT_OPEN:
		return app->view.tab == VA_TAB_TABLES ? open_entry(app) : enlarge(app, 0);
	default:
		return false;
	}
}

bool va_escape_tables(struct va_app *app)
{
	if (app->view.tab == VA_TAB_WALK && app->view.tables.entry) {
		app->view.tables.entry = 0;
		return true;
	}
	if (app->view.tab == VA_TAB_WALK && app->view.page) {
		app->view.page = 0;
		return true;
	}
	return app->view.tab == VA_TAB_TABLES && up(app);
}
