/*
 * Two mappings, 64 MiB and 16 MiB, that nobody ever touches.
 *
 * One sees two large empty boxes. vmatlas notices them after a second ("untouched": 2 mappings, 80 MiB).
 * Events: op: mmap 2; fault: none there.
 */
#include "lab.h"

int main(int argc, char **argv)
{
	lab_start_plain(argc, argv, "80 MiB are mapped and never touched: no frame");
	lab_say("A program maps 64 MiB and 16 MiB, to be on the safe side");
	lab_map(64 * MIB, RW);
	lab_map(16 * MIB, RW);
	lab_wait(1.5);
	lab_say("It has not touched one page of them: 80 MiB of promises, no frame");
	return 0;
}
