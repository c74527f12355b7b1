#include "chronicle.h"

#include <stdlib.h>
#include <string.h>

#include "walk.h"

#define FIRST_WIDTH 100000 /* ns */

void va_chronicle_init(struct va_chronicle *c)
{
	memset(c, 0, sizeof(*c));
	c->width = FIRST_WIDTH;
}

void va_chronicle_destroy(struct va_chronicle *c)
{
	free(c->marks);
	free(c->gaps);
	va_chronicle_init(c);
}

static void halve(struct va_chronicle *c)
{
	for (size_t i = 0; i < VA_BUCKETS / 2; i++)
		for (int k = 0; k < VA_CLASSES; k++)
			c->bucket[i][k] = c->bucket[2 * i][k] + c->bucket[2 * i + 1][k];
	memset(c->bucket + VA_BUCKETS / 2, 0, sizeof(c->bucket) / 2);
	c->width *= 2;
}

static void count(struct va_chronicle *c, __u64 ts, enum va_class class)
{
	__u64 at = ts > c->origin ? ts - c->origin : 0;

	while (at / c->width >= VA_BUCKETS)
		halve(c);
	c->bucket[at / c->width][class]++;
}

static void *room_for(void *array, size_t *room, size_t n, size_t size)
{
	if (n < *room)
		return array;
	*room = n ? n * 2 : 64;
	array = realloc(array, *room * size);
	if (!array)
		abort();
	return array;
}

enum va_class va_class_of_kind(int kind)
{
	switch (kind) {
	case VA_FAULT_DEMAND_ZERO:
		return VA_CLASS_ZERO;
	case VA_FAULT_FILE:
		return VA_CLASS_FILE;
	case VA_FAULT_COW:
	case VA_FAULT_UNSHARE:
		return VA_CLASS_COW;
	case VA_FAULT_HUGE:
		return VA_CLASS_HUGE;
	case VA_FAULT_BAD:
		return VA_CLASS_BAD;
	default:
		return VA_CLASS_OTHER;
	}
}

int va_class_of_record(const struct vmatlas_record *rec, unsigned levels)
{
	switch (rec->head.type) {
	case VMATLAS_FAULT:
		return (int)va_class_of_kind(va_fault_kind(rec, levels));
	case VMATLAS_OP:
	case VMATLAS_FORK:
	case VMATLAS_EXEC:
	case VMATLAS_EXIT:
		return VA_CLASS_OP;
	default:
		return -1;
	}
}

/* What was before ts goes: whole buckets, marks and gaps. */
static void forget(struct va_chronicle *c, __u64 ts)
{
	__u64 n = ts > c->origin ? (ts - c->origin) / c->width : 0;
	size_t gone = 0;

	if (n > VA_BUCKETS)
		n = VA_BUCKETS;
	memmove(c->bucket, c->bucket + n, (VA_BUCKETS - n) * sizeof(*c->bucket));
	memset(c->bucket + VA_BUCKETS - n, 0, n * sizeof(*c->bucket));
	c->origin += n * c->width;
	while (gone < c->mark_count && c->marks[gone].ts < ts)
		gone++;
	c->mark_count -= gone;
	c->marks_gone += gone;
	if (gone)
		memmove(c->marks, c->marks + gone, c->mark_count * sizeof(*c->marks));
	for (gone = 0; gone < c->gap_count && c->gaps[gone].to < ts;)
		gone++;
	c->gap_count -= gone;
	if (gone)
		memmove(c->gaps, c->gaps + gone, c->gap_count * sizeof(*c->gaps));
}

static void take(struct va_chronicle *c, const struct vmatlas_record *rec, size_t i, unsigned levels)
{
	int class = va_class_of_record(rec, levels);

	if (class >= 0)
		count(c, rec->head.ts, (enum va_class)class);
	switch (rec->head.type) {
	case VMATLAS_MARK:
		c->marks = room_for(c->marks, &c->mark_room, c->mark_count, sizeof(*c->marks));
		c->marks[c->mark_count++] = (struct va_mark){rec->head.ts, i + 1, rec->mark.text, rec->head.tgid};
		break;
	case VMATLAS_LOSS:
		c->gaps = room_for(c->gaps, &c->gap_room, c->gap_count, sizeof(*c->gaps));
		c->gaps[c->gap_count++] = (struct va_gap){rec->loss.after, rec->head.ts, rec->loss.count};
		break;
	}
}

bool va_chronicle_update(struct va_chronicle *c, struct va_history *h, unsigned levels, size_t most)
{
	size_t end = va_history_count(h);

	if (c->seen == end)
		return false;
	if (!c->seen)
		c->origin = va_history_begin(h);
	if (c->first != va_history_first(h)) {
		c->first = va_history_first(h);
		forget(c, va_history_kept_from(h));
	}
	for (; c->seen < end && most; c->seen++, most--) {
		__u32 cpu;

		take(c, va_history_record(h, c->seen, &cpu), c->seen, levels);
	}
	return true;
}

void va_chronicle_sum(const struct va_chronicle *c, __u64 from, __u64 to, double out[VA_CLASSES])
{
	double a = from > c->origin ? (double)(from - c->origin) / (double)c->width : 0;
	double b = to > c->origin ? (double)(to - c->origin) / (double)c->width : 0;

	memset(out, 0, VA_CLASSES * sizeof(*out));
	for (size_t i = (size_t)a; i < VA_BUCKETS && (double)i < b; i++) {
		double lo = (double)i > a ? (double)i : a, hi = (double)(i + 1) < b ? (double)(i + 1) : b;

		for (int k = 0; k < VA_CLASSES; k++)
			out[k] += (hi - lo) * c->bucket[i][k];
	}
}

const struct va_mark *va_chronicle_mark(const struct va_chronicle *c, __u64 ts)
{
	size_t lo = 0, hi = c->mark_count;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (c->marks[mid].ts <= ts)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? &c->marks[lo - 1] : NULL;
}
