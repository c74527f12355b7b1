#include "fire.h"
#include "modtest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- tests ------------------------------------------------------------------------------------------------------------- */

static void test_maps(const char *seed)
{
	char what[48];

	snprintf(what, sizeof(what), "random changes, seed %s", seed);
	record_begin();
	check(watch("maps", seed) == 0, "%s: ran", what);
	record_end();
	check_streams(what, true);
	compare_maps(what);
	check(count(VMATLAS_OP, 0) > 300, "%s: %zu operations", what, count(VMATLAS_OP, 0));
	check(count(VMATLAS_MM_END, 0) == 1, "%s: one end of the map", what);
}

static void test_exec(void)
{
	size_t at = 0;
	const struct vmatlas_record *r;

	record_begin();
	check(WEXITSTATUS(watch("nothing", "0")) == 3, "exec: ran");
	record_end();
	r = find(&at, VMATLAS_EXEC);
	check(r && r->head.flags & VMATLAS_F_TARGET && r->head.mm && !strcmp(text_of(r->exec.path_text), "/proc/self/exe"),
	      "exec: EXEC names target and path");
	r = find(&at, VMATLAS_TASK);
	check(r && text_of(r->task.exe_text)[0] == '/', "exec: TASK names the program");
	at = 0;
	r = find(&at, VMATLAS_MM_LAYOUT);
	check(r && r->layout.start_code && r->layout.pgd && r->layout.start_stack, "exec: MM_LAYOUT");
	at = 0;
	r = find(&at, VMATLAS_EXIT);
	check(r && r->head.flags & VMATLAS_F_GROUP && r->head.aux == 3 << 8 && r->exit.min_flt, "exec: EXIT of the process with status and faults");
	check(count(VMATLAS_PAGES, 0) > 0, "exec: PAGES of what is there");
	compare_maps("exec");
}

static void test_pages(const char *number)
{
	unsigned long begin, touched, addr, pfn;
	size_t zero = 0, other = 0, tables = 0, wrong = 0, frames = 0;
	size_t from, to;
	int want;

	record_begin();
	check(watch("pages", number) == 0, "pages: ran");
	record_end();
	check_streams("pages", true);
	from = find_mark(0, "pages ");
	to = find_mark(from, "touched");
	sscanf(text_of(all.rec[from].mark.text), "pages %lx %d", &begin, &want);
	touched = begin + want * 4096ul;
	for (size_t i = from; i < to; i++) {
		const struct vmatlas_record *r = &all.rec[i];

		if (r->head.type != VMATLAS_FAULT || r->fault.addr < begin || r->fault.addr >= touched)
			continue;
		bool fresh = !(r->fault.before & 1) && r->fault.entry[4] & 1 && r->head.flags & VMATLAS_F_ANON;

		*(fresh ? &zero : &other) += 1;
		tables += r->fault.depth_after > r->fault.depth_before;
		wrong += !(r->fault.vma_start <= r->fault.addr && r->fault.addr < r->fault.vma_end) || !(r->head.flags & VMATLAS_F_WRITE) ||
			 r->fault.error != 6 || r->fault.depth_after != (stat_of("levels", 0) == 5 ? 5 : 4);
	}
	check(zero == (size_t)want && !other, "pages: %zu demand-zero faults for %d pages, %zu others", zero, want, other);
	check(!wrong, "pages: VMA, error code and depth right in all (%zu wrong)", wrong);
	/* One per 2 MiB begun, but for the first one, whose table may have been there. */
	check(tables >= (size_t)want / 512 && tables <= (size_t)want / 512 + 2, "pages: %zu faults allocated tables", tables);
	for (size_t at = find_mark(to, "frame "); at < all.n; at = find_mark(at + 1, "frame ")) {
		sscanf(text_of(all.rec[at].mark.text), "frame %lx %lx", &addr, &pfn);
		for (size_t i = from; i < to; i++)
			if (all.rec[i].head.type == VMATLAS_FAULT && all.rec[i].fault.addr / 4096 == addr / 4096)
				frames += pfn && (all.rec[i].fault.entry[4] & 0xffffffffff000) >> 12 == pfn;
		wrong++;
	}
	check(frames && frames == wrong, "pages: %zu of %zu frames equal /proc/self/pagemap", frames, wrong);
}

static void test_fork(void)
{
	unsigned long addr = 0, parent = 0, child = 0;
	const struct vmatlas_record *fork_rec, *cow = NULL, *r;
	size_t at = 0, from, to;

	record_begin();
	check(watch("fork", "0") == 0, "fork: ran");
	record_end();
	check_streams("fork", true);
	fork_rec = find(&at, VMATLAS_FORK);
	check(fork_rec && fork_rec->fork.child_mm && fork_rec->fork.child_mm != fork_rec->head.mm && fork_rec->fork.clone_flags & SIGCHLD,
	      "fork: FORK with a new map");
	from = find_mark(0, "parent ");
	to = find_mark(from, "child ");
	sscanf(text_of(all.rec[from].mark.text), "parent %lx %lx", &addr, &parent);
	sscanf(text_of(all.rec[to].mark.text), "child %lx %lx", &addr, &child);
	for (size_t i = from; fork_rec && i < to; i++)
		if (all.rec[i].head.type == VMATLAS_FAULT && all.rec[i].head.mm == fork_rec->fork.child_mm && all.rec[i].fault.addr / 4096 == addr / 4096)
			cow = &all.rec[i];
	check(cow && (cow->fault.before & 0xffffffffff000) >> 12 == parent && (cow->fault.entry[4] & 0xffffffffff000) >> 12 == child &&
		      parent != child && parent && child,
	      "fork: copy on write from frame %lx to %lx", parent, child);
	at = 0;
	do
		r = find(&at, VMATLAS_EXIT);
	while (r && fork_rec && r->head.tgid != fork_rec->fork.child_tgid);
	check(r && r->head.aux == 7 << 8 && r->head.flags & VMATLAS_F_GROUP, "fork: EXIT of the child");
	check(count(VMATLAS_MM_END, 0) == 2, "fork: two maps ended");
	compare_maps("fork");
}

static const struct bad {
	int signal, code;
	__u64 addr;
	const char *what;
} bads[] = {
	{ SIGSEGV, 1, 0x123456789000, "unmapped" },
	{ SIGSEGV, 2, 0, "protection" },
	{ SIGBUS, 2, 0, "beyond the end of the file" },
	{ SIGSEGV, 1, 0xffffffff81000000, "kernel address" },
	{ SIGSEGV, 0x80, 0, "non-canonical" },
	{ 0, 0, 0x123456789000, "by the kernel" },
};

static void test_bad(int kind)
{
	const struct bad *want = &bads[kind];
	const struct vmatlas_record *bad = NULL;
	char arg[8];
	int n = 0, status;

	snprintf(arg, sizeof(arg), "%d", kind);
	record_begin();
	status = watch("bad", arg);
	record_end();
	check(WIFSIGNALED(status) ? WTERMSIG(status) == want->signal : !want->signal, "bad, %s: the signal is as ever", want->what);
	for (size_t i = 0; i < all.n; i++)
		if (all.rec[i].head.type == VMATLAS_FAULT && all.rec[i].head.flags & VMATLAS_F_BAD) {
			bad = &all.rec[i];
			n++;
		}
	check(n == 1 && bad->fault.signal == want->signal && bad->fault.si_code == want->code && (!want->addr || bad->fault.addr == want->addr),
	      "bad, %s: told once (%d), signal %d code %d address %llx depth %d", want->what, n, n ? bad->fault.signal : 0,
	      n ? bad->fault.si_code : 0, n ? bad->fault.addr : 0, n ? bad->fault.depth_after : 0);
	check(!kind || kind > 2 || (n && bad->fault.vma_start < bad->fault.vma_end), "bad, %s: VMA", want->what);
}

static void test_threads(void)
{
	__u32 mm = 0;
	size_t forks = 0, same = 0, groups = 0, exits = 0;

	record_begin();
	check(watch("threads", "6") == 0, "threads: ran");
	record_end();
	check_streams("threads", true);
	for (size_t i = 0; i < all.n; i++) {
		const struct vmatlas_record *r = &all.rec[i];

		if (r->head.type == VMATLAS_EXEC)
			mm = r->head.mm;
		if (r->head.type == VMATLAS_FORK) {
			forks++;
			same += r->fork.child_mm == mm && r->fork.child_tgid == r->head.tgid;
		}
		if (r->head.type == VMATLAS_EXIT) {
			exits++;
			groups += !!(r->head.flags & VMATLAS_F_GROUP);
		}
	}
	check(forks == 6 && same == 6, "threads: six share the map");
	check(exits == 7 && groups == 1 && all.rec[all.n - 1].head.type == VMATLAS_EXIT, "threads: seven exits, the last ends the process");
	compare_maps("threads");
}

static void test_gup(void)
{
	size_t from, to, gup = 0, task = 0;

	record_begin();
	check(watch("gup", "0") == 0, "gup: ran");
	record_end();
	from = find_mark(0, "populate");
	to = find_mark(from, "populated");
	for (size_t i = from; i < to; i++)
		gup += all.rec[i].head.type == VMATLAS_FAULT && all.rec[i].head.flags & VMATLAS_F_GUP;
	check(gup == 31, "gup: %zu faults of MAP_POPULATE", gup);
	for (size_t i = to; i < all.n; i++)
		task += all.rec[i].head.type == VMATLAS_TASK && !strcmp(all.rec[i].task.comm, "renamed");
	check(task == 1, "gup: the new name is told");
}

static void test_vfork(void)
{
	size_t at = 0;
	const struct vmatlas_record *f, *e;

	record_begin();
	check(watch("vfork", "0") == 0, "vfork: ran");
	record_end();
	f = find(&at, VMATLAS_FORK);
	check(f && f->fork.child_mm == f->head.mm && f->fork.child_tgid != f->head.tgid, "vfork: the child shares the map");
	e = find(&at, VMATLAS_EXEC);
	check(e && f && e->head.tgid == f->fork.child_tgid && e->exec.old_mm == f->head.mm && !(e->head.flags & VMATLAS_F_TARGET),
	      "vfork: its exec brings a new one");
	compare_maps("vfork");
}

static void on_signal(int sig)
{
}

static void test_attach(void)
{
	int pipes[2], marker = control_open("marker", O_WRONLY), n = 0;
	char number[16], target[32], own[16];
	size_t snapshots = 0;
	sigset_t set;
	pid_t pid;

	signal(SIGUSR1, on_signal);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	record_begin();
	if (pipe(pipes))
		die("pipe");
	pid = fork();
	if (!pid) {
		close(pipes[1]);
		snprintf(number, sizeof(number), "%d", dup(marker));
		setenv(VMATLAS_MARKER_ENV, number, 1);
		snprintf(own, sizeof(own), "%d", dup(pipes[0]));
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		execl("/proc/self/exe", "modtest", "work", "wait", own, NULL);
		_exit(97);
	}
	close(marker);
	close(pipes[0]);
	/* Once unwatched, so that it is up and running. */
	if (write(pipes[1], "x", 1) != 1)
		die("pipe");
	sigwait(&set, &n);
	snprintf(target, sizeof(target), "pid %d", pid);
	check(!control("target", target), "attach: a running process");
	drain();
	merge();
	for (size_t i = 0; i < all.n; i++)
		snapshots += all.rec[i].head.type == VMATLAS_RANGE && all.rec[i].head.flags & VMATLAS_F_SNAPSHOT;
	check(snapshots && count(VMATLAS_TASK, 0) == 1 && count(VMATLAS_PAGES, 0) > 3, "attach: map, task and pages told before the write returns");
	if (write(pipes[1], "x", 1) != 1)
		die("pipe");
	sigwait(&set, &n);
	close(pipes[1]);
	waitpid(pid, NULL, 0);
	record_end();
	check_streams("attach", true);
	compare_maps("attach");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* Between the marks: munmap() counts once more, and what it says is what stays. */
static void test_edges(const char *classes)
{
	size_t from, to, n = 0, layouts = 0, marked = 0;
	const struct vmatlas_mm_counts *counts[2] = {};
	unsigned long stack = 0, addr = 0;
	char what[48];
	int merge = 0;

	snprintf(what, sizeof(what), "edges, classes %s", classes);
	record_begin();
	control("classes", classes);
	check(watch("edges", "0") == 0, "%s: ran", what);
	record_end();
	check_streams(what, true);
	compare_maps(what);
	from = find_mark(0, "mapped");
	to = find_mark(from, "unmapped");
	for (size_t i = from; i < to; i++)
		if (all.rec[i].head.type == VMATLAS_MM_COUNTS && n++ < 2)
			counts[n - 1] = &all.rec[i].counts;
	check(n == 2 && counts[0]->total_vm == counts[1]->total_vm, "%s: munmap tells what is left (%zu)", what, n);
	from = find_mark(to, "stack ");
	sscanf(from < all.n ? text_of(all.rec[from].mark.text) : "", "stack %lx", &stack);
	for (size_t i = to; i < from; i++)
		layouts += all.rec[i].head.type == VMATLAS_MM_LAYOUT && stack && all.rec[i].layout.start_stack == stack;
	check(layouts == 1, "%s: PR_SET_MM is told", what);
	to = find_mark(from, "merge ");
	sscanf(to < all.n ? text_of(all.rec[to].mark.text) : "", "merge %d %lx", &merge, &addr);
	for (size_t i = from; i < to; i++)
		marked += all.rec[i].head.type == VMATLAS_VMA && all.rec[i].vma.start <= addr && addr < all.rec[i].vma.end &&
			  all.rec[i].vma.vm_flags & 1ul << 31;
	/* Before 6.4 there is no such call; `rules` tells 6.1 from 6.12. */
	check(stat_of("rules", 0) & 1 ? merge == -1 : !merge && marked == 1, "%s: PR_SET_MEMORY_MERGE (%d) is told (%zu)", what, merge, marked);
}

/* The map changes while nobody tells. */
static void test_classes(void)
{
	int pipes[2], n, status;
	char target[32], own[16];
	__u32 mm = 0;
	size_t ranges;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	record_begin();
	if (pipe(pipes))
		die("pipe");
	pid = fork();
	if (!pid) {
		close(pipes[1]);
		snprintf(own, sizeof(own), "%d", pipes[0]);
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		execl("/proc/self/exe", "modtest", "work", "change", own, NULL);
		_exit(97);
	}
	close(pipes[0]);
	sigwait(&set, &n);
	snprintf(target, sizeof(target), "pid %d", pid);
	check(!control("target", target) && !control("classes", "-vma"), "classes: attached");
	drain();
	merge();
	for (size_t i = 0; i < all.n; i++)
		mm = all.rec[i].head.type == VMATLAS_TASK ? all.rec[i].head.mm : mm;
	ranges = count(VMATLAS_RANGE, 0);
	if (write(pipes[1], "x", 1) != 1)
		die("pipe");
	sigwait(&set, &n);
	drain();
	merge();
	check(ranges && count(VMATLAS_RANGE, 0) == ranges, "classes: without vma nothing is told");
	check(!control("classes", "+vma") && stat_of("torn", 0) == 1, "classes: with it, the map is due");
	check_healed(pid, mm, "classes");
	close(pipes[1]);
	waitpid(pid, &status, 0);
	record_end();
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* Processes attached while they end: none stays behind in the list. Who was too late gives the next one longer to live, so that it stays a close race. */
static void test_attach_dying(int times)
{
	char target[32], watched[64];
	int left = 0, attached = 0, status;
	useconds_t life = 2000;

	record_begin();
	for (int i = 0; i < times; i++) {
		bool in_time;
		pid_t pid = fork();

		if (!pid) {
			usleep(life);
			_exit(0);
		}
		snprintf(target, sizeof(target), "pid %d", pid);
		in_time = !control("target", target);
		attached += in_time;
		life = in_time ? life * 4 / 5 : life * 5 / 4 + 10;
		waitpid(pid, &status, 0);
		slurp(VMATLAS_CONTROL_DIR "/target", watched, sizeof(watched));
		left += !!watched[0];
		drain();
	}
	record_end();
	check(!left && attached && attached < times, "attach: of %d ending processes (%d were in time) %d stay watched", times, attached, left);
}

static void test_garbage(void)
{
	static const struct {
		const char *file, *text;
		int err;
	} cases[] = {
		{ "target", "pid", -EINVAL },	    { "target", "pid x", -EINVAL },   { "target", "pid 999999", -ESRCH },
		{ "target", "pid -1", -EINVAL },    { "target", "", -EINVAL },    { "target", "execute", -EINVAL },
		{ "target", "pid 2", -ESRCH },	    { "enable", "2", -EINVAL },	      { "enable", "yes", -EINVAL },
		{ "follow", "x", -EINVAL },	    { "classes", "x", -EINVAL },      { "classes", "+fault op", -EINVAL },
		{ "classes", "fault op", 0 },	    { "classes", "+mark -op", 0 },    { "snapshot", "x", -EINVAL },
		{ "snapshot", "pid 999999", -ESRCH }, { "snapshot", "torn", 0 },      { "marker", "\n", -EINVAL },
		{ "enable", "1\n", 0 },		    { "classes", "fault op vma task mark\n", 0 },
		{ "around", "4095", -EINVAL },	    { "around", "99999999999999999999999", -EINVAL },
		{ "print", "pid=99999999999999999999999", -EINVAL },
	};
	char big[5000];
	int bad = 0;

	record_begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int err = control(cases[i].file, cases[i].text);

		if (err != cases[i].err) {
			printf("# %s \"%s\": %d, not %d\n", cases[i].file, cases[i].text, err, cases[i].err);
			bad++;
		}
	}
	check(!bad, "control files refuse garbage");
	memset(big, 'm', sizeof(big));
	big[4097] = 0;
	check(control("marker", big) == -EMSGSIZE, "a mark too long is refused");
	big[4096] = 0;
	check(!control("marker", big), "the longest mark is taken");
	record_end();
	check(find_mark(0, "mmmm") < all.n && strlen(text_of(all.rec[find_mark(0, "mmmm")].mark.text)) == 4096, "and comes back whole");
	control("enable", "0");
	check(control("marker", "x") == -ENODEV, "no mark while nothing is recorded");
}

static void run_all(const char *seed)
{
	bool slow = checks_itself(), full = getenv("full");
	const char *levels = getenv("levels");

	check(levels && (int)stat_of("levels", 0) == atoi(levels), "%s levels of page tables", levels);
	test_exec();
	for (int i = 0; i < (slow ? 1 : 3); i++) {
		char text[16];

		snprintf(text, sizeof(text), "%d", atoi(seed) + i);
		test_maps(text);
	}
	test_pages(slow ? "599" : "1499");
	test_fork();
	test_threads();
	test_gup();
	test_vfork();
	test_attach();
	test_attach_dying(slow ? 40 : full ? 150 : 80);
	test_edges("fault op vma task mark");
	test_edges("fault vma task mark");
	test_uffd();
	test_waiting();
	test_stacked();
	test_classes();
	test_none(slow ? 5 : full ? 25 : 10);
	test_stop();
	test_switched_off();
	test_collapse(full ? "100" : "60");
	for (int i = 0; i < (int)(sizeof(bads) / sizeof(*bads)); i++)
		test_bad(i);
	test_garbage();
}

/* A little of each: where only the surroundings differ. */
static void run_short(const char *seed)
{
	test_exec();
	test_maps(seed);
	test_attach();
	test_pages("99");
}

int main(int argc, char **argv)
{
	if (getpid() == 1)
		return init();
	if (argc > 3 && !strcmp(argv[1], "work"))
		return work(argc - 2, argv + 2);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 2 && !strcmp(argv[1], "all"))
		run_all(argv[2]);
	else if (argc > 2 && !strcmp(argv[1], "names"))
		test_names(atoi(argv[2]));
	else if (argc > 2 && !strcmp(argv[1], "short"))
		run_short(argv[2]);
	else if (argc > 1 && !strcmp(argv[1], "loss")) {
		test_loss();
		test_kept();
	} else if (argc > 1 && !strcmp(argv[1], "hotplug")) {
		test_hotplug();
	} else if (argc > 1 && !strcmp(argv[1], "bench")) {
		record_begin();
		watch("bench", "8000");
		record_end();
	}
	else if (argc > 2 && !strcmp(argv[1], "stop")) {
		test_none(atoi(argv[2]));
		test_stop();
		test_switched_off();
	} else if (argc > 1 && !strcmp(argv[1], "drain"))
		for (;;)
			drain();
	else if (argc > 2 && !strcmp(argv[1], "collapse"))
		test_collapse(argv[2]);
	else if (argc > 2 && !strcmp(argv[1], "maps"))
		test_maps(argv[2]);
	else if (argc > 2 && !strcmp(argv[1], "uffd"))
		test_uffd();
	else if (argc > 2 && !strcmp(argv[1], "waiting"))
		test_waiting();
	else if (argc > 2 && !strcmp(argv[1], "stacked"))
		test_stacked();
	else if (argc > 2) {
		dice_state = atoi(argv[2]);
		return !strcmp(argv[1], "burn") ? burn() : !strcmp(argv[1], "sip") ? sip() : fuzz(argc > 3 ? atoi(argv[3]) : 100);
	} else
		return 2;
	return failures != 0;
}
