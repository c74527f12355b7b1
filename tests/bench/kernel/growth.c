/* Whether an event costs more where there is more: VMAs of the map, processes watched, threads, processors. Each is measured without the recorder and with it. */
#include "work.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 5
#define TOGETHER 6400 /* events of all workers in a round */
#define FORKS 3
#define WORKERS 256

struct shared {
	pthread_barrier_t ready, done;
	bool maps;           /* what a worker does: pairs, or faults */
	int each;            /* how much of it */
	double began[WORKERS], ended[WORKERS];
};

static struct shared *shared;

struct figures {
	double fault, pair, fork, exec;
};

static void begin_recording(void)
{
	char text[32];

	snprintf(text, sizeof(text), "pid %d", getpid());
	control("enable", "1");
	control("target", text);
	drain();
}

static void end_recording(void)
{
	drain();
	control("target", "none");
	control("enable", "0");
}

static void print(const char *what, int n, const struct figures *without, const struct figures *recorded, unsigned long lost)
{
	printf("\n# growth %s %d fault %.1f %.1f pair %.1f %.1f fork %.1f %.1f exec %.1f %.1f lost %lu\n", what, n, without->fault, recorded->fault, without->pair,
	       recorded->pair, without->fork, recorded->fork, without->exec, recorded->exec, lost);
}

/* --- in one task: its own time */

static double fork_took(void)
{
	struct span begin = now();
	pid_t pid = fork();
	double took;

	if (!pid)
		_exit(0);
	took = now().task - begin.task;
	waitpid(pid, NULL, 0);
	return took;
}

static double exec_took(void)
{
	char began[32], where[32];
	int fd[2];
	double took;
	pid_t pid;

	if (pipe(fd))
		fail("pipe");
	pid = fork();
	if (!pid) {
		snprintf(where, sizeof(where), "%d", fd[1]);
		snprintf(began, sizeof(began), "%.0f", now().task);
		execl("/proc/self/exe", "work", "executed", began, where, NULL);
		_exit(1);
	}
	if (read(fd[0], &took, sizeof(took)) != sizeof(took))
		fail("exec");
	waitpid(pid, NULL, 0);
	close(fd[0]);
	close(fd[1]);
	return took;
}

/* The other side of exec_took(). */
int executed(const char *began, int fd)
{
	double took = now().task - atof(began);

	return write(fd, &took, sizeof(took)) != sizeof(took);
}

static double least(double (*f)(void))
{
	double best = 0;

	for (int i = 0; i < FORKS; i++) {
		double took;

		drain();
		took = f();
		best = !i || took < best ? took : best;
	}
	return best;
}

static void make_vmas(int n)
{
	char *p = mmap(NULL, n * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		fail("mmap");
	for (int i = 1; i < n; i += 2)
		if (mprotect(p + i * PAGE, PAGE, PROT_NONE))
			fail("mprotect");
}

static void make_processes(int n)
{
	for (int i = 1; i < n; i++) {
		if (i % 100 == 0)
			drain();
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
	}
}

static struct figures in_one_task(bool births)
{
	struct figures of = { 0 };

	of.fault = median_of(anonymous_faults, 400, ROUNDS, drain).task;
	of.pair = median_of(pairs, 200, ROUNDS, drain).task;
	if (births) {
		of.fork = least(fork_took);
		of.exec = least(exec_took);
	}
	return of;
}

/* --- together: the whole machine's time, by the number of events */

static void *worker(void *number)
{
	int n = shared->each, cpus = sysconf(_SC_NPROCESSORS_CONF);
	cpu_set_t one;
	char *p;

	CPU_ZERO(&one);
	CPU_SET((long)number % cpus, &one);
	sched_setaffinity(0, sizeof(one), &one);
	p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(p, n * PAGE, MADV_NOHUGEPAGE);
	pthread_barrier_wait(&shared->ready);
	shared->began[(long)number] = now().all;
	if (shared->maps)
		pairs(n);
	else
		for (int i = 0; i < n; i++)
			p[i * PAGE] = 1;
	shared->ended[(long)number] = now().all;
	pthread_barrier_wait(&shared->done);
	return NULL;
}

static double round_together(int n, bool threads, bool maps)
{
	pthread_barrierattr_t both;
	pthread_t thread[WORKERS];
	double begin = 0, end = 0;

	pthread_barrierattr_init(&both);
	pthread_barrierattr_setpshared(&both, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&shared->ready, &both, n + 1);
	pthread_barrier_init(&shared->done, &both, n + 1);
	shared->maps = maps;
	shared->each = TOGETHER / (maps ? 4 : 1) / n;
	for (long i = 0; i < n; i++) {
		if (threads && pthread_create(&thread[i], NULL, worker, (void *)i))
			fail("pthread_create");
		if (!threads && !fork()) {
			worker((void *)i);
			_exit(0);
		}
	}
	drain();
	pthread_barrier_wait(&shared->ready);
	pthread_barrier_wait(&shared->done);
	for (int i = 0; i < n; i++) {
		begin = !i || shared->began[i] < begin ? shared->began[i] : begin;
		end = shared->ended[i] > end ? shared->ended[i] : end;
	}
	for (int i = 0; threads && i < n; i++)
		pthread_join(thread[i], NULL);
	while (!threads && wait(NULL) > 0)
		;
	return (end - begin) / (shared->each * n);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double together(int n, bool threads, bool maps)
{
	double of[3];

	for (int i = 0; i < 3; i++)
		of[i] = round_together(n, threads, maps);
	qsort(of, 3, sizeof(*of), by_size);
	return of[1];
}

static struct figures all_at_once(int n, bool threads)
{
	return (struct figures){ .fault = together(n, threads, false), .pair = together(n, threads, true) };
}

int growth(const char *what, int n)
{
	struct figures without, recorded;
	unsigned long before, losses = 0;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (n < 1 || (n > WORKERS && strcmp(what, "vmas") && strcmp(what, "processes")))
		return 2;
	if (!strcmp(what, "vmas")) {
		make_vmas(n);
		without = in_one_task(true);
		begin_recording();
		before = lost();
		recorded = in_one_task(true);
	} else if (!strcmp(what, "processes")) {
		begin_recording();
		before = lost();
		make_processes(n);
		recorded = in_one_task(false);
		losses = lost() - before;
		end_recording();
		without = in_one_task(false);
	} else {
		without = all_at_once(n, !strcmp(what, "threads"));
		begin_recording();
		before = lost();
		recorded = all_at_once(n, !strcmp(what, "threads"));
	}
	if (strcmp(what, "processes")) {
		losses = lost() - before;
		end_recording();
	}
	print(what, n, &without, &recorded, losses);
	return 0;
}
