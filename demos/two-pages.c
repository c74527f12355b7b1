/*
 * The exam question: malloc(8192), a write to each half, fork, one write in the child. How many frames before, after the fork, after the write? And with 100 children
 * of which one writes?
 *
 * usage: two-pages [--pace SECONDS] [--mmap]     (--mmap: two whole pages instead of malloc)
 *
 * One sees three frames, not two: malloc keeps a header in front of the block and the next one behind it, so 8,192 bytes lie on three pages. fork adds none, the
 * write one: 3, 3, 4; with 100 children and one write again 4. With --mmap: 2, 2, 3, and 3.
 * Events on the block's pages: fork 101; fault: 2 cow (one in the first child, one in one of the hundred); with --mmap also 2 demand-zero.
 */
#include "lab.h"
#include "libmap.h"

#define BYTES 8192
#define MOST_PAGES 3
#define FAMILY 100
#define WRITER 42

/* What each process saw, in memory that all share: [0] is the parent's, [1] a child's before it writes, from [2] on those of the others. */
static struct libmap_page (*seen)[MOST_PAGES];
static char *block, *first;
static int pages;

static void look(int who)
{
	for (int i = 0; i < pages; i++)
		seen[who][i] = libmap_look(first + (size_t)i * PAGE);
}

static bool counted_before(int who, int page)
{
	for (int w = 0; w <= who; w++)
		for (int i = 0; i < (w == who ? page : pages); i++)
			if (seen[w][i].state == LIBMAP_FRAME && seen[w][i].frame == seen[who][page].frame)
				return true;
	return false;
}

/* The different frames behind the block in the first `whos` processes. */
static void count(const char *when, int whos)
{
	int there = 0, hidden = 0, frames = 0;

	for (int who = 0; who < whos; who++) {
		for (int i = 0; i < pages; i++) {
			there += seen[who][i].state == LIBMAP_FRAME || seen[who][i].state == LIBMAP_HIDDEN;
			hidden += seen[who][i].state == LIBMAP_HIDDEN;
			frames += seen[who][i].state == LIBMAP_FRAME && !counted_before(who, i);
		}
	}
	if (hidden)
		lab_print("%s: %d pages are there; in how many frames cannot be told: the kernel shows them to root only (CAP_SYS_ADMIN)\n", when, there);
	else
		lab_print("%s: %d pages are there, in %d frames\n", when, there, frames);
	lab_wait(lab_pace);
}

static void one_child(void)
{
	struct lab_turn parents = lab_turn(), childs = lab_turn();
	pid_t child;

	lab_say("fork: the child has every page, and not one frame more");
	child = lab_fork();
	if (!child) {
		look(1);
		lab_go(parents);
		lab_await(childs);
		*(volatile char *)block = 2;
		look(1);
		lab_go(parents);
		lab_await(childs);
		_exit(0);
	}
	lab_await(parents);
	count("after fork", 2);
	lab_say("The child writes one byte: one page is copied");
	lab_go(childs);
	lab_await(parents);
	count("after the write", 2);
	lab_go(childs);
	lab_join(child);
}

static void hundred_children(void)
{
	struct lab_turn parents = lab_turn(), end = lab_turn();

	lab_say("100 children, all alive; one of them writes one byte");
	for (int i = 0; i < FAMILY; i++) {
		if (lab_fork())
			continue;
		if (i == WRITER)
			*(volatile char *)block = 3;
		look(1 + i);
		lab_go(parents);
		lab_await(end);
		_exit(0);
	}
	for (int i = 0; i < FAMILY; i++)
		lab_await(parents);
	lab_say("They live: 101 times the same pages, in one frame more than before the first fork");
	count("with 100 children", 1 + FAMILY);
	for (int i = 0; i < FAMILY; i++)
		lab_go(end);
	while (wait(NULL) > 0)
		;
}

int main(int argc, char **argv)
{
	int at = lab_start(argc, argv, " [--mmap]", "malloc(8192), fork, one write; then 100 forks and one write: how many frames?");
	bool mapped = at + 1 == argc && !strcmp(argv[at], "--mmap");

	if (at < argc && !mapped) {
		dprintf(STDERR_FILENO, "two-pages: what is '%s'? --help tells\n", argv[at]);
		return 2;
	}
	seen = (struct libmap_page (*)[MOST_PAGES])(void *)lab_map_file((1 + FAMILY) * sizeof(*seen), RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	lab_say(mapped ? "Two pages (mmap), a byte is written to each" : "malloc(8192), a byte is written to each half");
	block = mapped ? lab_map(BYTES, RW) : malloc(BYTES);
	if (!block)
		lab_die("malloc");
	((volatile char *)block)[0] = ((volatile char *)block)[BYTES / 2] = 1;
	first = (char *)((uintptr_t)block & ~(PAGE - 1));
	pages = (int)(((uintptr_t)block + BYTES - 1) / PAGE - (uintptr_t)first / PAGE + 1);
	lab_print("the block begins at %p, %lu bytes into a page, and lies on %d pages\n", (void *)block, (uintptr_t)block % PAGE, pages);
	look(0);
	count("before fork", 1);
	one_child();
	hundred_children();
	lab_say("Frames follow the writes, not the processes");
	return 0;
}
