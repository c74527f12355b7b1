/* The inspector and the search: what is typed, what is found, which tab opens and which comes back, and that every fact has its place. */
#include "unit/build.h"
#include "unit/scene_check.h"

#include "act.h"
#include "copy.h"

#define NOW (1000 * VA_SEC)
#define HISTORY 0x360000000000ull

static struct va_recording *recording;
static struct va_fonts *fonts;
static size_t ready;

static int set_up(void **state)
{
	recording = va_recording_new();
	fonts = va_fonts_new(NULL);
	if (va_recording_load(recording, "tests/data/inspect.vmatlas") || !fonts)
		return 1;
	ready = va_history_find_mark(va_recording_history(recording), "inspect.ready");
	return ready == (size_t)-1;
}

static int tear_down(void **state)
{
	va_recording_free(recording);
	va_fonts_free(fonts);
	return 0;
}

static struct va_app *start(int w, int h, const struct va_theme *theme)
{
	struct va_app *app = malloc(sizeof(*app));
	struct va_app_options o = {.w = w, .h = h, .theme = theme, .still = true};

	assert_true(va_app_init(app, recording, fonts, &o, NOW));
	va_app_update(app, NOW);
	va_playback_pause(&app->play, true, NOW);
	va_playback_seek(&app->play, ready);
	app->jumped = true;
	va_app_update(app, NOW);
	return app;
}

static void end(struct va_app *app)
{
	va_app_destroy(app);
	free(app);
}

static void act(struct va_app *app, enum va_action_id action, uint64_t arg)
{
	va_app_act(app, action, arg, NOW);
	va_app_update(app, NOW + VA_SEC);
	va_app_layout(app, NOW + VA_SEC);
}

static void search(struct va_app *app, const char *text)
{
	va_app_act(app, VA_ACT_SEARCH, 0, NOW);
	va_app_type(app, text);
	va_app_update(app, NOW + VA_SEC);
	va_app_layout(app, NOW + VA_SEC);
}

static bool shown(const struct va_app *app, const char *words)
{
	for (size_t i = 0; i < app->scene.item_count; i++)
		if (app->scene.items[i].kind == VA_ITEM_TEXT && strstr(va_scene_string(&app->scene, app->scene.items[i].text), words))
			return true;
	return false;
}

/* smaps of the workload at this very moment, mapping by mapping: the range, Rss and VmFlags stand in the inspector's text. */
static void facts_are_those_of_smaps(void **state)
{
	static const char *const areas[] = {"360000000000", "360010000000", "360020000000", "360030000000", "360040000000"};
	static char smaps[1 << 16], text[VA_COPY_MAX];
	struct va_app *app = start(1920, 1080, &va_theme_dark);
	FILE *f = fopen("tests/data/inspect.txt", "r");

	assert_non_null(f);
	smaps[fread(smaps, 1, sizeof(smaps) - 1, f)] = 0;
	fclose(f);
	for (size_t i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
		const char *at = strstr(smaps, areas[i]);
		char range[64], flags[128], wanted[160];
		unsigned rss, anonymous;

		sscanf(at, "%63s", range);
		sscanf(strstr(at, "Rss:"), "Rss: %u", &rss);
		sscanf(strstr(at, "Anonymous:"), "Anonymous: %u", &anonymous);
		sscanf(strstr(at, "VmFlags:"), "VmFlags: %127[^\n]", flags);
		flags[strlen(flags) - 1] = 0;
		act(app, VA_ACT_FIND, strtoull(areas[i], NULL, 16));
		assert_non_null(va_copy_text(app, true, text, sizeof(text), NOW));
		assert_non_null(strstr(text, range));
		snprintf(wanted, sizeof(wanted), rss ? "Rss            %u KiB: " : "Rss            %u B: ", rss);
		assert_non_null(strstr(text, wanted));
		snprintf(wanted, sizeof(wanted), "VmFlags        %s\n", flags);
		assert_non_null(strstr(text, wanted));
		if (i != 3)
			continue;
		snprintf(wanted, sizeof(wanted), "Anonymous      %u KiB copied by writing", anonymous);
		assert_non_null(strstr(text, wanted));
	}
	end(app);
}

static void history_and_expectation_are_told(void **state)
{
	static char text[VA_COPY_MAX];
	struct va_app *app = start(1920, 1080, &va_theme_dark);

	act(app, VA_ACT_FIND, HISTORY);
	va_copy_text(app, true, text, sizeof(text), NOW);
	assert_non_null(strstr(text, "mapped by mmap: 64 KiB, rw-p"));
	assert_non_null(strstr(text, "split by mprotect: 64 KiB → 32 KiB"));
	assert_non_null(strstr(text, "merged with its neighbours by mprotect: 32 KiB → 64 KiB"));
	assert_non_null(strstr(text, "pages changed by madvise"));
	assert_non_null(strstr(text, "5 demand-zero"));
	assert_non_null(strstr(text, "from inspect+0x"));
	assert_non_null(strstr(text, "a write        no fault"));
	assert_non_null(strstr(text, "execution      SIGSEGV, SEGV_ACCERR"));
	act(app, VA_ACT_FIND, HISTORY + 4 * PAGE); /* MADV_DONTNEED has taken it */
	va_copy_text(app, true, text, sizeof(text), NOW);
	assert_non_null(strstr(text, "a read         minor fault: the shared page of zeros"));
	assert_non_null(strstr(text, "a write        minor fault, demand-zero"));
	act(app, VA_ACT_FIND, 0x480000000000);
	va_copy_text(app, true, text, sizeof(text), NOW);
	assert_non_null(strstr(text, "a read         SIGSEGV, SEGV_MAPERR"));
	end(app);
}

static void choosing_opens_the_tab_and_goes_back(void **state)
{
	struct va_app *app = start(1280, 720, &va_theme_dark);

	assert_int_equal(app->view.tab, VA_TAB_WALK);
	act(app, VA_ACT_MAP_BOX, HISTORY);
	assert_int_equal(app->view.tab, VA_TAB_INSPECT);
	act(app, VA_ACT_MAP_BOX, HISTORY);
	assert_int_equal(app->view.tab, VA_TAB_WALK);
	act(app, VA_ACT_MAP_BOX, HISTORY);
	act(app, VA_ACT_ESCAPE, 0);
	assert_int_equal(app->view.tab, VA_TAB_WALK);
	assert_int_equal(app->view.selected, 0);
	/* A tab picked by hand while a box is chosen stays. */
	act(app, VA_ACT_MAP_BOX, HISTORY);
	act(app, VA_ACT_TAB, VA_TAB_WALK);
	act(app, VA_ACT_MAP_BOX, 0x360010000000);
	assert_int_equal(app->view.tab, VA_TAB_WALK);
	act(app, VA_ACT_ESCAPE, 0);
	assert_int_equal(app->view.tab, VA_TAB_WALK);
	end(app);
}

/* A page that fork has left to both is shared; where the child never looked and the parent wrote, it is not. By frame numbers alone. */
static void who_else_has_a_page_is_told(void **state)
{
	static char text[VA_COPY_MAX];
	struct va_app *app = start(1280, 720, &va_theme_dark);

	act(app, VA_ACT_FIND, HISTORY + PAGE);
	va_copy_text(app, true, text, sizeof(text), NOW);
	assert_non_null(strstr(text, "no other process that is watched")); /* before the fork */
	va_playback_seek(&app->play, va_history_find_mark(app->play.history, "inspect.child"));
	app->jumped = true;
	act(app, VA_ACT_PROCESS, 137);
	act(app, VA_ACT_FIND, HISTORY + PAGE);
	va_copy_text(app, true, text, sizeof(text), NOW);
	assert_non_null(strstr(text, "inspect (136): 1 page"));
	assert_non_null(strstr(text, "copied by fork from process 136"));
	act(app, VA_ACT_FIND, HISTORY);
	assert_int_equal(app->inspect.sharing.shared, 4);
	assert_int_equal(app->inspect.sharing.private, 0);
	end(app);
}

static size_t vmas_with(struct va_app *app, __u64 need)
{
	const struct va_mm *mm = va_model_mm_of(app->play.model, app->view.tgid);
	size_t n = 0;

	for (size_t i = 0; i < va_mm_vma_count(mm); i++)
		n += (va_mm_vma(mm, i)->vm_flags & need) == need;
	return n;
}

static void searches_find_what_is_there(void **state)
{
	static char text[VA_COPY_MAX];
	struct va_app *app = start(1280, 720, &va_theme_dark);

	search(app, "0x360000003010");
	assert_int_equal(app->search.total, 1);
	act(app, VA_ACT_RESULT_NEXT, 0);
	assert_int_equal(app->view.selected, HISTORY);
	assert_true(shown(app, "Page 3600 0000 3000"));
	search(app, "r+x");
	assert_int_equal(app->search.total, vmas_with(app, 5));
	assert_true(app->search.total > 2);
	search(app, "w+x");
	assert_int_equal(app->search.total, vmas_with(app, 6));
	search(app, "rw-s");
	assert_int_equal(app->search.total, 1);
	assert_string_equal(va_copy_text(app, false, text, sizeof(text), NOW), "the search results are copied");
	assert_int_equal(strncmp(text, "360040000000-360040004000 rw-s 00000000 ", 40), 0);
	search(app, ">1M");
	size_t large = app->search.total;

	search(app, "<1025k");
	assert_int_equal(app->search.total + large, vmas_with(app, 0));
	search(app, "[stack]");
	assert_int_equal(app->search.total, 1);
	search(app, "STACK");
	assert_true(app->search.total >= 1);
	search(app, "bad_acc");
	assert_int_equal(app->search.total, 0); /* it has not begun yet */
	search(app, "libc.so");
	assert_true(app->search.total >= 4);
	act(app, VA_ACT_RESULT, 1);
	act(app, VA_ACT_RESULT_TAKE, 0);
	assert_false(app->view.search.open);
	assert_int_equal(app->view.selected, app->search.result[1].addr);
	assert_true(shown(app, "libc.so.6, "));
	/* It is followed over time. */
	va_playback_seek(&app->play, va_history_count(app->play.history) / 2);
	app->jumped = true;
	va_app_update(app, NOW + 2 * VA_SEC);
	assert_int_equal(app->view.inspect.addr, app->view.selected);
	search(app, "136");
	assert_int_equal(app->search.result[0].kind, VA_RESULT_PROCESS);
	end(app);
}

static void a_line_is_typed(void **state)
{
	struct va_typed t = {0};

	assert_true(va_typed_insert(&t, "aé漢𝄞b\n\x1b\xff"));
	assert_string_equal(t.text, "aé漢𝄞b");
	assert_true(va_typed_key(&t, VA_TYPED_LEFT));
	assert_true(va_typed_key(&t, VA_TYPED_BACKSPACE));
	assert_string_equal(t.text, "aé漢b");
	va_typed_key(&t, VA_TYPED_HOME);
	assert_false(va_typed_key(&t, VA_TYPED_LEFT));
	assert_false(va_typed_key(&t, VA_TYPED_BACKSPACE));
	va_typed_key(&t, VA_TYPED_RIGHT);
	assert_true(va_typed_key(&t, VA_TYPED_DELETE));
	assert_string_equal(t.text, "a漢b");
	va_typed_insert(&t, "xy");
	assert_string_equal(t.text, "axy漢b");
	va_typed_key(&t, VA_TYPED_END);
	assert_false(va_typed_key(&t, VA_TYPED_DELETE));
	for (int i = 0; i < 200; i++)
		va_typed_insert(&t, "漢");
	assert_true(t.length < VA_TYPED_MAX && strlen(t.text) == t.length);
	assert_true(va_typed_key(&t, VA_TYPED_CLEAR));
	assert_int_equal(t.length, 0);
}

static void no_text_overlaps(void **state)
{
	static const struct {
		int w, h;
		const struct va_theme *theme;
	} sizes[] = {{1280, 720, &va_theme_dark}, {1920, 1080, &va_theme_light}, {1280, 720, &va_theme_projector}, {640, 480, &va_theme_dark}, {3840, 2160, &va_theme_dark}};

	for (size_t c = 0; c < sizeof(sizes) / sizeof(sizes[0]); c++) {
		struct va_app *app = start(sizes[c].w, sizes[c].h, sizes[c].theme);

		if (sizes[c].w < 1000)
			app->view.panes = VA_PANES_STAGE;
		for (__u64 area = 0; area < 5; area++) {
			act(app, VA_ACT_FIND, HISTORY + area * 0x10000000);
			check_texts(app, "mapping");
			app->view.scroll[VA_SCROLL_STAGE] = 100 + (int)area * 37;
			act(app, VA_ACT_NONE, 0);
			check_texts(app, "scrolled");
			act(app, VA_ACT_FIND, HISTORY + area * 0x10000000 + PAGE);
			check_texts(app, "page");
		}
		for (size_t i = 0; i < ready; i += 41) {
			act(app, VA_ACT_EVENT, i);
			check_texts(app, "event");
		}
		search(app, "r");
		check_texts(app, "search");
		search(app, "a very long text that nobody would ever type into such a line, but who knows what people paste into it, libraries of texts");
		check_texts(app, "long search");
		act(app, VA_ACT_ESCAPE, 0);
		act(app, VA_ACT_ESCAPE, 0);
		act(app, VA_ACT_TAB, VA_TAB_INSPECT);
		check_texts(app, "process");
		assert_true(shown(app, "process 136"));
		end(app);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_are_those_of_smaps), cmocka_unit_test(history_and_expectation_are_told),
		cmocka_unit_test(choosing_opens_the_tab_and_goes_back), cmocka_unit_test(who_else_has_a_page_is_told), cmocka_unit_test(searches_find_what_is_there), cmocka_unit_test(a_line_is_typed),
		cmocka_unit_test(no_text_overlaps),
	};

	return _cmocka_run_group_tests("inspect", tests, sizeof(tests) / sizeof(tests[0]), set_up, tear_down);
}
