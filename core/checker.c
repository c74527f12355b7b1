/* See checker.h. */
#include "checker.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "decode.h"
#include "limits.h"

#define RING (1u << 16) /* records kept to explain the first differences */

struct kept {
	struct vmatlas_record rec;
	__u32 cpu;
};

struct va_checker {
	struct va_decoder *decoder;
	struct va_texts *texts;
	struct va_objects *objects;
	struct va_merge *merge;  /* NULL until the header is there; so is model */
	struct va_model *model;
	struct va_proofs proofs;
	struct va_ledger ledger;
	struct va_prove prove;
	struct kept *ring;       /* owned; the newest at (next - 1) % RING */
	__u64 next;
	char *vsyscall, *hooks;  /* owned */
	struct vmatlas_totals *totals;
	size_t total_count;
	struct vmatlas_end end;
	bool has_end, finished;
	__u64 malformed;
};

/* --- what touched it ------------------------------------------------------------------------------------------------------- */

static bool overlaps(__u64 lo, __u64 hi, const struct va_finding *f)
{
	return f->addr == f->end || (lo < f->end && hi > f->addr);
}

static bool touches(const struct vmatlas_record *rec, const struct va_finding *f)
{
	if (rec->head.type == VMATLAS_LOSS)
		return true;
	if (f->kind == VA_DIFF_FAULTS)
		return rec->head.tgid == f->tgid && (rec->head.type == VMATLAS_FAULT || rec->head.type == VMATLAS_EXEC);
	if (rec->head.type == VMATLAS_FORK && rec->fork.child_mm == f->mm)
		return true;
	if (rec->head.mm != f->mm)
		return false;
	switch (rec->head.type) {
	case VMATLAS_FAULT:
		return overlaps(rec->fault.addr, rec->fault.addr + 1, f);
	case VMATLAS_VMA:
		return overlaps(rec->vma.start, rec->vma.end, f);
	case VMATLAS_RANGE:
		return overlaps(rec->range.lo, rec->range.hi, f);
	case VMATLAS_PAGES:
		return overlaps(rec->pages.addr, rec->pages.addr + (1ull << 21), f);
	case VMATLAS_SWEEP:
		return overlaps(rec->sweep.lo, rec->sweep.hi, f);
	case VMATLAS_OP:
		return overlaps(rec->op.args[0], rec->op.args[0] + rec->op.args[1] + 1, f) ||
		       overlaps((__u64)rec->op.result, (__u64)rec->op.result + rec->op.args[1] + 1, f);
	case VMATLAS_EXEC:
	case VMATLAS_FORK:
	case VMATLAS_MM_END:
		return true;
	}
	return false;
}

static void explain(void *ctx, struct va_finding *f)
{
	struct va_checker *c = ctx;
	const struct kept *found[VA_FINDING_RECORDS];
	unsigned n = 0;

	for (__u64 i = c->next; i-- > 0 && c->next - i <= RING && n < VA_FINDING_RECORDS;)
		if (touches(&c->ring[i % RING].rec, f))
			found[n++] = &c->ring[i % RING];
	for (unsigned i = 0; i < n; i++) {
		f->touched[i] = found[n - 1 - i]->rec;
		f->touched_cpu[i] = found[n - 1 - i]->cpu;
	}
	f->touched_count = n;
}

/* --- the flow -------------------------------------------------------------------------------------------------------------- */

static void prove_first(struct va_checker *c)
{
	va_prove_moment(&c->prove, c->model, va_proofs_first(&c->proofs));
	va_proofs_drop_first(&c->proofs);
}

static void out(void *ctx, const struct vmatlas_record *rec, __u32 cpu)
{
	struct va_checker *c = ctx;
	const struct va_proof *proof;

	while ((proof = va_proofs_first(&c->proofs)) && proof->moment.end < rec->head.ts)
		prove_first(c);
	if (rec->head.type == VMATLAS_LOSS)
		va_prove_loss(&c->prove, rec);
	if (rec->head.type == VMATLAS_EXIT && rec->head.flags & VMATLAS_F_GROUP)
		va_prove_exit(&c->prove, c->model, rec);
	va_ledger_apply(&c->ledger, rec);
	va_model_apply_valid(c->model, rec);
	c->ring[c->next % RING].rec = *rec;
	c->ring[c->next++ % RING].cpu = cpu;
}

static int on_header(void *ctx, const struct vmatlas_stream_header *header)
{
	struct va_checker *c = ctx;

	c->merge = va_merge_new(header->cpus, out, c);
	c->model = va_model_new(header, c->texts);
	return 0;
}

static void on_round(struct va_checker *c, __u64 drained)
{
	const struct va_proof *proof;

	va_merge_round(c->merge, drained);
	while ((proof = va_proofs_first(&c->proofs)) && proof->moment.end <= drained)
		prove_first(c);
}

static void on_meta(struct va_checker *c, const char *payload, size_t bytes)
{
	size_t key = strnlen(payload, bytes) + 1;
	char **to = !strcmp(payload, "vsyscall") ? &c->vsyscall : !strcmp(payload, "lost-hooks") ? &c->hooks : NULL;

	if (!to || bytes > VA_LIMIT_META_BYTES)
		return;
	free(*to);
	*to = va_alloc(bytes - key + 1);
	memcpy(*to, payload + key, bytes - key);
	c->prove.vsyscall = c->vsyscall;
}

static void on_totals(struct va_checker *c, const void *payload, size_t bytes)
{
	free(c->totals);
	c->totals = va_alloc(bytes + 1);
	memcpy(c->totals, payload, bytes);
	c->total_count = bytes / sizeof(*c->totals);
}

static int on_chunk(void *ctx, const struct vmatlas_chunk *chunk, const void *payload)
{
	struct va_checker *c = ctx;

	switch (chunk->kind) {
	case VMATLAS_CHUNK_RECORDS:
		va_merge_records(c->merge, chunk->cpu, chunk->channel, payload, chunk->bytes / sizeof(struct vmatlas_record));
		break;
	case VMATLAS_CHUNK_ROUND:
		on_round(c, chunk->drained);
		break;
	case VMATLAS_CHUNK_META:
		on_meta(c, payload, chunk->bytes);
		break;
	case VMATLAS_CHUNK_OBJECT:
		c->malformed += !va_objects_add(c->objects, payload, chunk->bytes);
		break;
	case VMATLAS_CHUNK_TOTALS:
		on_totals(c, payload, chunk->bytes);
		break;
	case VMATLAS_CHUNK_PROOF:
		c->malformed += !va_proofs_add(&c->proofs, payload, chunk->bytes);
		break;
	case VMATLAS_CHUNK_END:
		memcpy(&c->end, payload, sizeof(c->end));
		c->has_end = true;
		break;
	}
	return 0;
}

struct va_checker *va_checker_new(void)
{
	static const struct va_decoder_ops ops = { .header = on_header, .chunk = on_chunk };
	struct va_checker *c = va_alloc(sizeof(*c));

	c->decoder = va_decoder_new(&ops, c);
	c->texts = va_texts_new();
	c->objects = va_objects_new();
	c->ring = va_alloc(RING * sizeof(*c->ring));
	c->prove.texts = c->texts;
	c->prove.ledger = &c->ledger;
	c->prove.found = explain;
	c->prove.ctx = c;
	return c;
}

void va_checker_free(struct va_checker *c)
{
	if (!c)
		return;
	va_decoder_free(c->decoder);
	va_merge_free(c->merge);
	va_model_free(c->model);
	va_objects_free(c->objects);
	va_proofs_free(&c->proofs);
	va_ledger_free(&c->ledger);
	va_prove_free(&c->prove);
	va_texts_free(c->texts);
	free(c->ring);
	free(c->vsyscall);
	free(c->hooks);
	free(c->totals);
	free(c);
}

int va_checker_feed(struct va_checker *c, const void *bytes, size_t n)
{
	return va_decoder_feed(c->decoder, bytes, n);
}

/* --- the end --------------------------------------------------------------------------------------------------------------- */

/*
 * What the module counts on one file of one CPU, and what came: each record has the next number, so numbers given out are written + lost, and no more
 * can be here than were written.
 */
static void compare_totals(struct va_checker *c, const struct vmatlas_totals *t)
{
	const struct va_merge_stats *s;
	__u64 seen;

	if (t->cpu >= va_merge_cpus(c->merge) || t->channel >= VMATLAS_CHANNELS)
		return;
	s = va_merge_stats(c->merge, t->cpu);
	seen = s->written[t->channel];
	if (!seen || (t->written >= seen && s->lost[t->channel] <= t->lost && !s->late))
		return;
	va_prove_differ(&c->prove, VA_DIFF_RECORDS, NULL,
			va_prove_text("CPU %u, %s: %llu records written, %llu lost\n", t->cpu, t->channel ? "faults" : "truth", t->written, t->lost),
			va_prove_text("%llu came, %llu are missing by their numbers, %llu came too late\n", seen, s->lost[t->channel], s->late));
}

void va_checker_finish(struct va_checker *c)
{
	if (!c->merge || c->finished)
		return;
	c->finished = true;
	/* Cut off: what came of their records may not be all. */
	while (va_proofs_first(&c->proofs))
		va_proofs_drop_first(&c->proofs);
	/* Only the totals of a recording that ended are exact. */
	for (size_t i = 0; c->has_end && i < c->total_count; i++)
		va_merge_total(c->merge, c->totals[i].cpu, c->totals[i].channel, c->totals[i].written + c->totals[i].lost, c->end.ts);
	va_merge_flush(c->merge);
	for (size_t i = 0; c->has_end && i < c->total_count; i++)
		compare_totals(c, &c->totals[i]);
	c->prove.counts.healed = va_model_counts(c->model)->healed;
}

const struct va_prove_counts *va_checker_counts(const struct va_checker *c)
{
	return &c->prove.counts;
}

__u64 va_checker_differences(const struct va_checker *c)
{
	__u64 n = 0;

	for (unsigned i = 0; i < VA_DIFFS; i++)
		n += c->prove.counts.differences[i];
	return n;
}

const struct va_finding *va_checker_first(const struct va_checker *c)
{
	const struct va_finding *first = NULL;

	for (unsigned i = 0; i < VA_DIFFS; i++) {
		const struct va_finding *f = &c->prove.first[i];

		if (f->there && (!first || f->ts < first->ts))
			first = f;
	}
	return first;
}

const struct va_model *va_checker_model(const struct va_checker *c)
{
	return c->model;
}

struct va_objects *va_checker_objects(const struct va_checker *c)
{
	return c->objects;
}

const struct va_merge *va_checker_merge(const struct va_checker *c)
{
	return c->merge;
}

const __u64 *va_checker_skipped(const struct va_checker *c)
{
	return c->proofs.skipped;
}

const struct vmatlas_end *va_checker_end(const struct va_checker *c)
{
	return c->has_end ? &c->end : NULL;
}

__u64 va_checker_lost(const struct va_checker *c)
{
	return c->prove.lost[0] + c->prove.lost[1];
}

__u64 va_checker_malformed(const struct va_checker *c)
{
	return c->malformed + va_decoder_unknown(c->decoder);
}

bool va_checker_cut(const struct va_checker *c)
{
	return va_decoder_pending(c->decoder);
}

/* "missed HOOK N" lines with N > 0. */
__u64 va_checker_missed(const struct va_checker *c, const char **what)
{
	__u64 n = 0;

	*what = c->hooks;
	for (const char *line = c->hooks; line && *line; line = strchr(line, '\n'), line += line != NULL) {
		const char *number = strncmp(line, "missed ", 7) ? NULL : strchr(line + 7, ' ');

		n += number ? strtoull(number, NULL, 10) : 0;
	}
	return n;
}
