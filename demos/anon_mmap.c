/*
 * One page of private anonymous memory: when does it get a frame?
 *
 * One sees a box of one page appear empty. Reading finds zeros: the walk ends at a frame that is nobody's, the kernel's one page of zeros, lent read-only. Only the
 * first write brings a frame of its own; the second is no event at all.
 * Events: op: mmap 1, munmap 1; fault: 1 demand-zero (the read), 1 cow (the first write replaces the page of zeros).
 */
#include "lab.h"
#include "libmap.h"

int main(int argc, char **argv)
{
	volatile int *p;

	lab_start_plain(argc, argv, "one private anonymous page: no frame, the page of zeros, a frame of its own");
	lab_say("mmap reserves one anonymous page: an address, and no frame behind it");
	p = (volatile int *)lab_map(PAGE, RW);
	print_map((void *)p);
	lab_wait(lab_pace);
	lab_say("Reading it: the kernel lends its one page of zeros, read-only");
	lab_print("value %d\n", *p);
	print_map((void *)p);
	lab_wait(lab_pace);
	lab_say("The first write: now it gets a frame of its own, full of zeros but for what is written");
	*p = 42;
	lab_print("value %d\n", *p);
	print_map((void *)p);
	lab_wait(lab_pace);
	lab_say("The second write: nothing to do for the kernel, so no event");
	*p = 43;
	lab_print("value %d\n", *p);
	print_map((void *)p);
	lab_wait(lab_pace);
	lab_say("munmap: address and frame are given back");
	lab_unmap((void *)p, PAGE);
	print_map((void *)p);
	return 0;
}
