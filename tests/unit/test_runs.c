/* Runs of pages say of every page what va_mm_page() says, and each run is as long as it can be. */
#include "runs.h"
#include "unit/build.h"
#include "walk.h"

#define START 0x40000000ull
#define END 0x40800000ull

static struct vmatlas_record a_huge_fault(__u64 ts, __u64 addr, __u64 entry)
{
	struct vmatlas_record r = a_fault(ts, 1, addr, 0);

	r.fault.entry[3] = entry;
	r.fault.depth_before = r.fault.depth_after = 3;
	return r;
}

/* Every state there is, in a map that was mapped under our eyes. */
static struct va_model *a_model(void)
{
	struct va_model *m = new_model();

	whole_map(m, 10, 1, NULL, 0);
	apply(m, a_range(20, 1, 2, START, END, 1));
	apply(m, a_vma(20, 1, 2, 0, START, END, 3));
	return m;
}

static void expect(const struct va_mm *mm, __u64 addr, enum va_page_state state, __u64 end)
{
	struct va_run run = va_run_at(mm, addr, END);

	assert_int_equal(run.start, addr);
	assert_int_equal(run.end, end);
	assert_string_equal(va_page_state_name(run.state), va_page_state_name(state));
}

static void each_state(void **state)
{
	struct va_model *m = a_model();
	struct vmatlas_record swapped = a_fault(30, 1, START + 8 * PAGE, 0x10ull << 9 | 3ull << 59);
	struct vmatlas_record marker = a_fault(30, 1, START + 9 * PAGE, 0x10ull << 9 | 30ull << 59);

	apply(m, a_fault(30, 1, START, an_entry(5)));
	apply(m, a_fault(30, 1, START + PAGE, an_entry(77)));
	apply(m, a_fault(30, 1, START + 4 * PAGE, an_entry(6)));
	apply(m, an_op(40, 1, 28, START + 4 * PAGE, PAGE, 8, 0, 0)); /* madvise MADV_FREE: there, but who knows how long */
	apply(m, swapped);
	apply(m, marker);
	apply(m, a_huge_fault(30, START + 0x212345, 0x80000000000000e7ull | 0x1200000));
	const struct va_mm *mm = va_model_mm(m, 1);

	expect(mm, START, VA_STATE_SEEN, START + 2 * PAGE);
	expect(mm, START + 2 * PAGE, VA_STATE_ABSENT, START + 4 * PAGE);
	expect(mm, START + 4 * PAGE, VA_STATE_DERIVED, START + 5 * PAGE);
	expect(mm, START + 8 * PAGE, VA_STATE_SWAPPED, START + 9 * PAGE);
	expect(mm, START + 9 * PAGE, VA_STATE_OTHER, START + 10 * PAGE);
	expect(mm, START + 10 * PAGE, VA_STATE_ABSENT, START + 0x200000);
	expect(mm, START + 0x200000, VA_STATE_SEEN, START + 0x400000);
	expect(mm, START + 0x400000, VA_STATE_ABSENT, END);
	assert_int_equal(va_run_at(mm, START + 0x200000, END).first.level, 3);
	assert_int_equal(va_run_at(mm, START, START + PAGE).end, START + PAGE);
	__u64 pages[VA_STATES];

	va_runs_count(mm, START, END, pages);
	assert_int_equal(pages[VA_STATE_SEEN], 2 + 512);
	assert_int_equal(pages[VA_STATE_DERIVED] + pages[VA_STATE_SWAPPED] + pages[VA_STATE_OTHER], 3);
	assert_int_equal(pages[VA_STATE_ABSENT], 2048 - 517);
	assert_int_equal(pages[VA_STATE_UNKNOWN], 0);
	va_model_free(m);
}

static void after_a_loss_nothing_is_known_and_the_last_word_is_kept(void **state)
{
	struct va_model *m = a_model();
	struct vmatlas_record loss = a_record(VMATLAS_LOSS, 40, 0);

	loss.loss.count = 1;
	loss.loss.channel = VMATLAS_CHANNEL_FAULTS;
	apply(m, a_fault(30, 1, START, an_entry(5)));
	apply(m, loss);
	const struct va_mm *mm = va_model_mm(m, 1);

	expect(mm, START, VA_STATE_UNKNOWN, START + PAGE);
	expect(mm, START + PAGE, VA_STATE_UNKNOWN, END);
	assert_true(va_run_at(mm, START, END).first.present);
	assert_false(va_run_at(mm, START + PAGE, END).first.present);
	va_model_free(m);
}

static void apply_anything(struct va_model *m, __u64 ts, __u64 *seed)
{
	__u64 addr = START + pick(seed, (END - START) / PAGE) * PAGE, n = 1 + pick(seed, 700);

	switch (pick(seed, 8)) {
	case 0:
		apply(m, a_huge_fault(ts, addr, 0x80000000000000e7ull | (1 + pick(seed, 100)) << 21));
		break;
	case 1:
		apply(m, an_op(ts, 1, 28, addr, n * PAGE, 4, 0, 0)); /* MADV_DONTNEED */
		break;
	case 2:
		apply(m, an_op(ts, 1, 28, addr, n * PAGE, 8, 0, 0)); /* MADV_FREE */
		break;
	case 3:
		apply(m, a_fault(ts, 1, addr, pick(seed, 2) ? 0x10ull << 9 : 0));
		break;
	default:
		for (__u64 i = 0; i < n && addr + i * PAGE < END; i++)
			apply(m, a_fault(ts, 1, addr + i * PAGE, an_entry(pick(seed, 1 << 20))));
	}
}

static bool same(const struct va_page *a, const struct va_page *b)
{
	return va_page_state(a) == va_page_state(b) && a->present == b->present && a->level == b->level;
}

static void check_runs(const struct va_mm *mm)
{
	struct va_run run = { .end = START };

	for (__u64 at = START; at < END; at = run.end) {
		struct va_page before = at > START ? va_mm_page(mm, at - PAGE) : (struct va_page){ .level = 9 };

		run = va_run_at(mm, at, END);
		assert_true(run.end > at && run.end <= END);
		assert_false(same(&before, &run.first)); /* else the run before was too short */
		for (__u64 a = at; a < run.end; a += PAGE) {
			struct va_page page = va_mm_page(mm, a);

			assert_true(same(&page, &run.first));
		}
	}
}

static void counts_are_those_of_the_runs(const struct va_mm *mm)
{
	__u64 pages[VA_STATES];
	struct va_residency r = va_runs_residency(mm, START, END);

	va_runs_count(mm, START, END, pages);
	assert_int_equal(r.present, pages[VA_STATE_SEEN] + pages[VA_STATE_DERIVED]);
	assert_int_equal(r.unknown, pages[VA_STATE_UNKNOWN]);
}

static void runs_say_what_each_page_says(void **state)
{
	const char *text = getenv("VMATLAS_TEST_SEED");
	__u64 seed = text ? strtoull(text, NULL, 10) : 1;

	for (unsigned round = 0; round < 20; round++) {
		struct va_model *m = a_model();

		for (unsigned i = 0; i < 12; i++)
			apply_anything(m, 30 + i, &seed);
		check_runs(va_model_mm(m, 1));
		counts_are_those_of_the_runs(va_model_mm(m, 1));
		if (round & 1) { /* whatever was known is not any more; then something is again */
			struct vmatlas_record loss = a_record(VMATLAS_LOSS, 45, 0);

			loss.loss.count = 1;
			loss.loss.channel = VMATLAS_CHANNEL_FAULTS;
			apply(m, loss);
			apply_anything(m, 50, &seed);
			check_runs(va_model_mm(m, 1));
			counts_are_those_of_the_runs(va_model_mm(m, 1));
		}
		va_model_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_state),
		cmocka_unit_test(after_a_loss_nothing_is_known_and_the_last_word_is_kept),
		cmocka_unit_test(runs_say_what_each_page_says),
	};

	return RUN(tests);
}
