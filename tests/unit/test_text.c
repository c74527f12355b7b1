/* Texts in pieces, and JSON of any bytes. */
#include "unit/build.h"

#include "calls.h"
#include "json.h"

static bool add(struct va_texts *t, struct vmatlas_record r)
{
	return va_texts_add(t, &r.text);
}

static void pieces_in_any_order(void **state)
{
	struct va_texts *t = va_texts_new();
	char whole[VMATLAS_TEXT_MAX + 1];
	__u64 seed = 5;
	unsigned order[57];

	for (unsigned i = 0; i < VMATLAS_TEXT_MAX; i++)
		whole[i] = (char)(1 + pick(&seed, 255));
	whole[VMATLAS_TEXT_MAX] = 0;
	for (unsigned i = 0; i < 57; i++)
		order[i] = i;
	for (unsigned i = 56; i > 0; i--) {
		unsigned j = (unsigned)pick(&seed, i + 1), swap = order[i];

		order[i] = order[j];
		order[j] = swap;
	}
	for (unsigned i = 0; i < 57; i++) {
		assert_null(va_texts_get(t, 9));
		assert_true(add(t, a_text(1, 9, whole, order[i] * VMATLAS_TEXT_PIECE)));
		assert_true(add(t, a_text(1, 9, whole, order[i] * VMATLAS_TEXT_PIECE))); /* the same again */
	}
	assert_string_equal(va_texts_get(t, 9), whole);
	assert_null(va_texts_get(t, 10));
	va_texts_free(t);
}

static void contradictions_are_refused(void **state)
{
	struct va_texts *t = va_texts_new();
	struct vmatlas_record r = a_text(1, 9, "hello", 0);

	assert_true(add(t, r));
	assert_false(add(t, a_text(1, 9, "hullo", 0)));
	assert_false(add(t, a_text(1, 9, "hello!", 0)));
	assert_string_equal(va_texts_get(t, 9), "hello");
	r.text.id = 0;
	assert_false(add(t, r));
	r = a_text(1, 10, "hello", 0);
	r.text.bytes[2] = 0;
	assert_false(add(t, r));
	r = a_text(1, 10, "hello", 0);
	r.text.total = 0;
	assert_false(add(t, r));
	r.text.total = VMATLAS_TEXT_MAX + 1;
	assert_false(add(t, r));
	r = a_text(1, 10, "hello", 0);
	r.text.offset = 5;
	assert_false(add(t, r));
	r.text.total = 200;
	r.text.offset = 71;
	assert_false(add(t, r));
	assert_null(va_texts_get(t, 10));
	va_texts_free(t);
}

static void many_texts(void **state)
{
	struct va_texts *t = va_texts_new();
	char name[32];

	for (__u64 id = 1; id < 50000; id++) {
		snprintf(name, sizeof(name), "text %llu", id * 7919);
		assert_true(add(t, a_text(1, id * 7919, name, 0)));
	}
	for (__u64 id = 1; id < 50000; id++) {
		snprintf(name, sizeof(name), "text %llu", id * 7919);
		assert_string_equal(va_texts_get(t, id * 7919), name);
	}
	assert_null(va_texts_get(t, 5));
	va_texts_free(t);
}

static void expect_json(const char *value, const char *wanted)
{
	struct va_json j = { 0 };

	va_json_string(&j, NULL, value);
	assert_int_equal(j.used, strlen(wanted));
	assert_memory_equal(j.buf, wanted, j.used);
	va_json_free(&j);
}

static void strings_of_any_bytes(void **state)
{
	expect_json(NULL, "null");
	expect_json("", "\"\"");
	expect_json("a\"b\\c\n\t\x01\x7f", "\"a\\\"b\\\\c\\n\\t\\u0001\\u007f\"");
	expect_json("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
	expect_json("\xff", "\"\\ufffd\"");
	expect_json("\xc0\x80", "\"\\ufffd\\ufffd\"");             /* overlong */
	expect_json("\xe0\x80\x80", "\"\\ufffd\\ufffd\\ufffd\"");
	expect_json("\xf0\x80\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
	expect_json("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"");  /* surrogate */
	expect_json("\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
	expect_json("\xe2\x82", "\"\\ufffd\\ufffd\"");             /* cut off */
	expect_json("\xc3", "\"\\ufffd\"");
}

static void commas_and_nesting(void **state)
{
	struct va_json j = { 0 };
	static const char wanted[] = "{\"a\":1,\"b\":[\"0xff\",{\"c\":true},[]],\"d\":-5,\"e\":{},\"f\":18446744073709551615}\n{}\n";

	va_json_object(&j, NULL);
	va_json_u64(&j, "a", 1);
	va_json_array(&j, "b");
	va_json_hex(&j, NULL, 255);
	va_json_object(&j, NULL);
	va_json_bool(&j, "c", true);
	va_json_end_object(&j);
	va_json_array(&j, NULL);
	va_json_end_array(&j);
	va_json_end_array(&j);
	va_json_s64(&j, "d", -5);
	va_json_object(&j, "e");
	va_json_end_object(&j);
	va_json_u64(&j, "f", ~0ull);
	va_json_end_object(&j);
	va_json_newline(&j);
	va_json_object(&j, NULL);
	va_json_end_object(&j);
	va_json_newline(&j);
	assert_int_equal(j.used, sizeof(wanted) - 1);
	assert_memory_equal(j.buf, wanted, j.used);
	va_json_free(&j);
}

static void calls_have_names(void **state)
{
	char buf[24];

	assert_string_equal(va_call_name(9, buf, sizeof(buf)), "mmap");
	assert_string_equal(va_call_name(11, buf, sizeof(buf)), "munmap");
	assert_string_equal(va_call_name(12, buf, sizeof(buf)), "brk");
	assert_string_equal(va_call_name(329, buf, sizeof(buf)), "pkey_mprotect");
	assert_string_equal(va_call_name(99999, buf, sizeof(buf)), "syscall_99999");
	assert_string_equal(va_call_name(-1, buf, sizeof(buf)), "syscall_-1");
	assert_int_equal(va_call_args(9), 6);
	assert_int_equal(va_call_args(12), 1);
	assert_true(va_call_returns_address(9) && !va_call_returns_address(11));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_in_any_order), cmocka_unit_test(contradictions_are_refused), cmocka_unit_test(many_texts),
		cmocka_unit_test(strings_of_any_bytes), cmocka_unit_test(commas_and_nesting), cmocka_unit_test(calls_have_names),
	};

	return RUN(tests);
}
