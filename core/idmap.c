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

struct va_idmap_shared {
	unsigned refs;
	struct va_idmap_table table;
};

#define NEWER_MIN 256
#define NEWER_PART 8 /* the newer ones are at most this part of the older */

static void unref(struct va_idmap_shared *s)
{
	if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL))
		return;
	free(s->table.slots);
	free(s);
}

void va_idmap_free(struct va_idmap *map)
{
	free(map->newer.slots);
	unref(map->older);
	memset(map, 0, sizeof(*map));
}

void va_idmap_copy(struct va_idmap *to, const struct va_idmap *from)
{
	*to = *from;
	if (from->older)
		__atomic_add_fetch(&from->older->refs, 1, __ATOMIC_RELAXED);
	if (!from->newer.slots)
		return;
	to->newer.slots = va_alloc_raw(from->newer.room * sizeof(*to->newer.slots));
	memcpy(to->newer.slots, from->newer.slots, from->newer.room * sizeof(*to->newer.slots));
}

/* The slot of id, or the free one where it would go. */
static struct va_idmap_slot *slot_of(const struct va_idmap_table *t, __u64 id)
{
	size_t i = hash(id) & (t->room - 1);

	while (t->slots[i].taken && t->slots[i].id != id)
		i = (i + 1) & (t->room - 1);
	return &t->slots[i];
}

static __u32 get(const struct va_idmap_table *t, __u64 id)
{
	return t->room ? slot_of(t, id)->taken - 1 : VA_IDMAP_NONE;
}

__u32 va_idmap_get(const struct va_idmap *map, __u64 id)
{
	__u32 value = get(&map->newer, id);

	return value == VA_IDMAP_NONE && map->older ? get(&map->older->table, id) : value;
}

static void enlarge(struct va_idmap_table *t)
{
	struct va_idmap_table bigger = { .room = t->room ? t->room * 2 : 16, .used = t->used };

	bigger.slots = va_alloc(bigger.room * sizeof(*bigger.slots));
	for (size_t i = 0; i < t->room; i++)
		if (t->slots[i].taken)
			*slot_of(&bigger, t->slots[i].id) = t->slots[i];
	free(t->slots);
	*t = bigger;
}

static void put(struct va_idmap_table *t, __u64 id, __u32 taken)
{
	if (t->used * 4 >= t->room * 3)
		enlarge(t);
	struct va_idmap_slot *slot = slot_of(t, id);

	if (!slot->taken)
		t->used++;
	slot->id = id;
	slot->taken = taken;
}

static void put_all(struct va_idmap_table *to, const struct va_idmap_table *from)
{
	for (size_t i = 0; i < from->room; i++)
		if (from->slots[i].taken)
			put(to, from->slots[i].id, from->slots[i].taken);
}

/* Older and newer become one table, that nobody writes any more. */
static void join(struct va_idmap *map)
{
	struct va_idmap_shared *joined = va_alloc(sizeof(*joined));

	joined->refs = 1;
	if (map->older)
		put_all(&joined->table, &map->older->table);
	put_all(&joined->table, &map->newer);
	va_idmap_free(map);
	map->older = joined;
}

void va_idmap_set(struct va_idmap *map, __u64 id, __u32 value)
{
	put(&map->newer, id, value + 1);
	if (map->newer.used >= NEWER_MIN + (map->older ? map->older->table.used / NEWER_PART : 0))
		join(map);
}
