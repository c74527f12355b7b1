#include "drain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/bytes.h"
#include "module.h"

#define READ_BYTES (1u << 20)

struct file {
	int fd;
	unsigned cpu, channel;
	size_t rest;                        /* bytes of a record whose end has not come yet */
	char piece[VMATLAS_RECORD_SIZE];
};

struct va_drain {
	struct file *files;
	size_t count, capacity;
	bool dead;
	char *buf; /* READ_BYTES, and room for a rest */
};

bool va_drain_dead(const struct va_drain *d)
{
	return d->dead;
}

uint64_t va_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static int open_file(struct va_drain *d, const char *name, unsigned cpu, unsigned channel)
{
	char file[32];
	int fd;

	snprintf(file, sizeof(file), "%s%u", name, cpu);
	fd = va_module_open(file, O_RDONLY | O_NONBLOCK);
	if (fd >= 0)
		d->files[d->count++] = (struct file){ .fd = fd, .cpu = cpu, .channel = channel };
	return fd;
}

struct va_drain *va_drain_open(unsigned cpus, size_t capacity, int *err)
{
	struct va_drain *d = va_zalloc(sizeof(*d));

	*err = -ENOENT;
	d->capacity = capacity;
	d->files = va_zalloc(2 * cpus * sizeof(*d->files));
	d->buf = va_zalloc(READ_BYTES + VMATLAS_RECORD_SIZE);
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		int truth = open_file(d, "cpu", cpu, VMATLAS_CHANNEL_TRUTH);
		int faults = open_file(d, "faults", cpu, VMATLAS_CHANNEL_FAULTS);

		/* A CPU that never came up has no files. */
		if ((truth < 0 && truth != -ENOENT) || (faults < 0 && faults != -ENOENT))
			*err = truth < 0 ? truth : faults;
	}
	if (d->count)
		return d;
	va_drain_close(d);
	return NULL;
}

void va_drain_close(struct va_drain *d)
{
	for (size_t i = 0; i < d->count; i++)
		close(d->files[i].fd);
	free(d->files);
	free(d->buf);
	free(d);
}

/* Whole records to the front of buf, the rest is kept. Returns bytes of whole records; 0 = nothing more now. */
static size_t read_records(struct va_drain *d, struct file *f)
{
	size_t n = f->rest;
	ssize_t got;

	memcpy(d->buf, f->piece, n);
	while (n < READ_BYTES) {
		got = read(f->fd, d->buf + n, READ_BYTES - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EIO)
			d->dead = true;
		if (got <= 0)
			break;
		n += got;
	}
	f->rest = n % VMATLAS_RECORD_SIZE;
	n -= f->rest;
	memcpy(f->piece, d->buf + n, f->rest);
	return n;
}

static int write_records(struct va_drain *d, struct va_writer *w, const struct file *f, size_t n, uint64_t drained)
{
	struct vmatlas_chunk c = {
		.kind = VMATLAS_CHUNK_RECORDS, .channel = f->channel, .cpu = f->cpu, .bytes = n, .drained = drained,
		.first = ((const struct vmatlas_record *)d->buf)->head.ts,
	};

	return va_writer_chunk(w, &c, d->buf);
}

/*
 * Stops when the file is empty, or when as much has been read as its buffer holds: all that was in it at the beginning is out then, and a
 * writer faster than us cannot keep us here.
 */
static long drain_file(struct va_drain *d, struct file *f, struct va_writer *w,
		       void (*truth)(void *ctx, const struct vmatlas_record *recs, size_t n), void *ctx)
{
	uint64_t now = va_clock();
	size_t sum = 0, n;

	while (sum < d->capacity && (n = read_records(d, f))) {
		int err;

		sum += n;
		err = write_records(d, w, f, n, n < READ_BYTES - VMATLAS_RECORD_SIZE || sum >= d->capacity ? now : 0);
		if (err)
			return err;
		if (truth && f->channel == VMATLAS_CHANNEL_TRUTH)
			truth(ctx, (const struct vmatlas_record *)d->buf, n / VMATLAS_RECORD_SIZE);
		if (n < READ_BYTES - VMATLAS_RECORD_SIZE)
			break;
	}
	return (long)sum;
}

long va_drain_round(struct va_drain *d, struct va_writer *w, void (*truth)(void *ctx, const struct vmatlas_record *recs, size_t n), void *ctx)
{
	struct vmatlas_chunk round = { .kind = VMATLAS_CHUNK_ROUND, .drained = va_clock() };
	long most = 0;
	int err;

	for (size_t i = 0; i < d->count; i++) {
		long n = drain_file(d, &d->files[i], w, truth, ctx);

		if (n < 0)
			return n;
		most = n > most ? n : most;
	}
	err = va_writer_chunk(w, &round, NULL);
	return err ? err : most;
}

long va_drain_truth(struct va_drain *d, void (*take)(void *ctx, unsigned cpu, const struct vmatlas_record *recs, size_t n), void *ctx)
{
	long most = 0;

	for (size_t i = 0; i < d->count; i++) {
		struct file *f = &d->files[i];
		long sum = 0;
		size_t n;

		while (f->channel == VMATLAS_CHANNEL_TRUTH && (size_t)sum < d->capacity && (n = read_records(d, f))) {
			take(ctx, f->cpu, (const struct vmatlas_record *)d->buf, n / VMATLAS_RECORD_SIZE);
			sum += n;
		}
		most = sum > most ? sum : most;
	}
	return most;
}

void va_drain_discard(struct va_drain *d)
{
	for (size_t i = 0; i < d->count; i++)
		while (read_records(d, &d->files[i]))
			;
}
