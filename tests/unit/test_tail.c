/* Small blocks at the end of a recording become one: what the file says is the same at every moment of that, whoever is killed. */
#include "unit/build.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "decode.h"
#include "tail.h"

#define BATCH 512u
#define BATCHES 60u       /* a block holds 48 */
#define SECOND 1000000000ull

static char path[] = "/tmp/vmatlas-test-XXXXXX";
static int fail_at; /* the how-manieth write at a place from now on fails; 0 = none */
static void (*at_each_moment)(void);
static unsigned moments, replaced;
static __u32 flushed; /* batches that stand in the file */

/* Instead of the library's: everybody who writes at a place may be killed before it, in the middle of it (but not within a chunk's head, which lies in one page) and after it. */
ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	bool head = n == sizeof(struct vmatlas_chunk);

	if (fail_at && !--fail_at) {
		errno = EIO;
		return -1;
	}
	if (head)
		assert_true(at % 4096 <= 4096 - (off_t)n || ((const struct vmatlas_chunk *)bytes)->kind == VMATLAS_CHUNK_SKIP ||
			    ((const struct vmatlas_chunk *)bytes)->kind == VMATLAS_CHUNK_SPARE);
	size_t some = at_each_moment && n > 64 && !head ? n / 3 : n;
	long written = syscall(SYS_pwrite64, fd, bytes, some, at);

	if (at_each_moment)
		at_each_moment();
	return written;
}

int ftruncate(int fd, off_t size)
{
	if (at_each_moment)
		at_each_moment();
	replaced += at_each_moment != NULL;
	return (int)syscall(SYS_ftruncate, fd, size);
}

static int make_path(void **state)
{
	int fd = mkstemp(path);

	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	return unlink(path);
}

static struct vmatlas_record record_at(__u32 i)
{
	__u64 seed = i + 1;
	struct vmatlas_record rec;

	next_random(&seed);
	rec = a_fault(1000 + i / BATCH * 2 * SECOND + i % BATCH * 1000, 1, next_random(&seed) & 0x7ffffffff000, an_entry(pick(&seed, 1 << 20)));
	rec.head.seq = i;
	return rec;
}

/* A batch each two seconds: with its ROUND it becomes a block. */
static int write_batch(struct va_writer *w, __u32 number)
{
	static struct vmatlas_record recs[BATCH];

	for (__u32 i = 0; i < BATCH; i++)
		recs[i] = record_at(number * BATCH + i);
	int error = write_records(w, 0, 1, recs, BATCH);

	return error ? error : write_round(w, 1000 + number * 2 * SECOND + 3 * SECOND / 2);
}

struct reading {
	__u32 records;
	bool differs;
};

static int compare(void *ctx, const struct vmatlas_chunk *c, const void *payload)
{
	struct reading *r = ctx;

	for (size_t i = 0; c->kind == VMATLAS_CHUNK_RECORDS && i < c->bytes / VMATLAS_RECORD_SIZE; i++) {
		struct vmatlas_record rec = record_at(r->records++);

		r->differs |= memcmp(&rec, (const char *)payload + i * VMATLAS_RECORD_SIZE, sizeof(rec)) != 0;
	}
	return 0;
}

/* How many records the file holds, each once and in order; nothing in it is damaged. */
static __u32 records_in(size_t *bytes)
{
	static const struct va_decoder_ops ops = { .chunk = compare };
	struct reading r = { 0 };
	struct va_decoder *d = va_decoder_new(&ops, &r);
	FILE *f = fopen(path, "r");
	struct bytes b;

	assert_non_null(f);
	b = read_back(f);
	assert_int_equal(va_decoder_feed(d, b.p, b.n), 0);
	assert_int_equal(va_decoder_unknown(d), 0);
	assert_false(r.differs);
	va_decoder_free(d);
	free(b.p);
	if (bytes)
		*bytes = b.n;
	return r.records;
}

static void nothing_is_missing(void)
{
	assert_int_equal(records_in(NULL), flushed * BATCH);
	moments++;
}

static struct va_writer *begin(int *fd)
{
	struct vmatlas_stream_header h = a_header();
	struct va_writer *w = va_writer_new(*fd = open(path, O_RDWR | O_TRUNC), true);

	assert_int_equal(va_writer_header(w, &h), 0);
	return w;
}

/* The batch that fills a block is written, too, before blocks are replaced. */
static void write_all_batches(struct va_writer *w)
{
	struct vmatlas_end end = { .reason = VMATLAS_END_STOPPED };

	for (__u32 i = 0; i < BATCHES; i++) {
		flushed = i + 1;
		assert_int_equal(write_batch(w, i), 0);
	}
	assert_int_equal(va_writer_end(w, &end), 0);
}

static __u32 kinds_of_chunks(unsigned count[VMATLAS_CHUNK_SPARE + 1])
{
	FILE *f = fopen(path, "r");
	struct bytes b = read_back(f);
	struct vmatlas_chunk c;

	memset(count, 0, (VMATLAS_CHUNK_SPARE + 1) * sizeof(*count));
	for (size_t at = sizeof(struct vmatlas_stream_header); at < b.n; at += sizeof(c) + c.bytes) {
		memcpy(&c, b.p + at, sizeof(c));
		assert_true(c.kind <= VMATLAS_CHUNK_SPARE);
		count[c.kind]++;
	}
	free(b.p);
	return count[VMATLAS_CHUNK_BLOCK];
}

static void nothing_is_lost_at_any_moment(void **state)
{
	unsigned count[VMATLAS_CHUNK_SPARE + 1];
	int fd;
	struct va_writer *w = begin(&fd);

	moments = replaced = 0;
	at_each_moment = nothing_is_missing;
	write_all_batches(w);
	at_each_moment = NULL;
	/* 48 batches, and what was left at the end. */
	assert_int_equal(replaced, 2);
	assert_true(moments > 2 * 12);
	assert_int_equal(lseek(fd, 0, SEEK_END), va_writer_bytes(w));
	assert_true(kinds_of_chunks(count) <= 2 + 1); /* one that begins at the end of a page stays alone */
	assert_int_equal(count[VMATLAS_CHUNK_SKIP] + count[VMATLAS_CHUNK_SPARE], 0);
	assert_int_equal(count[VMATLAS_CHUNK_END], 1);
	assert_int_equal(count[VMATLAS_CHUNK_INDEX], 1);
	va_writer_free(w);
	close(fd);
}

/* Bytes that can't be written, at each of the steps in turn: what is there counts, and what comes goes behind it. */
static void a_step_that_fails(void **state)
{
	unsigned count[VMATLAS_CHUNK_SPARE + 1], spares = 0;

	for (int step = 1; step <= 7; step++) { /* six for one replacement */
		int fd;
		struct va_writer *w = begin(&fd);

		fail_at = step;
		write_all_batches(w);
		fail_at = 0;
		assert_int_equal(records_in(NULL), BATCHES * BATCH);
		assert_int_equal(lseek(fd, 0, SEEK_END), va_writer_bytes(w));
		kinds_of_chunks(count);
		spares += count[VMATLAS_CHUNK_SPARE];
		va_writer_free(w);
		close(fd);
	}
	assert_int_equal(spares, 4);
}

/* As many bytes as without a second between the batches, but for a few. */
static void as_small_as_at_once(void **state)
{
	size_t slow, small;
	int fd;
	struct va_writer *w = begin(&fd);

	write_all_batches(w);
	va_writer_free(w);
	close(fd);
	assert_int_equal(records_in(&slow), BATCHES * BATCH);
	w = begin(&fd);
	for (__u32 i = 0; i < BATCHES; i++) {
		assert_int_equal(write_batch(w, i), 0);
		assert_int_equal(va_writer_flush(w), 0);
	}
	va_writer_free(w);
	close(fd);
	assert_int_equal(records_in(&small), BATCHES * BATCH);
	assert_true(slow < small);
}

/* Where no place can be written twice nothing is kept for it, and the small blocks stay. */
static void appended_only(void **state)
{
	unsigned count[VMATLAS_CHUNK_SPARE + 1];
	int fd;
	struct va_writer *w = begin(&fd);

	assert_int_equal(fcntl(fd, F_SETFL, O_APPEND), 0);
	assert_false(va_tail_can(fd));
	write_all_batches(w);
	va_writer_free(w);
	close(fd);
	assert_int_equal(records_in(NULL), BATCHES * BATCH);
	assert_true(kinds_of_chunks(count) >= BATCHES);
}

static void write_until_killed(volatile __u32 *written)
{
	int fd;
	struct va_writer *w;

	at_each_moment = NULL;
	w = begin(&fd);
	for (__u32 i = 0; !write_batch(w, i); i++)
		*written = i + 1;
	_exit(1);
}

static void killed_while_it_replaces(void **state)
{
	volatile __u32 *written = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	__u64 seed = 20261122;
	int status;

	for (unsigned round = 0; round < 12; round++) {
		*written = 0;
		pid_t pid = fork();

		if (pid == 0)
			write_until_killed(written);
		__u32 until = 40 + (__u32)pick(&seed, 60);

		for (int i = 0; *written < until && i < 100000; i++)
			usleep(200);
		assert_true(*written >= until);
		usleep((unsigned)pick(&seed, 20000));
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		assert_true(WIFSIGNALED(status));
		__u32 n = records_in(NULL);

		assert_true(n >= *written * BATCH && n <= (*written + 1) * BATCH && n % BATCH == 0);
	}
	munmap((void *)written, 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_at_any_moment), cmocka_unit_test(a_step_that_fails), cmocka_unit_test(as_small_as_at_once),
		cmocka_unit_test(appended_only), cmocka_unit_test(killed_while_it_replaces),
	};

	return _cmocka_run_group_tests("tail", tests, sizeof(tests) / sizeof(tests[0]), make_path, remove_path);
}
