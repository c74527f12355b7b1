/* Columns: what goes in comes out, byte for byte, whatever it is; what is damaged is refused; and the recordings of before can be read. */
#include "unit/build.h"

#include "alloc.h"
#include "columns.h"
#include "decode.h"
#include "interleave.h"

struct run { /* whole chunks */
	char *p;
	size_t n, room;
	unsigned records;
};

static void add(struct run *r, const struct vmatlas_chunk *c, const void *payload)
{
	struct vmatlas_chunk head = *c;

	head.magic = VMATLAS_CHUNK_MAGIC;
	head.check = 0;
	r->p = va_grow(r->p, &r->room, r->n + sizeof(head) + c->bytes, 1);
	memcpy(r->p + r->n, &head, sizeof(head));
	if (c->bytes)
		memcpy(r->p + r->n + sizeof(head), payload, c->bytes);
	r->n += sizeof(head) + c->bytes;
	r->records += c->bytes / VMATLAS_RECORD_SIZE;
}

static int add_again(void *ctx, const struct vmatlas_chunk *c, const void *payload)
{
	add(ctx, c, payload);
	return 0;
}

/* The size it was packed to. */
static size_t there_and_back(struct va_columns_writer *w, struct va_columns_reader *reader, const struct run *r)
{
	struct run back = { 0 };
	const void *payload;
	size_t n = va_columns_pack(w, r->p, r->n, &payload);

	assert_true(n > 0);
	/* An own copy of just these bytes: reading past them is seen. */
	void *copy = malloc(n);

	memcpy(copy, payload, n);
	assert_int_equal(va_columns_unpack(reader, copy, n, VMATLAS_CPUS_MAX, add_again, &back), 0);
	assert_int_equal(back.n, r->n);
	assert_memory_equal(back.p, r->p, r->n);
	free(back.p);
	free(copy);
	return n;
}

/* --- real records ---------------------------------------------------------------------------------------------------------- */

struct pass {
	struct va_columns_writer *writer;
	struct va_columns_reader *reader;
	struct run run;
	size_t packed, records;
};

static int on_header(void *ctx, const struct vmatlas_stream_header *header)
{
	return header->version >= VMATLAS_STREAM_VERSION && header->version <= VMATLAS_STREAM_COLUMNS ? 0 : VA_DECODE_VERSION;
}

static void end_run(struct pass *p)
{
	if (p->run.n)
		p->packed += there_and_back(p->writer, p->reader, &p->run);
	p->records += p->run.records;
	p->run.n = p->run.records = 0;
}

static int on_chunk(void *ctx, const struct vmatlas_chunk *chunk, const void *payload)
{
	struct pass *p = ctx;

	if (va_columns_take(chunk))
		add(&p->run, chunk, payload);
	if (p->run.records > 20000)
		end_run(p);
	return 0;
}

static const struct va_decoder_ops ops = { on_header, on_chunk };

static void feed_file(const char *path, const struct va_decoder_ops *what, void *ctx)
{
	struct va_decoder *d = va_decoder_new(what, ctx);
	FILE *f = fopen(path, "rb");
	static char piece[1 << 16];
	size_t n;

	assert_non_null(f);
	while ((n = fread(piece, 1, sizeof(piece), f)))
		assert_int_equal(va_decoder_feed(d, piece, n), 0);
	assert_true(va_decoder_ended(d));
	fclose(f);
	va_decoder_free(d);
}

static const char *const shipped[] = { "tests/data/tour.vmatlas", "tests/data/fork.vmatlas", "tests/data/notices.vmatlas", "tests/data/regions5.vmatlas" };

static void real_records(void **state)
{
	struct pass p = { va_columns_writer_new(), va_columns_reader_new(), { 0 }, 0, 0 };

	for (size_t i = 0; i < sizeof(shipped) / sizeof(shipped[0]); i++) {
		feed_file(shipped[i], &ops, &p);
		end_run(&p);
	}
	print_message("# %zu bytes for %zu records\n", p.packed, p.records);
	assert_true(p.records > 9000);
	assert_true(p.packed < p.records * 15); /* with zstd alone: 25 */
	va_columns_writer_free(p.writer);
	va_columns_reader_free(p.reader);
	free(p.run.p);
}

/* What is written packed comes out as it went in, chunk for chunk: other kinds between the records keep their place. */
static int count_up(void *ctx, const struct vmatlas_chunk *chunk, const void *payload)
{
	add(ctx, chunk, payload);
	return 0;
}

struct rewrite {
	struct va_writer *writer;
	struct run seen;
};

static int write_on(void *ctx, const struct vmatlas_chunk *chunk, const void *payload)
{
	struct rewrite *r = ctx;

	if (chunk->kind == VMATLAS_CHUNK_END)
		return va_writer_end(r->writer, payload);
	add(&r->seen, chunk, payload);
	return va_writer_chunk(r->writer, chunk, payload);
}

static int header_on(void *ctx, const struct vmatlas_stream_header *header)
{
	struct rewrite *r = ctx;

	return va_writer_header(r->writer, header);
}

static int version_of_today(void *ctx, const struct vmatlas_stream_header *header)
{
	return header->version == VMATLAS_STREAM_COLUMNS ? 0 : VA_DECODE_VERSION;
}

static int all_but_end(void *ctx, const struct vmatlas_chunk *chunk, const void *payload)
{
	return chunk->kind == VMATLAS_CHUNK_END ? 0 : count_up(ctx, chunk, payload);
}

static void written_and_read(void **state)
{
	static const struct va_decoder_ops from = { header_on, write_on }, to = { version_of_today, all_but_end };

	for (size_t i = 0; i < sizeof(shipped) / sizeof(shipped[0]); i++) {
		char path[] = "/tmp/vmatlas-columns-XXXXXX";
		int fd = mkstemp(path);
		struct rewrite r = { va_writer_new(fd, true), { 0 } };
		struct run back = { 0 };

		feed_file(shipped[i], &from, &r);
		close(fd);
		feed_file(path, &to, &back);
		assert_int_equal(back.n, r.seen.n);
		assert_memory_equal(back.p, r.seen.p, back.n);
		va_writer_free(r.writer);
		free(r.seen.p);
		free(back.p);
		unlink(path);
	}
}

static void packed_as(const char *path, unsigned version, const struct run *was)
{
	static const struct va_decoder_ops as_it_was = { on_header, all_but_end };
	struct vmatlas_stream_header header;
	struct run is = { 0 };
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_int_equal(fread(&header, sizeof(header), 1, f), 1);
	fclose(f);
	assert_int_equal(header.version, version);
	feed_file(path, &as_it_was, &is);
	assert_int_equal(is.n, was->n);
	assert_memory_equal(is.p, was->p, was->n);
	free(is.p);
}

/* What older programs packed, expecting less (1), or every byte of every row (2), is read as before: columns-N is fork, written by one. */
static void packed_before(void **state)
{
	static const struct va_decoder_ops as_it_was = { on_header, all_but_end };
	struct run was = { 0 };

	feed_file("tests/data/fork.vmatlas", &as_it_was, &was);
	assert_true(was.n > 100000);
	packed_as("tests/data/columns-1.vmatlas", 2, &was);
	packed_as("tests/data/columns-2.vmatlas", 3, &was);
	free(was.p);
}

/* Faults that are all alike but for a few, with as many in between. Their times and numbers differ by the same. */
static void few_values(void **state)
{
	static struct vmatlas_record recs[7000];
	static const unsigned between[] = { 0, 1, 253, 254, 255, 256, 257, 510, 511, 512, 513, 1000, 0, 2000 };
	struct va_columns_writer *w = va_columns_writer_new();
	struct va_columns_reader *reader = va_columns_reader_new();
	struct vmatlas_chunk c = { .kind = VMATLAS_CHUNK_RECORDS, .channel = VMATLAS_CHANNEL_FAULTS, .bytes = sizeof(recs) };
	size_t n = sizeof(recs) / sizeof(recs[0]), last = 0, at = 0;
	struct run r = { 0 };

	for (size_t i = 0; i < n; i++)
		recs[i].head = (struct vmatlas_head){ .type = VMATLAS_FAULT, .ts = i + 1, .seq = (__u32)i + 1, .mm = 1 };
	for (size_t i = 0; i < sizeof(between) / sizeof(between[0]); i++) {
		at += between[i];
		last = at++;
		recs[last].fault.result = 1;
		recs[last].fault.signal = (__u8)(i + 1);
	}
	assert_true(last < n);
	recs[n - 1].fault.counted = 1;
	add(&r, &c, recs);
	assert_true(there_and_back(w, reader, &r) < 600);
	free(r.p);
	va_columns_writer_free(w);
	va_columns_reader_free(reader);
}

/* --- any bytes --------------------------------------------------------------------------------------------------------------- */

static void random_record(struct vmatlas_record *rec, __u64 *seed)
{
	unsigned kind = (unsigned)pick(seed, 4);
	__u64 *words = (__u64 *)rec;

	for (size_t i = 0; i < sizeof(*rec) / 8; i++)
		words[i] = kind == 0 ? next_random(seed) : kind == 1 ? pick(seed, 256) : kind == 2 && pick(seed, 3) ? words[i] : next_random(seed) >> pick(seed, 64);
	if (pick(seed, 4))
		rec->head.type = (__u16)pick(seed, VMATLAS_TYPE_LIMIT + 2);
}

static void random_run(struct run *r, __u64 *seed)
{
	static struct vmatlas_record recs[40];
	unsigned chunks = (unsigned)pick(seed, 30);

	r->n = r->records = 0;
	for (unsigned i = 0; i < chunks; i++) {
		bool round = !pick(seed, 4);
		unsigned n = round ? 0 : (unsigned)pick(seed, 40);

		for (unsigned k = 0; k < n; k++)
			random_record(&recs[k], seed);
		struct vmatlas_chunk c = {
			.kind = round ? VMATLAS_CHUNK_ROUND : VMATLAS_CHUNK_RECORDS, .bytes = n * VMATLAS_RECORD_SIZE, .drained = next_random(seed) >> pick(seed, 64),
			.cpu = round ? 0 : (__u16)pick(seed, VMATLAS_CPUS_MAX), .channel = round ? 0 : (__u8)pick(seed, 2),
			.first = pick(seed, 2) && n ? recs[0].head.ts : pick(seed, 3) * 77,
		};

		add(r, &c, recs);
	}
}

static void any_bytes(void **state)
{
	struct va_columns_writer *w = va_columns_writer_new();
	struct va_columns_reader *reader = va_columns_reader_new();
	struct run r = { 0 };
	__u64 seed = 7;

	for (int i = 0; i < 300; i++) {
		random_run(&r, &seed);
		if (r.n)
			there_and_back(w, reader, &r);
	}
	free(r.p);
	va_columns_writer_free(w);
	va_columns_reader_free(reader);
}

/* Any number of rows of any length, each in an own allocation of just that size. */
static void rows_become_values(void **state)
{
	__u64 seed = 3;

	for (unsigned planes = 2; planes <= VA_INTERLEAVE_MOST; planes++) {
		for (size_t n = 0; n < 70; n++) {
			unsigned width = va_interleaved_width(planes);
			__u8 *rows = malloc(planes * n + !n), *to = malloc(n * width + 8);

			for (size_t i = 0; i < planes * n; i++)
				rows[i] = (__u8)next_random(&seed);
			va_interleave(to, rows, n, planes);
			for (size_t i = 0; i < n; i++)
				for (unsigned k = 0; k < width; k++)
					assert_int_equal(to[i * width + k], k < planes ? rows[k * n + i] : 0);
			free(rows);
			free(to);
		}
	}
}

static int swallow(void *ctx, const struct vmatlas_chunk *chunk, const void *payload)
{
	unsigned char sum = 0;

	assert_true(va_columns_take(chunk) && chunk->cpu < 4);
	for (__u32 i = 0; i < chunk->bytes; i++)
		sum ^= ((const unsigned char *)payload)[i];
	*(unsigned *)ctx += 1 + 0 * sum;
	return 0;
}

/* Any bit wrong, cut anywhere: refused, or other records, and nothing worse (the checksum around it says which, this is for those who mend it). */
static void damaged(void **state)
{
	struct va_columns_writer *w = va_columns_writer_new();
	struct va_columns_reader *reader = va_columns_reader_new();
	struct pass p = { 0 };
	const void *payload;
	__u64 seed = 11;
	unsigned refused = 0, chunks = 0;

	static const struct va_decoder_ops gather = { on_header, on_chunk };

	feed_file("tests/data/regions5.vmatlas", &gather, &p);
	size_t n = va_columns_pack(w, p.run.p, p.run.n, &payload);

	assert_int_equal(va_columns_unpack(reader, payload, n, 4, swallow, &chunks), 0);
	for (int i = 0; i < 1500; i++) {
		size_t part = i % 3 ? n : (size_t)pick(&seed, n);
		unsigned char *copy = malloc(part + 1);

		memcpy(copy, payload, part);
		for (unsigned k = 0; part && k < 1 + pick(&seed, 3); k++)
			copy[i % 2 ? pick(&seed, part) : pick(&seed, part < 600 ? part : 600)] ^= (unsigned char)(1u << pick(&seed, 8));
		refused += va_columns_unpack(reader, copy, part, 4, swallow, &chunks) != 0;
		free(copy);
	}
	assert_true(refused > 300);
	/* … and the reader is as good as new. */
	assert_int_equal(va_columns_unpack(reader, payload, n, 4, swallow, &chunks), 0);
	assert_int_equal(va_columns_unpack(reader, payload, n, 1, swallow, &chunks), 1); /* a CPU that is not there */
	free(p.run.p);
	va_columns_writer_free(w);
	va_columns_reader_free(reader);
}

static void limits(void **state)
{
	struct va_columns_writer *w = va_columns_writer_new();
	struct run r = { 0 };
	size_t n = VMATLAS_CHUNK_MAX - VMATLAS_CHUNK_MAX % VMATLAS_RECORD_SIZE;
	char *records = calloc(1, n);
	struct vmatlas_chunk c = { .kind = VMATLAS_CHUNK_RECORDS, .bytes = (__u32)n };
	const void *payload;

	add(&r, &c, records);
	assert_true(va_columns_pack(w, r.p, r.n, &payload) > 0);
	add(&r, &c, records);
	assert_int_equal(va_columns_pack(w, r.p, r.n, &payload), 0);
	c.channel = VMATLAS_CHANNELS;
	assert_false(va_columns_take(&c));
	c = (struct vmatlas_chunk){ .kind = VMATLAS_CHUNK_RECORDS, .bytes = VMATLAS_RECORD_SIZE + 1 };
	assert_false(va_columns_take(&c));
	c = (struct vmatlas_chunk){ .kind = VMATLAS_CHUNK_META };
	assert_false(va_columns_take(&c));
	free(records);
	free(r.p);
	va_columns_writer_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_records), cmocka_unit_test(written_and_read), cmocka_unit_test(packed_before), cmocka_unit_test(few_values), cmocka_unit_test(any_bytes), cmocka_unit_test(rows_become_values),
		cmocka_unit_test(damaged), cmocka_unit_test(limits),
	};

	return RUN(tests);
}
