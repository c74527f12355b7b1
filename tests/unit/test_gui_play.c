/* Playback, the chronicle, what the walk view chooses to show, and words: on the shipped recording. */
#include "unit/build.h"

#include "chronicle.h"
#include "news.h"
#include "playback.h"
#include "theme.h"
#include "walk_show.h"
#include "words.h"

#define RECORDING "tests/data/tour.vmatlas"
#define T0 (50 * VA_SEC)

static struct va_recording *recording;
static struct va_history *history;

static int set_up(void **state)
{
	recording = va_recording_new();
	if (va_recording_load(recording, RECORDING))
		return -1;
	history = va_recording_history(recording);
	return 0;
}

static int tear_down(void **state)
{
	va_recording_free(recording);
	return 0;
}

static const struct vmatlas_record *record_at(size_t i)
{
	__u32 cpu;

	return va_history_record(history, i, &cpu);
}

static void time_passes_at_its_speed(void **state)
{
	struct va_playback p;
	__u64 begin = va_history_begin(history);

	va_playback_init(&p, history, false, T0);
	va_playback_update(&p, T0 + 2 * VA_SEC, 0);
	assert_int_equal(p.time - begin, 2 * VA_SEC);
	assert_int_equal(p.pos, va_history_find_time(history, begin + 2 * VA_SEC));
	va_playback_speed(&p, -1, T0 + 2 * VA_SEC);
	va_playback_update(&p, T0 + 4 * VA_SEC, 0);
	assert_int_equal(p.time - begin, 3 * VA_SEC);
	va_playback_pause(&p, true, T0 + 4 * VA_SEC);
	assert_false(va_playback_update(&p, T0 + 90 * VA_SEC, 0));
	va_playback_pause(&p, false, T0 + 90 * VA_SEC);
	va_playback_update(&p, T0 + 91 * VA_SEC, 0);
	assert_int_equal(p.time - begin, 3 * VA_SEC + VA_SEC / 2);
	va_playback_destroy(&p);
}

static void it_stops_at_the_end_and_starts_again(void **state)
{
	struct va_playback p;

	va_playback_init(&p, history, false, T0);
	va_playback_update(&p, T0 + 1000 * VA_SEC, 0);
	assert_int_equal(p.mode, VA_PLAY_PAUSED);
	assert_int_equal(p.pos, va_history_count(history));
	va_playback_pause(&p, false, T0 + 1000 * VA_SEC);
	assert_int_equal(p.pos, 0);
	assert_int_equal(p.mode, VA_PLAY_RUNNING);
	va_playback_destroy(&p);
}

static void steps_visit_every_story_once(void **state)
{
	struct va_playback p;
	size_t steps = 0, stories = 0, back = 0;

	for (size_t i = 0; i < va_history_count(history); i++)
		stories += va_is_story(record_at(i));
	va_playback_init(&p, history, false, T0);
	while (p.pos < va_history_count(history)) {
		size_t before = p.pos;

		assert_true(va_playback_step(&p, 1, 0));
		assert_true(p.pos > before);
		steps++;
	}
	assert_in_range(steps, stories, stories + 1); /* and one for what follows the last story */
	while (va_playback_step(&p, -1, 0))
		back++;
	assert_int_equal(p.pos, 0);
	assert_in_range(back, stories - 1, stories + 1);
	va_playback_destroy(&p);
}

static void steps_of_one_process_show_only_it(void **state)
{
	struct va_playback p;
	const struct va_model *latest = va_history_latest(history);
	__u32 child = va_model_task(latest, va_model_task_count(latest) - 1)->tgid;
	size_t own = 0;

	assert_true(child != va_model_target(latest));
	va_playback_init(&p, history, false, T0);
	while (va_playback_step(&p, 1, child) && p.pos < va_history_count(history)) {
		const struct vmatlas_record *rec = record_at(p.pos - 1);

		if (!va_is_story(rec))
			continue;
		assert_true(rec->head.tgid == child || rec->head.type == VMATLAS_MARK || rec->head.type == VMATLAS_LOSS);
		own += rec->head.tgid == child;
	}
	assert_true(own > 5);
	va_playback_destroy(&p);
}

static void marks_are_places_to_go(void **state)
{
	struct va_playback p;
	size_t marks = 0;

	va_playback_init(&p, history, false, T0);
	while (va_playback_mark(&p, 1)) {
		assert_int_equal(record_at(p.pos - 1)->head.type, VMATLAS_MARK);
		marks++;
	}
	assert_true(marks > 20);
	for (size_t i = 1; i < marks; i++)
		assert_true(va_playback_mark(&p, -1));
	assert_false(va_playback_mark(&p, -1));
	va_playback_destroy(&p);
}

static void live_is_the_end(void **state)
{
	struct va_playback p;

	va_playback_init(&p, history, true, T0);
	assert_true(va_playback_update(&p, T0 + 1, 0));
	assert_int_equal(p.pos, va_history_count(history));
	assert_int_equal(p.mode, VA_PLAY_LIVE);
	va_playback_seek(&p, 100);
	assert_int_equal(p.mode, VA_PLAY_PAUSED);
	va_playback_live(&p);
	assert_int_equal(p.mode, VA_PLAY_LIVE);
	p.growing = false;
	va_playback_update(&p, T0 + 2, 0);
	assert_int_equal(p.mode, VA_PLAY_PAUSED);
	va_playback_destroy(&p);
}

/* --- chronicle ------------------------------------------------------------------------------------------------------- */

static void the_chronicle_counts_all(void **state)
{
	struct va_chronicle *c = malloc(sizeof(*c));
	double sum[VA_CLASSES], all = 0;
	size_t want = 0;

	va_chronicle_init(c);
	while (va_chronicle_update(c, history, 4, 37))
		;
	for (size_t i = 0; i < va_history_count(history); i++) {
		unsigned type = record_at(i)->head.type;

		want += va_is_story(record_at(i)) && type != VMATLAS_MARK && type != VMATLAS_LOSS;
	}
	va_chronicle_sum(c, 0, ~0ull >> 1, sum);
	for (int k = 0; k < VA_CLASSES; k++)
		all += sum[k];
	assert_true(all > (double)want - 0.01 && all < (double)want + 0.01);
	assert_null(va_chronicle_mark(c, va_history_begin(history)));
	for (size_t i = 0; i < c->mark_count; i++)
		assert_ptr_equal(va_chronicle_mark(c, c->marks[i].ts), &c->marks[i]);
	va_chronicle_destroy(c);
	free(c);
}

static void time_beyond_the_buckets_makes_them_wider(void **state)
{
	struct vmatlas_stream_header header = a_header();
	struct va_texts *texts = va_texts_new();
	struct va_history *h = va_history_new(&header, texts);
	struct va_chronicle *c = malloc(sizeof(*c));
	double sum[VA_CLASSES];

	va_chronicle_init(c);
	for (__u64 i = 0; i < 400; i++) {
		struct vmatlas_record r = a_record(VMATLAS_OP, header.start_mono + i * i * 40000000ull, 0);

		va_history_append(h, &r, 0);
	}
	va_chronicle_update(c, h, 4, 1000);
	assert_true(c->width > 100000);
	va_chronicle_sum(c, 0, ~0ull >> 1, sum);
	assert_true(sum[VA_CLASS_OP] > 399.9 && sum[VA_CLASS_OP] < 400.1);
	va_chronicle_destroy(c);
	free(c);
	va_history_free(h);
	va_texts_free(texts);
}

/* --- the walk shown --------------------------------------------------------------------------------------------------- */

static void a_jump_shows_the_last_fault(void **state)
{
	struct va_walk_show w = {0};
	__u32 tgid = va_model_target(va_history_latest(history));

	for (size_t pos = 30; pos < va_history_count(history); pos += 41) {
		size_t want = va_history_prev(history, pos, VMATLAS_FAULT, tgid);

		va_walk_show_update(&w, history, pos, tgid, 4, true, true, T0 + pos);
		assert_int_equal(w.valid, want != (size_t)-1);
		if (w.valid)
			assert_int_equal(w.index, want);
	}
}

/* Played in one go, many faults: one is shown until it was readable, all are counted. */
static void a_storm_is_counted(void **state)
{
	struct va_walk_show w = {0};
	__u32 tgid = va_model_target(va_history_latest(history)), kind[VA_FAULT_KINDS], sum = 0;
	size_t faults = 0, shown;

	va_walk_show_update(&w, history, 0, tgid, 4, true, false, T0);
	for (size_t i = 0; i < 300; i++)
		faults += record_at(i)->head.type == VMATLAS_FAULT && record_at(i)->head.tgid == tgid;
	va_walk_show_update(&w, history, 150, tgid, 4, false, false, T0 + VA_MS);
	shown = w.index;
	va_walk_show_update(&w, history, 300, tgid, 4, false, false, T0 + 2 * VA_MS);
	assert_int_equal(w.index, shown);
	assert_true(w.pending);
	assert_int_equal(va_walk_show_recent(&w, T0 + 3 * VA_MS, kind), faults);
	for (int k = 0; k < VA_FAULT_KINDS; k++)
		sum += kind[k];
	assert_int_equal(sum, faults);
	assert_int_equal(va_walk_show_recent(&w, T0 + 2 * VA_SEC, kind), 0);
	va_walk_show_update(&w, history, 300, tgid, 4, false, false, T0 + 5 * VA_SEC);
	assert_int_equal(w.index, va_history_prev(history, 300, VMATLAS_FAULT, tgid));
}

static void a_walk_is_shown_level_by_level(void **state)
{
	struct va_walk_show w = {.valid = true, .since = T0};

	assert_true(va_walk_show_part(&w, 0, T0) == 0);
	for (unsigned i = 0; i < 5; i++) {
		assert_true(va_walk_show_part(&w, i, T0 + (i + 2) * VA_TIME_WALK_STEP) >= 0.999f);
		assert_true(va_walk_show_part(&w, i + 1, T0 + (i + 1) * VA_TIME_WALK_STEP) < 1);
	}
	w.keep = 3;
	assert_true(va_walk_show_part(&w, 2, T0) == 1);
	assert_true(va_walk_show_part(&w, 3, T0) == 0);
}

/* --- words ------------------------------------------------------------------------------------------------------------ */

static void figures_read_well(void **state)
{
	char b[64];

	assert_string_equal(va_words_size(b, sizeof(b), 135168), "132 KiB");
	assert_string_equal(va_words_size(b, sizeof(b), 4096), "4 KiB");
	assert_string_equal(va_words_size(b, sizeof(b), 1400000), "1.34 MiB");
	assert_string_equal(va_words_size(b, sizeof(b), 1ull << 47), "128 TiB");
	assert_string_equal(va_words_count(b, sizeof(b), 0), "0");
	assert_string_equal(va_words_count(b, sizeof(b), 999), "999");
	assert_string_equal(va_words_count(b, sizeof(b), 1234567), "1,234,567");
	assert_string_equal(va_words_time(b, sizeof(b), 3200), "3.2 µs");
	assert_string_equal(va_words_address(b, sizeof(b), 0x7ffd12345678), "7ffd 1234 5678");
	assert_string_equal(va_words_address(b, sizeof(b), 0xffff800000000000), "ffff 8000 0000 0000");
	assert_string_equal(va_words_basename("/usr/lib/libc.so.6"), "libc.so.6");
	assert_string_equal(va_words_basename("/"), "/");
}

static void calls_read_well(void **state)
{
	struct vmatlas_op op = {.nr = 11, .args = {0x7f0000000000, 0x4000}};
	char b[256];

	assert_string_equal(va_words_op(b, sizeof(b), &op), "munmap(0x7f0000000000, 16 KiB) = 0");
	op = (struct vmatlas_op){.nr = 9, .args = {0, 0x100000, 3, 0x22}, .result = -12};
	assert_string_equal(va_words_op(b, sizeof(b), &op), "mmap(1 MiB, read+write, private anonymous) = ENOMEM");
	op = (struct vmatlas_op){.nr = 10, .args = {0x400000, 0x1000, 0}};
	assert_string_equal(va_words_op(b, sizeof(b), &op), "mprotect(0x400000, 4 KiB, no access) = 0");
}

static void every_event_has_words(void **state)
{
	struct va_model *model = va_history_model_at(history, va_history_count(history));
	char b[512];

	for (size_t i = 0; i < va_history_count(history); i++) {
		struct vmatlas_record rec = *record_at(i);

		if (!va_is_story(&rec))
			continue;
		assert_true(strlen(va_words_event(b, sizeof(b), &rec, 4, model)) > 8);
		assert_null(strstr(b, "record of type"));
		if (rec.head.type != VMATLAS_FAULT)
			continue;
		va_words_fault(b, sizeof(b), &rec, 4, va_model_mm(model, rec.head.mm), "x");
		assert_true(strlen(b) > 30 && strlen(b) < 300 && b[strlen(b) - 1] == '.');
		va_words_error(b, sizeof(b), &rec);
		assert_true(strlen(b) > 20);
	}
	va_model_free(model);
}

/* Small buffers cut, they do not overflow (ASan watches). */
static void small_buffers_are_enough(void **state)
{
	for (size_t n = 1; n < 40; n++) {
		char *b = malloc(n);
		struct vmatlas_record rec = a_record(VMATLAS_FAULT, 1, 1);
		struct vmatlas_op op = {.nr = 9, .args = {~0ull, ~0ull, ~0ull, ~0ull}, .result = -1};

		va_words_size(b, n, ~0ull);
		va_words_count(b, n, ~0ull);
		va_words_time(b, n, ~0ull);
		va_words_address(b, n, ~0ull);
		va_words_op(b, n, &op);
		va_words_error(b, n, &rec);
		va_words_fault(b, n, &rec, 4, NULL, NULL);
		free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_passes_at_its_speed), cmocka_unit_test(it_stops_at_the_end_and_starts_again),
		cmocka_unit_test(steps_visit_every_story_once), cmocka_unit_test(steps_of_one_process_show_only_it),
		cmocka_unit_test(marks_are_places_to_go), cmocka_unit_test(live_is_the_end), cmocka_unit_test(the_chronicle_counts_all),
		cmocka_unit_test(time_beyond_the_buckets_makes_them_wider), cmocka_unit_test(a_jump_shows_the_last_fault),
		cmocka_unit_test(a_storm_is_counted), cmocka_unit_test(a_walk_is_shown_level_by_level), cmocka_unit_test(figures_read_well),
		cmocka_unit_test(calls_read_well), cmocka_unit_test(every_event_has_words), cmocka_unit_test(small_buffers_are_enough),
	};

	return _cmocka_run_group_tests("play", tests, sizeof(tests) / sizeof(tests[0]), set_up, tear_down);
}
