// SPDX-License-Identifier: GPL-2.0
#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "pending.h"

#define VA_SLOT_BITS 11
#define VA_PROBES 8 /* keys are pointers: a cache line */

static struct task_struct **va_keys;
static struct va_pending *va_slots;
static atomic64_t va_refused = ATOMIC64_INIT(0);

int va_pending_init(void)
{
	va_keys = vzalloc(sizeof(*va_keys) << VA_SLOT_BITS);
	va_slots = vzalloc(sizeof(*va_slots) << VA_SLOT_BITS);
	if (va_keys && va_slots)
		return 0;
	va_pending_exit();
	return -ENOMEM;
}

void va_pending_exit(void)
{
	vfree(va_keys);
	vfree(va_slots);
}

void va_pending_reset(void)
{
	memset(va_keys, 0, sizeof(*va_keys) << VA_SLOT_BITS);
}

static unsigned int va_line(void)
{
	return hash_ptr(current, VA_SLOT_BITS) & ~(VA_PROBES - 1);
}

static __always_inline struct va_pending *va_get(unsigned int line)
{
	const struct task_struct *me = current;
	unsigned int i;

	/* Mostly there is none, and all are looked at. */
#pragma GCC unroll 8
	for (i = 0; i < VA_PROBES; i++)
		if (READ_ONCE(va_keys[line + i]) == me)
			return &va_slots[line + i];
	return NULL;
}

static __always_inline struct va_pending *va_claim(unsigned int line)
{
	unsigned int i;

	for (i = line; i < line + VA_PROBES; i++)
		if (!READ_ONCE(va_keys[i]) && !cmpxchg(&va_keys[i], NULL, current))
			return &va_slots[i];
	atomic64_inc(&va_refused);
	return NULL;
}

struct va_pending *va_pending_get(void)
{
	return va_get(va_line());
}

struct va_pending *va_pending_claim(void)
{
	return va_claim(va_line());
}

struct va_pending *va_pending_get_or_claim(bool *found)
{
	unsigned int line = va_line();
	struct va_pending *slot = va_get(line);

	*found = slot;
	return slot ?: va_claim(line);
}

void va_pending_drop(struct va_pending *slot)
{
	smp_store_release(&va_keys[slot - va_slots], NULL); /* behind all that was read of it */
}

u64 va_pending_refused(void)
{
	return atomic64_read(&va_refused);
}
