// SPDX-License-Identifier: GPL-2.0
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#include "channel.h"
#include "story.h"

#define VA_STORY_KEEP 2048 /* a power of two */

static struct vmatlas_record *va_keep;
static unsigned int va_head, va_tail; /* kept: [tail, head), both count up */
static u64 va_dropped;
static DEFINE_RAW_SPINLOCK(va_story_lock);

int va_story_init(void)
{
	va_keep = vmalloc(array_size(VA_STORY_KEEP, sizeof(*va_keep)));
	return va_keep ? 0 : -ENOMEM;
}

void va_story_exit(void)
{
	vfree(va_keep);
}

void va_story_reset(void)
{
	va_head = va_tail = 0;
}

bool va_story_waiting(void)
{
	return READ_ONCE(va_head) != READ_ONCE(va_tail);
}

u64 va_story_dropped(void)
{
	return READ_ONCE(va_dropped);
}

static void va_story_drain(void)
{
	while (va_tail != va_head && va_channel_room(1)) {
		va_channel_write(&va_keep[va_tail % VA_STORY_KEEP]);
		va_tail++;
	}
}

static void va_story_keep_one(const struct vmatlas_record *rec)
{
	if (va_head - va_tail == VA_STORY_KEEP) {
		va_dropped++;
		va_channel_lose(VMATLAS_CHANNEL_TRUTH);
		return;
	}
	va_keep[va_head++ % VA_STORY_KEEP] = *rec;
}

void va_story_write(struct vmatlas_record *rec)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&va_story_lock, flags);
	va_story_drain();
	/* The failed attempt is what tells the reader, by a gap, that something is missing; what queues up behind it is only late. */
	if (va_tail != va_head || !va_channel_write(rec))
		va_story_keep_one(rec);
	raw_spin_unlock_irqrestore(&va_story_lock, flags);
}

int va_story_resend(void)
{
	unsigned long flags;
	bool waiting;

	raw_spin_lock_irqsave(&va_story_lock, flags);
	va_story_drain();
	waiting = va_tail != va_head;
	raw_spin_unlock_irqrestore(&va_story_lock, flags);
	return waiting ? -EAGAIN : 0;
}
