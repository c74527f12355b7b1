#include "store.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "alloc.h"

#define CHUNK 4096
#define OPEN_MAX 512 /* chunks kept unpacked: 256 MiB of records */

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
	ZSTD_CCtx *cctx;
	ZSTD_DCtx *dctx;
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
	ZSTD_freeCCtx(s->cctx);
	ZSTD_freeDCtx(s->dctx);
	free(s);
}

/* A chunk is full and does not change any more when it is packed. */
static void pack(struct va_store *s, struct chunk *c)
{
	if (!c->packed) {
		size_t bound = ZSTD_compressBound(sizeof(*c->open));
		void *buf = va_alloc_raw(bound);

		if (!s->cctx)
			s->cctx = ZSTD_createCCtx();
		size_t n = s->cctx ? ZSTD_compressCCtx(s->cctx, buf, bound, c->open, sizeof(*c->open), 1) : 0;

		if (!n || ZSTD_isError(n)) {
			free(buf);
			return; /* it stays open: memory, not correctness */
		}
		c->packed = va_realloc(buf, n, 1);
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
	if (!s->dctx)
		s->dctx = ZSTD_createDCtx();
	size_t n = s->dctx ? ZSTD_decompressDCtx(s->dctx, c->open, sizeof(*c->open), c->packed, c->packed_bytes) : 0;

	if (n != sizeof(*c->open)) {
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
