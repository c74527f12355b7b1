#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "module.h"
#include "vmatlas/control.h"

extern char **environ;

unsigned va_child_code(int status)
{
	return WIFSIGNALED(status) ? 128u + WTERMSIG(status) : (unsigned)WEXITSTATUS(status);
}

static void reset_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The command holds `marker` open: marks need no right to the module's files. A high number, out of the way of shells. */
static void hand_marker(void)
{
	int fd = va_module_open("marker", O_WRONLY), high;
	char number[16];

	unsetenv(VMATLAS_MARKER_ENV);
	if (fd < 0)
		return;
	high = fcntl(fd, F_DUPFD, 100);
	if (high < 0)
		high = fcntl(fd, F_DUPFD, 3);
	close(fd);
	snprintf(number, sizeof(number), "%d", high);
	setenv(VMATLAS_MARKER_ENV, number, 1);
}

static void take_terminal(const struct va_job *job)
{
	if (job->flags & (VA_JOB_OWN_GROUP | VA_JOB_TTY))
		setsid();
	if (job->flags & VA_JOB_TTY)
		ioctl(0, TIOCSCTTY, 0);
	if (job->flags & VA_JOB_STDOUT_TO_STDERR)
		dup2(2, 1);
}

static void complain(const char *what, int error)
{
	fprintf(stderr, "vmatlas: cannot run %s: %s\n", what, strerror(error));
	_exit(error == ENOENT ? 127 : 126);
}

/* Where memory ends, the command is to die of it as it would without us, and not the one that writes it down. */
static char own_oom[16] = "0";

static void set_oom(const char *value)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, value, strlen(value)) < 0)
		perror("vmatlas-collect: /proc/self/oom_score_adj");
	if (fd >= 0)
		close(fd);
}

void va_child_outlive(void)
{
	int fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, own_oom, sizeof(own_oom) - 1) : -1;

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return;
	own_oom[n] = 0;
	set_oom("-1000");
}

/* … and is as important as it would be without us. */
static int own_nice;

void va_child_precede(void)
{
	own_nice = getpriority(PRIO_PROCESS, 0);
	setpriority(PRIO_PROCESS, 0, own_nice < -10 ? own_nice : -10);
}

static void become_command(const struct va_job *job, const struct va_freeze *tree)
{
	int target = va_module_open("target", O_WRONLY), err;
	const char *what = "";

	set_oom(own_oom);
	if (tree) {
		setpriority(PRIO_PROCESS, 0, own_nice);
		va_freeze_join(tree);
	}
	reset_signals();
	take_terminal(job);
	environ = job->env.item;
	hand_marker();
	err = va_job_become(job, &what);
	if (err)
		complain(what, -err);
	if (target < 0 || write(target, "exec", 4) < 0)
		complain("it under vmatlas (control file target)", target < 0 ? -target : errno);
	execvp(job->argv.item[0], job->argv.item);
	complain(job->argv.item[0], errno);
}

void va_child_bare(const struct va_job *job)
{
	const char *what = "";
	int err;

	reset_signals();
	take_terminal(job);
	environ = job->env.item;
	unsetenv(VMATLAS_MARKER_ENV);
	err = va_job_become(job, &what);
	if (err)
		complain(what, -err);
	execvp(job->argv.item[0], job->argv.item);
	complain(job->argv.item[0], errno);
}

int va_child_start(struct va_child *child, const struct va_job *job, const struct va_freeze *tree)
{
	child->pid = fork();
	if (!child->pid)
		become_command(job, tree);
	if (child->pid > 0)
		return 0;
	child->pid = 0;
	perror("vmatlas-collect: fork");
	return -EAGAIN;
}
