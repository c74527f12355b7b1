/* What travels between launcher, guest and collector: the job, the frames, the bytes that are pumped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/bytes.c"
#include "common/control.c"
#include "common/job.c"
#include "common/pump.c"

static struct va_job *there_and_back(const struct va_job *job)
{
	struct va_bytes b = { 0 };
	struct va_job *copy;

	va_job_encode(job, &b);
	copy = va_job_decode(b.data, b.n);
	va_bytes_free(&b);
	return copy;
}

static void any_bytes_survive(void **state)
{
	char odd[] = "a b\n\t'\"\\\177\200\377 \033[0m", none[] = "", name[] = "/bin/x";
	char *argv[] = { name, odd, none, odd, NULL };
	struct va_job *job = va_job_here(argv), *copy;

	va_strings_add(&job->env, "ODD=a=b\n\377");
	va_strings_add(&job->shares, "/a,b");
	job->flags = VA_JOB_TTY | VA_JOB_USER;
	job->rows = 33;
	free(job->title);
	job->title = va_string("%s", odd);
	job->limits[0].rlim_cur = 12345;
	copy = there_and_back(job);
	assert_non_null(copy);
	assert_int_equal(copy->argv.n, 4);
	for (int i = 0; i <= 4; i++) {
		if (i < 4)
			assert_string_equal(copy->argv.item[i], argv[i]);
		else
			assert_null(copy->argv.item[i]);
	}
	assert_int_equal(copy->env.n, job->env.n);
	assert_string_equal(copy->env.item[copy->env.n - 1], "ODD=a=b\n\377");
	assert_string_equal(copy->shares.item[0], "/a,b");
	assert_string_equal(copy->cwd, job->cwd);
	assert_int_equal(copy->flags, job->flags);
	assert_int_equal(copy->rows, 33);
	assert_string_equal(copy->title, odd);
	assert_int_equal(copy->group_count, job->group_count);
	assert_memory_equal(copy->limits, job->limits, sizeof(job->limits));
	va_job_free(job);
	va_job_free(copy);
}

static void long_lists_survive(void **state)
{
	char word[] = "an argument of a few bytes";
	char **argv = calloc(200001, sizeof(*argv));
	struct va_job *job, *copy;

	for (int i = 0; i < 200000; i++)
		argv[i] = word;
	job = va_job_here(argv);
	copy = there_and_back(job);
	assert_int_equal(copy->argv.n, 200000);
	assert_string_equal(copy->argv.item[199999], word);
	va_job_free(job);
	va_job_free(copy);
	free(argv);
}

static void cut_and_changed_jobs_do_no_harm(void **state)
{
	char name[] = "x";
	char *argv[] = { name, NULL };
	struct va_job *job = va_job_here(argv);
	struct va_bytes b = { 0 };

	va_job_encode(job, &b);
	va_job_free(job);
	for (size_t n = 0; n < b.n; n += 1 + n / 64)
		va_job_free(va_job_decode(b.data, n));
	for (unsigned i = 0; i < 5000; i++) {
		size_t at = random() % b.n;
		unsigned char was = b.data[at];

		b.data[at] = random();
		va_job_free(va_job_decode(b.data, b.n));
		if (i % 4)
			b.data[at] = was;
	}
	va_bytes_free(&b);
}

static void frames_come_in_pieces(void **state)
{
	const unsigned char *payload;
	struct va_bytes b = { 0 };
	unsigned char raw[64];
	uint32_t kind, n;
	int fd[2];
	ssize_t all;

	assert_int_equal(pipe(fd), 0);
	assert_int_equal(va_frame_send(fd[1], VA_FRAME_HELLO, "6.12", 4), 0);
	all = read(fd[0], raw, sizeof(raw));
	for (ssize_t i = 0; i < all; i++) {
		assert_int_equal(va_frame_parse(&b, &kind, &payload, &n), 0);
		va_bytes_add(&b, raw + i, 1);
	}
	assert_int_equal(va_frame_parse(&b, &kind, &payload, &n), all);
	assert_int_equal(kind, VA_FRAME_HELLO);
	assert_memory_equal(payload, "6.12", 4);
	memset(b.data + 4, 0xff, 4);
	assert_int_equal(va_frame_parse(&b, &kind, &payload, &n), -1);
	va_bytes_free(&b);
	close(fd[0]);
	close(fd[1]);
}

static void step(struct va_pump *p)
{
	struct pollfd fds[2];

	va_pump_watch(p, fds);
	assert_true(poll(fds, 2, 100) >= 0);
	va_pump_handle(p, fds);
}

/* What the other side of a socket reads to its end, although it starts late. */
static void a_pump_ends_without_losing(void **state)
{
	char data[100000], got[100001];
	struct va_pump p;
	int from[2], to[2];
	size_t n = 0;
	ssize_t one;

	memset(data, 'x', sizeof(data));
	assert_int_equal(pipe2(from, O_NONBLOCK), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, to), 0);
	va_pump_init(&p, from[0], to[0], VA_PUMP_OWNS_BOTH);
	for (size_t left = sizeof(data); left || !va_pump_done(&p);) {
		one = left ? write(from[1], data, left < 4096 ? left : 4096) : 0;
		left -= one > 0 ? one : 0;
		if (!left && from[1] >= 0) {
			close(from[1]);
			from[1] = -1;
		}
		step(&p);
		one = read(to[1], got, 5000);
		n += one > 0 ? one : 0;
	}
	while ((one = read(to[1], got, sizeof(got))) > 0)
		n += one;
	assert_int_equal(one, 0);
	assert_int_equal(n, sizeof(data));
	assert_int_equal(p.moved, sizeof(data));
	va_pump_free(&p);
	close(to[1]);
}

static void a_pump_notices_that_nobody_reads(void **state)
{
	struct va_pump p;
	int from[2], to[2];

	assert_int_equal(pipe(from), 0);
	assert_int_equal(pipe(to), 0);
	va_pump_init(&p, from[0], to[1], VA_PUMP_OWNS_BOTH);
	close(to[0]);
	step(&p);
	assert_true(p.broken && va_pump_done(&p));
	assert_int_equal(write(from[1], "x", 1), -1); /* its writer is told, too */
	va_pump_free(&p);
	close(from[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_bytes_survive),
		cmocka_unit_test(long_lists_survive),
		cmocka_unit_test(cut_and_changed_jobs_do_no_harm),
		cmocka_unit_test(frames_come_in_pieces),
		cmocka_unit_test(a_pump_ends_without_losing),
		cmocka_unit_test(a_pump_notices_that_nobody_reads),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
