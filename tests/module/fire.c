#include "fire.h"
#include "modtest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BURNERS 3
#define SIPPERS 2

static pid_t burners[BURNERS], sippers[SIPPERS], collector;
static unsigned count_busy;

static pid_t start_seeded(const char *what)
{
	char seed[16];

	snprintf(seed, sizeof(seed), "%u", dice(1u << 20));
	return start(what, seed, NULL);
}

static void end(pid_t *pid)
{
	int status;

	if (*pid > 0) {
		kill(*pid, SIGKILL);
		waitpid(*pid, &status, 0);
	}
	*pid = 0;
}

/* --- what may happen ------------------------------------------------------------------------------------------------- */

static void target(void)
{
	char text[128] = "none";

	switch (dice(4)) {
	case 0:
		break;
	case 1:
		snprintf(text, sizeof(text), "pid %d", burners[dice(BURNERS)]);
		break;
	default:
		snprintf(text, sizeof(text), "pid %d %d %d", burners[0], burners[1], burners[2]);
	}
	control("target", text);
}

static void aim(void)
{
	char text[128];

	snprintf(text, sizeof(text), "pid %d %d %d", burners[0], burners[1], burners[2]);
	control("enable", "1");
	control("target", text);
}

/* A control file open in another process holds the module for a moment. */
static bool remove_module(void)
{
	int err = -EAGAIN;

	for (int i = 0; i < 5000 && err; i++) {
		err = unload();
		if (err)
			usleep(2000);
		count_busy += !!err;
	}
	if (err || !access(VMATLAS_CONTROL_DIR, F_OK))
		bad("rmmod: %d", err);
	return !err;
}

static void reload_with(const char *parameters)
{
	bool there = !access(VMATLAS_CONTROL_DIR, F_OK);
	int err = !there || remove_module() ? load(parameters) : 0;

	if (err)
		bad("insmod %s: %d", parameters, err);
	aim();
}

static void reload(void)
{
	reload_with("");
}

static void resize(void)
{
	char text[128];

	snprintf(text, sizeof(text), "subbuf_size=%u subbuf_count=%u fault_subbuf_count=%u overwrite=%u", 4096u << dice(5), 2 + dice(14), 1 + dice(32), dice(2));
	reload_with(text);
}

static void fail_to_load(void)
{
	char text[32];
	int err;

	if (!remove_module())
		return;
	snprintf(text, sizeof(text), "fail_at=%u", 1 + dice(8));
	err = load(text);
	if (!err || !access(VMATLAS_CONTROL_DIR, F_OK))
		bad("insmod %s: %d", text, err);
	if (!err)
		unload();
	reload_with("");
}

static void kill_reader(void)
{
	unsigned which = dice(SIPPERS);

	end(&sippers[which]);
	sippers[which] = start_seeded("sip");
}

/* The real one, killed in the middle; the next must not be in its way. */
static void kill_collector(void)
{
	char pid[16];

	end(&collector);
	snprintf(pid, sizeof(pid), "%d", burners[dice(BURNERS)]);
	collector = fork();
	if (!collector) {
		int null = open("/tmp/collector", O_WRONLY | O_CREAT | O_TRUNC, 0600);

		dup2(null, 2);
		if (dice(2))
			execl("/vmatlas-collect", "vmatlas-collect", "--out", "/dev/null", "--pid", pid, NULL);
		else
			execl("/vmatlas-collect", "vmatlas-collect", "--out", "/dev/null", "--flight", "1", "--pid", pid, NULL);
		_exit(97);
	}
}

static void kill_burner(void)
{
	unsigned which = dice(BURNERS);

	end(&burners[which]);
	burners[which] = start_seeded("burn");
	aim();
}

static void toggle(void)
{
	static const char *const texts[][2] = {
		{ "enable", "0" }, { "enable", "1" }, { "overwrite", "0" }, { "overwrite", "1" }, { "overwrite", "2" }, { "classes", "-fault" },
		{ "classes", "fault op vma task mark" }, { "classes", "-vma" }, { "follow", "0" }, { "follow", "1" }, { "snapshot", "all" },
		{ "snapshot", "torn" }, { "marker", "in the fire" }, { "print", "pid=1 tree=1" },
	};
	unsigned which = dice(sizeof(texts) / sizeof(*texts));

	control(texts[which][0], texts[which][1]);
	if (!dice(3))
		aim();
}

static struct action {
	const char *name;
	void (*act)(void);
	unsigned share; /* of the count asked for: 1/share. Three kinds of unloading make up for it */
	unsigned done;
	long us;        /* that it took, all times together */
} actions[] = {
	{ "reload", reload, 3, 0, 0 }, { "resize", resize, 3, 0, 0 }, { "failing load", fail_to_load, 3, 0, 0 }, { "reader killed", kill_reader, 1, 0, 0 },
	{ "collector killed", kill_collector, 1, 0, 0 }, { "process killed", kill_burner, 1, 0, 0 }, { "target switched", target, 1, 0, 0 },
	{ "steered", toggle, 1, 0, 0 },
};
#define ACTIONS (sizeof(actions) / sizeof(*actions))

/* --- what must be as before ------------------------------------------------------------------------------------------- */

static long number_in(const char *file, const char *name)
{
	char line[256];
	FILE *f = fopen(file, "re");
	long n = -1;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			n = atol(line + strlen(name) + 1);
	if (f)
		fclose(f);
	return n;
}

static void write_to(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		printf("# %s: %s\n", file, strerror(errno));
	close(fd);
}

struct state {
	long mms, slab, vmalloc, percpu, stacks;
};

/* KiB, and mm_structs; caches emptied. */
static struct state measure(void)
{
	usleep(1500000);
	write_to("/proc/sys/vm/drop_caches", "3\n");
	write_to("/sys/kernel/slab/mm_struct/shrink", "1\n");
	usleep(500000);
	return (struct state){ number_in("/proc/slabinfo", "mm_struct"), number_in("/proc/meminfo", "SUnreclaim:"), number_in("/proc/meminfo", "VmallocUsed:"),
			       number_in("/proc/meminfo", "Percpu:"), number_in("/proc/meminfo", "KernelStack:") };
}

static void check_state(struct state was)
{
	struct state is = measure();
	/* KASAN holds back what was freed, up to a 32nd of all memory, and others keep a note of each allocation: there kmemleak is asked. */
	long slab_room = checks_itself() ? 48 << 10 : 2048;

	check(was.mms > 0 && is.mms <= was.mms + 2, "fire: %ld address spaces in the kernel before, %ld after", was.mms, is.mms);
	check(is.slab - was.slab < slab_room, "fire: slabs %ld KiB, were %ld", is.slab, was.slab);
	check(is.vmalloc - was.vmalloc < 512, "fire: vmalloc %ld KiB, was %ld", is.vmalloc, was.vmalloc);
	check(is.percpu - was.percpu < 512, "fire: per-CPU memory %ld KiB, was %ld", is.percpu, was.percpu);
}

static void stop_all(void)
{
	end(&collector);
	for (int i = 0; i < SIPPERS; i++)
		end(&sippers[i]);
	for (int i = 0; i < BURNERS; i++)
		end(&burners[i]);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void start_all(void)
{
	if (load(""))
		die("load");
	for (int i = 0; i < BURNERS; i++)
		burners[i] = start_seeded("burn");
	for (int i = 0; i < SIPPERS; i++)
		sippers[i] = start_seeded("sip");
	aim();
}

static unsigned wanted(const struct action *a, unsigned each)
{
	return (each + a->share - 1) / a->share;
}

static bool enough(unsigned each)
{
	for (size_t i = 0; i < ACTIONS; i++)
		if (actions[i].done < wanted(&actions[i], each))
			return false;
	return true;
}

static long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000l + now.tv_nsec / 1000;
}

static void progress(void)
{
	static long began;

	if (!began)
		began = now_us();
	printf("# %lds:", (now_us() - began) / 1000000);
	for (size_t i = 0; i < ACTIONS; i++)
		printf(" %s %u (%ld ms)", actions[i].name, actions[i].done, actions[i].us / 1000 / (actions[i].done ? actions[i].done : 1));
	putchar('\n');
}

static void burn_down(unsigned each)
{
	for (unsigned n = 0; !enough(each); n++) {
		if (n % (each * 2) == 0)
			progress();
		struct action *a = &actions[dice(ACTIONS)];
		long began = now_us();

		/* The slow ones not oftener than asked for. */
		if (a->done >= wanted(a, each) && a->act != toggle && a->act != target)
			continue;
		a->act();
		a->us += now_us() - began;
		a->done++;
		usleep(dice(5) ? dice(5000) : dice(60000));
	}
	progress();
}

static void check_fuzz(unsigned rounds)
{
	char count[16];
	int status;

	snprintf(count, sizeof(count), "%u", rounds);
	aim();
	waitpid(start("fuzz", "1", count), &status, 0);
	check(!status, "%u rounds of hostile writes and reads on the control files while processes storm", rounds);
	check_bad("each was answered as documented");
	control("classes", "fault op vma task mark");
	control("follow", "1");
	control("overwrite", "0");
}

void fire(unsigned each, unsigned rounds)
{
	struct state before;

	/* Whoever steers must get a turn. */
	setpriority(PRIO_PROCESS, 0, -15);
	start_all();
	usleep(1000000);
	stop_all();
	remove_module();
	before = measure();
	start_all();
	burn_down(each);
	for (size_t i = 0; i < ACTIONS; i++)
		check(actions[i].done >= wanted(&actions[i], each), "fire: %s %u times", actions[i].name, actions[i].done);
	check_bad("fire: each record read was whole, in order and without an address of the kernel");
	end(&collector);
	check_fuzz(rounds);
	stop_all();
	control("print", "pid=1 tree=1"); /* at least once, for the log is searched for addresses */
	control("enable", "0");
	control("target", "none");
	check(number_in("/sys/module/vmatlas/refcnt", "") == 0, "fire: nothing holds the module");
	check(remove_module(), "fire: unloaded");
	check(number_in("/sys/kernel/debug/kprobes/list", "") < 0, "fire: no probe is left");
	check_state(before);
	check_bad("fire: rmmod and insmod did what they should");
	printf("# %u times a control file held the module for a moment\n", count_busy);
	if (!load("")) {
		test_private();
		run("maps", "7");
		check(!unload(), "unloaded");
	}
}
