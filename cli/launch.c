#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "local.h"
#include "vm/supervisor.h"

#define PIPE_BYTES (1 << 20)

static int start_vm(struct va_launch *l, const struct va_options *o, const char *why)
{
	struct va_kernel kernel;
	char *problem = NULL;
	int stream[2], commands[2];

	if (!va_kernel_find(&kernel, o->series, o->levels, &problem)) {
		fprintf(stderr, "vmatlas: %s%s%s\n", why ? why : "", why ? ", and " : "", problem);
		free(problem);
		return VA_EXIT_VM;
	}
	if (pipe2(stream, O_CLOEXEC) || pipe2(commands, O_CLOEXEC)) {
		perror("vmatlas: pipe");
		return VA_EXIT_FAILURE;
	}
	fcntl(stream[1], F_SETPIPE_SZ, PIPE_BYTES);
	fcntl(stream[1], F_SETFL, O_NONBLOCK);
	fflush(NULL);
	l->pid = fork();
	if (!l->pid) {
		close(stream[0]);
		close(commands[1]);
		_exit(va_vm_supervise(o, &kernel, stream[1], commands[0], why));
	}
	close(stream[1]);
	close(commands[0]);
	l->stream = stream[0];
	l->commands = commands[1];
	va_kernel_free(&kernel);
	if (l->pid > 0)
		return 0;
	perror("vmatlas: fork");
	return VA_EXIT_FAILURE;
}

static int start_local(struct va_launch *l, const struct va_options *o, const struct va_local *how)
{
	if (!o->quiet && o->where == VA_WHERE_AUTO)
		fputs("vmatlas: running here, with the vmatlas module on this kernel (--vm runs it in a throw-away VM)\n", stderr);
	return va_local_start(l, o, how);
}

int va_launch_start(struct va_launch *l, const struct va_options *o)
{
	struct va_local how = { 0 };
	char *why = NULL;
	bool local;
	int code;

	*l = (struct va_launch){ .stream = -1, .commands = -1 };
	if (o->where == VA_WHERE_VM)
		return start_vm(l, o, NULL);
	local = va_local_usable(o, &how, &why);
	if (local) {
		code = start_local(l, o, &how);
	} else if (o->where == VA_WHERE_LOCAL) {
		fprintf(stderr, "vmatlas: %s; --vm needs no module here\n", why);
		code = how.code;
	} else {
		code = start_vm(l, o, why);
	}
	free(how.load);
	free(why);
	return code;
}

void va_launch_stop(const struct va_launch *l, int number)
{
	if (l->pid > 0)
		kill(l->pid, number == SIGHUP ? SIGHUP : SIGTERM);
}

void va_launch_dump(const struct va_launch *l)
{
	static const char line[] = "dump\n";

	if (l->commands >= 0 && write(l->commands, line, sizeof(line) - 1) < 0)
		return;
}

int va_launch_mark(const struct va_launch *l, const char *text)
{
	char *line = va_string("mark %.*s\n", (int)strcspn(text, "\n"), text);
	int err = va_write_whole(l->commands, line, strlen(line));

	free(line);
	return err;
}

int va_launch_wait(struct va_launch *l)
{
	int status = 0;

	while (waitpid(l->pid, &status, 0) < 0 && errno == EINTR)
		;
	l->pid = 0;
	close(l->stream);
	close(l->commands);
	l->stream = l->commands = -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
