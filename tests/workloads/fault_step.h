/*
 * Steps of known faults, for workloads that make one kind after the other. Facts: "step WHAT START END COUNT MINOR MAJOR": what was touched, how many faults that
 * makes there, and how getrusage counted all of the process meanwhile; marks NAME.WHAT and NAME.WHAT-end stand around each. "none WHAT" for what this kernel cannot do.
 */
#ifndef FAULT_STEP_H
#define FAULT_STEP_H

#include <sys/rseq.h>

#include "workload.h"

#define PAGES 7

static struct rusage before;
static const char *step;
static unsigned long place = 0x380000000000;

static WL_UNUSED char *fresh(size_t pages, int prot, int flags, int fd)
{
	char *p = wl_map((void *)place, pages * WL_PAGE, prot, flags | MAP_FIXED, fd, 0);

	place += 1ul << 32;
	if (flags & MAP_ANONYMOUS)
		madvise(p, pages * WL_PAGE, MADV_NOHUGEPAGE);
	return p;
}

/* The stack that writing the last mark takes. Shared since a fork, it would fault behind getrusage where it crosses into another page. */
static WL_UNUSED __attribute__((noinline)) void own_stack(void)
{
	volatile char below[4 * WL_PAGE];

	for (size_t at = 0; at < sizeof(below); at += WL_PAGE)
		below[at] = 0;
}

/* Where the kernel notes the processor for libc, each time the task goes on after it had to wait (rseq(2)): shared since a fork, that write would fault, too. */
static WL_UNUSED void own_rseq(void)
{
	__atomic_fetch_or((char *)__builtin_thread_pointer() + __rseq_offset, 0, __ATOMIC_RELAXED);
}

static WL_UNUSED void begin(const char *what)
{
	own_stack();
	own_rseq();
	step = what;
	wl_mark(what);
	getrusage(RUSAGE_SELF, &before);
}

static WL_UNUSED void end(const char *p, size_t bytes, unsigned count)
{
	static char mark[64];
	struct rusage now;

	getrusage(RUSAGE_SELF, &now);
	snprintf(mark, sizeof(mark), "%s-end", step);
	wl_mark(mark);
	wl_fact("step %s %#lx %#lx %u %ld %ld", step, (unsigned long)p, (unsigned long)p + bytes, count, now.ru_minflt - before.ru_minflt,
		now.ru_majflt - before.ru_majflt);
}

static WL_UNUSED void touch(char *p, size_t pages, bool write)
{
	for (size_t i = 0; i < pages; i++) {
		if (write)
			((volatile char *)p)[i * WL_PAGE] = 1;
		else
			(void)((volatile char *)p)[i * WL_PAGE];
	}
}

#endif
