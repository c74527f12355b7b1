/* What the window remembers: what is written is read again, and nothing that cannot be is taken. */
#include "unit/build.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "settings.h"

static char dir[64];

static int set_up(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/vmatlas-settings-XXXXXX");
	return !mkdtemp(dir) || setenv("XDG_CONFIG_HOME", dir, 1);
}

static char *file(void)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/vmatlas/window", dir);
	return path;
}

static int tear_down(void **state)
{
	char sub[96];

	unlink(file());
	snprintf(sub, sizeof(sub), "%s/vmatlas", dir);
	rmdir(sub);
	return rmdir(dir);
}

static void put(const char *text)
{
	FILE *f = fopen(file(), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void none_at_first(void **state)
{
	struct va_settings s;

	va_settings_load(&s);
	assert_int_equal(s.w, 0);
	assert_string_equal(s.theme, "");
	assert_true(s.scale == 1);
}

static void round_trip(void **state)
{
	struct va_settings a = {.theme = "projector", .scale = 1.21, .x = -20, .y = 30, .w = 700, .h = 480, .maximised = true, .on_top = true, .explain = true, .colour = 3}, b;
	struct stat st;

	assert_int_equal(va_settings_save(&a), 0);
	va_settings_load(&b);
	assert_string_equal(b.theme, a.theme);
	assert_true(b.scale > 1.209 && b.scale < 1.211);
	assert_true(b.x == -20 && b.y == 30 && b.w == 700 && b.h == 480);
	assert_true(b.maximised && b.on_top && b.explain && !b.compact);
	assert_int_equal(b.colour, 3);
	assert_int_equal(stat(file(), &st), 0);
}

static void nonsense_is_left_out(void **state)
{
	struct va_settings s;

	put("theme pink\nscale nan\nwidth 99999999\nheight 700\ncompact perhaps\ncolour -3\n\n \nx\nlonger than any name that is known 7\n");
	va_settings_load(&s);
	assert_string_equal(s.theme, "");
	assert_true(s.scale == 1);
	assert_true(!s.w && !s.h && !s.compact && !s.colour);
}

static void no_home_is_no_harm(void **state)
{
	struct va_settings s = VA_SETTINGS_NONE;

	setenv("XDG_CONFIG_HOME", "/proc/nowhere", 1);
	assert_true(va_settings_save(&s) < 0);
	va_settings_load(&s);
	assert_true(s.scale == 1);
	setenv("XDG_CONFIG_HOME", dir, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_at_first), cmocka_unit_test(round_trip), cmocka_unit_test(nonsense_is_left_out), cmocka_unit_test(no_home_is_no_harm),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
