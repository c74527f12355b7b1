#include "module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vm/assets.h"

static bool loaded(void)
{
	return !access("/proc/vmatlas", F_OK);
}

static void collect(const char *program, pid_t pid, int out, int commands)
{
	char who[16], to[16], from[16];

	snprintf(who, sizeof(who), "%d", (int)pid);
	snprintf(to, sizeof(to), "%d", out);
	snprintf(from, sizeof(from), "%d", commands);
	execl(program, program, "--pid", who, "--out", to, "--commands", from, (char *)NULL);
	_exit(127);
}

/* The stream of one moment. -1: the collector could not; it has said why. */
static int take(struct va_recording *r, const char *program, pid_t pid)
{
	int stream[2], commands[2], status = 0, error = 0;
	char piece[65536];
	ssize_t n;
	pid_t child;

	if (pipe(stream) || pipe(commands) || write(commands[1], "stop\n", 5) != 5)
		return -1;
	fflush(NULL);
	child = fork();
	if (!child) {
		close(stream[0]);
		close(commands[1]);
		collect(program, pid, stream[1], commands[0]);
	}
	close(stream[1]);
	close(commands[0]);
	close(commands[1]);
	while (child > 0 && ((n = read(stream[0], piece, sizeof(piece))) > 0 || (n < 0 && errno == EINTR)))
		if (n > 0 && !error)
			error = va_recording_feed(r, piece, (size_t)n);
	close(stream[0]);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	va_recording_finish(r);
	return child < 0 || error || status ? -1 : 0;
}

struct vm_module vm_module_ask(pid_t pid)
{
	struct vm_module m = {0};
	char *program;

	if (!loaded()) {
		m.why = "the kernel module is not loaded";
		return m;
	}
	if (geteuid()) {
		m.why = "the kernel module answers root only";
		return m;
	}
	program = va_asset_collector();
	m.why = "the kernel module is loaded, and did not answer";
	if (!program)
		return m;
	m.recording = va_recording_new();
	if (!take(m.recording, program, pid) && va_recording_ready(m.recording)) {
		m.mm = va_model_mm_of(va_history_latest(va_recording_history(m.recording)), (__u32)pid);
		m.levels = va_recording_header(m.recording)->levels;
	}
	free(program);
	return m;
}

void vm_module_free(struct vm_module *m)
{
	va_recording_free(m->recording);
	*m = (struct vm_module){0};
}
