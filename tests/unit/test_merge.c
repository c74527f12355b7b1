/* Streams → one order: against a sort, with losses, lateness and rounds at random. */
#include "unit/build.h"

#include "merge.h"

#define CPUS 5
#define PER_STREAM 400

struct out {
	struct vmatlas_record recs[CPUS * 2 * PER_STREAM * 2];
	__u32 cpus[CPUS * 2 * PER_STREAM * 2];
	size_t n;
};

static void take(void *ctx, const struct vmatlas_record *rec, __u32 cpu)
{
	struct out *o = ctx;

	assert_true(o->n < sizeof(o->recs) / sizeof(o->recs[0]));
	o->cpus[o->n] = cpu;
	o->recs[o->n++] = *rec;
}

struct input {
	struct vmatlas_record recs[CPUS][2][PER_STREAM];
	size_t n[CPUS][2], lost[CPUS][2];
};

/* Times that collide often; every tenth record is lost. aux: which stream and number, to recognise it. */
static void generate(struct input *in, __u64 *seed, bool lose)
{
	memset(in, 0, sizeof(*in));
	for (__u32 cpu = 0; cpu < CPUS; cpu++) {
		for (__u32 ch = 0; ch < 2; ch++) {
			__u64 ts = 1000;
			__u32 seq = (__u32)pick(seed, 10) ? 0xfffffff0u : 7; /* also across the wrap */

			for (size_t i = 0; i < PER_STREAM; i++) {
				ts += pick(seed, 4);
				if (lose && i && !pick(seed, 10) && i + 1 < PER_STREAM) {
					in->lost[cpu][ch]++;
					seq++;
					continue;
				}
				struct vmatlas_record *r = &in->recs[cpu][ch][in->n[cpu][ch]++];

				*r = a_record(VMATLAS_MARK, ts, 1);
				r->head.seq = seq++;
				r->head.aux = cpu << 24 | ch << 20 | (__u32)i;
			}
		}
	}
}

/* Feeds in rounds: before each, every stream is given all that is older than T. */
static void feed(struct va_merge *m, const struct input *in, __u64 *seed)
{
	size_t at[CPUS][2] = { { 0 } };

	for (__u64 t = 1000; t < 1000 + 4 * PER_STREAM; t += pick(seed, 60)) {
		for (__u32 cpu = 0; cpu < CPUS; cpu++) {
			for (__u32 ch = 0; ch < 2; ch++) {
				size_t first = at[cpu][ch], end = first;

				while (end < in->n[cpu][ch] && in->recs[cpu][ch][end].head.ts < t)
					end++;
				end += pick(seed, 3); /* a little more than promised */
				if (end > in->n[cpu][ch])
					end = in->n[cpu][ch];
				assert_int_equal(va_merge_records(m, cpu, ch, &in->recs[cpu][ch][first], end - first), 0);
				at[cpu][ch] = end;
			}
		}
		va_merge_round(m, t);
	}
	for (__u32 cpu = 0; cpu < CPUS; cpu++)
		for (__u32 ch = 0; ch < 2; ch++)
			va_merge_records(m, cpu, ch, &in->recs[cpu][ch][at[cpu][ch]], in->n[cpu][ch] - at[cpu][ch]);
	va_merge_flush(m);
}

static __u32 channel_of(const struct vmatlas_record *r)
{
	return r->head.type == VMATLAS_LOSS ? r->loss.channel : r->head.aux >> 20 & 15;
}

static void check_order(const struct out *o)
{
	for (size_t i = 1; i < o->n; i++) {
		const struct vmatlas_record *a = &o->recs[i - 1], *b = &o->recs[i];

		assert_true(a->head.ts <= b->head.ts);
		if (a->head.ts != b->head.ts)
			continue;
		assert_true(channel_of(a) <= channel_of(b));
		if (channel_of(a) == channel_of(b))
			assert_true(o->cpus[i - 1] <= o->cpus[i]);
	}
}

/* Of one stream: everything, in order, with losses where the gaps are. */
static void check_stream(const struct out *o, const struct input *in, __u32 cpu, __u32 ch)
{
	size_t at = 0;
	__u64 lost = 0;

	for (size_t i = 0; i < o->n; i++) {
		const struct vmatlas_record *r = &o->recs[i];

		if (o->cpus[i] != cpu || channel_of(r) != ch)
			continue;
		if (r->head.type == VMATLAS_LOSS) {
			assert_true(at > 0 && at < in->n[cpu][ch]);
			assert_int_equal(r->loss.cpu, cpu);
			assert_int_equal(r->head.ts, in->recs[cpu][ch][at].head.ts);
			assert_int_equal(r->loss.after, in->recs[cpu][ch][at - 1].head.ts);
			assert_int_equal((__u32)(in->recs[cpu][ch][at].head.seq - in->recs[cpu][ch][at - 1].head.seq - 1), r->loss.count);
			lost += r->loss.count;
			continue;
		}
		assert_memory_equal(r, &in->recs[cpu][ch][at], sizeof(*r));
		at++;
	}
	assert_int_equal(at, in->n[cpu][ch]);
	assert_int_equal(lost, in->lost[cpu][ch]);
}

static void random_streams(void **state)
{
	struct input *in = malloc(sizeof(*in));
	struct out *o = malloc(sizeof(*o));

	for (__u64 seed = 1; seed <= 60; seed++) {
		__u64 s = seed;
		struct va_merge *m = va_merge_new(CPUS, take, o);

		o->n = 0;
		generate(in, &s, seed & 1);
		feed(m, in, &s);
		check_order(o);
		for (__u32 cpu = 0; cpu < CPUS; cpu++) {
			for (__u32 ch = 0; ch < 2; ch++) {
				check_stream(o, in, cpu, ch);
				assert_int_equal(va_merge_stats(m, cpu)->written[ch], in->n[cpu][ch]);
				assert_int_equal(va_merge_stats(m, cpu)->lost[ch], in->lost[cpu][ch]);
			}
			assert_int_equal(va_merge_stats(m, cpu)->late, 0);
			assert_int_equal(va_merge_stats(m, cpu)->invalid, 0);
		}
		va_merge_free(m);
	}
	free(in);
	free(o);
}

static struct vmatlas_record numbered(__u64 ts, __u32 seq)
{
	struct vmatlas_record r = a_record(VMATLAS_MARK, ts, 1);

	r.head.seq = seq;
	return r;
}

static void nothing_before_its_round(void **state)
{
	struct out *o = calloc(1, sizeof(*o));
	struct va_merge *m = va_merge_new(2, take, o);
	struct vmatlas_record a[] = { numbered(10, 0), numbered(20, 1), numbered(30, 2) };

	va_merge_records(m, 0, 0, a, 3);
	assert_int_equal(o->n, 0);
	va_merge_round(m, 20);
	assert_int_equal(o->n, 1); /* one at 20 might still come from elsewhere */
	va_merge_round(m, 21);
	assert_int_equal(o->n, 2);
	va_merge_flush(m);
	assert_int_equal(o->n, 3);
	va_merge_free(m);
	free(o);
}

static void late_ones_are_counted_and_shown(void **state)
{
	struct out *o = calloc(1, sizeof(*o));
	struct va_merge *m = va_merge_new(2, take, o);
	struct vmatlas_record a = numbered(100, 0), b = numbered(50, 0);

	va_merge_records(m, 0, 0, &a, 1);
	va_merge_round(m, 200);
	va_merge_records(m, 1, 0, &b, 1);
	va_merge_round(m, 201);
	assert_int_equal(o->n, 2);
	assert_int_equal(o->recs[1].head.ts, 50);
	assert_int_equal(va_merge_stats(m, 1)->late, 1);
	assert_int_equal(va_merge_stats(m, 0)->late, 0);
	va_merge_free(m);
	free(o);
}

static void invalid_ones_are_counted_and_not_shown(void **state)
{
	struct out *o = calloc(1, sizeof(*o));
	struct va_merge *m = va_merge_new(1, take, o);
	struct vmatlas_record a[] = { numbered(1, 0), numbered(2, 1), numbered(3, 2), numbered(4, 3) };

	a[1].head.type = 999;
	a[2].head.type = VMATLAS_LOSS; /* never on the wire */
	va_merge_records(m, 0, 0, a, 4);
	va_merge_flush(m);
	assert_int_equal(o->n, 2);
	assert_int_equal(va_merge_stats(m, 0)->invalid, 2);
	assert_int_equal(va_merge_stats(m, 0)->lost[0], 0);
	assert_int_equal(va_merge_records(m, 1, 0, a, 1), -22);
	assert_int_equal(va_merge_records(m, 0, 2, a, 1), -22);
	va_merge_free(m);
	free(o);
}

static void losses_before_the_first_count(void **state)
{
	struct out *o = calloc(1, sizeof(*o));
	struct va_merge *m = va_merge_new(1, take, o);
	struct vmatlas_record late = numbered(8, 12);

	va_merge_begin(m, 0, 1, 10, 3);
	va_merge_begin(m, 0, 0, 4, 3);
	va_merge_begin(m, 9, 0, 4, 3);
	assert_int_equal(va_merge_records(m, 0, 1, &late, 0), 0); /* a chunk of a file may be empty, also the first */
	va_merge_records(m, 0, 1, &late, 1);
	va_merge_begin(m, 0, 1, 0, 9); /* too late to say */
	va_merge_total(m, 0, 0, 6, 99); /* all that came is lost */
	va_merge_flush(m);
	assert_int_equal(o->n, 3);
	assert_int_equal(o->recs[0].head.type, VMATLAS_LOSS);
	assert_int_equal(o->recs[0].loss.count, 2);
	assert_int_equal(o->recs[0].loss.after, 3);
	assert_int_equal(o->recs[0].head.ts, 8);
	assert_int_equal(o->recs[2].loss.count, 2);
	assert_int_equal(o->recs[2].loss.channel, 0);
	va_merge_free(m);
	free(o);
}

static void losses_at_the_end_come_from_totals(void **state)
{
	struct out *o = calloc(1, sizeof(*o));
	struct va_merge *m = va_merge_new(1, take, o);
	struct vmatlas_record a[] = { numbered(1, 0), numbered(2, 1) };

	va_merge_records(m, 0, 1, a, 2);
	va_merge_total(m, 0, 1, 7, 99);
	va_merge_total(m, 0, 0, 5, 99); /* nothing seen of that stream: nothing said */
	va_merge_total(m, 9, 0, 5, 99);
	va_merge_flush(m);
	assert_int_equal(o->n, 3);
	assert_int_equal(o->recs[2].head.type, VMATLAS_LOSS);
	assert_int_equal(o->recs[2].loss.count, 5);
	assert_int_equal(o->recs[2].head.ts, 99);
	va_merge_total(m, 0, 1, 7, 99);
	va_merge_flush(m);
	assert_int_equal(o->n, 3);
	va_merge_free(m);
	free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_streams), cmocka_unit_test(nothing_before_its_round),
		cmocka_unit_test(late_ones_are_counted_and_shown), cmocka_unit_test(invalid_ones_are_counted_and_not_shown),
		cmocka_unit_test(losses_at_the_end_come_from_totals), cmocka_unit_test(losses_before_the_first_count),
	};

	return RUN(tests);
}
