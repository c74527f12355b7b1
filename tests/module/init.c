/* As PID 1 of a guest: mounts, loads the module in all the ways to be tested, runs the tests, powers off. */
#include "fire.h"
#include "modtest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int load(const char *parameters)
{
	int fd = open("/vmatlas.ko", O_RDONLY | O_CLOEXEC), err;

	err = syscall(SYS_finit_module, fd, parameters, 0) ? -errno : 0;
	close(fd);
	return err;
}

int unload(void)
{
	return syscall(SYS_delete_module, "vmatlas", O_NONBLOCK) ? -errno : 0;
}

static void mounts(void)
{
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/tmp", 0755);
	if (mount("proc", "/proc", "proc", 0, NULL) || mount("sys", "/sys", "sysfs", 0, NULL) || mount("tmp", "/tmp", "tmpfs", 0, NULL) ||
	    mount("security", "/sys/kernel/security", "securityfs", 0, NULL))
		die("mount");
	/* For the test's own eyes (leaks, failing allocations): the module needs it not. */
	mount("debug", "/sys/kernel/debug", "debugfs", 0, NULL);
}

/* Runs ourselves with other arguments. Its pid. */
pid_t start(const char *a, const char *b, const char *c)
{
	pid_t pid = fork();

	if (!pid) {
		setpriority(PRIO_PROCESS, 0, 0);
		execl("/proc/self/exe", "modtest", a, b, c, NULL);
		_exit(97);
	}
	return pid;
}

void run(const char *a, const char *b)
{
	int status;

	waitpid(start(a, b, NULL), &status, 0);
	check(WIFEXITED(status) && WEXITSTATUS(status) < 2, "%s ran to its end", a);
}

static void test_ladder(void)
{
	char text[32];
	int step, left = 0;

	for (step = 1; step < 50; step++) {
		snprintf(text, sizeof(text), "fail_at=%d", step);
		if (!load(text))
			break;
		left += !access(VMATLAS_CONTROL_DIR, F_OK);
	}
	check(step > 5 && step < 50 && !left, "loading made to fail at each of %d steps leaves nothing behind", step - 1);
	check(!unload(), "unloaded");
	check(load("subbuf_size=1000") == -EINVAL && load("subbuf_size=2048") == -EINVAL && load("subbuf_count=0") == -EINVAL &&
		      load("subbuf_size=4096 subbuf_count=1") == -EINVAL,
	      "sizes that make no sense are refused");
}

/* Unloads while processes change and fault and a reader drains and another sits on its file. */
static void test_unload(int rounds)
{
	int good = 0, begun = 0;

	for (int i = 0; i < rounds; i++) {
		pid_t reader, a, b;
		char text[64];
		int idle;

		if (load(""))
			die("load");
		idle = control_open("cpu0", O_RDONLY);
		control("enable", "1");
		reader = start("drain", NULL, NULL);
		a = start("work", "forever", "0");
		b = start("work", "forever", "0");
		snprintf(text, sizeof(text), "pid %d %d", a, b);
		control("target", text);
		for (int n = 0; n < 20000 && stat_of("cpu 0", 1) + stat_of("cpu 1", 1) < 2000; n++)
			usleep(1000);
		begun += stat_of("cpu 0", 1) + stat_of("cpu 1", 1) >= 2000;
		good += !unload() && access(VMATLAS_CONTROL_DIR, F_OK);
		good += read(idle, text, sizeof(text)) < 0 && errno == EIO;
		close(idle);
		kill(reader, SIGKILL);
		kill(a, SIGKILL);
		kill(b, SIGKILL);
		while (wait(NULL) > 0)
			;
	}
	check(begun == rounds && good == 2 * rounds, "unloaded under fire, with files open, %d times of %d", good / 2, rounds);
}

/* In the kernel, but in no system call: in a fault. */
static bool waits_in_fault(pid_t pid)
{
	char file[64], text[64] = "";

	snprintf(file, sizeof(file), "/proc/%d/syscall", pid);
	slurp(file, text, sizeof(text));
	return !strncmp(text, "-1 ", 3);
}

/* Whoever waits in a fault that was seen to begin returns through the kernel alone. */
static void test_unload_waiting(void)
{
	bool waited = false, still;
	int err = load("");
	pid_t pid;

	control("enable", "1");
	pid = fork();
	if (!pid) {
		control("target", "exec");
		execl("/proc/self/exe", "modtest", "work", "unanswered", "0", NULL);
		_exit(97);
	}
	for (int n = 0; n < 6000 && !waited; n++) {
		usleep(10000);
		waited = waits_in_fault(pid);
	}
	err |= unload();
	usleep(50000);
	still = waits_in_fault(pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	check(waited && !err && still, "unloaded while a fault waits for a userfaultfd (%d, %d, %d)", waited, err, still);
}

/* Everything must work: steering, recording, reading, with the strictest lockdown there is. */
static void test_lockdown(const char *level)
{
	int fd = open("/sys/kernel/security/lockdown", O_WRONLY | O_CLOEXEC);

	check(write(fd, level, strlen(level)) == (ssize_t)strlen(level), "the kernel is locked down: %s", level);
	close(fd);
	check(load("") == -EPERM, "lockdown=%s: no unsigned module is loaded", level);
	run("short", "7");
}

static void test_lockdowns(void)
{
	if (!load("")) {
		test_lockdown("integrity");
		test_lockdown("confidentiality");
	}
	test_log("lockdown", "");
}

static void test_both_names(void)
{
	char late[4] = "";

	if (load(""))
		die("load");
	slurp("/sys/module/vmatlas/parameters/late_names", late, sizeof(late));
	run("names", *late == 'Y' ? "1" : "0");
	check(!unload(), "unloaded");
	if (*late == 'Y' || load("late_names=1"))
		return;
	run("names", "1");
	run("short", "3");
	check(!unload(), "unloaded");
}

/* How many functions call the module while it records, how many are probed in their place, and both when it has stopped. */
static void ways(long *direct, long *probed, long *after)
{
	control("enable", "1");
	*direct = stat_of("direct", 0);
	*probed = stat_of("direct", 2);
	control("enable", "0");
	*after = stat_of("direct", 0) + stat_of("direct", 2);
}

static void test_ways(void)
{
	long direct, probed, after, none, all, later;

	if (load(""))
		die("load");
	ways(&direct, &probed, &after);
	if (unload() || load("without=direct"))
		die("load");
	ways(&none, &all, &later);
	check(direct > 5 && !probed && !after, "stats: %ld functions call the module, %ld are probed instead, %ld when it has stopped", direct, probed, after);
	check(!none && all == direct && !later, "stats: without=direct: %ld, %ld, %ld", none, all, later);
}

static int number_of(const char *name, int otherwise)
{
	const char *s = getenv(name);

	return s ? atoi(s) : otherwise;
}

/* On a kernel that checks itself: what all that left behind, what want of memory does, and that the checks do check. */
static void test_thoroughly(void)
{
	test_leaks("after all");
	test_allocations(number_of("fails", 40));
	test_leaks("after failing allocations");
	test_log("leaks", "");
	test_checks();
	log_clear();
}

static void power_off(void)
{
	printf("# done\n");
	sync();
	reboot(RB_POWER_OFF);
}

/* What the kernel's command line says and the kernel does not know comes as environment. */
int init(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	putchar('\n'); /* the firmware left half a line */
	mounts();
	if (getenv("fire")) {
		dice_state = number_of("seed", 1);
		fire(number_of("fire", 1), number_of("fuzz", 100));
		test_log("fire", "");
		if (checks_itself())
			test_leaks("fire");
		power_off();
	}
	/* Only these: checks=1; locked=1 (lockdown= is a word of the kernel). */
	if (getenv("checks")) {
		test_thoroughly();
		power_off();
	}
	if (getenv("locked")) {
		test_lockdowns();
		power_off();
	}
	if (getenv("waiting")) {
		test_unload_waiting();
		test_log("waiting", "");
		power_off();
	}
	/* One part: only=collapse with=100. */
	if (getenv("only")) {
		if (!load("")) {
			run(getenv("only"), getenv("with"));
			check(!unload(), "unloaded");
		}
		test_log(getenv("only"), "");
		power_off();
	}
	test_ladder();
	if (!load("")) {
		run("all", "1");
		check(!unload(), "unloaded");
	}
	test_both_names();
	test_ways();
	run("short", "5");
	check(!unload(), "unloaded");
	if (!load("subbuf_size=4096 subbuf_count=2 fault_subbuf_count=2")) {
		run("loss", NULL);
		check(!unload(), "unloaded");
	}
	if (cpu1_online(false) && !load("")) {
		run("hotplug", NULL);
		check(!unload() && cpu1_online(true), "unloaded");
	}
	test_unload(getenv("full") ? 8 : getenv("steady") ? 2 : 3);
	test_unload_waiting();
	test_log("all", "");
	if (checks_itself())
		test_thoroughly();
	test_lockdowns();
	power_off();
	return 0;
}
