#include "pageblock.h"

#include <stdlib.h>
#include <string.h>

#include "spare.h"
#include "walk.h"

size_t va_pages_bytes;

static void account(long bytes)
{
	__atomic_fetch_add(&va_pages_bytes, (size_t)bytes, __ATOMIC_RELAXED);
}

size_t va_pages_memory(void)
{
	return __atomic_load_n(&va_pages_bytes, __ATOMIC_RELAXED);
}

static struct va_chunk *chunk_new(void)
{
	struct va_chunk *c = va_spare_take(VA_SPARE_CHUNK, sizeof(*c));

	c->refs = 1;
	c->known = c->present = 0;
	account(sizeof(*c));
	return c;
}

static void chunk_unref(struct va_chunk *c)
{
	if (!c || __atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL))
		return;
	account(-(long)sizeof(*c));
	va_spare_give(VA_SPARE_CHUNK, c);
}

static struct va_chunk *chunk_own(struct va_chunk *c)
{
	if (__atomic_load_n(&c->refs, __ATOMIC_ACQUIRE) == 1)
		return c;
	struct va_chunk *copy = chunk_new();

	memcpy(copy, c, sizeof(*c));
	copy->refs = 1;
	chunk_unref(c);
	return copy;
}

void va_block_drop_chunk(struct va_block *b, unsigned k)
{
	chunk_unref(b->chunk[k]);
	b->chunk[k] = NULL;
}

struct va_block *va_block_new(void)
{
	struct va_block *b = va_spare_take(VA_SPARE_BLOCK, sizeof(*b));

	*b = (struct va_block){ .refs = 1 };
	account(sizeof(*b));
	return b;
}

void va_block_unref(struct va_block *b)
{
	if (!b || __atomic_sub_fetch(&b->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (unsigned i = 0; i < VA_BLOCK_CHUNKS; i++)
		__builtin_prefetch(b->chunk[i]);
	for (unsigned i = 0; i < VA_BLOCK_CHUNKS; i++)
		chunk_unref(b->chunk[i]);
	account(-(long)sizeof(*b));
	va_spare_give(VA_SPARE_BLOCK, b);
}

struct va_block *va_block_own(struct va_block *b)
{
	if (__atomic_load_n(&b->refs, __ATOMIC_ACQUIRE) == 1)
		return b;
	struct va_block *copy = va_block_new();

	*copy = *b;
	copy->refs = 1;
	for (unsigned i = 0; i < VA_BLOCK_CHUNKS; i++)
		if (copy->chunk[i])
			__atomic_add_fetch(&copy->chunk[i]->refs, 1, __ATOMIC_RELAXED);
	va_block_unref(b);
	return copy;
}

struct va_page va_block_get(const struct va_block *b, unsigned page)
{
	const struct va_chunk *c = b->chunk[page / VA_CHUNK_PAGES];
	unsigned i = page % VA_CHUNK_PAGES;

	if (b->leaf)
		return (struct va_page){ .entry = b->entry, .ts = b->ts, .certainty = b->certainty, .level = b->leaf, .present = b->present };
	if (!c || !(c->known >> i & 1))
		return (struct va_page){ .certainty = VA_PAGE_UNKNOWN, .level = 4 };
	return (struct va_page){ .entry = c->entry[i], .ts = c->ts[i], .certainty = c->certainty[i], .level = 4,
				 .present = c->present >> i & 1 };
}

static struct va_chunk *chunk_for(struct va_block *b, unsigned page)
{
	struct va_chunk **slot = &b->chunk[page / VA_CHUNK_PAGES];

	return *slot = *slot ? chunk_own(*slot) : chunk_new();
}

struct va_chunk *va_block_chunk(struct va_block *b, unsigned page)
{
	if (b->leaf)
		va_block_split(b);
	return chunk_for(b, page);
}

void va_block_set(struct va_block *b, unsigned page, const struct va_page *p)
{
	va_chunk_set(b, va_block_chunk(b, page), page % VA_CHUNK_PAGES, p);
}

void va_chunk_set_entries(struct va_block *b, struct va_chunk *c, unsigned page, const __u64 *entry, unsigned n, __u64 ts)
{
	unsigned first = page % VA_CHUNK_PAGES;
	__u64 which = ((1ull << n) - 1) << first, present = 0;

	for (unsigned i = 0; i < n; i++) {
		c->entry[first + i] = entry[i];
		c->ts[first + i] = ts;
		c->certainty[first + i] = entry[i] ? VA_PAGE_SEEN : VA_PAGE_ABSENT;
		present |= (__u64)va_entry_present(entry[i]) << (first + i);
	}
	if ((c->present & which) != present)
		b->resident += (unsigned)__builtin_popcountll(present) - (unsigned)__builtin_popcountll(c->present & which);
	c->known |= which;
	c->present = (c->present & ~which) | present;
}

void va_chunk_derive(struct va_block *b, struct va_chunk *c, __u64 which, __u64 ts)
{
	__u64 bits = which & ~c->present;

	b->resident += (unsigned)__builtin_popcountll(bits);
	c->known |= bits;
	c->present |= bits;
	for (; bits; bits &= bits - 1) {
		unsigned i = (unsigned)__builtin_ctzll(bits);

		c->entry[i] = 0;
		c->ts[i] = ts;
		c->certainty[i] = VA_PAGE_DERIVED;
	}
}

void va_block_set_leaf(struct va_block *b, const struct va_page *p)
{
	for (unsigned i = 0; i < VA_BLOCK_CHUNKS; i++) {
		chunk_unref(b->chunk[i]);
		b->chunk[i] = NULL;
	}
	b->leaf = p->entry || p->present ? p->level : 0;
	b->present = p->present;
	b->resident = p->present ? 512 : 0;
	b->certainty = p->certainty;
	b->entry = p->entry;
	b->ts = p->ts;
}

void va_block_split(struct va_block *b)
{
	struct va_page p = { .ts = b->ts, .certainty = VA_PAGE_DERIVED, .level = 4, .present = b->present };
	bool pmd = b->leaf == 3 && b->present;
	__u64 entry = b->entry;

	if (!b->leaf)
		return;
	b->leaf = 0;
	b->resident = 0;
	b->entry = b->ts = 0;
	for (unsigned i = 0; i < 512; i++) {
		p.entry = pmd ? va_entry_of_part(entry, i) : 0;
		va_block_set(b, i, &p);
	}
}

void va_block_forget(struct va_block *b, unsigned page)
{
	if (b->leaf)
		va_block_split(b);
	if (!b->chunk[page / VA_CHUNK_PAGES])
		return;
	struct va_chunk *c = chunk_for(b, page);
	unsigned i = page % VA_CHUNK_PAGES;

	va_chunk_set_present(b, c, i, false);
	c->known &= ~(1ull << i);
}

/* Bits of the pages of chunk k that are in [first, last). */
static __u64 bits_within(unsigned k, unsigned first, unsigned last)
{
	unsigned base = k * VA_CHUNK_PAGES, from = first > base ? first - base : 0, to = last - base < VA_CHUNK_PAGES ? last - base : VA_CHUNK_PAGES;

	return (1ull << to) - (1ull << from);
}

static __u64 older_ones(const struct va_chunk *c, __u64 which, __u64 older)
{
	__u64 found = 0;

	for (which &= c->known; which; which &= which - 1) {
		unsigned i = (unsigned)__builtin_ctzll(which);

		found |= (__u64)(c->ts[i] < older) << i;
	}
	return found;
}

bool va_block_any_older(const struct va_block *b, unsigned first, unsigned last, __u64 older)
{
	if (b->leaf)
		return first < last && b->ts < older;
	for (unsigned k = first / VA_CHUNK_PAGES; k * VA_CHUNK_PAGES < last; k++)
		if (b->chunk[k] && older_ones(b->chunk[k], bits_within(k, first, last), older))
			return true;
	return false;
}

void va_block_forget_older(struct va_block *b, unsigned first, unsigned last, __u64 older)
{
	for (unsigned k = first / VA_CHUNK_PAGES; k * VA_CHUNK_PAGES < last; k++) {
		__u64 which = b->chunk[k] ? older_ones(b->chunk[k], bits_within(k, first, last), older) : 0;

		if (!which)
			continue;
		struct va_chunk *c = chunk_for(b, k * VA_CHUNK_PAGES);

		if (c->present & which)
			b->resident -= (unsigned)__builtin_popcountll(c->present & which);
		c->known &= ~which;
		c->present &= ~which;
	}
}

unsigned va_block_count(const struct va_block *b, unsigned first, unsigned end)
{
	unsigned n = 0;

	if (b->leaf)
		return b->present ? end - first : 0;
	if (first == 0 && end == 512)
		return b->resident;
	for (unsigned page = first; page < end;) {
		unsigned i = page % VA_CHUNK_PAGES, step = VA_CHUNK_PAGES - i;
		const struct va_chunk *c = b->chunk[page / VA_CHUNK_PAGES];

		if (step > end - page)
			step = end - page;
		__u64 mask = (step == 64 ? ~0ull : (1ull << step) - 1) << i;

		n += c ? (unsigned)__builtin_popcountll(c->present & mask) : 0;
		page += step;
	}
	return n;
}

unsigned va_block_next(const struct va_block *b, unsigned page)
{
	while (!b->leaf && page < 512) {
		const struct va_chunk *c = b->chunk[page / VA_CHUNK_PAGES];
		__u64 known = c ? c->known >> page % VA_CHUNK_PAGES : 0;

		if (known)
			return page + (unsigned)__builtin_ctzll(known);
		page = (page | (VA_CHUNK_PAGES - 1)) + 1;
	}
	return page;
}

/* False: it is as sure as before. */
static bool doubt_page(struct va_page *p, enum va_doubt_kind kind)
{
	bool entries = kind == VA_DOUBT_SWAP || kind == VA_DOUBT_ALL;

	if (kind == VA_DOUBT_SWAP ? p->present || !p->entry : !entries && !p->present)
		return false;
	if (!entries && p->certainty == VA_PAGE_UNKNOWN)
		return false;
	p->certainty = entries ? VA_PAGE_UNKNOWN : VA_PAGE_DERIVED;
	if (kind == VA_DOUBT_READONLY)
		p->entry = va_entry_readonly(p->entry);
	return true;
}

void va_block_doubt(struct va_block *b, unsigned first, unsigned last, enum va_doubt_kind kind, __u64 ts)
{
	bool leaf = b->leaf && first == 0 && last == 512;

	for (unsigned page = va_block_next(b, first); page < last; page = va_block_next(b, page + 1)) {
		struct va_page p = va_block_get(b, page);

		if (p.ts > ts || !doubt_page(&p, kind))
			continue;
		if (leaf) {
			va_block_set_leaf(b, &p);
			return;
		}
		if (p.level != 4)
			p.entry = p.level == 3 ? va_entry_of_part(p.entry, page) : 0;
		p.level = 4;
		va_block_set(b, page, &p);
	}
}
