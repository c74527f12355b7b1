/*
 * A recording again, in another shape or many times: recut IN OUT plain|packed [TIMES [faults]]
 *
 * plain: bare chunks, as a pipe carries them; packed: as `record` writes them; once, all but the index comes through as it is. TIMES: the same events that often, one after the other, with times,
 * sequence numbers, maps and processes shifted, so that each time is a program of its own and the whole is one valid recording. Real records in, real records out.
 * faults: those alone, with sequence numbers of their own: what they take, and nothing else.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decode.h"
#include "writer.h"

struct recut {
	struct va_writer *writer;
	struct vmatlas_stream_header header;
	unsigned time, times;      /* which of TIMES this is, from 0 */
	bool ended;
	struct vmatlas_end end;
	bool measure;              /* the first pass only looks */
	bool faults;
	__u64 span;                /* ns from start_mono to the last moment */
	__u32 maps, pids, *given;  /* largest numbers; sequence numbers by stream (cpu * VMATLAS_CHANNELS + channel) */
	__u64 records;
	struct vmatlas_record *recs;
};

static void fail(const char *what)
{
	fprintf(stderr, "recut: %s\n", what);
	exit(1);
}

static void more(__u32 *most, __u32 value)
{
	if (value > *most)
		*most = value;
}

static void look_at(struct recut *r, const struct vmatlas_chunk *c)
{
	__u64 last = c->drained;

	for (size_t i = 0; c->kind == VMATLAS_CHUNK_RECORDS && i < c->bytes / VMATLAS_RECORD_SIZE; i++) {
		const struct vmatlas_record *rec = &r->recs[i];

		last = rec->head.ts;
		more(&r->maps, rec->head.mm);
		more(&r->pids, rec->head.tgid);
		more(&r->pids, rec->head.tid);
		if (rec->head.type == VMATLAS_FORK) {
			more(&r->maps, rec->fork.child_mm);
			more(&r->pids, rec->fork.child_tid);
		}
		r->given[c->cpu * VMATLAS_CHANNELS + c->channel] = rec->head.seq + 1;
	}
	if (last > r->header.start_mono && last - r->header.start_mono > r->span)
		r->span = last - r->header.start_mono;
}

static void shift_number(__u32 *n, __u32 by)
{
	*n += *n ? by : 0;
}

static void shift_time(__u64 *t, __u64 by)
{
	*t += *t > 1 ? by : 0; /* 0 and 1 say that it is not known */
}

static void shift(const struct recut *r, struct vmatlas_record *rec, __u32 given)
{
	__u64 by = r->span * r->time;
	__u32 maps = r->maps * r->time, pids = r->pids * r->time;

	rec->head.ts += by;
	rec->head.seq += given * r->time;
	shift_number(&rec->head.mm, maps);
	shift_number(&rec->head.tgid, pids);
	shift_number(&rec->head.tid, pids);
	switch (rec->head.type) {
	case VMATLAS_OP:
		shift_time(&rec->op.begin, by);
		shift_number(&rec->op.peer_mm, maps);
		break;
	case VMATLAS_FORK:
		shift_number(&rec->fork.child_mm, maps);
		shift_number(&rec->fork.child_tgid, pids);
		shift_number(&rec->fork.child_tid, pids);
		shift_time(&rec->fork.copied, by);
		break;
	case VMATLAS_EXEC:
		shift_number(&rec->exec.old_mm, maps);
		break;
	case VMATLAS_TASK:
		shift_number(&rec->task.ppid, pids);
		shift_time(&rec->task.start_ns, by);
		break;
	case VMATLAS_SWEEP:
		shift_time(&rec->sweep.since, by);
		break;
	}
}

/* Bytes that are left. */
static __u32 only_faults(struct recut *r, __u32 bytes, __u32 *seq)
{
	size_t n = 0;

	for (size_t i = 0; i < bytes / VMATLAS_RECORD_SIZE; i++) {
		if (r->recs[i].head.type != VMATLAS_FAULT)
			continue;
		r->recs[n] = r->recs[i];
		r->recs[n++].head.seq = (*seq)++;
	}
	return (__u32)(n * VMATLAS_RECORD_SIZE);
}

static int on_header(void *ctx, const struct vmatlas_stream_header *header)
{
	struct recut *r = ctx;

	r->header = *header;
	if (!r->given)
		r->given = calloc((size_t)header->cpus * VMATLAS_CHANNELS, sizeof(*r->given));
	return r->measure || r->time ? 0 : va_writer_header(r->writer, header);
}

static int on_chunk(void *ctx, const struct vmatlas_chunk *chunk, const void *payload)
{
	struct recut *r = ctx;
	struct vmatlas_chunk c = *chunk;
	bool records = c.kind == VMATLAS_CHUNK_RECORDS;

	if (records)
		payload = memcpy(r->recs, payload, c.bytes);
	if (r->measure)
		return look_at(r, &c), 0;
	if (c.kind == VMATLAS_CHUNK_END) {
		memcpy(&r->end, payload, sizeof(r->end));
		r->ended = true;
		return 0;
	}
	/* What the kernel said of one time, and counts of all CPUs, are not true of many. */
	if (r->times > 1 && (c.kind == VMATLAS_CHUNK_PROOF || c.kind == VMATLAS_CHUNK_TOTALS || (r->time && !records && c.kind != VMATLAS_CHUNK_ROUND)))
		return 0;
	if (records && r->faults)
		c.bytes = only_faults(r, c.bytes, &r->given[c.cpu * VMATLAS_CHANNELS + c.channel]);
	for (size_t i = 0; records && !r->faults && i < c.bytes / VMATLAS_RECORD_SIZE; i++)
		shift(r, &r->recs[i], r->given[c.cpu * VMATLAS_CHANNELS + c.channel]);
	r->records += records ? c.bytes / VMATLAS_RECORD_SIZE : 0;
	shift_time(&c.drained, r->span * r->time);
	shift_time(&c.first, r->span * r->time);
	if (va_writer_chunk(r->writer, &c, payload))
		fail("cannot write");
	return 0;
}

static void pass(struct recut *r, const char *path)
{
	static const struct va_decoder_ops ops = { .header = on_header, .chunk = on_chunk };
	struct va_decoder *d = va_decoder_new(&ops, r);
	static char piece[1 << 16];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f)
		fail("cannot read");
	while ((n = fread(piece, 1, sizeof(piece), f)))
		if (va_decoder_feed(d, piece, n))
			fail("not a whole recording");
	fclose(f);
	va_decoder_free(d);
}

int main(int argc, char **argv)
{
	struct recut r = { .measure = true, .recs = malloc(VMATLAS_CHUNK_MAX), .times = argc > 4 ? (unsigned)atoi(argv[4]) : 1 };
	bool packed = argc > 3 && !strcmp(argv[3], "packed");

	r.faults = argc > 5 && !strcmp(argv[5], "faults");
	if (argc < 4 || !r.times || (!packed && strcmp(argv[3], "plain"))) {
		fputs("usage: recut IN OUT plain|packed [TIMES [faults]]\n", stderr);
		return 2;
	}
	int fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	r.writer = fd < 0 ? NULL : va_writer_new(fd, packed);
	if (!r.writer || !r.recs)
		fail("cannot write");
	pass(&r, argv[1]);
	r.measure = false;
	for (; r.time < r.times; r.time++)
		pass(&r, argv[1]);
	if (r.times > 1)
		r.end = (struct vmatlas_end){ .reason = VMATLAS_END_STOPPED, .ts = r.header.start_mono + r.span * r.times };
	if ((r.ended || r.times > 1) && va_writer_end(r.writer, &r.end))
		fail("cannot write");
	if (va_writer_flush(r.writer))
		fail("cannot write");
	printf("{\"program\": \"recut\", \"records\": %llu, \"bytes\": %llu, \"seconds\": %.3f}\n", r.records, va_writer_bytes(r.writer), (double)(r.span * r.times) / 1e9);
	va_writer_free(r.writer);
	free(r.given);
	free(r.recs);
	return close(fd) ? 1 : 0;
}
