/*
 * How fast records go through the stages, from a file that is in memory already: rate STAGE FILE [SECONDS]
 *
 *   chunks   chunks checked and unpacked
 *   merge    … and records in the order of time
 *   model    … and applied
 *   history  … and kept, with checkpoints
 *
 * The file is taken again until SECONDS (1) of the thread's own time have gone; what counts is the fastest round, so that who else uses the machine
 * matters little. Prints one JSON object. With SECONDS 0: one round (also for counting instructions with callgrind).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "decode.h"
#include "history.h"
#include "merge.h"

enum stage { CHUNKS, MERGE, MODEL, HISTORY, STAGES };

static const char *const names[STAGES] = { "chunks", "merge", "model", "history" };

struct run {
	enum stage stage;
	struct va_texts *texts;
	struct va_merge *merge;
	struct va_model *model;
	struct va_history *history;
	__u64 records, faults;
};

static void out(void *ctx, const struct vmatlas_record *rec, __u32 cpu)
{
	struct run *r = ctx;

	r->records++;
	r->faults += rec->head.type == VMATLAS_FAULT;
	if (r->stage == MODEL)
		va_model_apply_valid(r->model, rec);
	else if (r->stage == HISTORY)
		va_history_append(r->history, rec, cpu);
}

static int on_header(void *ctx, const struct vmatlas_stream_header *header)
{
	struct run *r = ctx;

	r->merge = va_merge_new(header->cpus, out, r);
	if (r->stage == MODEL)
		r->model = va_model_new(header, r->texts);
	if (r->stage == HISTORY)
		r->history = va_history_new(header, r->texts);
	return 0;
}

static int on_chunk(void *ctx, const struct vmatlas_chunk *c, const void *payload)
{
	struct run *r = ctx;

	if (c->kind == VMATLAS_CHUNK_ROUND && r->stage != CHUNKS)
		va_merge_round(r->merge, c->drained);
	if (c->kind != VMATLAS_CHUNK_RECORDS)
		return 0;
	if (r->stage == CHUNKS) {
		r->records += c->bytes / VMATLAS_RECORD_SIZE;
		return 0;
	}
	va_merge_records(r->merge, c->cpu, c->channel, payload, c->bytes / VMATLAS_RECORD_SIZE);
	return 0;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Seconds of one round. */
static double round_of(struct run *r, const char *bytes, size_t n)
{
	static const struct va_decoder_ops ops = { .header = on_header, .chunk = on_chunk };
	struct va_decoder *d = va_decoder_new(&ops, r);
	double begin = now();

	r->records = r->faults = 0;
	r->texts = va_texts_new();
	for (size_t at = 0, step; at < n; at += step) {
		step = n - at < 1u << 20 ? n - at : 1u << 20;
		if (va_decoder_feed(d, bytes + at, step)) {
			fputs("rate: not a whole recording\n", stderr);
			exit(1);
		}
	}
	if (r->stage != CHUNKS)
		va_merge_flush(r->merge);
	double end = now();

	va_merge_free(r->merge);
	va_model_free(r->model);
	va_history_free(r->history);
	va_texts_free(r->texts);
	va_decoder_free(d);
	r->merge = NULL;
	r->model = NULL;
	r->history = NULL;
	return end - begin;
}

static char *load(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");

	if (!f || fseek(f, 0, SEEK_END)) {
		perror(path);
		exit(1);
	}
	*n = (size_t)ftell(f);
	rewind(f);
	char *bytes = malloc(*n);

	if (!bytes || fread(bytes, 1, *n, f) != *n) {
		perror(path);
		exit(1);
	}
	fclose(f);
	return bytes;
}

int main(int argc, char **argv)
{
	struct run r = { .stage = STAGES };
	double limit = argc > 3 ? atof(argv[3]) : 1, best = 0, all = 0;
	unsigned rounds = 0;
	size_t n;

	for (int i = 0; argc > 2 && i < STAGES; i++)
		if (!strcmp(argv[1], names[i]))
			r.stage = (enum stage)i;
	if (r.stage == STAGES) {
		fputs("usage: rate chunks|merge|model|history FILE [SECONDS]\n", stderr);
		return 2;
	}
	char *bytes = load(argv[2], &n);

	do {
		double t = round_of(&r, bytes, n);

		best = !rounds++ || t < best ? t : best;
		all += t;
	} while (all < limit);
	printf("{\"program\": \"rate\", \"stage\": \"%s\", \"bytes\": %zu, \"records\": %llu, \"faults\": %llu, \"rounds\": %u, \"seconds\": %.6f, "
	       "\"per_second\": %.0f}\n", names[r.stage], n, r.records, r.faults, rounds, best, (double)r.records / best);
	free(bytes);
	return 0;
}
