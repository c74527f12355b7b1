/*
 * 64-bit ids → small numbers (indexes into somebody's array). Grow-only, open addressing. Two tables: the large one is shared between copies and never changes, what
 * is newer stands in a small one of each copy; when that grows, both become a new large one. So a copy costs little however many ids there are.
 */
#ifndef VA_IDMAP_H
#define VA_IDMAP_H

#include <stddef.h>

#include <linux/types.h>

#define VA_IDMAP_NONE 0xffffffffu

struct va_idmap_table {
	struct va_idmap_slot *slots; /* NULL while empty */
	size_t used, room;           /* room is a power of two */
};

struct va_idmap {
	struct va_idmap_table newer;  /* asked first */
	struct va_idmap_shared *older; /* NULL: none */
};

void va_idmap_free(struct va_idmap *map);
void va_idmap_copy(struct va_idmap *to, const struct va_idmap *from); /* to is overwritten */

__u32 va_idmap_get(const struct va_idmap *map, __u64 id); /* VA_IDMAP_NONE = not there */
void va_idmap_set(struct va_idmap *map, __u64 id, __u32 value); /* value < VA_IDMAP_NONE */

#endif
