/*
 * A fork bomb's polite cousin: each process has two children, for three generations, then it stops. 15 processes, never more; each child writes one page.
 *
 * One sees a family tree of 1, 2, 4 and 8. Of the 16 pages that all have, 15 are in one frame for the whole family, and of one page each has its own.
 * Events: op: mmap 1; fork 14; fault on the pages: 16 demand-zero, 14 cow (1 in each child).
 */
#include "lab.h"
#include "libmap.h"

#define PAGES 16
#define GENERATIONS 3
#define CHILDREN 14

static char *pages;
static struct lab_turn born, end;

static void family(int generation);

static void child_part(int generation)
{
	*(volatile int *)pages = getpid();
	family(generation);
	lab_go(born);
	lab_await(end);
}

/* Two children, and theirs. Who has children waits for them, so that none is left behind. */
static void family(int generation)
{
	pid_t child[2];

	if (generation == GENERATIONS)
		return;
	for (int i = 0; i < 2; i++) {
		lab_beat();
		child[i] = lab_fork();
		if (child[i])
			continue;
		child_part(generation + 1);
		if (generation + 1 < GENERATIONS)
			while (wait(NULL) > 0)
				;
		_exit(0);
	}
}

int main(int argc, char **argv)
{
	lab_start_plain(argc, argv, "a bounded family of 15 processes in four generations that share all but one page each");
	pages = lab_map(PAGES * PAGE, RW);
	lab_write(pages, PAGES * PAGE);
	born = lab_turn();
	end = lab_turn();
	lab_say("A process with 16 pages has two children, they have two each, and so on for three generations");
	family(0);
	for (int i = 0; i < CHILDREN; i++)
		lab_await(born);
	lab_say("15 processes live. Each child has written one page: a copy. The other 15 pages are in one frame for all");
	print_map(pages);
	print_map(pages + PAGE);
	lab_wait(lab_pace);
	for (int i = 0; i < CHILDREN; i++)
		lab_go(end);
	while (wait(NULL) > 0)
		;
	lab_say("All have ended, and nobody forked a fourth generation");
	return 0;
}
