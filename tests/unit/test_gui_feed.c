/* What arrives goes into the history a little at a time: in order, all of it, and it is said what waits. */
#include "unit/build.h"

#include <time.h>
#include <unistd.h>

#include "decode.h"
#include "feed.h"
#include "theme.h"

#define MANY 20000

static uint64_t ticks;

/* A ms each time somebody asks. */
static uint64_t clock_of_test(void)
{
	return ticks += VA_MS;
}

static void wake(void *ctx)
{
}

static struct vmatlas_record *many(void)
{
	struct vmatlas_record *recs = calloc(MANY, sizeof(*recs));

	for (__u32 i = 0; i < MANY; i++) {
		recs[i] = a_fault(2000 + i, 1, 0x400000 + i % 64 * PAGE, an_entry(1 + i));
		recs[i].head.seq = i;
	}
	return recs;
}

/* All of them are set free by one round, at the very end. Returns a descriptor to read from. */
static FILE *a_stream(const struct vmatlas_record *recs, bool ends)
{
	struct vmatlas_stream_header header = a_header();
	struct vmatlas_end end = {.reason = VMATLAS_END_COMMAND, .ts = 2000 + MANY};
	FILE *file = tmpfile();
	struct va_writer *w = va_writer_new(fileno(file), false);

	assert_int_equal(va_writer_header(w, &header), 0);
	for (size_t i = 0; i < MANY; i += 500)
		assert_int_equal(write_records(w, 0, 0, recs + i, 500), 0);
	assert_int_equal(write_round(w, 2000 + MANY), 0);
	if (ends)
		assert_int_equal(va_writer_end(w, &end), 0);
	else
		assert_int_equal(write(fileno(file), "this is no chunk, whatever else it may be, and long enough to be seen", 64), 64);
	va_writer_free(w);
	lseek(fileno(file), 0, SEEK_SET);
	return file;
}

static void pause_a_ms(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Steps of 8 ms until the source has ended; how many there were in which something still waited. */
static unsigned take_all(struct va_feed *f, struct va_recording *r, int last)
{
	unsigned waited = 0;
	size_t before = 0;
	char words[96];
	int more;

	while ((more = va_feed_step(f, r, clock_of_test, ticks + 8 * VA_MS)) == 1) {
		size_t count = va_recording_ready(r) ? va_history_count(va_recording_history(r)) : 0;

		assert_true(count - before <= 8 * 512);
		before = count;
		if (count == 0 || !va_feed_waiting(f, r)) {
			pause_a_ms();
			continue;
		}
		waited++;
		assert_int_equal(va_feed_behind(f, r, f->came + 300 * VA_MS), 300 * VA_MS);
		va_feed_words(f, r, f->came + 300 * VA_MS, words, sizeof(words));
		assert_non_null(strstr(words, "0.3 s behind"));
		va_feed_words(f, r, f->came + VA_MS, words, sizeof(words));
		assert_string_equal(words, "live");
	}
	assert_int_equal(more, last);
	assert_false(va_feed_waiting(f, r));
	assert_int_equal(va_feed_behind(f, r, f->came + 300 * VA_MS), 0);
	return waited;
}

static void all_of_it_in_pieces(void **state)
{
	for (int ends = 0; ends < 2; ends++) {
		struct vmatlas_record *recs = many();
		FILE *file = a_stream(recs, ends);
		struct va_recording *r = va_recording_new();
		struct va_feed feed;
		char words[96];

		assert_int_equal(va_feed_start(&feed, r, fileno(file), wake, NULL), 0);
		assert_true(take_all(&feed, r, ends ? 0 : VA_DECODE_CHUNK) >= MANY / (8 * 512));
		va_feed_words(&feed, r, 0, words, sizeof(words));
		assert_string_equal(words, ends ? "the command ended" : va_decode_strerror(VA_DECODE_CHUNK));
		struct va_history *h = va_recording_history(r);

		assert_int_equal(va_history_count(h), MANY);
		for (size_t i = 0; i < MANY; i++)
			assert_memory_equal(va_history_record(h, i, NULL), &recs[i], sizeof(recs[i]));
		va_feed_stop(&feed);
		va_recording_free(r);
		fclose(file);
		free(recs);
	}
}

/* Who leaves in the middle leaves nothing behind (the sanitizer looks), and the reader's thread ends. */
static void left_in_the_middle(void **state)
{
	struct vmatlas_record *recs = many();
	FILE *file = a_stream(recs, true);
	struct va_recording *r = va_recording_new();
	struct va_feed feed;

	assert_int_equal(va_feed_start(&feed, r, fileno(file), wake, NULL), 0);
	while (!va_recording_held(r))
		assert_int_equal(va_feed_step(&feed, r, clock_of_test, ticks + VA_MS), 1);
	va_feed_stop(&feed);
	va_recording_free(r);
	fclose(file);
	free(recs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all_of_it_in_pieces), cmocka_unit_test(left_in_the_middle)};

	return RUN(tests);
}
