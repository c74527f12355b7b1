/* Drawing only what changed gives the pixels of drawing everything: a long random session on shipped recordings, each frame compared pixel by pixel. */
#include "unit/build.h"

#include "app.h"
#include "draw.h"
#include "input.h"

#define NOW (1000 * VA_SEC)

static struct va_fonts *fonts;

static int set_up(void **state)
{
	fonts = va_fonts_new(NULL);
	return !fonts;
}

static int tear_down(void **state)
{
	va_fonts_free(fonts);
	return 0;
}

static unsigned long seed = 1;

static unsigned dice(unsigned n)
{
	seed = seed * 6364136223846793005ul + 1442695040888963407ul;
	return (unsigned)(seed >> 33) % n;
}

/* The frame as it stands, and drawn as a whole: the pixels differ in so many places. */
static size_t differences(const struct va_app *app, struct va_canvas *whole)
{
	size_t n = 0;

	if (whole->w != app->canvas.w || whole->h != app->canvas.h) {
		va_canvas_destroy(whole);
		assert_true(va_canvas_init(whole, app->canvas.w, app->canvas.h));
	}
	va_draw(&app->scene, whole);
	for (size_t i = 0; i < (size_t)whole->w * (size_t)whole->h; i++)
		n += whole->pixels[i] != app->canvas.pixels[i];
	return n;
}

static size_t changed_pixels(const struct va_app *app)
{
	size_t n = 0;

	for (size_t i = 0; i < app->drawn.changed_count; i++)
		n += (size_t)app->drawn.changed[i].w * (size_t)app->drawn.changed[i].h;
	return n;
}

/* What a user does: an action with an argument that means something now, the wheel, the pointer, another size. */
static void do_something(struct va_app *app, uint64_t now)
{
	static const struct {
		int w, h;
	} sizes[] = {{1280, 720}, {1000, 600}, {640, 480}, {1501, 803}};
	const struct va_hit *hit = app->scene.hit_count ? &app->scene.hits[dice((unsigned)app->scene.hit_count)] : NULL;
	int x = (int)dice((unsigned)app->view.w), y = (int)dice((unsigned)app->view.h);
	unsigned size = dice(4);

	switch (dice(8)) {
	case 0:
		va_app_act(app, VA_ACT_SEEK, dice((unsigned)va_history_count(app->play.history)), now);
		break;
	case 1:
		va_app_wheel(app, x, y, (float)dice(7) - 3, now);
		break;
	case 2:
		app->view.mouse_x = x, app->view.mouse_y = y;
		app->dirty = true;
		break;
	case 3:
		if (!dice(5))
			va_app_resize(app, sizes[size].w, sizes[size].h);
		break;
	case 4:
	case 5:
		if (hit && hit->action != VA_ACT_QUIT)
			va_app_act(app, hit->action, hit->arg, now);
		break;
	default:
		va_app_act(app, (enum va_action_id)(1 + dice(VA_ACTS - 1)), dice(8), now);
	}
}

static void session(const char *path, unsigned frames)
{
	struct va_recording *recording = va_recording_new();
	struct va_app_options o = {.w = 1280, .h = 720, .theme = &va_theme_dark};
	struct va_app *app = calloc(1, sizeof(*app));
	struct va_canvas whole = {0};
	uint64_t now = NOW;
	size_t drawn = 0, all = 0;

	assert_int_equal(va_recording_load(recording, path), 0);
	assert_true(va_app_init(app, recording, fonts, &o, now));
	for (unsigned i = 0; i < frames; i++, now += VA_TIME_FRAME * (1 + dice(3))) {
		if (i && !dice(4))
			do_something(app, now);
		va_app_update(app, now);
		va_app_layout(app, now);
		va_app_draw(app);
		if (differences(app, &whole))
			fail_msg("%s, frame %u: %zu pixels differ", path, i, differences(app, &whole));
		drawn += changed_pixels(app);
		all += (size_t)app->canvas.w * (size_t)app->canvas.h;
	}
	assert_true(drawn < all * 3 / 4); /* or nothing is won */
	va_canvas_destroy(&whole);
	va_app_destroy(app);
	free(app);
	va_recording_free(recording);
}

static void what_changed_is_all_that_must_be_drawn(void **state)
{
	session("tests/data/tour.vmatlas", 300);
	session("tests/data/notices.vmatlas", 150);
}

/* A picture that stands costs nothing; where somebody else has drawn, it is mended. */
static void nothing_is_drawn_twice(void **state)
{
	struct va_recording *recording = va_recording_new();
	struct va_app_options o = {.w = 1280, .h = 720, .theme = &va_theme_dark, .still = true};
	struct va_app *app = calloc(1, sizeof(*app));
	struct va_canvas whole = {0};

	assert_int_equal(va_recording_load(recording, "tests/data/tour.vmatlas"), 0);
	assert_true(va_app_init(app, recording, fonts, &o, NOW));
	va_app_update(app, NOW);
	va_playback_pause(&app->play, true, NOW);
	for (int i = 0; i < 3; i++) {
		va_app_update(app, NOW);
		va_app_layout(app, NOW);
		va_app_draw(app);
	}
	assert_int_equal(app->drawn.changed_count, 0);
	va_canvas_fill(&app->canvas, va_rect(1200, 10, 20, 20), 0xffff0000);
	va_drawn_touch(&app->drawn, va_rect(1200, 10, 20, 20));
	va_app_draw(app);
	assert_int_equal(app->drawn.changed_count, 1);
	assert_int_equal(differences(app, &whole), 0);
	va_drawn_forget(&app->drawn);
	va_app_draw(app);
	assert_int_equal(changed_pixels(app), 1280 * 720);
	va_canvas_destroy(&whole);
	va_app_destroy(app);
	free(app);
	va_recording_free(recording);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_changed_is_all_that_must_be_drawn),
		cmocka_unit_test(nothing_is_drawn_twice),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
