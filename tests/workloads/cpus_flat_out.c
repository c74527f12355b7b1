/*
 * cpus_flat_out DIR [NAME [PROCESSES [ROUNDS]]]: PROCESSES (default: one a CPU) that map 64 pages, write to all, and unmap, ROUNDS times (default 400)
 * as fast as they can.
 *
 * The mark NAME.quiet comes when all have ended; then the map of the main process is saved (NAME.final) after one more mmap each of
 * 1, 2 and 3 pages.
 * NAME.facts: pid N, and for each process: worker PID MINOR RANGE_START RANGE_END (MINOR: getrusage around the loop; all its pages lie in the range).
 */
#include "workload.h"

#include <signal.h>
#include <sys/prctl.h>

#define PAGES 64
#define WORKERS_MAX 64
#define PLACE 0x350000000000ul

struct result {
	pid_t pid;
	long minor;
};

static struct result *results;

static __attribute__((noreturn)) void worker(unsigned who, unsigned rounds)
{
	long before = wl_minor_faults();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	wl_stay_on((int)(who % (unsigned)sysconf(_SC_NPROCESSORS_ONLN)));
	results[who].pid = getpid();
	before = wl_minor_faults();
	for (unsigned i = 0; i < rounds; i++) {
		char *p = mmap((void *)PLACE, PAGES * WL_PAGE, WL_RW, WL_ANON | MAP_FIXED, -1, 0);

		for (unsigned k = 0; k < PAGES; k++)
			*(volatile char *)(p + k * WL_PAGE) = 1;
		munmap(p, PAGES * WL_PAGE);
	}
	results[who].minor = wl_minor_faults() - before;
	_exit(0);
}

int main(int argc, char **argv)
{
	unsigned workers = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 0) : 0, rounds = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 0) : 400;

	wl_begin(argc, argv);
	if (workers == 0 || workers > WORKERS_MAX)
		workers = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	results = (struct result *)wl_map(NULL, WL_PAGE, WL_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	wl_mark("start");
	for (unsigned i = 0; i < workers; i++) {
		if (fork() == 0)
			worker(i, rounds);
	}
	while (wait(NULL) > 0)
		;
	/* The buffers are full still; what is lost now would be healed after the map has been saved. */
	usleep(500000);
	wl_mark("quiet");
	for (unsigned i = 1; i <= 3; i++)
		wl_map((void *)(PLACE + (i << 30)), i * WL_PAGE, PROT_READ, WL_ANON, -1, 0);
	wl_save_maps("final");
	wl_fact("pid %d\nrounds %u\npages %u", getpid(), rounds, PAGES);
	for (unsigned i = 0; i < workers; i++)
		wl_fact("worker %d %ld %#lx %#lx", results[i].pid, results[i].minor, PLACE, PLACE + PAGES * WL_PAGE);
	wl_save_facts("facts");
	return 0;
}
