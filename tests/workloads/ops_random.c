/*
 * ops_random DIR [NAME [SEED [OPERATIONS [THREADS [PROCESSES [MARKS]]]]]]: every way a map can change, drawn at random (tests/workloads/ops/).
 *
 * Each process's threads work on the same memory. MARKS times (default 10) all threads of a process stand still and it saves its map:
 * marks NAME.pP.0 … (P: number of the process). NAME.facts: seed; NAME.pP.facts: pid, operations done, faults.
 * Equal seeds draw equal operations in each thread; how threads interleave is the machine's.
 */
#include "workload.h"

#include <pthread.h>

#include "ops/ops.h"

static unsigned long operations = 400, seed = 1;
static unsigned threads = 2, processes = 1, marks = 10;
static pthread_barrier_t together;
static struct ops workers[64];
static char prefix[32];

static void save(unsigned mark)
{
	static char what[64];

	snprintf(what, sizeof(what), "%s.%u", prefix, mark);
	wl_save_maps(what);
}

static void *work(void *arg)
{
	struct ops *o = arg;

	ops_self = o;
	for (unsigned mark = 0; mark < marks; mark++) {
		for (unsigned long i = 0; i < operations / threads / marks; i++)
			ops_one(o);
		pthread_barrier_wait(&together);
		if (!o->thread)
			save(mark);
		pthread_barrier_wait(&together);
	}
	return NULL;
}

static void be_process(unsigned number)
{
	static pthread_t ids[64];
	static char what[64];
	unsigned long done = 0;

	snprintf(prefix, sizeof(prefix), "p%u", number);
	ops_prepare();
	pthread_barrier_init(&together, NULL, threads);
	for (unsigned t = 0; t < threads; t++)
		ops_worker_init(&workers[t], seed, number, t);
	for (unsigned t = 1; t < threads; t++)
		if ((errno = pthread_create(&ids[t], NULL, work, &workers[t])))
			wl_die("pthread_create");
	work(&workers[0]);
	for (unsigned t = 1; t < threads; t++)
		pthread_join(ids[t], NULL);
	for (unsigned t = 0; t < threads; t++)
		done += workers[t].done;
	wl_fact("pid %d\noperations %lu", getpid(), done);
	snprintf(what, sizeof(what), "%s.facts", prefix);
	wl_save_facts(what);
	ops_clean();
}

static unsigned number(int argc, char **argv, int i, unsigned fallback, unsigned most)
{
	unsigned long n = argc > i ? strtoul(argv[i], NULL, 0) : fallback;

	return n < 1 ? 1 : n > most ? most : (unsigned)n;
}

/* The programs to exec stand beside ours. */
static void find_programs(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	while (n > 0 && path[n] != '/')
		n--;
	path[n > 0 ? n : 0] = 0;
	ops_still = *path ? path : NULL;
}

int main(int argc, char **argv)
{
	int status, bad = 0;
	pid_t pid;

	wl_begin(argc, argv);
	seed = argc > 3 ? strtoul(argv[3], NULL, 0) : 1;
	operations = number(argc, argv, 4, 400, 1u << 30);
	threads = number(argc, argv, 5, 2, 64);
	processes = number(argc, argv, 6, 1, 64);
	marks = number(argc, argv, 7, 10, 1000);
	find_programs();
	wl_fact("pid %d\nseed %lu\nprocesses %u\nmarks %u", getpid(), seed, processes, marks);
	wl_save_facts("facts");
	for (unsigned p = 0; p < processes; p++) {
		pid = fork();
		if (!pid) {
			be_process(p);
			_exit(0);
		}
		if (pid < 0)
			wl_die("fork");
	}
	while ((pid = wait(&status)) > 0)
		if (status) {
			dprintf(STDERR_FILENO, "%s: process %d ended with %#x\n", wl_name, pid, status);
			bad = 1;
		}
	return bad;
}
