#include "vm/ticks.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <x86intrin.h>

#define TRIES 1000
#define APART_NS 3000        /* between the two readings of the clock beside one of the counter */
#define LONG_ENOUGH_NS 30000000

struct moment {
	uint64_t ns, ticks;
};

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Both at the same time: read again where somebody else had the CPU in between. */
static bool read_both(struct moment *m)
{
	for (int i = 0; i < TRIES; i++) {
		uint64_t after;

		m->ns = clock_ns();
		m->ticks = __rdtsc();
		after = clock_ns();
		if (after - m->ns <= APART_NS)
			return true;
	}
	return false;
}

unsigned long va_ticks_khz(void)
{
	const struct timespec rest = { 0, LONG_ENOUGH_NS };
	struct moment a, b;

	if (!read_both(&a) || nanosleep(&rest, NULL) || !read_both(&b) || b.ns <= a.ns || b.ticks <= a.ticks)
		return 0;
	return (unsigned long)((double)(b.ticks - a.ticks) * 1e6 / (double)(b.ns - a.ns) + 0.5);
}
