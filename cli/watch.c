#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "launch.h"
#include "recorder.h"
#include "window.h"

static struct va_launch launch;
static bool closed_early; /* the user closed the window while the command ran */

static void stop_launch(int number)
{
	va_launch_stop(&launch, number);
}

static void dump_launch(int number)
{
	int saved = errno;

	va_launch_dump(&launch);
	errno = saved;
}

/*
 * The command's processes hear of signals themselves: Ctrl-C reaches the whole group. Who asks only us to end wants the recording, and gets
 * it whole. An attached process has nothing to do with our terminal: there Ctrl-C ends the recording.
 */
static void mind_signals(const struct va_options *o)
{
	struct sigaction stop = { .sa_handler = stop_launch, .sa_flags = SA_RESTART };
	struct sigaction dump = { .sa_handler = dump_launch, .sa_flags = SA_RESTART };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGINT, o->pid ? &stop : &ignore, NULL);
	sigaction(SIGQUIT, &ignore, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGHUP, &stop, NULL);
	if (o->flight)
		sigaction(SIGUSR1, &dump, NULL);
}

/* Nothing was recorded: an empty file would only puzzle. */
static void drop_empty(int file, const char *path)
{
	struct stat st;

	if (strcmp(path, "-") && !fstat(file, &st) && S_ISREG(st.st_mode) && !st.st_size)
		unlink(path);
}

int va_watch_record(const struct va_options *o)
{
	int file = va_recorder_open(o->output), code, failed;

	if (file < 0)
		return VA_EXIT_FAILURE;
	/* Whoever sends it to all that is called vmatlas ends none of them. */
	if (o->flight)
		signal(SIGUSR1, SIG_IGN);
	code = va_launch_start(&launch, o);
	if (code) {
		drop_empty(file, o->output);
		close(file);
		return code;
	}
	mind_signals(o);
	if (o->flight && !o->quiet)
		fprintf(stderr, "vmatlas: flight recorder: 'kill -USR1 %d' writes what is kept\n", getpid());
	failed = va_recorder_run(launch.stream, file, o->output, -1, o->redacting);
	code = va_launch_wait(&launch);
	drop_empty(file, o->output);
	close(file);
	return code ? code : failed ? VA_EXIT_FAILURE : VA_EXIT_OK;
}

static void stop_by_window(void *ctx)
{
	closed_early = true;
	va_launch_stop(&launch, SIGTERM);
}

static int mark_by_window(void *ctx, const char *text)
{
	return va_launch_mark(&launch, text);
}

static bool launch_is_over(void)
{
	siginfo_t info = { 0 };

	return !waitid(P_PID, launch.pid, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid == launch.pid;
}

/* SDL turns SIGTERM into the closing of the window, and that into the end of what runs. */
static void close_window(int number)
{
	kill(getpid(), SIGTERM);
}

/* While the command runs Ctrl-C is its own; afterwards it closes the window. */
static void interrupt_window(int number)
{
	if (launch_is_over())
		close_window(number);
}

/* A process of its own writes the recording and passes the stream on, so that neither waits for the other's work. */
static pid_t start_recorder(int file, const struct va_options *o)
{
	int fd[2];
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC))
		return -1;
	fcntl(fd[1], F_SETPIPE_SZ, 1 << 20);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		signal(SIGINT, SIG_IGN);
		signal(SIGTERM, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
		close(fd[0]);
		close(launch.commands);
		_exit(va_recorder_run(launch.stream, file, o->output, fd[1], o->redacting) ? VA_EXIT_FAILURE : VA_EXIT_OK);
	}
	close(fd[1]);
	close(launch.stream);
	launch.stream = fd[0];
	return pid;
}

static int show(const struct va_options *o)
{
	struct sigaction interrupt = { .sa_handler = interrupt_window, .sa_flags = SA_RESTART };
	struct sigaction hangup = { .sa_handler = close_window, .sa_flags = SA_RESTART };
	struct va_window_options window = {
		.title = o->title ? o->title : o->command_count ? o->command[0] : NULL,
		.stream_fd = launch.stream,
		.stop = stop_by_window,
		.mark = mark_by_window,
	};
	int err;

	va_appearance_apply(&o->look, &window);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGHUP, &hangup, NULL);
	err = va_window_run(&window);
	if (err)
		va_launch_stop(&launch, SIGTERM);
	return err;
}

static int wait_recorder(pid_t pid)
{
	int status = 0;

	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : VA_EXIT_FAILURE;
}

int va_watch_window(const struct va_options *o)
{
	int file = o->output ? va_recorder_open(o->output) : -1, code, err, failed = 0;
	pid_t recorder = 0;

	if (o->output && file < 0)
		return VA_EXIT_FAILURE;
	code = va_launch_start(&launch, o);
	if (!code && o->output)
		recorder = start_recorder(file, o);
	if (!code) {
		err = show(o);
		/* The recorder goes on reading until the end, also when nobody looks any more. */
		close(launch.stream);
		launch.stream = -1;
		failed = recorder ? wait_recorder(recorder) : 0;
		code = va_launch_wait(&launch);
		if (closed_early)
			code = VA_EXIT_OK;
		if (err)
			code = VA_EXIT_FAILURE;
	}
	if (file >= 0) {
		drop_empty(file, o->output);
		close(file);
	}
	return code ? code : failed;
}

static void feed_all(void (*feed)(void *ctx, const void *bytes, size_t n), void *ctx)
{
	static char buf[1 << 18];
	ssize_t got;

	while ((got = read(launch.stream, buf, sizeof(buf))) != 0) {
		if (got > 0)
			feed(ctx, buf, (size_t)got);
		else if (errno != EINTR)
			return;
	}
}

int va_watch_feed(const struct va_options *o, void (*feed)(void *ctx, const void *bytes, size_t n), void *ctx)
{
	int file = o->output ? va_recorder_open(o->output) : -1, code, failed = 0;
	pid_t recorder = 0;

	if (o->output && file < 0)
		return VA_EXIT_FAILURE;
	code = va_launch_start(&launch, o);
	if (!code) {
		mind_signals(o);
		if (o->output)
			recorder = start_recorder(file, o);
		feed_all(feed, ctx);
		failed = recorder ? wait_recorder(recorder) : 0;
		code = va_launch_wait(&launch);
	}
	if (file >= 0) {
		drop_empty(file, o->output);
		close(file);
	}
	return code ? code : failed;
}
