#include "numbers.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

#define BITS 4
#define FAN (1u << BITS)

struct va_numbers_node {
	unsigned refs;
	union {
		struct va_numbers_node *child[FAN];
		__u32 taken[FAN]; /* value + 1; on the lowest level */
	};
};

static size_t size_of(unsigned levels)
{
	return offsetof(struct va_numbers_node, child) + FAN * (levels == 1 ? sizeof(__u32) : sizeof(struct va_numbers_node *));
}

static unsigned place(__u32 id, unsigned levels)
{
	return id >> (levels - 1) * BITS & (FAN - 1);
}

static void unref(struct va_numbers_node *n, unsigned levels)
{
	if (!n || __atomic_sub_fetch(&n->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (unsigned i = 0; levels > 1 && i < FAN; i++)
		unref(n->child[i], levels - 1);
	free(n);
}

void va_numbers_free(struct va_numbers *n)
{
	unref(n->root, n->levels);
	memset(n, 0, sizeof(*n));
}

void va_numbers_copy(struct va_numbers *to, const struct va_numbers *from)
{
	*to = *from;
	if (to->root)
		__atomic_add_fetch(&to->root->refs, 1, __ATOMIC_RELAXED);
}

__u32 va_numbers_get(const struct va_numbers *n, __u32 id)
{
	const struct va_numbers_node *at = n->root;

	if (n->levels * BITS < 32 && id >> n->levels * BITS)
		return VA_IDMAP_NONE;
	for (unsigned levels = n->levels; at && levels > 1; levels--)
		at = at->child[place(id, levels)];
	return at ? at->taken[place(id, 1)] - 1 : VA_IDMAP_NONE;
}

/* A node that only the caller has, in *slot. */
static struct va_numbers_node *own(struct va_numbers_node **slot, unsigned levels)
{
	struct va_numbers_node *n = *slot, *copy;

	if (n && __atomic_load_n(&n->refs, __ATOMIC_ACQUIRE) == 1)
		return n;
	copy = va_alloc(size_of(levels));
	if (n)
		memcpy(copy, n, size_of(levels));
	copy->refs = 1;
	for (unsigned i = 0; n && levels > 1 && i < FAN; i++)
		if (copy->child[i])
			__atomic_add_fetch(&copy->child[i]->refs, 1, __ATOMIC_RELAXED);
	unref(n, levels);
	return *slot = copy;
}

/* One level more, above. */
static void raise(struct va_numbers *n)
{
	struct va_numbers_node *root = NULL;

	if (n->root) {
		own(&root, n->levels + 1);
		root->child[0] = n->root;
	}
	n->root = root;
	n->levels++;
}

void va_numbers_set(struct va_numbers *n, __u32 id, __u32 value)
{
	struct va_numbers_node **slot = &n->root;

	while (!n->levels || (n->levels * BITS < 32 && id >> n->levels * BITS))
		raise(n);
	for (unsigned levels = n->levels; levels > 1; levels--)
		slot = &own(slot, levels)->child[place(id, levels)];
	own(slot, 1)->taken[place(id, 1)] = value + 1;
}
