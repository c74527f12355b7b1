/* Faults by place: at any position what counting all records would give, and what the workload is known to have done. */
#include "unit/build.h"

#include "heat.h"
#include "recording.h"

static struct va_recording *load(const char *file)
{
	struct va_recording *r = va_recording_new();

	assert_int_equal(va_recording_load(r, file), 0);
	return r;
}

static __u64 counted(struct va_history *h, __u32 mm, __u64 start, __u64 end, __u64 since, size_t pos)
{
	__u64 n = 0;
	__u32 cpu;

	for (size_t i = 0; i < pos; i++) {
		const struct vmatlas_record *rec = va_history_record(h, i, &cpu);

		n += rec->head.type == VMATLAS_FAULT && rec->head.mm == mm && rec->head.ts >= since && (rec->fault.addr | 0xfff) >= start &&
		     (rec->fault.addr & ~0xfffull) < end;
	}
	return n;
}

/* Anywhere, forward and back, also while only a part has been taken. */
static void is_what_counting_gives(void **state)
{
	struct va_recording *r = load("tests/data/tour.vmatlas");
	struct va_history *h = va_recording_history(r);
	struct va_heat *heat = va_heat_new();
	__u64 seed = 5, all = 0;
	__u32 cpu;

	assert_true(va_heat_update(heat, h, 300));
	assert_int_equal(va_heat_seen(heat), 300);
	while (va_heat_update(heat, h, 97))
		;
	assert_int_equal(va_heat_seen(heat), va_history_count(h));
	for (unsigned i = 0; i < 400; i++) {
		size_t pos = pick(&seed, va_history_count(h) + 1), near = va_history_next(h, pick(&seed, va_history_count(h) - 100), VMATLAS_FAULT, 0);
		struct vmatlas_record rec = *va_history_record(h, near == (size_t)-1 ? 0 : near, &cpu);
		__u64 start = (rec.fault.addr & ~0xfffull) - pick(&seed, 600) * 4096, end = start + pick(&seed, 3000) * 4096;
		__u64 since = i % 3 ? 0 : va_history_time(h, pick(&seed, va_history_count(h))), n = counted(h, rec.head.mm, start, end, since, pos);

		assert_int_equal(va_heat_count(heat, rec.head.mm, start, end, since, pos), n);
		all += n;
	}
	assert_true(all > 1000);
	va_heat_free(heat);
	va_recording_free(r);
}

/* tests/workloads/large_map.c: 144 faults in 1 GiB, each page once. */
static void a_known_workload(void **state)
{
	const __u64 large = 0x600000000000;
	struct va_recording *r = load("tests/data/large.vmatlas");
	struct va_history *h = va_recording_history(r);
	struct va_heat *heat = va_heat_new();
	struct va_model *model = va_history_model_at(h, va_history_find_mark(h, "touched"));
	__u32 mm = va_mm_id(va_model_mm_of(model, va_model_target(model)));
	size_t pos = va_history_find_mark(h, "touched");

	va_heat_update(heat, h, (size_t)-1);
	assert_int_equal(va_heat_count(heat, mm, large, large + (1ull << 30), 0, pos), 144);
	for (__u64 page = 0; page < 262144; page++) {
		bool touched = page % 4099 < 2 || (page >= 100000 && page < 100016);

		assert_int_equal(va_heat_count(heat, mm, large + page * 4096, large + page * 4096 + 4096, 0, pos), touched);
	}
	assert_int_equal(va_heat_count(heat, mm, large, large + (1ull << 30), 0, 0), 0);
	va_model_free(model);
	va_heat_free(heat);
	va_recording_free(r);
}

#define EACH 2000 /* faults of one map */

/* Processes come and end all the time, a new map or more between any two updates: of those that ended before the history begins nothing stays, and nothing of the others goes. */
static void what_ended_before_goes(void **state)
{
	struct vmatlas_stream_header header = a_header();
	struct va_texts *texts = va_texts_new();
	struct va_history *h = va_history_new(&header, texts);
	struct va_heat *heat = va_heat_new();
	size_t maps, checked = 0;
	__u32 mm = 0;

	va_history_limit(h, 1 << 20);
	while (mm < 400) {
		mm++;
		for (__u64 i = 0; i < EACH; i++) {
			struct vmatlas_record rec = a_fault(va_history_count(h) + 1, mm, 0x400000 + i * 40960, 0);

			va_history_append(h, &rec, 0);
		}
		va_heat_update(heat, h, (size_t)-1);
		size_t kept = va_history_count(h) - va_history_first(h);

		assert_true(va_heat_held(heat, &maps) >= kept);
		assert_true(va_heat_held(heat, &maps) < 3 * kept + 5 * EACH);
		assert_true(maps < 3 * (kept / EACH) + 5);
		for (__u32 k = mm - (__u32)(kept / EACH) + 1; mm > 100 && k <= mm; k++) {
			assert_int_equal(va_heat_count(heat, k, 0, 1ull << 47, 0, va_history_count(h)), EACH);
			checked++;
		}
	}
	assert_true(va_history_first(h) > 300 * EACH && checked > 300);
	va_heat_free(heat);
	va_history_free(h);
	va_texts_free(texts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(is_what_counting_gives), cmocka_unit_test(a_known_workload), cmocka_unit_test(what_ended_before_goes)};

	return RUN(tests);
}
