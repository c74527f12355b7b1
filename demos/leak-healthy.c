/*
 * The healthy twin of `leak`: the same rounds, the same 64 KiB in each, but only the newest 32 are kept.
 *
 * One sees the heap grow to 2 MiB in the first second and stay so. Nothing is noticed.
 * Events: brk about 14; fault: about 520 demand-zero, 2 MiB. All in the first 32 rounds.
 */
#include "lab.h"

#define ROUNDS 200
#define BLOCK (64 * KIB)
#define KEPT 32

static char *kept[KEPT];

int main(int argc, char **argv)
{
	lab_start_plain(argc, argv, "the rounds of leak, but only the newest 32 blocks are kept: the heap stays at 2 MiB");
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); /* it runs for seconds: huge pages, made behind its back (khugepaged), would take faults away */
	lab_say("A program works in rounds. In each it takes 64 KiB, and frees those of 32 rounds ago");
	for (int i = 0; i < ROUNDS; i++) {
		char *scratch = malloc(16 * KIB);

		free(kept[i % KEPT]);
		kept[i % KEPT] = malloc(BLOCK - 16);
		if (!scratch || !kept[i % KEPT])
			lab_die("malloc");
		memset(scratch, 1, 16 * KIB);
		memset(kept[i % KEPT], 1, BLOCK - 16);
		free(scratch);
		lab_wait(0.035);
	}
	lab_say("200 rounds later the heap is as large as after 32");
	return 0;
}
