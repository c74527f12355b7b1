/* The same small loops for every tool: what one event costs while that tool watches. */
#include "work.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 9
#define AROUND 16 /* pages of a file that one fault maps */
#define FILE_FAULTS 200

static int file = -1;

void fail(const char *what)
{
	perror(what);
	exit(1);
}

static double clock_of(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

struct span now(void)
{
	return (struct span){ clock_of(CLOCK_THREAD_CPUTIME_ID), clock_of(CLOCK_MONOTONIC) };
}

static struct span each(struct span begin, int count)
{
	struct span end = now();

	return (struct span){ (end.task - begin.task) / count, (end.all - begin.all) / count };
}

struct span anonymous_faults(int count)
{
	char *p = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct span begin, one;

	if (p == MAP_FAILED)
		fail("mmap");
	madvise(p, count * PAGE, MADV_NOHUGEPAGE);
	begin = now();
	for (int i = 0; i < count; i++)
		p[i * PAGE] = 1;
	one = each(begin, count);
	munmap(p, count * PAGE);
	return one;
}

void prepare(void)
{
	static char zeros[PAGE];

	file = open("/tmp/bench", O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0600);
	for (int i = 0; i < FILE_FAULTS * AROUND; i++)
		if (write(file, zeros, PAGE) != (ssize_t)PAGE)
			fail("/tmp/bench");
}

struct span file_faults(int count)
{
	volatile char *p = mmap(NULL, count * AROUND * PAGE, PROT_READ, MAP_SHARED, file, 0);
	struct span begin, one;

	if (p == MAP_FAILED)
		fail("mmap of a file");
	begin = now();
	for (int i = 0; i < count; i++)
		p[i * AROUND * PAGE];
	one = each(begin, count);
	munmap((void *)p, count * AROUND * PAGE);
	return one;
}

struct span pairs(int count)
{
	struct span begin = now();

	for (int i = 0; i < count; i++)
		munmap(mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 16 * PAGE);
	return each(begin, count);
}

struct span getpids(int count)
{
	struct span begin = now();

	for (int i = 0; i < count; i++)
		syscall(SYS_getpid);
	return each(begin, count);
}

struct span reads(int count)
{
	struct span begin = now();
	char c;

	for (int i = 0; i < count; i++)
		if (pread(file, &c, 1, i) != 1)
			fail("pread");
	return each(begin, count);
}

static int by_task(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return x->task < y->task ? -1 : x->task > y->task;
}

struct span median_of(round_fn *f, int count, int rounds, void (*between)(void))
{
	struct span *of = calloc(rounds, sizeof(*of)), middle;
	double all = 0;

	f(count / 4 + 1);
	for (int i = 0; i < rounds; i++) {
		if (between)
			between();
		of[i] = f(count);
		all += of[i].all / rounds;
	}
	qsort(of, rounds, sizeof(*of), by_task);
	middle = (struct span){ of[rounds / 2].task, all };
	free(of);
	return middle;
}

int costs(const char *name)
{
	static const struct {
		const char *name;
		round_fn *round;
		int count;
	} kinds[] = {
		{ "fault", anonymous_faults, 400 }, { "file", file_faults, FILE_FAULTS }, { "pair", pairs, 200 }, { "getpid", getpids, 1000 }, { "read", reads, 400 },
	};
	enum { KINDS = sizeof(kinds) / sizeof(*kinds) };
	struct span of[KINDS];

	prepare();
	for (int i = 0; i < KINDS; i++)
		of[i] = median_of(kinds[i].round, kinds[i].count, ROUNDS, NULL);
	printf("\n# cost %s", name);
	for (int i = 0; i < KINDS; i++)
		printf(" %s %.1f %.1f", kinds[i].name, of[i].task, of[i].all);
	printf("\n");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "costs"))
		return costs(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "growth"))
		return growth(argv[2], atoi(argv[3]));
	if (argc == 4 && !strcmp(argv[1], "executed"))
		return executed(argv[2], atoi(argv[3]));
	if (argc == 2 && !strcmp(argv[1], "clock"))
		return printf("%.0f\n", now().all) < 0;
	if (argc == 3 && !strcmp(argv[1], "sleep"))
		return sleep(atoi(argv[2]));
	return 2;
}
