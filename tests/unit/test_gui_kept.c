/*
 * A window whose history has a limit: what it derives from records is that of a window without one, from the first moment kept on; it says from when on that is, and how much went before;
 * whoever stands at a moment that goes is taken along.
 */
#include "unit/build.h"
#include "unit/scene_check.h"

#include "act.h"
#include "app.h"
#include "heat.h"

#define RECORDING "tests/data/leak.vmatlas"
#define NOW (1000 * VA_SEC)
#define LIMIT (5u << 20)
#define ROUNDS 20

struct live {
	struct va_recording *recording;
	struct va_app app;
};

static struct va_recording *source, *forks;
static struct va_fonts *fonts;

static int set_up(void **state)
{
	source = va_recording_new();
	fonts = va_fonts_new(NULL);
	forks = va_recording_new();
	return va_recording_load(source, RECORDING) || va_recording_load(forks, "tests/data/fork.vmatlas") || !fonts;
}

static int tear_down(void **state)
{
	va_recording_free(source);
	va_recording_free(forks);
	va_fonts_free(fonts);
	return 0;
}

static void open_live(struct live *l, size_t limit)
{
	struct va_app_options o = {.w = 1920, .h = 1080, .theme = &va_theme_dark, .live = true};

	l->recording = va_recording_new();
	va_recording_limit(l->recording, limit);
	assert_int_equal(va_recording_feed(l->recording, va_recording_header(source), sizeof(struct vmatlas_stream_header)), 0);
	assert_true(va_app_init(&l->app, l->recording, fonts, &o, NOW));
}

static void close_live(struct live *l)
{
	va_app_destroy(&l->app);
	va_recording_free(l->recording);
}

static void look(struct live *l)
{
	va_app_update(&l->app, NOW);
	va_app_layout(&l->app, NOW);
}

/* The recording's events once more, each time as programs of their own. */
static void one_more(struct live *l, unsigned round)
{
	struct va_history *from = va_recording_history(source), *to = va_recording_history(l->recording);
	__u64 shift = round * (va_history_end(from) - va_history_begin(from) + VA_SEC);
	__u32 cpu, by = round * 5000;

	for (size_t i = 0; i < va_history_count(from); i++) {
		struct vmatlas_record rec = *va_history_record(from, i, &cpu);

		rec.head.ts += shift;
		rec.head.mm += rec.head.mm ? by : 0;
		rec.head.tgid += rec.head.tgid ? by : 0;
		rec.head.tid += rec.head.tid ? by : 0;
		if (rec.head.type == VMATLAS_FORK) {
			rec.fork.child_mm += rec.fork.child_mm ? by : 0;
			rec.fork.child_tgid += by;
			rec.fork.child_tid += by;
		}
		if (rec.head.type == VMATLAS_EXEC)
			rec.exec.old_mm += rec.exec.old_mm ? by : 0;
		va_history_append(to, &rec, cpu);
		if (i % 4000 == 0)
			va_app_update(&l->app, NOW);
	}
	look(l);
}

static bool says(const struct va_scene *s, const char *part)
{
	for (size_t i = 0; i < s->item_count; i++)
		if (s->items[i].kind == VA_ITEM_TEXT && strstr(va_scene_string(s, s->items[i].text), part))
			return true;
	return false;
}

static void same_heat_and_curves(struct live *l, struct live *whole)
{
	struct va_history *h = va_recording_history(l->recording);
	size_t first = va_history_first(h), count = va_history_count(h);
	__u64 since = va_history_kept_from(h) + 1;
	unsigned curves = 0;

	for (size_t i = 0; i < whole->app.usage.count; i++) {
		const struct va_curve *a = &whole->app.usage.curve[i], *b = va_usage_find(&l->app.usage, a->tgid);

		for (int k = 0; k < 20; k++) {
			__u64 ts = since + (va_history_end(h) - since) * (__u64)k / 19;
			size_t m = va_curve_before(a, ts), n = va_curve_before(b, ts);

			assert_int_equal(m > 0, n > 0);
			assert_true(!m || (a->sample[m - 1].rss == b->sample[n - 1].rss && a->sample[m - 1].vss == b->sample[n - 1].vss));
		}
		curves++;
	}
	assert_true(curves >= ROUNDS);
	for (__u32 mm = 1; mm < ROUNDS * 5000; mm++) {
		if (!va_model_mm(va_history_latest(h), mm))
			continue;
		for (size_t pos = first; pos <= count; pos += (count - first) / 3)
			assert_int_equal(va_heat_count(l->app.heat, mm, 0, 1ull << 47, since, pos), va_heat_count(whole->app.heat, mm, 0, 1ull << 47, since, pos));
	}
	double a[VA_CLASSES], b[VA_CLASSES];

	since += 2 * whole->app.chronicle.width;
	va_chronicle_sum(&whole->app.chronicle, since, va_history_end(h) + VA_SEC, a);
	va_chronicle_sum(&l->app.chronicle, since, va_history_end(h) + VA_SEC, b);
	for (int k = 0; k < VA_CLASSES; k++)
		assert_true(a[k] >= b[k] * 0.98 - 50 && b[k] >= a[k] * 0.98 - 50);
}

static void derived_and_said(void **state)
{
	static struct live l, whole;
	struct va_history *h;
	size_t changes = 0;

	open_live(&l, LIMIT);
	open_live(&whole, 0);
	look(&l);
	look(&whole);
	h = va_recording_history(l.recording);
	for (unsigned round = 0; round < ROUNDS; round++) {
		one_more(&l, round);
		one_more(&whole, round);
		assert_int_equal(va_history_first(h) > 0, says(&l.app.scene, "kept from"));
		assert_int_equal(va_history_first(h) > 0, says(&l.app.scene, "no longer kept"));
		assert_false(says(&whole.app.scene, "kept from"));
		assert_int_equal(l.app.view.tgid, whole.app.view.tgid);
	}
	assert_true(va_history_first(h) > va_history_count(h) / 4);
	same_heat_and_curves(&l, &whole);
	for (size_t i = 0; i < l.app.fork.kin.change_count; i++)
		changes += l.app.fork.kin.changes[i].pos > va_history_first(h);
	assert_true(l.app.fork.kin.change_count <= 2 * changes);
	assert_true(l.app.fork.kin.changes_gone + l.app.fork.kin.change_count == whole.app.fork.kin.change_count);
	close_live(&l);
	close_live(&whole);
}

/* Paused, with moments set: they are there until they go, and that they went is said. */
static void who_stands_there_is_taken_along(void **state)
{
	static struct live l, whole;
	struct va_history *h;
	size_t stood;
	unsigned round;

	open_live(&l, LIMIT);
	open_live(&whole, 0);
	look(&l);
	one_more(&l, 0);
	one_more(&whole, 0);
	h = va_recording_history(l.recording);
	va_app_act(&l.app, VA_ACT_SEEK, 3000, NOW);
	look(&l);
	va_app_act(&l.app, VA_ACT_A_HERE, 0, NOW);
	va_app_act(&l.app, VA_ACT_BOOKMARK, 0, NOW);
	look(&l);
	stood = l.app.play.pos;
	assert_true(stood > 2000 && stood < 4000 && l.app.play.mode == VA_PLAY_PAUSED);
	for (round = 1; round < ROUNDS && va_history_first(h) <= stood; round++) {
		assert_true(l.app.view.moments.a.set && l.app.view.moments.bookmarks == 1);
		assert_int_equal(l.app.play.pos, stood);
		one_more(&l, round);
		one_more(&whole, round);
	}
	assert_true(va_history_first(h) > stood);
	assert_int_equal(l.app.play.pos, va_history_first(h));
	assert_false(l.app.view.moments.a.set);
	assert_int_equal(l.app.view.moments.bookmarks, 0);
	assert_true(says(&l.app.scene, "no longer kept"));
	struct va_model *truth = va_history_model_at(va_recording_history(whole.recording), l.app.play.pos);

	assert_true(picture(l.app.play.model, round * 5000) == picture(truth, round * 5000));
	va_model_free(truth);
	/* Further back there is nothing to go to, from wherever one comes. */
	va_app_act(&l.app, VA_ACT_STEP_BACK, 0, NOW);
	look(&l);
	assert_int_equal(l.app.play.pos, va_history_first(h));
	va_app_act(&l.app, VA_ACT_SEEK, va_history_first(h) + 500, NOW);
	va_app_act(&l.app, VA_ACT_SEEK, 10, NOW);
	look(&l);
	assert_int_equal(l.app.play.pos, va_history_first(h));
	for (enum va_tab tab = 0; tab < VA_TABS; tab++) { /* every tab copes with a beginning in the middle */
		l.app.view.tab = tab;
		look(&l);
	}
	l.app.view.tab = VA_TAB_INSPECT;
	va_app_act(&l.app, VA_ACT_EVENT, 10, NOW);
	look(&l);
	assert_true(says(&l.app.scene, "This event is no longer kept"));
	close_live(&l);
	close_live(&whole);
}

/* Parent and child run on, the fork itself goes: they are not compared any more, at any moment. */
static void a_fork_that_goes(void **state)
{
	static struct live l;
	struct va_history *from = va_recording_history(forks), *h;
	size_t n = 0, fork = va_history_next(from, 0, VMATLAS_FORK, 0);
	__u32 cpu;

	open_live(&l, LIMIT);
	look(&l);
	l.app.view.tab = VA_TAB_FORK;
	h = va_recording_history(l.recording);
	for (; !va_fork_show_comparable(&l.app.fork); n++) {
		assert_true(n < va_history_count(from));
		va_history_append(h, va_history_record(from, n, &cpu), 0);
		if (n < fork)
			continue;
		if (n == fork)
			va_app_act(&l.app, VA_ACT_PROCESS, va_history_record(from, fork, NULL)->head.tgid, NOW);
		look(&l);
	}
	assert_true(l.app.fork.count > 0 && l.app.fork.pair.fork.child);
	for (unsigned round = 1; round < ROUNDS; round++)
		one_more(&l, round);
	assert_true(va_history_first(h) > n);
	assert_true(l.app.fork.count > 0 && va_fork_show_copied(&l.app.fork));
	assert_false(va_fork_show_comparable(&l.app.fork));
	close_live(&l);
}

#define SHORT 200

/* Processes that come and end, each with a map of its own. */
static void short_ones(struct live *l, unsigned round)
{
	struct va_history *h = va_recording_history(l->recording);
	__u64 ts = va_history_end(h);

	for (__u32 i = 0; i < SHORT; i++, ts++) {
		__u32 mm = 500000 + round * SHORT + i, tgid = 300000 + round * SHORT + i;
		struct vmatlas_record recs[] = { a_task(ts, mm, tgid, tgid, "short"), a_range(ts, mm, i, 0, ~0ull, 1), a_vma(ts, mm, i, 0, 0x400000, 0x408000, 3),
						 a_fault(ts, mm, 0x401000, an_entry(1 + i)), a_record(VMATLAS_MM_END, ts, mm), a_record(VMATLAS_EXIT, ts, 0) };

		for (unsigned k = 0; k < sizeof(recs) / sizeof(recs[0]); k++) {
			recs[k].head.tgid = recs[k].head.tid = tgid;
			recs[k].head.flags &= ~VMATLAS_F_TARGET;
			va_history_append(h, &recs[k], 0);
		}
	}
	look(l);
}

/* Who looks at one that was over before what is kept is told so; its name is known, and of those that are kept all is as without a limit. */
static void processes_that_went(void **state)
{
	static struct live l, whole;
	__u32 old = 300000 + SHORT / 2, young = 300000 + ROUNDS * SHORT - 3;

	open_live(&l, LIMIT);
	open_live(&whole, 0);
	look(&l);
	look(&whole);
	for (unsigned round = 0; round < ROUNDS; round++) {
		short_ones(&l, round);
		short_ones(&whole, round);
		one_more(&l, round);
		one_more(&whole, round);
	}
	const struct va_model *kept = va_history_latest(va_recording_history(l.recording)), *all = va_history_latest(va_recording_history(whole.recording));
	size_t gone = 0;

	for (__u32 mm = 500000; mm < 500000 + ROUNDS * SHORT; mm++)
		gone += !va_model_mm(kept, mm) && va_model_mm(all, mm);
	assert_true(gone > ROUNDS * SHORT / 4 && gone < ROUNDS * SHORT);
	assert_false(va_model_forgotten(all));
	assert_true(va_model_forgotten(l.app.play.model) == va_model_forgotten(kept)); /* the picture's model keeps nothing either */
	va_app_act(&l.app, VA_ACT_PROCESS, old, NOW);
	va_app_act(&whole.app, VA_ACT_PROCESS, old, NOW);
	look(&l);
	look(&whole);
	assert_true(says(&l.app.scene, "its map is no longer there") && says(&l.app.scene, "short"));
	assert_false(says(&whole.app.scene, "its map is no longer there"));
	for (enum va_tab tab = 0; tab < VA_TABS; tab++) {
		l.app.view.tab = tab;
		look(&l);
	}
	va_app_act(&l.app, VA_ACT_PROCESS, young, NOW);
	look(&l);
	assert_false(says(&l.app.scene, "its map is no longer there"));
	struct va_model *truth = va_history_model_at(va_recording_history(whole.recording), l.app.play.pos);

	assert_true(picture(l.app.play.model, 500000 + ROUNDS * SHORT) == picture_like(truth, 500000 + ROUNDS * SHORT, l.app.play.model));
	va_model_free(truth);
	close_live(&l);
	close_live(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(derived_and_said), cmocka_unit_test(who_stands_there_is_taken_along),
		cmocka_unit_test(a_fork_that_goes), cmocka_unit_test(processes_that_went),
	};

	return _cmocka_run_group_tests("kept", tests, sizeof(tests) / sizeof(tests[0]), set_up, tear_down);
}
