/*
 * Shared memory: two processes map the same four pages (memfd) at different addresses.
 *
 * One sees a box in each process, at other addresses, with the same frames behind. What one writes the other reads at once, and no fault tells: after each has its
 * entries, the kernel has no part in it.
 * Events: op: mmap 1 in each; fork 1; fault there: 4 file in the parent (its writes), 1 file in the child (its first read brings all four, fault-around).
 */
#include "lab.h"
#include "libmap.h"

#define PAGES 4
#define BYTES (PAGES * PAGE)
#define ROUNDS 8

static void look(const char *who, char *p)
{
	for (int i = 0; i < PAGES; i++) {
		lab_print("%s reads %d at ", who, *(volatile int *)(p + (size_t)i * PAGE));
		print_map(p + (size_t)i * PAGE);
	}
	lab_wait(lab_pace);
}

/* The other one has written n; now it is our turn. */
static void answer(volatile int *p, struct lab_turn mine, struct lab_turn others)
{
	for (int i = 0; i < ROUNDS; i++) {
		lab_await(mine);
		*p += 1;
		lab_beat();
		lab_go(others);
	}
}

static void child_part(int memory, struct lab_turn mine, struct lab_turn others)
{
	char *p;

	lab_place(64 * MIB);
	p = lab_map_file(BYTES, RW, MAP_SHARED, memory);
	lab_say("The child maps the same memory elsewhere and reads what was written: other addresses, the same frames");
	look("child", p);
	lab_say("Both add 1 in turn, eight times each: no fault, no call, no copy");
	lab_go(others);
	answer((volatile int *)p, mine, others);
	lab_await(mine);
	_exit(0);
}

int main(int argc, char **argv)
{
	struct lab_turn childs = {{0}}, parents = {{0}};
	int memory;
	pid_t child;
	char *p;

	lab_start_plain(argc, argv, "two processes with the same memory at different addresses: the same frames");
	childs = lab_turn();
	parents = lab_turn();
	memory = memfd_create("shared-memory", MFD_CLOEXEC);
	if (memory < 0 || ftruncate(memory, BYTES))
		lab_die("memfd_create");
	child = lab_fork();
	if (!child) {
		lab_await(childs);
		child_part(memory, childs, parents);
	}
	p = lab_map_file(BYTES, RW, MAP_SHARED, memory);
	lab_say("Four pages that belong to nobody alone (memfd). The parent maps them and writes 100 to 103");
	for (int i = 0; i < PAGES; i++)
		*(volatile int *)(p + (size_t)i * PAGE) = 100 + i;
	look("parent", p);
	lab_go(childs);
	lab_await(parents);
	lab_go(childs);
	answer((volatile int *)p, parents, childs);
	lab_say("The first number is 116 now, for both");
	look("parent", p);
	lab_join(child);
	return *(volatile int *)p != 100 + 2 * ROUNDS;
}
