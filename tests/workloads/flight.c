/*
 * flight DIR [NAME [CALLS [FAULTS]]]: for a flight recorder. A child makes CALLS (default 2000) mmap, mprotect and munmap calls, then maps AREA pages and
 * writes to each, saves its map (NAME.crash), and dies of SIGSEGV at BAD. On another CPU the main process faults as fast as it can, before, meanwhile
 * and FAULTS (default 20000) times afterwards; then it saves its own map (NAME.after).
 *
 * NAME.facts: pid N, child N, status STATUS, area START END, bad ADDR.
 */
#include "workload.h"

#include <signal.h>
#include <sys/prctl.h>

#define AREA 40
#define AREA_AT 0x350000000000ul
#define BAD_AT 0x480000000000ul
#define STORM 1024

static __attribute__((noreturn)) void crash(unsigned calls)
{
	wl_stay_on(0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned i = 0; i < calls; i++) {
		char *p = wl_map(NULL, 8 * WL_PAGE, WL_RW, WL_ANON, -1, 0);

		mprotect(p + 2 * WL_PAGE, WL_PAGE, PROT_READ);
		munmap(p, (8 - i % 3) * WL_PAGE);
		munmap(p, 8 * WL_PAGE);
	}
	char *area = wl_map((void *)AREA_AT, AREA * WL_PAGE, WL_RW, WL_ANON | MAP_FIXED, -1, 0);

	for (unsigned i = 0; i < AREA; i++)
		*(volatile char *)(area + i * WL_PAGE) = 1;
	wl_save_maps("crash");
	*(volatile char *)BAD_AT = 1;
	_exit(98);
}

static unsigned long storm(char *area, unsigned long turn)
{
	*(volatile char *)(area + turn % STORM * WL_PAGE) = 1;
	if (turn % STORM == STORM - 1)
		madvise(area, STORM * WL_PAGE, MADV_DONTNEED);
	return turn + 1;
}

int main(int argc, char **argv)
{
	unsigned calls = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 0) : 2000, after = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 0) : 20000;
	unsigned long turn = 0;
	int status = 0;
	pid_t child;
	char *area;

	wl_begin(argc, argv);
	wl_stay_on(1);
	area = wl_map(NULL, STORM * WL_PAGE, WL_RW, WL_ANON, -1, 0);
	madvise(area, STORM * WL_PAGE, MADV_NOHUGEPAGE);
	child = fork();
	if (!child)
		crash(calls);
	while (waitpid(child, &status, WNOHANG) == 0)
		turn = storm(area, turn);
	/* Until the recorder has written and begun anew, and then more than it keeps. */
	for (unsigned long end = turn + after; turn < end;) {
		turn = storm(area, turn);
		if (turn % 4096 == 0)
			usleep(400000);
	}
	wl_save_maps("after");
	wl_fact("pid %d\nchild %d\nstatus %d\narea %#lx %#lx\nbad %#lx", getpid(), child, status, AREA_AT, AREA_AT + AREA * WL_PAGE, BAD_AT);
	wl_save_facts("facts");
	return 0;
}
