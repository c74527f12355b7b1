#include "modtest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct records stream[CPUS][VMATLAS_CHANNELS], all;

static void add(struct records *r, const struct vmatlas_record *rec)
{
	if (r->n == r->room) {
		r->room = r->room ? r->room * 2 : 1024;
		r->rec = realloc(r->rec, r->room * sizeof(*rec));
		if (!r->rec)
			die("realloc");
	}
	r->rec[r->n++] = *rec;
}

static void drain_file(int cpu, int channel)
{
	static int fds[CPUS][VMATLAS_CHANNELS];
	static char buf[1 << 20];
	char name[32];
	ssize_t n;

	if (fds[cpu][channel] <= 0) {
		snprintf(name, sizeof(name), "%s%d", channel ? "faults" : "cpu", cpu);
		fds[cpu][channel] = control_open(name, O_RDONLY);
		if (fds[cpu][channel] < 0)
			return;
	}
	while ((n = read(fds[cpu][channel], buf, sizeof(buf))) > 0) {
		if (n % VMATLAS_RECORD_SIZE)
			check(false, "read() of %s gave a piece of a record: %zd", name, n);
		for (ssize_t at = 0; at < n; at += VMATLAS_RECORD_SIZE)
			add(&stream[cpu][channel], (void *)(buf + at));
	}
	/* The module has gone: open anew next time. */
	if (n < 0 && errno == EIO) {
		close(fds[cpu][channel]);
		fds[cpu][channel] = 0;
	}
}

void drain(void)
{
	for (int cpu = 0; cpu < CPUS; cpu++)
		for (int channel = 0; channel < VMATLAS_CHANNELS; channel++)
			drain_file(cpu, channel);
}

void records_reset(void)
{
	for (int cpu = 0; cpu < CPUS; cpu++)
		for (int channel = 0; channel < VMATLAS_CHANNELS; channel++)
			stream[cpu][channel].n = 0;
	all.n = 0;
}

/* Stable: within one stream the order stays. */
static int by_time(const void *a, const void *b)
{
	const struct vmatlas_record *x = a, *y = b;

	if (x->head.ts != y->head.ts)
		return x->head.ts < y->head.ts ? -1 : 1;
	return x->head.seq < y->head.seq ? -1 : x->head.seq > y->head.seq;
}

void merge(void)
{
	all.n = 0;
	for (int cpu = 0; cpu < CPUS; cpu++)
		for (int channel = 0; channel < VMATLAS_CHANNELS; channel++)
			for (size_t i = 0; i < stream[cpu][channel].n; i++)
				add(&all, &stream[cpu][channel].rec[i]);
	qsort(all.rec, all.n, sizeof(*all.rec), by_time);
}

unsigned long gaps(int cpu, int channel)
{
	const struct records *r = &stream[cpu][channel];
	unsigned long missing = 0;

	for (size_t i = 1; i < r->n; i++)
		missing += r->rec[i].head.seq - r->rec[i - 1].head.seq - 1;
	return missing;
}

const char *text_of(__u64 id)
{
	static char text[VMATLAS_TEXT_MAX + 1];
	unsigned got = 0, total = 0;

	memset(text, 0, sizeof(text));
	for (size_t i = 0; i < all.n && (!total || got < total); i++) {
		const struct vmatlas_text *t = &all.rec[i].text;

		if (all.rec[i].head.type != VMATLAS_TEXT || t->id != id || text[t->offset])
			continue;
		total = t->total;
		memcpy(text + t->offset, t->bytes, total - t->offset < VMATLAS_TEXT_PIECE ? total - t->offset : VMATLAS_TEXT_PIECE);
		got += total - t->offset < VMATLAS_TEXT_PIECE ? total - t->offset : VMATLAS_TEXT_PIECE;
	}
	return total && got == total ? text : "?lost?";
}
