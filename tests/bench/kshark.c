/*
 * The peer: how fast KernelShark's own library loads the same events (time order, pid, type and CPU of each; no model of anything): kshark TRACE.DAT [SECONDS]
 * As rate: the fastest round counts, one JSON object. Needs libkshark-dev (make bench-deps).
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <kernelshark/libkshark.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double round_of(const char *path, ssize_t *n)
{
	struct kshark_context *context = NULL;
	struct kshark_entry **rows = NULL;

	if (!kshark_instance(&context)) {
		fputs("kshark: no context\n", stderr);
		exit(1);
	}
	int stream = kshark_open(context, path);

	if (stream < 0) {
		fprintf(stderr, "kshark: %s: cannot be opened\n", path);
		exit(1);
	}
	double begin = now();

	*n = kshark_load_entries(context, stream, &rows);
	double end = now();

	if (*n <= 0) {
		fprintf(stderr, "kshark: %s: no events\n", path);
		exit(1);
	}
	for (ssize_t i = 0; i < *n; i++)
		free(rows[i]);
	free(rows);
	kshark_close(context, stream);
	kshark_free(context);
	return end - begin;
}

int main(int argc, char **argv)
{
	double limit = argc > 2 ? atof(argv[2]) : 1, best = 0, all = 0;
	unsigned rounds = 0;
	ssize_t n;

	if (argc < 2) {
		fputs("usage: kshark TRACE.DAT [SECONDS]\n", stderr);
		return 2;
	}
	do {
		double t = round_of(argv[1], &n);

		best = !rounds++ || t < best ? t : best;
		all += t;
	} while (all < limit && rounds < 100);
	printf("{\"program\": \"kshark\", \"records\": %zd, \"rounds\": %u, \"seconds\": %.6f, \"per_second\": %.0f}\n", n, rounds, best, (double)n / best);
	return 0;
}
