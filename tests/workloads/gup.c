/*
 * gup DIR [NAME]: pages that come without an exception in user mode.
 *
 * NAME.facts: pid N and child N, then ranges, each with its exact number of faults and their origin:
 *   populate START END 37   MAP_POPULATE: get_user_pages
 *   kernel START END 11     read(2) into untouched pages: exceptions in kernel mode
 *   remote START END 17     process_vm_readv of a child's untouched pages: get_user_pages, in the child's map, by this process
 */
#include "workload.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#define REMOTE_PAGES 17

static char *anon(size_t pages, int more)
{
	static unsigned long place = 0x370000000000;
	char *p = wl_map((void *)place, pages * WL_PAGE, WL_RW, WL_ANON | MAP_FIXED | more, -1, 0);

	place += 1ul << 30;
	madvise(p, pages * WL_PAGE, MADV_NOHUGEPAGE);
	return p;
}

static void note(const char *what, char *p, size_t pages)
{
	wl_fact("%s %#lx %#lx %zu", what, (unsigned long)p, (unsigned long)p + pages * WL_PAGE, pages);
}

static void by_the_kernel(void)
{
	char *p = anon(11, 0);
	int fd = open("/dev/zero", O_RDONLY);

	for (unsigned i = 0; i < 11; i++) {
		if (read(fd, p + i * WL_PAGE + 100, 200) != 200)
			wl_die("read");
	}
	close(fd);
	note("kernel", p, 11);
}

static void of_another(void)
{
	static char here[REMOTE_PAGES];
	struct iovec local = {here, sizeof(here)}, remote[REMOTE_PAGES];
	char *p = anon(REMOTE_PAGES, 0);
	pid_t child = fork();

	if (child < 0)
		wl_die("fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	for (unsigned i = 0; i < REMOTE_PAGES; i++)
		remote[i] = (struct iovec){p + i * WL_PAGE, 1};
	if (process_vm_readv(child, &local, 1, remote, REMOTE_PAGES, 0) != REMOTE_PAGES)
		wl_die("process_vm_readv");
	wl_fact("child %d", child);
	note("remote", p, REMOTE_PAGES);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
	wl_begin(argc, argv);
	wl_fact("pid %d", getpid());
	note("populate", anon(37, MAP_POPULATE), 37);
	by_the_kernel();
	of_another();
	wl_save_facts("facts");
	return 0;
}
