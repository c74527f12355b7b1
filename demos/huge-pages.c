/*
 * 2 MiB as one huge page, 2 MiB as 512 small ones, and a huge page that is broken up.
 *
 * One sees one fault fill a box, and a walk that ends at the PMD; beside it 512 faults for as much memory. Then one page of the huge one is given back (MADV_DONTNEED): the
 * kernel puts a PTE table where one entry was, and 511 pages stay in their frames.
 * Events: op: mmap 2, madvise 3; fault: 1 huge, 512 demand-zero. (Where the kernel has no 2 MiB in one piece, or huge pages are off, the program says so.)
 */
#include "lab.h"
#include "libmap.h"

#define HUGE_PAGE (2 * MIB)
#define PAGES (HUGE_PAGE / PAGE)

static char *region(int advice)
{
	char *p = lab_map(HUGE_PAGE, RW);

	if (madvise(p, HUGE_PAGE, advice) && errno != EINVAL)
		lab_die("madvise");
	return p;
}

/* Pages that are there; asks for no right. */
static size_t resident(char *p)
{
	static unsigned char in[PAGES];
	size_t n = 0;

	if (mincore(p, HUGE_PAGE, in))
		lab_die("mincore");
	for (size_t i = 0; i < PAGES; i++)
		n += in[i] & 1;
	return n;
}

int main(int argc, char **argv)
{
	uint64_t begin, ns;
	char *huge, *small;

	lab_start_plain(argc, argv, "2 MiB as one huge page, as 512 small ones, and a huge page broken up");
	huge = region(MADV_HUGEPAGE);
	small = region(MADV_NOHUGEPAGE);
	lab_say("2 MiB, huge pages welcome (MADV_HUGEPAGE): one byte is written");
	*(volatile char *)huge = 1;
	lab_print("%lu of %lu pages are there\n", resident(huge), PAGES);
	if (resident(huge) != PAGES)
		lab_print("no huge page: they are switched off, or the kernel has no 2 MiB in one piece left\n");
	print_map(huge);
	print_map(huge + HUGE_PAGE - PAGE);
	lab_wait(lab_pace);
	lab_say("2 MiB in small pages (MADV_NOHUGEPAGE): a fault for each of 512");
	begin = lab_now();
	lab_write(small, HUGE_PAGE);
	ns = lab_now() - begin;
	lab_print("%lu of %lu pages are there, after %lu ns\n", resident(small), PAGES, ns);
	print_map(small);
	print_map(small + HUGE_PAGE - PAGE);
	lab_wait(lab_pace);
	lab_say("One page of the huge one is given back: 511 entries take the place of one, in a table of their own");
	if (madvise(huge + 7 * PAGE, PAGE, MADV_DONTNEED))
		lab_die("madvise");
	lab_print("%lu of %lu pages are there\n", resident(huge), PAGES);
	print_map(huge + 6 * PAGE);
	print_map(huge + 7 * PAGE);
	print_map(huge + 8 * PAGE);
	lab_wait(lab_pace);
	lab_say("The rest stays in its frames");
	return 0;
}
