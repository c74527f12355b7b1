#include "fire.h"
#include "modtest.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define AREA 256
#define PAGE 4096ul

unsigned dice_state;

unsigned dice(unsigned below)
{
	dice_state = dice_state * 1664525 + 1013904223;
	return (dice_state >> 8) % below;
}

static void change(char *base)
{
	char *at = base + dice(AREA) * PAGE;
	size_t len = (1 + dice(8)) * PAGE;

	switch (dice(5)) {
	case 0:
		munmap(at, len);
		break;
	case 1:
		mprotect(at, len, PROT_READ);
		break;
	case 2:
		madvise(at, len, MADV_DONTNEED);
		break;
	default:
		mmap(at, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	}
}

static void touch(char *base)
{
	for (unsigned i = 0; i < 64; i++) {
		char *at = base + dice(AREA) * PAGE;

		/* A fault where the page is gone or may not be written ends a child, and us not. */
		if (madvise(at, PAGE, MADV_POPULATE_WRITE))
			mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		*(volatile char *)at = 1;
	}
}

static void child(char *base)
{
	if (!dice(3))
		*(volatile char *)8 = 1;
	if (!dice(3))
		execl("/proc/self/exe", "modtest", "work", "nothing", "0", NULL);
	touch(base);
	_exit(0);
}

int burn(void)
{
	char *base = mmap(NULL, (AREA + 8) * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		pid_t pid;

		for (int i = 0; i < 20; i++)
			change(base);
		touch(base);
		pid = dice(4) ? 1 : fork();
		if (!pid) {
			dice(7);
			child(base);
		}
		while (wait(NULL) > 0)
			;
	}
}
