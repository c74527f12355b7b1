/*
 * The tab of what was noticed, and explain mode: at all sizes and in all themes no two texts overlap, none leaves its pane, none is cut silently; evidence is one click away.
 */
#include "unit/build.h"
#include "unit/scene_check.h"

#include "app.h"
#include "words.h"

#define NOW (1000 * VA_SEC)

static struct va_recording *recording, *tour;
static struct va_fonts *fonts;

static int set_up(void **state)
{
	recording = va_recording_new();
	tour = va_recording_new();
	fonts = va_fonts_new(NULL);
	return va_recording_load(recording, "tests/data/notices.vmatlas") || va_recording_load(tour, "tests/data/tour.vmatlas") || !fonts;
}

static int tear_down(void **state)
{
	va_recording_free(recording);
	va_recording_free(tour);
	va_fonts_free(fonts);
	return 0;
}

static struct va_app *start(struct va_recording *r, int w, int h, const struct va_theme *theme)
{
	struct va_app_options o = {.w = w, .h = h, .theme = theme, .still = true};
	struct va_app *app = malloc(sizeof(*app));

	assert_true(va_app_init(app, r, fonts, &o, NOW));
	va_app_update(app, NOW);
	va_playback_pause(&app->play, true, NOW);
	return app;
}

static void stop(struct va_app *app)
{
	va_app_destroy(app);
	free(app);
}

static void go(struct va_app *app, size_t pos)
{
	va_playback_seek(&app->play, pos);
	app->jumped = true;
	va_app_update(app, NOW);
	va_app_layout(app, NOW);
}

static bool shown(const struct va_app *app, const char *words)
{
	for (size_t i = 0; i < app->scene.item_count; i++)
		if (app->scene.items[i].kind == VA_ITEM_TEXT && strstr(va_scene_string(&app->scene, app->scene.items[i].text), words))
			return true;
	return false;
}

static const struct {
	int w, h;
	const struct va_theme *theme;
} cases[] = {
	{1280, 720, &va_theme_dark}, {1920, 1080, &va_theme_light}, {1280, 720, &va_theme_projector}, {1920, 1080, &va_theme_projector},
	{3840, 2160, &va_theme_dark}, {1000, 600, &va_theme_dark}, {640, 480, &va_theme_dark}, {900, 1400, &va_theme_light},
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

static void the_tab_at_all_sizes(void **state)
{
	for (size_t c = 0; c < CASES; c++) {
		struct va_app *app = start(recording, cases[c].w, cases[c].h, cases[c].theme);

		app->view.tab = VA_TAB_NOTICED;
		if (app->view.w < 700)
			app->view.panes = VA_PANES_STAGE;
		for (size_t pos = 0; pos <= va_history_count(app->play.history); pos += va_history_count(app->play.history) / 7) {
			go(app, pos);
			check_texts(app, "noticed");
		}
		for (size_t i = 0; i < va_notices_count(app->notices); i++) {
			go(app, va_history_count(app->play.history));
			assert_true(va_app_act(app, VA_ACT_NOTICE, i, NOW));
			go(app, app->play.pos);
			check_texts(app, "chosen");
			assert_true(shown(app, "Why it matters"));
		}
		stop(app);
	}
}

static void explained_at_all_sizes(void **state)
{
	for (size_t c = 0; c < CASES; c++) {
		struct va_app *app = start(tour, cases[c].w, cases[c].h, cases[c].theme);

		assert_true(va_app_act(app, VA_ACT_EXPLAIN, 0, NOW));
		for (size_t pos = 0; pos <= va_history_count(app->play.history); pos += c ? 13 : 3) {
			go(app, pos);
			check_texts(app, "explained");
		}
		stop(app);
	}
}

/* The steps come up one after the other, all within the walk's time; then all stand there. */
static void steps_advance_with_the_walk(void **state)
{
	struct va_app *app = start(tour, 1920, 1080, &va_theme_dark);
	uint64_t now = NOW;
	size_t fault = va_history_next(app->play.history, 300, VMATLAS_FAULT, 0);
	unsigned seen = 0, last = 0;

	app->view.still = false;
	va_app_act(app, VA_ACT_EXPLAIN, 0, now);
	va_playback_seek(&app->play, fault + 1);
	app->jumped = true;
	for (int i = 0; i < 200; i++, now += 50 * VA_MS) {
		static const char *const words[] = {"wants to ", "into CR2", "The kernel looks for", "is allowed", "It is frame", "is set: present", "executed again"};
		unsigned n = 0;

		va_app_update(app, now);
		va_app_layout(app, now);
		check_texts(app, "while it moves");
		while (n < 7 && shown(app, words[n]))
			n++;
		for (unsigned k = n; k < 7; k++)
			assert_false(shown(app, words[k]));
		if (n < last)
			fail_msg("picture %d: %u steps after %u", i, n, last);
		seen |= 1u << n;
		last = n;
	}
	assert_int_equal(last, 7);
	assert_true(__builtin_popcount(seen) >= 5);
	stop(app);
}

/* One click: the process, the box, a moment when it was so. */
static void evidence_is_one_click_away(void **state)
{
	struct va_app *app = start(recording, 1280, 720, &va_theme_dark);
	size_t end = va_history_count(app->play.history), count;

	app->view.tab = VA_TAB_NOTICED;
	go(app, end);
	count = va_notices_count(app->notices);
	assert_int_equal(count, 5);
	assert_true(shown(app, "Noticed 5"));
	for (size_t i = 0; i < count; i++) {
		struct va_notice n;
		const struct va_hit *hit = NULL;
		const struct va_vma *v;

		go(app, end);
		n = *va_notices_at(app->notices, i);
		for (size_t k = 0; k < app->scene.hit_count; k++)
			if (app->scene.hits[k].action == VA_ACT_NOTICE && app->scene.hits[k].arg == i)
				hit = &app->scene.hits[k];
		if (!hit) /* scrolled out of sight */
			continue;
		va_app_act(app, hit->action, hit->arg, NOW);
		va_app_update(app, NOW);
		assert_int_equal(app->view.tgid, n.tgid);
		assert_true(app->play.time >= n.seen || n.end == n.seen);
		assert_true(app->play.time < n.end);
		v = va_mm_vma_at(va_model_mm(app->play.model, n.mm), app->view.selected);
		assert_non_null(v);
		assert_true(v->start < n.stop && n.start < v->end);
		va_app_act(app, VA_ACT_NOTICE_TIME, i, NOW);
		assert_true(app->view.time_from <= n.begin && app->view.time_to >= n.seen);
	}
	stop(app);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tab_at_all_sizes), cmocka_unit_test(explained_at_all_sizes), cmocka_unit_test(steps_advance_with_the_walk), cmocka_unit_test(evidence_is_one_click_away),
	};

	return _cmocka_run_group_tests("notice", tests, sizeof(tests) / sizeof(tests[0]), set_up, tear_down);
}
