#include "vmablocks.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

#define MOST 128 /* VMAs of a block … */
#define FILL 96  /* … when it is made of more than one block can hold … */
#define LEAST 32 /* … and below that it is joined with a neighbour */

struct block {
	unsigned refs, count;
	struct va_vma vma[MOST];
};

struct leaf {
	__u64 end;    /* of its last VMA */
	size_t first; /* index of its first */
	struct block *block;
};

struct va_vmablocks {
	struct leaf *leaf;
	size_t count, room, vmas;
	size_t near, at; /* leaf of the last answer, and its place there: most questions are about the same place again. Readers of several threads set them, so atomic */
};

static void drop(struct block *block)
{
	if (!__atomic_sub_fetch(&block->refs, 1, __ATOMIC_ACQ_REL))
		free(block);
}

static struct block *make(const struct va_vma *vma, size_t n)
{
	struct block *block = va_alloc_raw(sizeof(*block));

	block->refs = 1;
	block->count = (unsigned)n;
	memcpy(block->vma, vma, n * sizeof(*vma));
	return block;
}

/* Leaves from l on: where they begin. */
static void number(struct va_vmablocks *b, size_t l)
{
	size_t first = l ? b->leaf[l - 1].first + b->leaf[l - 1].block->count : 0;

	for (; l < b->count; l++) {
		b->leaf[l].first = first;
		first += b->leaf[l].block->count;
	}
	b->vmas = first;
}

/* Leaves [l0, l1) := blocks of vma[0..n). */
static void put_leaves(struct va_vmablocks *b, size_t l0, size_t l1, const struct va_vma *vma, size_t n)
{
	size_t k = n <= MOST ? n > 0 : (n + FILL - 1) / FILL, used = 0;

	for (size_t l = l0; l < l1; l++)
		drop(b->leaf[l].block);
	b->leaf = va_grow(b->leaf, &b->room, b->count - (l1 - l0) + k, sizeof(*b->leaf));
	memmove(&b->leaf[l0 + k], &b->leaf[l1], (b->count - l1) * sizeof(*b->leaf));
	b->count = b->count - (l1 - l0) + k;
	for (size_t i = 0; i < k; i++) {
		size_t end = n * (i + 1) / k;

		b->leaf[l0 + i] = (struct leaf){ .end = vma[end - 1].end, .block = make(vma + used, end - used) };
		used = end;
	}
	number(b, l0);
}

struct va_vmablocks *va_vmablocks_new(const struct va_vma *vma, size_t n)
{
	struct va_vmablocks *b = va_alloc(sizeof(*b));

	put_leaves(b, 0, 0, vma, n);
	return b;
}

struct va_vmablocks *va_vmablocks_copy(const struct va_vmablocks *b)
{
	struct va_vmablocks *copy = va_alloc(sizeof(*copy));

	copy->leaf = va_grow(NULL, &copy->room, b->count + 8, sizeof(*copy->leaf));
	memcpy(copy->leaf, b->leaf, b->count * sizeof(*copy->leaf));
	copy->count = b->count;
	copy->vmas = b->vmas;
	for (size_t l = 0; l < b->count; l++)
		__atomic_add_fetch(&b->leaf[l].block->refs, 1, __ATOMIC_RELAXED);
	return copy;
}

void va_vmablocks_free(struct va_vmablocks *b)
{
	if (!b)
		return;
	for (size_t l = 0; l < b->count; l++)
		drop(b->leaf[l].block);
	free(b->leaf);
	free(b);
}

static size_t leaf_end(const struct va_vmablocks *b, size_t l)
{
	return l + 1 < b->count ? b->leaf[l + 1].first : b->vmas;
}

static bool holds(const struct va_vmablocks *b, size_t l, size_t i)
{
	return l < b->count && i >= b->leaf[l].first && i < leaf_end(b, l);
}

static void remember(const struct va_vmablocks *b, size_t l)
{
	__atomic_store_n(&((struct va_vmablocks *)b)->near, l, __ATOMIC_RELAXED);
}

/* The leaf of VMA i. */
static size_t leaf_of(const struct va_vmablocks *b, size_t i)
{
	size_t near = __atomic_load_n(&b->near, __ATOMIC_RELAXED), lo = 0, hi = b->count;

	if (holds(b, near, i))
		return near;
	if (holds(b, near + 1, i) || holds(b, near - 1, i)) {
		lo = holds(b, near + 1, i) ? near + 1 : near - 1;
		remember(b, lo);
		return lo;
	}
	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (b->leaf[mid].first <= i)
			lo = mid;
		else
			hi = mid;
	}
	remember(b, lo);
	return lo;
}

const struct va_vma *va_vmablocks_at(const struct va_vmablocks *b, size_t i)
{
	const struct leaf *leaf = &b->leaf[leaf_of(b, i)];

	return &leaf->block->vma[i - leaf->first];
}

static bool leaf_is_lower(const struct va_vmablocks *b, size_t l, __u64 addr)
{
	return l < b->count && b->leaf[l].end > addr && (!l || b->leaf[l - 1].end <= addr);
}

/* The first leaf that ends above addr; count = none. */
static size_t lower_leaf(const struct va_vmablocks *b, __u64 addr)
{
	size_t lo = __atomic_load_n(&b->near, __ATOMIC_RELAXED), hi = b->count;

	if (leaf_is_lower(b, lo, addr))
		return lo;
	lo = 0;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (b->leaf[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	remember(b, lo);
	return lo;
}

static bool is_lower(const struct block *block, size_t i, __u64 addr)
{
	return i < block->count && block->vma[i].end > addr && (!i || block->vma[i - 1].end <= addr);
}

size_t va_vmablocks_lower(const struct va_vmablocks *b, __u64 addr)
{
	size_t l = lower_leaf(b, addr), lo = __atomic_load_n(&b->at, __ATOMIC_RELAXED), hi;

	if (l == b->count)
		return b->vmas;
	const struct block *block = b->leaf[l].block;

	if (is_lower(block, lo, addr))
		return b->leaf[l].first + lo;
	hi = block->count - 1; /* the last one is above */
	if (lo && is_lower(block, lo - 1, addr)) /* who goes through all asks for the next one, up or down */
		hi = --lo;
	else if (is_lower(block, lo + 1, addr))
		hi = ++lo;
	else
		lo = 0;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (block->vma[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	__atomic_store_n(&((struct va_vmablocks *)b)->at, lo, __ATOMIC_RELAXED);
	return b->leaf[l].first + lo;
}

static struct block *own(struct va_vmablocks *b, size_t l)
{
	struct block *block = b->leaf[l].block;

	if (__atomic_load_n(&block->refs, __ATOMIC_ACQUIRE) == 1)
		return block;
	b->leaf[l].block = make(block->vma, block->count);
	drop(block);
	return b->leaf[l].block;
}

struct va_vma *va_vmablocks_edit(struct va_vmablocks *b, size_t i)
{
	size_t l = leaf_of(b, i);

	return &own(b, l)->vma[i - b->leaf[l].first];
}

/* Within one block: [from, to) := with[0..n). */
static void splice_block(struct va_vmablocks *b, size_t l, size_t from, size_t to, const struct va_vma *with, size_t n)
{
	struct block *block = own(b, l);

	memmove(&block->vma[from + n], &block->vma[to], (block->count - to) * sizeof(*with));
	if (n)
		memcpy(&block->vma[from], with, n * sizeof(*with));
	block->count = (unsigned)(block->count - (to - from) + n);
	b->leaf[l].end = block->vma[block->count - 1].end;
	number(b, l);
}

/* Appends to out; where it ends. */
static struct va_vma *append(struct va_vma *out, const struct va_vma *vma, size_t n)
{
	if (n)
		memcpy(out, vma, n * sizeof(*vma));
	return out + n;
}

void va_vmablocks_splice(struct va_vmablocks *b, size_t first, size_t end, const struct va_vma *with, size_t n)
{
	size_t l0 = leaf_of(b, first < b->vmas ? first : b->vmas - 1), l1 = end > first ? leaf_of(b, end - 1) : l0;
	size_t from = first - b->leaf[l0].first, to = end - b->leaf[l1].first, rest = b->leaf[l1].block->count - to, total = from + n + rest;

	if (l0 == l1 && total <= MOST && total >= LEAST) {
		splice_block(b, l0, from, to, with, n);
		return;
	}
	size_t below = total < LEAST && l0 ? l0 - 1 : l0, above = total < LEAST && l0 == below && l1 + 1 < b->count ? l1 + 1 : l1;
	struct va_vma *all = va_alloc_raw((total + 2 * MOST) * sizeof(*all)), *at = all;

	if (below < l0)
		at = append(at, b->leaf[below].block->vma, b->leaf[below].block->count);
	at = append(at, b->leaf[l0].block->vma, from);
	at = append(at, with, n);
	at = append(at, b->leaf[l1].block->vma + to, rest);
	if (above > l1)
		at = append(at, b->leaf[above].block->vma, b->leaf[above].block->count);
	put_leaves(b, below, above + 1, all, (size_t)(at - all));
	free(all);
}

void va_vmablocks_flatten(const struct va_vmablocks *b, struct va_vma *out)
{
	for (size_t l = 0; l < b->count; l++)
		out = append(out, b->leaf[l].block->vma, b->leaf[l].block->count);
}
