/*
 * The whole window on the shipped recording: at every event, at several sizes and in all themes, no two texts overlap, every text lies inside
 * its pane and the picture, and none is shortened without "…". And the same state gives the same picture, byte for byte.
 */
#include "unit/build.h"
#include "unit/scene_check.h"

#include "app.h"
#include "words.h"

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

static void start(struct va_app *app, int w, int h, const struct va_theme *theme)
{
	struct va_app_options o = {.w = w, .h = h, .theme = theme, .still = true};

	assert_true(va_app_init(app, recording, fonts, &o, NOW));
	va_app_update(app, NOW);
	va_playback_pause(&app->play, true, NOW);
}

static void go(struct va_app *app, size_t pos)
{
	va_playback_seek(&app->play, pos);
	app->jumped = true;
	va_app_update(app, NOW);
	va_app_layout(app, NOW);
}

static void no_text_overlaps_at_any_event(void **state)
{
	static const struct {
		int w, h, step;
		const struct va_theme *theme;
	} cases[] = {
		{1280, 720, 1, &va_theme_dark}, {1920, 1080, 5, &va_theme_light}, {1280, 720, 7, &va_theme_projector}, {1920, 1080, 9, &va_theme_projector},
		{3840, 2160, 31, &va_theme_dark}, {1000, 600, 7, &va_theme_dark}, {640, 480, 7, &va_theme_dark}, {900, 1400, 13, &va_theme_light},
	};

	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct va_app *app = malloc(sizeof(*app));

		start(app, cases[c].w, cases[c].h, cases[c].theme);
		for (size_t pos = 0; pos <= va_history_count(app->play.history); pos += (size_t)cases[c].step) {
			go(app, pos);
			check_texts(app, "the window");
		}
		va_app_destroy(app);
		free(app);
	}
}

/* The walk view and the page-table view in each of their states: a page's walk, an entry enlarged, every level of table. */
static void walks_and_tables_overlap_nothing(void **state)
{
	static const struct {
		const char *path;
		__u64 page;
	} cases[] = {{RECORDING, 0x7f8c78dd7000}, {RECORDING, 0x5619efa50000}, {"tests/data/regions5.vmatlas", 1ull << 52}, {"tests/data/regions4.vmatlas", 0x80000001000}};
	static const struct {
		int w, h;
		const struct va_theme *theme;
	} sizes[] = {{1280, 720, &va_theme_dark}, {1920, 1080, &va_theme_projector}, {1280, 720, &va_theme_projector}, {640, 480, &va_theme_light}, {3840, 2160, &va_theme_light}};

	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct va_recording *whole = recording, *r = va_recording_new();

		assert_int_equal(va_recording_load(r, cases[c].path), 0);
		recording = r;
		for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
			struct va_app *app = malloc(sizeof(*app));

			start(app, sizes[k].w, sizes[k].h, sizes[k].theme);
			app->view.panes = sizes[k].w < 1000 ? VA_PANES_STAGE : VA_PANES_ALL;
			for (size_t pos = 60; pos <= va_history_count(app->play.history); pos += 173)
				for (unsigned what = 0; what < 12; what++) {
					app->view.page = what & 1 ? cases[c].page : 0;
					app->view.tables.entry = what < 6 ? what / 2 * 2 : 0;
					app->view.tab = what < 6 ? VA_TAB_WALK : VA_TAB_TABLES;
					if (what >= 6)
						va_app_act(app, VA_ACT_TABLE, cases[c].page | (what - 6), NOW);
					go(app, pos);
					check_texts(app, "the window");
				}
			va_app_destroy(app);
			free(app);
		}
		recording = whole;
		va_recording_free(r);
	}
}

static void no_text_overlaps_while_things_move(void **state)
{
	struct va_app *app = malloc(sizeof(*app));
	uint64_t now = NOW;

	start(app, 1280, 720, &va_theme_dark);
	app->view.still = false;
	for (size_t step = 0; step < 250; step++) {
		va_playback_step(&app->play, 1, 0);
		for (int i = 0; i < 4; i++, now += 67 * VA_MS) {
			va_app_update(app, now);
			va_app_layout(app, now);
			check_texts(app, "the window");
		}
	}
	va_app_destroy(app);
	free(app);
}

static bool says(const struct va_scene *s, const char *words)
{
	for (size_t i = 0; i < s->item_count; i++)
		if (s->items[i].kind == VA_ITEM_TEXT && !strcmp(va_scene_string(s, s->items[i].text), words))
			return true;
	return false;
}

/* What a box is comes before how large it is. */
static void a_narrow_box_keeps_its_name(void **state)
{
	static const char *const names[] = { "stack", "vdso", "vvar", "heap", "data", "rodata", "text", "headers", "mapping" };
	struct va_app *app = malloc(sizeof(*app));

	start(app, 960, 600, &va_theme_dark);
	go(app, va_history_count(app->play.history) * 9 / 10);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!says(&app->scene, names[i]))
			fail_msg("no box is called '%s'", names[i]);
	va_app_destroy(app);
	free(app);
}

static void help_and_zoom_overlap_nothing(void **state)
{
	struct va_app *app = malloc(sizeof(*app));
	uint64_t now = NOW + 1;

	start(app, 1280, 720, &va_theme_dark);
	go(app, va_history_count(app->play.history) / 2);
	va_app_act(app, VA_ACT_HELP, 0, now);
	go(app, app->play.pos);
	check_texts(app, "the window");
	va_app_act(app, VA_ACT_ESCAPE, 0, now);
	for (int i = 0; i < 14; i++, now += VA_SEC) {
		va_app_wheel(app, 300, 300, 1, now);
		va_app_update(app, now + VA_SEC);
		va_app_layout(app, now + VA_SEC);
		check_texts(app, "the window");
	}
	assert_true(app->view.camera.zoom > 4);
	va_app_act(app, VA_ACT_WHOLE, 0, now);
	va_app_update(app, now + VA_SEC);
	assert_true(app->view.camera.zoom == 1 && app->view.camera.top == 0);
	va_app_destroy(app);
	free(app);
}

static uint64_t hash_picture(const struct va_app *app)
{
	uint64_t h = 14695981039346656037ull;

	for (size_t i = 0; i < (size_t)app->canvas.w * (size_t)app->canvas.h; i++)
		h = (h ^ app->canvas.pixels[i]) * 1099511628211ull;
	return h;
}

static uint64_t picture_at(size_t pos, size_t before)
{
	struct va_app *app = malloc(sizeof(*app));
	uint64_t h;

	start(app, 1280, 720, &va_theme_dark);
	go(app, before);
	go(app, pos);
	va_app_draw(app);
	h = hash_picture(app);
	va_app_destroy(app);
	free(app);
	return h;
}

/* Whichever way one came to a moment: the picture is the same. */
static void a_moment_has_one_picture(void **state)
{
	size_t n = va_history_count(va_recording_history(recording));

	for (size_t pos = n / 9; pos < n; pos += n / 9) {
		uint64_t direct = picture_at(pos, 0);

		assert_true(picture_at(pos, n) == direct);
		assert_true(picture_at(pos, pos / 2) == direct);
	}
}

static bool shown(const struct va_app *app, const char *words)
{
	for (size_t i = 0; i < app->scene.item_count; i++)
		if (app->scene.items[i].kind == VA_ITEM_TEXT && strstr(va_scene_string(&app->scene, app->scene.items[i].text), words))
			return true;
	return false;
}

/* Every VMA of the kernel's truth has its box (a hit area with its start) at a size where all are tall enough. */
static void every_vma_is_shown(void **state)
{
	struct va_app *app = malloc(sizeof(*app));

	start(app, 1920, 1080, &va_theme_dark);
	for (size_t pos = 60; pos <= va_history_count(app->play.history); pos += 37) {
		const struct va_mm *mm;

		go(app, pos);
		mm = va_model_mm_of(app->play.model, app->view.tgid);
		for (size_t i = 0; mm && i < va_mm_vma_count(mm); i++) {
			bool found = va_mm_vma(mm, i)->start >= 1ull << 47; /* the gate page lies in the kernel's half */

			for (size_t k = 0; k < app->scene.hit_count; k++)
				found |= app->scene.hits[k].action == VA_ACT_MAP_BOX && app->scene.hits[k].arg == va_mm_vma(mm, i)->start;
			assert_true(found);
		}
	}
	va_app_destroy(app);
	free(app);
}

/* The walk view tells what the record says: indexes, entry, frame, kind. */
static void a_walk_shows_its_record(void **state)
{
	struct va_app *app = malloc(sizeof(*app));
	struct va_history *h = va_recording_history(recording);
	size_t faults = 0;

	start(app, 1920, 1080, &va_theme_dark);
	for (size_t i = 0; (i = va_history_next(h, i, VMATLAS_FAULT, 0)) != (size_t)-1; i += 5) {
		__u32 cpu;
		struct vmatlas_record rec = *va_history_record(h, i, &cpu);
		struct va_walk walk;
		char text[64];

		i++;
		go(app, i);
		if (app->view.tgid != rec.head.tgid)
			continue;
		va_walk_after(&rec.fault, 4, &walk);
		assert_true(shown(app, va_words_kind(va_fault_kind(&rec, 4))));
		for (unsigned k = 0; k < walk.steps; k++) {
			snprintf(text, sizeof(text), "entry %u", walk.step[k].index);
			assert_true(shown(app, text));
			snprintf(text, sizeof(text), "%llx", walk.step[k].entry);
			assert_true(shown(app, text));
		}
		if (walk.complete && va_fault_kind(&rec, 4) != VA_FAULT_BAD) {
			snprintf(text, sizeof(text), "0x%llx", walk.pfn);
			assert_true(shown(app, text));
		}
		faults++;
	}
	assert_true(faults > 40);
	va_app_destroy(app);
	free(app);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_text_overlaps_at_any_event), cmocka_unit_test(walks_and_tables_overlap_nothing), cmocka_unit_test(no_text_overlaps_while_things_move), cmocka_unit_test(a_narrow_box_keeps_its_name), cmocka_unit_test(help_and_zoom_overlap_nothing),
		cmocka_unit_test(a_moment_has_one_picture), cmocka_unit_test(every_vma_is_shown), cmocka_unit_test(a_walk_shows_its_record),
	};

	return _cmocka_run_group_tests("layout", tests, sizeof(tests) / sizeof(tests[0]), set_up, tear_down);
}
