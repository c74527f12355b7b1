#include "traced.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "self.h"

#define OPTIONS (PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL)

static struct vm_traced *find(struct vm_run *run, pid_t pid)
{
	for (size_t i = run->count; i-- > 0;)
		if (run->process[i].pid == pid && !run->process[i].ended)
			return &run->process[i];
	return NULL;
}

static struct vm_traced *add(struct vm_run *run, pid_t pid, pid_t parent)
{
	run->process = va_grow(run->process, &run->room, run->count + 1, sizeof(*run->process));
	run->process[run->count] = (struct vm_traced){.pid = pid, .parent = parent};
	return &run->process[run->count++];
}

static pid_t status_id(pid_t tid, const char *name)
{
	long id = vm_status_kb(tid, name);

	return id > 0 ? (pid_t)id : 0;
}

/* A thread that is seen for the first time: of which process it is. */
static void meet(struct vm_run *run, pid_t tid)
{
	pid_t pid = status_id(tid, "Tgid");
	struct vm_traced *p;

	for (size_t i = 0; i < run->threads; i++)
		if (run->thread[i].tid == tid)
			return;
	if (!pid)
		pid = tid;
	run->thread = va_grow(run->thread, &run->thread_room, run->threads + 1, sizeof(*run->thread));
	run->thread[run->threads].tid = tid;
	run->thread[run->threads++].pid = pid;
	p = find(run, pid);
	if (!p)
		p = add(run, pid, status_id(pid, "PPid"));
	p->threads++;
}

/* min_flt and maj_flt of one thread; its process's name. */
static void read_counts(pid_t pid, pid_t tid, struct vm_traced *p)
{
	char path[64], text[1024], *open, *close;
	unsigned long long minor, major;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)pid, (int)tid);
	f = fopen(path, "re");
	n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	if (f)
		fclose(f);
	text[n] = '\0';
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || !close || close < open)
		return;
	if (sscanf(close + 1, " %*c %*d %*d %*d %*d %*d %*u %llu %*u %llu", &minor, &major) == 2) {
		p->minor += minor;
		p->major += major;
	}
	if (tid == pid)
		snprintf(p->comm, sizeof(p->comm), "%.*s", (int)(close - open - 1), open + 1);
}

/* Its map is still there: PTRACE_EVENT_EXIT comes before it is given back. */
static void ends(struct vm_run *run, pid_t tid)
{
	struct vm_traced *p = NULL;
	long hwm;

	for (size_t i = 0; i < run->threads; i++)
		if (run->thread[i].tid == tid)
			p = find(run, run->thread[i].pid);
	if (!p)
		return;
	read_counts(p->pid, tid, p);
	hwm = vm_status_kb(p->pid, "VmHWM");
	if (hwm > 0 && (__u64)hwm > p->hwm_kb)
		p->hwm_kb = (__u64)hwm;
}

static void gone(struct vm_run *run, pid_t tid, pid_t command, int status)
{
	for (size_t i = 0; i < run->threads; i++)
		if (run->thread[i].tid == tid) {
			struct vm_traced *p = find(run, run->thread[i].pid);

			if (p && p->pid == tid)
				p->ended = true;
			run->thread[i] = run->thread[--run->threads];
			break;
		}
	if (tid == command)
		run->status = status;
}

/* What to do with a stop, and with which signal it goes on. */
static void go_on(struct vm_run *run, pid_t tid, int status)
{
	int event = status >> 16, sig = WSTOPSIG(status);

	meet(run, tid);
	if (event == PTRACE_EVENT_EXIT)
		ends(run, tid);
	if (event == PTRACE_EVENT_STOP && (sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU)) {
		ptrace(PTRACE_LISTEN, tid, 0, 0); /* stopped by a signal, as it would be without us */
		return;
	}
	ptrace(PTRACE_CONT, tid, 0, event ? 0 : sig);
}

static void follow(struct vm_run *run, pid_t command)
{
	int status;
	pid_t tid;

	for (;;) {
		tid = waitpid(-1, &status, __WALL);
		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0)
			break;
		if (WIFSTOPPED(status))
			go_on(run, tid, status);
		else
			gone(run, tid, command, status);
	}
}

static void child(char **argv, int gate)
{
	char c;

	if (read(gate, &c, 1) != 1)
		_exit(127);
	execvp(argv[0], argv);
	fprintf(stderr, "vmmap: %s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static void wait_only(struct vm_run *run, pid_t pid)
{
	while (waitpid(pid, &run->status, 0) < 0 && errno == EINTR)
		;
}

int vm_run_traced(struct vm_run *run, char **argv)
{
	struct rusage before, after;
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old_int, old_quit;
	double began = vm_seconds();
	int gate[2];
	pid_t pid;

	*run = (struct vm_run){0};
	getrusage(RUSAGE_CHILDREN, &before);
	if (pipe(gate))
		return -errno;
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		close(gate[1]);
		child(argv, gate[0]);
	}
	close(gate[0]);
	sigaction(SIGINT, &ignore, &old_int); /* Ctrl-C is the command's */
	sigaction(SIGQUIT, &ignore, &old_quit);
	run->sampled = vm_sampled_begin(pid);
	run->sampled_error = run->sampled ? 0 : errno;
	run->each = !ptrace(PTRACE_SEIZE, pid, 0, OPTIONS);
	if (run->each)
		meet(run, pid);
	if (write(gate[1], "", 1) != 1)
		kill(pid, SIGKILL);
	close(gate[1]);
	if (run->each)
		follow(run, pid);
	else
		wait_only(run, pid);
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGQUIT, &old_quit, NULL);
	if (run->sampled)
		vm_sampled_end(run->sampled);
	getrusage(RUSAGE_CHILDREN, &after);
	run->minor = (__u64)(after.ru_minflt - before.ru_minflt);
	run->major = (__u64)(after.ru_majflt - before.ru_majflt);
	run->max_rss_kb = (__u64)after.ru_maxrss;
	run->seconds = vm_seconds() - began;
	return 0;
}

void vm_run_free(struct vm_run *run)
{
	vm_sampled_free(run->sampled);
	free(run->process);
	free(run->thread);
}
