/* See columns.h, and include/vmatlas/stream.h for the bytes. */
#include "columns.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <zstd.h>

#include "columns_record.h"
#include "interleave.h"

#define HEAD sizeof(struct vmatlas_chunk)
#define LEVEL 1         /* zstd */
#define MATCH 7         /* … with no matches that are shorter: rows are noise for the most part, and they cost the reader time */
#define ROW_MIN 2048    /* shorter rows … */
#define ROW_SPARSE 4    /* … and those that become this much smaller share one zstd frame: each frame costs the reader some us */
#define ROW_THIN_PART 3 /* of a row in which no more than one of so many is not 0, these are told alone */
#define GAP 255         /* zeros before one that is told, at most */
#define ARENA (2u * VMATLAS_CHUNK_MAX) /* rows of one chunk, unpacked; what the writer makes is at most some 150 bytes a record */

#define HUGE (2u << 20)

enum { CHUNK_ROUND = 1, CHUNK_FIRST = 2 };          /* in a chunk's tag, below its records */
enum { ROW_BARE = 0, ROW_PACKED = 1, ROW_SHARED = 2, ROW_THIN = 3 }; /* in a row's tag, below its size */

bool va_columns_take(const struct vmatlas_chunk *c)
{
	if (c->kind == VMATLAS_CHUNK_ROUND)
		return !c->bytes && !c->channel && !c->cpu;
	return c->kind == VMATLAS_CHUNK_RECORDS && c->bytes % VMATLAS_RECORD_SIZE == 0 && c->channel < VMATLAS_CHANNELS && c->cpu < VMATLAS_CPUS_MAX;
}

/* --- packing ---------------------------------------------------------------------------------------------------------------- */

struct buffer {
	__u8 *bytes;
	size_t used, room;
};

struct va_columns_writer {
	struct va_coder coder;
	struct buffer list, shared, columns, out;
	ZSTD_CCtx *zstd;
	__u8 *row; /* VA_COLUMNS_RECORDS bytes; so are the next two */
	__u8 *gap, *gap_value;
};

struct va_columns_writer *va_columns_writer_new(void)
{
	struct va_columns_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->zstd = ZSTD_createCCtx();
	w->row = malloc(3 * VA_COLUMNS_RECORDS);
	if (w->row) {
		w->gap = w->row + VA_COLUMNS_RECORDS;
		w->gap_value = w->gap + VA_COLUMNS_RECORDS;
	}
	if (va_coder_init(&w->coder) && w->zstd && w->row && !ZSTD_isError(ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, LEVEL)) &&
	    !ZSTD_isError(ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_minMatch, MATCH)))
		return w;
	va_columns_writer_free(w);
	return NULL;
}

void va_columns_writer_free(struct va_columns_writer *w)
{
	if (!w)
		return;
	va_coder_free(&w->coder);
	ZSTD_freeCCtx(w->zstd);
	free(w->list.bytes);
	free(w->shared.bytes);
	free(w->columns.bytes);
	free(w->out.bytes);
	free(w->row);
	free(w);
}

static __u8 *reserve(struct buffer *b, size_t more)
{
	size_t room = b->room ? b->room : 1 << 16;

	while (room < b->used + more)
		room *= 2;
	if (room != b->room) {
		__u8 *bytes = realloc(b->bytes, room);

		if (!bytes)
			return NULL;
		b->bytes = bytes;
		b->room = room;
	}
	return b->bytes + b->used;
}

/* Seven bits a byte, the lowest first. */
static bool put_number(struct buffer *b, __u64 x)
{
	__u8 *p = reserve(b, 10);

	if (!p)
		return false;
	for (; x > 0x7f; x >>= 7)
		*p++ = (__u8)(x | 0x80);
	*p++ = (__u8)x;
	b->used = (size_t)(p - b->bytes);
	return true;
}

static __u64 folded(__u64 difference)
{
	return difference << 1 ^ (difference >> 63 ? ~0ull : 0);
}

static bool put_chunk(struct buffer *b, const struct vmatlas_chunk *c, const char *first, __u64 drained)
{
	size_t n = c->bytes / VMATLAS_RECORD_SIZE;
	__u64 expected = 0;

	if (n)
		memcpy(&expected, first + offsetof(struct vmatlas_record, head.ts), sizeof(expected));
	__u64 tag = n << 2 | (c->first != expected ? CHUNK_FIRST : 0) | (c->kind == VMATLAS_CHUNK_ROUND ? CHUNK_ROUND : 0);

	return put_number(b, tag) && (c->kind == VMATLAS_CHUNK_ROUND || put_number(b, (__u64)c->cpu * VMATLAS_CHANNELS + c->channel)) &&
	       put_number(b, folded(c->drained - drained)) && (!(tag & CHUNK_FIRST) || put_number(b, c->first));
}

/* Returns how many records; more than fit: something went wrong. */
static size_t take_chunks(struct va_columns_writer *w, const char *bytes, size_t n)
{
	struct vmatlas_chunk c;
	size_t records = 0;
	__u64 drained = 0;

	for (size_t at = 0; at < n; at += HEAD + c.bytes) {
		const char *payload = bytes + at + HEAD;

		memcpy(&c, bytes + at, HEAD);
		records += c.bytes / VMATLAS_RECORD_SIZE;
		if (records > VA_COLUMNS_RECORDS || !put_chunk(&w->list, &c, payload, drained))
			return VA_COLUMNS_RECORDS + 1;
		drained = c.drained;
		for (size_t i = 0; i < c.bytes; i += VMATLAS_RECORD_SIZE)
			va_coder_pack(&w->coder, c.cpu, c.channel, payload + i);
	}
	return w->coder.failed ? VA_COLUMNS_RECORDS + 1 : records;
}

static bool put_bytes(struct buffer *b, const void *bytes, size_t n)
{
	__u8 *to = reserve(b, n + 1);

	if (!to)
		return false;
	if (n)
		memcpy(to, bytes, n);
	b->used += n;
	return true;
}

/* One frame; its length stands before it and is not known yet, so what is made is moved there. 0: it does not become smaller. */
static size_t put_frame(struct va_columns_writer *w, struct buffer *b, const void *bytes, size_t n)
{
	size_t bound = ZSTD_compressBound(n);
	__u8 *to = reserve(b, 16 + bound);

	if (!to)
		return 0;
	size_t size = ZSTD_compress2(w->zstd, to + 16, bound, bytes, n);

	return ZSTD_isError(size) || size >= n ? 0 : size;
}

/* Of a row of zeros but for a few: which, and how many zeros stand before each. After GAP zeros the next is told, too, be it 0. Returns how many; more than `most`: not so few. */
static size_t find_gaps(const __u8 *row, size_t n, __u8 *gap, __u8 *value, size_t most)
{
	size_t found = 0, at = 0;

	for (size_t i = 0; i < n && found <= most; i++) {
		if (!row[i] && i - at < GAP)
			continue;
		if (found < most) {
			gap[found] = (__u8)(i - at);
			value[found] = row[i];
		}
		found++;
		at = i + 1;
	}
	return found;
}

static bool put_row(struct va_columns_writer *w, const __u64 *value, size_t n, unsigned shift)
{
	struct buffer *b = &w->columns;

	for (size_t i = 0; i < n; i++)
		w->row[i] = (__u8)(value[i] >> shift);
	size_t few = n / ROW_THIN_PART, told = find_gaps(w->row, n, w->gap, w->gap_value, few);

	if (told <= few)
		return put_number(b, (__u64)told << 2 | ROW_THIN) && put_bytes(&w->shared, w->gap, told) && put_bytes(&w->shared, w->gap_value, told);
	size_t size = n < ROW_MIN ? 0 : put_frame(w, b, w->row, n);

	if (n < ROW_MIN || (size && size < n / ROW_SPARSE))
		return put_number(b, ROW_SHARED) && put_bytes(&w->shared, w->row, n);
	if (!size)
		return put_number(b, (__u64)n << 2 | ROW_BARE) && put_bytes(b, w->row, n);
	const __u8 *frame = b->bytes + b->used + 16;

	put_number(b, (__u64)size << 2 | ROW_PACKED);
	memmove(b->bytes + b->used, frame, size);
	b->used += size;
	return true;
}

static bool put_column(struct va_columns_writer *w, unsigned i)
{
	const struct va_column_data *d = &w->coder.column[i];
	unsigned planes = 0;

	while (planes < VA_PLANES && d->any >> planes * 8)
		planes++;
	if (!planes)
		return true;
	if (!put_number(&w->columns, i) || !put_number(&w->columns, d->count) || !put_number(&w->columns, planes))
		return false;
	for (unsigned k = 0; k < planes; k++)
		if (!put_row(w, d->value, d->count, k * 8))
			return false;
	return true;
}

/* The rows that share a frame: how many bytes, and that many bytes in their place. */
static bool put_shared(struct va_columns_writer *w)
{
	struct buffer *b = &w->out;
	size_t n = w->shared.used, size = n ? put_frame(w, b, w->shared.bytes, n) : 0;

	if (!size)
		return put_number(b, n) && put_number(b, n) && put_bytes(b, w->shared.bytes, n);
	/* The two numbers take at most eight bytes: sizes are below 2^28. */
	const __u8 *frame = b->bytes + b->used + 16;

	put_number(b, n);
	put_number(b, size);
	memmove(b->bytes + b->used, frame, size);
	b->used += size;
	return true;
}

static void begin(struct va_columns_writer *w)
{
	w->list.used = w->shared.used = w->columns.used = w->out.used = 0;
	va_coder_begin(&w->coder, VA_EXPECTED_NOW);
}

static size_t end(struct va_columns_writer *w, size_t records, const void **out)
{
	for (unsigned i = 0; i < VA_COLUMNS; i++)
		if (!put_column(w, i))
			return 0;
	if (!put_number(&w->out, VA_EXPECTED_NOW) || !put_number(&w->out, records) || !put_number(&w->out, w->list.used) ||
	    !put_bytes(&w->out, w->list.bytes, w->list.used) || !put_shared(w) || !put_bytes(&w->out, w->columns.bytes, w->columns.used))
		return 0;
	*out = w->out.bytes;
	return w->out.used;
}

size_t va_columns_pack(struct va_columns_writer *w, const void *chunks, size_t n, const void **out)
{
	begin(w);
	size_t records = take_chunks(w, chunks, n);

	return records > VA_COLUMNS_RECORDS ? 0 : end(w, records, out);
}

/* In the order of time; whose channel a record came on matters to expectations only, and faults are told apart by that. */
static __u32 channel_of(const struct vmatlas_record *rec)
{
	return rec->head.type == VMATLAS_FAULT ? VMATLAS_CHANNEL_FAULTS : VMATLAS_CHANNEL_TRUTH;
}

size_t va_columns_pack_records(struct va_columns_writer *w, const struct vmatlas_record *recs, const __u16 *cpus, size_t n, const void **out)
{
	begin(w);
	for (size_t i = 0; i < n; i++) {
		va_coder_pack_cpu(&w->coder, (__u32)cpus[i] << 1 | channel_of(&recs[i]));
		va_coder_pack(&w->coder, cpus[i], channel_of(&recs[i]), &recs[i]);
	}
	return w->coder.failed || n > VA_COLUMNS_RECORDS ? 0 : end(w, n, out);
}

/* --- unpacking ---------------------------------------------------------------------------------------------------------------- */

struct input {
	const __u8 *at, *end;
	bool bad;
};

struct va_columns_reader {
	struct va_coder coder;
	ZSTD_DCtx *zstd;
	__u8 *arena; /* 2 * ARENA bytes */
	__u8 *rows;  /* of one column: VA_PLANES * VA_COLUMNS_RECORDS bytes */
	struct input shared;
	size_t told; /* bytes of rows: fewer than ARENA */
	size_t used; /* of the arena: a value takes up to 8 / 5 of what it had */
	struct vmatlas_record *record; /* of one chunk */
	size_t room;
};

/* What is touched bit by bit, in huge pages where the kernel has some: 4 KiB at a time, the faults of a large block take a sixth of the time it is unpacked in. */
static void *large(size_t bytes)
{
	void *p;

	if (posix_memalign(&p, HUGE, bytes))
		return NULL;
	madvise(p, bytes, MADV_HUGEPAGE);
	return p;
}

struct va_columns_reader *va_columns_reader_new(void)
{
	struct va_columns_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->zstd = ZSTD_createDCtx();
	r->arena = large(2 * ARENA);
	r->rows = malloc(VA_PLANES * VA_COLUMNS_RECORDS);
	if (va_coder_init(&r->coder) && r->zstd && r->arena && r->rows)
		return r;
	va_columns_reader_free(r);
	return NULL;
}

void va_columns_reader_free(struct va_columns_reader *r)
{
	if (!r)
		return;
	va_coder_free(&r->coder);
	ZSTD_freeDCtx(r->zstd);
	free(r->arena);
	free(r->rows);
	free(r->record);
	free(r);
}

static __u64 number(struct input *in)
{
	__u64 x = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		if (in->at == in->end)
			break;
		__u8 byte = *in->at++;

		x |= (__u64)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return x;
	}
	in->bad = true;
	return 0;
}

static const __u8 *bytes(struct input *in, __u64 n)
{
	const __u8 *p = in->at;

	if (in->bad || n > (__u64)(in->end - in->at)) {
		in->bad = true;
		return NULL;
	}
	in->at += n;
	return p;
}

static void unpack_frame(struct va_columns_reader *r, struct input *in, __u64 size, __u8 *to, size_t n)
{
	const __u8 *from = bytes(in, size);

	if (!from || ZSTD_decompressDCtx(r->zstd, to, n, from, (size_t)size) != n)
		in->bad = true;
}

static void copy_row(struct input *in, struct input *from, __u8 *to, size_t n)
{
	const __u8 *row = bytes(from, n);

	if (row)
		memcpy(to, row, n);
	else
		in->bad = true;
}

/* A row of zeros but for `told` bytes. */
static void thin_row(struct input *in, struct input *from, __u64 told, __u8 *to, size_t n)
{
	const __u8 *gap = told <= n ? bytes(from, told) : NULL, *value = gap ? bytes(from, told) : NULL;
	size_t at = 0;

	memset(to, 0, n);
	for (size_t i = 0; value && i < told; i++) {
		at += gap[i];
		if (at >= n) {
			in->bad = true;
			return;
		}
		to[at++] = value[i];
	}
	in->bad |= !value;
}

/* A row of n bytes, to `to`. */
static void read_row(struct va_columns_reader *r, struct input *in, __u8 *to, size_t n)
{
	__u64 tag = number(in), size = tag >> 2;

	if (in->bad)
		return;
	switch (tag & 3) {
	case ROW_BARE:
		if (size == n)
			copy_row(in, in, to, n);
		else
			in->bad = true;
		break;
	case ROW_PACKED:
		unpack_frame(r, in, size, to, n);
		break;
	case ROW_SHARED:
		copy_row(in, &r->shared, to, n);
		break;
	case ROW_THIN:
		thin_row(in, &r->shared, size, to, n);
		break;
	default:
		in->bad = true;
	}
}

static void read_shared(struct va_columns_reader *r, struct input *in)
{
	__u64 n = number(in), size = number(in);

	r->shared = (struct input){ r->arena, r->arena, false };
	if (in->bad || n > ARENA / 2) {
		in->bad = true;
		return;
	}
	if (size < n)
		unpack_frame(r, in, size, r->arena, (size_t)n);
	else
		copy_row(in, in, r->arena, (size_t)n);
	r->shared.end += n;
	r->told = r->used = (size_t)n;
}

static void read_column(struct va_columns_reader *r, struct input *in, struct va_column_data *d, size_t n, unsigned planes)
{
	__u8 *to = r->arena + r->used, *rows = planes == 1 ? to : r->rows;
	unsigned width = va_interleaved_width(planes);

	if (n * planes + 2 * VA_PLANES > ARENA - r->told) {
		in->bad = true;
		return;
	}
	for (unsigned k = 0; k < planes && !in->bad; k++)
		read_row(r, in, rows + k * n, n);
	if (in->bad)
		return;
	va_interleave(to, rows, n, planes);
	r->told += n * planes + VA_PLANES;
	r->used += n * width + VA_PLANES;
	d->next = to;
	d->stride = width;
	d->end = to + n * width;
	d->mask = width == VA_PLANES ? ~0ull : (1ull << width * 8) - 1;
}

static void read_columns(struct va_columns_reader *r, struct input *in, size_t records)
{
	read_shared(r, in);
	while (!in->bad && in->at < in->end) {
		__u64 i = number(in), count = number(in), planes = number(in);

		if (in->bad || i >= VA_COLUMNS || count > records || !planes || planes > VA_PLANES || r->coder.column[i].stride) {
			in->bad = true;
			return;
		}
		read_column(r, in, &r->coder.column[i], (size_t)count, (unsigned)planes);
	}
	va_coder_ready(&r->coder);
}

static bool make_room(struct va_columns_reader *r, size_t n)
{
	if (n <= r->room)
		return true;
	struct vmatlas_record *record = realloc(r->record, n * sizeof(*record));

	if (!record)
		return false;
	r->record = record;
	r->room = n;
	return true;
}

/* The next chunk of the list and its records; false: malformed. */
static bool next_chunk(struct va_columns_reader *r, struct input *list, size_t *left, __u32 cpus, __u64 *drained, struct vmatlas_chunk *c)
{
	__u64 tag = number(list), n = tag >> 2, stream = tag & CHUNK_ROUND ? 0 : number(list), step = number(list);

	*c = (struct vmatlas_chunk){ .magic = VMATLAS_CHUNK_MAGIC, .kind = tag & CHUNK_ROUND ? VMATLAS_CHUNK_ROUND : VMATLAS_CHUNK_RECORDS };
	if (list->bad || n > *left || stream / VMATLAS_CHANNELS >= cpus || (n && (tag & CHUNK_ROUND)) || !make_room(r, n))
		return false;
	*left -= n;
	c->cpu = (__u16)(stream / VMATLAS_CHANNELS);
	c->channel = (__u8)(stream % VMATLAS_CHANNELS);
	c->bytes = (__u32)(n * VMATLAS_RECORD_SIZE);
	c->drained = *drained += step >> 1 ^ -(step & 1);
	for (size_t i = 0; i < n; i++)
		va_coder_unpack(&r->coder, c->cpu, c->channel, &r->record[i]);
	c->first = tag & CHUNK_FIRST ? number(list) : n ? r->record[0].head.ts : 0;
	return !list->bad && !r->coder.failed;
}

int va_columns_unpack(struct va_columns_reader *r, const void *payload, size_t n, __u32 cpus,
		      int (*fn)(void *ctx, const struct vmatlas_chunk *chunk, const void *payload), void *ctx)
{
	struct input in = { payload, (const __u8 *)payload + n, false };
	__u64 version = number(&in), records = number(&in), size = number(&in);
	const __u8 *at = bytes(&in, size);
	struct input list = { at, at ? at + size : NULL, !at };
	size_t left = (size_t)records;
	__u64 drained = 0;

	if (in.bad || version < VA_EXPECTED_OLD || version > VA_EXPECTED_NOW || records > VA_COLUMNS_RECORDS || cpus > VMATLAS_CPUS_MAX)
		return 1;
	va_coder_begin(&r->coder, (unsigned)version);
	read_columns(r, &in, left);
	if (in.bad)
		return 1;
	while (list.at < list.end) {
		struct vmatlas_chunk c;

		if (!next_chunk(r, &list, &left, cpus, &drained, &c))
			return 1;
		int error = fn(ctx, &c, r->record);

		if (error)
			return error;
	}
	return left ? 1 : 0;
}

bool va_columns_unpack_records(struct va_columns_reader *r, const void *payload, size_t size, struct vmatlas_record *recs, __u16 *cpus, size_t n)
{
	struct input in = { payload, (const __u8 *)payload + size, false };
	__u64 version = number(&in), records = number(&in), list = number(&in);

	if (in.bad || version < VA_EXPECTED_OLD || version > VA_EXPECTED_NOW || records != n || n > VA_COLUMNS_RECORDS || list)
		return false;
	va_coder_begin(&r->coder, (unsigned)version);
	read_columns(r, &in, n);
	for (size_t i = 0; i < n && !in.bad && !r->coder.failed; i++) {
		__u32 place = va_coder_unpack_cpu(&r->coder);

		cpus[i] = (__u16)(place >> 1);
		va_coder_unpack(&r->coder, place >> 1, place & 1, &recs[i]);
	}
	return !in.bad && !r->coder.failed;
}
