/* See decode.h. */
#include "decode.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "alloc.h"
#include "columns.h"

#define HEAD sizeof(struct vmatlas_chunk)

struct va_decoder {
	struct va_decoder_ops ops;
	void *ctx;
	int error;
	bool have_header, ended, leave_records;
	bool skipped; /* the last chunk was a SKIP */
	__u32 cpus;
	__u64 unknown, taken;

	char *pending; /* bytes that form no whole chunk yet */
	size_t used, room;

	ZSTD_DCtx *zstd;
	char *unpacked; /* VMATLAS_CHUNK_MAX bytes, made at the first BLOCK */
	struct va_columns_reader *columns; /* made at the first COLUMNS */
};

const char *va_decode_strerror(int error)
{
	switch (error) {
	case VA_DECODE_OK:
		return "no error";
	case VA_DECODE_NOT_A_RECORDING:
		return "not a vmatlas recording";
	case VA_DECODE_VERSION:
		return "made by another version of vmatlas (stream format differs)";
	case VA_DECODE_HEADER:
		return "the head of the recording is damaged";
	case VA_DECODE_CHUNK:
		return "damaged: a piece of the stream is malformed";
	case VA_DECODE_CHECK:
		return "damaged: a checksum does not match";
	}
	return "unknown error";
}

static bool header_in_range(const struct vmatlas_stream_header *h)
{
	return h->header_size == sizeof(*h) && h->record_size == VMATLAS_RECORD_SIZE && h->clock == VMATLAS_CLOCK_MONOTONIC &&
	       h->page_size == 4096 && (h->levels == 4 || h->levels == 5) && h->cpus >= 1 && h->cpus <= VMATLAS_CPUS_MAX &&
	       memchr(h->release, 0, sizeof(h->release)) && memchr(h->machine, 0, sizeof(h->machine));
}

long va_decode_header(const void *bytes, size_t n, struct vmatlas_stream_header *out)
{
	size_t magic = n < sizeof(out->magic) ? n : sizeof(out->magic);

	if (memcmp(bytes, VMATLAS_STREAM_MAGIC, magic))
		return VA_DECODE_NOT_A_RECORDING;
	if (n < sizeof(*out))
		return 0;
	memcpy(out, bytes, sizeof(*out));
	if (out->version < VMATLAS_STREAM_VERSION || out->version > VMATLAS_STREAM_COLUMNS || out->wire_version != VMATLAS_WIRE_VERSION)
		return VA_DECODE_VERSION;
	return header_in_range(out) ? (long)sizeof(*out) : VA_DECODE_HEADER;
}

long va_decode_chunk(const void *bytes, size_t n, struct vmatlas_chunk *out)
{
	if (n < HEAD)
		return 0;
	memcpy(out, bytes, HEAD);
	if (out->magic != VMATLAS_CHUNK_MAGIC || out->bytes > VMATLAS_CHUNK_MAX)
		return VA_DECODE_CHUNK;
	if (n - HEAD < out->bytes)
		return 0;
	if (out->kind != VMATLAS_CHUNK_SKIP && libdeflate_crc32(0, (const char *)bytes + HEAD, out->bytes) != out->check)
		return VA_DECODE_CHECK;
	return (long)(HEAD + out->bytes);
}

struct va_decoder *va_decoder_new(const struct va_decoder_ops *ops, void *ctx)
{
	struct va_decoder *d = va_alloc(sizeof(*d));

	d->ops = *ops;
	d->ctx = ctx;
	return d;
}

void va_decoder_rest(struct va_decoder *d)
{
	ZSTD_freeDCtx(d->zstd);
	d->zstd = NULL;
	va_columns_reader_free(d->columns);
	d->columns = NULL;
	free(d->unpacked);
	d->unpacked = NULL;
	if (d->used)
		return;
	free(d->pending);
	d->pending = NULL;
	d->room = 0;
}

void va_decoder_free(struct va_decoder *d)
{
	if (!d)
		return;
	va_decoder_rest(d);
	free(d->pending);
	free(d);
}

void va_decoder_leave_records(struct va_decoder *d)
{
	d->leave_records = true;
}

static bool shape_valid(const struct va_decoder *d, const struct vmatlas_chunk *c, const char *payload)
{
	switch (c->kind) {
	case VMATLAS_CHUNK_RECORDS:
		return c->bytes % VMATLAS_RECORD_SIZE == 0 && c->channel < VMATLAS_CHANNELS && c->cpu < d->cpus;
	case VMATLAS_CHUNK_ROUND:
		return c->bytes == 0;
	case VMATLAS_CHUNK_META:
		return memchr(payload, 0, c->bytes);
	case VMATLAS_CHUNK_OBJECT:
		return c->bytes >= sizeof(struct vmatlas_object);
	case VMATLAS_CHUNK_TOTALS:
		return c->bytes % sizeof(struct vmatlas_totals) == 0;
	case VMATLAS_CHUNK_END:
		return c->bytes == sizeof(struct vmatlas_end);
	case VMATLAS_CHUNK_PROOF:
		return c->bytes >= sizeof(struct vmatlas_proof);
	}
	return true;
}

static int from_columns(void *ctx, const struct vmatlas_chunk *c, const void *payload)
{
	struct va_decoder *d = ctx;

	return d->ops.chunk(d->ctx, c, payload);
}

static int open_columns(struct va_decoder *d, const char *payload, size_t n)
{
	if (!d->columns)
		d->columns = va_columns_reader_new();
	if (!d->columns)
		return VA_DECODE_CHECK;
	int error = va_columns_unpack(d->columns, payload, n, d->cpus, from_columns, d);

	return error > 0 ? VA_DECODE_CHUNK : error;
}

static int hand_out(struct va_decoder *d, const struct vmatlas_chunk *c, const char *payload)
{
	if (c->kind == VMATLAS_CHUNK_SKIP || c->kind == VMATLAS_CHUNK_SPARE)
		return 0;
	if (!c->kind || c->kind > VMATLAS_CHUNK_SPARE) {
		d->unknown++;
		return 0;
	}
	if (d->leave_records && (c->kind == VMATLAS_CHUNK_COLUMNS || c->kind == VMATLAS_CHUNK_RECORDS))
		return 0;
	if (c->kind == VMATLAS_CHUNK_COLUMNS)
		return open_columns(d, payload, c->bytes);
	if (!shape_valid(d, c, payload))
		return VA_DECODE_CHUNK;
	if (c->kind == VMATLAS_CHUNK_END)
		d->ended = true;
	return c->kind == VMATLAS_CHUNK_INDEX ? 0 : d->ops.chunk(d->ctx, c, payload);
}

static bool allowed_in_block(const struct vmatlas_chunk *c)
{
	return c->kind != VMATLAS_CHUNK_BLOCK && c->kind != VMATLAS_CHUNK_INDEX && c->kind != VMATLAS_CHUNK_END && c->kind != VMATLAS_CHUNK_SKIP && c->kind != VMATLAS_CHUNK_SPARE;
}

static int open_block(struct va_decoder *d, const char *packed, size_t n)
{
	if (!d->unpacked) {
		d->unpacked = va_alloc_raw(VMATLAS_CHUNK_MAX);
		d->zstd = ZSTD_createDCtx();
	}
	if (!d->zstd)
		return VA_DECODE_CHECK;
	size_t size = ZSTD_decompressDCtx(d->zstd, d->unpacked, VMATLAS_CHUNK_MAX, packed, n);

	if (ZSTD_isError(size))
		return VA_DECODE_CHECK;
	for (size_t at = 0; at < size;) {
		struct vmatlas_chunk c;
		long used = va_decode_chunk(d->unpacked + at, size - at, &c);

		if (used <= 0 || !allowed_in_block(&c))
			return used < 0 ? (int)used : VA_DECODE_CHUNK;
		int error = hand_out(d, &c, d->unpacked + at + HEAD);

		if (error)
			return error;
		at += (size_t)used;
	}
	return 0;
}

/* Takes one unit from bytes: bytes used, 0 = need more, < 0 = error. */
static long take(struct va_decoder *d, const char *bytes, size_t n)
{
	struct vmatlas_stream_header header;
	struct vmatlas_chunk c;
	long used;
	int error;

	if (!d->have_header) {
		used = va_decode_header(bytes, n, &header);
		if (used <= 0)
			return used;
		d->have_header = true;
		d->cpus = header.cpus;
		error = d->ops.header ? d->ops.header(d->ctx, &header) : 0;
		return error ? error : used;
	}
	used = va_decode_chunk(bytes, n, &c);
	if (used <= 0)
		return used;
	if (d->ended && c.kind != VMATLAS_CHUNK_INDEX)
		return VA_DECODE_CHUNK;
	bool block = c.kind == VMATLAS_CHUNK_BLOCK || (c.kind == VMATLAS_CHUNK_SPARE && d->skipped);

	d->skipped = c.kind == VMATLAS_CHUNK_SKIP;
	error = block ? open_block(d, bytes + HEAD, c.bytes) : hand_out(d, &c, bytes + HEAD);
	return error ? error : used;
}

/* Takes all whole units; *used is how far it came. */
static int take_all(struct va_decoder *d, const char *bytes, size_t n, size_t *used)
{
	*used = 0;
	while (*used < n) {
		long step = take(d, bytes + *used, n - *used);

		if (step < 0)
			return d->error = (int)step;
		if (!step)
			break;
		*used += (size_t)step;
		d->taken += (__u64)step;
	}
	return 0;
}

/* How many bytes the unit at the start of `pending` needs in all, as far as its head is known. */
static size_t wanted(const struct va_decoder *d)
{
	struct vmatlas_chunk c;

	if (!d->have_header)
		return sizeof(struct vmatlas_stream_header);
	if (d->used < HEAD)
		return HEAD;
	memcpy(&c, d->pending, HEAD);
	return HEAD + (c.bytes > VMATLAS_CHUNK_MAX ? 0 : c.bytes);
}

static void keep(struct va_decoder *d, const char *bytes, size_t n)
{
	if (!n)
		return;
	d->pending = va_grow(d->pending, &d->room, d->used + n, 1);
	memcpy(d->pending + d->used, bytes, n);
	d->used += n;
}

/* Completes the unit in `pending` from bytes; *used is how many of them went into it. */
static int complete_pending(struct va_decoder *d, const char *bytes, size_t n, size_t *used)
{
	*used = 0;
	while (d->used && *used < n) {
		size_t want = wanted(d), step = want > d->used ? want - d->used : 0, done;

		if (step > n - *used)
			step = n - *used;
		keep(d, bytes + *used, step);
		*used += step;
		if (take_all(d, d->pending, d->used, &done))
			return d->error;
		if (done)
			d->used = 0; /* never more than one unit in there */
	}
	return 0;
}

int va_decoder_feed(struct va_decoder *d, const void *bytes, size_t n)
{
	const char *p = bytes;
	size_t used;

	if (d->error || !n)
		return d->error;
	if (complete_pending(d, p, n, &used))
		return d->error;
	p += used;
	n -= used;
	if (take_all(d, p, n, &used))
		return d->error;
	keep(d, p + used, n - used);
	return 0;
}

size_t va_decoder_pending(const struct va_decoder *d)
{
	return d->used;
}

bool va_decoder_ended(const struct va_decoder *d)
{
	return d->ended;
}

__u64 va_decoder_unknown(const struct va_decoder *d)
{
	return d->unknown;
}

__u64 va_decoder_taken(const struct va_decoder *d)
{
	return d->taken;
}
