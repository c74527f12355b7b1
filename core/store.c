#include "store.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "columns.h"

#define CHUNK 16384
#define OPEN_MAX 24 /* chunks kept unpacked: 48 MiB of records */

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
};

struct va_store {
	struct chunk *chunks;
	size_t chunk_count, chunk_room, open_count;
	size_t count;
	__u64 end, clock;
	struct va_columns_writer *writer;
	struct va_columns_reader *reader;
};

struct va_store *va_store_new(void)
{
	return va_alloc(sizeof(struct va_store));
}

void va_store_free(struct va_store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->chunk_count; i++) {
		free(s->chunks[i].open);
		free(s->chunks[i].packed);
	}
	free(s->chunks);
	va_columns_writer_free(s->writer);
	va_columns_reader_free(s->reader);
	free(s);
}

/* A chunk is full and does not change any more when it is packed. */
static void pack(struct va_store *s, struct chunk *c)
{
	if (!c->packed) {
		const void *packed;

		if (!s->writer)
			s->writer = va_columns_writer_new();
		size_t n = s->writer ? va_columns_pack_records(s->writer, c->open->rec, c->open->cpu, CHUNK, &packed) : 0;

		if (!n)
			return; /* it stays open: memory, not correctness */
		c->packed = memcpy(va_alloc_raw(n), packed, n);
		c->packed_bytes = n;
	}
	free(c->open);
	c->open = NULL;
	s->open_count--;
}

static void pack_least_used(struct va_store *s)
{
	struct chunk *least = NULL;

	for (size_t i = 0; i + 1 < s->chunk_count; i++)
		if (s->chunks[i].open && (!least || s->chunks[i].used < least->used))
			least = &s->chunks[i];
	if (least)
		pack(s, least);
}

static void open_chunk(struct va_store *s, struct chunk *c)
{
	if (s->open_count >= OPEN_MAX)
		pack_least_used(s);
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

const struct vmatlas_record *va_store_get(struct va_store *s, size_t i, __u32 *cpu)
{
	struct chunk *c = use(s, i / CHUNK);

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
		return 0;
	size_t i = (lo - 1) * CHUNK;
	const struct records *r = use(s, lo - 1)->open;

	while (i < s->count && i / CHUNK == lo - 1 && r->rec[i % CHUNK].head.ts <= ts)
		i++;
	return i;
}

static bool has(const struct chunk *c, unsigned type)
{
	return !type || c->types >> (type & 31) & 1;
}

size_t va_store_skip(const struct va_store *s, size_t i, unsigned type)
{
	while (i < s->count && !has(&s->chunks[i / CHUNK], type))
		i = (i / CHUNK + 1) * CHUNK;
	return i < s->count ? i : s->count;
}

size_t va_store_skip_back(const struct va_store *s, size_t i, unsigned type)
{
	while (!has(&s->chunks[i / CHUNK], type)) {
		if (i < CHUNK)
			return (size_t)-1;
		i = i / CHUNK * CHUNK - 1;
	}
	return i;
}
