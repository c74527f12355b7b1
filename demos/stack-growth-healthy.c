/*
 * The healthy twin of `stack-growth`: the same 2 MiB as a loop over memory that was asked for.
 *
 * One sees one mmap, and faults in it; the stack stays as it was. Nothing is noticed.
 * Events: op: mmap 1, munmap 1; fault: about 512 demand-zero.
 */
#include "lab.h"

#define DEPTH 512

int main(int argc, char **argv)
{
	char *frames;

	lab_start_plain(argc, argv, "the 2 MiB of stack-growth as memory that was asked for: the stack stays as it was");
	lab_say("What a recursion would keep on the stack, a loop keeps in memory it asks for");
	frames = malloc(DEPTH * PAGE);
	if (!frames)
		lab_die("malloc");
	for (int depth = DEPTH - 1; depth >= 0; depth--)
		*(volatile char *)(frames + (size_t)depth * PAGE) = 1;
	lab_say("And gives back at the end");
	free(frames);
	lab_wait(0.2);
	return 0;
}
