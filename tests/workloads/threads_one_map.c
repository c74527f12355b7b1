/*
 * threads_one_map DIR [NAME [ROUNDS]]: eight threads map, touch, protect and unmap at the same time, in one address space.
 *
 * Each thread writes to 61 pages of its own in one common region (8 × 61 pages, each once); then ROUNDS times (default 25): maps 8 pages, writes to 3,
 * protects the middle, unmaps the middle, and unmaps the rest. All stand still at the marks NAME.0 … NAME.3 (map saved).
 * NAME.facts: pid N, region START END, tid N (a line each).
 */
#include "workload.h"

#include <pthread.h>

#define THREADS 8
#define EACH 61
#define PHASES 4

static pthread_barrier_t barrier;
static char *region;
static unsigned rounds = 25;
static pid_t tids[THREADS];
static char *kept[THREADS][PHASES];

static void touch_own(unsigned who)
{
	for (unsigned i = 0; i < EACH; i++)
		*(volatile char *)(region + (who + i * THREADS) * WL_PAGE) = 1;
}

static void one_round(void)
{
	char *p = wl_map(NULL, 8 * WL_PAGE, WL_RW, WL_ANON, -1, 0);

	for (unsigned i = 0; i < 8; i += 3)
		*(volatile char *)(p + i * WL_PAGE) = 1;
	mprotect(p + 2 * WL_PAGE, 3 * WL_PAGE, PROT_READ);
	munmap(p + 3 * WL_PAGE, WL_PAGE);
	munmap(p, 3 * WL_PAGE);
	munmap(p + 4 * WL_PAGE, 4 * WL_PAGE);
}

static void *thread(void *arg)
{
	unsigned who = (unsigned)(uintptr_t)arg;

	tids[who] = gettid();
	for (unsigned phase = 0; phase < PHASES; phase++) {
		pthread_barrier_wait(&barrier);
		if (phase == 0)
			touch_own(who);
		for (unsigned i = 0; i < rounds; i++)
			one_round();
		kept[who][phase] = wl_map(NULL, (who + 1) * WL_PAGE, who % 2 ? PROT_READ : PROT_NONE, WL_ANON, -1, 0);
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier); /* the main thread saves the map in between */
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static const char *const marks[PHASES] = {"0", "1", "2", "3"};
	static pthread_t threads[THREADS];

	wl_begin(argc, argv);
	if (argc > 3)
		rounds = (unsigned)strtoul(argv[3], NULL, 0);
	region = wl_map(NULL, THREADS * EACH * WL_PAGE, WL_RW, WL_ANON, -1, 0);
	madvise(region, THREADS * EACH * WL_PAGE, MADV_NOHUGEPAGE);
	pthread_barrier_init(&barrier, NULL, THREADS + 1);
	for (uintptr_t i = 0; i < THREADS; i++) {
		if (pthread_create(&threads[i], NULL, thread, (void *)i))
			wl_die("pthread_create");
	}
	for (unsigned phase = 0; phase < PHASES; phase++) {
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
		wl_save_maps(marks[phase]);
		pthread_barrier_wait(&barrier);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	wl_fact("pid %d\nregion %#lx %#lx", getpid(), (unsigned long)region, (unsigned long)(region + THREADS * EACH * WL_PAGE));
	for (unsigned i = 0; i < THREADS; i++)
		wl_fact("tid %d", tids[i]);
	wl_save_facts("facts");
	return 0;
}
