/*
 * Numbers → smaller numbers, as va_idmap, for what is copied with each checkpoint: a copy costs nothing, and what is set afterwards a few nodes of 16. Made for ids that are given out one
 * after the other (maps, threads); others are found as well, and take more memory.
 */
#ifndef VA_NUMBERS_H
#define VA_NUMBERS_H

#include <linux/types.h>

#include "idmap.h"

struct va_numbers {
	struct va_numbers_node *root; /* shared between copies */
	unsigned levels;              /* ids below 16^levels are there */
};

void va_numbers_free(struct va_numbers *n);
void va_numbers_copy(struct va_numbers *to, const struct va_numbers *from); /* to is overwritten */

__u32 va_numbers_get(const struct va_numbers *n, __u32 id); /* VA_IDMAP_NONE = not there */
void va_numbers_set(struct va_numbers *n, __u32 id, __u32 value); /* value < VA_IDMAP_NONE */

#endif
