#include "store.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "columns.h"
#include "packer.h"

#define CHUNK 16384
#define OPEN_MAX 12 /* chunks kept unpacked: 24 MiB of records */
#define AHEAD 4     /* of them so many that were looked at least are packed before they have to go */

struct records {
	struct vmatlas_record rec[CHUNK];
	__u16 cpu[CHUNK];
};

struct chunk {
	struct records *open; /* owned; NULL while packed */
	void *packed;         /* owned; NULL = never packed */
	size_t packed_bytes;
	__u64 begin_ts;       /* the largest ts before this chunk */
	__u32 types;          /* bit t: has a record of type t */
	__u64 used;           /* when last looked at, by the store's own count */
	struct va_packer_job *job; /* owned; NULL = nobody is packing it */
};

struct va_store {
	struct chunk *chunks; /* [0] is chunk number `gone` */
	size_t chunk_count, chunk_room, open_count, gone;
	size_t packed_bytes;
	size_t count;
	__u64 end, clock;
	struct va_packer *packer;
	struct va_columns_reader *reader;
};

struct va_store *va_store_new(void)
{
	return va_alloc(sizeof(struct va_store));
}

/* What the packer made of a chunk. */
static void take(struct va_store *s, struct chunk *c)
{
	va_packer_wait(s->packer, c->job);
	c->packed = c->job->packed;
	c->packed_bytes = c->job->bytes;
	s->packed_bytes += c->packed_bytes;
	free(c->job);
	c->job = NULL;
}

void va_store_free(struct va_store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->chunk_count; i++) {
		if (s->chunks[i].job)
			take(s, &s->chunks[i]);
		free(s->chunks[i].open);
		free(s->chunks[i].packed);
	}
	free(s->chunks);
	va_packer_free(s->packer);
	va_columns_reader_free(s->reader);
	free(s);
}

/* A chunk is full and does not change any more when it is packed. Without a packer it stays open: memory, not correctness. */
static void give(struct va_store *s, struct chunk *c)
{
	if (!s->packer)
		s->packer = va_packer_new();
	if (!s->packer)
		return;
	c->job = va_alloc(sizeof(*c->job));
	*c->job = (struct va_packer_job){ .recs = c->open->rec, .cpus = c->open->cpu, .n = CHUNK };
	va_packer_give(s->packer, c->job);
}

/* The open chunk looked at least, of those looked at later than `after`; the last one is being written and does not count. NULL = none. */
static struct chunk *least_used(struct va_store *s, __u64 after)
{
	struct chunk *least = NULL;

	for (size_t i = 0; i + 1 < s->chunk_count; i++)
		if (s->chunks[i].open && s->chunks[i].used > after && (!least || s->chunks[i].used < least->used))
			least = &s->chunks[i];
	return least;
}

static void close_least_used(struct va_store *s)
{
	struct chunk *c = least_used(s, 0);

	if (c && c->job)
		take(s, c);
	if (!c || !c->packed)
		return;
	free(c->open);
	c->open = NULL;
	s->open_count--;
}

/* Those that will have to go next are packed by then. */
static void pack_ahead(struct va_store *s)
{
	__u64 after = 0;

	for (unsigned i = 0; i < AHEAD; i++) {
		struct chunk *c = least_used(s, after);

		if (!c)
			break;
		after = c->used;
		if (!c->packed && !c->job)
			give(s, c);
	}
}

static void open_chunk(struct va_store *s, struct chunk *c)
{
	if (s->open_count >= OPEN_MAX - AHEAD)
		pack_ahead(s);
	if (s->open_count >= OPEN_MAX)
		close_least_used(s);
	c->open = va_alloc_raw(sizeof(*c->open));
	s->open_count++;
	if (!c->packed)
		return;
	if (!s->reader)
		s->reader = va_columns_reader_new();
	if (!s->reader || !va_columns_unpack_records(s->reader, c->packed, c->packed_bytes, c->open->rec, c->open->cpu, CHUNK)) {
		fputs("vmatlas: out of memory\n", stderr);
		exit(1);
	}
}

/* By its place in the array. */
static struct chunk *use(struct va_store *s, size_t i)
{
	struct chunk *c = &s->chunks[i];

	if (!c->open)
		open_chunk(s, c);
	c->used = ++s->clock;
	return c;
}

static struct chunk *chunk_for_append(struct va_store *s)
{
	if (s->count % CHUNK)
		return use(s, s->chunk_count - 1);
	s->chunks = va_grow(s->chunks, &s->chunk_room, s->chunk_count + 1, sizeof(*s->chunks));
	s->chunks[s->chunk_count++] = (struct chunk){ .begin_ts = s->end };
	struct chunk *c = use(s, s->chunk_count - 1);

	memset(c->open->cpu, 0, sizeof(c->open->cpu));
	return c;
}

void va_store_append(struct va_store *s, const struct vmatlas_record *rec, __u32 cpu)
{
	struct chunk *c = chunk_for_append(s);
	size_t i = s->count++ % CHUNK;

	c->open->rec[i] = *rec;
	c->open->cpu[i] = (__u16)cpu;
	c->types |= 1u << (rec->head.type & 31);
	if (rec->head.ts > s->end)
		s->end = rec->head.ts;
}

size_t va_store_count(const struct va_store *s)
{
	return s->count;
}

size_t va_store_memory(const struct va_store *s)
{
	return s->packed_bytes + s->open_count * sizeof(struct records);
}

void va_store_drop(struct va_store *s, size_t i)
{
	size_t n = i / CHUNK > s->gone ? i / CHUNK - s->gone : 0;

	n = n < s->chunk_count ? n : s->chunk_count - !!s->chunk_count; /* the last one is being written */
	for (size_t k = 0; k < n; k++) {
		struct chunk *c = &s->chunks[k];

		if (c->job)
			take(s, c);
		s->packed_bytes -= c->packed_bytes;
		s->open_count -= c->open != NULL;
		free(c->open);
		free(c->packed);
	}
	s->chunk_count -= n;
	s->gone += n;
	memmove(s->chunks, s->chunks + n, s->chunk_count * sizeof(*s->chunks));
}

const struct vmatlas_record *va_store_get(struct va_store *s, size_t i, __u32 *cpu)
{
	static const struct vmatlas_record none;

	if (cpu)
		*cpu = 0;
	if (i / CHUNK < s->gone)
		return &none;
	struct chunk *c = use(s, i / CHUNK - s->gone);

	if (cpu)
		*cpu = c->open->cpu[i % CHUNK];
	return &c->open->rec[i % CHUNK];
}

__u64 va_store_end(const struct va_store *s)
{
	return s->end;
}

/* Late records have an older ts than what went before: what counts is the largest ts up to a record, which never goes back. */
size_t va_store_find_time(struct va_store *s, __u64 ts)
{
	size_t lo = 0, hi = s->chunk_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->chunks[mid].begin_ts <= ts)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return s->gone * CHUNK;
	size_t number = s->gone + lo - 1, i = number * CHUNK;
	const struct records *r = use(s, lo - 1)->open;

	while (i < s->count && i / CHUNK == number && r->rec[i % CHUNK].head.ts <= ts)
		i++;
	return i;
}

static bool has(const struct va_store *s, size_t i, unsigned type)
{
	return !type || s->chunks[i / CHUNK - s->gone].types >> (type & 31) & 1;
}

size_t va_store_skip(const struct va_store *s, size_t i, unsigned type)
{
	if (i < s->gone * CHUNK)
		i = s->gone * CHUNK;
	while (i < s->count && !has(s, i, type))
		i = (i / CHUNK + 1) * CHUNK;
	return i < s->count ? i : s->count;
}

size_t va_store_skip_back(const struct va_store *s, size_t i, unsigned type)
{
	while (i / CHUNK >= s->gone && !has(s, i, type)) {
		if (i < CHUNK)
			return (size_t)-1;
		i = i / CHUNK * CHUNK - 1;
	}
	return i / CHUNK < s->gone ? (size_t)-1 : i;
}
