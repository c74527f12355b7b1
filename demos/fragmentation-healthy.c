/*
 * The healthy twin of `fragmentation`: as many pages are given back, in two ways that leave no holes in the map.
 *
 * One sees one box lose its upper half, and in the lower one pages go while the box stays. Nothing is noticed.
 * Events: op: mmap 1, munmap 1, madvise 1 + 64; fault: 1,024 demand-zero.
 */
#include "lab.h"

#define BYTES (4 * MIB)
#define PIECE (16 * KIB)

int main(int argc, char **argv)
{
	char *p;

	lab_start_plain(argc, argv, "memory given back in ways that leave no holes in the map");
	lab_say("4 MiB in one piece, all in use");
	p = lab_map(BYTES, RW);
	madvise(p, BYTES, MADV_NOHUGEPAGE);
	lab_write(p, BYTES);
	lab_say("The upper half is given back in one piece");
	if (munmap(p + BYTES / 2, BYTES / 2))
		lab_die("munmap");
	lab_say("Of the lower half every second 16 KiB are forgotten (MADV_DONTNEED): frames go, the mapping stays one");
	for (size_t at = PIECE; at < BYTES / 2; at += 2 * PIECE)
		if (madvise(p + at, PIECE, MADV_DONTNEED))
			lab_die("madvise");
	lab_wait(0.2);
	lab_say("A box and a half are gone, no hole is left");
	return 0;
}
