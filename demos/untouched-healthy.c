/*
 * The healthy twin of `untouched`: the same two mappings; of one a page is used, the other is a reserve of addresses, and says so (PROT_NONE).
 *
 * One sees two large boxes, one with a page in it, one that nobody may access. Nothing is noticed.
 * Events: op: mmap 2; fault: 1 demand-zero.
 */
#include "lab.h"

int main(int argc, char **argv)
{
	lab_start_plain(argc, argv, "a reserve of addresses that says so (PROT_NONE)");
	lab_say("A program maps 64 MiB of which it uses a page, and reserves 16 MiB of addresses");
	*(volatile char *)lab_map(64 * MIB, RW) = 1;
	lab_map(16 * MIB, PROT_NONE);
	lab_wait(1.5);
	lab_say("What is used is used, what is reserved is marked so");
	return 0;
}
