/* Truth that a flight recorder keeps: nothing is missing without being counted, what is told begins where all was told anew, and memory has a limit. */
#include "unit/build.h"

#include "decode.h"

#include "decode.h"

#include "common/bytes.c"
#include "collect/kept.c"

#define CPUS 4
#define LIMIT (2000u * VMATLAS_RECORD_SIZE)
#define TELLING 200 /* records, about */

enum part { ORDINARY, TOLD_ANEW, BEGINNING }; /* of a record, in head.flags; which telling, in head.aux */

struct flight {
	struct va_kept *kept;
	__u64 random, ts;
	__u32 seq[CPUS], tellings;
	bool came_to_its_end[4096];
	__u64 told[CPUS]; /* earlier */
};

struct came {
	struct vmatlas_record recs[20000];
	unsigned cpu[20000];
	size_t n;
};

static void give(struct flight *f, unsigned cpu, size_t n, enum part part)
{
	struct vmatlas_record recs[64];

	for (size_t i = 0; i < n; i++) {
		recs[i] = a_record(VMATLAS_RANGE, ++f->ts, 1);
		recs[i].head.seq = f->seq[cpu]++;
		recs[i].head.flags = part;
		recs[i].head.aux = f->tellings;
		if (part == BEGINNING)
			part = TOLD_ANEW;
	}
	va_kept_add(f->kept, cpu, recs, n);
}

static void give_some(struct flight *f, enum part part)
{
	give(f, (unsigned)pick(&f->random, CPUS), 1 + pick(&f->random, 64), part);
}

/* As the collector does: what comes meanwhile is added, from any CPU. */
static void tell_anew(struct flight *f, bool ok)
{
	va_kept_begin(f->kept);
	f->tellings++;
	assert_true(f->tellings < 4096);
	give_some(f, BEGINNING);
	for (unsigned i = 0; i < TELLING / 32; i++)
		give_some(f, TOLD_ANEW);
	f->came_to_its_end[f->tellings] = ok;
	va_kept_begun(f->kept, ok);
}

static int on_chunk(void *ctx, const struct vmatlas_chunk *chunk, const void *payload)
{
	struct came *came = ctx;
	size_t n = chunk->bytes / VMATLAS_RECORD_SIZE;

	assert_int_equal(chunk->kind, VMATLAS_CHUNK_RECORDS);
	assert_int_equal(chunk->channel, VMATLAS_CHANNEL_TRUTH);
	assert_true(came->n + n <= 20000);
	memcpy(&came->recs[came->n], payload, chunk->bytes);
	assert_int_equal(chunk->first, came->recs[came->n].head.ts);
	while (n--)
		came->cpu[came->n++] = chunk->cpu;
	return 0;
}

static struct came *tell(struct flight *f)
{
	static const struct va_decoder_ops ops = { .chunk = on_chunk };
	struct vmatlas_stream_header header = a_header();
	struct came *came = calloc(1, sizeof(*came));
	struct va_decoder *d = va_decoder_new(&ops, came);
	FILE *file = tmpfile();
	struct va_writer *w = va_writer_new(fileno(file), false);
	struct bytes b;

	assert_int_equal(va_writer_header(w, &header), 0);
	assert_int_equal(va_kept_tell(f->kept, w), 0);
	va_writer_free(w);
	b = read_back(file);
	assert_int_equal(va_decoder_feed(d, b.p, b.n), 0);
	assert_int_equal(va_decoder_pending(d), 0);
	va_decoder_free(d);
	free(b.p);
	return came;
}

/* In order from the newest that was forgotten on; each that was given is told or counted as forgotten. */
static void check_numbers(struct flight *f, const struct came *came)
{
	__u32 next[CPUS] = { 0 };
	__u64 told[CPUS] = { 0 };

	for (size_t i = 0; i < came->n; i++) {
		unsigned cpu = came->cpu[i];
		__u32 seq = came->recs[i].head.seq;

		assert_true(!told[cpu] || seq == next[cpu]);
		next[cpu] = seq + 1;
		told[cpu]++;
	}
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		f->told[cpu] += told[cpu];
		assert_int_equal(f->told[cpu] + va_kept_forgotten(f->kept, cpu), f->seq[cpu]);
		assert_true(!told[cpu] || next[cpu] == f->seq[cpu]);
	}
}

/* Behind the newest of each CPU that was forgotten, all is in the order it was given, from a telling that came to its end on. */
static void check_beginning(const struct flight *f, const struct came *came, bool forgot)
{
	size_t i = 0;

	while (i < came->n && came->recs[i].head.flags != BEGINNING && forgot)
		i++;
	assert_true(i <= CPUS);
	if (forgot) {
		assert_true(i < came->n);
		assert_true(f->came_to_its_end[came->recs[i].head.aux]);
	}
	for (i++; i < came->n; i++)
		assert_int_equal(came->recs[i].head.ts, came->recs[i - 1].head.ts + 1);
}

static __u64 forgotten(const struct flight *f)
{
	__u64 n = 0;

	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		n += va_kept_forgotten(f->kept, cpu);
	return n;
}

static void begin(struct flight *f, __u64 seed)
{
	*f = (struct flight){ .kept = va_kept_new(LIMIT, CPUS), .random = seed };
}

static void nothing_is_forgotten_below_the_limit(void **state)
{
	static struct flight f;
	struct came *came;

	begin(&f, 1);
	while (f.ts < LIMIT / VMATLAS_RECORD_SIZE / 2)
		give_some(&f, ORDINARY);
	assert_int_equal(forgotten(&f), 0);
	came = tell(&f);
	assert_int_equal(came->n, f.ts);
	check_numbers(&f, came);
	check_beginning(&f, came, false);
	free(came);
	came = tell(&f); /* nothing is kept any more */
	assert_int_equal(came->n, 0);
	free(came);
	va_kept_free(f.kept);
}

/* What would hang in the air is kept, however much it is. */
static void nothing_is_forgotten_without_a_beginning(void **state)
{
	static struct flight f;
	struct came *came;

	begin(&f, 2);
	while (f.ts < 3 * LIMIT / VMATLAS_RECORD_SIZE)
		give_some(&f, ORDINARY);
	tell_anew(&f, false);
	assert_true(va_kept_due(f.kept) == false);
	assert_int_equal(forgotten(&f), 0);
	tell_anew(&f, true);
	assert_true(forgotten(&f) >= 3 * LIMIT / VMATLAS_RECORD_SIZE - CPUS);
	came = tell(&f);
	check_numbers(&f, came);
	check_beginning(&f, came, true);
	free(came);
	va_kept_free(f.kept);
}

static void fly(struct flight *f, bool with_failures)
{
	__u64 before = 0;

	for (unsigned round = 0; round < 2000; round++) {
		if (va_kept_due(f->kept))
			tell_anew(f, !with_failures || pick(&f->random, 3));
		give_some(f, ORDINARY);
		if (pick(&f->random, 150))
			continue;
		struct came *came = tell(f);
		bool forgot = forgotten(f) > before;

		before = forgotten(f);
		check_numbers(f, came);
		check_beginning(f, came, forgot);
		/* A step of a quarter and a telling may come on top before the next beginning; each that fails is as much again. */
		if (!with_failures)
			assert_true(came->n * VMATLAS_RECORD_SIZE <= LIMIT + LIMIT / 2);
		free(came);
	}
	assert_true(before > 0);
}

static void any_flight(void **state)
{
	for (__u64 seed = 10; seed < 20; seed++) {
		static struct flight f;

		begin(&f, seed);
		fly(&f, seed % 2);
		va_kept_free(f.kept);
	}
}

/* A CPU that the module did not tell of. */
static void strange_cpus_are_left_out(void **state)
{
	static struct flight f;
	struct vmatlas_record rec = a_record(VMATLAS_RANGE, 1, 1);
	struct came *came;

	begin(&f, 3);
	va_kept_add(f.kept, CPUS, &rec, 1);
	came = tell(&f);
	assert_int_equal(came->n, 0);
	assert_int_equal(va_kept_forgotten(f.kept, CPUS), 0);
	free(came);
	va_kept_free(f.kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_forgotten_below_the_limit), cmocka_unit_test(nothing_is_forgotten_without_a_beginning),
		cmocka_unit_test(any_flight), cmocka_unit_test(strange_cpus_are_left_out),
	};

	return RUN(tests);
}
