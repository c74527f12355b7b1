/*
 * die_late DIR [NAME [PROCESSES [STEP_MS]]]: processes that fault for ever. SIGTERM tells them to end, and they do one after the other, STEP_MS apart, and fault
 * until then: whoever switches recording off behind that signal does so while some of them end. Says "ready" to standard output when all run.
 */
#include "workload.h"

#include <signal.h>
#include <time.h>

#define PAGES 16
#define MOST 100

static volatile sig_atomic_t told;

static void tell(int sig)
{
	(void)sig;
	told = 1;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void fault(uint64_t late_ms)
{
	static const struct timespec rest = {0, 1000000};
	char *place = wl_map(NULL, PAGES * WL_PAGE, WL_RW, WL_ANON, -1, 0);
	uint64_t end = 0;

	while (!end || now_ms() < end) {
		if (told && !end)
			end = now_ms() + late_ms;
		for (size_t i = 0; i < PAGES; i++)
			*(volatile char *)(place + i * WL_PAGE) = 1;
		madvise(place, PAGES * WL_PAGE, MADV_DONTNEED);
		nanosleep(&rest, NULL);
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	static pid_t pids[MOST];
	unsigned long processes, step;

	wl_begin(argc, argv);
	processes = argc > 3 ? strtoul(argv[3], NULL, 0) % (MOST + 1) : 8;
	step = argc > 4 ? strtoul(argv[4], NULL, 0) : 50;
	sigaction(SIGTERM, &(struct sigaction){.sa_handler = tell}, NULL); /* wait() is to come back */
	for (unsigned long i = 0; i < processes; i++) {
		pids[i] = fork();
		if (!pids[i])
			fault(i * step);
		if (pids[i] < 0)
			wl_die("fork");
	}
	wl_write_all(STDOUT_FILENO, "ready\n", 6);
	/* The signal may be for us alone. */
	while (wait(NULL) > 0 || errno == EINTR)
		for (unsigned long i = 0; told && i < processes; i++)
			kill(pids[i], SIGTERM);
	return 0;
}
