/*
 * Page faults at a steady rate: timely RATE SECONDS. Every ms it touches as many pages, each for the first time, as are due; the pages are given back when all have been touched.
 *
 * Lines on standard input become marks at once ("quit" ends the program): who sends them knows a moment before which each mark cannot have been written. Says how many pages it touched.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "vmatlas/mark.h"

#define PAGE 4096ul
#define PAGES 4096ul

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

/* False: standard input has ended, or told to quit. */
static int marks(int *open)
{
	struct pollfd p = {.fd = *open ? 0 : -1, .events = POLLIN};
	char text[256];
	size_t n = 0;

	if (poll(&p, 1, 1) <= 0)
		return 1;
	do { /* a line, and no more: each is a mark */
		if (read(0, text + n, 1) != 1)
			return *open = 0, 1;
	} while (text[n] != '\n' && ++n < sizeof(text) - 1);
	text[n] = 0;
	if (!strcmp(text, "quit"))
		return 0;
	vmatlas_mark(text);
	return 1;
}

int main(int argc, char **argv)
{
	double rate = argc > 1 ? atof(argv[1]) : 10000, seconds = argc > 2 ? atof(argv[2]) : 5, began;
	char *base = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned long touched = 0;
	int open = 1;

	if (base == MAP_FAILED || madvise(base, PAGES * PAGE, MADV_NOHUGEPAGE))
		return 1;
	vmatlas_mark("timely: begin");
	for (began = now(); now() < began + seconds && marks(&open);)
		for (double due = least((now() - began) * rate, (double)touched + PAGES / 8); (double)touched < due; touched++) {
			if (touched && !(touched % PAGES) && madvise(base, PAGES * PAGE, MADV_DONTNEED))
				return 1;
			base[touched % PAGES * PAGE] = 1;
		}
	began = now() - began;
	vmatlas_mark("timely: end");
	printf("{\"pages\": %lu, \"seconds\": %.3f}\n", touched, began);
	return 0;
}
