/* The end of watching: nothing is told behind it, and what is told until then is whole. */
#include "modtest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096ul
#define FORKERS 4
#define AREA ((char *)0x200000000000)  /* far from all else: comes and goes */
#define WATCH ((char *)0x300000000000) /* so is this: readable while AREA is there, writable while not */

/* --- nobody ------------------------------------------------------------------------------------------------------------------ */

/* Children come and go for ever, until the group is killed. */
int work_children(int unused)
{
	setpgid(0, 0);
	for (int i = 1; i < FORKERS; i++)
		if (!fork())
			break;
	for (;;) {
		if (!fork())
			_exit(0);
		wait(NULL);
	}
}

static __u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* Records that are younger than a moment. */
static size_t later_than(__u64 moment)
{
	size_t n = 0;

	merge();
	for (size_t i = 0; i < all.n; i++)
		if (all.rec[i].head.ts > moment) {
			printf("# a record of type %u, map %u, process %u\n", all.rec[i].head.type, all.rec[i].head.mm, all.rec[i].head.tgid);
			n++;
		}
	return n;
}

static pid_t start_work(const char *name)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	execl("/proc/self/exe", "modtest", "work", name, "0", NULL);
	_exit(97);
}

void test_none(int rounds)
{
	pid_t pid = start_work("children");
	size_t late = 0, forks = 0;
	char target[32], watched[64];
	int left = 0;

	snprintf(target, sizeof(target), "pid %d", pid);
	record_begin();
	for (int i = 0; i < rounds; i++) {
		__u64 moment;

		records_reset();
		if (control("target", target))
			die("target");
		usleep(30000);
		control("target", "none");
		moment = now();
		usleep(50000);
		slurp(VMATLAS_CONTROL_DIR "/target", watched, sizeof(watched));
		left += !!watched[0];
		drain();
		late += later_than(moment);
		forks += count(VMATLAS_FORK, 0);
	}
	kill(-pid, SIGKILL);
	while (wait(NULL) > 0)
		;
	record_end();
	check(forks > (size_t)rounds && !late && !left, "none: after %zu forks in %d rounds nothing is told of who is not watched any more (%zu, %d)", forks, rounds,
	      late, left);
}

/* --- off --------------------------------------------------------------------------------------------------------------------- */

int work_pairs(int unused)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS;

	if (mmap(WATCH, PAGE, PROT_READ | PROT_WRITE, flags, -1, 0) != WATCH)
		die("a page at its place");
	for (;;) {
		/* An address that is only asked for is not among the arguments that change: a hook must tell where it came to. */
		if (mmap(AREA, PAGE, PROT_NONE, flags, -1, 0) != AREA)
			die("a page at its place");
		mprotect(WATCH, PAGE, PROT_READ);
		usleep(500); /* the buffers must not be full before the hooks are off */
		munmap(AREA, PAGE);
		mprotect(WATCH, PAGE, PROT_READ | PROT_WRITE);
	}
}

static bool within(const char *addr, __u64 lo, __u64 hi)
{
	return lo <= (__u64)addr && (__u64)addr < hi;
}

/* How often WATCH changed, and how often AREA was not then as the program had made it before. */
static void look_at_pairs(size_t *changes, size_t *wrong)
{
	bool there = false, readable = false, known = false;

	*changes = *wrong = 0;
	for (size_t i = 0; i < all.n; i++) {
		const struct vmatlas_record *r = &all.rec[i];

		if (r->head.type == VMATLAS_RANGE && within(AREA, r->range.lo, r->range.hi))
			there = false;
		if (r->head.type != VMATLAS_VMA)
			continue;
		there |= within(AREA, r->vma.start, r->vma.end);
		if (!within(WATCH, r->vma.start, r->vma.end))
			continue;
		bool now_readable = !(r->vma.vm_flags & 2); /* VM_WRITE */

		if (known && now_readable != readable) {
			++*changes;
			*wrong += there != now_readable;
		}
		readable = now_readable;
		known = true;
	}
}

static long told_so_far(void)
{
	return stat_of("cpu 0", 1) + stat_of("cpu 1", 1);
}

void test_stop(void)
{
	pid_t pid = start_work("pairs");
	size_t changes, wrong;
	char target[32];

	snprintf(target, sizeof(target), "pid %d", pid);
	usleep(100000);
	record_begin();
	if (control("target", target))
		die("target");
	for (long n = 0, before = told_so_far(); n < 3000 && told_so_far() < before + 300; n++)
		usleep(20000);
	drain();
	control("enable", "0");
	drain();
	merge();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	look_at_pairs(&changes, &wrong);
	check_streams("stop", true);
	check(changes > 20 && !wrong, "stop: until the hooks go all is told: of %zu moments %zu wrong", changes, wrong);
}

static void with(const char *file)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC), err;

	if (fd < 0) {
		printf("# %s: not on this kernel\n", file);
		return;
	}
	/* Of a sysctl only what is written to its beginning counts. */
	if (pwrite(fd, "0", 1, 0) != 1)
		die(file);
	err = control("enable", "1");
	check(err == -ENODEV && !stat_of("enabled", 0), "%s = 0: nothing is recorded without probes (%d)", file, err);
	if (pwrite(fd, "1", 1, 0) != 1)
		die(file);
	close(fd);
	err = control("enable", "1");
	check(!err && !control("enable", "0"), "%s = 1: recorded again (%d)", file, err);
}

/* Leaves recording off. */
void test_switched_off(void)
{
	control("enable", "0");
	with("/proc/sys/kernel/ftrace_enabled");
	with("/sys/kernel/debug/kprobes/enabled");
}
