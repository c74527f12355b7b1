/*
 * overcommit DIR [NAME]: vm.overcommit_memory 0, 1, 2 one after the other; calls that ask for more than the mode allows. What fails with ENOMEM
 * changes nothing. Writes to /proc/sys/vm (root), and puts back what was there.
 *
 * Marks and maps NAME.MODE.CALL.before, NAME.MODE.CALL.after around each. NAME.facts: pid N; "call MODE.CALL RESULT ERRNO" a line (RESULT 0: it worked).
 *   mmap     more than all memory, and swap
 *   noreserve  the same with MAP_NORESERVE
 *   brk      the same by the break
 *   mremap   a small mapping to that size
 *   mprotect of a mapping that was read-only, hence not counted
 *   fork     of a process with a large part of what may be promised
 */
#include "workload.h"

#include <sys/sysinfo.h>

static unsigned long huge, half; /* bytes */
static char what[64];
static int result, failure;

static void set_mode(int mode, const char *file)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		wl_die(file);
	dprintf(fd, "%d", mode);
	close(fd);
}

static void around(int mode, const char *call, const char *when)
{
	snprintf(what, sizeof(what), "%d.%s.%s", mode, call, when);
	wl_save_maps(what);
}

static void note(long got)
{
	result = got == -1;
	failure = result ? errno : 0;
}

static char *small, *closed;

static void do_mmap(void)
{
	char *p = mmap(NULL, huge, WL_RW, WL_ANON, -1, 0);

	note((long)p);
}

static void do_noreserve(void)
{
	char *p = mmap(NULL, huge, WL_RW, WL_ANON | MAP_NORESERVE, -1, 0);

	note((long)p);
}

static void do_brk(void)
{
	unsigned long now = (unsigned long)syscall(SYS_brk, 0);

	errno = ENOMEM; /* the call itself does not say */
	note((unsigned long)syscall(SYS_brk, now + huge) == now + huge ? 0 : -1);
}

static void do_mremap(void)
{
	note((long)mremap(small, WL_PAGE, huge, MREMAP_MAYMOVE));
}

static void do_mprotect(void)
{
	note(mprotect(closed, huge, WL_RW));
}

static void do_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	note(pid);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static const struct {
	const char *name;
	void (*run)(void);
} calls[] = {{"mmap", do_mmap}, {"noreserve", do_noreserve}, {"brk", do_brk}, {"mremap", do_mremap}, {"mprotect", do_mprotect}, {"fork", do_fork}};

/* Each mode in a process of its own: what worked goes with it. */
static void one_mode(int mode)
{
	set_mode(mode, "/proc/sys/vm/overcommit_memory");
	small = wl_map(NULL, WL_PAGE, WL_RW, WL_ANON, -1, 0);
	closed = mmap(NULL, huge, PROT_READ, WL_ANON, -1, 0);
	/* For fork: the child would need as much again. */
	wl_map(NULL, half, WL_RW, WL_ANON, -1, 0);
	wl_fact("pid%d %d", mode, getpid());
	for (unsigned i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		around(mode, calls[i].name, "before");
		calls[i].run();
		around(mode, calls[i].name, "after");
		wl_fact("call %d.%s %d %d", mode, calls[i].name, result, failure);
	}
	snprintf(what, sizeof(what), "facts%d", mode);
	wl_save_facts(what);
}

int main(int argc, char **argv)
{
	struct sysinfo info;
	int status, bad = 0;

	wl_begin(argc, argv);
	sysinfo(&info);
	huge = (info.totalram + info.totalswap) * info.mem_unit / WL_PAGE * WL_PAGE * 4;
	half = info.totalram * info.mem_unit / 2 / WL_PAGE * WL_PAGE;
	set_mode(80, "/proc/sys/vm/overcommit_ratio");
	for (int mode = 0; mode < 3; mode++) {
		pid_t pid = fork();

		if (!pid) {
			one_mode(mode);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		bad |= status;
		set_mode(0, "/proc/sys/vm/overcommit_memory");
	}
	return !!bad;
}
