/*
 * The healthy twin of `huge-chance`: the same 40 MiB with huge pages.
 *
 * One sees 20 faults, each a walk that ends at the PMD. Nothing is noticed.
 * Events: op: mmap 1, madvise 1; fault: 20 huge (where the kernel has no 2 MiB in one piece left: 512 small ones instead of one).
 */
#include "lab.h"

#define BYTES (40 * MIB)

int main(int argc, char **argv)
{
	char *p;

	lab_start_plain(argc, argv, "40 MiB with huge pages: 20 faults");
	lab_say("40 MiB, aligned to 2 MiB, with huge pages (MADV_HUGEPAGE)");
	p = lab_map(BYTES, RW);
	if (madvise(p, BYTES, MADV_HUGEPAGE))
		lab_die("madvise");
	lab_write(p, BYTES);
	lab_wait(1.5);
	lab_say("20 faults, and not one page table of the lowest level");
	return 0;
}
