/*
 * Page tables grow with the places that are touched, not with the memory: single pages, 2 MiB, 1 GiB and 512 GiB apart.
 *
 * One sees (tab Tables) exactly which tables a touch makes: the first page in an empty corner of the address space a PUD, a PMD and a PTE table; its neighbour none; a page 2 MiB
 * further one PTE table; 1 GiB further a PMD and a PTE table; 512 GiB further all three. (Five paging levels: the same, the P4D table is there.)
 * Events: op: mmap 14; fault: 14 demand-zero, which allocate 27 tables: 3; 0; 4 × 1; 4 × 2; 4 × 3.
 */

#include "lab.h"

/* Begins an entry of the top level, far from all else. */
#define CORNER ((char *)0x600000000000)
#define TIMES 4

/* What the kernel counts as this process's page tables, in KiB: VmPTE. */
static long tables_kib(void)
{
	return lab_status("VmPTE:");
}

static void touch(char *where)
{
	char *p = mmap(where, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	long before = tables_kib(), now;

	if (p != where)
		lab_die("mmap");
	*(volatile char *)p = 1;
	now = tables_kib();
	lab_print("%p: %ld tables more, all tables take %ld KiB\n", (void *)p, (now - before) / 4, now);
	lab_wait(lab_pace);
}

static void touch_each(const char *caption, size_t step)
{
	lab_say(caption);
	for (size_t i = 1; i <= TIMES; i++)
		touch(CORNER + i * step);
}

int main(int argc, char **argv)
{
	lab_start_plain(argc, argv, "which page tables appear when one page per 2 MiB, 1 GiB, 512 GiB is touched");
	tables_kib();
	lab_say("One page, far from all else: it needs a table at each level, PUD, PMD and PTE");
	touch(CORNER);
	lab_say("The page beside it: all tables are there");
	touch(CORNER + PAGE);
	touch_each("Four pages, 2 MiB apart: each needs a PTE table of its own", 2 * MIB);
	touch_each("Four pages, 1 GiB apart: each needs a PMD table and a PTE table", GIB);
	touch_each("Four pages, 512 GiB apart: each needs a PUD, a PMD and a PTE table", 512 * GIB);
	lab_say("14 pages, 56 KiB of memory, and 27 tables, 108 KiB, to find them");
	return 0;
}
