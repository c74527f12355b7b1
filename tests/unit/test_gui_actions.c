/* Actions by name, tabs, tips and scrolled lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "font.h"
#include "input.h"
#include "scene.h"
#include "tabs.h"

static void names_lead_to_actions(void **state)
{
	enum va_action_id action;
	uint64_t arg;

	for (unsigned i = 0; i < VA_ACTS; i++)
		if (*va_action_name((enum va_action_id)i)) {
			assert_true(va_action_parse(va_action_name((enum va_action_id)i), &action, &arg));
			assert_int_equal(action, i);
		}
	assert_true(va_action_parse("page:0x600009000000", &action, &arg));
	assert_int_equal(action, VA_ACT_PAGE);
	assert_int_equal(arg, 0x600009000000);
	assert_true(va_action_parse("tab:walk", &action, &arg));
	assert_int_equal(arg, VA_TAB_WALK);
	assert_true(va_action_parse("search:w+x", &action, &arg));
	assert_int_equal(action, VA_ACT_SEARCH);
	assert_string_equal(va_action_text("search:w+x"), "w+x");
	assert_null(va_action_text("page:0x1000"));
	assert_null(va_action_text("search"));
	assert_false(va_action_parse("tab:nowhere", &action, &arg));
	assert_false(va_action_parse("page:", &action, &arg));
	assert_false(va_action_parse("page:12x", &action, &arg));
	assert_false(va_action_parse("pag", &action, &arg));
	assert_false(va_action_parse("", &action, &arg));
}

static void keys_do_one_thing(void **state)
{
	for (size_t i = 0; i < va_key_count; i++)
		for (size_t j = i + 1; j < va_key_count; j++)
			assert_false(va_keys[i].key == va_keys[j].key && va_keys[i].mods == va_keys[j].mods);
}

static void shift_counts_where_it_is_asked_for(void **state)
{
	assert_int_equal(va_key_for('/', 0)->action, VA_ACT_SEARCH);
	assert_int_equal(va_key_for('/', VA_MOD_SHIFT)->action, VA_ACT_HELP); /* '?' on many keyboards */
	assert_int_equal(va_key_for('+', VA_MOD_SHIFT)->action, VA_ACT_FASTER);
	assert_int_equal(va_key_for('a', VA_MOD_SHIFT)->action, VA_ACT_A_HERE);
	assert_null(va_key_for(0x7e, VA_MOD_CTRL));
}

static void tabs_go_round(void **state)
{
	enum va_tab tab = VA_TAB_WALK;
	unsigned n = 0, offered = 0;

	for (unsigned i = 0; i < VA_TABS; i++)
		offered += va_tabs[i].layout != NULL;
	do {
		tab = va_tab_next(tab, 1);
		n++;
	} while (tab != VA_TAB_WALK);
	assert_int_equal(n, offered);
	assert_int_equal(va_tab_next(va_tab_next(tab, 1), -1), tab);
}

static void cut_texts_have_a_tip(void **state)
{
	struct va_fonts *fonts = va_fonts_new(NULL);
	struct va_style style = {&va_theme_dark, fonts, 1};
	struct va_scene s;

	va_scene_init(&s);
	va_scene_begin(&s, &style, 400, 300);
	va_scene_hit(&s, va_rect(0, 0, 100, 20), VA_ACT_PAUSE, 7, NULL);
	va_scene_text(&s, va_rect(0, 0, 60, 20), VA_TEXT_BODY, VA_LEFT, 0xffffffff, "a name that is too long for its place");
	assert_string_equal(va_scene_tip_at(&s, 5, 10), "a name that is too long for its place");
	assert_int_equal(va_scene_hit_at(&s, 5, 10)->action, VA_ACT_PAUSE); /* the tip takes no click */
	assert_null(va_scene_tip_at(&s, 90, 10));
	assert_int_equal(va_scene_wrap_height(&s, 400, VA_TEXT_BODY, "one\ntwo", 9), 2 * va_role_height(&style, VA_TEXT_BODY));
	va_scene_scroll(&s, va_rect(0, 50, 100, 100), 3, 260);
	assert_int_equal(va_scene_scroll_at(&s, 50, 60)->room, 160);
	assert_null(va_scene_scroll_at(&s, 50, 20));
	va_scene_destroy(&s);
	va_fonts_free(fonts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_lead_to_actions), cmocka_unit_test(keys_do_one_thing), cmocka_unit_test(shift_counts_where_it_is_asked_for), cmocka_unit_test(tabs_go_round),
		cmocka_unit_test(cut_texts_have_a_tip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
