/* Files: written, read back, cut by a full disk or a kill, damaged, of another kind. */
#include "unit/build.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "ahead.h"

static char path[] = "/tmp/vmatlas-test-XXXXXX";

static int make_path(void **state)
{
	int fd = mkstemp(path);

	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	return unlink(path);
}

static void save(struct bytes b, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(b.p, 1, n, f), n);
	fclose(f);
}

/* Loads `file`; what was printed on stderr goes to text. */
static int load_file(const char *file, struct va_recording **r, char *text, size_t n)
{
	FILE *err = tmpfile();
	int saved = dup(2), result;

	fflush(stderr);
	dup2(fileno(err), 2);
	*r = va_recording_new();
	result = va_recording_load(*r, file);
	fflush(stderr);
	dup2(saved, 2);
	close(saved);
	struct bytes b = read_back(err);

	snprintf(text, n, "%.*s", (int)b.n, (char *)b.p);
	free(b.p);
	return result;
}

static int load(struct va_recording **r, char *text, size_t n)
{
	return load_file(path, r, text, n);
}

static unsigned lines(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void written_and_read_back(void **state)
{
	struct vmatlas_record recs[64];
	size_t n = a_story(recs);

	for (int pack = 0; pack < 2; pack++) {
		struct bytes b = a_recording(pack);
		struct va_recording *r;
		char text[512];

		save(b, b.n);
		assert_int_equal(load(&r, text, sizeof(text)), 0);
		assert_string_equal(text, "");
		struct va_history *h = va_recording_history(r);

		assert_int_equal(va_history_count(h), n);
		for (size_t i = 0; i < n; i++)
			assert_memory_equal(va_history_record(h, i, NULL), &recs[i], sizeof(recs[i]));
		assert_string_equal(va_recording_meta(r, "command"), "story");
		assert_null(va_recording_meta(r, "cwd"));
		assert_int_equal(va_recording_end(r)->reason, VMATLAS_END_COMMAND);
		assert_string_equal(va_recording_header(r)->release, "6.12-test");
		assert_int_equal(va_history_find_mark(h, "begin"), 6);
		assert_int_equal(va_mm_resident(va_model_mm(va_history_latest(h), 1), 0, 1ull << 47), 4);
		assert_int_equal(va_model_counts(va_history_latest(h))->invalid, 0);
		va_recording_free(r);
		free(b.p);
	}
}

/* Cut anywhere: used as far as whole, with one sentence; or refused with one sentence. */
static void cut_anywhere(void **state)
{
	for (int pack = 0; pack < 2; pack++) {
		struct bytes b = a_recording(pack);

		for (size_t n = 0; n < b.n; n += 7) {
			struct va_recording *r;
			char text[512];

			save(b, n);
			int result = load(&r, text, sizeof(text));

			/* Behind END only the INDEX is missing, which is a hint. */
			if (lines(text) != 1)
				assert_true(va_recording_end(r) && lines(text) == 0);
			assert_int_equal(result == 0, n >= sizeof(struct vmatlas_stream_header));
			va_recording_free(r);
		}
		free(b.p);
	}
}

static void any_byte_wrong(void **state)
{
	for (int pack = 0; pack < 2; pack++) {
		struct bytes b = a_recording(pack);

		for (size_t i = 0; i < b.n; i++) {
			struct va_recording *r;
			char text[512];

			b.p[i] ^= 0x41;
			save(b, b.n);
			int result = load(&r, text, sizeof(text));

			assert_true(lines(text) <= 1);
			if (result)
				assert_int_equal(lines(text), 1);
			if (i < 8)
				assert_int_equal(result, -1);
			b.p[i] ^= 0x41;
			va_recording_free(r);
		}
		free(b.p);
	}
}

static void refuse(const void *bytes, size_t n, const char *word)
{
	struct bytes b = { (unsigned char *)bytes, n };
	struct va_recording *r;
	char text[512];

	save(b, n);
	assert_int_equal(load(&r, text, sizeof(text)), -1);
	assert_int_equal(lines(text), 1);
	assert_non_null(strstr(text, word));
	assert_non_null(strstr(text, path));
	va_recording_free(r);
}

static void other_files_are_refused(void **state)
{
	struct vmatlas_stream_header h = a_header();

	refuse("", 0, "empty");
	refuse("#!/bin/sh\necho hello\n", 21, "not a vmatlas recording");
	refuse(&h, 100, "cut off");
	h.version = 7;
	refuse(&h, sizeof(h), "another version");
	h = a_header();
	h.page_size = 123;
	refuse(&h, sizeof(h), "damaged");
	static const char *const unreadable[] = { "/nonexistent/x", "/" };

	for (unsigned i = 0; i < 2; i++) {
		struct va_recording *r;
		char text[512];

		assert_int_equal(load_file(unreadable[i], &r, text, sizeof(text)), -1);
		assert_int_equal(lines(text), 1);
		assert_non_null(strstr(text, unreadable[i]));
		va_recording_free(r);
	}
}

/* --- the writer when things go wrong -------------------------------------------------------------------------------------- */

#define BATCH 4096

static const struct vmatlas_record *a_batch(__u32 number)
{
	static struct vmatlas_record recs[BATCH];
	__u64 seed = number;

	for (size_t i = 0; i < BATCH; i++) {
		recs[i] = a_fault(1000 + number * BATCH + i, 1, next_random(&seed) & 0x7ffffffff000, an_entry(pick(&seed, 1 << 20)));
		recs[i].head.seq = number * BATCH + (__u32)i;
	}
	return recs;
}

static int write_batch(struct va_writer *w, __u32 number)
{
	int error = write_records(w, 0, 1, a_batch(number), BATCH);

	return error ? error : write_round(w, 1000 + (number + 1) * BATCH);
}

static void full_device(void **state)
{
	int fd = open("/dev/full", O_WRONLY);
	struct vmatlas_stream_header h = a_header();
	struct va_writer *w = va_writer_new(fd, true);
	struct vmatlas_end end = { .reason = VMATLAS_END_STOPPED };

	assert_true(fd >= 0);
	assert_int_equal(va_writer_header(w, &h), -ENOSPC);
	assert_int_equal(write_batch(w, 0), -ENOSPC);
	assert_int_equal(va_writer_flush(w), -ENOSPC);
	assert_int_equal(va_writer_end(w, &end), -ENOSPC);
	va_writer_free(w);
	close(fd);
}

/* The file may not grow beyond a limit: what is in it then are whole blocks, to the byte. */
static void full_disk(void **state)
{
	struct rlimit old, small = { 700000, RLIM_INFINITY };
	struct vmatlas_stream_header h = a_header();
	struct va_recording *r;
	char text[512];
	int error = 0;
	int fd = open(path, O_WRONLY | O_TRUNC);
	struct va_writer *w = va_writer_new(fd, true);

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_equal(va_writer_header(w, &h), 0);
	for (__u32 i = 0; i < 100 && !error; i++)
		error = write_batch(w, i);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(error, -EFBIG);
	assert_int_equal(lseek(fd, 0, SEEK_END), va_writer_bytes(w));
	va_writer_free(w);
	close(fd);
	assert_int_equal(load(&r, text, sizeof(text)), 0);
	assert_non_null(strstr(text, "cut off"));
	size_t n = va_history_count(va_recording_history(r));

	assert_true(n > BATCH && n % BATCH == 0);
	assert_memory_equal(va_history_record(va_recording_history(r), n - 1, NULL), &a_batch((__u32)(n / BATCH - 1))[BATCH - 1],
			    sizeof(struct vmatlas_record));
	va_recording_free(r);
}

static void write_until_killed(int ready)
{
	struct vmatlas_stream_header h = a_header();
	struct va_writer *w = va_writer_new(open(path, O_WRONLY | O_TRUNC), true);

	va_writer_header(w, &h);
	for (__u32 i = 0; i < 100000; i++) {
		write_batch(w, i);
		if (i == 12 && write(ready, "x", 1) != 1)
			_exit(1);
	}
	_exit(0);
}

static void killed_recorder(void **state)
{
	struct va_recording *r;
	char text[512], c;
	int ready[2], status;

	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();

	if (pid == 0)
		write_until_killed(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(load(&r, text, sizeof(text)), 0);
	assert_non_null(strstr(text, "cut off"));
	size_t n = va_history_count(va_recording_history(r));

	/* 13 batches of 512 KiB: all but the block in the making, which is at most 1.5 MiB. */
	assert_true(n >= 10 * BATCH);
	assert_memory_equal(va_history_record(va_recording_history(r), n - 1, NULL), &a_batch((__u32)((n - 1) / BATCH))[(n - 1) % BATCH],
			    sizeof(struct vmatlas_record));
	va_recording_free(r);
	close(ready[0]);
	close(ready[1]);
}

static void index_tells_the_truth(void **state)
{
	struct vmatlas_stream_header h = a_header();
	struct vmatlas_end end = { .reason = VMATLAS_END_STOPPED };
	FILE *f = tmpfile();
	struct va_writer *w = va_writer_new(fileno(f), true);
	struct vmatlas_chunk c;
	__u64 records = 0, blocks = 0;

	va_writer_header(w, &h);
	for (__u32 i = 0; i < 9; i++)
		assert_int_equal(write_batch(w, i), 0);
	assert_int_equal(va_writer_end(w, &end), 0);
	va_writer_free(w);
	struct bytes b = read_back(f);
	size_t at = sizeof(h);

	for (memcpy(&c, b.p + at, sizeof(c)); c.kind == VMATLAS_CHUNK_BLOCK; memcpy(&c, b.p + at, sizeof(c))) {
		at += sizeof(c) + c.bytes;
		blocks++;
	}
	assert_int_equal(c.kind, VMATLAS_CHUNK_END);
	at += sizeof(c) + c.bytes;
	memcpy(&c, b.p + at, sizeof(c));
	assert_int_equal(c.kind, VMATLAS_CHUNK_INDEX);
	assert_int_equal(c.bytes, blocks * sizeof(struct vmatlas_index_entry));
	for (__u64 i = 0; i < blocks; i++) {
		struct vmatlas_index_entry e;
		struct vmatlas_chunk block;

		memcpy(&e, b.p + at + sizeof(c) + i * sizeof(e), sizeof(e));
		memcpy(&block, b.p + e.offset, sizeof(block));
		assert_int_equal(block.kind, VMATLAS_CHUNK_BLOCK);
		assert_int_equal(block.first, e.first);
		assert_int_equal(block.drained, e.drained);
		records += e.records;
	}
	assert_int_equal(records, 9 * BATCH);
	assert_int_equal(at + sizeof(c) + c.bytes, b.n);
	free(b.p);
}

static void the_writers_own_chunks_are_its_own(void **state)
{
	FILE *f = tmpfile();
	struct va_writer *w = va_writer_new(fileno(f), true);
	struct vmatlas_chunk c = { .kind = VMATLAS_CHUNK_BLOCK };

	assert_int_equal(va_writer_chunk(w, &c, NULL), -EINVAL);
	c.kind = VMATLAS_CHUNK_END;
	assert_int_equal(va_writer_chunk(w, &c, NULL), -EINVAL);
	c.kind = VMATLAS_CHUNK_META;
	c.bytes = VMATLAS_CHUNK_MAX + 1;
	assert_int_equal(va_writer_chunk(w, &c, NULL), -EMSGSIZE);
	va_writer_free(w);
	fclose(f);
}

static void totals_make_the_last_losses_known(void **state)
{
	struct vmatlas_record recs[64];
	size_t n = a_story(recs);
	struct vmatlas_stream_header h = a_header();
	struct vmatlas_end end = { .reason = VMATLAS_END_STOPPED, .ts = 5000 };
	struct vmatlas_totals totals = { .cpu = 0, .channel = 0, .written = n, .lost = 9 };
	struct vmatlas_chunk c = { .kind = VMATLAS_CHUNK_TOTALS, .bytes = sizeof(totals) };
	int fd = open(path, O_WRONLY | O_TRUNC);
	struct va_writer *w = va_writer_new(fd, true);
	struct va_recording *r;
	char text[512];

	va_writer_header(w, &h);
	write_records(w, 0, 0, recs, n);
	va_writer_chunk(w, &c, &totals);
	va_writer_end(w, &end);
	va_writer_free(w);
	close(fd);
	assert_int_equal(load(&r, text, sizeof(text)), 0);
	assert_int_equal(va_history_count(va_recording_history(r)), n + 1);
	assert_int_equal(va_merge_stats(va_recording_merge(r), 0)->lost[0], 9);
	assert_int_equal(va_history_record(va_recording_history(r), n, NULL)->loss.count, 9);
	va_recording_free(r);
}

/* Read in pieces, stopped between two of them: what came is a recording that ends there. */
static void read_in_pieces(void **state)
{
	static const char tour[] = "tests/data/tour.vmatlas";
	struct va_recording *whole = va_recording_new(), *pieces = va_recording_new(), *stopped = va_recording_new(), *none = va_recording_new();
	FILE *file = fopen(path, "w"), *from = fopen(tour, "r");
	char head[30000];
	double part = 0;
	int more;

	assert_int_equal(va_recording_load(whole, tour), 0);
	assert_int_equal(va_recording_open(pieces, tour), 0);
	while ((more = va_recording_step(pieces)) > 0) {
		assert_true(va_recording_part(pieces) > part);
		part = va_recording_part(pieces);
	}
	assert_int_equal(more, 0);
	assert_true(part == 1);
	assert_int_equal(va_history_count(va_recording_history(pieces)), va_history_count(va_recording_history(whole)));
	assert_true(picture(va_history_latest(va_recording_history(pieces)), 8) == picture(va_history_latest(va_recording_history(whole)), 8));

	/* 64 KiB are a piece: the tour's first 30,000 bytes, again and again as one file, are several. */
	assert_int_equal(fread(head, 1, sizeof(head), from), sizeof(head));
	for (int i = 0; i < 6; i++)
		assert_int_equal(fwrite(head, 1, sizeof(head), file), sizeof(head));
	fclose(from);
	fclose(file);
	assert_int_equal(va_recording_open(stopped, path), 0);
	assert_true(va_recording_part(stopped) == 0);
	more = va_recording_step(stopped);
	va_recording_stop(stopped);
	assert_true(va_recording_ready(stopped) && va_history_count(va_recording_history(stopped)) > 100);
	assert_true(va_history_count(va_recording_history(stopped)) < va_history_count(va_recording_history(whole)));
	assert_int_equal(va_recording_open(none, "/nowhere/at/all"), -1);
	va_recording_free(whole);
	va_recording_free(pieces);
	va_recording_free(stopped);
	va_recording_free(none);
}

struct once {
	struct va_recording *kept;
	size_t seen;
};

static void as_kept(void *ctx, const struct vmatlas_record *rec, __u32 cpu)
{
	struct once *o = ctx;
	__u32 on;

	assert_memory_equal(va_history_record(va_recording_history(o->kept), o->seen++, &on), rec, sizeof(*rec));
	assert_int_equal(on, cpu);
}

/* Handed out instead of kept: the same records in the same order. Names are there before, where one looks ahead. */
static void diverted(void **state)
{
	static const char tour[] = "tests/data/tour.vmatlas";
	struct once o = { va_recording_new(), 0 };
	struct va_recording *r = va_recording_new();
	struct va_texts *texts = va_texts_new();
	struct va_objects *objects = va_objects_new();
	size_t named = 0, described = 0;

	assert_int_equal(va_recording_load(o.kept, tour), 0);
	va_recording_divert(r, as_kept, &o);
	assert_int_equal(va_recording_load(r, tour), 0);
	assert_int_equal(o.seen, va_history_count(va_recording_history(o.kept)));
	assert_true(va_recording_ready(r));
	assert_null(va_recording_history(r));

	va_ahead(tour, false, texts, objects);
	for (int all = 0; all < 2; all++) {
		for (size_t i = 0; i < o.seen; i++) {
			struct vmatlas_record rec = *va_history_record(va_recording_history(o.kept), i, NULL);
			struct va_vma v = { .name_text = rec.vma.name_text, .inode = rec.vma.inode, .dev_major = rec.vma.dev_major,
					    .dev_minor = rec.vma.dev_minor, .name_kind = rec.vma.name_kind };

			if (rec.head.type != VMATLAS_VMA)
				continue;
			const char *name = va_texts_get(va_recording_texts(o.kept), v.name_text);

			if (name && all)
				assert_string_equal(va_texts_get(texts, v.name_text), name);
			else
				assert_null(va_texts_get(texts, v.name_text));
			assert_true(!va_objects_find(objects, &v) == !va_objects_find(va_recording_objects(o.kept), &v));
			named += name && all;
			described += va_objects_find(objects, &v) != NULL;
		}
		va_ahead(tour, true, texts, NULL);
	}
	assert_true(named > 20 && described > 20);
	va_ahead("/nowhere/at/all", true, texts, objects);
	va_recording_free(o.kept);
	va_recording_free(r);
	va_texts_free(texts);
	va_objects_free(objects);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_and_read_back), cmocka_unit_test(cut_anywhere), cmocka_unit_test(any_byte_wrong),
		cmocka_unit_test(full_device), cmocka_unit_test(full_disk), cmocka_unit_test(killed_recorder),
		cmocka_unit_test(index_tells_the_truth), cmocka_unit_test(the_writers_own_chunks_are_its_own),
		cmocka_unit_test(totals_make_the_last_losses_known), cmocka_unit_test(other_files_are_refused), cmocka_unit_test(read_in_pieces),
		cmocka_unit_test(diverted),
	};

	return _cmocka_run_group_tests("recording", tests, sizeof(tests) / sizeof(tests[0]), make_path, remove_path);
}
