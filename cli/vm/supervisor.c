#include "vm/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "common/pump.h"
#include "vm/guestlog.h"
#include "vm/qemu.h"
#include "vm/terminal.h"

/* Patience, in ms. A guest under KVM that is not up by then never will be; an emulated one on a busy machine may be slow. */
#define START_KVM_MS 20000
#define START_TCG_MS 180000
#define START_DEBUG_MS 1200000 /* kernels that check themselves: minutes, on a machine that has other work */
#define TALKING 5      /* so many times as long while its kernel says something now and then */
/* From asking the guest to stop to ending it, without the end of its recording; who cannot wait asks twice. */
#define STOP_KVM_MS 5000
#define STOP_TCG_MS 30000
#define QUIET_MS 500   /* of silence, where the stream's length is not known */

enum state { STARTING, MOUNTING, RUNNING, ENDING, OVER };

struct vm {
	const struct va_options *o;
	const struct va_kernel *k;
	const char *why;
	struct va_qemu qemu;
	enum va_accel accel;
	unsigned starts;    /* so far */
	struct va_guestlog log;
	struct va_bytes control, errors;
	struct va_pump in, out, err, stream;
	struct va_guest_exit exit;
	struct va_job *job;
	enum state state;
	bool wired;         /* the pumps have their descriptors */
	int signals, commands;
	pid_t parent;
	uint64_t deadline;  /* ms; 0 = none */
	uint64_t last_start;/* ms: a guest that talks is waited for until then */
	unsigned interrupts;
	int stopped_by;     /* signal that made us stop the guest; 0 = none */
	int code;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ull + t.tv_nsec / 1000000;
}

static void finish(struct vm *vm, int code)
{
	if (vm->state == OVER)
		return;
	vm->state = OVER;
	vm->code = code;
	va_terminal_restore();
}

static void fail(struct vm *vm, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fail(struct vm *vm, const char *format, ...)
{
	va_list args;

	if (vm->state == OVER)
		return;
	finish(vm, VA_EXIT_VM);
	fputs("vmatlas: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static void send_frame(struct vm *vm, uint32_t kind, const void *payload, uint32_t n)
{
	int fd = vm->qemu.port[VA_PORT_CONTROL];

	/* Frames are small but for the job, which the guest is waiting for: blocking is right. */
	fcntl(fd, F_SETFL, 0);
	va_frame_send(fd, kind, payload, n);
	fcntl(fd, F_SETFL, O_NONBLOCK);
}

static void send_signal(struct vm *vm, uint32_t number)
{
	send_frame(vm, VA_FRAME_SIGNAL, &number, sizeof(number));
}

/* Asks the guest to stop, so that the recording gets its end; then patience runs. */
static void stop(struct vm *vm, int by)
{
	/* A terminal that closes sends HUP to the group, and vmatlas passes it on: that is one wish, not two. */
	if (vm->stopped_by && by != SIGINT)
		return;
	if (vm->stopped_by || vm->state < RUNNING) {
		finish(vm, 128 + by);
		return;
	}
	vm->stopped_by = by;
	if (vm->state != RUNNING)
		return;
	send_signal(vm, SIGTERM);
	vm->deadline = now_ms() + (vm->accel == VA_ACCEL_KVM ? STOP_KVM_MS : STOP_TCG_MS);
}

/* Milliseconds to the next sign of life. */
static int patience(const struct vm *vm)
{
	if (!strncmp(vm->k->series, "debug-", 6))
		return START_DEBUG_MS;
	return vm->accel == VA_ACCEL_KVM ? START_KVM_MS : START_TCG_MS;
}

static int start_guest(struct vm *vm)
{
	int err = va_qemu_start(&vm->qemu, vm->o, vm->k, vm->accel);

	vm->starts++;
	vm->state = STARTING;
	vm->deadline = now_ms() + patience(vm);
	vm->last_start = now_ms() + (uint64_t)TALKING * patience(vm);
	if (err == -ENOENT)
		fail(vm, "there is no qemu-system-x86_64: install it (Debian: apt install qemu-system-x86), or run 'make deps'");
	else if (err)
		fail(vm, "cannot start qemu-system-x86_64: %s", strerror(-err));
	return err;
}

/* It boots, if slowly: on a machine where others come first, three minutes were seen not to be enough. */
static void guest_talks(struct vm *vm)
{
	uint64_t until = now_ms() + patience(vm);

	if (vm->state == STARTING && vm->deadline < until)
		vm->deadline = until < vm->last_start ? until : vm->last_start;
}

/* It never came up: nothing of the user's has run yet. KVM that does not truly work is no reason to give up, nor is one bad start. */
static void start_failed(struct vm *vm, const char *how)
{
	const char *said = vm->errors.n ? (const char *)vm->errors.data : *vm->log.last ? vm->log.last : "nothing";

	if (vm->accel == VA_ACCEL_KVM || (vm->starts < 2 && !vm->qemu.pid && *vm->log.last)) {
		va_qemu_end(&vm->qemu);
		va_guestlog_forget(&vm->log);
		vm->accel = VA_ACCEL_TCG;
		vm->errors.n = vm->control.n = 0;
		start_guest(vm);
		return;
	}
	fail(vm, "the guest did not start (%s); the last it said: %.*s", how, (int)strcspn(said, "\n"), said);
}

static void guest_died(struct vm *vm)
{
	if (vm->state == STARTING)
		start_failed(vm, "QEMU ended");
	else
		fail(vm, "the guest died%s%s; what was recorded until then is kept", vm->log.panic ? ": " : "",
		     vm->log.panic ? vm->log.trouble : "");
}

static void say_where(struct vm *vm, const char *release)
{
	if (vm->o->quiet)
		return;
	const char *whose = !vm->o->series && !strcmp(vm->k->series, "distribution") ? ", the distribution's own: there is no other here" : "";

	fprintf(stderr, "vmatlas: %s%srunning in a throw-away VM (Linux %s%s, %u paging levels, %s): what is written there vanishes with it\n",
		vm->why ? vm->why : "", vm->why ? ", so " : "", release, whose, vm->o->levels,
		vm->accel == VA_ACCEL_KVM ? "KVM" : "emulated processor");
}

static void take_hello(struct vm *vm, const unsigned char *payload, uint32_t n)
{
	char *release = va_string("%.*s", (int)n, (const char *)payload);
	struct va_bytes job = { 0 };

	say_where(vm, release);
	va_job_encode(vm->job, &job);
	send_frame(vm, VA_FRAME_JOB, job.data, job.n);
	va_bytes_free(&job);
	free(release);
	vm->state = MOUNTING;
	vm->deadline = now_ms() + (patience(vm) > START_TCG_MS ? patience(vm) : START_TCG_MS);
}

static void take_started(struct vm *vm)
{
	vm->state = RUNNING;
	vm->deadline = 0;
	vm->in.hold = false;
	if (vm->job->flags & VA_JOB_TTY)
		va_terminal_raw();
}

static void take_frame(struct vm *vm, uint32_t kind, const unsigned char *payload, uint32_t n)
{
	switch (kind) {
	case VA_FRAME_HELLO:
		take_hello(vm, payload, n);
		return;
	case VA_FRAME_STARTED:
		take_started(vm);
		return;
	case VA_FRAME_FAILED:
		fail(vm, "%.*s", (int)n, (const char *)payload);
		return;
	case VA_FRAME_END_ME:
		stop(vm, SIGINT);
		return;
	case VA_FRAME_EXIT:
		if (n != sizeof(vm->exit))
			break;
		memcpy(&vm->exit, payload, n);
		vm->state = ENDING;
		vm->in.hold = true;
		vm->deadline = vm->exit.exact && !vm->stopped_by ? 0 : now_ms() + QUIET_MS;
		return;
	}
	fail(vm, "the guest's init says what this vmatlas does not understand: run 'make vm' again");
}

static void take_control(struct vm *vm)
{
	char buf[4096];
	const unsigned char *payload;
	uint32_t kind, n;
	long size;
	ssize_t got = read(vm->qemu.port[VA_PORT_CONTROL], buf, sizeof(buf));

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		guest_died(vm);
		return;
	}
	va_bytes_add(&vm->control, buf, got);
	while (vm->state != OVER && (size = va_frame_parse(&vm->control, &kind, &payload, &n))) {
		if (size < 0) {
			fail(vm, "the guest's init does not speak this vmatlas's language: run 'make vm' again");
			return;
		}
		take_frame(vm, kind, payload, n);
		va_bytes_drop(&vm->control, size);
	}
}

static void take_text(struct vm *vm, int *fd, bool console)
{
	char buf[8192];
	ssize_t got = read(*fd, buf, sizeof(buf));

	if (got > 0 && console) {
		va_guestlog_take(&vm->log, buf, got);
		guest_talks(vm);
	} else if (got > 0 && vm->errors.n < 65536) {
		va_bytes_add(&vm->errors, buf, got);
	}
	if (got == 0) {
		close(*fd);
		*fd = -1;
	}
}

static void take_interrupt(struct vm *vm)
{
	if (vm->state == RUNNING && !vm->interrupts++)
		send_signal(vm, SIGINT);
	else
		stop(vm, SIGINT);
}

static void take_size(struct vm *vm)
{
	uint16_t size[2];

	va_terminal_size(&size[0], &size[1]);
	if (vm->state == RUNNING)
		send_frame(vm, VA_FRAME_SIZE, size, sizeof(size));
	else {
		vm->job->rows = size[0];
		vm->job->columns = size[1];
	}
}

static void take_child(struct vm *vm)
{
	if (vm->qemu.pid <= 0 || waitpid(vm->qemu.pid, NULL, WNOHANG) != vm->qemu.pid)
		return;
	vm->qemu.pid = 0;
	/* What it said last is still in the sockets. */
	if (vm->qemu.console >= 0)
		take_text(vm, &vm->qemu.console, true);
	if (vm->qemu.errors >= 0)
		take_text(vm, &vm->qemu.errors, false);
	take_control(vm);
	if (vm->state != OVER && vm->state != ENDING)
		guest_died(vm);
}

static void take_signal(struct vm *vm)
{
	struct signalfd_siginfo info;

	if (read(vm->signals, &info, sizeof(info)) != sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGCHLD:
		take_child(vm);
		break;
	case SIGINT:
		take_interrupt(vm);
		break;
	case SIGQUIT:
		if (vm->state == RUNNING)
			send_signal(vm, SIGQUIT);
		else
			stop(vm, SIGQUIT);
		break;
	case SIGWINCH:
		take_size(vm);
		break;
	default:
		if (getppid() != vm->parent)
			finish(vm, 128 + info.ssi_signo);
		else
			stop(vm, info.ssi_signo);
	}
}

static void take_deadline(struct vm *vm)
{
	if (vm->state == STARTING)
		start_failed(vm, "no sign of life");
	else if (vm->state == MOUNTING)
		fail(vm, "the guest started but did not get ready in time; the last its kernel said: %s", vm->log.last);
	else if (vm->state == ENDING)
		finish(vm, vm->stopped_by ? 128 + vm->stopped_by : (int)vm->exit.code);
	else
		finish(vm, 128 + vm->stopped_by);
}

/* Marks from the window; the end of it means that nobody listens any more. */
static void take_commands(struct vm *vm)
{
	char buf[4096];
	ssize_t got = read(vm->commands, buf, sizeof(buf));

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0) {
		if (vm->state == RUNNING)
			send_frame(vm, VA_FRAME_COMMAND, buf, got);
		return;
	}
	close(vm->commands);
	vm->commands = -1;
	stop(vm, SIGTERM);
}

static bool arrived(const struct va_pump *p, uint64_t bytes)
{
	return p->broken || p->moved >= bytes;
}

/* The window or the recorder wants no more: the guest need not go on. */
static void check_stream(struct vm *vm)
{
	if (!vm->wired)
		return;
	if (vm->stream.broken && vm->state < ENDING && !vm->stopped_by)
		stop(vm, SIGTERM);
	if (vm->state == ENDING && vm->exit.exact && arrived(&vm->stream, vm->exit.stream) && arrived(&vm->out, vm->exit.out) &&
	    arrived(&vm->err, vm->exit.err))
		finish(vm, vm->stopped_by ? 128 + vm->stopped_by : (int)vm->exit.code);
}

enum { F_IN = 0, F_OUT = 2, F_ERR = 4, F_STREAM = 6, F_CONTROL = 8, F_CONSOLE, F_ERRORS, F_SIGNALS, F_COMMANDS, F_COUNT };

static void watch(struct vm *vm, struct pollfd fds[])
{
	va_pump_watch(&vm->in, fds + F_IN);
	va_pump_watch(&vm->out, fds + F_OUT);
	va_pump_watch(&vm->err, fds + F_ERR);
	va_pump_watch(&vm->stream, fds + F_STREAM);
	fds[F_CONTROL] = (struct pollfd){ vm->qemu.port[VA_PORT_CONTROL], POLLIN, 0 };
	fds[F_CONSOLE] = (struct pollfd){ vm->qemu.console, POLLIN, 0 };
	fds[F_ERRORS] = (struct pollfd){ vm->qemu.errors, POLLIN, 0 };
	fds[F_SIGNALS] = (struct pollfd){ vm->signals, POLLIN, 0 };
	fds[F_COMMANDS] = (struct pollfd){ vm->commands, POLLIN, 0 };
}

static void handle(struct vm *vm, const struct pollfd fds[])
{
	va_pump_handle(&vm->in, fds + F_IN);
	va_pump_handle(&vm->out, fds + F_OUT);
	va_pump_handle(&vm->err, fds + F_ERR);
	va_pump_handle(&vm->stream, fds + F_STREAM);
	if (fds[F_CONSOLE].revents)
		take_text(vm, &vm->qemu.console, true);
	if (fds[F_ERRORS].revents)
		take_text(vm, &vm->qemu.errors, false);
	if (fds[F_SIGNALS].revents)
		take_signal(vm);
	if (fds[F_COMMANDS].revents && vm->commands >= 0 && vm->state != OVER)
		take_commands(vm);
	if (fds[F_CONTROL].revents && vm->state != OVER)
		take_control(vm);
}

static void unwire(struct vm *vm)
{
	va_pump_free(&vm->in);
	va_pump_free(&vm->out);
	va_pump_free(&vm->err);
	va_pump_free(&vm->stream);
}

/* The pumps belong to one QEMU: until it says hello they are not needed, and a second try gets new ones. */
static void wire(struct vm *vm, int stream)
{
	unwire(vm);
	va_pump_init(&vm->in, 0, vm->qemu.port[VA_PORT_STDIN], VA_PUMP_OWNS_TO);
	va_pump_init(&vm->out, vm->qemu.port[VA_PORT_STDOUT], vm->job->flags & VA_JOB_STDOUT_TO_STDERR ? 2 : 1, VA_PUMP_OWNS_FROM);
	va_pump_init(&vm->err, vm->qemu.port[VA_PORT_STDERR], 2, VA_PUMP_OWNS_FROM);
	va_pump_init(&vm->stream, vm->qemu.port[VA_PORT_STREAM], stream, VA_PUMP_OWNS_BOTH);
	vm->in.hold = true;
	for (int i = VA_PORT_STDIN; i <= VA_PORT_STREAM; i++)
		vm->qemu.port[i] = -1;
	vm->wired = true;
}

static void loop(struct vm *vm, int stream)
{
	struct pollfd fds[F_COUNT];

	while (vm->state != OVER) {
		uint64_t now = now_ms();
		int wait = !vm->deadline ? -1 : vm->deadline > now ? (int)(vm->deadline - now) : 0;

		if (!vm->wired && vm->state >= MOUNTING)
			wire(vm, stream);
		watch(vm, fds);
		int n = poll(fds, F_COUNT, wait);

		if (n > 0)
			handle(vm, fds);
		else if (n == 0)
			take_deadline(vm);
		check_stream(vm);
	}
	if (!vm->wired)
		close(stream);
	unwire(vm);
}

static bool describe_job(struct vm *vm)
{
	const struct va_options *o = vm->o;

	vm->job = va_job_here(o->command);
	if (!vm->job)
		return false;
	free(vm->job->params);
	free(vm->job->classes);
	free(vm->job->title);
	vm->job->title = va_string("%s", o->title ? o->title : "");
	vm->job->persona |= o->no_aslr ? ADDR_NO_RANDOMIZE : 0;
	vm->job->params = va_string("%s", o->params);
	vm->job->flight = o->flight;
	vm->job->classes = va_string("%s", o->classes);
	for (size_t i = 0; i < o->shares.n; i++)
		va_strings_add(&vm->job->shares, o->shares.item[i]);
	vm->job->flags = VA_JOB_OWN_GROUP | (o->user ? VA_JOB_USER : 0) | (o->bare || getenv("VMATLAS_VM_BARE") ? VA_JOB_BARE : 0);
	if (o->output && !strcmp(o->output, "-"))
		vm->job->flags |= VA_JOB_STDOUT_TO_STDERR;
	else if (va_terminal_usable())
		vm->job->flags |= VA_JOB_TTY | (isatty(2) ? 0 : VA_JOB_STDERR_APART);
	vm->job->prove = o->prove;
	va_terminal_size(&vm->job->rows, &vm->job->columns);
	return true;
}

static void catch_signals(struct vm *vm)
{
	static const int caught[] = { SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGWINCH };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(caught) / sizeof(*caught); i++)
		sigaddset(&set, caught[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	vm->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

/* What the command's status does not tell. */
static void report_trouble(const struct vm *vm)
{
	if (*vm->log.oom)
		fprintf(stderr, "vmatlas: the guest ran out of memory (%s) and its kernel killed %s; --mem gives it more: --mem 4G\n", vm->o->memory,
			vm->log.oom);
	if (vm->exit.killed && !(vm->job->flags & VA_JOB_BARE))
		fprintf(stderr, "vmatlas: the collector in the guest was killed by signal %u (%s); the recording ends there\n", vm->exit.killed,
			strsignal(vm->exit.killed));
	if (vm->log.troubles)
		fprintf(stderr, "vmatlas: the guest's kernel complained%s: %s\n", vm->o->guest_log ? " (all of it is in the log)" : "",
			vm->log.trouble);
}

int va_vm_supervise(const struct va_options *o, const struct va_kernel *k, int stream, int commands, const char *why)
{
	struct vm vm = { .o = o, .k = k, .why = why, .commands = commands, .parent = getppid() };
	int err = va_guestlog_open(&vm.log, o->guest_log);

	if (err) {
		fprintf(stderr, "vmatlas: %s: %s\n", o->guest_log, strerror(-err));
		return VA_EXIT_FAILURE;
	}
	va_pump_init(&vm.in, -1, -1, VA_PUMP_BORROWS);
	va_pump_init(&vm.out, -1, -1, VA_PUMP_BORROWS);
	va_pump_init(&vm.err, -1, -1, VA_PUMP_BORROWS);
	va_pump_init(&vm.stream, -1, -1, VA_PUMP_BORROWS);
	catch_signals(&vm);
	if (!describe_job(&vm))
		return VA_EXIT_FAILURE;
	vm.accel = va_kvm_plausible(o->levels) ? VA_ACCEL_KVM : VA_ACCEL_TCG;
	start_guest(&vm);
	loop(&vm, stream);
	va_terminal_restore();
	if (vm.qemu.console >= 0)
		take_text(&vm, &vm.qemu.console, true);
	va_qemu_end(&vm.qemu);
	report_trouble(&vm);
	va_guestlog_close(&vm.log);
	return vm.code;
}
