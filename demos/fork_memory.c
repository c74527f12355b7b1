/*
 * Isolation by frames: after fork, parent and child have the same virtual addresses, and whoever writes gets frames of its own.
 *
 * One sees one page each of data, heap, stack and a mapping with frames that both share; the child writes to all four and each is copied. The parent reads its old
 * values at the same addresses.
 * Events: op: mmap 1; fork 1; fault: 4 cow in the child, on the pages printed (and some of the stack and of libraries that any program has).
 */
#include "lab.h"
#include "libmap.h"

/* Pages of their own: nobody else writes to them. */
static _Alignas(4096) int data[PAGE / sizeof(int)] = {1};

struct place {
	const char *what;
	volatile int *p;
};

static void look(const char *who, const struct place *places)
{
	for (int i = 0; i < 4; i++) {
		lab_print("%s: %s holds %d at ", who, places[i].what, *places[i].p);
		print_map((void *)places[i].p);
	}
	lab_wait(lab_pace);
}

static void child_part(const struct place *places)
{
	lab_say("The child sees the parent's values, in the parent's frames");
	look("child", places);
	lab_say("The child writes to all four: each page is copied to a frame of its own");
	for (int i = 0; i < 4; i++) {
		*places[i].p = 200 + i;
		lab_beat();
	}
	look("child", places);
}

static void run(int *stack)
{
	struct place places[] = {{"data", data}, {"heap", NULL}, {"stack", stack}, {"mapping", NULL}};
	struct lab_turn parents = lab_turn(), childs = lab_turn();
	pid_t child;

	places[1].p = aligned_alloc(PAGE, PAGE);
	places[3].p = (volatile int *)lab_map(PAGE, RW);
	if (!places[1].p)
		lab_die("aligned_alloc");
	for (int i = 0; i < 4; i++)
		*places[i].p = 100 + i;
	lab_say("The parent writes to its data, heap, stack and to a mapping");
	look("parent", places);
	lab_say("fork: the child gets the same addresses and no memory");
	child = lab_fork();
	if (!child) {
		child_part(places);
		lab_go(parents);
		lab_await(childs);
		_exit(0);
	}
	lab_await(parents);
	lab_say("The parent reads its own values at the same addresses: the frames are others, so nobody can reach them");
	look("parent", places);
	lab_go(childs);
	lab_join(child);
}

int main(int argc, char **argv)
{
	char room[2 * PAGE];

	lab_start_plain(argc, argv, "isolation by frames: parent and child, the same addresses, other values");
	run((int *)(((uintptr_t)room + PAGE - 1) & ~(PAGE - 1)));
	return 0;
}
