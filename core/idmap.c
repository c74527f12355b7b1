#include "idmap.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

struct va_idmap_slot {
	__u64 id;
	__u32 taken; /* value + 1; 0 = free */
};

/* splitmix64's finalizer: ids are counters, pids or somebody's hashes. */
static size_t hash(__u64 x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ull;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebull;
	return (size_t)(x ^ x >> 31);
}

void va_idmap_free(struct va_idmap *map)
{
	free(map->slots);
	memset(map, 0, sizeof(*map));
}

void va_idmap_copy(struct va_idmap *to, const struct va_idmap *from)
{
	*to = *from;
	if (!from->slots)
		return;
	to->slots = va_alloc_raw(from->room * sizeof(*to->slots));
	memcpy(to->slots, from->slots, from->room * sizeof(*to->slots));
}

/* The slot of id, or the free one where it would go. */
static struct va_idmap_slot *slot_of(const struct va_idmap *map, __u64 id)
{
	size_t i = hash(id) & (map->room - 1);

	while (map->slots[i].taken && map->slots[i].id != id)
		i = (i + 1) & (map->room - 1);
	return &map->slots[i];
}

__u32 va_idmap_get(const struct va_idmap *map, __u64 id)
{
	return map->room ? slot_of(map, id)->taken - 1 : VA_IDMAP_NONE;
}

static void enlarge(struct va_idmap *map)
{
	struct va_idmap bigger = { .room = map->room ? map->room * 2 : 16, .used = map->used };

	bigger.slots = va_alloc(bigger.room * sizeof(*bigger.slots));
	for (size_t i = 0; i < map->room; i++)
		if (map->slots[i].taken)
			*slot_of(&bigger, map->slots[i].id) = map->slots[i];
	free(map->slots);
	*map = bigger;
}

void va_idmap_set(struct va_idmap *map, __u64 id, __u32 value)
{
	if (map->used * 4 >= map->room * 3)
		enlarge(map);
	struct va_idmap_slot *slot = slot_of(map, id);

	if (!slot->taken)
		map->used++;
	slot->id = id;
	slot->taken = value + 1;
}
