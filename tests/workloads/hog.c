/*
 * hog DIR [NAME [MIB]]: processes that the kernel kills for want of memory, in a memory cgroup of MIB (default 24) made for it (root; cgroup 2).
 *
 *   NAME.one      one thread writes page after page, until it is killed
 *   NAME.threads  eight threads do so at the same time
 *   NAME.shared   a child of clone(CLONE_VM) does so: who shares the map dies with it
 * Marks and maps NAME.CASE.before and NAME.CASE.after: of the parent, which lives. NAME.facts: pid N; skip REASON, or "case CASE PID STATUS MINOR MAJOR"
 * each: as wait4 says of the child and its threads.
 */
#include "workload.h"

#include <pthread.h>
#include <sched.h>
#include <sys/stat.h>

#define AREA (256ul << 20)
#define CGROUP "/sys/fs/cgroup/vmatlas-hog"

static char *volatile place;

static bool put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return good;
}

static bool make_cgroup(unsigned long mib)
{
	static char bytes[32];

	put("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	snprintf(bytes, sizeof(bytes), "%lu", mib << 20);
	if (mkdir(CGROUP, 0755) && errno != EEXIST)
		return false;
	put(CGROUP "/memory.swap.max", "0");
	return put(CGROUP "/memory.max", bytes);
}

static void *eat(void *arg)
{
	char *from = place + (uintptr_t)arg * (AREA / 8);

	for (size_t i = 0;; i++)
		*(volatile char *)(from + i % (AREA / 8 / WL_PAGE) * WL_PAGE + i % 4096) = 1;
	return NULL;
}

static int eat_shared(void *arg)
{
	for (size_t i = 0; i < AREA; i += WL_PAGE)
		*(volatile char *)(place + i) = 1;
	return 0;
}

static void hog(unsigned kind)
{
	pthread_t id;

	put(CGROUP "/cgroup.procs", "0");
	place = wl_map(NULL, AREA, WL_RW, WL_ANON, -1, 0);
	madvise(place, AREA, MADV_NOHUGEPAGE);
	for (uintptr_t i = 1; kind == 1 && i < 8; i++)
		if (pthread_create(&id, NULL, eat, (void *)i))
			wl_die("pthread_create");
	if (kind == 2) {
		char *stack = wl_map(NULL, 16 * WL_PAGE, WL_RW, WL_ANON, -1, 0);

		clone(eat_shared, stack + 16 * WL_PAGE, CLONE_VM | SIGCHLD, NULL);
		/* It dies with its map's other users; if not, the test says so. Nobody waits for it: which of them is gone first is open, and so would be whose faults wait4 tells. */
		for (;;)
			pause();
	}
	eat(NULL);
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"one", "threads", "shared"};
	static char what[64];

	wl_begin(argc, argv);
	wl_fact("pid %d", getpid());
	if (!make_cgroup(argc > 3 ? strtoul(argv[3], NULL, 0) : 24))
		wl_fact("skip no cgroup with a limit of memory: %s", strerror(errno));
	for (unsigned kind = 0; kind < 3 && !access(CGROUP "/memory.max", W_OK); kind++) {
		struct rusage use = {0};
		int status = 0;
		pid_t pid;

		snprintf(what, sizeof(what), "%s.before", names[kind]);
		wl_save_maps(what);
		pid = fork();
		if (!pid) {
			hog(kind);
			_exit(0);
		}
		wait4(pid, &status, __WALL, &use);
		snprintf(what, sizeof(what), "%s.after", names[kind]);
		wl_save_maps(what);
		wl_fact("case %s %d %#x %ld %ld", names[kind], pid, status, use.ru_minflt, use.ru_majflt);
	}
	rmdir(CGROUP);
	wl_save_facts("facts");
	return 0;
}
