/* See pages.h. */
#include "pages.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "pagepack.h"
#include "pages_parts.h"
#include "walk.h"

struct va_pages *va_pages_new(void)
{
	struct va_pages *p = va_alloc(sizeof(*p));

	p->refs = 1;
	return p;
}

struct va_pages *va_pages_none(void)
{
	static struct va_pages none = { .refs = 1 }; /* ours, so that it is never owned by another */

	return va_pages_ref(&none);
}

struct va_pages *va_pages_ref(struct va_pages *p)
{
	__atomic_add_fetch(&p->refs, 1, __ATOMIC_RELAXED);
	return p;
}

void va_pages_unref(struct va_pages *p)
{
	if (!p || __atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t i = 0; i < p->count; i++) {
		__builtin_prefetch(i + 1 < p->count ? p->slots[i + 1].block : NULL);
		va_block_unref(p->slots[i].block);
	}
	free(p->slots);
	free(p->uppers);
	if (p->packed) {
		va_packed_account(-(long)p->packed_bytes);
		free(p->packed);
		va_pages_unref(p->open);
	}
	free(p);
}

/* The set to look at. */
static inline const struct va_pages *opened(const struct va_pages *p)
{
	return __builtin_expect(p->packed != NULL, 0) ? va_pages_open((struct va_pages *)p) : p;
}

static void *copy_of(const void *from, size_t bytes)
{
	return bytes ? memcpy(va_alloc_raw(bytes), from, bytes) : NULL;
}

static __attribute__((noinline)) struct va_pages *copy_set(struct va_pages **pages)
{
	struct va_pages *p = *pages, *copy = va_pages_new();

	copy->count = copy->room = p->count;
	copy->slots = copy_of(p->slots, p->count * sizeof(*p->slots));
	copy->upper_count = copy->upper_room = p->upper_count;
	copy->uppers = copy_of(p->uppers, p->upper_count * sizeof(*p->uppers));
	for (size_t i = 0; i < copy->count; i++)
		__atomic_add_fetch(&copy->slots[i].block->refs, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&p->near_used, 0, __ATOMIC_RELAXED);
	va_pages_unref(p);
	return *pages = copy;
}

/* A set that nobody else has, what is near still known. */
static inline struct va_pages *own_near(struct va_pages **pages)
{
	return __atomic_load_n(&(*pages)->refs, __ATOMIC_ACQUIRE) == 1 ? *pages : copy_set(pages);
}

static struct va_pages *own(struct va_pages **pages)
{
	struct va_pages *p = own_near(pages);

	p->near_used = 0;
	return p;
}

/* Index of the first slot with a key >= key. */
static size_t lower(const struct va_pages *p, __u64 key)
{
	size_t lo = __atomic_load_n(&p->last, __ATOMIC_RELAXED), hi = p->count;

	if (lo < hi && p->slots[lo].key >= key && (!lo || p->slots[lo - 1].key < key))
		return lo;
	lo = 0;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->slots[mid].key < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	__atomic_store_n(&((struct va_pages *)p)->last, lo, __ATOMIC_RELAXED);
	return lo;
}

static const struct va_block *find(const struct va_pages *p, __u64 addr)
{
	__u64 key = addr >> VA_BLOCK_SHIFT;
	size_t i = lower(p, key);

	return i < p->count && p->slots[i].key == key ? p->slots[i].block : NULL;
}

struct va_block *va_pages_own_slot(struct va_pages **pages, size_t i)
{
	struct va_pages *p = own(pages);

	return p->slots[i].block = va_block_own(p->slots[i].block);
}

/* The block that holds addr, made when missing, for writing. p is owned. */
static struct va_block *block_for(struct va_pages *p, __u64 addr)
{
	__u64 key = addr >> VA_BLOCK_SHIFT;
	size_t i = lower(p, key);

	if (i < p->count && p->slots[i].key == key)
		return p->slots[i].block = va_block_own(p->slots[i].block);
	p->slots = va_grow(p->slots, &p->room, p->count + 1, sizeof(*p->slots));
	memmove(&p->slots[i + 1], &p->slots[i], (p->count - i) * sizeof(*p->slots));
	p->count++;
	p->slots[i] = (struct slot){ key, va_block_new() };
	return p->slots[i].block;
}

static unsigned page_of(__u64 addr)
{
	return (unsigned)(addr >> 12) & 511;
}

static __attribute__((noinline)) struct near *find_near(struct va_pages *p, __u64 addr)
{
	struct near *n = &p->near[addr >> CHUNK_SHIFT & (NEARS - 1)];

	n->key = addr >> CHUNK_SHIFT;
	n->block = block_for(p, addr);
	n->chunk = va_block_chunk(n->block, page_of(addr));
	memset(n->upper, 0, sizeof(n->upper));
	p->near_used |= 1u << (n - p->near);
	return n;
}

static inline bool is_near(const struct va_pages *p, __u64 addr)
{
	unsigned i = addr >> CHUNK_SHIFT & (NEARS - 1);

	return p->near_used >> i & 1 && p->near[i].key == addr >> CHUNK_SHIFT;
}

/* The chunk that holds addr, made when missing, for writing. p is owned. */
static inline struct near *near(struct va_pages *p, __u64 addr)
{
	return is_near(p, addr) ? &p->near[addr >> CHUNK_SHIFT & (NEARS - 1)] : find_near(p, addr);
}

struct va_page va_pages_get(const struct va_pages *p, __u64 addr)
{
	const struct va_block *b = find(opened(p), addr);

	return b ? va_block_get(b, page_of(addr)) : (struct va_page){ .certainty = VA_PAGE_UNKNOWN, .level = 4 };
}

void va_pages_set(struct va_pages **pages, __u64 addr, const struct va_page *page)
{
	struct va_pages *p = page->level == 4 ? own_near(pages) : own(pages);
	__u64 size = va_level_size(page->level);

	if (page->level == 4) {
		va_block_set(block_for(p, addr), page_of(addr), page);
		return;
	}
	addr &= ~(size - 1);
	for (__u64 at = addr; at < addr + size; at += VA_BLOCK_SIZE)
		va_block_set_leaf(block_for(p, at), page);
}

void va_pages_set_entries(struct va_pages **pages, __u64 addr, const __u64 *entry, unsigned n, __u64 ts)
{
	struct va_pages *p = own_near(pages);

	for (unsigned i = 0, fit; i < n; i += fit) {
		unsigned page = page_of(addr + ((__u64)i << 12));
		struct near *at = near(p, addr + ((__u64)i << 12));

		fit = VA_CHUNK_PAGES - page % VA_CHUNK_PAGES;
		fit = fit < n - i ? fit : n - i;
		va_chunk_set_entries(at->block, at->chunk, page, &entry[i], fit, ts);
	}
}

/* A leaf is split only if it says that something is not there. */
static void derive_in_chunk(struct va_pages *p, __u64 addr, __u64 which, __u64 ts)
{
	const struct va_block *known = is_near(p, addr) ? NULL : find(p, addr);
	struct near *at = known && known->leaf && known->present ? NULL : near(p, addr);

	if (at && (which & ~at->chunk->present))
		va_chunk_derive(at->block, at->chunk, which, ts);
}

void va_pages_derive(struct va_pages **pages, __u64 base, unsigned which, __u64 ts)
{
	struct va_pages *p = which ? own_near(pages) : NULL;

	while (which) {
		unsigned skip = (unsigned)__builtin_ctz(which);
		__u64 addr = base + ((__u64)skip << 12);
		unsigned page = page_of(addr) % VA_CHUNK_PAGES, fit = VA_CHUNK_PAGES - page;
		__u32 part = fit < 32 ? which >> skip & ((1u << fit) - 1) : which >> skip;

		derive_in_chunk(p, addr, (__u64)part << page, ts);
		which &= ~(part << skip);
	}
}

/* The part of [start, end) within the block of slot i, as pages. */
static void part_of(const struct va_pages *p, size_t i, __u64 start, __u64 end, unsigned *first, unsigned *last)
{
	__u64 base = p->slots[i].key << VA_BLOCK_SHIFT;

	*first = start > base ? page_of(start) : 0;
	*last = end < base + VA_BLOCK_SIZE ? page_of(end) : 512;
}

__u64 va_pages_resident(const struct va_pages *p, __u64 start, __u64 end)
{
	__u64 n = 0;
	unsigned first, last;

	p = opened(p);
	for (size_t i = lower(p, start >> VA_BLOCK_SHIFT); i < p->count && p->slots[i].key << VA_BLOCK_SHIFT < end; i++) {
		part_of(p, i, start, end, &first, &last);
		n += va_block_count(p->slots[i].block, first, last);
	}
	return n;
}

__u64 va_pages_next(const struct va_pages *p, __u64 addr, __u64 end)
{
	unsigned first, last;

	p = opened(p);
	for (size_t i = lower(p, addr >> VA_BLOCK_SHIFT); i < p->count && p->slots[i].key << VA_BLOCK_SHIFT < end; i++) {
		part_of(p, i, addr, end, &first, &last);
		first = va_block_next(p->slots[i].block, first);
		if (first < last)
			return (p->slots[i].key << VA_BLOCK_SHIFT) + ((__u64)first << 12);
	}
	return end;
}

typedef bool (*each_fn)(void *ctx, __u64 addr, const struct va_page *page);

static bool each_in_block(const struct va_block *b, __u64 base, unsigned first, unsigned last, each_fn fn, void *ctx)
{
	for (unsigned page = first; page < last; page++) {
		const struct va_chunk *c = b->chunk[page / VA_CHUNK_PAGES];

		if (!c) {
			page |= VA_CHUNK_PAGES - 1;
			continue;
		}
		if (!(c->present >> page % VA_CHUNK_PAGES & 1))
			continue;
		struct va_page p = va_block_get(b, page);

		if (!fn(ctx, base + ((__u64)page << 12), &p))
			return false;
	}
	return true;
}

bool va_pages_each(const struct va_pages *p, __u64 start, __u64 end, each_fn fn, void *ctx)
{
	__u64 done = 0; /* end of the last leaf: one of 1 GiB covers many blocks */

	p = opened(p);
	for (size_t i = lower(p, start >> VA_BLOCK_SHIFT); i < p->count && p->slots[i].key << VA_BLOCK_SHIFT < end; i++) {
		const struct va_block *b = p->slots[i].block;
		__u64 base = p->slots[i].key << VA_BLOCK_SHIFT;
		unsigned first, last;

		part_of(p, i, start, end, &first, &last);
		if (!b->leaf) {
			if (!each_in_block(b, base, first, last, fn, ctx))
				return false;
		} else if (base >= done) {
			struct va_page page = va_block_get(b, 0);
			__u64 leaf = base & ~(va_level_size(b->leaf) - 1);

			done = leaf + va_level_size(b->leaf);
			if (page.present && !fn(ctx, leaf, &page))
				return false;
		}
	}
	return true;
}

static void clear_part(struct va_block *b, __u64 base, unsigned first, unsigned last, __u64 older, struct va_pages **moved)
{
	if (!moved && !b->leaf) {
		va_block_forget_older(b, first, last, older);
		return;
	}
	for (unsigned page = va_block_next(b, first); page < last; page = va_block_next(b, page + 1)) {
		struct va_page was = va_block_get(b, page);

		if (was.ts >= older)
			continue;
		va_block_forget(b, page); /* splits a leaf */
		if (moved && was.present) {
			was.entry = was.level == 3 ? va_entry_of_part(was.entry, page) : was.level == 4 ? was.entry : 0;
			was.level = 4;
			va_pages_set(moved, base + ((__u64)page << 12), &was);
		}
	}
}

static bool clear_block(struct va_block **slot, __u64 base, unsigned first, unsigned last, __u64 older, struct va_pages **moved)
{
	bool whole = first == 0 && last == 512;

	if (whole && (*slot)->leaf && (*slot)->ts < older) {
		struct va_page leaf = va_block_get(*slot, 0);

		if (moved && leaf.level == 3)
			va_pages_set(moved, base, &leaf);
		return true;
	}
	if (whole && older == ~0ull && !moved)
		return true;
	if (!va_block_any_older(*slot, first, last, older))
		return false;
	*slot = va_block_own(*slot);
	clear_part(*slot, base, first, last, older, moved);
	return whole && !(*slot)->resident && older == ~0ull;
}

void va_pages_clear(struct va_pages **pages, __u64 start, __u64 end, __u64 older, struct va_pages **moved)
{
	size_t i = lower(*pages, start >> VA_BLOCK_SHIFT), kept = i;

	if (i >= (*pages)->count || (*pages)->slots[i].key << VA_BLOCK_SHIFT >= end)
		return;
	struct va_pages *p = own_near(pages);

	for (; i < p->count && p->slots[i].key << VA_BLOCK_SHIFT < end; i++) {
		unsigned first, last;

		part_of(p, i, start, end, &first, &last);
		if (clear_block(&p->slots[i].block, p->slots[i].key << VA_BLOCK_SHIFT, first, last, older, moved)) {
			va_block_unref(p->slots[i].block);
			p->near_used = 0;
		} else {
			p->slots[kept++] = p->slots[i];
		}
	}
	memmove(&p->slots[kept], &p->slots[i], (p->count - i) * sizeof(*p->slots));
	p->count -= i - kept;
}

void va_pages_doubt(struct va_pages **pages, __u64 start, __u64 end, enum va_doubt_kind kind, __u64 ts)
{
	size_t i = lower(*pages, start >> VA_BLOCK_SHIFT);
	unsigned first, last;

	if (i >= (*pages)->count || (*pages)->slots[i].key << VA_BLOCK_SHIFT >= end)
		return;
	struct va_pages *p = own_near(pages);

	for (; i < p->count && p->slots[i].key << VA_BLOCK_SHIFT < end; i++) {
		part_of(p, i, start, end, &first, &last);
		p->slots[i].block = va_block_own(p->slots[i].block);
		va_block_doubt(p->slots[i].block, first, last, kind, ts);
	}
}

static __u64 upper_key(unsigned level, __u64 addr)
{
	return (__u64)level << 60 | (addr & ~(va_level_size(level) - 1)) >> 30;
}

static size_t upper_lower(const struct va_pages *p, __u64 key)
{
	size_t i = 0, n = p->upper_count;

	while (i < n) {
		size_t mid = i + (n - i) / 2;

		if (p->uppers[mid].key < key)
			i = mid + 1;
		else
			n = mid;
	}
	return i;
}

static void note_upper(struct va_pages **pages, __u64 key, __u64 entry, __u64 ts)
{
	size_t i = upper_lower(*pages, key);
	bool there = i < (*pages)->upper_count && (*pages)->uppers[i].key == key;

	if (there && (*pages)->uppers[i].entry == entry)
		return; /* the time of an unchanged upper entry is not worth a copy */
	struct va_pages *p = own(pages);

	if (!there) {
		p->uppers = va_grow(p->uppers, &p->upper_room, p->upper_count + 1, sizeof(*p->uppers));
		memmove(&p->uppers[i + 1], &p->uppers[i], (p->upper_count - i) * sizeof(*p->uppers));
		p->upper_count++;
	}
	p->uppers[i] = (struct upper){ key, entry, ts };
	p->noted[key >> 60].key = key;
	p->noted[key >> 60].entry = entry;
}

static __attribute__((noinline)) void note_uppers(struct va_pages **pages, unsigned levels, __u64 addr, const __u64 entry[3], __u64 ts)
{
	struct va_pages *p = *pages;

	for (unsigned level = 0; level < 3; level++) {
		/* With four levels the PGD stands where the P4D would. */
		__u64 e = levels == 4 && level < 2 ? entry[0] : entry[level], key = upper_key(level, addr);

		if ((levels == 4 && !level) || (p->noted[level].key == key && p->noted[level].entry == e) || !va_entry_present(e))
			continue;
		note_upper(pages, key, e, ts);
		p->noted[level].key = key;
		p->noted[level].entry = e;
	}
}

void va_pages_set_walk(struct va_pages **pages, unsigned levels, __u64 addr, const __u64 entry[VMATLAS_LEVELS], const struct va_page *page)
{
	struct va_pages *p = own_near(pages);
	struct near *at = near(p, addr);

	if (memcmp(at->upper, entry, sizeof(at->upper))) {
		note_uppers(pages, levels, addr, entry, page->ts);
		memcpy(at->upper, entry, sizeof(at->upper));
		p->near_used |= 1u << (at - p->near);
	}
	if (va_entry_present(entry[3]) && at->block->entry != entry[3]) {
		at->block->entry = entry[3];
		at->block->ts = page->ts;
	}
	va_chunk_set(at->block, at->chunk, page_of(addr) % VA_CHUNK_PAGES, page);
}

void va_pages_note_table(struct va_pages **pages, unsigned level, __u64 addr, __u64 entry, __u64 ts)
{
	if (level < 3)
		return note_upper(pages, upper_key(level, addr), entry, ts);
	const struct va_block *known = find(*pages, addr);

	if (level > 3 || (known && known->entry == entry))
		return;
	struct va_block *b = block_for(own_near(pages), addr);

	if (b->leaf)
		va_block_split(b);
	b->entry = entry;
	b->ts = ts;
}

__u64 va_pages_table(const struct va_pages *p, unsigned level, __u64 addr, __u64 *ts)
{
	p = opened(p);
	const struct va_block *b = level == 3 ? find(p, addr) : NULL;
	__u64 key = upper_key(level, addr), entry = b ? b->entry : 0, when = b ? b->ts : 0;
	size_t i = level < 3 ? upper_lower(p, key) : p->upper_count;

	if (b && b->leaf == 2)
		entry = when = 0;
	if (i < p->upper_count && p->uppers[i].key == key) {
		entry = p->uppers[i].entry;
		when = p->uppers[i].ts;
	}
	if (ts)
		*ts = when;
	return entry;
}

/* Slots [*i, *end) whose reach lies wholly in [floor, ceiling). */
static void slots_within(const struct va_pages *p, __u64 floor, __u64 ceiling, size_t *i, size_t *end)
{
	*i = lower(p, (floor + VA_BLOCK_SIZE - 1) >> VA_BLOCK_SHIFT);
	*end = lower(p, ceiling >> VA_BLOCK_SHIFT);
}

/* The same of the entries of one level; false: too small for a whole table. */
static bool uppers_within(const struct va_pages *p, unsigned level, __u64 floor, __u64 ceiling, size_t *i, size_t *end)
{
	__u64 size = va_level_size(level), first = upper_key(level, floor + size - 1), last = upper_key(level, ceiling);

	if (first >= last)
		return false;
	*i = upper_lower(p, first);
	*end = upper_lower(p, last);
	return true;
}

static void free_slots(struct va_pages **pages, __u64 floor, __u64 ceiling)
{
	size_t i, end;

	if ((floor + VA_BLOCK_SIZE - 1) >> VA_BLOCK_SHIFT >= ceiling >> VA_BLOCK_SHIFT)
		return; /* the usual: too small a gap for a whole table */
	slots_within(*pages, floor, ceiling, &i, &end);
	if (i >= end)
		return;
	struct va_pages *p = own(pages);

	for (size_t k = i; k < end; k++)
		va_block_unref(p->slots[k].block);
	memmove(&p->slots[i], &p->slots[end], (p->count - end) * sizeof(*p->slots));
	p->count -= end - i;
}

void va_pages_free_tables(struct va_pages **pages, __u64 floor, __u64 ceiling)
{
	free_slots(pages, floor, ceiling);
	for (unsigned level = 3; level--;) {
		size_t i, end;

		if (!uppers_within(*pages, level, floor, ceiling, &i, &end))
			return; /* nor for one above */
		if (i >= end)
			continue;
		struct va_pages *p = own(pages);

		memmove(&p->uppers[i], &p->uppers[end], (p->upper_count - end) * sizeof(*p->uppers));
		p->upper_count -= end - i;
		p->noted[level].key = 0;
	}
}

/* Surely: of a fork's child it may not be known whether it got the pages. */
static bool holds_entries(const struct va_block *b)
{
	for (unsigned page = va_block_next(b, 0); page < 512; page = va_block_next(b, page + 1)) {
		struct va_page p = va_block_get(b, page);

		if (p.certainty != VA_PAGE_UNKNOWN && (p.entry || p.present))
			return true;
	}
	return false;
}

bool va_pages_each_block(const struct va_pages *p, __u64 start, __u64 end, bool (*fn)(void *ctx, const struct va_block_facts *block), void *ctx)
{
	p = opened(p);
	for (size_t i = lower(p, start >> VA_BLOCK_SHIFT); i < p->count && p->slots[i].key << VA_BLOCK_SHIFT < end; i++) {
		const struct va_block *b = p->slots[i].block;
		struct va_block_facts f = { p->slots[i].key << VA_BLOCK_SHIFT, b->entry, b->ts, b->leaf, b->resident, !b->leaf && holds_entries(b) };

		if (!fn(ctx, &f))
			return false;
	}
	return true;
}

bool va_pages_each_upper(const struct va_pages *p, unsigned level, bool (*fn)(void *ctx, __u64 addr, __u64 entry, __u64 ts), void *ctx)
{
	p = opened(p);
	for (size_t i = upper_lower(p, (__u64)level << 60); i < p->upper_count && p->uppers[i].key >> 60 == level; i++)
		if (!fn(ctx, p->uppers[i].key << 30 & ((1ull << 57) - 1), p->uppers[i].entry, p->uppers[i].ts))
			return false;
	return true;
}
