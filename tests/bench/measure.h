/* What programs of the bench measure alike. */
#ifndef VA_BENCH_MEASURE_H
#define VA_BENCH_MEASURE_H

#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

/* Bytes of RAM this program has, without what malloc could give back. */
static inline long resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long size, rss = 0;

	malloc_trim(0);
	if (!f || fscanf(f, "%ld %ld", &size, &rss) != 2)
		rss = 0;
	if (f)
		fclose(f);
	return rss * sysconf(_SC_PAGESIZE);
}

/* For qsort, of doubles. */
static inline int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

#endif
