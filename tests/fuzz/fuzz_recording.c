/*
 * libFuzzer: any bytes → decode, merge, model, history; then everything a program would ask: maps of all processes, pages, zones, events
 * as text and JSON, moments, and the comparison with the kernel's words. Built by run.sh; also runs on files given as arguments.
 *
 * The decoder checks CRCs, so a fuzzer would hardly get past them: the harness mends the checks of bare chunks before feeding, and in every
 * second input (by its last byte) feeds the bytes as records, past the decoder.
 */
#include <stdint.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "checker.h"
#include "events.h"
#include "maps.h"
#include "record.h"
#include "recording.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static volatile __u64 sink;

/* Walks the chunks as the decoder would and makes their checks right. */
static void mend(uint8_t *bytes, size_t n)
{
	size_t at = sizeof(struct vmatlas_stream_header);
	struct vmatlas_chunk c;

	while (at + sizeof(c) <= n) {
		memcpy(&c, bytes + at, sizeof(c));
		c.magic = VMATLAS_CHUNK_MAGIC;
		if (c.bytes > n - at - sizeof(c))
			c.bytes = (__u32)(n - at - sizeof(c));
		c.check = libdeflate_crc32(0, bytes + at + sizeof(c), c.bytes);
		memcpy(bytes + at, &c, sizeof(c));
		at += sizeof(c) + c.bytes;
	}
}

static bool add_page(void *ctx, __u64 addr, const struct va_page *page)
{
	sink += addr + page->entry;
	return ++*(unsigned *)ctx < 10000;
}

static void ask_mm(struct va_recording *r, const struct va_model *model, const struct va_mm *mm)
{
	static char line[VA_MAPS_LINE_MAX];
	__u32 rules = va_recording_header(r)->rules;
	unsigned pages = 0;
	bool lib;

	for (size_t i = 0; i < va_mm_vma_count(mm) && i < 1000; i++) {
		const struct va_vma *v = va_mm_vma(mm, i);

		sink += va_maps_line(mm, v, va_model_texts(model), rules, line, sizeof(line));
		sink += va_zone_of(mm, v, va_model_texts(model), va_recording_objects(r), rules, &lib);
		sink += va_mm_resident(mm, v->start, v->end) + va_mm_page(mm, v->start).entry;
		sink += va_mm_table_entry(mm, 3, v->start, NULL);
		if (i && va_mm_vma(mm, i - 1)->end > v->start)
			abort();
	}
	va_mm_each_page(mm, 0, ~0ull, add_page, &pages);
}

static void ask_model(struct va_recording *r, const struct va_model *model)
{
	for (size_t i = 0; i < va_model_task_count(model) && i < 1000; i++) {
		const struct va_task *t = va_model_task(model, i);
		const struct va_mm *mm = va_model_mm_of(model, t->tgid);

		sink += va_model_find_task(model, t->tid)->begin;
		if (mm)
			ask_mm(r, model, mm);
	}
	for (__u32 id = 0; id < 16; id++)
		if (va_model_mm(model, id))
			ask_mm(r, model, va_model_mm(model, id));
}

static void ask_events(struct va_recording *r)
{
	struct va_history *h = va_recording_history(r);
	struct va_model *model = va_history_model_at(h, 0);
	struct va_json out = { 0 };

	for (size_t i = 0; i < va_history_count(h) && i < 5000; i++) {
		struct va_event e = { .model = model, .objects = va_recording_objects(r) };
		struct vmatlas_record rec = *va_history_record(h, i, &e.cpu);

		va_model_apply(model, &rec);
		e.rec = &rec;
		va_json_clear(&out);
		va_event_json(&out, &e);
		va_event_text(&out, &e);
		sink += out.used;
	}
	va_model_free(model);
	va_json_free(&out);
}

static void ask(struct va_recording *r)
{
	struct va_history *h = va_recording_history(r);
	size_t count = va_history_count(h), p = 0;
	struct va_model *model = va_history_model_at(h, count / 2);

	ask_model(r, model);
	ask_model(r, va_history_latest(h));
	p = count / 2;
	va_history_move(h, &model, &p, count / 3);
	va_history_move(h, &model, &p, count);
	va_model_free(model);
	sink += va_history_find_mark(h, "begin") + va_history_find_time(h, va_history_end(h) / 2);
	sink += va_history_next(h, 0, VMATLAS_FAULT, 0) + va_history_prev(h, count, VMATLAS_RANGE, 100);
	ask_events(r);
}

/* The same bytes to `vmatlas verify`. */
static void as_proofs(const uint8_t *bytes, size_t n)
{
	struct va_checker *c = va_checker_new();
	const struct va_finding *first;

	for (size_t at = 0; at < n; at += 1000)
		if (va_checker_feed(c, bytes + at, n - at < 1000 ? n - at : 1000))
			break;
	va_checker_finish(c);
	first = va_checker_first(c);
	if (!first != !va_checker_differences(c))
		abort();
	if (first)
		sink += strlen(first->kernel) + strlen(first->picture) + first->touched_count;
	va_checker_free(c);
}

static void as_stream(uint8_t *bytes, size_t n)
{
	struct va_recording *r = va_recording_new();

	mend(bytes, n);
	as_proofs(bytes, n);
	for (size_t at = 0; at < n; at += 1000)
		if (va_recording_feed(r, bytes + at, n - at < 1000 ? n - at : 1000))
			break;
	va_recording_finish(r);
	if (va_recording_ready(r))
		ask(r);
	va_recording_free(r);
}

/* Past the decoder: records as they lie there, behind a good head. */
static void as_records(const uint8_t *bytes, size_t n)
{
	struct vmatlas_stream_header h = { .version = VMATLAS_STREAM_VERSION, .wire_version = VMATLAS_WIRE_VERSION,
					   .header_size = sizeof(h), .record_size = VMATLAS_RECORD_SIZE, .clock = VMATLAS_CLOCK_MONOTONIC,
					   .page_size = 4096, .levels = n & 1 ? 5 : 4, .cpus = 2, .release = "fuzz", .machine = "x86_64" };
	struct vmatlas_chunk c = { .magic = VMATLAS_CHUNK_MAGIC, .kind = VMATLAS_CHUNK_RECORDS };
	struct va_recording *r = va_recording_new();

	memcpy(h.magic, VMATLAS_STREAM_MAGIC, sizeof(h.magic));
	va_recording_feed(r, &h, sizeof(h));
	for (size_t at = 0; at + VMATLAS_RECORD_SIZE <= n; at += VMATLAS_RECORD_SIZE) {
		struct vmatlas_record rec;

		memcpy(&rec, bytes + at, sizeof(rec));
		c.channel = rec.head.type == VMATLAS_FAULT;
		c.bytes = sizeof(rec);
		c.check = libdeflate_crc32(0, &rec, sizeof(rec));
		va_recording_feed(r, &c, sizeof(c));
		va_recording_feed(r, &rec, sizeof(rec));
	}
	va_recording_finish(r);
	ask(r);
	va_recording_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);

	if (!copy)
		return 0;
	memcpy(copy, data, n);
	if (n && data[n - 1] & 1)
		as_records(copy, n);
	else
		as_stream(copy, n);
	free(copy);
	return 0;
}
