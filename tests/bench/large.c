/*
 * Opening a large recording as the window does, and moving about in it: large FILE [MOVES]
 *
 * first picture: from the start until the model of the newest moment that came can be drawn; loading; memory a record once all is there; a seek to a random
 * moment; one record on and back from random places. Times of moves are by the clock, 99 of 100 are shorter than the second figure. One JSON object.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "measure.h"
#include "recording.h"

static double clock_now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double now(void)
{
	return clock_now(CLOCK_THREAD_CPUTIME_ID);
}

/* Of n sorted figures, in ms. */
static double part(const double *t, size_t n, double p)
{
	return n ? t[(size_t)((double)(n - 1) * p)] * 1e3 : 0;
}

static size_t random_position(struct va_history *h)
{
	return (size_t)((double)rand() / RAND_MAX * (double)va_history_count(h));
}

static void seeks(struct va_history *h, double *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		__u64 ts = va_history_time(h, random_position(h) % va_history_count(h));
		double begin = now();
		struct va_model *m = va_history_model_at(h, va_history_find_time(h, ts));

		t[i] = now() - begin;
		va_model_free(m);
	}
	qsort(t, n, sizeof(*t), by_size);
}

/* From a random place one record on (or back), several times, as a key that is held down does. */
static void steps(struct va_history *h, double *t, size_t n, int way)
{
	size_t at = 0;
	struct va_model *m = NULL;

	for (size_t i = 0; i < n; i++) {
		if (i % 50 == 0) {
			va_model_free(m);
			at = random_position(h);
			at = at < 100 ? 100 : at > va_history_count(h) - 100 ? va_history_count(h) - 100 : at;
			m = va_history_model_at(h, at);
			va_history_move(h, &m, &at, at + (size_t)way); /* the first step of a row is not as the others */
		}
		double begin = now();

		va_history_move(h, &m, &at, at + (size_t)way);
		t[i] = now() - begin;
	}
	va_model_free(m);
	qsort(t, n, sizeof(*t), by_size);
}

int main(int argc, char **argv)
{
	size_t moves = argc > 2 ? (size_t)atoi(argv[2]) : 300;
	struct va_recording *r = va_recording_new();
	double begin = now(), first = 0, *t = calloc(moves, sizeof(*t));
	long before = resident();
	int more;

	if (argc < 2 || !moves || va_recording_open(r, argv[1])) {
		fputs("usage: large FILE [MOVES]\n", stderr);
		return 2;
	}
	do {
		more = va_recording_step(r);
		if (!first && va_recording_ready(r) && va_history_count(va_recording_history(r))) {
			va_model_free(va_history_model_at(va_recording_history(r), va_history_count(va_recording_history(r))));
			first = now() - begin;
		}
	} while (more > 0);
	double load = now() - begin;
	struct va_history *h = va_recording_history(r);

	if (more < 0 || va_history_count(h) < 300)
		return 1;
	long memory = resident() - before;

	printf("{\"program\": \"large\", \"records\": %zu, \"first_seconds\": %.4f, \"load_seconds\": %.3f, \"memory\": %ld, ", va_history_count(h), first, load, memory);
	seeks(h, t, moves);
	printf("\"seek_median_ms\": %.3f, \"seek_99_ms\": %.3f, ", part(t, moves, 0.5), part(t, moves, 0.99));
	steps(h, t, moves, 1);
	printf("\"forward_median_ms\": %.4f, \"forward_99_ms\": %.4f, ", part(t, moves, 0.5), part(t, moves, 0.99));
	steps(h, t, moves, -1);
	printf("\"back_median_ms\": %.4f, \"back_99_ms\": %.4f, \"memory_after\": %ld}\n", part(t, moves, 0.5), part(t, moves, 0.99), resident() - before);
	va_recording_free(r);
	free(t);
	return 0;
}
