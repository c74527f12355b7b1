/* The kernel's log, searched for reports; on kernels that check themselves also: leaks, allocations made to fail, and the proof that checks work. */
#include "modtest.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define KMEMLEAK "/sys/kernel/debug/kmemleak"
#define LOG_READ_ALL 3
#define LOG_CLEAR 5
#define HEX "0123456789abcdef"

static char kernel_log[4 << 20];

/* The lines of /reports found in text, one after the other; "" = none. Those within `but` are not looked for. */
static const char *reports_in(const char *text, const char *but)
{
	static char found[4096];
	char line[256];
	FILE *f = fopen("/reports", "r");

	if (!f)
		die("/reports");
	found[0] = 0;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (*line && *line != '#' && !strstr(but, line) && strstr(text, line))
			snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s\"%s\"", *found ? ", " : "", line);
	}
	fclose(f);
	return found;
}

/* What has been said since it was last cleared: that may be nothing. */
static bool read_log(void)
{
	int n = klogctl(LOG_READ_ALL, kernel_log, sizeof(kernel_log) - 1);

	kernel_log[n > 0 ? n : 0] = 0;
	return n >= 0;
}

void log_clear(void)
{
	klogctl(LOG_CLEAR, NULL, 0);
}

/* Sixteen digits from ffff on. The range of a top-level entry is not meant: print tells it to who may read the log. */
static bool has_address(const char *line)
{
	if (strstr(line, "PGD["))
		return false;
	for (const char *hit = strstr(line, "ffff"); hit; hit = strstr(hit + 1, "ffff"))
		if ((hit == line || !isxdigit((unsigned char)hit[-1])) && strspn(hit, HEX) >= 16)
			return true;
	return false;
}

/* The first line of the module's that tells an address, "" if none does. */
static const char *tells_addresses(void)
{
	static char line[512];

	for (char *at = strstr(kernel_log, "vmatlas:"); at; at = strstr(at + 1, "vmatlas:")) {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
		if (has_address(line))
			return line;
	}
	return "";
}

void test_log(const char *what, const char *but)
{
	bool read = read_log();
	const char *found = reports_in(kernel_log, but);

	check(read && !*found, "%s: no report in the kernel's log%s%s", what, *found ? " but " : "", found);
	check(!*tells_addresses(), "%s: the module's lines in the log tell no address%s%s", what, *tells_addresses() ? ": " : "", tells_addresses());
	if (*found)
		fputs(kernel_log, stdout);
	log_clear(); /* what has been said once */
}

static void put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(file);
	close(fd);
}

bool checks_itself(void)
{
	return !access(KMEMLEAK, F_OK);
}

/* What kmemleak suspects now. It leaves alone what is younger than five seconds, and what a register may have held in one scan only. */
static const char *leaks(void)
{
	sleep(6);
	put(KMEMLEAK, "scan");
	put(KMEMLEAK, "scan");
	slurp(KMEMLEAK, kernel_log, sizeof(kernel_log));
	return kernel_log;
}

void test_leaks(const char *what)
{
	const char *suspects = leaks();

	check(!*suspects, "%s: kmemleak suspects nothing", what);
	fputs(suspects, stdout);
}

static int load(const char *file, const char *parameters)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), err;

	err = syscall(SYS_finit_module, fd, parameters, 0) ? -errno : 0;
	close(fd);
	return err;
}

/* Kept open: opening it would be one more allocation that fails. */
static int fail_file = -1;

/* Lets the n-th allocation from now on in this task fail; 0: none. */
static void fail_nth(int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", n);
	if (pwrite(fail_file, text, strlen(text), 0) < 0)
		die("fail-nth");
}

/* How many more it would have taken: 0 = one failed. */
static int fail_left(void)
{
	char text[16] = "";

	if (pread(fail_file, text, sizeof(text) - 1, 0) <= 0)
		die("fail-nth");
	fail_nth(0);
	return atoi(text);
}

static void fail_quietly(const char *what)
{
	char file[128];

	snprintf(file, sizeof(file), "/sys/kernel/debug/%s/verbose", what);
	put(file, "0");
	snprintf(file, sizeof(file), "/sys/kernel/debug/%s/ignore-gfp-wait", what);
	put(file, "N");
}

static int try_load(void)
{
	return load("/vmatlas.ko", "subbuf_size=4096 subbuf_count=16 fault_subbuf_count=2");
}

static int try_enable(void)
{
	return control("enable", "1");
}

static long seconds_up(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

#define MANY 1000000

/* How many allocations `try` takes; -1: it fails even so. */
static int allocations_of(int (*try)(void), void (*undo)(void))
{
	int left;

	fail_nth(MANY);
	if (try())
		return -1;
	left = fail_left();
	undo();
	return MANY - left;
}

/*
 * Lets up to `most` allocations of `try`, spread over all `total`, fail: one each time. How many were made to. What fails must leave nothing
 * behind; a failure may also be one that is coped with.
 */
static int fail_each(const char *what, int (*try)(void), void (*undo)(void), const char *left, int total, int most, int *refused)
{
	int i, n = total < most ? total : most, failed = 0;

	*refused = 0;
	for (i = 0; i < n; i++) {
		int err;

		fail_nth(1 + (long)i * total / n);
		err = try();
		failed += fail_left() == 0;
		printf("# %s: allocation %ld of %d failed: %s, %ld s after the start\n", what, 1 + (long)i * total / n, total, err ? "refused" : "coped with",
		       seconds_up());
		if (!err)
			undo();
		else if (left && !access(left, F_OK))
			return -1;
		*refused += !!err;
	}
	return failed;
}

static void undo_load(void)
{
	if (syscall(SYS_delete_module, "vmatlas", O_NONBLOCK))
		die("unload");
}

static void undo_enable(void)
{
	control("enable", "0");
}

static void test_each(const char *what, int (*try)(void), void (*undo)(void), const char *left, int most)
{
	int total = allocations_of(try, undo), refused = 0;

	printf("# %s: %d allocations\n", what, total);
	int failed = total < 0 ? 0 : fail_each(what, try, undo, left, total, most, &refused);

	/* The count may differ by a few from one time to the next. */
	check(failed > 0 && failed >= (total < most ? total : most) - 3 && refused > 0, "%s: %d of %d allocations failed, one at a time; %d times it was refused",
	      what, failed, total, refused);
}

void test_allocations(int most)
{
	fail_file = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_file < 0)
		die("fail-nth");
	fail_quietly("failslab");
	fail_quietly("fail_page_alloc");
	put("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	test_each("loading", try_load, undo_load, VMATLAS_CONTROL_DIR, most);
	if (try_load())
		die("load");
	/* Each puts all hooks on and off: slow. */
	test_each("switching on", try_enable, undo_enable, NULL, most / 4);
	undo_load();
	close(fail_file);
	/* The kernel tells where page allocations failed, with a trace, and that a module has no place in sysfs. */
	test_log("failing allocations", "Call Trace, kobject: ");
}

/* The order matters: lockdep is off after its first report of locks, and after one of KASAN. */
static const struct {
	const char *kind, *report;
} faulty[] = {
	{ "naked-rcu", "suspicious RCU usage" }, { "cross-locks", "possible circular locking" }, { "freed", "use-after-free in" },
	{ "beyond", "KASAN: slab-out-of-bounds" }, { "undefined", "UBSAN: shift-out-of-bounds" }, { "sleep", "scheduling while atomic" },
	{ "free-active", "ODEBUG: free active" }, { "leak", "unreferenced object" },
};

void test_checks(void)
{
	char parameters[64];
	size_t i, j;

	for (i = 0; i < sizeof(faulty) / sizeof(*faulty); i++) {
		bool leak = !strcmp(faulty[i].kind, "leak");

		log_clear();
		snprintf(parameters, sizeof(parameters), "kind=%s", faulty[i].kind);
		if (load("/faulty.ko", parameters) || syscall(SYS_delete_module, "faulty", O_NONBLOCK))
			die("faulty.ko");
		for (j = 0; j < (leak ? 5 : 1); j++)
			if (leak ? *leaks() : read_log())
				break;
		check(strstr(kernel_log, faulty[i].report) && *reports_in(kernel_log, ""), "a module that does it (%s) is found out: %s",
		      faulty[i].kind, faulty[i].report);
	}
}
