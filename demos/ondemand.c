/*
 * Demand paging by hand: 16 pages are reserved (PROT_NONE) and unmapped again, so that only their addresses are known. Each touch is a bad access; a SIGSEGV handler
 * maps one page just there, and the program goes on.
 *
 * One sees a hole that fills with boxes, one page a signal, in an order that jumps. A page beside a box makes it longer; boxes that were touched apart stay apart when they
 * meet (each has a reverse map, anon_vma, of its own): in the end there are four.
 * Events: op: mmap 17, munmap 2; fault there: 16 bad (unmapped), 16 demand-zero.
 */
#include "lab.h"
#include "libmap.h"

#define PAGES 16

static char *base;
static volatile int mapped;

static void map_page(int sig, siginfo_t *info, void *context)
{
	char *page = (char *)((uintptr_t)info->si_addr & ~(PAGE - 1));

	if (page < base || page >= base + PAGES * PAGE)
		_exit(1);
	if (mmap(page, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) != page)
		_exit(1);
	mapped++;
}

static void touch(size_t i)
{
	volatile char *p = base + i * PAGE + 100;
	int before = mapped;

	lab_print("page %2lu: it was ", i);
	print_map((void *)p);
	*p = (char)i;
	lab_print("page %2lu: %d signal, and it is ", i, mapped - before);
	print_map((void *)p);
	lab_wait(lab_pace / 4);
}

int main(int argc, char **argv)
{
	struct sigaction act = {.sa_sigaction = map_page, .sa_flags = SA_SIGINFO};

	lab_start_plain(argc, argv, "demand paging by hand: 16 pages, unmapped, each mapped by a SIGSEGV handler when it is touched");
	lab_say("16 pages are reserved, without any right (PROT_NONE)");
	base = lab_map(PAGES * PAGE, PROT_NONE);
	lab_wait(lab_pace);
	lab_say("and unmapped: only the program knows the addresses now");
	lab_unmap(base, PAGES * PAGE);
	if (sigaction(SIGSEGV, &act, NULL))
		lab_die("sigaction");
	lab_say("Each is written to. Nothing is there: SIGSEGV, the handler maps one page, and the write is done again");
	for (size_t i = 0; i < PAGES; i++)
		touch(i * 5 % PAGES);
	lab_say("16 signals, 16 pages, four boxes: what was touched apart has its own reverse map (anon_vma)");
	for (size_t i = 0; i < PAGES; i++)
		if (base[i * PAGE + 100] != (char)i)
			return 1;
	lab_unmap(base, PAGES * PAGE);
	return mapped != PAGES;
}
