#include "pagepack.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "pages_parts.h"
#include "varint.h"

#define PAGE_MOST (1 + 3 * VA_VARINT_MOST)
#define CHUNK_MOST (1 + 3 * VA_VARINT_MOST + VA_CHUNK_PAGES * PAGE_MOST)

/* A page's first byte: its certainty, and what stands as with the one before. */
#define CERTAINTY 3
#define SAME_TIME 4
#define SAME_BITS 8
#define NEXT_FRAME 16
#define NO_ENTRY 32

struct before {
	__u64 ts, frame, bits;
};

/* An entry is a number in the middle, which is often near the one before, and bits around it. */
static __u64 frame_of(__u64 entry)
{
	return entry >> 12 & ((1ull << 40) - 1);
}

static __u64 bits_of(__u64 entry)
{
	return (entry & 0xfff) | entry >> 52 << 12;
}

static __u64 entry_of(__u64 frame, __u64 bits)
{
	return frame << 12 | (bits & 0xfff) | bits >> 12 << 52;
}

static __u8 *put_entry(__u8 *p, __u8 *tag, struct before *b, __u64 entry)
{
	__u64 frame = frame_of(entry), bits = bits_of(entry);

	if (!entry) {
		*tag |= NO_ENTRY;
		return p;
	}
	if (frame == b->frame + 1)
		*tag |= NEXT_FRAME;
	else
		p = va_put(p, va_fold(frame - b->frame));
	if (bits == b->bits)
		*tag |= SAME_BITS;
	else
		p = va_put(p, bits);
	b->frame = frame;
	b->bits = bits;
	return p;
}

static __u64 get_entry(const __u8 **p, __u8 tag, struct before *b)
{
	if (tag & NO_ENTRY)
		return 0;
	b->frame += tag & NEXT_FRAME ? 1 : va_unfold(va_get(p));
	if (!(tag & SAME_BITS))
		b->bits = va_get(p);
	return entry_of(b->frame, b->bits);
}

static __u8 *put_page(__u8 *p, struct before *b, const struct va_chunk *c, unsigned i)
{
	__u8 *tag = p++;

	*tag = c->certainty[i];
	p = put_entry(p, tag, b, c->entry[i]);
	if (c->ts[i] == b->ts)
		*tag |= SAME_TIME;
	else
		p = va_put(p, va_fold(c->ts[i] - b->ts));
	b->ts = c->ts[i];
	return p;
}

static void get_page(const __u8 **p, struct before *b, struct va_chunk *c, unsigned i)
{
	__u8 tag = *(*p)++;

	c->certainty[i] = tag & CERTAINTY;
	c->entry[i] = get_entry(p, tag, b);
	if (!(tag & SAME_TIME))
		b->ts += va_unfold(va_get(p));
	c->ts[i] = b->ts;
}

static __u8 *put_chunk(__u8 *p, struct before *b, const struct va_chunk *c)
{
	p = va_put(p, c->known);
	p = va_put(p, c->known ^ c->present);
	for (__u64 rest = c->known; rest; rest &= rest - 1)
		p = put_page(p, b, c, (unsigned)__builtin_ctzll(rest));
	return p;
}

static void get_chunk(const __u8 **p, struct before *b, struct va_chunk *c)
{
	c->known = va_get(p);
	c->present = c->known ^ va_get(p);
	for (__u64 rest = c->known; rest; rest &= rest - 1)
		get_page(p, b, c, (unsigned)__builtin_ctzll(rest));
}

static bool sole(const unsigned *refs)
{
	return __atomic_load_n(refs, __ATOMIC_ACQUIRE) == 1;
}

void va_pages_pack(struct va_pages *pages, struct va_packed *to)
{
	struct before b = { 0 };
	size_t last = 0;

	if (!sole(&pages->refs))
		return;
	for (size_t i = 0; i < pages->count; i++) {
		struct va_block *block = pages->slots[i].block;

		for (unsigned k = 0; sole(&block->refs) && k < VA_BLOCK_CHUNKS; k++) {
			if (!block->chunk[k] || !sole(&block->chunk[k]->refs))
				continue;
			to->byte = va_grow(to->byte, &to->room, to->count + CHUNK_MOST, 1);
			__u8 *p = va_put(to->byte + to->count, i - last);

			*p++ = (__u8)k;
			to->count = (size_t)(put_chunk(p, &b, block->chunk[k]) - to->byte);
			va_block_drop_chunk(block, k);
			last = i;
		}
	}
	pages->near_used = 0;
}

void va_pages_unpack(struct va_pages **pages, const __u8 *packed, size_t bytes)
{
	const __u8 *p = packed, *end = packed + bytes;
	struct before b = { 0 };
	size_t i = 0;

	while (p < end) {
		i += va_get(&p);
		unsigned k = *p++;

		get_chunk(&p, &b, va_block_chunk(va_pages_own_slot(pages, i), k * VA_CHUNK_PAGES));
	}
}

/* --- a whole set ----------------------------------------------------------------------------------------------------- */

static __u8 *room_for(struct va_packed *to, size_t bytes)
{
	to->byte = va_grow(to->byte, &to->room, to->count + bytes, 1);
	return to->byte + to->count;
}

static __u8 *put_block(__u8 *p, struct before *b, const struct va_block *block)
{
	unsigned chunks = 0;

	for (unsigned k = 0; k < VA_BLOCK_CHUNKS; k++)
		chunks |= (unsigned)!!block->chunk[k] << k;
	*p++ = (__u8)(block->leaf | block->certainty << 3 | block->present << 5);
	p = va_put(p, block->entry);
	p = va_put(p, va_fold(block->ts - b->ts));
	return va_put(p, chunks);
}

static size_t pack_all(const struct va_pages *pages, __u8 **packed)
{
	struct va_packed to = { 0 };
	struct before b = { 0 };
	__u8 *p = va_put(room_for(&to, VA_VARINT_MOST), pages->count);
	__u64 key = 0;

	for (size_t i = 0; i < pages->count; key = pages->slots[i++].key) {
		const struct va_block *block = pages->slots[i].block;

		to.count = (size_t)(p - to.byte);
		p = va_put(room_for(&to, 1 + 4 * VA_VARINT_MOST), pages->slots[i].key - key);
		p = put_block(p, &b, block);
		for (unsigned k = 0; k < VA_BLOCK_CHUNKS; k++) {
			if (!block->chunk[k])
				continue;
			to.count = (size_t)(p - to.byte);
			p = put_chunk(room_for(&to, CHUNK_MOST), &b, block->chunk[k]);
		}
	}
	to.count = (size_t)(p - to.byte);
	p = va_put(room_for(&to, (1 + 3 * pages->upper_count) * VA_VARINT_MOST), pages->upper_count);
	for (size_t i = 0; i < pages->upper_count; i++) {
		p = va_put(p, pages->uppers[i].key);
		p = va_put(p, pages->uppers[i].entry);
		p = va_put(p, va_fold(pages->uppers[i].ts - b.ts));
	}
	to.count = (size_t)(p - to.byte);
	*packed = va_realloc(to.byte, to.count, 1);
	return to.count;
}

static struct va_block *get_block(const __u8 **p, struct before *b)
{
	struct va_block *block = va_block_new();
	__u8 tag = *(*p)++;

	block->entry = va_get(p);
	block->ts = b->ts + va_unfold(va_get(p));
	for (__u64 chunks = va_get(p); chunks; chunks &= chunks - 1) {
		struct va_chunk *c = va_block_chunk(block, (unsigned)__builtin_ctzll(chunks) * VA_CHUNK_PAGES);

		get_chunk(p, b, c);
		block->resident += (unsigned)__builtin_popcountll(c->present);
	}
	block->leaf = tag & 7;
	block->certainty = tag >> 3 & CERTAINTY;
	block->present = tag >> 5;
	if (block->leaf)
		block->resident = block->present ? 512 : 0;
	return block;
}

static struct va_pages *unpack_all(const __u8 *packed)
{
	struct va_pages *pages = va_pages_new();
	const __u8 *p = packed;
	struct before b = { 0 };
	__u64 key = 0;

	pages->count = pages->room = va_get(&p);
	pages->slots = va_realloc(NULL, pages->count, sizeof(*pages->slots));
	for (size_t i = 0; i < pages->count; i++) {
		pages->slots[i].key = key += va_get(&p);
		pages->slots[i].block = get_block(&p, &b);
	}
	pages->upper_count = pages->upper_room = va_get(&p);
	pages->uppers = va_realloc(NULL, pages->upper_count, sizeof(*pages->uppers));
	for (size_t i = 0; i < pages->upper_count; i++) {
		struct upper *u = &pages->uppers[i];

		u->key = va_get(&p);
		u->entry = va_get(&p);
		u->ts = b.ts + va_unfold(va_get(&p));
	}
	return pages;
}

void va_pages_close(struct va_pages **pages)
{
	struct va_pages *closed = va_pages_new();

	closed->packed_bytes = pack_all(*pages, &closed->packed);
	va_packed_account((long)closed->packed_bytes);
	va_pages_unref(*pages);
	*pages = closed;
}

/* The first who asks unpacks for all. */
const struct va_pages *va_pages_open(struct va_pages *p)
{
	struct va_pages *open = __atomic_load_n(&p->open, __ATOMIC_ACQUIRE), *mine;

	if (open)
		return open;
	mine = unpack_all(p->packed);
	if (__atomic_compare_exchange_n(&p->open, &open, mine, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return mine;
	va_pages_unref(mine);
	return open;
}

void va_packed_account(long bytes)
{
	__atomic_fetch_add(&va_pages_bytes, (size_t)bytes, __ATOMIC_RELAXED);
}
