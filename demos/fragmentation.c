/*
 * 4 MiB in pieces: every second 16 KiB are unmapped.
 *
 * One sees one box become 128 with as many holes between them. vmatlas notices it ("fragmentation": 127 holes between pieces, 16 KiB each).
 * Events: op: mmap 1, munmap 128; fault: 1,024 demand-zero.
 */
#include "lab.h"

#define BYTES (4 * MIB)
#define PIECE (16 * KIB)

int main(int argc, char **argv)
{
	char *p;

	lab_start_plain(argc, argv, "every second 16 KiB of 4 MiB are unmapped: one box becomes 128");
	lab_say("4 MiB in one piece, all in use");
	p = lab_map(BYTES, RW);
	madvise(p, BYTES, MADV_NOHUGEPAGE);
	lab_write(p, BYTES);
	lab_say("Every second 16 KiB are given back with munmap");
	for (size_t at = PIECE; at < BYTES; at += 2 * PIECE)
		if (munmap(p + at, PIECE))
			lab_die("munmap");
	lab_wait(0.2);
	lab_say("2 MiB are free now, and nothing larger than 16 KiB fits in there");
	return 0;
}
