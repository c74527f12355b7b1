#include "local.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "vm/assets.h"

/* The file modprobe would take, or NULL. */
static char *installed(const char *release)
{
	static const char *const places[] = { "updates/dkms", "updates", "extra", "kernel/extra" };
	static const char *const packings[] = { "", ".xz", ".zst", ".gz" };

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		for (size_t k = 0; k < sizeof(packings) / sizeof(*packings); k++) {
			char *path = va_string("/lib/modules/%s/%s/vmatlas.ko%s", release, places[i], packings[k]);

			if (!access(path, R_OK))
				return path;
			free(path);
		}
	return NULL;
}

/* Then only modules are loaded that are signed with a key the kernel trusts. */
static bool locked_down(void)
{
	FILE *f = fopen("/sys/kernel/security/lockdown", "re");
	char line[128] = "";
	bool locked = f && fgets(line, sizeof(line), f) && !strstr(line, "[none]");

	if (f)
		fclose(f);
	return locked;
}

/* Has a signature (scripts/sign-file puts this behind it); whether the kernel trusts it, it says when asked. A packed file cannot be looked into. */
static bool is_signed(const char *path)
{
	static const char magic[] = "~Module signature appended~\n";
	size_t len = strlen(path);
	char end[sizeof(magic)] = "";
	FILE *f;

	if (len < 3 || strcmp(path + len - 3, ".ko"))
		return true;
	f = fopen(path, "re");
	if (!f)
		return true;
	if (!fseek(f, -(long)(sizeof(magic) - 1), SEEK_END) && fread(end, 1, sizeof(magic) - 1, f) != sizeof(magic) - 1)
		*end = 0;
	fclose(f);
	return !strcmp(end, magic);
}

static char *root_helper(void)
{
	static const char *const helpers[] = { "/usr/bin/sudo", "/usr/local/bin/sudo", "/usr/bin/pkexec" };

	for (size_t i = 0; i < sizeof(helpers) / sizeof(*helpers); i++)
		if (!access(helpers[i], X_OK))
			return va_string("%s", helpers[i]);
	return NULL;
}

static bool may_be_root(void)
{
	char *helper = geteuid() ? root_helper() : NULL;
	bool may = !geteuid() || helper;

	free(helper);
	return may;
}

/* A container's root may not load modules: CAP_SYS_MODULE (16) is what counts. */
static bool may_load(void)
{
	FILE *f = geteuid() ? NULL : fopen("/proc/self/status", "re");
	unsigned long long caps = ~0ull;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "CapEff: %llx", &caps) == 1)
			break;
	if (f)
		fclose(f);
	return caps >> 16 & 1;
}

bool va_local_usable(const struct va_options *o, struct va_local *how, char **why)
{
	struct utsname uts;
	char *file;

	uname(&uts);
	*why = NULL;
	how->code = may_be_root() && may_load() ? VA_EXIT_MODULE : VA_EXIT_PERMISSION;
	if (!may_be_root())
		*why = va_string("recording on this kernel needs root, and there is neither sudo nor pkexec");
	else if (!access("/sys/module/vmatlas", F_OK) && !o->module && *o->params)
		*why = va_string("the module is loaded already, and --module-param counts when it is loaded ('sudo rmmod vmatlas' unloads it)");
	else if (!access("/sys/module/vmatlas", F_OK) && !o->module)
		return true;
	else if (!may_load())
		*why = va_string("no kernel module may be loaded from here (a container?)");
	if (*why)
		return false;
	how->load = o->module ? va_string("%s", o->module) : va_asset_module(uts.release);
	file = how->load ? va_string("%s", how->load) : installed(uts.release);
	how->probe = !how->load && file;
	if (!file)
		*why = va_string("there is no vmatlas module for this kernel (%s; 'make module-local' builds one)", uts.release);
	else if (locked_down() && !is_signed(file))
		*why = va_string("this kernel is locked down (Secure Boot) and takes signed modules only, and %s is not signed", file);
	free(file);
	return !*why;
}

static struct va_job *describe_job(const struct va_options *o)
{
	struct va_job *job = va_job_here(o->command);

	if (!job)
		return NULL;
	free(job->classes);
	job->classes = va_string("%s", o->classes);
	job->flags = VA_JOB_USER;
	job->prove = o->prove;
	job->persona |= o->no_aslr ? ADDR_NO_RANDOMIZE : 0;
	if (o->output && !strcmp(o->output, "-"))
		job->flags |= VA_JOB_STDOUT_TO_STDERR;
	return job;
}

/* The job in a file without a name; whoever becomes root opens it as /proc/PID/fd/N (sudo and pkexec close all but 0, 1, 2). */
static int job_file(const struct va_options *o)
{
	struct va_job *job = describe_job(o);
	struct va_bytes b = { 0 };
	int fd;

	if (!job)
		return -1;
	fd = memfd_create("job", MFD_CLOEXEC);
	va_job_encode(job, &b);
	if (fd < 0 || va_write_whole(fd, b.data, b.n)) {
		perror("vmatlas: job");
		fd = -1;
	}
	va_bytes_free(&b);
	va_job_free(job);
	return fd;
}

static void add_params(struct va_strings *v, const char *params)
{
	char *copy = va_string("%s", params), *save = NULL;

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		va_strings_add(v, "--param");
		va_strings_add(v, w);
	}
	free(copy);
}

static void add_pair(struct va_strings *v, const char *option, char *value)
{
	va_strings_add(v, option);
	va_strings_add(v, value);
	free(value);
}

/* Paths below our /proc entry: they must stay open here until the collector has opened them. */
static void describe(struct va_strings *v, const struct va_options *o, const struct va_local *how, const char *collector, int job, int stream,
		     int commands)
{
	char *helper = geteuid() ? root_helper() : NULL;

	if (helper)
		va_strings_add(v, helper);
	free(helper);
	va_strings_add(v, collector);
	add_pair(v, "--out", va_string("/proc/%d/fd/%d", getpid(), stream));
	add_pair(v, "--commands", va_string("/proc/%d/fd/%d", getpid(), commands));
	if (how->load)
		add_pair(v, "--load", va_string("%s", how->load));
	else if (how->probe)
		va_strings_add(v, "--probe");
	if (how->load || how->probe)
		add_params(v, o->params);
	if (o->title)
		add_pair(v, "--title", va_string("%s", o->title));
	if (o->flight)
		add_pair(v, "--flight", va_string("%u", o->flight));
	for (int i = 0; o->pid && i < o->command_count; i++)
		add_pair(v, "--pid", va_string("%s", o->command[i]));
	if (!o->pid)
		add_pair(v, "--job", va_string("/proc/%d/fd/%d", getpid(), job));
}

static volatile sig_atomic_t stop_asked;

static void ask_stop(int number)
{
	stop_asked = number;
}

/* The collector knows one way to be stopped; who asked us by another hears of that. */
static int end_code(int status)
{
	int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);

	if (WIFSIGNALED(status))
		fprintf(stderr, "vmatlas: the collector was killed by signal %d (%s); the recording ends there\n", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	return stop_asked && code == 128 + SIGTERM ? 128 + stop_asked : code;
}

/* SIGTERM interrupts waitpid. A command stops the collector wherever it runs: root's processes take no signals from us. */
static int mind_collector(pid_t pid, int leash)
{
	int status = 0;

	for (;;) {
		if (stop_asked && leash >= 0) {
			va_write_whole(leash, "stop\n", 5);
			close(leash);
			leash = -1;
		}
		if (waitpid(pid, &status, 0) == pid)
			return end_code(status);
		if (errno != EINTR)
			return VA_EXIT_FAILURE;
	}
}

static int run_collector(const struct va_options *o, const struct va_local *how, const char *collector, int stream, int commands[2])
{
	struct sigaction action = { .sa_handler = ask_stop };
	struct va_strings v = { 0 };
	int job = o->pid ? -1 : job_file(o);
	pid_t pid;

	if (job < 0 && !o->pid)
		return VA_EXIT_FAILURE;
	describe(&v, o, how, collector, job, stream, commands[0]);
	pid = fork();
	if (!pid) {
		execv(v.item[0], v.item);
		fprintf(stderr, "vmatlas: %s: %s\n", v.item[0], strerror(errno));
		_exit(VA_EXIT_FAILURE);
	}
	/* The terminal's Ctrl-C is for the command and whoever minds it. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	return pid < 0 ? VA_EXIT_FAILURE : mind_collector(pid, commands[1]);
}

int va_local_start(struct va_launch *l, const struct va_options *o, const struct va_local *how)
{
	char *collector = va_asset_collector();
	int stream[2], commands[2];

	if (!collector || pipe2(stream, O_CLOEXEC) || pipe2(commands, O_CLOEXEC)) {
		fputs(collector ? "vmatlas: cannot make pipes\n" : "vmatlas: vmatlas-collect is not installed\n", stderr);
		free(collector);
		return VA_EXIT_FAILURE;
	}
	fcntl(stream[1], F_SETPIPE_SZ, 1 << 20);
	fflush(NULL);
	l->pid = fork();
	if (!l->pid) {
		close(stream[0]);
		_exit(run_collector(o, how, collector, stream[1], commands));
	}
	close(stream[1]);
	close(commands[0]);
	l->stream = stream[0];
	l->commands = commands[1];
	free(collector);
	return l->pid < 0 ? VA_EXIT_FAILURE : 0;
}
