/*
 * A leak: in each of 200 rounds a program takes 64 KiB for good, and some more that it gives back.
 *
 * One sees the heap grow, step by step, for 7 seconds; nothing is given back. vmatlas notices it ("leak").
 * Events: brk about 70 (the C library takes 132 KiB or more at a time); fault: about 3,200 demand-zero, 12.5 MiB.
 */
#include "lab.h"

#define ROUNDS 200
#define BLOCK (64 * KIB)

static char *volatile forgotten;

int main(int argc, char **argv)
{
	lab_start_plain(argc, argv, "in each of 200 rounds 64 KiB are forgotten: the heap grows and never shrinks");
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); /* it runs for seconds: huge pages, made behind its back (khugepaged), would take faults away */
	lab_say("A program works in rounds. In each it takes 64 KiB and forgets to free them");
	for (int i = 0; i < ROUNDS; i++) {
		char *scratch = malloc(16 * KIB);

		forgotten = malloc(BLOCK - 16);
		if (!scratch || !forgotten)
			lab_die("malloc");
		memset(scratch, 1, 16 * KIB);
		memset(forgotten, 1, BLOCK - 16);
		free(scratch);
		lab_wait(0.035);
	}
	lab_say("200 rounds later 12.5 MiB are lost: no pointer leads to them, only the end of the process gives them back");
	return 0;
}
