/* Records by number: chunks of 16,384, the older ones packed column by column, a few unpacked at a time. Part of the history. */
#ifndef VA_STORE_H
#define VA_STORE_H

#include <stddef.h>

#include "vmatlas/wire.h"

struct va_store;

struct va_store *va_store_new(void);
void va_store_free(struct va_store *store);

void va_store_append(struct va_store *store, const struct vmatlas_record *rec, __u32 cpu);
size_t va_store_count(const struct va_store *store);
size_t va_store_memory(const struct va_store *store); /* bytes that records take, packed or not */
/* Records before i are given up, but for those in its chunk; numbers stay as they are. */
void va_store_drop(struct va_store *store, size_t i);
/* i < count; cpu may be NULL. One that was given up comes back as a record of no type. Valid until the next call on the store. */
const struct vmatlas_record *va_store_get(struct va_store *store, size_t i, __u32 *cpu);

__u64 va_store_end(const struct va_store *store); /* the largest ts so far */
size_t va_store_find_time(struct va_store *store, __u64 ts); /* how many records come before the first later than ts */

/* The first i' >= i (the last i' <= i) that was not given up and whose chunk has a record of that type (0 = any); count ((size_t)-1) = none. */
size_t va_store_skip(const struct va_store *store, size_t i, unsigned type);
size_t va_store_skip_back(const struct va_store *store, size_t i, unsigned type);

#endif
