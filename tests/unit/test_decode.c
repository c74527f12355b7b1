/* Bytes → chunks: in any pieces, cut anywhere, with any bit wrong. */
#include "unit/build.h"

#include <libdeflate.h>
#include <zstd.h>

#include "decode.h"

struct seen {
	unsigned headers, chunks[16], records;
	int stop_at; /* chunk count to stop at, 0 = never */
};

static int on_header(void *ctx, const struct vmatlas_stream_header *header)
{
	struct seen *s = ctx;

	assert_int_equal(header->levels == 4 || header->levels == 5, 1);
	s->headers++;
	return 0;
}

static int on_chunk(void *ctx, const struct vmatlas_chunk *chunk, const void *payload)
{
	struct seen *s = ctx;
	unsigned char sum = 0;

	for (__u32 i = 0; i < chunk->bytes; i++) /* every byte must be readable */
		sum ^= ((const unsigned char *)payload)[i];
	s->chunks[chunk->kind & 15] += 1 + 0 * sum;
	if (chunk->kind == VMATLAS_CHUNK_RECORDS)
		s->records += chunk->bytes / VMATLAS_RECORD_SIZE;
	return 0;
}

static const struct va_decoder_ops ops = { on_header, on_chunk };

static int decode(struct bytes b, size_t step, struct seen *s, bool *ended, size_t *pending)
{
	struct va_decoder *d = va_decoder_new(&ops, s);
	int error = 0;

	for (size_t at = 0; at < b.n && !error; at += step)
		error = va_decoder_feed(d, b.p + at, b.n - at < step ? b.n - at : step);
	*ended = va_decoder_ended(d);
	*pending = va_decoder_pending(d);
	va_decoder_free(d);
	return error;
}

static void any_pieces(void **state)
{
	for (int pack = 0; pack < 2; pack++) {
		struct bytes b = a_recording(pack);
		struct vmatlas_record recs[64];
		size_t steps[] = { 1, 2, 3, 31, 32, 33, 127, 128, 255, 256, 257, 1000, 1 << 20 };

		for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
			struct seen s = { 0 };
			bool ended;
			size_t pending;

			assert_int_equal(decode(b, steps[i], &s, &ended, &pending), 0);
			assert_int_equal(s.headers, 1);
			assert_int_equal(s.records, a_story(recs));
			assert_int_equal(s.chunks[VMATLAS_CHUNK_META], 1);
			assert_int_equal(s.chunks[VMATLAS_CHUNK_ROUND], 2);
			assert_int_equal(s.chunks[VMATLAS_CHUNK_BLOCK] + s.chunks[VMATLAS_CHUNK_INDEX], 0);
			assert_true(ended);
			assert_int_equal(pending, 0);
		}
		free(b.p);
	}
}

/* A stream that stops anywhere is no error: what is whole has been handed out, and never more than the whole stream has. */
static void cut_anywhere(void **state)
{
	for (int pack = 0; pack < 2; pack++) {
		struct bytes b = a_recording(pack);
		unsigned last = 0;

		for (size_t n = 0; n <= b.n; n++) {
			/* An own copy of just these bytes: reading past them is seen. */
			struct bytes part = { malloc(n ? n : 1), n };
			struct seen s = { 0 };
			bool ended;
			size_t pending;

			memcpy(part.p, b.p, n);
			assert_int_equal(decode(part, 64, &s, &ended, &pending), 0);
			assert_true(s.records >= last);
			last = s.records;
			free(part.p);
		}
		free(b.p);
	}
}

static unsigned number_of(const char *name)
{
	const char *s = getenv(name);

	return s ? (unsigned)strtoul(s, NULL, 10) : 1;
}

/*
 * Where a bit is wrong, the decoder says so or the bit did not matter (reserved, names, times); it never goes on with other records. In full counts each bit of
 * each byte, else one of each, another with each seed.
 */
static void any_bit_wrong(void **state)
{
	const char *size = getenv("VMATLAS_TEST_SIZE");
	bool all = size && !strcmp(size, "long");
	size_t seed = number_of("VMATLAS_TEST_SEED");

	for (int pack = 0; pack < 2; pack++) {
		struct bytes b = a_recording(pack);
		struct vmatlas_record recs[64];
		unsigned whole = (unsigned)a_story(recs), errors = 0;

		for (size_t bit = 0; bit < b.n * 8; bit++) {
			struct seen s = { 0 };
			bool ended;
			size_t pending;

			if (!all && bit % 8 != (bit / 8 + seed) % 8)
				continue;
			b.p[bit / 8] ^= (unsigned char)(1 << bit % 8);
			errors += decode(b, 4096, &s, &ended, &pending) < 0;
			assert_true(s.records <= whole);
			b.p[bit / 8] ^= (unsigned char)(1 << bit % 8);
		}
		assert_true(errors > (all ? 8 : 1) * 100);
		free(b.p);
	}
}

static void head_is_judged(void **state)
{
	struct vmatlas_stream_header h = a_header(), out;

	assert_int_equal(va_decode_header(&h, sizeof(h), &out), sizeof(h));
	assert_int_equal(va_decode_header(&h, 255, &out), 0);
	assert_int_equal(va_decode_header("VMAT", 4, &out), 0);
	assert_int_equal(va_decode_header("VMAX", 4, &out), VA_DECODE_NOT_A_RECORDING);
	assert_int_equal(va_decode_header("\177ELF", 4, &out), VA_DECODE_NOT_A_RECORDING);
	h.version = VMATLAS_STREAM_COLUMNS + 1;
	assert_int_equal(va_decode_header(&h, sizeof(h), &out), VA_DECODE_VERSION);
	h = a_header();
	h.wire_version = 99;
	assert_int_equal(va_decode_header(&h, sizeof(h), &out), VA_DECODE_VERSION);
	h = a_header();
	h.levels = 3;
	assert_int_equal(va_decode_header(&h, sizeof(h), &out), VA_DECODE_HEADER);
	h = a_header();
	h.cpus = 0;
	assert_int_equal(va_decode_header(&h, sizeof(h), &out), VA_DECODE_HEADER);
	h.cpus = VMATLAS_CPUS_MAX + 1;
	assert_int_equal(va_decode_header(&h, sizeof(h), &out), VA_DECODE_HEADER);
	h = a_header();
	memset(h.release, 'x', sizeof(h.release));
	assert_int_equal(va_decode_header(&h, sizeof(h), &out), VA_DECODE_HEADER);
	h = a_header();
	h.record_size = 64;
	assert_int_equal(va_decode_header(&h, sizeof(h), &out), VA_DECODE_HEADER);
}

/* Header and one chunk with this payload; the result of decoding. */
static int decode_chunk(struct vmatlas_chunk c, const void *payload, size_t n)
{
	struct vmatlas_stream_header h = a_header();
	struct bytes b = { malloc(sizeof(h) + sizeof(c) + n), sizeof(h) + sizeof(c) + n };
	struct seen s = { 0 };
	bool ended;
	size_t pending;

	c.magic = VMATLAS_CHUNK_MAGIC;
	c.bytes = (__u32)n;
	c.check = libdeflate_crc32(0, payload, n);
	memcpy(b.p, &h, sizeof(h));
	memcpy(b.p + sizeof(h), &c, sizeof(c));
	memcpy(b.p + sizeof(h) + sizeof(c), payload, n);
	int error = decode(b, b.n, &s, &ended, &pending);

	free(b.p);
	return error;
}

static void shapes_are_judged(void **state)
{
	static const unsigned char zeros[256];
	struct vmatlas_chunk c = { .kind = VMATLAS_CHUNK_RECORDS };

	assert_int_equal(decode_chunk(c, zeros, 256), 0);
	assert_int_equal(decode_chunk(c, zeros, 200), VA_DECODE_CHUNK);
	c.cpu = 4;
	assert_int_equal(decode_chunk(c, zeros, 256), VA_DECODE_CHUNK);
	c.cpu = 3;
	c.channel = 2;
	assert_int_equal(decode_chunk(c, zeros, 256), VA_DECODE_CHUNK);
	c = (struct vmatlas_chunk){ .kind = VMATLAS_CHUNK_META };
	assert_int_equal(decode_chunk(c, "no end", 6), VA_DECODE_CHUNK);
	assert_int_equal(decode_chunk(c, "key\0value", 9), 0);
	c.kind = VMATLAS_CHUNK_END;
	assert_int_equal(decode_chunk(c, zeros, 15), VA_DECODE_CHUNK);
	c.kind = VMATLAS_CHUNK_TOTALS;
	assert_int_equal(decode_chunk(c, zeros, 25), VA_DECODE_CHUNK);
	c.kind = VMATLAS_CHUNK_ROUND;
	assert_int_equal(decode_chunk(c, zeros, 1), VA_DECODE_CHUNK);
	c.kind = 200; /* not known yet: skipped */
	assert_int_equal(decode_chunk(c, zeros, 77), 0);
	c.kind = VMATLAS_CHUNK_BLOCK;
	assert_int_equal(decode_chunk(c, "not zstd", 8), VA_DECODE_CHECK);
}

/* A BLOCK with this inside. */
static int decode_block(const void *inside, size_t n)
{
	size_t bound = ZSTD_compressBound(n);
	void *packed = malloc(bound);
	size_t size = ZSTD_compress(packed, bound, inside, n, 1);
	struct vmatlas_chunk c = { .kind = VMATLAS_CHUNK_BLOCK };
	int error = decode_chunk(c, packed, size);

	free(packed);
	return error;
}

static void blocks_do_not_nest(void **state)
{
	struct vmatlas_chunk c = { .magic = VMATLAS_CHUNK_MAGIC, .kind = VMATLAS_CHUNK_ROUND };

	assert_int_equal(decode_block(&c, sizeof(c)), 0);
	c.kind = VMATLAS_CHUNK_BLOCK;
	assert_int_equal(decode_block(&c, sizeof(c)), VA_DECODE_CHUNK);
	c.kind = VMATLAS_CHUNK_INDEX;
	assert_int_equal(decode_block(&c, sizeof(c)), VA_DECODE_CHUNK);
	c.kind = VMATLAS_CHUNK_END;
	assert_int_equal(decode_block(&c, sizeof(c)), VA_DECODE_CHUNK);
	c.kind = VMATLAS_CHUNK_ROUND;
	assert_int_equal(decode_block(&c, sizeof(c) - 1), VA_DECODE_CHUNK); /* half a chunk */
}

/* 64 MiB of zeros in a few KB: refused, not unpacked. */
static void bombs_are_refused(void **state)
{
	size_t n = 64u << 20;
	void *zeros = calloc(1, n);

	assert_int_equal(decode_block(zeros, n), VA_DECODE_CHECK);
	free(zeros);
}

static void huge_sizes_are_refused_at_once(void **state)
{
	struct vmatlas_chunk c = { .magic = VMATLAS_CHUNK_MAGIC, .kind = VMATLAS_CHUNK_RECORDS, .bytes = VMATLAS_CHUNK_MAX + 1 }, out;

	assert_int_equal(va_decode_chunk(&c, sizeof(c), &out), VA_DECODE_CHUNK);
	c.bytes = VMATLAS_CHUNK_MAX;
	assert_int_equal(va_decode_chunk(&c, sizeof(c), &out), 0);
	c.magic++;
	assert_int_equal(va_decode_chunk(&c, sizeof(c), &out), VA_DECODE_CHUNK);
}

static void errors_have_sentences(void **state)
{
	for (int e = VA_DECODE_CHECK; e <= VA_DECODE_OK; e++)
		assert_true(strlen(va_decode_strerror(e)) > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_pieces), cmocka_unit_test(cut_anywhere), cmocka_unit_test(any_bit_wrong),
		cmocka_unit_test(head_is_judged), cmocka_unit_test(shapes_are_judged), cmocka_unit_test(blocks_do_not_nest),
		cmocka_unit_test(bombs_are_refused), cmocka_unit_test(huge_sizes_are_refused_at_once), cmocka_unit_test(errors_have_sentences),
	};

	return RUN(tests);
}
