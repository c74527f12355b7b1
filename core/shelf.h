/*
 * An array of things with reference counts, shared between copies in blocks of 64: a copy of the array costs a 64th of its length, and a block is copied when one of
 * its things is to be written. Part of the model: of 100,000 processes and maps few change between two checkpoints.
 */
#ifndef VA_SHELF_H
#define VA_SHELF_H

#include <stdbool.h>
#include <stddef.h>

#define VA_SHELF_BLOCK 64

struct va_shelf_block {
	unsigned refs, count;
	void *thing[VA_SHELF_BLOCK];
};

struct va_shelf {
	struct va_shelf_block **block;
	size_t count, room;
	void (*hold)(void *thing); /* one more block has it */
	void (*drop)(void *thing); /* one less */
};

void va_shelf_free(struct va_shelf *shelf);
void va_shelf_copy(struct va_shelf *to, const struct va_shelf *from); /* to is overwritten */

void *va_shelf_at(const struct va_shelf *shelf, size_t i); /* i < count */
static inline bool va_shelf_shared(const struct va_shelf *shelf, size_t i) /* another array has its block, too */
{
	return __atomic_load_n(&shelf->block[i / VA_SHELF_BLOCK]->refs, __ATOMIC_ACQUIRE) != 1;
}

/* The thing's place, in a block that no other array has: the thing itself may still be in other blocks (its count says so). */
struct va_shelf_block *va_shelf_own_block(struct va_shelf *shelf, size_t i);
static inline void **va_shelf_own(struct va_shelf *shelf, size_t i)
{
	struct va_shelf_block *b = shelf->block[i / VA_SHELF_BLOCK];

	if (__builtin_expect(va_shelf_shared(shelf, i), 0))
		b = va_shelf_own_block(shelf, i);
	return &b->thing[i % VA_SHELF_BLOCK];
}
/* A block in place of one that is as full: both arrays have it then. */
void va_shelf_put_block(struct va_shelf *shelf, size_t k, struct va_shelf_block *block);
void va_shelf_add(struct va_shelf *shelf, void *thing); /* the caller's reference goes over */

#endif
