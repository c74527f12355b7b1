/*
 * Copy-on-write: what the first write after fork costs, and the second.
 *
 * One sees parent and child share a frame under the same virtual address. The child's first write is a fault: it gets a copy in another frame. Its second write is
 * none. The parent's write is a fault, too (fork has made its entry read-only), but nothing is copied: the frame is its alone by now.
 * Events: op: mmap 1; fork 1; fault on the page: 1 demand-zero, 1 cow (child), 1 reuse (parent).
 */
#include "lab.h"
#include "libmap.h"

static volatile int *p;

static uint64_t timed_write(int value)
{
	uint64_t begin = lab_now();

	*p = value;
	return lab_now() - begin;
}

static void look(const char *who)
{
	lab_print("%s reads %d at ", who, *p);
	print_map((void *)p);
}

static void write_and_look(const char *who, const char *which, int value)
{
	uint64_t ns = timed_write(value);

	lab_print("%s: the %s write of %d took %lu ns\n", who, which, value, ns);
	look(who);
	lab_wait(lab_pace);
}

static void child_part(struct lab_turn parents)
{
	lab_say("The child reads: same virtual address, same value, same frame as the parent's");
	look("child");
	lab_wait(lab_pace);
	lab_say("The child's first write: a fault, and a copy in another frame");
	write_and_look("child", "first", 2);
	lab_say("The child's second write: its own frame by now, so no fault");
	write_and_look("child", "second", 3);
	lab_go(parents);
}

int main(int argc, char **argv)
{
	struct lab_turn parents = {{0}}, childs = {{0}};
	pid_t child;

	lab_start_plain(argc, argv, "copy-on-write after fork: first and second write, timed; same virtual address, other frame");
	lab_one_cpu();
	p = (volatile int *)lab_map(PAGE, RW);
	timed_write(1);
	look("parent");
	parents = lab_turn();
	childs = lab_turn();
	lab_say("fork: no page is copied. Both may only read it for now");
	child = lab_fork();
	if (!child) {
		child_part(parents);
		/* It stays until the parent has written: an ended child shares nothing. */
		lab_await(childs);
		look("child");
		_exit(0);
	}
	lab_await(parents);
	lab_say("The parent has its value still");
	look("parent");
	lab_wait(lab_pace);
	lab_say("The parent's first write: a fault, but no copy: the child has its own, the frame is the parent's alone");
	write_and_look("parent", "first", 4);
	lab_go(childs);
	lab_join(child);
	return 0;
}
