/*
 * fork_cow DIR [NAME]: parent and child write to pages they share since fork.
 *
 * 16 private anonymous pages, all written by the parent; 8 pages of a file, mapped privately, 4 of them read.
 *   NAME.parent  mark and map of the parent just before fork
 *   NAME.child   mark and map of the child, before it wrote anything
 *   NAME.after   mark and map of the parent, when the child has written and still lives
 * NAME.facts (the parent's), NAME.child-facts: pid N, and one line a write, in order, each a fault of its own:
 *   cow ADDR BEFORE AFTER       copied: the frame before (the other's too) and after
 *   reuse ADDR FRAME            the frame was no longer shared: made writable, not copied
 *   file-cow ADDR BEFORE AFTER  from the page cache's frame to one of its own
 *   same ADDR FRAME             never written: still the shared frame at the end
 */
#include "workload.h"

#include <signal.h>
#include <sys/prctl.h>

#define PAGES 16

static char *anon, *file;

static void write_and_note(const char *kind, char *p)
{
	uint64_t before = wl_pfn(p), after;

	*(volatile char *)p = 2;
	after = wl_pfn(p);
	if (before == after)
		wl_fact("%s %#lx %#lx", kind, (unsigned long)p, after);
	else
		wl_fact("%s %#lx %#lx %#lx", kind, (unsigned long)p, before, after);
}

static __attribute__((noreturn)) void child(int done, int stop)
{
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	wl_facts_used = 0;
	wl_save_maps("child");
	wl_fact("pid %d", getpid());
	write_and_note("cow", anon);
	write_and_note("cow", anon + 3 * WL_PAGE);
	write_and_note("cow", anon + 7 * WL_PAGE);
	(void)*(volatile char *)(file + 2 * WL_PAGE); /* fork does not copy entries that the file can fill again */
	write_and_note("file-cow", file + 2 * WL_PAGE);
	wl_fact("same %#lx %#lx", (unsigned long)(anon + 9 * WL_PAGE), wl_pfn(anon + 9 * WL_PAGE));
	wl_save_facts("child-facts");
	if (write(done, "", 1) != 1 || read(stop, &c, 1) < 0)
		_exit(98);
	_exit(0);
}

static void prepare(void)
{
	int fd = wl_temp_file(8);

	anon = wl_map(NULL, PAGES * WL_PAGE, WL_RW, WL_ANON, -1, 0);
	madvise(anon, PAGES * WL_PAGE, MADV_NOHUGEPAGE);
	for (unsigned i = 0; i < PAGES; i++)
		*(volatile char *)(anon + i * WL_PAGE) = 1;
	file = wl_map(NULL, 8 * WL_PAGE, WL_RW, MAP_PRIVATE, fd, 0);
	for (unsigned i = 0; i < 4; i++)
		(void)*(volatile char *)(file + i * WL_PAGE);
}

int main(int argc, char **argv)
{
	int done[2], stop[2];
	pid_t pid;
	char c;

	wl_begin(argc, argv);
	wl_one_cpu();
	prepare();
	if (pipe(done) || pipe(stop))
		wl_die("pipe");
	wl_fact("pid %d\nanon %#lx %#lx\nfile %#lx %#lx", getpid(), (unsigned long)anon, (unsigned long)(anon + PAGES * WL_PAGE),
		(unsigned long)file, (unsigned long)(file + 8 * WL_PAGE));
	wl_save_maps("parent");
	pid = fork();
	if (pid < 0)
		wl_die("fork");
	if (!pid)
		child(done[1], stop[0]);
	if (read(done[0], &c, 1) != 1)
		wl_die("child");
	wl_save_maps("after");
	write_and_note("reuse", anon);
	write_and_note("cow", anon + 5 * WL_PAGE);
	wl_fact("same %#lx %#lx", (unsigned long)(anon + 9 * WL_PAGE), wl_pfn(anon + 9 * WL_PAGE));
	if (write(stop[1], "", 1) != 1)
		wl_die("stop");
	wl_fact("child %d", pid);
	waitpid(pid, NULL, 0);
	wl_save_facts("facts");
	return 0;
}
