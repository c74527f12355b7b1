/* What the lab programs share: captions, pace, ends. None of it takes memory from the heap. */
#ifndef LAB_H
#define LAB_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "vmatlas/mark.h"

#define PAGE 4096ul
#define KIB 1024ul
#define MIB (1024ul * 1024)
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define LAB_UNUSED __attribute__((unused))

static double lab_pace;

static LAB_UNUSED void lab_wait(double s)
{
	struct timespec t = {.tv_sec = (time_t)s, .tv_nsec = (long)((s - (double)(time_t)s) * 1e9)};

	while (s > 0 && nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

static LAB_UNUSED void lab_say(const char *caption)
{
	static char line[256];
	int n = snprintf(line, sizeof(line), "%s\n", caption);

	vmatlas_mark(caption);
	if (write(STDOUT_FILENO, line, (size_t)n) < 0)
		_exit(1);
	lab_wait(lab_pace);
}

static LAB_UNUSED void lab_die(const char *what)
{
	dprintf(STDERR_FILENO, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	_exit(1);
}

/* --pace SECONDS after each caption: 0.7 on a terminal, else 0; the environment's VMATLAS_PACE comes before the default. Returns the index of the first other argument. */
static LAB_UNUSED int lab_start(int argc, char **argv)
{
	const char *env = getenv("VMATLAS_PACE");

	lab_pace = env ? atof(env) : isatty(STDOUT_FILENO) ? 0.7 : 0;
	if (argc > 2 && !strcmp(argv[1], "--pace")) {
		lab_pace = atof(argv[2]);
		return 3;
	}
	return 1;
}

/* Each mapping at a place of its own: side by side, mappings with equal rights would merge into one box. */
static LAB_UNUSED char *lab_map(size_t bytes, int prot)
{
	static char *place = (char *)0x600000000000;
	char *p = mmap(place, bytes, prot, ANON, -1, 0);

	place += (bytes + 16 * MIB) & ~(2 * MIB - 1);
	if (p == MAP_FAILED)
		lab_die("mmap");
	return p;
}

static LAB_UNUSED void lab_write(char *p, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += PAGE)
		*(volatile char *)(p + at) = 1;
}

#endif
