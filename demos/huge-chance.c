/*
 * 40 MiB, aligned, all touched, with pages of 4 KiB: huge pages have been forbidden.
 *
 * One sees 10,240 faults fill a box. vmatlas notices it after a second ("huge-chance": 20 blocks of 2 MiB).
 * Events: op: mmap 1, madvise 1; fault: 10,240 demand-zero.
 */
#include "lab.h"

#define BYTES (40 * MIB)

int main(int argc, char **argv)
{
	char *p;

	lab_start_plain(argc, argv, "40 MiB with pages of 4 KiB, because huge pages are forbidden: 10,240 faults");
	lab_say("40 MiB, aligned to 2 MiB, but without huge pages (MADV_NOHUGEPAGE): each page is a fault of its own");
	p = lab_map(BYTES, RW);
	if (madvise(p, BYTES, MADV_NOHUGEPAGE))
		lab_die("madvise");
	lab_write(p, BYTES);
	lab_wait(1.5);
	lab_say("10,240 faults, 10,240 entries in 20 page tables. 20 huge pages would have done");
	return 0;
}
