/* The list of what happened last: the same however one came to a moment, step by step or at once, and from a record of its own that only looks back. */
#include "unit/build.h"

#include "news.h"
#include "recording.h"

static void same(const struct va_news *a, const struct va_news *b, size_t pos)
{
	if (a->count != b->count)
		fail_msg("at %zu: %zu rows, wanted %zu", pos, a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		if (a->item[i].count != b->item[i].count || a->item[i].pos != b->item[i].pos || a->item[i].cut != b->item[i].cut ||
		    memcmp(&a->item[i].rec, &b->item[i].rec, sizeof(a->item[i].rec)))
			fail_msg("at %zu, row %zu of %zu: %u at %zu, cut %d, wanted %u at %zu, cut %d", pos, i, a->count, a->item[i].count, a->item[i].pos,
				 a->item[i].cut, b->item[i].count, b->item[i].pos, b->item[i].cut);
}

/* Steps as frames take them: most of them small, some so large that it looks back anew; forward, and sometimes back. */
static void walk_along(struct va_history *h, unsigned levels, __u32 tgid, __u64 *seed, unsigned *cuts, unsigned *full)
{
	size_t end = va_history_count(h);
	struct va_news on = {0};

	for (size_t pos = 0; pos < end;) {
		size_t step = 1 + pick(seed, pick(seed, 30) ? 400 : 15000);
		struct va_news anew = {0};

		if (!pick(seed, 40) && pos > 1000)
			pos -= 1000;
		else
			pos = pos + step < end ? pos + step : end;
		va_news_update(&on, h, pos, tgid, levels);
		va_news_update(&anew, h, pos, tgid, levels);
		same(&on, &anew, pos);
		*full += on.count == VA_NEWS_MAX;
		*cuts += on.count && on.item[on.count - 1].cut;
	}
}

/* 60,000 events of three processes: faults of two kinds in rows of any length, calls, marks. */
static struct va_history *a_long_history(const struct vmatlas_stream_header *header, struct va_texts *texts, __u64 *seed)
{
	struct va_history *h = va_history_new(header, texts);
	bool bad = false;

	for (__u64 i = 0; i < 60000; i++) {
		__u64 calm = i / 20000; /* rows get longer */
		struct vmatlas_record rec = a_fault(1000 + i, 1, 0x1000 * (i % 5000), 0);

		if (!pick(seed, calm == 0 ? 30 : calm == 1 ? 900 : 6000))
			bad = !bad;
		rec.head.flags = bad ? VMATLAS_F_BAD : VMATLAS_F_ANON | VMATLAS_F_WRITE;
		if (!pick(seed, 20000))
			rec = an_op(1000 + i, 1, 9, 0, 0, 0, 0, 0);
		else if (!pick(seed, 50))
			rec = a_mark(1000 + i, 0);
		rec.head.tgid = (__u32)(1 + pick(seed, pick(seed, 4) ? 1 : 3));
		va_history_append(h, &rec, 0);
	}
	return h;
}

static void going_on_is_looking_back(void **state)
{
	static const char *const files[] = {"tests/data/tour.vmatlas", "tests/data/notices.vmatlas"};
	struct vmatlas_stream_header header = a_header();
	struct va_texts *texts = va_texts_new();
	unsigned cuts = 0, full = 0;
	__u64 seed = 1;
	struct va_history *h = a_long_history(&header, texts, &seed);

	for (__u32 tgid = 1; tgid <= 3; tgid++)
		walk_along(h, 4, tgid, &seed, &cuts, &full);
	va_history_free(h);
	va_texts_free(texts);
	for (size_t f = 0; f < 2; f++) {
		struct va_recording *r = va_recording_new();

		assert_int_equal(va_recording_load(r, files[f]), 0);
		h = va_recording_history(r);
		for (size_t at = 50; at < va_history_count(h); at += va_history_count(h) / 4)
			walk_along(h, va_recording_header(r)->levels, va_history_record(h, at, NULL)->head.tgid, &seed, &cuts, &full);
		va_recording_free(r);
	}
	assert_true(full > 50 && cuts > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(going_on_is_looking_back)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
