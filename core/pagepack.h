/*
 * Pages in few bytes, for checkpoints: most are never looked at again. Of a page is told what is not as with the one before it: a frame near by, the same bits, the same moment. For memory
 * only; every field comes back as it was.
 */
#ifndef VA_PAGEPACK_H
#define VA_PAGEPACK_H

#include "pages.h"

struct va_packed {
	__u8 *byte; /* owned */
	size_t count, room;
};

/* The chunks of a set that nobody else has go, and stand behind to->count; until they are back, nothing may be asked of the set, and only copies of it be changed. */
void va_pages_pack(struct va_pages *pages, struct va_packed *to);
/* They come back into a copy of the set as it was then, in the order in which they were packed: `bytes` of one or more calls. */
void va_pages_unpack(struct va_pages **pages, const __u8 *packed, size_t bytes);

void va_packed_account(long bytes); /* so many more are kept: va_pages_memory() */

#endif
