/* See heat.h. */
#include "heat.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "idmap.h"
#include "pages.h"

#define SWEEP_WORK 2000 /* maps, blocks and hits; half a ms or so */

struct hit {
	__u64 ts;
	__u32 pos;  /* of the record */
	__u16 page; /* in the block */
};

struct block {
	__u64 key; /* addr >> VA_BLOCK_SHIFT */
	struct hit *hit;
	size_t count, room;
};

struct place { /* of one map */
	__u32 mm;
	struct block *block; /* sorted by key */
	size_t count, room;
};

struct va_heat {
	struct va_idmap maps; /* map number → place */
	struct place *place;
	size_t places, place_room;
	size_t seen, held;   /* held: hits in all places */
	size_t first, swept; /* hits before position `first` are to go; of places before `swept` they have gone … */
	size_t empty;        /* … so many of these have none left */
	bool sweeping;       /* some are to be gone through yet */
};

struct va_heat *va_heat_new(void)
{
	return va_alloc(sizeof(struct va_heat));
}

void va_heat_free(struct va_heat *heat)
{
	if (!heat)
		return;
	for (size_t i = 0; i < heat->places; i++) {
		for (size_t k = 0; k < heat->place[i].count; k++)
			free(heat->place[i].block[k].hit);
		free(heat->place[i].block);
	}
	free(heat->place);
	va_idmap_free(&heat->maps);
	free(heat);
}

static size_t lower_block(const struct place *p, __u64 key)
{
	size_t lo = 0, hi = p->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->block[mid].key < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct place *place_for(struct va_heat *heat, __u32 mm)
{
	__u32 i = va_idmap_get(&heat->maps, mm);

	if (i == VA_IDMAP_NONE) {
		heat->place = va_grow(heat->place, &heat->place_room, heat->places + 1, sizeof(*heat->place));
		i = (__u32)heat->places++;
		heat->place[i] = (struct place){ .mm = mm };
		va_idmap_set(&heat->maps, mm, i);
	}
	return &heat->place[i];
}

static struct block *block_for(struct place *p, __u64 key)
{
	size_t i = lower_block(p, key);

	if (i < p->count && p->block[i].key == key)
		return &p->block[i];
	p->block = va_grow(p->block, &p->room, p->count + 1, sizeof(*p->block));
	memmove(&p->block[i + 1], &p->block[i], (p->count - i) * sizeof(*p->block));
	p->count++;
	p->block[i] = (struct block){ .key = key };
	return &p->block[i];
}

static void take(struct va_heat *heat, const struct vmatlas_record *rec, size_t pos)
{
	struct block *b = block_for(place_for(heat, rec->head.mm), rec->fault.addr >> VA_BLOCK_SHIFT);

	b->hit = va_grow(b->hit, &b->room, b->count + 1, sizeof(*b->hit));
	heat->held++;
	b->hit[b->count++] = (struct hit){ rec->head.ts, (__u32)pos, (__u16)(rec->fault.addr >> 12 & 511) };
}

/* Whole blocks, and of others what is worth the copying. */
static size_t sweep_place(struct place *p, size_t first, size_t *held)
{
	size_t kept = 0, work = 1 + p->count / 64;

	for (size_t i = 0; i < p->count; i++) {
		struct block *b = &p->block[i];
		size_t n = 0;

		if (b->count && b->hit[b->count - 1].pos < first)
			n = b->count;
		else if (b->count >= 64 && b->hit[b->count / 2].pos < first)
			n = b->count / 2;
		work += n / 512;
		b->count -= n;
		*held -= n;
		memmove(b->hit, b->hit + n, b->count * sizeof(*b->hit));
		if (b->count) {
			p->block[kept++] = *b;
			continue;
		}
		free(b->hit);
	}
	p->count = kept;
	if (!kept) {
		free(p->block);
		p->block = NULL;
		p->room = 0;
	}
	return work;
}

/* Maps of which nothing is left, most of them ended long ago, go when they are the most. */
static void drop_empty(struct va_heat *heat)
{
	size_t kept = 0;

	va_idmap_free(&heat->maps);
	for (size_t i = 0; i < heat->places; i++)
		if (heat->place[i].count) {
			va_idmap_set(&heat->maps, heat->place[i].mm, (__u32)kept);
			heat->place[kept++] = heat->place[i];
		}
	heat->places = kept;
}

/* A little of what the history gave up at each update. Maps that come meanwhile have nothing that is to go: who waits for them, too, never gets to the end. */
static void sweep(struct va_heat *heat, size_t first)
{
	size_t work = 0;

	if (first != heat->first && !heat->sweeping) {
		heat->first = first;
		heat->swept = heat->empty = 0;
		heat->sweeping = true;
	}
	for (; heat->sweeping && heat->swept < heat->places && work < SWEEP_WORK; heat->swept++) {
		work += sweep_place(&heat->place[heat->swept], heat->first, &heat->held);
		heat->empty += !heat->place[heat->swept].count;
	}
	if (!heat->sweeping || heat->swept < heat->places)
		return;
	heat->sweeping = false;
	if (heat->empty > heat->places / 2)
		drop_empty(heat);
}

bool va_heat_update(struct va_heat *heat, struct va_history *h, size_t most)
{
	size_t end = va_history_count(h), stop = end - heat->seen < most ? end : heat->seen + most;
	bool news = heat->seen < stop;

	if (va_history_first(h))
		sweep(heat, va_history_first(h));
	while (heat->seen < stop) {
		size_t i = va_history_next(h, heat->seen, VMATLAS_FAULT, 0);
		__u32 cpu;

		if (i == (size_t)-1 || i >= stop)
			break;
		take(heat, va_history_record(h, i, &cpu), i);
		heat->seen = i + 1;
	}
	heat->seen = stop;
	return news;
}

size_t va_heat_held(const struct va_heat *heat, size_t *maps)
{
	*maps = heat->places;
	return heat->held;
}

size_t va_heat_seen(const struct va_heat *heat)
{
	return heat->seen;
}

/* The hits of a block in [since, pos): first and behind the last. Records are in order of time, so both are found by halving. */
static void window(const struct block *b, __u64 since, size_t pos, size_t *first, size_t *last)
{
	size_t lo = 0, hi = b->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (b->hit[mid].pos < pos)
			lo = mid + 1;
		else
			hi = mid;
	}
	*last = lo;
	lo = 0;
	hi = *last;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (b->hit[mid].ts < since)
			lo = mid + 1;
		else
			hi = mid;
	}
	*first = lo;
}

__u64 va_heat_count(const struct va_heat *heat, __u32 mm, __u64 start, __u64 end, __u64 since, size_t pos)
{
	__u32 at = va_idmap_get(&heat->maps, mm);
	const struct place *p = at == VA_IDMAP_NONE ? NULL : &heat->place[at];
	__u64 n = 0;

	for (size_t i = p ? lower_block(p, start >> VA_BLOCK_SHIFT) : 0; p && i < p->count && p->block[i].key << VA_BLOCK_SHIFT < end; i++) {
		const struct block *b = &p->block[i];
		__u64 base = b->key << VA_BLOCK_SHIFT;
		size_t first, last;

		window(b, since, pos, &first, &last);
		if (base >= start && base + VA_BLOCK_SIZE <= end) {
			n += last - first;
			continue;
		}
		for (size_t k = first; k < last; k++) {
			__u64 page = base + ((__u64)b->hit[k].page << 12);

			n += page + 4096 > start && page < end;
		}
	}
	return n;
}
