#include "kept.h"

#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"

/* Everything is told anew after this part of the limit, so that forgetting takes steps of about this size. */
#define STEPS 4

struct piece {
	struct piece *next;
	bool begins;  /* a whole telling begins here, and came to its end */
	unsigned cpu;
	size_t n;
	struct vmatlas_record recs[];
};

struct cpu {
	bool there;
	struct vmatlas_record last; /* the newest that was forgotten otherwise: it says where in time the gap ends */
	uint64_t forgotten;
};

struct va_kept {
	struct piece *first, **end;
	struct piece *beginning;    /* of the telling under way */
	size_t bytes, limit;
	size_t since, telling;      /* bytes since the last telling, and its own */
	bool told;
	unsigned cpus;
	struct cpu *cpu;
};

static size_t size_of(size_t n)
{
	return sizeof(struct piece) + n * VMATLAS_RECORD_SIZE;
}

struct va_kept *va_kept_new(size_t limit, unsigned cpus)
{
	struct va_kept *k = va_zalloc(sizeof(*k));

	k->limit = limit;
	k->cpus = cpus;
	k->cpu = va_zalloc(cpus * sizeof(*k->cpu));
	k->end = &k->first;
	return k;
}

static void drop_first(struct va_kept *k)
{
	struct piece *p = k->first;

	k->first = p->next;
	if (!k->first)
		k->end = &k->first;
	k->bytes -= size_of(p->n);
	free(p);
}

void va_kept_free(struct va_kept *k)
{
	if (!k)
		return;
	while (k->first)
		drop_first(k);
	free(k->cpu);
	free(k);
}

static struct piece *add(struct va_kept *k, unsigned cpu, const struct vmatlas_record *recs, size_t n)
{
	struct piece *p = va_zalloc(size_of(n));

	p->cpu = cpu;
	p->n = n;
	if (n)
		memcpy(p->recs, recs, n * VMATLAS_RECORD_SIZE);
	*k->end = p;
	k->end = &p->next;
	k->bytes += size_of(n);
	k->since += size_of(n);
	return p;
}

static void forget_first(struct va_kept *k)
{
	struct cpu *c = &k->cpu[k->first->cpu];
	size_t n = k->first->n;

	if (n) {
		c->forgotten += n - !c->there;
		c->there = true;
		c->last = k->first->recs[n - 1];
	}
	drop_first(k);
}

/* The next place to begin at, behind the first piece. */
static const struct piece *next_beginning(const struct va_kept *k)
{
	const struct piece *p = k->first ? k->first->next : NULL;

	while (p && !p->begins)
		p = p->next;
	return p;
}

static void forget(struct va_kept *k)
{
	const struct piece *to;

	while (k->bytes > k->limit && (to = next_beginning(k)))
		while (k->first != to)
			forget_first(k);
}

void va_kept_add(struct va_kept *k, unsigned cpu, const struct vmatlas_record *recs, size_t n)
{
	if (cpu >= k->cpus)
		return;
	add(k, cpu, recs, n);
	forget(k);
}

bool va_kept_due(const struct va_kept *k)
{
	size_t step = k->limit / STEPS;

	return k->since > (step > k->telling ? step : k->telling);
}

void va_kept_begin(struct va_kept *k)
{
	k->beginning = add(k, 0, NULL, 0);
	k->since = 0;
}

void va_kept_begun(struct va_kept *k, bool ok)
{
	/* It is still there: forgetting stops at beginnings, and this is none yet. */
	if (k->beginning)
		k->beginning->begins = ok;
	k->beginning = NULL;
	k->telling = k->since;
	k->since = 0;
	forget(k);
}

static int write_piece(struct va_writer *w, unsigned cpu, const struct vmatlas_record *recs, size_t n)
{
	struct vmatlas_chunk c = {
		.kind = VMATLAS_CHUNK_RECORDS, .channel = VMATLAS_CHANNEL_TRUTH, .cpu = cpu, .bytes = n * VMATLAS_RECORD_SIZE,
	};

	if (!n)
		return 0;
	c.first = recs->head.ts;
	return va_writer_chunk(w, &c, recs);
}

int va_kept_tell(struct va_kept *k, struct va_writer *w)
{
	int err = 0;

	for (unsigned cpu = 0; cpu < k->cpus && !err; cpu++) {
		if (k->cpu[cpu].there)
			err = write_piece(w, cpu, &k->cpu[cpu].last, 1);
		k->cpu[cpu].there = false;
	}
	for (; k->first && !err; drop_first(k))
		err = write_piece(w, k->first->cpu, k->first->recs, k->first->n);
	k->beginning = NULL;
	return err;
}

uint64_t va_kept_forgotten(const struct va_kept *k, unsigned cpu)
{
	return cpu < k->cpus ? k->cpu[cpu].forgotten : 0;
}
