/*
 * A fault storm: in each of 200 rounds 256 KiB are allocated, filled and freed. The C library gives pieces of this size back to the kernel at once (it has been told so: M_MMAP_THRESHOLD),
 * so each round costs 65 faults, on the same pages.
 *
 * One sees a box come and go 200 times. vmatlas notices it ("fault-storm").
 * Events: op: mmap 200, munmap 200; fault: 13,000 demand-zero.
 */
#include <malloc.h>

#include "lab.h"

#define ROUNDS 200
#define BYTES (256 * KIB)

int main(int argc, char **argv)
{
	lab_start_plain(argc, argv, "200 rounds of malloc, fill, free that go back to the kernel each time: 13,000 page faults");
	mallopt(M_MMAP_THRESHOLD, 64 * KIB);
	lab_say("200 rounds: malloc 256 KiB, fill them, free them. Each time they go back to the kernel");
	for (int i = 0; i < ROUNDS; i++) {
		char *p = malloc(BYTES);

		if (!p)
			lab_die("malloc");
		memset(p, i, BYTES);
		__asm__ volatile("" : : "r"(p) : "memory"); /* the compiler would drop what nobody reads */
		free(p);
	}
	lab_say("13,000 page faults for 64 pages");
	return 0;
}
