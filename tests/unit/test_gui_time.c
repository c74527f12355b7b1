/*
 * Time in the window, on the shipped recording: steps by call, A and B, bookmarks, the curves of RSS and VSS, statistics, the pointer on the timeline; and that no text of
 * the two tabs overlaps another or is cut silently, at all sizes and in all themes.
 */
#include "unit/build.h"
#include "unit/scene_check.h"

#include <math.h>

#include "act.h"
#include "app.h"
#include "walk.h"

#define RECORDING "tests/data/tour.vmatlas"
#define NOW (1000 * VA_SEC)

static struct va_recording *recording;
static struct va_fonts *fonts;

static int set_up(void **state)
{
	recording = va_recording_new();
	fonts = va_fonts_new(NULL);
	return va_recording_load(recording, RECORDING) || !fonts;
}

static int tear_down(void **state)
{
	va_recording_free(recording);
	va_fonts_free(fonts);
	return 0;
}

static struct va_app *open_app(int w, int h, const struct va_theme *theme)
{
	struct va_app_options o = {.w = w, .h = h, .theme = theme, .still = true};
	struct va_app *app = malloc(sizeof(*app));

	assert_true(va_app_init(app, recording, fonts, &o, NOW));
	va_app_update(app, NOW);
	va_playback_pause(&app->play, true, NOW);
	return app;
}

static void close_app(struct va_app *app)
{
	va_app_destroy(app);
	free(app);
}

static void look(struct va_app *app)
{
	va_app_update(app, NOW);
	va_app_layout(app, NOW);
}

static void go(struct va_app *app, size_t pos)
{
	va_app_act(app, VA_ACT_SEEK, pos, NOW);
	look(app);
}

/* --- steps ---------------------------------------------------------------------------------------------------------------- */

/* There and back: the same positions reversed, each behind a call, and as many as the records have. */
static void steps_by_call_go_back_the_same_way(void **state)
{
	struct va_app *app = open_app(1280, 720, &va_theme_dark);
	struct va_history *h = app->play.history;
	size_t there[256], n = 0, calls = 0;

	for (size_t i = 0; i < va_history_count(h); i++) {
		unsigned type = va_history_record(h, i, NULL)->head.type;

		calls += type == VMATLAS_OP || type == VMATLAS_FORK || type == VMATLAS_EXEC;
	}
	go(app, 0);
	while (n < 256 && va_playback_step_call(&app->play, 1, 0))
		there[n++] = app->play.pos;
	assert_int_equal(n, calls);
	assert_true(n > 40);
	for (size_t i = n - 1; i-- > 0;) {
		assert_true(va_playback_step_call(&app->play, -1, 0));
		assert_int_equal(app->play.pos, there[i]);
	}
	assert_false(va_playback_step_call(&app->play, -1, 0));
	/* From in between: the call before, not the one before that. */
	go(app, there[20] + 1);
	assert_true(va_playback_step_call(&app->play, -1, 0));
	assert_int_equal(app->play.pos, there[20]);
	close_app(app);
}

static void as_fast_as_possible_gets_to_the_end(void **state)
{
	struct va_app *app = open_app(1280, 720, &va_theme_dark);

	go(app, 0);
	for (int i = 0; i < 30; i++)
		va_app_act(app, VA_ACT_FASTER, 0, NOW);
	assert_true(isinf(va_playback_factor(&app->play)));
	va_app_act(app, VA_ACT_PAUSE, 0, NOW);
	va_app_update(app, NOW + 1);
	va_app_update(app, NOW + 2);
	assert_int_equal(app->play.pos, va_history_count(app->play.history));
	assert_int_equal(app->play.mode, VA_PLAY_PAUSED);
	assert_true(app->play.time == va_history_end(app->play.history));
	close_app(app);
}

/* --- bookmarks, A and B --------------------------------------------------------------------------------------------------- */

static void bookmarks_are_kept_in_order(void **state)
{
	static const size_t at[] = {500, 100, 900, 300};
	struct va_app *app = open_app(1280, 720, &va_theme_dark);
	const struct va_moments *m = &app->view.moments;

	for (int i = 0; i < 4; i++) {
		go(app, at[i]);
		va_app_act(app, VA_ACT_BOOKMARK, 0, NOW);
	}
	assert_int_equal(m->bookmarks, 4);
	for (unsigned i = 1; i < m->bookmarks; i++)
		assert_true(m->bookmark[i].pos > m->bookmark[i - 1].pos);
	go(app, 0);
	va_app_act(app, VA_ACT_BOOKMARK_NEXT, 0, NOW);
	assert_int_equal(app->play.pos, 100);
	va_app_act(app, VA_ACT_BOOKMARK_NEXT, 0, NOW);
	assert_int_equal(app->play.pos, 300);
	va_app_act(app, VA_ACT_BOOKMARK, 0, NOW);
	assert_int_equal(m->bookmarks, 3);
	va_app_act(app, VA_ACT_BOOKMARK_PREV, 0, NOW);
	assert_int_equal(app->play.pos, 100);
	for (size_t i = 0; i < 100; i++) {
		go(app, 200 + i);
		va_app_act(app, VA_ACT_BOOKMARK, 0, NOW);
	}
	assert_int_equal(m->bookmarks, VA_BOOKMARKS);
	look(app);
	close_app(app);
}

static void swapped_the_difference_is_reversed(void **state)
{
	struct va_app *app = open_app(1280, 720, &va_theme_dark);
	const struct va_diff *d = &app->compare.diff;
	struct va_diff there;

	va_app_act(app, VA_ACT_TAB, VA_TAB_DIFFERENCE, NOW);
	go(app, 200);
	va_app_act(app, VA_ACT_A_HERE, 0, NOW);
	go(app, 700);
	va_app_act(app, VA_ACT_B_HERE, 0, NOW);
	go(app, 400);
	assert_true(app->compare.ready && app->compare.pos_a == 200 && app->compare.pos_b == 700);
	there = *d;
	assert_true(there.bytes[VA_CHANGE_ADDED] > 0 && there.pages.arrived > 0);
	va_app_act(app, VA_ACT_AB_SWAP, 0, NOW);
	look(app);
	assert_true(d->bytes[VA_CHANGE_GONE] == there.bytes[VA_CHANGE_ADDED] && d->bytes[VA_CHANGE_ADDED] == there.bytes[VA_CHANGE_GONE]);
	assert_true(d->bytes[VA_CHANGE_SHRUNK] == there.bytes[VA_CHANGE_GROWN] && d->pages.left == there.pages.arrived && d->pages.arrived == there.pages.left);
	va_app_act(app, VA_ACT_AB_CLEAR, 0, NOW);
	look(app);
	assert_false(app->compare.ready);
	close_app(app);
}

/* B not set: the difference follows the picture, back as well as forward. */
static void without_b_it_is_the_moment_shown(void **state)
{
	struct va_app *app = open_app(1280, 720, &va_theme_dark);
	__u64 came;

	va_app_act(app, VA_ACT_TAB, VA_TAB_DIFFERENCE, NOW);
	go(app, 300);
	va_app_act(app, VA_ACT_A_HERE, 0, NOW);
	look(app);
	assert_int_equal(app->compare.diff.differing, 0);
	go(app, 500);
	came = app->compare.diff.pages.arrived;
	assert_true(came > 0 && app->compare.pos_b == 500);
	go(app, 800);
	assert_true(app->compare.pos_b == 800);
	go(app, 500);
	assert_true(app->compare.pos_b == 500 && app->compare.diff.pages.arrived == came);
	close_app(app);
}

/* The rows are in the order asked for, and a click on one chooses its VMA. */
static void the_table_is_sorted(void **state)
{
	struct va_app *app = open_app(1280, 720, &va_theme_dark);
	const struct va_compare *c = &app->compare;
	size_t hits = 0;

	va_app_act(app, VA_ACT_TAB, VA_TAB_DIFFERENCE, NOW);
	go(app, 200);
	va_app_act(app, VA_ACT_A_HERE, 0, NOW);
	va_app_act(app, VA_ACT_DIFF_SORT, VA_DIFF_BY_SIZE, NOW);
	go(app, 820);
	assert_true(c->diff.differing > 3);
	for (size_t i = 1; i < c->diff.differing; i++) {
		const struct va_diff_row *a = &c->diff.row[c->order[i - 1]], *b = &c->diff.row[c->order[i]];

		assert_true(a->end - a->start >= b->end - b->start);
	}
	for (size_t i = 0; i < app->scene.hit_count; i++)
		hits += app->scene.hits[i].action == VA_ACT_DIFF_ROW && app->scene.hits[i].arg == c->diff.row[c->order[0]].start;
	assert_true(hits >= 2); /* in the picture and in the table */
	va_app_act(app, VA_ACT_DIFF_ROW, c->diff.row[c->order[0]].start, NOW);
	assert_true(app->view.selected == c->diff.row[c->order[0]].start);
	close_app(app);
}

/* --- curves, statistics --------------------------------------------------------------------------------------------------- */

/* Each told sample is a record's own figures, and each record that tells has its sample; what is shown between is never less than the told before plus nothing. */
static void curves_are_what_the_records_say(void **state)
{
	struct va_app *app = open_app(1280, 720, &va_theme_dark);
	struct va_history *h = app->play.history;
	__u32 target = va_model_target(va_history_latest(h)), mm = 0;
	const struct va_curve *c = va_usage_find(&app->usage, target);
	size_t told = 0, untold = 0, at = 0;

	assert_non_null(c);
	for (size_t i = 0; i < va_history_count(h); i++) {
		const struct vmatlas_record *rec = va_history_record(h, i, NULL);
		bool range = rec->head.type == VMATLAS_RANGE, counts = rec->head.type == VMATLAS_MM_COUNTS;
		__u64 rss, vss;

		if (rec->head.type == VMATLAS_EXEC && rec->head.tgid == target)
			mm = rec->head.mm;
		if ((!range && !counts) || !mm || rec->head.mm != mm)
			continue;
		rss = range ? rec->range.rss_file + rec->range.rss_anon + rec->range.rss_shmem : rec->counts.rss_file + rec->counts.rss_anon + rec->counts.rss_shmem;
		vss = range ? rec->range.total_vm : rec->counts.total_vm;
		while (at < c->count && !(c->sample[at].told && c->sample[at].ts == rec->head.ts && c->sample[at].vss == vss && c->sample[at].rss == rss))
			at++;
		assert_true(at < c->count);
		told++;
	}
	for (size_t i = 1; i < c->count; i++) {
		assert_true(c->sample[i].ts >= c->sample[i - 1].ts);
		untold += !c->sample[i].told;
	}
	assert_true(told > 50 && untold > 0);
	for (size_t from = 0; from < c->count; from += 7)
		for (size_t to = from; to <= c->count; to += 11) {
			struct va_peak p = va_curve_peak(c, from, to), q = {0};

			for (size_t i = from; i < to; i++) {
				q.rss = c->sample[i].rss > q.rss ? c->sample[i].rss : q.rss;
				q.vss = c->sample[i].vss > q.vss ? c->sample[i].vss : q.vss;
			}
			assert_true(p.rss == q.rss && p.vss == q.vss);
		}
	close_app(app);
}

static __u64 counted(const struct va_app *app)
{
	__u64 n = 0;

	for (size_t i = 0; i < app->latency.count; i++)
		n += app->latency.of[i]->count;
	return n;
}

static __u64 by_hand(struct va_history *h, size_t from, size_t to, __u32 tgid)
{
	__u64 n = 0;

	for (; from < to; from++) {
		const struct vmatlas_record *rec = va_history_record(h, from, NULL);

		n += (!tgid || rec->head.tgid == tgid) && (rec->head.type == VMATLAS_FAULT ? !(rec->head.flags & VMATLAS_F_NO_AFTER) :
							   rec->head.type == VMATLAS_OP && !(rec->head.flags & VMATLAS_F_NO_RESULT));
	}
	return n;
}

static void statistics_are_of_the_stretch_chosen(void **state)
{
	struct va_app *app = open_app(1280, 720, &va_theme_dark);
	struct va_history *h = app->play.history;
	size_t end = va_history_count(h);

	va_app_act(app, VA_ACT_TAB, VA_TAB_STATS, NOW);
	va_app_act(app, VA_ACT_STATS_WHO, 1, NOW);
	go(app, 600);
	assert_int_equal(counted(app), by_hand(h, 0, end, 0));
	va_app_act(app, VA_ACT_STATS_STRETCH, VA_STATS_SO_FAR, NOW);
	for (size_t pos = 0; pos < end; pos += pos < 500 ? 83 : 161) {
		go(app, pos);
		assert_int_equal(counted(app), by_hand(h, 0, pos, 0));
	}
	go(app, 250);
	assert_int_equal(counted(app), by_hand(h, 0, 250, 0));
	va_app_act(app, VA_ACT_A_HERE, 0, NOW);
	go(app, 900);
	va_app_act(app, VA_ACT_STATS_STRETCH, VA_STATS_BETWEEN, NOW);
	va_app_act(app, VA_ACT_STATS_WHO, 0, NOW);
	look(app);
	assert_int_equal(counted(app), by_hand(h, 250, 900, app->view.tgid));
	close_app(app);
}

static void buckets_touch_each_other(void **state)
{
	for (unsigned i = 0; i + 1 < VA_LATENCY_BUCKETS; i++)
		assert_true(va_latency_bucket_most(i) + 1 == va_latency_bucket_least(i + 1));
	assert_int_equal(va_latency_bucket(0), 0);
	assert_int_equal(va_latency_bucket(VA_LATENCY_MOST), VA_LATENCY_BUCKETS - 1);
	for (__u64 ns = 1; ns < VA_LATENCY_MOST; ns += ns / 7 + 1) {
		unsigned b = va_latency_bucket((__u32)ns);

		assert_true(va_latency_bucket_least(b) <= ns && ns <= va_latency_bucket_most(b));
		assert_true(va_latency_bucket_most(b) - va_latency_bucket_least(b) <= ns / 32);
	}
}

/* --- the pointer on the timeline ------------------------------------------------------------------------------------------- */

static const struct va_hit *find_hit(const struct va_app *app, enum va_action_id action)
{
	for (size_t i = 0; i < app->scene.hit_count; i++)
		if (app->scene.hits[i].action == action)
			return &app->scene.hits[i];
	return NULL;
}

static void the_timeline_is_dragged(void **state)
{
	struct va_app *app = open_app(1280, 720, &va_theme_dark);
	__u64 begin = va_history_begin(app->play.history), end = va_history_end(app->play.history), span;
	struct va_hit line;

	look(app);
	line = *find_hit(app, VA_ACT_TIMELINE);
	assert_null(find_hit(app, VA_ACT_TIME_OVERVIEW));
	assert_true(va_app_time_press(app, &line, 400, true));
	va_app_time_drag(app, 300);
	va_app_time_release(app);
	assert_true(app->view.moments.a.set && app->view.moments.b.set && app->view.moments.a.ts < app->view.moments.b.ts);
	va_app_act(app, VA_ACT_AB_ZOOM, 0, NOW);
	look(app);
	assert_true(app->view.time_from == app->view.moments.a.ts && app->view.time_to == app->view.moments.b.ts);
	assert_non_null(find_hit(app, VA_ACT_A_GO));
	assert_non_null(find_hit(app, VA_ACT_TIME_OVERVIEW));
	span = app->view.time_to - app->view.time_from;
	va_app_time_scroll(app, -100000);
	assert_true(app->view.time_to <= end && app->view.time_to + 1000 > end && app->view.time_to - app->view.time_from + 1000 > span);
	va_app_time_scroll(app, 1000000);
	assert_true(app->view.time_from == begin);
	line = *find_hit(app, VA_ACT_TIME_OVERVIEW);
	assert_true(va_app_time_press(app, &line, 640, false));
	va_app_time_release(app);
	assert_true(app->view.time_from > begin && app->view.time_to < end);
	va_app_act(app, VA_ACT_TIME_FIT, 0, NOW);
	assert_true(!app->view.time_to);
	close_app(app);
}

/* --- no text overlaps ------------------------------------------------------------------------------------------------------ */

static void walk_through(struct va_app *app, int w, int h, size_t step)
{
	for (size_t pos = 0; pos <= va_history_count(app->play.history); pos += step) {
		go(app, pos);
		check_texts(app, "time");
	}
}

static void no_text_overlaps(void **state)
{
	static const struct {
		int w, h;
		const struct va_theme *theme;
		enum va_panes panes;
	} cases[] = {
		{1280, 720, &va_theme_dark, VA_PANES_ALL}, {1920, 1080, &va_theme_light, VA_PANES_ALL}, {1280, 720, &va_theme_projector, VA_PANES_ALL},
		{3840, 2160, &va_theme_dark, VA_PANES_ALL}, {640, 480, &va_theme_projector, VA_PANES_STAGE}, {640, 480, &va_theme_dark, VA_PANES_MAP}, {900, 1400, &va_theme_light, VA_PANES_ALL},
	};
	static const enum va_tab tabs[] = {VA_TAB_DIFFERENCE, VA_TAB_STATS};

	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++)
		for (int k = 0; k < 2; k++) {
			struct va_app *app = open_app(cases[c].w, cases[c].h, cases[c].theme);

			app->view.panes = cases[c].panes;
			va_app_act(app, VA_ACT_TAB, tabs[k], NOW);
			walk_through(app, cases[c].w, cases[c].h, 197);
			go(app, 200);
			va_app_act(app, VA_ACT_A_HERE, 0, NOW);
			va_app_act(app, VA_ACT_BOOKMARK, 0, NOW);
			walk_through(app, cases[c].w, cases[c].h, 83);
			go(app, 700);
			va_app_act(app, VA_ACT_B_HERE, 0, NOW);
			va_app_act(app, VA_ACT_BOOKMARK, 0, NOW);
			va_app_act(app, VA_ACT_AB_ZOOM, 0, NOW);
			walk_through(app, cases[c].w, cases[c].h, 131);
			close_app(app);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_by_call_go_back_the_same_way), cmocka_unit_test(as_fast_as_possible_gets_to_the_end), cmocka_unit_test(bookmarks_are_kept_in_order),
		cmocka_unit_test(swapped_the_difference_is_reversed), cmocka_unit_test(without_b_it_is_the_moment_shown), cmocka_unit_test(the_table_is_sorted),
		cmocka_unit_test(curves_are_what_the_records_say), cmocka_unit_test(statistics_are_of_the_stretch_chosen), cmocka_unit_test(buckets_touch_each_other),
		cmocka_unit_test(the_timeline_is_dragged), cmocka_unit_test(no_text_overlaps),
	};

	return _cmocka_run_group_tests("time", tests, sizeof(tests) / sizeof(tests[0]), set_up, tear_down);
}
