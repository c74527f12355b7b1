/*
 * crowd DIR [NAME [SEED [THREADS [PROCESSES [ROUNDS]]]]]: many at once, on all CPUs.
 *
 * THREADS threads (default 64, at most 256), tied to the CPUs in turn, map, write, protect, move and unmap each in a place of its own and fault in one region they
 * share, ROUNDS times (default 40; 0: for ever). At the same time PROCESSES short processes (default 0), eight at once, are forked; drawn by lot each
 * runs this program again (exec), changes its copy of the map, is killed in the middle of populating, unmapping or moving 8 MiB, or ends at once.
 * NAME.facts: pid N; processes N.
 */
#include "workload.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#define THREADS_MAX 256
#define SHARED_PAGES 512
#define PLACE 0x370000000000ul
#define STEP (1ul << 30)
#define LARGE (8ul << 20)
#define ALIVE 8

static unsigned threads = 64, processes, rounds = 40, seed = 1;
static char *shared;

static unsigned draw(uint64_t *state, unsigned below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (unsigned)((*state >> 11) % below);
}

static void touch(char *p, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		*(volatile char *)(p + i * WL_PAGE) = 1;
}

static void one_round(char *place, uint64_t *state)
{
	unsigned pages = 4 + draw(state, 28), cut = draw(state, pages - 2) + 1;
	char *p = mmap(place, pages * WL_PAGE, WL_RW, WL_ANON | MAP_FIXED, -1, 0);

	if (p == MAP_FAILED)
		wl_die("mmap");
	touch(p, pages);
	mprotect(p + cut * WL_PAGE, WL_PAGE, PROT_READ);
	madvise(shared + draw(state, SHARED_PAGES - 8) * WL_PAGE, 8 * WL_PAGE, MADV_DONTNEED);
	for (unsigned i = 0; i < 16; i++)
		*(volatile char *)(shared + draw(state, SHARED_PAGES) * WL_PAGE) = 1;
	if (mremap(p, cut * WL_PAGE, cut * WL_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place + 64 * WL_PAGE) == MAP_FAILED)
		wl_die("mremap");
	munmap(p + (cut + 1) * WL_PAGE, (pages - cut) * WL_PAGE);
	if (draw(state, 2))
		munmap(place, 128 * WL_PAGE);
}

static void *work(void *arg)
{
	uintptr_t who = (uintptr_t)arg;
	uint64_t state = (seed * 977ull + who) * 0x9e3779b97f4a7c15ull + 1;

	wl_stay_on((int)(who % (unsigned)sysconf(_SC_NPROCESSORS_ONLN)));
	for (unsigned i = 0; !rounds || i < rounds; i++)
		one_round((char *)PLACE + who * STEP, &state);
	return NULL;
}

/* --- short processes ------------------------------------------------------------------------------------------------------- */

static __attribute__((noreturn)) void large_for_ever(uint64_t state)
{
	char *p = (char *)PLACE + (THREADS_MAX + 1) * STEP;

	for (;;) {
		mmap(p, LARGE, WL_RW, WL_ANON | MAP_FIXED | MAP_POPULATE, -1, 0);
		if (draw(&state, 2))
			mremap(p, LARGE, LARGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + LARGE);
		else
			munmap(p, LARGE);
	}
}

static void short_life(uint64_t state, unsigned kind)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	switch (kind) {
	case 0:
		execl("/proc/self/exe", wl_name, "-", "again", "1", "2", "0", "2", NULL);
		_exit(99);
	case 1:
		for (unsigned i = 0; i < 3; i++)
			one_round((char *)PLACE + THREADS_MAX * STEP, &state);
		break;
	case 2:
		large_for_ever(state);
	}
	_exit(0);
}

static pid_t begin(uint64_t *state)
{
	unsigned kind = draw(state, 4);
	struct timespec rest = {0, draw(state, 3000000)};
	pid_t pid = fork();

	if (!pid)
		short_life(*state, kind);
	if (pid > 0 && kind == 2) {
		nanosleep(&rest, NULL);
		kill(pid, SIGKILL);
	}
	return pid;
}

static unsigned short_processes(void)
{
	uint64_t state = seed * 0x9e3779b97f4a7c15ull + 5;
	unsigned made = 0, alive = 0;

	while (made < processes || (!rounds && processes)) {
		if (begin(&state) > 0) {
			made++;
			alive++;
		}
		while (alive >= ALIVE && wait(NULL) > 0)
			alive--;
	}
	while (wait(NULL) > 0)
		;
	return made;
}

static unsigned number(int argc, char **argv, int i, unsigned fallback, unsigned most)
{
	unsigned long n = argc > i ? strtoul(argv[i], NULL, 0) : fallback;

	return n > most ? most : (unsigned)n;
}

int main(int argc, char **argv)
{
	static pthread_t ids[THREADS_MAX];
	bool again = argc > 2 && !strcmp(argv[2], "again");
	unsigned made;

	wl_begin(argc, argv);
	seed = number(argc, argv, 3, 1, ~0u);
	threads = number(argc, argv, 4, 64, THREADS_MAX);
	processes = number(argc, argv, 5, 0, 1u << 20);
	rounds = number(argc, argv, 6, 40, 1u << 20);
	shared = wl_map(NULL, SHARED_PAGES * WL_PAGE, WL_RW, WL_ANON, -1, 0);
	wl_mark("begin");
	for (uintptr_t i = 0; i < threads; i++)
		if ((errno = pthread_create(&ids[i], NULL, work, (void *)i)))
			wl_die("pthread_create");
	made = short_processes();
	for (unsigned i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	if (again)
		return 0;
	wl_fact("pid %d\nprocesses %u", getpid(), made);
	wl_save_facts("facts");
	return 0;
}
