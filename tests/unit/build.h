/* Records and streams for unit tests, and a picture of a model that can be compared. */
#ifndef VA_TEST_BUILD_H
#define VA_TEST_BUILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "maps.h"
#include "model.h"
#include "recording.h"
#include "writer.h"

#define PAGE 4096ull
#define UNUSED __attribute__((unused))

/* A wrong array would run nothing and pass: the number of tests is told and must be right. */
static UNUSED int run_all(const struct CMUnitTest *tests, size_t n)
{
	if (!n)
		return 1;
	return _cmocka_run_group_tests("core", tests, n, NULL, NULL);
}
#define RUN(tests) run_all(tests, sizeof(tests) / sizeof((tests)[0]))

/* splitmix64: the same numbers everywhere. */
static UNUSED __u64 next_random(__u64 *state)
{
	__u64 z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static UNUSED __u64 pick(__u64 *state, __u64 n)
{
	return next_random(state) % n;
}

static UNUSED struct vmatlas_stream_header a_header(void)
{
	struct vmatlas_stream_header h = {
		.version = VMATLAS_STREAM_VERSION, .wire_version = VMATLAS_WIRE_VERSION, .header_size = sizeof(h),
		.record_size = VMATLAS_RECORD_SIZE, .clock = VMATLAS_CLOCK_MONOTONIC, .page_size = 4096, .levels = 4, .cpus = 4,
		.start_mono = 1000, .release = "6.12-test", .machine = "x86_64",
	};

	memcpy(h.magic, VMATLAS_STREAM_MAGIC, sizeof(h.magic));
	return h;
}

static UNUSED struct vmatlas_record a_record(unsigned type, __u64 ts, __u32 mm)
{
	struct vmatlas_record r = { .head = { .ts = ts, .type = (__u16)type, .mm = mm, .tgid = 100, .tid = 100 } };

	return r;
}

static UNUSED struct vmatlas_record a_range(__u64 ts, __u32 mm, __u32 seq, __u64 lo, __u64 hi, __u32 count)
{
	struct vmatlas_record r = a_record(VMATLAS_RANGE, ts, mm);

	r.head.aux = seq;
	r.range.lo = lo;
	r.range.hi = hi;
	r.range.count = count;
	r.range.nr = -1;
	return r;
}

static UNUSED struct vmatlas_record a_vma(__u64 ts, __u32 mm, __u32 seq, __u32 index, __u64 start, __u64 end, __u64 flags)
{
	struct vmatlas_record r = a_record(VMATLAS_VMA, ts, mm);

	r.head.aux = seq;
	r.head.flags = VMATLAS_F_ANON;
	r.vma.index = index;
	r.vma.start = start;
	r.vma.end = end;
	r.vma.vm_flags = flags;
	r.vma.pgoff = start >> 12;
	return r;
}

/* A fault whose walk ends in a PTE with this entry, nothing there before. */
static UNUSED struct vmatlas_record a_fault(__u64 ts, __u32 mm, __u64 addr, __u64 entry)
{
	struct vmatlas_record r = a_record(VMATLAS_FAULT, ts, mm);

	r.head.flags = VMATLAS_F_ANON | VMATLAS_F_WRITE;
	r.fault.addr = addr;
	r.fault.entry[0] = 0x1000067;
	r.fault.entry[2] = 0x2000067;
	r.fault.entry[3] = 0x3000067;
	r.fault.entry[4] = entry;
	r.fault.depth_before = 4;
	r.fault.depth_after = 4;
	r.fault.vma_start = addr & ~0xfffull;
	r.fault.vma_end = (addr & ~0xfffull) + PAGE;
	return r;
}

static UNUSED __u64 an_entry(__u64 pfn)
{
	return 0x8000000000000067ull | pfn << 12; /* P RW US A D NX */
}

static UNUSED struct vmatlas_record a_text(__u64 ts, __u64 id, const char *whole, unsigned offset)
{
	struct vmatlas_record r = a_record(VMATLAS_TEXT, ts, 0);
	size_t total = strlen(whole), n = total - offset < VMATLAS_TEXT_PIECE ? total - offset : VMATLAS_TEXT_PIECE;

	r.text.id = id;
	r.text.total = (__u16)total;
	r.text.offset = (__u16)offset;
	memcpy(r.text.bytes, whole + offset, n);
	return r;
}

static UNUSED struct vmatlas_record a_mark(__u64 ts, __u64 text)
{
	struct vmatlas_record r = a_record(VMATLAS_MARK, ts, 1);

	r.mark.text = text;
	return r;
}

static UNUSED struct vmatlas_record an_op(__u64 ts, __u32 mm, int nr, __u64 a0, __u64 a1, __u64 a2, __u64 a3, __s64 result)
{
	struct vmatlas_record r = a_record(VMATLAS_OP, ts, mm);

	r.op.nr = nr;
	r.op.args[0] = a0;
	r.op.args[1] = a1;
	r.op.args[2] = a2;
	r.op.args[3] = a3;
	r.op.result = result;
	r.op.begin = ts - 1;
	return r;
}

static UNUSED struct vmatlas_record a_task(__u64 ts, __u32 mm, __u32 tgid, __u32 tid, const char *comm)
{
	struct vmatlas_record r = a_record(VMATLAS_TASK, ts, mm);

	r.head.tgid = tgid;
	r.head.tid = tid;
	r.head.flags = VMATLAS_F_TARGET;
	strncpy(r.task.comm, comm, sizeof(r.task.comm));
	return r;
}

static UNUSED struct vmatlas_record a_fork(__u64 ts, __u32 mm, __u32 child, __u32 child_mm)
{
	struct vmatlas_record r = a_record(VMATLAS_FORK, ts, mm);

	r.fork.child_tgid = r.fork.child_tid = child;
	r.fork.child_mm = child_mm;
	memcpy(r.fork.comm, "child", 6);
	return r;
}

static UNUSED struct va_model *new_model(void)
{
	static struct vmatlas_stream_header header;

	header = a_header();
	return va_model_new(&header, NULL);
}

static UNUSED void apply(struct va_model *m, struct vmatlas_record rec)
{
	va_model_apply(m, &rec);
}

/* The whole map 1: VMAs [start, end) in pairs, all anonymous and writable. */
static UNUSED void whole_map(struct va_model *m, __u64 ts, __u32 seq, const __u64 *bounds, __u32 n)
{
	struct vmatlas_record r = a_range(ts, 1, seq, 0, ~0ull, n);

	r.head.flags = VMATLAS_F_SNAPSHOT;
	apply(m, r);
	for (__u32 i = 0; i < n; i++)
		apply(m, a_vma(ts, 1, seq, i, bounds[2 * i], bounds[2 * i + 1], 3));
}

/* --- whole streams in memory ------------------------------------------------------------------------------------------ */

struct bytes {
	unsigned char *p;
	size_t n;
};

static UNUSED struct bytes read_back(FILE *file)
{
	struct bytes b;

	fseek(file, 0, SEEK_END);
	b.n = (size_t)ftell(file);
	b.p = malloc(b.n ? b.n : 1);
	rewind(file);
	assert_int_equal(fread(b.p, 1, b.n, file), b.n);
	fclose(file);
	return b;
}

static UNUSED int write_records(struct va_writer *w, __u16 cpu, __u8 channel, const struct vmatlas_record *recs, size_t n)
{
	struct vmatlas_chunk c = { .kind = VMATLAS_CHUNK_RECORDS, .channel = channel, .cpu = cpu, .bytes = (__u32)(n * sizeof(*recs)) };

	return va_writer_chunk(w, &c, recs);
}

static UNUSED int write_round(struct va_writer *w, __u64 drained)
{
	struct vmatlas_chunk c = { .kind = VMATLAS_CHUNK_ROUND, .drained = drained };

	return va_writer_chunk(w, &c, NULL);
}

/* A short life of one process: task, whole map, faults, a mark, an unmap. n records into recs (room for 64). */
static UNUSED size_t a_story(struct vmatlas_record *recs)
{
	size_t n = 0;

	recs[n++] = a_text(1001, 77, "begin", 0);
	recs[n++] = a_task(1002, 1, 100, 100, "story");
	recs[n++] = a_range(1003, 1, 1, 0, ~0ull, 2);
	recs[n++] = a_vma(1003, 1, 1, 0, 0x400000, 0x404000, 3);
	recs[n++] = a_vma(1003, 1, 1, 1, 0x7f0000000000, 0x7f0000010000, 3);
	recs[n++] = a_mark(1004, 77);
	for (unsigned i = 0; i < 8; i++)
		recs[n++] = a_fault(1010 + i, 1, 0x7f0000000000 + i * PAGE, an_entry(500 + i));
	recs[n++] = a_range(1030, 1, 2, 0x7f0000000000, 0x7f0000010000, 1);
	recs[n++] = a_vma(1030, 1, 2, 0, 0x7f0000004000, 0x7f0000010000, 3);
	for (size_t i = 0; i < n; i++)
		recs[i].head.seq = (__u32)i;
	return n;
}

static UNUSED struct bytes a_recording(bool pack)
{
	struct vmatlas_record recs[64];
	size_t n = a_story(recs);
	struct vmatlas_stream_header header = a_header();
	struct vmatlas_end end = { .reason = VMATLAS_END_COMMAND, .ts = 2000 };
	FILE *file = tmpfile();

	assert_non_null(file);
	struct va_writer *w = va_writer_new(fileno(file), pack);

	assert_int_equal(va_writer_header(w, &header), 0);
	assert_int_equal(va_writer_meta(w, "command", "story"), 0);
	assert_int_equal(write_records(w, 0, 0, recs, n / 2), 0);
	assert_int_equal(write_round(w, recs[n / 2].head.ts), 0);
	assert_int_equal(va_writer_flush(w), 0);
	assert_int_equal(write_records(w, 0, 0, recs + n / 2, n - n / 2), 0);
	assert_int_equal(write_round(w, 1999), 0);
	assert_int_equal(va_writer_end(w, &end), 0);
	va_writer_free(w);
	return read_back(file);
}

/* --- the picture of a model --------------------------------------------------------------------------------------------- */

static UNUSED void mix(__u64 *digest, const void *p, size_t n)
{
	const unsigned char *s = p;

	for (size_t i = 0; i < n; i++)
		*digest = (*digest ^ s[i]) * 0x100000001b3ull;
}

static UNUSED bool mix_page(void *ctx, __u64 addr, const struct va_page *page)
{
	__u64 fields[] = { addr, page->entry, page->ts, page->certainty, page->level, page->present };

	mix(ctx, fields, sizeof(fields));
	return true;
}

static UNUSED void mix_mm(__u64 *digest, const struct va_mm *mm, const struct va_texts *texts)
{
	static char line[VA_MAPS_LINE_MAX];
	__u64 facts[] = { va_mm_id(mm), va_mm_complete(mm), va_mm_stale(mm), va_mm_ended(mm), va_mm_vma_count(mm),
			  va_mm_resident(mm, 0, 1ull << 56) };

	mix(digest, facts, sizeof(facts));
	for (size_t i = 0; i < va_mm_vma_count(mm); i++) {
		const struct va_vma *v = va_mm_vma(mm, i);
		__u64 more[] = { v->born, v->changed, v->stale, va_mm_page(mm, v->start).certainty };

		mix(digest, line, va_maps_line(mm, v, texts, 0, line, sizeof(line)));
		mix(digest, more, sizeof(more));
	}
	va_mm_each_page(mm, 0, 1ull << 56, mix_page, digest);
}

/* mms: ids 1..mms are looked at, but for those that `like` does not know. */
static UNUSED __u64 picture_like(const struct va_model *model, __u32 mms, const struct va_model *like)
{
	__u64 digest = 0xcbf29ce484222325ull, now = va_model_now(model);
	const struct va_model_counts *c = va_model_counts(model);

	mix(&digest, &now, sizeof(now));
	mix(&digest, c, sizeof(*c));
	for (size_t i = 0; i < va_model_task_count(model); i++) {
		const struct va_task *t = va_model_task(model, i);
		__u64 facts[] = { t->tid, t->tgid, t->ppid, t->mm, t->last_mm, t->begin, t->end, t->exit_code, t->faults, t->ops, t->target };

		mix(&digest, facts, sizeof(facts));
		mix(&digest, t->comm, strlen(t->comm));
	}
	for (__u32 id = 1; id <= mms; id++)
		if (va_model_mm(model, id) && va_model_mm(like, id))
			mix_mm(&digest, va_model_mm(model, id), va_model_texts(model));
	return digest;
}

static UNUSED __u64 picture(const struct va_model *model, __u32 mms)
{
	return picture_like(model, mms, model);
}

#endif
