/*
 * The healthy twin of `fault-storm`: the same 200 rounds of 256 KiB, in a buffer that is kept.
 *
 * One sees 64 faults in the first round and none afterwards. Nothing is noticed.
 * Events: op: mmap 1, munmap 1; fault: about 65 demand-zero.
 */
#include "lab.h"

#define ROUNDS 200
#define BYTES (256 * KIB)

int main(int argc, char **argv)
{
	char *p;

	lab_start_plain(argc, argv, "200 rounds in one buffer that is kept: 64 faults, not 13,000");
	lab_say("200 rounds with one buffer of 256 KiB: it is taken once");
	p = malloc(BYTES);
	if (!p)
		lab_die("malloc");
	for (int i = 0; i < ROUNDS; i++) {
		memset(p, i, BYTES);
		__asm__ volatile("" : : "r"(p) : "memory");
	}
	lab_say("64 page faults for 64 pages");
	free(p);
	return 0;
}
