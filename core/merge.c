/*
 * See merge.h. A heap of streams keyed by their oldest record; the stream on top gives out a run: everything up to the oldest record of the
 * others, so that the heap is touched once a run and not once a record.
 */
#include "merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "record.h"

struct stream {
	struct vmatlas_record *recs; /* owned; [head, tail) wait */
	size_t head, tail, room;
	__u32 cpu, channel;
	bool begun;
	__u32 next_seq;
	__u64 last_ts; /* of the last record that arrived */
};

struct va_merge {
	__u32 cpus;
	void (*out)(void *ctx, const struct vmatlas_record *rec, __u32 cpu);
	void *ctx;
	struct stream *streams; /* index: cpu * VMATLAS_CHANNELS + channel */
	struct va_merge_stats *stats;
	struct stream **heap;
	size_t heap_size;
	__u64 shown; /* ts of the newest record that went out */
};

struct va_merge *va_merge_new(__u32 cpus, void (*out)(void *ctx, const struct vmatlas_record *rec, __u32 cpu), void *ctx)
{
	struct va_merge *m = va_alloc(sizeof(*m));

	m->cpus = cpus;
	m->out = out;
	m->ctx = ctx;
	m->streams = va_alloc(cpus * VMATLAS_CHANNELS * sizeof(*m->streams));
	m->heap = va_alloc(cpus * VMATLAS_CHANNELS * sizeof(*m->heap));
	m->stats = va_alloc(cpus * sizeof(*m->stats));
	for (__u32 i = 0; i < cpus * VMATLAS_CHANNELS; i++) {
		m->streams[i].cpu = i / VMATLAS_CHANNELS;
		m->streams[i].channel = i % VMATLAS_CHANNELS;
	}
	return m;
}

void va_merge_free(struct va_merge *m)
{
	if (!m)
		return;
	for (__u32 i = 0; i < m->cpus * VMATLAS_CHANNELS; i++)
		free(m->streams[i].recs);
	free(m->streams);
	free(m->heap);
	free(m->stats);
	free(m);
}

const struct va_merge_stats *va_merge_stats(const struct va_merge *m, __u32 cpu)
{
	return &m->stats[cpu];
}

__u32 va_merge_cpus(const struct va_merge *m)
{
	return m->cpus;
}

/* --- arrival ------------------------------------------------------------------------------------------------------- */

/* Room for n more, and as many LOSS records between them. */
static void make_room(struct stream *s, size_t n)
{
	if (s->head == s->tail)
		s->head = s->tail = 0;
	if (s->tail + n <= s->room)
		return;
	if (s->head) {
		memmove(s->recs, s->recs + s->head, (s->tail - s->head) * sizeof(*s->recs));
		s->tail -= s->head;
		s->head = 0;
	}
	s->recs = va_grow(s->recs, &s->room, s->tail + n, sizeof(*s->recs));
}

static void push_loss(struct va_merge *m, struct stream *s, __u32 count, __u64 ts)
{
	struct vmatlas_record *loss = &s->recs[s->tail++];

	memset(loss, 0, sizeof(*loss));
	loss->head.ts = ts;
	loss->head.seq = s->next_seq;
	loss->head.type = VMATLAS_LOSS;
	loss->loss.count = count;
	loss->loss.after = s->last_ts;
	loss->loss.cpu = s->cpu;
	loss->loss.channel = s->channel;
	m->stats[s->cpu].lost[s->channel] += count;
}

/* There is room for it and a LOSS. */
static void arrive(struct va_merge *m, struct stream *s, const void *bytes)
{
	struct vmatlas_record *rec = &s->recs[s->tail];
	struct vmatlas_head head;

	memcpy(&head, bytes, sizeof(head));
	if (s->begun && head.seq != s->next_seq) {
		push_loss(m, s, head.seq - s->next_seq, head.ts);
		rec++;
	}
	s->begun = true;
	s->next_seq = head.seq + 1;
	s->last_ts = head.ts;
	memcpy(rec, bytes, sizeof(*rec));
	if (head.type == VMATLAS_LOSS || !va_record_valid(rec))
		m->stats[s->cpu].invalid++;
	else
		s->tail++;
}

/* The usual: records that follow each other without a gap, all valid. They are copied at once; returned is how many were such. There is room for them. */
static size_t arrive_together(struct stream *s, const void *bytes, size_t n)
{
	const struct vmatlas_record *rec = &s->recs[s->tail];
	__u32 seq = s->next_seq;
	size_t i = 0;

	if (!s->begun)
		return 0;
	memcpy(&s->recs[s->tail], bytes, n * sizeof(*rec));
	while (i < n && rec[i].head.seq == seq && rec[i].head.type != VMATLAS_LOSS && va_record_valid(&rec[i])) {
		seq++;
		i++;
	}
	if (!i)
		return 0;
	s->next_seq = seq;
	s->last_ts = rec[i - 1].head.ts;
	s->tail += i;
	return i;
}

int va_merge_records(struct va_merge *m, __u32 cpu, __u32 channel, const void *recs, size_t n)
{
	if (cpu >= m->cpus || channel >= VMATLAS_CHANNELS)
		return -EINVAL;
	struct stream *s = &m->streams[cpu * VMATLAS_CHANNELS + channel];

	if (!n)
		return 0;
	make_room(s, n);
	for (size_t i = arrive_together(s, recs, n); i < n; i++) {
		if (s->tail + 2 > s->room)
			make_room(s, 2);
		arrive(m, s, (const char *)recs + i * sizeof(struct vmatlas_record));
	}
	m->stats[cpu].written[channel] += n;
	return 0;
}

void va_merge_begin(struct va_merge *m, __u32 cpu, __u32 channel, __u64 given_out, __u64 ts)
{
	if (cpu >= m->cpus || channel >= VMATLAS_CHANNELS)
		return;
	struct stream *s = &m->streams[cpu * VMATLAS_CHANNELS + channel];

	if (s->begun)
		return;
	s->begun = true;
	s->next_seq = (__u32)given_out;
	s->last_ts = ts;
}

void va_merge_total(struct va_merge *m, __u32 cpu, __u32 channel, __u64 given_out, __u64 ts)
{
	if (cpu >= m->cpus || channel >= VMATLAS_CHANNELS)
		return;
	struct stream *s = &m->streams[cpu * VMATLAS_CHANNELS + channel];
	__u32 gap = (__u32)given_out - s->next_seq;

	if (!s->begun || !gap || gap > 0x7fffffff)
		return;
	make_room(s, 1);
	push_loss(m, s, gap, ts > s->last_ts ? ts : s->last_ts);
	s->next_seq += gap;
}

/* --- the heap ------------------------------------------------------------------------------------------------------ */

static const struct vmatlas_record *oldest(const struct stream *s)
{
	return &s->recs[s->head];
}

/* Of records with the same ts. */
static bool precedes(const struct stream *a, const struct stream *b)
{
	return a->channel != b->channel ? a->channel < b->channel : a->cpu < b->cpu;
}

static bool before(const struct stream *a, const struct stream *b)
{
	__u64 ta = oldest(a)->head.ts, tb = oldest(b)->head.ts;

	return ta != tb ? ta < tb : precedes(a, b);
}

static void sift_down(struct va_merge *m, size_t i)
{
	struct stream *s = m->heap[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < m->heap_size && before(m->heap[child + 1], m->heap[child]))
			child++;
		if (child >= m->heap_size || !before(m->heap[child], s))
			break;
		m->heap[i] = m->heap[child];
		i = child;
	}
	m->heap[i] = s;
}

static void build_heap(struct va_merge *m)
{
	m->heap_size = 0;
	for (__u32 i = 0; i < m->cpus * VMATLAS_CHANNELS; i++)
		if (m->streams[i].head < m->streams[i].tail)
			m->heap[m->heap_size++] = &m->streams[i];
	for (size_t i = m->heap_size / 2; i-- > 0;)
		sift_down(m, i);
}

/* The stream that comes after the top one, NULL = none. */
static const struct stream *second(const struct va_merge *m)
{
	if (m->heap_size < 2)
		return NULL;
	return m->heap_size > 2 && before(m->heap[2], m->heap[1]) ? m->heap[2] : m->heap[1];
}

/* Gives out from the top stream while it is the oldest; false when its oldest record has to wait. */
static bool run(struct va_merge *m, struct stream *s, __u64 limit, bool all)
{
	const struct stream *next = second(m);
	const struct vmatlas_record *rec = oldest(s), *end = &s->recs[s->tail];
	/* Up to which it is the oldest: of equal ones it may be before or behind the next. */
	__u64 last = next ? oldest(next)->head.ts : ~0ull;
	bool equal = !next || precedes(s, next);

	if (!all && rec->head.ts >= limit)
		return false;
	if (!equal && last)
		last--;
	if (!all && last >= limit)
		last = limit - 1;
	do {
		if (rec->head.ts < m->shown)
			m->stats[s->cpu].late++;
		else
			m->shown = rec->head.ts;
		m->out(m->ctx, rec, s->cpu);
	} while (++rec < end && rec->head.ts <= last);
	s->head = (size_t)(rec - s->recs);
	return true;
}

static void let_out(struct va_merge *m, __u64 limit, bool all)
{
	build_heap(m);
	while (m->heap_size) {
		struct stream *s = m->heap[0];

		if (!run(m, s, limit, all))
			break;
		if (s->head == s->tail)
			m->heap[0] = m->heap[--m->heap_size];
		if (m->heap_size)
			sift_down(m, 0);
	}
}

void va_merge_round(struct va_merge *m, __u64 drained)
{
	let_out(m, drained, false);
}

void va_merge_flush(struct va_merge *m)
{
	let_out(m, 0, true);
}
