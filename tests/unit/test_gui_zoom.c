/* The map from the whole to single pages: on the shipped tour, and on mappings of 1 GiB and 16 TiB (tests/workloads/large_map.c). */
#include "unit/build.h"
#include "unit/scene_check.h"

#include "act.h"
#include "draw.h"
#include "heat.h"
#include "map_parts.h"
#include "words.h"

#define NOW (1000 * VA_SEC)
#define LARGE 0x600000000000ull
#define RESERVED 0x200000000000ull

static struct va_fonts *fonts;
static struct va_recording *tour, *large;
static struct va_app *app;
static uint64_t now;

static int set_up(void **state)
{
	fonts = va_fonts_new(NULL);
	tour = va_recording_new();
	large = va_recording_new();
	app = calloc(1, sizeof(*app));
	return va_recording_load(tour, "tests/data/tour.vmatlas") || va_recording_load(large, "tests/data/large.vmatlas") || !fonts;
}

static int tear_down(void **state)
{
	va_recording_free(tour);
	va_recording_free(large);
	va_fonts_free(fonts);
	free(app);
	return 0;
}

static void settle(void)
{
	now += VA_SEC;
	va_app_update(app, now);
	va_app_update(app, now += VA_SEC);
	va_app_layout(app, now);
}

static void start(struct va_recording *r, size_t pos, int w, int h, const struct va_theme *theme)
{
	struct va_app_options o = {.w = w, .h = h, .theme = theme, .still = true};

	now = NOW;
	assert_true(va_app_init(app, r, fonts, &o, now));
	va_app_update(app, now);
	va_playback_pause(&app->play, true, now);
	va_playback_seek(&app->play, pos);
	app->jumped = true;
	settle();
	settle(); /* what changed just before has stopped to glow */
}

static void start_large(int w, int h, const struct va_theme *theme)
{
	start(large, va_history_find_mark(va_recording_history(large), "touched"), w, h, theme);
}

static void start_tour(void)
{
	start(tour, va_history_count(va_recording_history(tour)) / 2, 1280, 720, &va_theme_dark);
}

static void act(enum va_action_id action, uint64_t arg)
{
	assert_true(va_app_act(app, action, arg, now));
	settle();
}

static const struct va_mm *shown_mm(void)
{
	return va_model_mm_of(app->play.model, app->view.tgid);
}

static double y_of(__u64 addr)
{
	return va_app_map_rect(app).y + va_ruler_y(&app->ruler, addr) - app->view.camera.top;
}

static bool at_an_end(void)
{
	double top = app->view.camera.top, h = va_app_map_rect(app).h;

	return top <= 0.001 || top >= va_ruler_height(&app->ruler) - h - 0.001;
}

/* Also in the middle of the flight, and through 70 steps down to a page and back. */
static void the_address_under_the_pointer_stays(void **state)
{
	unsigned checked = 0, pages = 0;

	start_large(1280, 720, &va_theme_dark);
	for (int y = 150; y < 520; y += 23) {
		struct va_rect r = va_app_map_rect(app);
		__u64 addr = va_ruler_addr(&app->ruler, y - r.y + app->view.camera.top);

		for (int step = 0; step < 70; step++) {
			va_app_wheel(app, 300, y, 1, now);
			va_app_update(app, now + VA_TIME_MOVE / 3);
			if (!at_an_end())
				assert_true(fabs(y_of(addr) - y) < 0.6);
			settle();
			if (at_an_end())
				continue;
			checked++;
			assert_true(fabs(y_of(addr) - y) < 0.6);
		}
		size_t row = va_ruler_row_of(&app->ruler, addr);

		if (app->rows.row[row].kind == VA_ROW_VMA) {
			pages++;
			if (fabs(va_ruler_page(&app->ruler, row) - app->ruler.page) >= 0.01)
				fail_msg("at y %d, %llx: a page is %f of %f pixels, zoom %f", y, addr, va_ruler_page(&app->ruler, row), app->ruler.page, app->view.camera.zoom);
		}
		for (int step = 0; step < 70; step++)
			va_app_wheel(app, 300, y, -1, now);
		settle();
		assert_true(app->view.camera.zoom == 1 && app->view.camera.top == 0);
	}
	assert_true(checked > 300 && pages > 8);
	va_app_destroy(app);
}

/* The stage has pages to click, too. */
static bool in_map(const struct va_hit *hit)
{
	struct va_rect r = va_app_map_rect(app);

	return va_rect_holds(r, hit->r.x, hit->r.y);
}

static const struct va_hit *page_hit(__u64 addr)
{
	for (size_t i = 0; i < app->scene.hit_count; i++)
		if (app->scene.hits[i].action == VA_ACT_PAGE && app->scene.hits[i].arg == addr && in_map(&app->scene.hits[i]))
			return &app->scene.hits[i];
	return NULL;
}

static bool says(const struct va_hit *hit, const char *words)
{
	for (size_t i = 0; i < app->scene.item_count; i++) {
		const struct va_item *item = &app->scene.items[i];

		if (item->kind == VA_ITEM_TEXT && va_rect_holds(hit->r, item->r.x + 1, item->r.y + item->r.h / 2) &&
		    strstr(va_scene_string(&app->scene, item->text), words))
			return true;
	}
	return false;
}

/* What a cell says, in its tip and, where it is tall enough, in itself, against the model. */
static void check_page(const struct va_hit *hit)
{
	static const char *const words[VA_STATES] = {": not known", ": absent", ": in RAM: its entry was read", ": in RAM, as follows", ": swapped out", ": an entry that is no page"};
	struct va_page page = va_mm_page(shown_mm(), hit->arg);
	enum va_page_state st = va_page_state(&page);
	const char *tip = va_scene_string(&app->scene, hit->tip);
	char text[64];

	assert_non_null(strstr(tip, va_words_address(text, sizeof(text), hit->arg)));
	assert_non_null(strstr(tip, words[st]));
	if ((st != VA_STATE_SEEN && st != VA_STATE_DERIVED) || !page.entry) {
		assert_null(strstr(tip, "frame 0x"));
		return;
	}
	snprintf(text, sizeof(text), "frame 0x%llx", va_entry_pfn_at(page.level, page.entry, hit->arg));
	assert_non_null(strstr(tip, text));
	assert_true(!strstr(tip, page.entry & 1 << 1 ? "read-only" : "writable"));
	assert_true(!strstr(tip, page.entry & 1 << 6 || page.entry >> 58 & 1 ? "clean" : "dirty"));
	if (hit->r.h < 40)
		return;
	snprintf(text, sizeof(text), "%c%c%c", page.entry & 1 << 1 ? 'W' : '-', page.entry & 1 << 6 || page.entry >> 58 & 1 ? 'D' : '-', page.entry & 1 << 5 ? 'A' : '-');
	assert_true(says(hit, text));
	snprintf(text, sizeof(text), "0x%llx", va_entry_pfn_at(page.level, page.entry, hit->arg));
	assert_true(says(hit, text));
}

/* Cells of one mapping stand one below the other without a gap, each where the ruler has its address. */
static unsigned check_pages(void)
{
	struct va_rect r = va_app_map_rect(app);
	unsigned n = 0;

	for (size_t i = 0; i < app->scene.hit_count; i++) {
		const struct va_hit *hit = &app->scene.hits[i];

		if (hit->action != VA_ACT_PAGE || !in_map(hit))
			continue;
		check_page(hit);
		n++;
		if (hit->r.w < 60) /* in the grid of a box that is still small */
			continue;
		assert_true(fabs(hit->r.y - fmax(y_of(hit->arg + 4096), r.y)) <= 1);
		assert_true(fabs(hit->r.y + hit->r.h - fmin(y_of(hit->arg), r.y + r.h)) <= 2);
	}
	return n;
}

static void every_visible_page_is_the_models(void **state)
{
	struct va_recording *const recordings[] = {tour, large};
	unsigned n = 0;

	for (int k = 0; k < 2; k++) {
		start(recordings[k], va_history_count(va_recording_history(recordings[k])) * 3 / 4, 1280, 720, &va_theme_dark);
		for (size_t i = 0; i < va_mm_vma_count(shown_mm()); i++) {
			const struct va_vma vma = *va_mm_vma(shown_mm(), i);

			if (vma.start >= 1ull << 47)
				continue;
			act(VA_ACT_ZOOM_TO, vma.start);
			n += check_pages();
			assert_non_null(page_hit(vma.start));
			act(VA_ACT_ZOOM_TO, vma.end - 4096);
			n += check_pages();
			assert_non_null(page_hit(vma.end - 4096));
			for (int out = 0; out < 6; out++) {
				act(VA_ACT_ZOOM_OUT, 0);
				n += check_pages();
			}
		}
		va_app_destroy(app);
	}
	assert_true(n > 2000);
}

/* 64 pages that were written, 64 that were read (all of them the zero page), and their untouched neighbours. */
static void one_page_of_262144(void **state)
{
	start_large(1920, 1080, &va_theme_dark);
	for (__u64 page = 0; page < 262144; page += 4099 * 9) {
		__u64 addr = LARGE + page * 4096;

		act(VA_ACT_ZOOM_TO, addr);
		assert_non_null(page_hit(addr));
		assert_true(says(page_hit(addr), "WDA") && says(page_hit(addr), "in RAM") && says(page_hit(addr), "1 fault here"));
		assert_true(says(page_hit(addr + 4096), "--A") && says(page_hit(addr + 8192), "absent") && says(page_hit(addr + 8192), "no faults here"));
	}
	va_app_destroy(app);
}

static void sixteen_terabytes_have_pages(void **state)
{
	start_large(1280, 720, &va_theme_projector);
	for (__u64 at = RESERVED + (1ull << 30); at < RESERVED + (1ull << 44); at += 0x123456789000ull / 7 & ~0xfffull) {
		struct va_rect r = va_app_map_rect(app);
		const struct va_hit *hit;

		act(VA_ACT_ZOOM_TO, at);
		hit = page_hit(at);
		assert_non_null(hit);
		assert_true(abs(hit->r.y + hit->r.h / 2 - (r.y + r.h / 2)) <= 1 && hit->r.h >= 30);
		assert_true(check_pages() < 40); /* what is out of sight costs nothing */
	}
	va_app_destroy(app);
}

static bool marked(double y)
{
	for (size_t i = 0; i < app->scene.item_count; i++)
		if (app->scene.items[i].kind == VA_ITEM_TRIANGLE && fabs((double)app->scene.items[i].p[0].y - y) < 1 &&
		    app->scene.items[i].p[0].x > (float)va_app_map_rect(app).w / 2)
			return true;
	return false;
}

static bool shown(const char *words)
{
	for (size_t i = 0; i < app->scene.item_count; i++)
		if (app->scene.items[i].kind == VA_ITEM_TEXT && strstr(va_scene_string(&app->scene, app->scene.items[i].text), words))
			return true;
	return false;
}

static void ticks_stand_at_their_addresses(void **state)
{
	const struct vmatlas_mm_layout *l;
	__u64 start_brk, brk;

	start_tour();
	l = va_mm_layout(shown_mm());
	assert_non_null(l);
	assert_true(va_mm_brk(shown_mm(), &start_brk, &brk) && brk > start_brk);
	for (int close = 0; close < 2; close++) {
		if (close)
			act(VA_ACT_FIT_BOX, start_brk);
		assert_true(marked(y_of(start_brk)) && marked(y_of(brk)));
		assert_true(shown("start_brk"));
		assert_int_equal(va_rows_at(&app->rows, brk - 1)->zone, VA_ZONE_HEAP);
		assert_true(y_of(brk) <= y_of(start_brk));
	}
	act(VA_ACT_WHOLE, 0);
	assert_true(marked(y_of(l->start_stack)) && marked(y_of(l->start_code)) && marked(y_of(l->end_code)) && marked(y_of(l->arg_start)));
	act(VA_ACT_ZOOM_TO, l->arg_start);
	assert_true(marked(y_of(l->arg_start)) && shown("arg"));
	va_app_destroy(app);
}

static uint64_t hash_scene(void)
{
	uint64_t h = 14695981039346656037ull;

	for (size_t i = 0; i < app->scene.item_count; i++)
		h = ((h ^ app->scene.items[i].colour) * 1099511628211ull ^ (uint64_t)app->scene.items[i].r.y) * 1099511628211ull;
	return h;
}

static void a_filter_fades_the_rest(void **state)
{
	unsigned clear = 0, faded = 0;
	uint64_t arg, before;

	start_tour();
	act(VA_ACT_COLOUR, VA_BY_ZONE);
	before = hash_scene();
	assert_true(va_filter_find("heap", &arg));
	act(VA_ACT_FILTER, arg);
	for (size_t i = 0; i < app->scene.hit_count; i++) {
		const struct va_hit *hit = &app->scene.hits[i];

		for (size_t k = 0; k < app->scene.item_count && hit->action == VA_ACT_MAP_BOX; k++) {
			const struct va_item *item = &app->scene.items[k];
			bool heap = va_rows_at(&app->rows, hit->arg)->zone == VA_ZONE_HEAP;

			if (item->kind != VA_ITEM_ROUND || memcmp(&item->r, &hit->r, sizeof(item->r)))
				continue;
			assert_int_equal(item->colour >> 24 > 0x80, heap);
			heap ? clear++ : faded++;
		}
	}
	assert_true(clear == 1 && faded > 10);
	assert_true(shown("only heap"));
	act(VA_ACT_FILTER, arg);
	assert_true(hash_scene() == before);
	for (int how = 0; how < 3; how++) {
		static const enum va_action_id back[] = {VA_ACT_ESCAPE, VA_ACT_WHOLE, VA_ACT_FILTER_CLEAR};

		act(VA_ACT_FILTER, arg);
		assert_true(shown("only heap"));
		act(back[how], 0);
		assert_false(shown("only heap"));
	}
	va_app_destroy(app);
}

/* Whatever happens to the map, a page that one looks at stays where it is. */
static void the_view_holds_still_when_the_map_changes(void **state)
{
	unsigned same = 0, changes = 0;
	size_t count;

	start(tour, va_history_count(va_recording_history(tour)) / 3, 1280, 720, &va_theme_dark);
	app->view.pinned = true;
	const __u64 addr = va_mm_layout(shown_mm())->start_brk & ~0xfffull;

	act(VA_ACT_ZOOM_TO, addr);
	const struct va_rect r = page_hit(addr)->r;

	count = va_mm_vma_count(shown_mm());
	for (int i = 0; i < 200; i++) {
		va_playback_step(&app->play, 1, 0);
		va_app_update(app, now += 50 * VA_MS);
		va_app_layout(app, now);
		if (!va_mm_vma_at(shown_mm(), addr))
			break;
		assert_non_null(page_hit(addr));
		assert_true(abs(page_hit(addr)->r.y - r.y) <= 1 && abs(page_hit(addr)->r.h - r.h) <= 1);
		changes += va_mm_vma_count(shown_mm()) != count;
		count = va_mm_vma_count(shown_mm());
		same++;
	}
	assert_true(same > 100 && changes > 3);
	va_app_destroy(app);
}

static void keys_go_from_box_to_box(void **state)
{
	size_t n;

	start_tour();
	n = va_mm_vma_count(shown_mm());
	act(VA_ACT_MAP_BOX, va_mm_vma(shown_mm(), n - 1)->start >= 1ull << 47 ? va_mm_vma(shown_mm(), --n - 1)->start : va_mm_vma(shown_mm(), n - 1)->start);
	for (size_t i = n - 1; i--;) {
		act(VA_ACT_BOX_NEXT, 0);
		assert_int_equal(app->view.selected, va_mm_vma(shown_mm(), i)->start);
	}
	act(VA_ACT_BOX_PREV, 0);
	assert_int_equal(app->view.selected, va_mm_vma(shown_mm(), 1)->start);
	va_app_destroy(app);
}

/* At most sizes and themes, with each colouring, from far to close. */
static void nothing_overlaps_when_close(void **state)
{
	static const struct {
		int w, h;
		const struct va_theme *theme;
	} cases[] = {{1280, 720, &va_theme_dark}, {640, 480, &va_theme_light}, {1920, 1080, &va_theme_projector}, {480, 640, &va_theme_dark}};

	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		start_large(cases[c].w, cases[c].h, cases[c].theme);
		for (uint64_t by = 0; by < VA_BYS; by++) {
			act(VA_ACT_COLOUR, by);
			act(VA_ACT_FILTER, VA_FILTER(by, 1));
			check_texts(app, "zoomed");
			act(VA_ACT_FILTER_CLEAR, 0);
			act(VA_ACT_ZOOM_TO, va_mm_layout(shown_mm())->start_code);
			for (int i = 0; i < 12 && app->view.camera.zoom > 1; i++) {
				check_texts(app, "zoomed");
				act(VA_ACT_ZOOM_OUT, 0);
			}
			act(VA_ACT_WHOLE, 0);
		}
		va_app_destroy(app);
	}
}

static uint64_t cell_picture(struct va_canvas *canvas, enum va_page_state st, va_colour there, const struct va_style *style)
{
	struct va_scene s;
	uint64_t h = 14695981039346656037ull;

	va_scene_init(&s);
	va_scene_begin(&s, style, 24, 24);
	va_scene_fill(&s, va_rect(0, 0, 24, 24), style->theme->panel);
	va_map_cell(&s, va_rect(4, 4, 12, 12), st, there);
	va_draw(&s, canvas);
	for (size_t i = 0; i < 24 * 24; i++)
		h = (h ^ canvas->pixels[i]) * 1099511628211ull;
	va_scene_destroy(&s);
	return h;
}

/* Unknown, absent, seen, derived and swapped never look the same, in any colouring and theme. */
static void states_look_different_in_all_colours(void **state)
{
	const struct va_theme *const themes[] = {&va_theme_dark, &va_theme_light, &va_theme_projector};
	struct va_canvas canvas;

	assert_true(va_canvas_init(&canvas, 24, 24));
	for (int t = 0; t < 3; t++)
		for (unsigned by = 0; by < VA_BYS; by++)
			for (unsigned class = 0; class < va_class_count((enum va_colour_by)by); class++) {
				struct va_style style = {themes[t], fonts, 1};
				va_colour there = va_class_paint(themes[t], (enum va_colour_by)by, class).there;
				uint64_t seen[VA_STATES];

				for (int st = 0; st < VA_STATES; st++) {
					seen[st] = cell_picture(&canvas, (enum va_page_state)st, there, &style);
					for (int other = 0; other < st && st != VA_STATE_OTHER; other++)
						assert_true(seen[st] != seen[other]);
				}
			}
	va_canvas_destroy(&canvas);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_address_under_the_pointer_stays), cmocka_unit_test(every_visible_page_is_the_models), cmocka_unit_test(one_page_of_262144),
		cmocka_unit_test(sixteen_terabytes_have_pages), cmocka_unit_test(ticks_stand_at_their_addresses), cmocka_unit_test(a_filter_fades_the_rest),
		cmocka_unit_test(the_view_holds_still_when_the_map_changes), cmocka_unit_test(keys_go_from_box_to_box),
		cmocka_unit_test(nothing_overlaps_when_close), cmocka_unit_test(states_look_different_in_all_colours),
	};

	return _cmocka_run_group_tests("zoom", tests, sizeof(tests) / sizeof(tests[0]), set_up, tear_down);
}
