#include "shelf.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

#define BLOCK VA_SHELF_BLOCK

static size_t blocks(const struct va_shelf *s)
{
	return (s->count + BLOCK - 1) / BLOCK;
}

static void unref(const struct va_shelf *s, struct va_shelf_block *b)
{
	if (__atomic_sub_fetch(&b->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (unsigned i = 0; i < b->count; i++)
		s->drop(b->thing[i]);
	free(b);
}

void va_shelf_free(struct va_shelf *s)
{
	for (size_t i = 0; i < blocks(s); i++)
		unref(s, s->block[i]);
	free(s->block);
	s->block = NULL;
	s->count = s->room = 0;
}

void va_shelf_copy(struct va_shelf *to, const struct va_shelf *from)
{
	*to = *from;
	to->room = 0;
	to->block = va_grow(NULL, &to->room, blocks(from), sizeof(*to->block));
	for (size_t i = 0; i < blocks(from); i++) {
		to->block[i] = from->block[i];
		__atomic_add_fetch(&to->block[i]->refs, 1, __ATOMIC_RELAXED);
	}
}

void *va_shelf_at(const struct va_shelf *s, size_t i)
{
	return s->block[i / BLOCK]->thing[i % BLOCK];
}

struct va_shelf_block *va_shelf_own_block(struct va_shelf *s, size_t i)
{
	struct va_shelf_block **slot = &s->block[i / BLOCK], *b = *slot;

	if (__atomic_load_n(&b->refs, __ATOMIC_ACQUIRE) == 1)
		return b;
	struct va_shelf_block *copy = va_alloc_raw(sizeof(*copy));

	memcpy(copy, b, sizeof(*copy));
	copy->refs = 1;
	for (unsigned k = 0; k < copy->count; k++)
		s->hold(copy->thing[k]);
	unref(s, b);
	return *slot = copy;
}

void va_shelf_put_block(struct va_shelf *s, size_t k, struct va_shelf_block *b)
{
	__atomic_add_fetch(&b->refs, 1, __ATOMIC_RELAXED);
	unref(s, s->block[k]);
	s->block[k] = b;
}

void va_shelf_add(struct va_shelf *s, void *thing)
{
	if (s->count % BLOCK == 0) {
		s->block = va_grow(s->block, &s->room, blocks(s) + 1, sizeof(*s->block));
		s->block[blocks(s)] = va_alloc(sizeof(struct va_shelf_block));
		s->block[blocks(s)]->refs = 1;
	}
	struct va_shelf_block *b = va_shelf_own_block(s, s->count);

	b->thing[b->count++] = thing;
	s->count++;
}
