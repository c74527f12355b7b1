/*
 * Things of a few sizes that come and go by the thousand: what a thread gave back last it takes first, without malloc(), which keeps no more than seven of
 * a size at hand. At most VA_SPARE_MOST are kept, and none in a program that watches its memory (ASan): there each is malloc()'s.
 */
#ifndef VA_SPARE_H
#define VA_SPARE_H

#include <stddef.h>

#define VA_SPARE_MOST 4096 /* of a kind and a thread: 2.3 MB of chunks of pages */

enum va_spare_kind { VA_SPARE_CHUNK, VA_SPARE_BLOCK, VA_SPARE_PENDING, VA_SPARE_KINDS }; /* each has one size */

void *va_spare_take(enum va_spare_kind kind, size_t bytes); /* not cleared */
void va_spare_give(enum va_spare_kind kind, void *thing);

#endif
