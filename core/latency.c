/* See latency.h. */
#include "latency.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "record.h"

#define PART_BITS 5 /* each power of two in 32 parts */
#define PARTS (1u << PART_BITS)

unsigned va_latency_bucket(__u32 ns)
{
	unsigned top;

	if (ns < PARTS)
		return ns;
	top = 31 - (unsigned)__builtin_clz(ns);
	return (top - PART_BITS + 1) * PARTS + (ns >> (top - PART_BITS)) - PARTS;
}

__u32 va_latency_bucket_least(unsigned bucket)
{
	unsigned shift = bucket / PARTS;

	return shift ? (PARTS + bucket % PARTS) << (shift - 1) : bucket;
}

__u32 va_latency_bucket_most(unsigned bucket)
{
	unsigned shift = bucket / PARTS;

	return shift ? va_latency_bucket_least(bucket) + ((1u << (shift - 1)) - 1) : bucket;
}

void va_latency_init(struct va_latency *l)
{
	*l = (struct va_latency){0};
}

void va_latency_destroy(struct va_latency *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->of[i]);
	free(l->of);
	va_idmap_free(&l->index);
	va_latency_init(l);
}

static __u64 key_of(bool call, __s32 what)
{
	return (__u64)call << 32 | (__u32)what;
}

const struct va_latency_of *va_latency_find(const struct va_latency *l, bool call, __s32 what)
{
	__u32 i = va_idmap_get(&l->index, key_of(call, what));

	return i == VA_IDMAP_NONE ? NULL : l->of[i];
}

static struct va_latency_of *own(struct va_latency *l, bool call, __s32 what)
{
	__u32 i = va_idmap_get(&l->index, key_of(call, what));
	struct va_latency_of *of;

	if (i != VA_IDMAP_NONE)
		return l->of[i];
	if (l->count >= VA_LATENCY_CALLS)
		return NULL;
	of = va_alloc(sizeof(*of));
	of->call = call;
	of->what = what;
	of->least = VA_LATENCY_MOST;
	l->of = va_grow(l->of, &l->room, l->count + 1, sizeof(*l->of));
	va_idmap_set(&l->index, key_of(call, what), (__u32)l->count);
	l->of[l->count++] = of;
	return of;
}

static void add(struct va_latency_of *of, __u32 ns)
{
	of->count++;
	of->sum += ns;
	of->saturated += ns == VA_LATENCY_MOST;
	of->bucket[va_latency_bucket(ns)]++;
	if (ns < of->least)
		of->least = ns;
	if (ns > of->most)
		of->most = ns;
}

static void take(struct va_latency *l, const struct vmatlas_record *rec, unsigned levels)
{
	bool call = rec->head.type == VMATLAS_OP;
	struct va_latency_of *of;

	if ((rec->head.type != VMATLAS_FAULT && !call) || !va_record_valid(rec))
		return;
	if ((l->scope.tgid && rec->head.tgid != l->scope.tgid) || rec->head.flags & (call ? VMATLAS_F_NO_RESULT : VMATLAS_F_NO_AFTER))
		return;
	of = own(l, call, call ? rec->op.nr : (__s32)va_fault_kind(rec, levels));
	if (of)
		add(of, rec->head.aux);
}

bool va_latency_update(struct va_latency *l, struct va_history *h, unsigned levels, struct va_latency_scope scope, size_t most)
{
	bool anew = scope.from != l->scope.from || scope.tgid != l->scope.tgid || scope.to < l->seen;

	if (anew)
		va_latency_destroy(l);
	if (anew || !l->seen)
		l->seen = scope.from;
	l->scope = scope;
	if (l->seen >= scope.to)
		return anew;
	for (; l->seen < scope.to && most; l->seen++, most--)
		take(l, va_history_record(h, l->seen, NULL), levels);
	return true;
}

__u32 va_latency_percentile(const struct va_latency_of *of, double part)
{
	__u64 rank = (__u64)ceil(part * (double)of->count), below = 0;

	if (rank < 1)
		rank = 1;
	for (unsigned i = 0; i < VA_LATENCY_BUCKETS; i++) {
		below += of->bucket[i];
		if (below >= rank)
			return va_latency_bucket_most(i) < of->most ? va_latency_bucket_most(i) : of->most;
	}
	return 0;
}

static int by_sum(const void *a, const void *b)
{
	const struct va_latency_of *x = *(const struct va_latency_of *const *)a, *y = *(const struct va_latency_of *const *)b;

	if (x->sum != y->sum)
		return x->sum < y->sum ? 1 : -1;
	return (x->what > y->what) - (x->what < y->what);
}

size_t va_latency_list(const struct va_latency *l, bool call, const struct va_latency_of **out, size_t n)
{
	const struct va_latency_of **all = va_realloc(NULL, l->count + 1, sizeof(*all));
	size_t found = 0;

	for (size_t i = 0; i < l->count; i++)
		if (l->of[i]->call == call)
			all[found++] = l->of[i];
	qsort(all, found, sizeof(*all), by_sum);
	if (found > n)
		found = n;
	memcpy(out, all, found * sizeof(*all));
	free(all);
	return found;
}
