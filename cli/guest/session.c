#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "common/pump.h"

#define INTERRUPT_TWICE_MS 2000

struct session {
	struct va_guest *g;
	struct va_pump in, out, err;
	struct va_bytes control; /* what came and is no whole frame yet */
	int master, slave;       /* of the pty; -1 = none */
	int side[3];             /* what the collector gets as 0, 1, 2 */
	int report, commands, signals;
	pid_t collector;
	bool ended;
	int status;              /* of the collector, wait(2) */
	uint64_t interrupted;    /* when Ctrl-C was last typed on our pty, ms; 0 = never */
	pid_t interrupted_group;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ull + t.tv_nsec / 1000000;
}

static void set_size(int fd, unsigned rows, unsigned columns)
{
	struct winsize size = { .ws_row = rows, .ws_col = columns };

	ioctl(fd, TIOCSWINSZ, &size);
}

static int open_pty(struct session *s)
{
	s->master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (s->master < 0)
		return -errno;
	if (unlockpt(s->master))
		return -errno;
	s->slave = ioctl(s->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (s->slave < 0)
		return -errno;
	set_size(s->slave, s->g->job->rows, s->g->job->columns);
	if (s->g->job->flags & VA_JOB_USER && fchown(s->slave, s->g->job->uid, -1))
		return -errno;
	return 0;
}

/* ours is made O_NONBLOCK, theirs is left as programs expect it. */
static int open_pipe(int *ours, int *theirs, bool we_read)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC))
		return -errno;
	*ours = fd[we_read ? 0 : 1];
	*theirs = fd[we_read ? 1 : 0];
	return fcntl(*ours, F_SETFL, O_NONBLOCK) ? -errno : 0;
}

static int wire_tty(struct session *s)
{
	int err = open_pty(s);

	if (err)
		return err;
	s->side[0] = s->side[1] = s->side[2] = s->slave;
	va_pump_init(&s->in, s->g->port[VA_PORT_STDIN], fcntl(s->master, F_DUPFD_CLOEXEC, 3), VA_PUMP_OWNS_BOTH);
	va_pump_init(&s->out, fcntl(s->master, F_DUPFD_CLOEXEC, 3), s->g->port[VA_PORT_STDOUT], VA_PUMP_OWNS_BOTH);
	return 0;
}

static int wire_pipes(struct session *s)
{
	int ours = -1, err = open_pipe(&ours, &s->side[0], false);

	if (err)
		return err;
	va_pump_init(&s->in, s->g->port[VA_PORT_STDIN], ours, VA_PUMP_OWNS_BOTH);
	err = open_pipe(&ours, &s->side[1], true);
	if (err)
		return err;
	va_pump_init(&s->out, ours, s->g->port[VA_PORT_STDOUT], VA_PUMP_OWNS_BOTH);
	return 0;
}

static int wire(struct session *s)
{
	bool tty = s->g->job->flags & VA_JOB_TTY;
	int ours = -1, err = tty ? wire_tty(s) : wire_pipes(s);

	if (err)
		return err;
	if (tty && !(s->g->job->flags & VA_JOB_STDERR_APART)) {
		va_pump_init(&s->err, -1, -1, VA_PUMP_BORROWS);
		return 0;
	}
	err = open_pipe(&ours, &s->side[2], true);
	if (!err)
		va_pump_init(&s->err, ours, s->g->port[VA_PORT_STDERR], VA_PUMP_OWNS_BOTH);
	return err;
}

static int job_file(const struct va_job *job)
{
	struct va_bytes b = { 0 };
	int fd = memfd_create("job", 0);
	int err;

	if (fd < 0)
		return -errno;
	va_job_encode(job, &b);
	err = va_write_whole(fd, b.data, b.n);
	va_bytes_free(&b);
	return err ? err : (lseek(fd, 0, SEEK_SET), fd);
}

static void become_collector(struct session *s, int job, int report, int commands)
{
	char job_fd[16], report_fd[16], commands_fd[16], stream_fd[16];
	const char *const argv[] = { "vmatlas-collect", "--job", job_fd, "--report", report_fd, "--commands", commands_fd, "--out",
				     stream_fd, NULL };
	const char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	snprintf(job_fd, sizeof(job_fd), "%d", job);
	snprintf(report_fd, sizeof(report_fd), "%d", report);
	snprintf(commands_fd, sizeof(commands_fd), "%d", commands);
	snprintf(stream_fd, sizeof(stream_fd), "%d", s->g->port[VA_PORT_STREAM]);
	fcntl(report, F_SETFD, 0);
	fcntl(commands, F_SETFD, 0);
	fcntl(s->g->port[VA_PORT_STREAM], F_SETFD, 0);
	for (int i = 0; i < 3; i++)
		dup2(s->side[i], i);
	fexecve(s->g->collector, (char *const *)argv, (char *const *)env);
	perror("vmatlas-init: vmatlas-collect");
	_exit(126);
}

static void close_sides(struct session *s)
{
	for (int i = 0; i < 3; i++)
		if (s->side[i] != s->slave)
			close(s->side[i]);
}

static int start_collector(struct session *s)
{
	int report[2], commands[2], job = job_file(s->g->job);

	if (job < 0)
		return job;
	if (pipe2(report, O_CLOEXEC) || pipe2(commands, O_CLOEXEC))
		return -errno;
	s->collector = fork();
	if (s->collector < 0)
		return -errno;
	if (!s->collector)
		become_collector(s, job, report[1], commands[0]);
	close(job);
	close(report[1]);
	close(commands[0]);
	s->report = report[0];
	s->commands = commands[1];
	close_sides(s);
	return 0;
}

/* Twice on a terminal that a line-reading program left as it was, both times to the same program: it does not listen. */
static void note_interrupt(struct session *s)
{
	struct termios t;
	pid_t group = tcgetpgrp(s->master);
	uint64_t now = now_ms();

	if (tcgetattr(s->slave, &t) || !(t.c_lflag & ISIG) || !(t.c_lflag & ICANON) ||
	    !memchr(s->in.buf + s->in.at, t.c_cc[VINTR], s->in.n))
		return;
	if (s->interrupted && now - s->interrupted < INTERRUPT_TWICE_MS && group == s->interrupted_group)
		va_frame_send(s->g->port[VA_PORT_CONTROL], VA_FRAME_END_ME, NULL, 0);
	s->interrupted = now;
	s->interrupted_group = group;
}

static void take_frame(struct session *s, uint32_t kind, const unsigned char *payload, uint32_t n)
{
	uint32_t signal_number;
	uint16_t size[2];

	if (kind == VA_FRAME_SIGNAL && n == sizeof(signal_number)) {
		memcpy(&signal_number, payload, n);
		if (!s->ended)
			kill(s->collector, signal_number);
	} else if (kind == VA_FRAME_COMMAND && !s->ended) {
		va_write_whole(s->commands, payload, n);
	} else if (kind == VA_FRAME_SIZE && n == sizeof(size) && s->slave >= 0) {
		memcpy(size, payload, n);
		set_size(s->slave, size[0], size[1]);
	}
}

static void take_control(struct session *s)
{
	char buf[4096];
	const unsigned char *payload;
	uint32_t kind, n;
	long size;
	ssize_t got = read(s->g->port[VA_PORT_CONTROL], buf, sizeof(buf));

	if (got <= 0)
		va_guest_power_off();
	va_bytes_add(&s->control, buf, got);
	while ((size = va_frame_parse(&s->control, &kind, &payload, &n)) > 0) {
		take_frame(s, kind, payload, n);
		va_bytes_drop(&s->control, size);
	}
}

static void reap(struct session *s)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	if (read(s->signals, &info, sizeof(info)) < 0)
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == s->collector) {
			s->ended = true;
			s->status = status;
		}
}

static void loop(struct session *s)
{
	struct pollfd fds[8];

	while (!s->ended) {
		va_pump_watch(&s->in, fds);
		va_pump_watch(&s->out, fds + 2);
		va_pump_watch(&s->err, fds + 4);
		fds[6] = (struct pollfd){ s->signals, POLLIN, 0 };
		fds[7] = (struct pollfd){ s->g->port[VA_PORT_CONTROL], POLLIN, 0 };
		if (poll(fds, 8, -1) < 0)
			continue;
		if (fds[7].revents)
			take_control(s);
		bool fresh = !s->in.n;

		va_pump_handle(&s->in, fds);
		if (s->slave >= 0 && fresh && s->in.n)
			note_interrupt(s);
		va_pump_handle(&s->out, fds + 2);
		va_pump_handle(&s->err, fds + 4);
		if (fds[6].revents)
			reap(s);
	}
}

/* What the command wrote before it ended; a daemon it left behind may go on writing, and is not waited for. */
static void drain(struct session *s, struct va_pump *p)
{
	struct pollfd fds[3];

	p->hold = false;
	while (!va_pump_done(p)) {
		if (!p->n && !va_pump_read(p))
			return;
		va_pump_watch(p, fds);
		fds[0].fd = -1;
		fds[2] = (struct pollfd){ s->g->port[VA_PORT_CONTROL], POLLIN, 0 };
		if (poll(fds, 3, -1) < 0)
			continue;
		va_pump_handle(p, fds);
		if (fds[2].revents)
			take_control(s);
	}
}

static void fill_exit(struct session *s, struct va_guest_exit *out)
{
	struct va_report report;
	bool told = read(s->report, &report, sizeof(report)) == sizeof(report);

	out->code = told ? report.code : WIFEXITED(s->status) ? (uint32_t)WEXITSTATUS(s->status) : 128u + WTERMSIG(s->status);
	out->exact = told;
	out->killed = !told && WIFSIGNALED(s->status) ? WTERMSIG(s->status) : 0;
	out->stream = told ? report.stream : 0;
	out->out = s->out.moved;
	out->err = s->err.moved;
}

int va_session_run(struct va_guest *g, struct va_guest_exit *out, const char **what)
{
	struct session s = { .g = g, .master = -1, .slave = -1, .side = { -1, -1, -1 } };
	sigset_t child;
	int err;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	s.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	*what = "wire the command's input and output";
	err = wire(&s);
	if (err)
		return err;
	*what = "start the collector";
	err = start_collector(&s);
	if (err)
		return err;
	va_frame_send(g->port[VA_PORT_CONTROL], VA_FRAME_STARTED, NULL, 0);
	loop(&s);
	drain(&s, &s.out);
	drain(&s, &s.err);
	fill_exit(&s, out);
	return 0;
}
