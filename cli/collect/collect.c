#include "collect.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "around.h"
#include "commands.h"
#include "common/control.h"
#include "flight.h"
#include "lost_hooks.h"

/* ms between rounds: short enough for a live view, longer while nothing happens. */
#define BUSY_MS 10
#define IDLE_MS 50
#define LOOK_NS 200000000ull /* how often stats is asked for losses */
#define OBJECTS_A_ROUND 8
#define HEAL_ROUNDS 50

static int complain(const char *what, int err)
{
	fprintf(stderr, "vmatlas-collect: %s: %s\n", what, strerror(-err));
	return err == -EACCES || err == -EPERM ? VA_EXIT_PERMISSION : VA_EXIT_MODULE;
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_DFL); /* an ignored one would never come */
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/*
 * A relay file has one read position for all: two collectors would each get half. The lock is on the directory: an open file of the module
 * would keep it from being unloaded.
 */
static int lock_module(struct va_collect *c)
{
	c->lock = va_module_open("", O_RDONLY | O_DIRECTORY);
	if (c->lock < 0)
		return complain(c->lock == -ENOENT ? "the vmatlas module is not loaded" : "the module's control files", c->lock);
	if (!flock(c->lock, LOCK_EX | LOCK_NB))
		return 0;
	fputs("vmatlas-collect: another recording runs on this machine; one at a time\n", stderr);
	return VA_EXIT_MODULE;
}

static int check_module(struct va_collect *c)
{
	int err = va_module_stats(&c->stats);

	if (err)
		return complain("the module's stats", err);
	if (c->stats.wire == VMATLAS_WIRE_VERSION && c->stats.cpus && (c->stats.levels == 4 || c->stats.levels == 5))
		return 0;
	fprintf(stderr, "vmatlas-collect: the loaded module speaks version %u of the records, this program version %d: build both anew\n",
		c->stats.wire, VMATLAS_WIRE_VERSION);
	return VA_EXIT_MODULE;
}

static int open_drain(struct va_collect *c)
{
	int err;

	/* What an earlier recording left behind must not show up in this one. */
	va_module_write("enable", "0");
	va_module_write("target", "none");
	c->drain = va_drain_open(c->stats.cpus, 64u << 20, &err);
	if (!c->drain)
		return complain("the module's per-CPU files", err);
	va_drain_discard(c->drain);
	err = va_module_stats(&c->stats);
	if (!err)
		err = va_flight_start(c);
	return err ? complain("the module's counts, or its file overwrite", err) : 0;
}

/* The module says what it cannot do without. */
static int refused(struct va_collect *c, int err)
{
	char why[256];

	if (va_module_stats(&c->stats) || !va_lost_hooks_vital((char *)c->stats.hooks.data, why, sizeof(why))) {
		if (err != -ENODEV)
			return complain("the module cannot begin to record", err);
		snprintf(why, sizeof(why), "its probes are switched off (sysctl kernel.ftrace_enabled and /sys/kernel/debug/kprobes/enabled must both be 1)");
	}
	fprintf(stderr, "vmatlas-collect: the module cannot record on this kernel: %s\n", why);
	return VA_EXIT_MODULE;
}

static int enable(struct va_collect *c)
{
	int err = c->o->job && *c->o->job->classes ? va_module_write("classes", c->o->job->classes) : 0;

	va_around_look(&c->around);
	if (err)
		return complain("event classes", err);
	err = va_module_write("enable", "1");
	return err ? refused(c, err) : 0;
}

static int start_command(struct va_collect *c)
{
	c->prover = va_prover_new(&c->o->job->prove);
	if (c->prover)
		va_child_precede();
	return va_child_start(&c->child, c->o->job, va_prover_freeze(c->prover)) ? VA_EXIT_FAILURE : 0;
}

static int start_attach(struct va_collect *c)
{
	char text[16 * VA_COLLECT_PIDS] = "pid";
	int err = 0;
	unsigned i;

	for (i = 0; i < c->o->pids && !err; i++) {
		c->watched[i] = syscall(SYS_pidfd_open, c->o->pid[i], 0);
		err = c->watched[i] < 0 ? -errno : 0;
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " %d", c->o->pid[i]);
	}
	if (!err)
		err = va_module_write("target", text);
	if (!err)
		return 0;
	if (err == -ESRCH || err == -EINVAL) {
		fprintf(stderr, "vmatlas-collect: there is no process %d\n", c->o->pid[i - 1]);
		return VA_EXIT_NO_PROCESS;
	}
	return complain("cannot watch the process", err);
}

/* The first of the attached that still runs; -1 = none. */
static int watched(const struct va_collect *c)
{
	return c->gone < c->o->pids ? c->watched[c->gone] : -1;
}

void va_collect_round(struct va_collect *c)
{
	long most = c->flight ? va_flight_round(c) : va_drain_round(c->drain, c->writer, va_mapped_see, c->mapped);

	if (most >= 0)
		c->error = va_mapped_tell(c->mapped, c->writer, OBJECTS_A_ROUND);
	else
		c->error = most;
	if (most > 0)
		c->patience = most > (256 << 10) ? 1 : BUSY_MS;
	else
		c->patience = c->patience * 2 < IDLE_MS ? c->patience * 2 : IDLE_MS;
}

/* Maps whose truth was lost are told anew, and room is made while that goes on. */
static void heal(struct va_collect *c)
{
	for (int i = 0; i < HEAL_ROUNDS && !c->error; i++) {
		int err = va_module_write("snapshot", "torn");

		va_collect_round(c);
		if (err != -EAGAIN)
			return;
	}
}

static void look_for_losses(struct va_collect *c)
{
	uint64_t lost, now = va_clock();

	if (now < c->next_look || va_drain_dead(c->drain))
		return;
	va_around_look(&c->around);
	if (va_module_stats(&c->stats))
		return;
	c->next_look = now + LOOK_NS;
	if (c->stats.torn)
		heal(c);
	if (c->flight) {
		va_flight_look(c);
		return;
	}
	lost = va_facts_lost(&c->stats, VMATLAS_CHANNELS);
	if (lost != c->told_lost && !c->error)
		c->error = va_facts_totals(c);
	c->told_lost = lost;
}

static void reap(struct va_collect *c)
{
	int status;

	if (c->child.pid > 0 && waitpid(c->child.pid, &status, WNOHANG) == c->child.pid) {
		c->child.pid = 0;
		c->status = status;
		c->ended = true;
	}
}

/* With a group of its own the command hears of Ctrl-C only through us; else the terminal has told it. */
static void pass_on(struct va_collect *c, int number)
{
	if (!c->o->job) {
		c->stopped = true;
		return;
	}
	if (c->o->job->flags & VA_JOB_OWN_GROUP && c->child.pid > 0)
		kill(-c->child.pid, number);
}

static void dump(struct va_collect *c)
{
	if (c->flight && !va_drain_dead(c->drain))
		va_flight_dump(c, "asked for");
}

static void take_signal(struct va_collect *c)
{
	struct signalfd_siginfo info;

	while (read(c->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(c);
		else if (info.ssi_signo == SIGUSR1)
			dump(c);
		else if (info.ssi_signo == SIGINT || info.ssi_signo == SIGQUIT)
			pass_on(c, info.ssi_signo);
		else
			c->stopped = true;
	}
}

static void take_line(struct va_collect *c, const char *line)
{
	if (!strncmp(line, "mark ", 5))
		va_module_write("marker", line + 5);
	else if (!strcmp(line, "dump"))
		dump(c);
	else if (!strcmp(line, "stop"))
		c->stopped = true;
}

static void take_commands(struct va_collect *c)
{
	char buf[4096], *end;
	ssize_t got = read(c->o->commands, buf, sizeof(buf));

	if (got <= 0) {
		c->stopped = c->stopped || got == 0;
		return;
	}
	va_bytes_add(&c->line, buf, got);
	while ((end = memchr(c->line.data, '\n', c->line.n))) {
		*end = 0;
		take_line(c, (char *)c->line.data);
		va_bytes_drop(&c->line, end + 1 - (char *)c->line.data);
	}
	if (c->line.n > VMATLAS_TEXT_MAX)
		c->line.n = 0;
}

static void wait_a_little(struct va_collect *c)
{
	struct pollfd fds[4] = {
		{ c->signals, POLLIN, 0 }, { watched(c), POLLIN, 0 }, { c->o->out, 0, 0 }, { c->o->commands, POLLIN, 0 },
	};

	if (poll(fds, 4, va_prover_wait(c->prover, c->patience)) <= 0)
		return;
	if (fds[3].revents)
		take_commands(c);
	if (fds[0].revents)
		take_signal(c);
	if (fds[1].revents)
		c->ended = ++c->gone == c->o->pids;
	if (fds[2].revents & (POLLERR | POLLHUP))
		c->error = -EPIPE;
}

static void loop(struct va_collect *c)
{
	c->patience = BUSY_MS;
	while (!c->ended && !c->stopped && !c->error) {
		va_collect_round(c);
		look_for_losses(c);
		va_prover_turn(c->prover, c);
		if (!c->error)
			wait_a_little(c);
	}
}

static void end_command(struct va_collect *c)
{
	if (c->child.pid <= 0)
		return;
	kill(c->o->job->flags & VA_JOB_OWN_GROUP ? -c->child.pid : c->child.pid, SIGTERM);
	if (c->o->job->flags & VA_JOB_OWN_GROUP)
		kill(-c->child.pid, SIGCONT);
}

static struct vmatlas_end describe_end(const struct va_collect *c)
{
	struct vmatlas_end end = { .ts = va_clock() };

	if (!c->ended)
		end.reason = VMATLAS_END_STOPPED;
	else if (c->o->job)
		end.reason = VMATLAS_END_COMMAND;
	else
		end.reason = VMATLAS_END_VANISHED;
	end.status = c->ended ? c->status : 0;
	return end;
}

/* Stop, then read all that is left, then the counts, which are exact now. */
static void finish_module(struct va_collect *c)
{
	va_module_stats(&c->stats);
	if (c->stats.torn && !c->error)
		heal(c);
	va_module_write("enable", "0");
	va_module_write("target", "none");
	if (c->flight) {
		va_module_write("overwrite", "0");
		va_flight_dump(c, "the end");
	} else {
		while (!c->error && (va_collect_round(c), c->patience < BUSY_MS))
			;
		if (!c->error)
			va_collect_round(c);
		if (!c->error && !va_module_stats(&c->stats))
			c->error = va_facts_totals(c);
	}
	if (!c->error)
		c->error = va_facts_hooks(c);
}

static void finish_unloaded(struct va_collect *c)
{
	fputs("vmatlas-collect: the module was unloaded; the recording ends there\n", stderr);
	if (c->flight)
		va_flight_dump(c, "the module was unloaded");
}

static void finish(struct va_collect *c)
{
	struct vmatlas_end end;

	/* A module under the same name may be another one by now: hands off. */
	if (va_drain_dead(c->drain))
		finish_unloaded(c);
	else
		finish_module(c);
	if (!c->error)
		c->error = va_mapped_tell(c->mapped, c->writer, 1024);
	end = describe_end(c);
	if (!c->error)
		c->error = va_writer_end(c->writer, &end);
}

static void say_lost(const struct va_collect *c)
{
	uint64_t truth = va_facts_lost(&c->stats, VMATLAS_CHANNEL_TRUTH), faults = va_facts_lost(&c->stats, VMATLAS_CHANNEL_FAULTS);

	if (c->flight)
		fprintf(stderr, "vmatlas: flight recorder: %llu older records (%llu of faults) were not kept\n", (unsigned long long)(truth + faults),
			(unsigned long long)faults);
	else if (truth || faults)
		fprintf(stderr,
			"vmatlas: %llu records were lost (%llu of faults): reading fell behind; larger buffers help (--module-param "
			"fault_subbuf_count=…)\n",
			(unsigned long long)(truth + faults), (unsigned long long)faults);
	if (c->error && c->error != -EPIPE)
		fprintf(stderr, "vmatlas-collect: writing the stream: %s\n", strerror(-c->error));
}

static unsigned code_of(struct va_collect *c)
{
	if (c->ended && c->o->job)
		return va_child_code(c->status);
	if (!c->o->job || c->stopped)
		return c->o->job ? 128 + SIGTERM : VA_EXIT_OK;
	return VA_EXIT_FAILURE;
}

static void tell_report(struct va_collect *c, unsigned code)
{
	struct va_report report = { .code = code, .stream = va_writer_bytes(c->writer) };

	if (c->o->report >= 0)
		va_write_whole(c->o->report, &report, sizeof(report));
}

/*
 * Reading must keep up with the command: after the fork, so that the command is not favoured too. With moments to compare, ahead of all that is not real-time: a
 * program of many threads would leave us so few turns that there are hardly any.
 */
static void come_first(const struct va_collect *c)
{
	setpriority(PRIO_PROCESS, 0, -10);
	if (c->prover)
		va_prover_come_first(true);
}

static int start(struct va_collect *c)
{
	int code = lock_module(c);

	if (!code)
		code = check_module(c);
	if (!code)
		code = open_drain(c);
	if (!code)
		code = enable(c);
	/* After enable, which takes its time: seconds count from here, and so do the numbers. */
	if (!code && (va_facts_header(c) || va_facts_totals(c)))
		code = VA_EXIT_FAILURE;
	if (!code)
		code = c->o->job ? start_command(c) : start_attach(c);
	come_first(c);
	return code;
}

static int record(struct va_collect *c)
{
	unsigned code;

	loop(c);
	end_command(c);
	finish(c);
	say_lost(c);
	code = code_of(c);
	tell_report(c, code);
	return code;
}

int va_collect_run(const struct va_collect_options *o)
{
	struct va_collect c = { .o = o, .lock = -1 };
	int code;

	va_child_outlive();
	c.signals = open_signals();
	c.writer = va_writer_new(o->out, false);
	c.mapped = va_mapped_new();
	code = start(&c);
	if (!code)
		code = record(&c);
	else if (c.drain)
		va_module_write("enable", "0");
	if (c.drain)
		va_drain_close(c.drain);
	va_prover_free(c.prover);
	va_module_stats_free(&c.stats);
	va_bytes_free(&c.line);
	va_mapped_free(c.mapped);
	va_flight_free(c.flight);
	va_writer_free(c.writer);
	if (c.lock >= 0)
		close(c.lock);
	return code;
}
