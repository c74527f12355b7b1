/*
 * Fork view and list of processes on the family of tests/workloads/fork_kin.c (tests/data/fork.vmatlas) and on the tour: no two texts overlap, none is cut
 * without a sign, at several sizes and in all themes; what is shown is what happened.
 */
#include "unit/build.h"

#include "app.h"
#include "processes.h"

#define NOW (1000 * VA_SEC)
#define PARENT 137
#define CHILD 140

static struct va_recording *family, *tour;
static struct va_fonts *fonts;

static int set_up(void **state)
{
	family = va_recording_new();
	tour = va_recording_new();
	fonts = va_fonts_new(NULL);
	return va_recording_load(family, "tests/data/fork.vmatlas") || va_recording_load(tour, "tests/data/tour.vmatlas") || !fonts;
}

static int tear_down(void **state)
{
	va_recording_free(family);
	va_recording_free(tour);
	va_fonts_free(fonts);
	return 0;
}

static struct va_app *start(struct va_recording *r, int w, int h, const struct va_theme *theme, enum va_tab tab)
{
	struct va_app_options o = {.w = w, .h = h, .theme = theme, .still = true, .panes = w < 900 ? VA_PANES_STAGE : VA_PANES_ALL};
	struct va_app *app = malloc(sizeof(*app));

	assert_true(va_app_init(app, r, fonts, &o, NOW));
	va_app_update(app, NOW);
	va_playback_pause(&app->play, true, NOW);
	assert_true(va_app_act(app, VA_ACT_TAB, tab, NOW));
	return app;
}

static void stop(struct va_app *app)
{
	va_app_destroy(app);
	free(app);
}

static void go(struct va_app *app, size_t pos, uint64_t now)
{
	va_playback_seek(&app->play, pos);
	app->jumped = true;
	va_app_update(app, now);
	va_app_layout(app, now);
}

static void go_mark(struct va_app *app, const char *mark)
{
	go(app, va_history_find_mark(app->play.history, mark), NOW);
}

static bool shown(const struct va_app *app, const char *words)
{
	for (size_t i = 0; i < app->scene.item_count; i++)
		if (app->scene.items[i].kind == VA_ITEM_TEXT && strstr(va_scene_string(&app->scene, app->scene.items[i].text), words))
			return true;
	return false;
}

static void check(const struct va_app *app)
{
	const struct va_scene *s = &app->scene;
	size_t a, b;

	if (va_scene_overlap(s, &a, &b))
		fail_msg("%dx%d, event %zu: '%s' and '%s' overlap", app->view.w, app->view.h, app->play.pos, va_scene_string(s, s->items[a].text),
			 va_scene_string(s, s->items[b].text));
	for (size_t i = 0; i < s->item_count; i++) {
		const struct va_item *item = &s->items[i];

		if (item->kind != VA_ITEM_TEXT)
			continue;
		if (item->r.x < item->clip.x || item->r.x + item->r.w > item->clip.x + item->clip.w)
			fail_msg("%dx%d, event %zu: '%s' is cut by its pane", app->view.w, app->view.h, app->play.pos, va_scene_string(s, item->text));
		if (item->cut && !strstr(va_scene_string(s, item->text), "…"))
			fail_msg("'%s' is shortened without a sign", va_scene_string(s, item->text));
	}
}

static const struct {
	int w, h;
	size_t step;
	const struct va_theme *theme;
} cases[] = {
	{1280, 720, 23, &va_theme_dark}, {1920, 1080, 47, &va_theme_light}, {1280, 720, 41, &va_theme_projector}, {640, 480, 61, &va_theme_dark},
	{3840, 2160, 211, &va_theme_projector}, {900, 1400, 97, &va_theme_light},
};

static void nothing_overlaps(void **state)
{
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++)
		for (int tab = VA_TAB_FORK; tab <= VA_TAB_TREE; tab++) {
			struct va_app *app = start(family, cases[c].w, cases[c].h, cases[c].theme, (enum va_tab)tab);

			va_app_act(app, VA_ACT_PROCESS, PARENT, NOW);
			for (size_t pos = 0; pos <= va_history_count(app->play.history); pos += cases[c].step) {
				go(app, pos, NOW);
				check(app);
			}
			app->view.scroll[VA_SCROLL_STAGE] = 137;
			va_app_act(app, VA_ACT_FORK_ALL, 0, NOW);
			go(app, va_history_find_mark(app->play.history, "kin.later"), NOW);
			check(app);
			stop(app);
		}
}

static void one_side_is_told_with_its_reason(void **state)
{
	struct va_app *app = start(family, 1920, 1080, &va_theme_dark, VA_TAB_FORK);

	va_app_act(app, VA_ACT_PROCESS, PARENT, NOW);
	go_mark(app, "kin.before");
	assert_true(shown(app, "No fork to be seen"));
	go_mark(app, "kin.both");
	assert_true(shown(app, "MADV_DONTFORK"));
	assert_true(shown(app, "unmapped since: munmap at 1.088 s"));
	assert_true(shown(app, "unmapped since: munmap at 0.746 s"));
	assert_true(shown(app, "child's alone: mmap at"));
	assert_true(shown(app, "parent's alone: mmap at"));
	assert_true(shown(app, "3 threads: 137, 138, 139"));
	assert_true(shown(app, "31 VMAs") && shown(app, "30 VMAs"));
	/* page 9 is still shared, then the parent writes to it */
	va_app_act(app, VA_ACT_FORK_PAGE, 0x610000009000, NOW);
	go_mark(app, "kin.both");
	assert_true(shown(app, ": shared; parent frame 0x7d599 R, child frame 0x7d599 R"));
	go_mark(app, "kin.later");
	assert_true(shown(app, ": copied; parent frame 0x36d9 RW, child frame 0x7d599 R"));
	go_mark(app, "kin.both");
	assert_true(shown(app, ": shared;"));
	assert_int_equal(app->view.tab, VA_TAB_FORK);
	stop(app);
}

static void children_are_chosen_and_exec_is_told(void **state)
{
	struct va_app *app = start(family, 1920, 1080, &va_theme_dark, VA_TAB_FORK);
	size_t end = va_history_count(app->play.history);

	va_app_act(app, VA_ACT_PROCESS, PARENT, NOW);
	go(app, end, NOW);
	assert_int_equal(app->fork.count, 3);
	assert_true(va_app_act(app, VA_ACT_FORK_CHILD, 141, NOW));
	go(app, end, NOW);
	assert_int_equal(app->fork.chosen, 1);
	assert_true(shown(app, "exec at 1.567 s"));
	assert_true(shown(app, "threw the copy away"));
	assert_true(va_app_act(app, VA_ACT_FORK_PREV, 0, NOW));
	go(app, end, NOW);
	assert_int_equal(app->fork.child[app->fork.chosen].fork.child, CHILD);
	assert_true(shown(app, "failed: 3 at 1.467 s") || shown(app, "failed: 3 at 1.468 s"));
	assert_false(va_app_act(app, VA_ACT_FORK_CHILD, 4711, NOW));
	/* a vfork has nothing to compare */
	assert_true(va_app_act(app, VA_ACT_FORK_CHILD, 142, NOW));
	go(app, va_kin_fork_of(&app->fork.kin, 142, end)->pos, NOW);
	assert_true(shown(app, "vfork"));
	stop(app);
}

/* The fork goes before one's eyes, and after it the picture comes to rest. */
static void a_fork_moves(void **state)
{
	struct va_app *app = start(family, 1280, 720, &va_theme_dark, VA_TAB_FORK);
	size_t fork;
	uint64_t now = NOW;

	va_app_act(app, VA_ACT_PROCESS, PARENT, NOW);
	go_mark(app, "kin.both");
	fork = va_kin_fork_of(&app->fork.kin, CHILD, app->play.pos)->pos;
	go(app, fork - 1, now);
	assert_int_equal(va_fork_show_since(&app->fork, fork), 0);
	va_playback_step(&app->play, 1, 0);
	for (int i = 0; i < 40; i++, now += 80 * VA_MS) {
		va_app_update(app, now);
		va_app_layout(app, now);
		check(app);
		if (i == 3)
			assert_true(va_fork_show_since(&app->fork, fork) && va_fork_show_busy(&app->fork, now));
	}
	assert_true(shown(app, "fork took the R/W bit from 337 entries"));
	assert_false(va_fork_show_busy(&app->fork, now));
	stop(app);
}

static size_t place_of(const struct va_process_list *l, const struct va_processes *ps, __u32 tgid)
{
	for (size_t i = 0; i < l->count; i++)
		if (ps->process[l->index[i]].tgid == tgid)
			return i;
	return VA_NO_PROCESS;
}

static void processes_add_up_at_any_moment(void **state)
{
	struct va_history *h = va_recording_history(family);
	size_t end = va_history_count(h), later = va_history_find_mark(h, "kin.later");
	struct va_processes ps = {0};
	struct va_process_list l = {0};
	struct va_model *m = va_history_model_at(h, end);
	struct va_process_query q = {.tgid = PARENT};
	const struct va_process *p;

	assert_true(va_processes_update(&ps, m, end));
	assert_false(va_processes_update(&ps, m, end));
	assert_int_equal(ps.count, 4);
	assert_int_equal(ps.running, 0);
	p = &ps.process[va_processes_find(&ps, CHILD)];
	assert_int_equal(p->exit_code >> 8, 3);
	assert_int_equal(p->faults, 51); /* as the kernel counted at its exit */
	assert_int_equal(ps.process[p->parent].tgid, PARENT);
	assert_true(p->peak > 300 && p->rss == 0);
	va_process_list_fill(&l, &ps, &q);
	assert_int_equal(l.count, 4);
	assert_int_equal(place_of(&l, &ps, PARENT), 0);
	q.sort = VA_SORT_NEWEST;
	va_process_list_fill(&l, &ps, &q);
	assert_int_equal(place_of(&l, &ps, 142), 0);
	q.sort = VA_SORT_TREE;
	va_process_list_fill(&l, &ps, &q);
	assert_true(place_of(&l, &ps, PARENT) == 0 && place_of(&l, &ps, CHILD) == 1 && place_of(&l, &ps, 142) == 3);
	q.fold = VA_FOLD_YES;
	va_process_list_fill(&l, &ps, &q);
	assert_true(l.count == 1 && l.folded == 3 && l.can_fold);
	va_model_free(m);
	/* and back in time */
	m = va_history_model_at(h, later);
	va_processes_update(&ps, m, later);
	assert_int_equal(ps.count, 2);
	assert_int_equal(ps.running, 2);
	assert_int_equal(ps.process[0].threads, 3);
	assert_true(ps.process[1].rss > 300);
	assert_int_equal(ps.process[va_processes_newest(&ps)].tgid, CHILD);
	q = (struct va_process_query){.filter = VA_FILTER_RUNNING, .tgid = PARENT};
	va_process_list_fill(&l, &ps, &q);
	assert_int_equal(l.count, 2);
	va_model_free(m);
	va_process_list_free(&l);
	va_processes_free(&ps);
}

static void newest_turns_calmly(void **state)
{
	struct va_app *app = start(family, 1280, 720, &va_theme_dark, VA_TAB_TREE);
	size_t end = va_history_count(app->play.history);
	uint64_t now = NOW + 10 * VA_SEC;

	go_mark(app, "kin.later");
	va_app_act(app, VA_ACT_NEWEST, 0, now);
	go(app, app->play.pos, now);
	assert_int_equal(app->view.tgid, CHILD);
	va_playback_run_to(&app->play, va_history_end(app->play.history)); /* two more at once */
	assert_int_equal(app->play.pos, end);
	va_app_update(app, now + 100 * VA_MS);
	assert_int_equal(app->view.tgid, CHILD);
	va_app_update(app, now + VA_TIME_TURN + 200 * VA_MS);
	assert_int_equal(app->view.tgid, 142);
	va_app_act(app, VA_ACT_PROCESS, PARENT, now); /* chosen by hand: no more following */
	va_app_update(app, now + 10 * VA_SEC);
	assert_int_equal(app->view.tgid, PARENT);
	stop(app);
}

static void the_tour_copies_two_pages(void **state)
{
	struct va_app *app = start(tour, 1920, 1080, &va_theme_dark, VA_TAB_FORK);
	const struct va_pair_point *before, *after;
	size_t pos = va_history_find_time(app->play.history, va_history_begin(app->play.history) + 29750 * VA_MS), done;

	done = va_history_find_time(app->play.history, va_history_begin(app->play.history) + 29900 * VA_MS);
	go(app, done, NOW);
	before = va_pair_at(&app->fork.pair, pos);
	after = va_pair_at(&app->fork.pair, done);
	assert_non_null(before);
	assert_int_equal(after->counts.pages[VA_PAIR_COPIED] - before->counts.pages[VA_PAIR_COPIED], 2);
	assert_int_equal(before->counts.pages[VA_PAIR_SHARED] - after->counts.pages[VA_PAIR_SHARED], 2);
	assert_true(va_fork_show_flash(&app->fork, 0x600009001000));
	stop(app);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_overlaps), cmocka_unit_test(one_side_is_told_with_its_reason), cmocka_unit_test(children_are_chosen_and_exec_is_told),
		cmocka_unit_test(a_fork_moves), cmocka_unit_test(processes_add_up_at_any_moment), cmocka_unit_test(newest_turns_calmly),
		cmocka_unit_test(the_tour_copies_two_pages),
	};

	return _cmocka_run_group_tests("fork", tests, sizeof(tests) / sizeof(tests[0]), set_up, tear_down);
}
