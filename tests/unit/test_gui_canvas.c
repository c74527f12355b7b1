/* The canvas: what is drawn is where it should be, clipped, blended, and the same each time. */
#include "unit/build.h"

#include <fcntl.h>

#include "canvas.h"
#include "font.h"
#include "picture.h"

#define W 64
#define H 48
#define GROUND 0xff000000u

static void new_canvas(struct va_canvas *c)
{
	assert_true(va_canvas_init(c, W, H));
	va_canvas_fill(c, va_rect(0, 0, W, H), GROUND);
}

static uint32_t at(const struct va_canvas *c, int x, int y)
{
	return c->pixels[y * c->w + x];
}

static size_t painted(const struct va_canvas *c)
{
	size_t n = 0;

	for (int i = 0; i < W * H; i++)
		n += c->pixels[i] != GROUND;
	return n;
}

static void fills_are_exact(void **state)
{
	struct va_canvas c;

	new_canvas(&c);
	va_canvas_fill(&c, va_rect(3, 4, 10, 7), 0xff123456);
	assert_int_equal(painted(&c), 70);
	assert_int_equal(at(&c, 3, 4), 0xff123456);
	assert_int_equal(at(&c, 12, 10), 0xff123456);
	assert_int_equal(at(&c, 13, 10), GROUND);
	va_canvas_destroy(&c);
}

static void alpha_is_a_share(void **state)
{
	struct va_canvas c;

	new_canvas(&c);
	va_canvas_fill(&c, va_rect(0, 0, 2, 2), 0x80ffffff);
	assert_in_range(at(&c, 0, 0) & 0xff, 0x7e, 0x82);
	va_canvas_fill(&c, va_rect(4, 4, 2, 2), 0x00ffffff);
	assert_int_equal(at(&c, 4, 4), GROUND);
	assert_int_equal(va_colour_fade(0xff00ff00, 0.5f) >> 24, 0x80);
	va_canvas_destroy(&c);
}

static void everything_at(struct va_canvas *c, int x, int y)
{
	struct va_point curve[4] = {{(float)x, (float)y}, {(float)x + 40, (float)y}, {(float)x, (float)y + 40}, {(float)x + 50, (float)y + 50}};
	struct va_point corner[3] = {{(float)x, (float)y}, {(float)x + 60, (float)y + 5}, {(float)x + 5, (float)y + 60}};

	va_canvas_fill(c, va_rect(x, y, 50, 50), 0xffff0000);
	va_canvas_round(c, va_rect(x, y, 50, 50), 9, 0x80ff0000);
	va_canvas_border(c, va_rect(x, y, 50, 50), 9, 3, 0xff00ff00);
	for (int k = VA_HATCH_RISING; k <= VA_HATCH_DOTS; k++)
		va_canvas_hatch(c, va_rect(x, y, 50, 50), (enum va_hatch)k, 5, 2, 0xff0000ff);
	va_canvas_line(c, curve[0], curve[3], 3, 4, 0xffffffff);
	va_canvas_curve(c, curve, 1, 2, 8, 0xffffff00);
	va_canvas_triangle(c, corner, 0xffff00ff);
}

static void nothing_leaves_the_clip(void **state)
{
	static const int places[][2] = {{10, 10}, {-30, -30}, {40, 30}, {-200, 5}, {500, 500}};
	struct va_canvas c;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		new_canvas(&c);
		va_canvas_clip(&c, va_rect(20, 15, 12, 9));
		everything_at(&c, places[i][0], places[i][1]);
		for (int y = 0; y < H; y++)
			for (int x = 0; x < W; x++)
				if (!va_rect_holds(va_rect(20, 15, 12, 9), x, y))
					assert_int_equal(at(&c, x, y), GROUND);
		va_canvas_destroy(&c);
	}
}

static void corners_are_round_and_equal(void **state)
{
	struct va_canvas c;

	new_canvas(&c);
	va_canvas_round(&c, va_rect(2, 2, 40, 40), 12, 0xffffffff);
	assert_int_equal(at(&c, 2, 2), GROUND);
	assert_int_equal(at(&c, 20, 2), 0xffffffff);
	assert_int_equal(at(&c, 20, 20), 0xffffffff);
	for (int y = 0; y < 40; y++)
		for (int x = 0; x < 40; x++) {
			assert_int_equal(at(&c, 2 + x, 2 + y), at(&c, 41 - x, 2 + y));
			assert_int_equal(at(&c, 2 + x, 2 + y), at(&c, 2 + x, 41 - y));
		}
	va_canvas_destroy(&c);
}

static void lines_have_their_width(void **state)
{
	struct va_canvas c;
	unsigned sum = 0;

	new_canvas(&c);
	va_canvas_line(&c, (struct va_point){-10, 20}, (struct va_point){80, 26}, 4, 0, 0xffffffff);
	for (int y = 0; y < H; y++)
		sum += at(&c, 30, y) & 0xff;
	assert_in_range(sum, 4 * 255 * 95 / 100, 4 * 255 * 108 / 100);
	va_canvas_destroy(&c);
}

static void a_curve_grows(void **state)
{
	struct va_point p[4] = {{4, 24}, {24, 4}, {40, 44}, {60, 24}};
	size_t last = 0;

	for (int part = 0; part <= 4; part++) {
		struct va_canvas c;

		new_canvas(&c);
		va_canvas_curve(&c, p, (float)part / 4, 2, 0, 0xffffffff);
		assert_true(part ? painted(&c) > last : painted(&c) == 0);
		last = painted(&c);
		va_canvas_destroy(&c);
	}
}

static void text_is_measured_as_drawn(void **state)
{
	struct va_fonts *fonts = va_fonts_new(NULL);
	struct va_canvas c;

	assert_non_null(fonts);
	assert_true(va_canvas_init(&c, 400, 60));
	va_canvas_fill(&c, c.clip, GROUND);
	for (int face = 0; face < VA_FACES; face++) {
		const char *text = "0x7ffc Wg… é";
		int w = va_text_width(fonts, (enum va_face)face, 17, text, -1), h = va_text_height(fonts, (enum va_face)face, 17);

		assert_true(w > 40 && w < 300);
		va_text_draw(fonts, &c, (enum va_face)face, 17, 20, 10, text, 0xffffffff);
		for (int y = 0; y < c.h; y++)
			for (int x = 0; x < c.w; x++)
				if (!va_rect_holds(va_rect(18, 10, w + 4, h), x, y))
					assert_int_equal(c.pixels[y * c.w + x], GROUND);
	}
	assert_true(va_text_width(fonts, VA_FACE_MONO, 12, "iiii", -1) == va_text_width(fonts, VA_FACE_MONO, 12, "WWWW", -1));
	va_canvas_destroy(&c);
	va_fonts_free(fonts);
}

static void broken_utf8_is_no_crash(void **state)
{
	struct va_fonts *fonts = va_fonts_new(NULL);
	static const char *const bad[] = {"\xff\xfe", "a\xc3", "\xe2\x80", "\xf0\x9f\x92", "\xc0\x80", "\xf8\x88\x80\x80\x80", "\x01\x7f"};
	struct va_canvas c;

	new_canvas(&c);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_true(va_text_width(fonts, VA_FACE_SANS, 12, bad[i], -1) > 0);
		va_text_draw(fonts, &c, VA_FACE_SANS, 12, 1, 1, bad[i], 0xffffffff);
	}
	va_canvas_destroy(&c);
	va_fonts_free(fonts);
}

static void pictures_carry_their_texts(void **state)
{
	static const struct va_png_text texts[] = {{"Software", "vmatlas test"}, {"Process", NULL}, {"Time", "1.5 s"}, {NULL, NULL}};
	char path[] = "/tmp/vmatlas-picture-XXXXXX", bytes[4096];
	int fd = mkstemp(path);
	struct va_canvas c;

	new_canvas(&c);
	assert_int_equal(va_png_write(&c, path, texts), 0);
	close(fd);
	fd = open(path, O_RDONLY); /* a whole picture takes the place of what was there */
	assert_true(fd >= 0);
	ssize_t n = read(fd, bytes, sizeof(bytes));

	assert_true(n > 60 && !memcmp(bytes, "\x89PNG", 4));
	assert_non_null(memmem(bytes, (size_t)n, "tEXtSoftware\0vmatlas test", 25));
	assert_non_null(memmem(bytes, (size_t)n, "tEXtTime\0" "1.5 s", 14));
	assert_null(memmem(bytes, (size_t)n, "Process", 7));
	close(fd);
	unlink(path);
	va_canvas_destroy(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_are_exact), cmocka_unit_test(alpha_is_a_share), cmocka_unit_test(nothing_leaves_the_clip),
		cmocka_unit_test(corners_are_round_and_equal), cmocka_unit_test(lines_have_their_width), cmocka_unit_test(a_curve_grows),
		cmocka_unit_test(text_is_measured_as_drawn), cmocka_unit_test(broken_utf8_is_no_crash), cmocka_unit_test(pictures_carry_their_texts),
	};

	return RUN(tests);
}
