/* Notices on recorded programs: what, when, with which figures; and that how one came to a moment changes nothing. */
#include "unit/build.h"

#include "notice.h"
#include "notice_limits.h"
#include "words.h"

struct opened {
	struct va_recording *r;
	struct va_history *h;
	struct va_notices *n;
};

static struct va_notices *notices_of(struct opened *o)
{
	return va_notices_new(o->h, va_recording_objects(o->r), va_recording_texts(o->r));
}

static void open_it(struct opened *o, const char *path)
{
	o->r = va_recording_new();
	assert_int_equal(va_recording_load(o->r, path), 0);
	o->h = va_recording_history(o->r);
	o->n = notices_of(o);
}

static void close_it(struct opened *o)
{
	va_notices_free(o->n);
	va_recording_free(o->r);
}

static const struct va_notice *only(const struct va_notices *n, enum va_notice_kind kind)
{
	const struct va_notice *found = NULL;

	for (size_t i = 0; i < va_notices_count(n); i++)
		if (va_notices_at(n, i)->kind == kind) {
			assert_null(found);
			found = va_notices_at(n, i);
		}
	assert_non_null(found);
	return found;
}

static void to_end(struct opened *o)
{
	size_t end = va_history_count(o->h);

	assert_true(va_notices_update(o->n, end, end));
}

static void each_demo_has_its_own(void **state)
{
	struct opened o;
	const struct va_notice *n;

	open_it(&o, "tests/data/notices.vmatlas");
	to_end(&o);
	assert_int_equal(va_notices_count(o.n), 5);
	n = only(o.n, VA_NOTICE_STACK);
	assert_string_equal(n->comm, "stack-growth");
	assert_int_equal(n->part, 132 << 10);
	assert_int_equal(n->count, n->bytes >> 12);
	assert_true(n->bytes > (512 * 4 - 132 - 32) << 10 && n->bytes < 2112 << 10);
	n = only(o.n, VA_NOTICE_FRAGMENTS);
	assert_int_equal(n->count, 127);
	assert_int_equal(n->bytes, 127 * 16 << 10);
	assert_int_equal(n->part, 16 << 10);
	n = only(o.n, VA_NOTICE_WX);
	assert_int_equal(n->count, 2);
	assert_int_equal(n->bytes, 24 << 10);
	n = only(o.n, VA_NOTICE_UNTOUCHED);
	assert_int_equal(n->count, 2);
	assert_int_equal(n->bytes, 80 << 20);
	n = only(o.n, VA_NOTICE_CACHE);
	assert_int_equal(n->bytes, 16 << 20);
	close_it(&o);
}

static void a_leak(void **state)
{
	struct opened o;
	const struct va_notice *n;

	open_it(&o, "tests/data/leak.vmatlas");
	to_end(&o);
	assert_int_equal(va_notices_count(o.n), 1);
	n = only(o.n, VA_NOTICE_LEAK);
	assert_true(n->whole >= 200 * 64 << 10 && n->whole < 13 << 20);
	assert_true(n->bytes >= VA_LEAK_BYTES);
	assert_int_equal(n->whole, n->part + n->bytes);
	assert_true(n->gone && n->seen - n->begin >= VA_LEAK_TIME);
	close_it(&o);
}

static void quiet_programs_have_none(void **state)
{
	static const char *const quiet[] = {"tests/data/tour.vmatlas", "tests/data/inspect.vmatlas"};

	for (size_t i = 0; i < 2; i++) {
		struct opened o;

		open_it(&o, quiet[i]);
		to_end(&o);
		assert_int_equal(va_notices_count(o.n), 0);
		close_it(&o);
	}
}

static void same_notices(const struct va_notices *a, const struct va_notices *b)
{
	assert_int_equal(va_notices_position(a), va_notices_position(b));
	assert_int_equal(va_notices_count(a), va_notices_count(b));
	for (size_t i = 0; i < va_notices_count(a); i++)
		assert_memory_equal(va_notices_at(a, i), va_notices_at(b, i), sizeof(struct va_notice));
}

/* Back and forth at random, in batches of any size, against one that begins anew each time. */
static void a_moment_has_one_truth(void **state)
{
	static const char *const files[] = {"tests/data/notices.vmatlas", "tests/data/leak.vmatlas"};
	__u64 seed = 7;

	for (size_t f = 0; f < 2; f++) {
		struct opened o;
		size_t end, some = 0;

		open_it(&o, files[f]);
		end = va_history_count(o.h);
		for (int i = 0; i < 40; i++) {
			size_t to = !i ? end : i % 2 ? pick(&seed, end + 1) : end - pick(&seed, end / 4);
			struct va_notices *fresh = notices_of(&o);

			while (!va_notices_update(o.n, to, 1 + pick(&seed, 3000)))
				;
			va_notices_update(fresh, to, to);
			same_notices(o.n, fresh);
			some += va_notices_count(fresh) > 0;
			va_notices_free(fresh);
		}
		assert_true(some > 2);
		close_it(&o);
	}
}

/* Nothing is known before it began, and what is over does not hold. */
static void begins_and_ends(void **state)
{
	struct opened o;
	struct va_notice all[16];
	size_t count;

	open_it(&o, "tests/data/notices.vmatlas");
	to_end(&o);
	count = va_notices_count(o.n);
	assert_true(count > 0 && count <= 16);
	for (size_t i = 0; i < count; i++)
		all[i] = *va_notices_at(o.n, i);
	for (size_t i = 0; i < count; i++) {
		size_t before = va_history_find_time(o.h, all[i].begin - 1), sure = va_history_find_time(o.h, all[i].seen);

		assert_true(all[i].begin <= all[i].seen && all[i].seen < all[i].end);
		va_notices_update(o.n, before, before);
		for (size_t k = 0; k < va_notices_count(o.n); k++)
			assert_true(va_notices_at(o.n, k)->kind != all[i].kind);
		va_notices_update(o.n, sure, sure);
		assert_int_equal(only(o.n, all[i].kind)->end, 0);
	}
	close_it(&o);
}

/* --- made up, for what no recording of this size shows ------------------------------------------------------------------ */

#define AREA 0x7f0000000000ull

static struct va_history *a_map(struct va_texts **texts, __u64 start, __u64 end)
{
	struct vmatlas_stream_header header = a_header();
	struct va_history *h;
	struct vmatlas_record r[3] = {a_task(1001, 1, 100, 100, "made-up"), a_range(1002, 1, 1, 0, ~0ull, 1), a_vma(1002, 1, 1, 0, start, end, 3)};

	*texts = va_texts_new();
	h = va_history_new(&header, *texts);
	r[1].head.flags = VMATLAS_F_SNAPSHOT;
	for (int i = 0; i < 3; i++)
		va_history_append(h, &r[i], 0);
	return h;
}

static size_t count_at_end(struct va_history *h, struct va_texts *texts, struct va_notice *last)
{
	struct va_notices *n = va_notices_new(h, NULL, texts);
	size_t count;

	va_notices_update(n, va_history_count(h), (size_t)-1);
	count = va_notices_count(n);
	if (count)
		*last = *va_notices_at(n, count - 1);
	va_notices_free(n);
	va_history_free(h);
	va_texts_free(texts);
	return count;
}

/* `rounds` times: `pages` faults, 100 µs each, then all are given back. */
static size_t rounds_of_faults(unsigned rounds, unsigned pages, bool give_back, struct va_notice *last)
{
	struct va_texts *texts;
	struct va_history *h = a_map(&texts, AREA, AREA + 0x1000000);
	__u64 ts = 2000000;

	for (unsigned i = 0; i < rounds; i++) {
		for (unsigned p = 0; p < pages; p++, ts += 200000) {
			struct vmatlas_record r = a_fault(ts, 1, AREA + (give_back ? p : i * pages + p) * PAGE, an_entry(100 + p));

			r.head.aux = 100000;
			va_history_append(h, &r, 0);
		}
	}
	return count_at_end(h, texts, last);
}

static void a_storm_and_a_first_touch(void **state)
{
	struct va_notice n;

	assert_int_equal(rounds_of_faults(64, 64, true, &n), 1);
	assert_int_equal(n.kind, VA_NOTICE_STORM);
	assert_in_range(n.count, 4000, 4096);
	assert_int_equal(n.part, n.count * 100000);
	assert_int_equal(n.start, AREA);
	assert_int_equal(rounds_of_faults(64, 64, false, &n), 0);
	assert_int_equal(rounds_of_faults(8, 64, true, &n), 0);
}

/* Grows by `step` pages each 100 ms; with `ask` the mapping does, too. */
static size_t growth(unsigned steps, unsigned step, unsigned stops_at, bool ask, struct va_notice *last)
{
	struct va_texts *texts;
	struct va_history *h = a_map(&texts, AREA, ask ? AREA + PAGE : AREA + 0x4000000);
	unsigned page = 0;

	for (unsigned i = 0; i < steps; i++) {
		__u64 ts = 2000000 + i * 100000000ull, end = AREA + (__u64)(page + step) * PAGE;
		struct vmatlas_record op = an_op(ts + 50000000, 1, 28, 0, 0, 0, 0, 0), range = a_range(ts, 1, i + 2, AREA, end, 1),
				      vma = a_vma(ts, 1, i + 2, 0, AREA, end, 3);

		if (ask && i < stops_at) {
			va_history_append(h, &range, 0);
			va_history_append(h, &vma, 0);
		}
		for (unsigned p = 0; p < step && i < stops_at; p++, page++) {
			struct vmatlas_record r = a_fault(ts + 1 + p, 1, AREA + (__u64)page * PAGE, an_entry(100 + page));

			va_history_append(h, &r, 0);
		}
		va_history_append(h, &op, 0);
	}
	return count_at_end(h, texts, last);
}

static void growth_that_stops_is_no_leak(void **state)
{
	struct va_notice n;

	assert_int_equal(growth(100, 30, 100, true, &n), 1);
	assert_int_equal(n.kind, VA_NOTICE_LEAK);
	assert_int_equal(n.end, 0);
	assert_int_equal(n.whole, 100 * 30 * PAGE);
	assert_int_equal(growth(100, 60, 40, true, &n), 0); /* 4 seconds */
	assert_int_equal(growth(100, 15, 100, true, &n), 0); /* 6 MiB */
	assert_int_equal(growth(100, 30, 100, false, &n), 0); /* fills what is mapped */
	assert_int_equal(growth(200, 60, 100, true, &n), 1); /* 10 seconds, then no more */
	assert_true(n.end && !n.gone && n.end < 2000000 + 17000000000ull);
}

/* All touched within one look's distance, then nothing for 1.5 seconds: it was so all that time. */
static void a_quick_program_that_waits(void **state)
{
	struct va_texts *texts;
	struct va_history *h = a_map(&texts, AREA, AREA + (20ull << 21));
	struct vmatlas_record end = a_mark(1540000000, 0);
	struct va_notice n;

	for (__u64 p = 0; p < 20 * 512; p++) {
		struct vmatlas_record r = a_fault(2000000 + p * 3000, 1, AREA + p * PAGE, an_entry(100 + p));

		va_history_append(h, &r, 0);
	}
	va_history_append(h, &end, 0);
	assert_int_equal(count_at_end(h, texts, &n), 1);
	assert_int_equal(n.kind, VA_NOTICE_HUGE);
	assert_int_equal(n.count, 20);
	assert_in_range(n.begin, 2000000, 2000000 + 20 * 512 * 3000);
}

static void what_is_stale_is_not_judged(void **state)
{
	struct va_texts *texts;
	struct va_history *h = a_map(&texts, AREA, AREA + 0x100000);
	struct vmatlas_record loss = a_record(VMATLAS_LOSS, 3000, 0), w[2] = {a_range(4000, 1, 2, AREA, AREA + 0x100000, 1), a_vma(4000, 1, 2, 0, AREA, AREA + 0x100000, 7)};
	struct va_notices *n = va_notices_new(h, NULL, texts);

	va_history_append(h, &w[0], 0);
	va_history_append(h, &w[1], 0);
	va_notices_update(n, va_history_count(h), 100);
	assert_int_equal(va_notices_count(n), 1);
	assert_int_equal(va_notices_at(n, 0)->kind, VA_NOTICE_WX);
	va_notices_free(n);
	va_history_free(h);
	va_texts_free(texts);

	h = a_map(&texts, AREA, AREA + 0x100000);
	n = va_notices_new(h, NULL, texts);
	va_history_append(h, &w[0], 0);
	loss.head.ts = 4000;
	loss.loss.count = 5;
	loss.loss.after = 3000;
	loss.loss.channel = VMATLAS_CHANNEL_TRUTH;
	va_history_append(h, &w[1], 0);
	va_history_append(h, &loss, 0);
	va_notices_update(n, va_history_count(h), 100);
	assert_int_equal(va_notices_count(n), 0);
	va_notices_free(n);
	va_history_free(h);
	va_texts_free(texts);
}

/* Of very many VMAs not each picture of a moving one shows notices of its own moment; at the latest the eighth does, and at once the one that stands. */
static void many_vmas_are_looked_at_now_and_then(void **state)
{
	enum { MANY = 9000 };
	struct va_texts *texts;
	struct va_history *h = a_map(&texts, AREA, AREA + 0x100000);
	struct vmatlas_record rec = a_range(4000, 1, 2, AREA, AREA + MANY * 4096, MANY);
	struct va_notices *n;
	unsigned later = 0;

	va_history_append(h, &rec, 0);
	for (__u32 i = 0; i < MANY; i++) {
		rec = a_vma(4000, 1, 2, i, AREA + i * 4096, AREA + (i + 1) * 4096, i % 2 ? 3 : 1);
		va_history_append(h, &rec, 0);
	}
	n = va_notices_new(h, NULL, texts);
	assert_true(va_notices_update(n, va_history_count(h), va_history_count(h)));
	for (unsigned i = 0; i < 64; i++) {
		size_t had = va_notices_position(n);

		rec = a_fault(5000 + i, 1, AREA + 4096, 0);
		va_history_append(h, &rec, 0);
		if (va_notices_update(n, va_history_count(h), 100)) {
			assert_int_equal(va_notices_position(n), va_history_count(h));
		} else {
			assert_int_equal(va_notices_position(n), had);
			later++;
		}
		assert_true(va_history_count(h) - va_notices_position(n) < 8);
		if (i % 20 == 10) {
			assert_true(va_notices_update(n, va_history_count(h), 100));
			assert_int_equal(va_notices_position(n), va_history_count(h));
		}
	}
	assert_true(later >= 48);
	va_notices_free(n);
	va_history_free(h);
	va_texts_free(texts);
}

static void every_kind_has_words(void **state)
{
	for (int k = 0; k < VA_NOTICE_KINDS; k++) {
		struct va_notice n = {.kind = (enum va_notice_kind)k, .begin = 1000, .end = 5000000, .count = 3, .bytes = 3 << 20, .part = 1 << 20, .whole = 4 << 20};
		char text[512];

		va_words_notice(text, sizeof(text), &n, 9000000);
		assert_true(strlen(text) > 20 && text[strlen(text) - 1] == '.');
		assert_non_null(strstr(text, k == VA_NOTICE_STORM ? "3 page faults" : "3"));
		assert_true(strlen(va_words_notice_title(n.kind)) > 5);
		assert_true(strlen(va_words_notice_why(n.kind)) > 50);
		assert_true(strlen(va_words_notice_advice(n.kind)) > 30);
		assert_non_null(strstr(va_words_notice_state(text, sizeof(text), &n, 0), "over"));
		n.end = 0;
		assert_non_null(strstr(va_words_notice_state(text, sizeof(text), &n, 0), "holds"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_demo_has_its_own), cmocka_unit_test(a_leak), cmocka_unit_test(quiet_programs_have_none), cmocka_unit_test(a_moment_has_one_truth),
		cmocka_unit_test(begins_and_ends), cmocka_unit_test(a_storm_and_a_first_touch), cmocka_unit_test(growth_that_stops_is_no_leak),
		cmocka_unit_test(a_quick_program_that_waits), cmocka_unit_test(what_is_stale_is_not_judged),
		cmocka_unit_test(many_vmas_are_looked_at_now_and_then), cmocka_unit_test(every_kind_has_words),
	};

	return RUN(tests);
}
