/*
 * fork_kin DIR [NAME]: a family. Parent and child stop sharing, map by map and page by page; then a child that calls exec, and one by vfork.
 *
 * Mapped at places of their own (nothing merges), all private and anonymous, written by the parent before it forks:
 *   pages 32   the child writes 5 of them (copied); later the parent writes one of those (reused) and one other (copied)
 *   secret 4   MADV_DONTFORK: the child never has it
 *   gone 6     the child unmaps it
 *   left 6     the parent unmaps it, the child keeps it
 * and since the fork
 *   own 12     mapped by the child, 3 pages written
 *   new 8      mapped by the parent, 2 pages written
 * Two threads of the parent wait all the time.
 *   NAME.before  mark: just before fork
 *   NAME.both    mark: the child has done all that is said above, both stand still
 *   NAME.later   mark: the parent has written, too; both stand still
 *   NAME.exec    mark: before the second child (fork, exec of this program) and the third (vfork, exec)
 * NAME.facts: pid, child, exec-child, vfork-child N; a line "NAME START END" for each of the above;
 *   both-parent ADDR FRAME, both-child ADDR FRAME, later-parent …, later-child …: /proc/self/pagemap of `pages` and `left`, 0 = no page there
 */
#include "workload.h"

#include <pthread.h>
#include <sys/prctl.h>
#include <time.h>

#define PLACE(n) ((char *)0x610000000000 + (size_t)(n) * 0x10000000)

enum { PAGES, SECRET, GONE, LEFT, OWN, NEW, AREAS };

static const struct {
	const char *name;
	size_t pages;
} areas[AREAS] = {{"pages", 32}, {"secret", 4}, {"gone", 6}, {"left", 6}, {"own", 12}, {"new", 8}};

static int to_child[2], to_parent[2];

static void nap(void)
{
	struct timespec t = {.tv_nsec = 60000000};

	nanosleep(&t, NULL);
}

static void map_area(int i, size_t written)
{
	size_t bytes = areas[i].pages * WL_PAGE;
	char *p = wl_map(PLACE(i), bytes, WL_RW, WL_ANON | MAP_FIXED_NOREPLACE, -1, 0);

	madvise(p, bytes, MADV_NOHUGEPAGE);
	for (size_t k = 0; k < written; k++)
		*(volatile char *)(p + k * WL_PAGE) = 1;
}

static void note_frames(const char *when)
{
	static const int which[] = {PAGES, LEFT};

	for (unsigned w = 0; w < 2; w++)
		for (size_t k = 0; k < areas[which[w]].pages; k++)
			wl_fact("%s %#lx %#lx", when, (unsigned long)PLACE(which[w]) + k * WL_PAGE, wl_pfn(PLACE(which[w]) + k * WL_PAGE));
}

static void tell(int pipe_end)
{
	if (write(pipe_end, "", 1) != 1)
		wl_die("write");
}

static void wait_for(int pipe_end)
{
	char c;

	if (read(pipe_end, &c, 1) != 1)
		wl_die("read");
}

static __attribute__((noreturn)) void child(void)
{
	static const unsigned written[] = {0, 3, 4, 17, 31};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	wl_facts_used = 0;
	nap();
	for (unsigned i = 0; i < sizeof(written) / sizeof(written[0]); i++, nap())
		*(volatile char *)(PLACE(PAGES) + written[i] * WL_PAGE) = 2;
	munmap(PLACE(GONE), areas[GONE].pages * WL_PAGE);
	nap();
	map_area(OWN, 3);
	note_frames("both-child");
	tell(to_parent[1]);
	wait_for(to_child[0]);
	note_frames("later-child");
	wl_save_facts("child-facts");
	tell(to_parent[1]);
	wait_for(to_child[0]);
	_exit(3);
}

static void *wait_always(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static pid_t start_child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		wl_die("fork");
	if (!pid)
		child();
	wl_fact("child %d", pid);
	return pid;
}

static void grow_apart(pid_t pid)
{
	nap();
	munmap(PLACE(LEFT), areas[LEFT].pages * WL_PAGE);
	map_area(NEW, 2);
	wait_for(to_parent[0]);
	note_frames("both-parent");
	wl_mark("both");
	nap();
	*(volatile char *)PLACE(PAGES) = 3;
	nap();
	*(volatile char *)(PLACE(PAGES) + 9 * WL_PAGE) = 3;
	tell(to_child[1]);
	wait_for(to_parent[0]);
	note_frames("later-parent");
	wl_mark("later");
	nap();
	tell(to_child[1]);
	waitpid(pid, NULL, 0);
}

static void others(char *self)
{
	pid_t pid;

	wl_mark("exec");
	pid = fork();
	if (!pid) {
		execl(self, "--", "--stop", NULL);
		_exit(97);
	}
	wl_fact("exec-child %d", pid);
	waitpid(pid, NULL, 0);
	nap();
	pid = vfork();
	if (!pid) {
		execl(self, "--", "--stop", NULL);
		_exit(97);
	}
	wl_fact("vfork-child %d", pid);
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	pthread_t thread[2];

	if (argc == 2 && !strcmp(argv[1], "--stop")) {
		nap();
		return 0;
	}
	wl_begin(argc, argv);
	wl_one_cpu();
	for (int i = 0; i < OWN; i++)
		map_area(i, areas[i].pages);
	if (madvise(PLACE(SECRET), areas[SECRET].pages * WL_PAGE, MADV_DONTFORK) || pipe(to_child) || pipe(to_parent))
		wl_die("prepare");
	for (int i = 0; i < 2; i++)
		if (pthread_create(&thread[i], NULL, wait_always, NULL))
			wl_die("pthread_create");
	wl_fact("pid %d", getpid());
	for (int i = 0; i < AREAS; i++)
		wl_fact("%s %#lx %#lx", areas[i].name, (unsigned long)PLACE(i), (unsigned long)PLACE(i) + areas[i].pages * WL_PAGE);
	nap();
	wl_mark("before");
	nap();
	grow_apart(start_child());
	others(argv[0]);
	wl_save_facts("facts");
	return 0;
}
