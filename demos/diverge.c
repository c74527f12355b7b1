/*
 * fork and divergence: a parent and two children begin with the same 64 pages and write at different rates. In each of 16 rounds the fast child writes 4 pages, the
 * slow one 2, the parent 1.
 *
 * One sees the fast child share less and less, until nothing is left; the slow one ends with half. Where both children have copied a page, the parent's frame is its alone
 * again: its write is a fault without a copy.
 * Events: op: mmap 1; fork 2; fault on the pages: 64 demand-zero, 64 cow (fast child), 32 cow (slow child), 16 reuse (parent).
 */
#include "lab.h"
#include "libmap.h"

#define PAGES 64
#define ROUNDS 16

static char *pages;
static uint64_t before[PAGES]; /* frames at the fork */

static uint64_t frame_of(int i)
{
	struct libmap_page page = libmap_look(pages + (size_t)i * PAGE);

	return page.state == LIBMAP_FRAME ? page.frame : 0;
}

static void tell_copies(const char *who)
{
	int copies = 0;

	for (int i = 0; i < PAGES; i++)
		copies += frame_of(i) != before[i];
	if (before[0])
		lab_print("%s: %d of %d pages are in a frame of its own, copied since the fork\n", who, copies, PAGES);
	else
		lab_print("%s: which pages are copies cannot be told: the kernel shows frames to root only (CAP_SYS_ADMIN)\n", who);
}

static void write_some(int round, int rate, int value)
{
	for (int i = 0; i < rate; i++) {
		*(volatile char *)(pages + (size_t)(round * rate + i) * PAGE) = (char)value;
		lab_beat();
	}
}

/* A child writes when it is told to, and says when it has. */
static void child_part(const char *who, int rate, struct lab_turn go, struct lab_turn done)
{
	for (int round = 0; round < ROUNDS; round++) {
		lab_await(go);
		write_some(round, rate, rate);
		lab_go(done);
	}
	lab_await(go);
	tell_copies(who);
	lab_go(done);
	lab_await(go);
	_exit(0);
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"fast child", "slow child"};
	static const int rates[] = {4, 2};
	struct lab_turn go[2], done[2];
	pid_t child[2];

	lab_start_plain(argc, argv, "fork and divergence: a parent and two children write to the same 64 pages at different rates");
	lab_one_cpu();
	pages = lab_map(PAGES * PAGE, RW);
	lab_write(pages, PAGES * PAGE);
	for (int i = 0; i < PAGES; i++)
		before[i] = frame_of(i);
	for (int i = 0; i < 2; i++) {
		go[i] = lab_turn();
		done[i] = lab_turn();
	}
	lab_say("64 pages are written. Two forks: three processes share all of them");
	for (int i = 0; i < 2; i++) {
		child[i] = lab_fork();
		if (!child[i])
			child_part(names[i], rates[i], go[i], done[i]);
	}
	lab_say("Now all write: in a round the fast child 4 pages, the slow child 2, the parent 1");
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < 2; i++) {
			lab_go(go[i]);
			lab_await(done[i]);
		}
		write_some(round, 1, 1);
	}
	lab_say("After 16 rounds the fast child shares nothing any more, the slow one half");
	for (int i = 0; i < 2; i++) {
		lab_go(go[i]);
		lab_await(done[i]);
	}
	tell_copies("parent");
	for (int i = 0; i < 2; i++) {
		lab_go(go[i]);
		lab_join(child[i]);
	}
	return 0;
}
