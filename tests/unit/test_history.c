/* Any moment reached by any way equals the straight replay. */
#include "unit/build.h"

#include <asm/unistd_64.h>
#include <sys/mman.h>

#include "history.h"

#define MMS 6

/* A row of plausible records: maps told, pages touched, forks, exits, marks, losses; deterministic. */
static void generate(struct vmatlas_record *recs, size_t n, __u64 seed)
{
	__u64 ts = 1000;

	for (size_t i = 0; i < n; i++) {
		__u32 mm = 1 + (__u32)pick(&seed, MMS);
		__u64 at = 0x400000 + pick(&seed, 64) * PAGE;
		struct vmatlas_record *r = &recs[i];

		ts += pick(&seed, 3);
		switch (pick(&seed, 24)) {
		case 0:
			*r = a_range(ts, mm, (__u32)i, at, at + 16 * PAGE, 1);
			if (i + 1 < n)
				r[1] = a_vma(ts, mm, (__u32)i, 0, at + PAGE, at + 9 * PAGE, 1 + pick(&seed, 3));
			i++;
			break;
		case 1:
			*r = a_range(ts, mm, (__u32)i, 0, ~0ull, 1);
			if (i + 1 < n)
				r[1] = a_vma(ts, mm, (__u32)i, 0, 0x400000, 0x440000, 3);
			i++;
			break;
		case 2:
			*r = a_record(VMATLAS_FORK, ts, mm);
			r->fork.child_tgid = r->fork.child_tid = 200 + (__u32)pick(&seed, 20);
			r->fork.child_mm = 1 + (__u32)pick(&seed, MMS);
			break;
		case 3:
			*r = an_op(ts, mm, __NR_madvise, at, 4 * PAGE, MADV_DONTNEED, 0, 0);
			break;
		case 4:
			*r = a_mark(ts, 1 + pick(&seed, 3));
			break;
		case 5:
			*r = a_task(ts, mm, 100 + (__u32)pick(&seed, 5), 100 + (__u32)pick(&seed, 5), "somebody");
			break;
		case 6:
			*r = a_record(pick(&seed, 40) ? VMATLAS_EXIT : VMATLAS_LOSS, ts, 0);
			r->head.tid = 100 + (__u32)pick(&seed, 5);
			break;
		default:
			*r = a_fault(ts, mm, at, an_entry(1 + pick(&seed, 5000)));
		}
	}
}

static struct va_history *new_history(struct va_texts *texts)
{
	static struct vmatlas_stream_header header;

	header = a_header();
	return va_history_new(&header, texts);
}

struct replay {
	size_t n;
	struct vmatlas_record *recs;
	__u64 *picture; /* [p]: of the model after p records; every STRIDE-th */
};

#define STRIDE 97

static struct replay straight(size_t n, __u64 seed)
{
	struct replay r = { n, calloc(n, sizeof(*r.recs)), calloc(n / STRIDE + 1, sizeof(*r.picture)) };
	struct vmatlas_stream_header header = a_header();
	struct va_model *m = va_model_new(&header, NULL);

	generate(r.recs, n, seed);
	for (size_t p = 0; p <= n; p++) {
		if (p % STRIDE == 0)
			r.picture[p / STRIDE] = picture(m, MMS);
		if (p < n)
			va_model_apply(m, &r.recs[p]);
	}
	va_model_free(m);
	return r;
}

static void release(struct replay *r)
{
	free(r->recs);
	free(r->picture);
}

static void every_position_as_in_a_straight_replay(void **state)
{
	struct replay r = straight(20000, 5);
	struct va_history *h = new_history(NULL);

	for (size_t i = 0; i < r.n; i++)
		va_history_append(h, &r.recs[i], (__u32)i % 4);
	for (size_t p = 0; p <= r.n; p += STRIDE) {
		struct va_model *m = va_history_model_at(h, p);

		assert_true(picture(m, MMS) == r.picture[p / STRIDE]);
		va_model_free(m);
	}
	va_history_free(h);
	release(&r);
}

static void moving_to_and_fro(void **state)
{
	struct replay r = straight(20000, 6);
	struct va_history *h = new_history(NULL);
	__u64 seed = 3;
	size_t p = 0;

	for (size_t i = 0; i < r.n; i++)
		va_history_append(h, &r.recs[i], 0);
	struct va_model *m = va_history_model_at(h, 0);

	for (unsigned i = 0; i < 300; i++) {
		size_t to = pick(&seed, r.n / STRIDE + 1) * STRIDE;

		va_history_move(h, &m, &p, to);
		assert_int_equal(p, to);
		assert_true(picture(m, MMS) == r.picture[to / STRIDE]);
	}
	va_history_move(h, &m, &p, r.n + 1000);
	assert_int_equal(p, r.n);
	va_model_free(m);
	va_history_free(h);
	release(&r);
}

/* Record by record backwards, which leaves models behind on the way; with jumps between. */
static void step_by_step_back(void **state)
{
	struct replay r = straight(20000, 8);
	struct va_history *h = new_history(NULL);
	const size_t from[] = { 20000, 11000, 15000, 15000, 3000 };
	size_t p = 0;

	for (size_t i = 0; i < r.n; i++)
		va_history_append(h, &r.recs[i], 0);
	struct va_model *m = va_history_model_at(h, 0);

	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		va_history_move(h, &m, &p, from[i]);
		for (size_t k = 0; k < 2500; k++) {
			va_history_move(h, &m, &p, p - 1);
			if (p % STRIDE == 0)
				assert_true(picture(m, MMS) == r.picture[p / STRIDE]);
		}
	}
	va_model_free(m);
	va_history_free(h);
	release(&r);
}

/* Looking while it still grows; old moments do not change. */
static void growing(void **state)
{
	struct replay r = straight(12000, 7);
	struct va_history *h = new_history(NULL);
	__u64 seed = 8;

	for (size_t i = 0; i < r.n; i++) {
		va_history_append(h, &r.recs[i], 0);
		if (i % 500 != 499)
			continue;
		size_t p = pick(&seed, i / STRIDE + 1) * STRIDE;
		struct va_model *m = va_history_model_at(h, p);

		assert_true(picture(m, MMS) == r.picture[p / STRIDE]);
		va_model_free(m);
	}
	assert_int_equal(va_history_count(h), r.n);
	struct va_model *end = va_history_model_at(h, r.n);

	assert_true(picture(end, MMS) == picture(va_history_latest(h), MMS));
	va_model_free(end);
	va_history_free(h);
	release(&r);
}

static void records_come_back(void **state)
{
	struct replay r = straight(9000, 9);
	struct va_history *h = new_history(NULL);
	__u32 cpu;

	for (size_t i = 0; i < r.n; i++)
		va_history_append(h, &r.recs[i], (__u32)(i % 7));
	for (size_t i = 0; i < r.n; i += 11) {
		assert_memory_equal(va_history_record(h, i, &cpu), &r.recs[i], sizeof(r.recs[i]));
		assert_int_equal(cpu, i % 7);
	}
	assert_int_equal(va_history_end(h), r.recs[r.n - 1].head.ts);
	assert_int_equal(va_history_begin(h), 1000);
	va_history_free(h);
	release(&r);
}

static void moments_by_time(void **state)
{
	struct replay r = straight(9000, 10);
	struct va_history *h = new_history(NULL);

	for (size_t i = 0; i < r.n; i++)
		va_history_append(h, &r.recs[i], 0);
	for (__u64 ts = 990; ts < r.recs[r.n - 1].head.ts + 5; ts += 7) {
		size_t p = va_history_find_time(h, ts);

		assert_true(p == 0 || r.recs[p - 1].head.ts <= ts);
		assert_true(p == r.n || r.recs[p].head.ts > ts);
	}
	va_history_free(h);
	release(&r);
}

static void by_type_and_process(void **state)
{
	struct replay r = straight(9000, 11);
	struct va_history *h = new_history(NULL);

	for (size_t i = 0; i < r.n; i++)
		va_history_append(h, &r.recs[i], 0);
	for (unsigned type = 0; type < VMATLAS_TYPE_LIMIT; type++) {
		for (__u32 tgid = 0; tgid <= 100; tgid += 100) {
			size_t next = (size_t)-1;

			for (size_t p = r.n; p-- > 0;) {
				const struct vmatlas_head *head = &r.recs[p].head;

				if ((!type || head->type == type) && (!tgid || head->tgid == tgid))
					next = p;
				if (p % 101 == 0)
					assert_int_equal(va_history_next(h, p, type, tgid), next);
			}
			size_t prev = (size_t)-1;

			for (size_t p = 0; p < r.n; p++) {
				const struct vmatlas_head *head = &r.recs[p].head;

				if (p % 101 == 0)
					assert_int_equal(va_history_prev(h, p, type, tgid), prev);
				if ((!type || head->type == type) && (!tgid || head->tgid == tgid))
					prev = p;
			}
		}
	}
	assert_int_equal(va_history_next(h, r.n, 0, 0), (size_t)-1);
	assert_int_equal(va_history_prev(h, 0, 0, 0), (size_t)-1);
	va_history_free(h);
	release(&r);
}

static void marks_by_name(void **state)
{
	struct va_texts *texts = va_texts_new();
	struct va_history *h = new_history(texts);
	struct vmatlas_record recs[] = { a_text(1001, 5, "first", 0), a_mark(1002, 5), a_text(1003, 6, "second", 0), a_mark(1004, 6),
					 a_mark(1005, 5), a_mark(1006, 99) };
	const char *name;

	for (size_t i = 0; i < sizeof(recs) / sizeof(recs[0]); i++)
		va_history_append(h, &recs[i], 0);
	assert_int_equal(va_history_find_mark(h, "first"), 2);
	assert_int_equal(va_history_find_mark(h, "second"), 4);
	assert_int_equal(va_history_find_mark(h, "third"), (size_t)-1);
	assert_int_equal(va_history_mark_count(h), 4);
	assert_int_equal(va_history_mark(h, 2, &name), 5);
	assert_string_equal(name, "first");
	va_history_mark(h, 3, &name);
	assert_null(name);
	va_history_free(h);
	va_texts_free(texts);
}

/* Enough records that checkpoints are thinned and chunks are packed: what comes back is byte for byte what went in. */
static void long_histories(void **state)
{
	struct replay r = straight(4096, 12);
	struct va_history *h = new_history(NULL);
	struct vmatlas_stream_header header = a_header();
	struct va_model *m = va_model_new(&header, NULL);
	const size_t rounds = 600, look = 123 * 4096 + 77;
	__u64 then = 0;
	__u32 cpu;

	for (size_t i = 0; i < rounds * r.n; i++) {
		struct vmatlas_record rec = r.recs[i % r.n];

		rec.head.ts += i / r.n * 100000;
		va_history_append(h, &rec, (__u32)(i / r.n));
		if (i < look)
			va_model_apply(m, &rec);
		if (i + 1 == look)
			then = picture(m, MMS);
	}
	struct va_model *at = va_history_model_at(h, look);

	assert_true(picture(at, MMS) == then);
	size_t p = look;

	va_history_move(h, &at, &p, rounds * r.n); /* far, and to the end: a copy */
	assert_true(p == rounds * r.n && picture(at, MMS) == picture(va_history_latest(h), MMS));
	va_history_append(h, &r.recs[0], 0); /* which nothing that comes later changes */
	va_history_move(h, &at, &p, look);
	assert_true(picture(at, MMS) == then);
	for (size_t i = 0; i < rounds * r.n; i += 4096 * 7 + 13) {
		struct vmatlas_record rec = r.recs[i % r.n];

		rec.head.ts += i / r.n * 100000;
		assert_memory_equal(va_history_record(h, i, &cpu), &rec, sizeof(rec));
		assert_int_equal(cpu, i / r.n);
	}
	va_model_free(at);
	va_model_free(m);
	va_history_free(h);
	release(&r);
}

#define LIVING 10

/* A busy machine: ten processes at a time, each with a map of its own that lives for some 30 records, many forked off one another. odd: now and then what is lost, late or wrong. */
static size_t short_lives(struct vmatlas_record *recs, size_t n, __u64 seed, bool odd)
{
	__u32 living[LIVING] = { 0 }, next = 1;
	__u64 ts = 1000;

	for (size_t i = 0; i + 8 < n; ts += pick(&seed, 3)) {
		size_t slot = pick(&seed, LIVING);
		__u32 mm = living[slot], parent = living[pick(&seed, LIVING)], pid = 100 + mm % 3000;
		__u64 at = 0x400000 + pick(&seed, 900) * PAGE;

		if (!mm) {
			mm = living[slot] = next++;
			pid = 100 + mm % 3000;
			if (parent && pick(&seed, 2))
				recs[i++] = a_fork(ts, parent, pid, mm);
			else
				recs[i++] = a_task(ts, mm, pid, pid, "short");
			recs[i] = a_range(ts, mm, (__u32)i, 0, ~0ull, 2);
			i++;
			recs[i] = a_vma(ts, mm, (__u32)i - 1, 0, 0x400000, 0x500000, 3);
			recs[i + 1] = a_vma(ts, mm, (__u32)i - 1, 1, 0x600000 + mm % 7 * PAGE, 0x800000, 1 + pick(&seed, 3));
			i += 2;
			continue;
		}
		switch (pick(&seed, odd ? 64 : 61)) {
		case 0 ... 2:
			if (slot && slot < 6 && pick(&seed, 16))
				break; /* these live longer than who made them */
			recs[i++] = a_record(VMATLAS_MM_END, ts, mm);
			recs[i] = a_record(VMATLAS_EXIT, ts, 0);
			recs[i].head.tid = recs[i].head.tgid = pid;
			i++;
			living[slot] = slot || !odd ? 0 : mm; /* one of them is long gone, and things are told of it all the same */
			break;
		case 3:
			recs[i++] = an_op(ts, mm, __NR_madvise, at, 4 * PAGE, MADV_DONTNEED, 0, 0);
			recs[i - 1].head.tid = recs[i - 1].head.tgid = pid;
			break;
		case 4:
			if (!slot && odd)
				break;
			recs[i] = a_range(ts, mm, (__u32)i, at, at + 16 * PAGE, 1);
			i++;
			recs[i] = a_vma(ts, mm, (__u32)i - 1, 0, at + PAGE, at + 9 * PAGE, 1 + pick(&seed, 3));
			i++;
			break;
		case 63:
			recs[i++] = a_record(VMATLAS_LOSS, ts, 0);
			recs[i - 1].loss.channel = VMATLAS_CHANNEL_FAULTS;
			break;
		case 61:
			recs[i] = a_vma(ts, mm, (__u32)i, 0, at, at + PAGE, 3);
			i++;
			break;
		case 62:
			recs[i++] = a_fault(ts, 1 + (__u32)pick(&seed, next), at, an_entry(1 + pick(&seed, 5000)));
			break;
		case 60:
			recs[i++] = a_record(VMATLAS_MM_COUNTS, ts, odd ? 1 + (__u32)pick(&seed, next - 1) : mm);
			recs[i - 1].counts.total_vm = pick(&seed, 1000);
			break;
		default:
			recs[i] = a_fault(ts, mm, at, an_entry(1 + pick(&seed, 5000)));
			recs[i].head.tid = recs[i].head.tgid = pid;
			i++;
		}
	}
	for (size_t i = n - 16; i < n; i++)
		if (!recs[i].head.type)
			recs[i] = a_mark(ts, 1);
	return next;
}

/* Whoever seeks does not go through maps that will have ended; what he finds is what one finds who did. */
static void far_among_short_lives(void **state)
{
	static const size_t n = 24000;
	struct vmatlas_record *recs = calloc(n, sizeof(*recs));
	struct vmatlas_stream_header header = a_header();

	for (int odd = 0; odd < 2; odd++) {
		struct va_history *h = new_history(NULL);
		struct va_model *straight = va_model_new(&header, NULL), *moved;
		__u64 seed = 11;
		size_t p = 0, at = n / 2;

		memset(recs, 0, n * sizeof(*recs));
		__u32 maps = (__u32)short_lives(recs, n, 20 + (__u64)odd, odd);

		assert_true(maps > 400);
		for (size_t i = 0; i < n; i++)
			va_history_append(h, &recs[i], 0);
		assert_true(va_model_ended(va_history_latest(h)) > 400);
		assert_true(odd == (va_model_counts(va_history_latest(h))->stray > 0));
		moved = va_history_model_at(h, at);
		while (p < n) {
			size_t to = p + 1 + pick(&seed, 400), away = pick(&seed, n);

			for (; p < to && p < n; p++)
				va_model_apply(straight, &recs[p]);
			struct va_model *m = va_history_model_at(h, p);
			__u64 truth = picture(straight, maps);

			assert_true(picture(m, maps) == truth);
			va_history_move(h, &moved, &at, away);
			va_history_move(h, &moved, &at, p);
			assert_true(picture(moved, maps) == truth);
			va_model_free(m);
		}
		va_model_free(moved);
		va_model_free(straight);
		va_history_free(h);
	}
	free(recs);
}

/* What is not known of a map any more: that of one which was over before what is kept, and of nothing else. How many. */
static size_t forgotten(const struct va_model *kept, const struct va_model *whole, const struct va_model *begin, __u32 mms)
{
	size_t n = 0;

	for (__u32 id = 1; id <= mms; id++) {
		const struct va_mm *then = va_model_mm(begin, id);

		assert_int_equal(va_model_map_index(kept, id), va_model_map_index(whole, id));
		if (va_model_mm(kept, id) || !va_model_mm(whole, id))
			continue;
		assert_true(then && va_mm_ended(then) && !va_mm_resident(then, 0, 1ull << 56));
		n++;
	}
	return n;
}

/* With a limit the oldest go: every moment that is kept is what it is without a limit, by any way to it, and nothing grows. */
static void check_kept(struct va_history *h, struct va_history *whole, __u32 mms, __u64 *seed, struct va_model **moved, size_t *at)
{
	size_t first = va_history_first(h), count = va_history_count(h), gone = 0;
	struct va_model *begin = va_history_model_at(whole, first);
	const char *name;
	__u32 cpu, other;

	assert_int_equal(count, va_history_count(whole));
	for (int i = 0; i < 12; i++) {
		size_t p = i == 0 ? first : i == 1 ? first + 1 : i == 2 ? count : first + pick(seed, count - first);
		struct va_model *a = va_history_model_at(h, p), *b = va_history_model_at(whole, p);
		__u64 truth = picture_like(b, mms, a);

		assert_true(picture(a, mms) == truth);
		va_history_move(h, moved, at, p);
		assert_true(*at == p && picture(*moved, mms) == truth);
		assert_true(!i || forgotten(a, b, begin, mms) == gone); /* of all models the same */
		gone = forgotten(a, b, begin, mms);
		assert_int_equal(forgotten(*moved, b, begin, mms), gone);
		if (p < count) {
			assert_memory_equal(va_history_record(h, p, &cpu), va_history_record(whole, p, &other), sizeof(struct vmatlas_record));
			assert_int_equal(cpu, other);
			assert_int_equal(va_history_find_time(h, va_history_time(whole, p)), va_history_find_time(whole, va_history_time(whole, p)));
			assert_int_equal(va_history_next(h, p, VMATLAS_FORK, 0), va_history_next(whole, p, VMATLAS_FORK, 0));
		}
		va_model_free(a);
		va_model_free(b);
	}
	va_model_free(begin);
	for (size_t i = 0; i < va_history_mark_count(h); i++)
		assert_true(va_history_mark(h, i, &name) > first);
	assert_true(va_history_prev(h, first, VMATLAS_FAULT, 0) == (size_t)-1);
	if (!first)
		return;
	va_history_move(h, moved, at, first - 1); /* back stops at the beginning */
	assert_int_equal(*at, first);
	assert_int_equal(va_history_find_time(h, 1), first);
	assert_int_equal(va_history_kept_from(h), va_history_time(whole, first - 1));
	assert_int_equal(va_history_record(h, 0, NULL)->head.type, 0);
}

/* How many maps were forgotten. */
static size_t limited(const struct vmatlas_record *recs, size_t n, size_t rounds, __u32 mms, size_t limit)
{
	struct va_texts *texts = va_texts_new();
	struct va_history *h = new_history(texts), *whole = new_history(texts);
	struct va_model *moved = va_history_model_at(h, 0);
	size_t at = 0, before = 0, most = 0, drops = 0;
	__u64 seed = 5;

	va_history_limit(h, limit);
	for (size_t i = 0; i < rounds * n; i++) {
		struct vmatlas_record rec = recs[i % n];

		rec.head.ts += i / n * 1000000;
		va_history_append(h, &rec, (__u32)(i % 3));
		va_history_append(whole, &rec, (__u32)(i % 3));
		if (va_history_first(h) != before) {
			assert_true(va_history_first(h) > before);
			before = va_history_first(h);
			if (drops++ % 3 == 0)
				check_kept(h, whole, mms, &seed, &moved, &at);
		}
		if (i + 1 - before > most)
			most = i + 1 - before;
	}
	check_kept(h, whole, mms, &seed, &moved, &at);
	assert_true(drops >= 6);
	assert_true(most <= limit / VA_HISTORY_DERIVED && most < rounds * n / 2);
	size_t gone = va_model_forgotten(va_history_latest(h)) * VA_FORGET_MAPS;

	va_model_free(moved);
	va_history_free(h);
	va_history_free(whole);
	va_texts_free(texts);
	return gone;
}

static void the_oldest_go(void **state)
{
	struct replay r = straight(9000, 21);

	assert_int_equal(limited(r.recs, r.n, 30, MMS, 12 << 20), 0); /* none ever ends */
	release(&r);
}

static void the_oldest_of_short_lives_go(void **state)
{
	static const size_t n = 100000;
	struct vmatlas_record *recs = calloc(n, sizeof(*recs));

	for (int odd = 0; odd < 2; odd++) {
		memset(recs, 0, n * sizeof(*recs));
		__u32 maps = (__u32)short_lives(recs, n, 30 + (__u64)odd, odd);

		size_t gone = limited(recs, n, 1, maps, 6 << 20);

		assert_true(odd || gone > maps / 4); /* of the odd something is told all the while */
	}
	free(recs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_position_as_in_a_straight_replay), cmocka_unit_test(moving_to_and_fro), cmocka_unit_test(step_by_step_back),
		cmocka_unit_test(growing),
		cmocka_unit_test(records_come_back), cmocka_unit_test(moments_by_time), cmocka_unit_test(by_type_and_process),
		cmocka_unit_test(marks_by_name), cmocka_unit_test(long_histories),
		cmocka_unit_test(far_among_short_lives), cmocka_unit_test(the_oldest_go), cmocka_unit_test(the_oldest_of_short_lives_go),
	};

	return RUN(tests);
}
