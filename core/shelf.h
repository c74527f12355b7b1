/*
 * An array of things with reference counts, shared between copies in blocks of 64: a copy of the array costs a 64th of its length, and a block is copied when one of
 * its things is to be written. Part of the model: of 100,000 processes and maps few change between two checkpoints.
 */
#ifndef VA_SHELF_H
#define VA_SHELF_H

#include <stddef.h>

struct va_shelf_block;

struct va_shelf {
	struct va_shelf_block **block;
	size_t count, room;
	void (*hold)(void *thing); /* one more block has it */
	void (*drop)(void *thing); /* one less */
};

void va_shelf_free(struct va_shelf *shelf);
void va_shelf_copy(struct va_shelf *to, const struct va_shelf *from); /* to is overwritten */

void *va_shelf_at(const struct va_shelf *shelf, size_t i); /* i < count */
/* The thing's place, in a block that no other array has: the thing itself may still be in other blocks (its count says so). */
void **va_shelf_own(struct va_shelf *shelf, size_t i);
void va_shelf_add(struct va_shelf *shelf, void *thing); /* the caller's reference goes over */

#endif
