/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One writer, one reader, no lock between them. head, claimed and tail count bytes and only grow; what is between tail and head has been
 * written and not yet read.
 *
 * A writer that overwrites does not touch tail: it claims a record's place, writes it and moves head. The reader copies first and asks
 * afterwards what has been claimed meanwhile: of that nothing is handed out, it is skipped and counted. So whatever the two do, a
 * record comes out whole or is counted as lost.
 *
 * Only these names of the kernel are used, so that a test can run the very same code on threads: READ_ONCE, WRITE_ONCE,
 * smp_load_acquire, smp_store_release, smp_rmb, smp_wmb, spin_lock.
 */
#ifndef VA_RING_H
#define VA_RING_H

#define VA_RING_RECORD 128 /* a ring's size is a multiple */

struct va_ring {
	unsigned long head;    /* the writer's */
	unsigned long claimed; /* the writer's: head, or a record more while that is being written */
	unsigned long tail;    /* the reader's */
	unsigned long skipped; /* the reader's: records overwritten before they were read */
	spinlock_t reader;     /* tail and skipped change together; no writer takes it */
};

/* The next record's place, to be written whole and published. NULL: there is no room, and the oldest are to be kept. */
static inline void *va_ring_claim(struct va_ring *r, char *mem, size_t size, bool newest)
{
	/* The reader has copied what lies before its tail. */
	if (r->head - smp_load_acquire(&r->tail) + VA_RING_RECORD > size && !newest)
		return NULL;
	WRITE_ONCE(r->claimed, r->head + VA_RING_RECORD);
	/* Pairs with the one in va_ring_copy(). */
	smp_wmb();
	return mem + r->head % size;
}

static inline void va_ring_publish(struct va_ring *r)
{
	smp_store_release(&r->head, r->head + VA_RING_RECORD); /* behind the record's bytes */
}

/* Reader: moves tail over what a writer has claimed. Returns tail. */
static inline unsigned long va_ring_skip(struct va_ring *r, size_t size)
{
	unsigned long claimed = READ_ONCE(r->claimed);

	if (unlikely((long)(claimed - r->tail) > (long)size)) {
		spin_lock(&r->reader);
		r->skipped += (claimed - size - r->tail) / VA_RING_RECORD;
		WRITE_ONCE(r->tail, claimed - size);
		spin_unlock(&r->reader);
	}
	return r->tail;
}

/*
 * Reader: copies at most `most` bytes of what was written before `end` (a head seen earlier). *left of the bytes copied are good, and they
 * are the last. Returns the bytes copied, 0 = nothing is left. What is good is consumed by va_ring_consume().
 */
static inline size_t va_ring_copy(struct va_ring *r, const char *mem, size_t size, unsigned long end, char *to, size_t most, size_t *left)
{
	unsigned long from = va_ring_skip(r, size), tail;
	size_t n = size - from % size;

	if ((long)(end - from) <= 0)
		return 0;
	if (n > end - from)
		n = end - from;
	if (n > most)
		n = most;
	memcpy(to, mem + from % size, n);
	/* Whoever saw a byte of a new record sees that its place was claimed. */
	smp_rmb();
	tail = va_ring_skip(r, size);
	*left = tail - from < n ? n - (tail - from) : 0;
	return n;
}

static inline void va_ring_consume(struct va_ring *r, size_t bytes)
{
	spin_lock(&r->reader);
	/* Only now may a writer that keeps the oldest use this place again. */
	smp_store_release(&r->tail, r->tail + bytes);
	spin_unlock(&r->reader);
}

/* Anyone: records that were overwritten, also where the reader has not come to see it. */
static inline unsigned long va_ring_overwritten(struct va_ring *r, size_t size)
{
	unsigned long unread, skipped;

	spin_lock(&r->reader);
	unread = READ_ONCE(r->claimed) - r->tail;
	skipped = r->skipped;
	spin_unlock(&r->reader);
	return skipped + ((long)unread > (long)size ? (unread - size) / VA_RING_RECORD : 0);
}

#endif
