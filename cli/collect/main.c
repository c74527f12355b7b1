/* The collector's command line: see collect.h. Usually started by vmatlas or by the guest's init. */
#include "collect.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"

enum { JOB = 256, REPORT, LOAD, PROBE, PARAM, UNLOAD, PID, USER, CLASSES, TITLE, COMMANDS, FLIGHT };

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },	    { "version", no_argument, NULL, 'V' },
	{ "out", required_argument, NULL, 'o' },    { "job", required_argument, NULL, JOB },
	{ "report", required_argument, NULL, REPORT }, { "load", required_argument, NULL, LOAD },
	{ "probe", no_argument, NULL, PROBE },	    { "param", required_argument, NULL, PARAM },
	{ "unload", no_argument, NULL, UNLOAD },    { "pid", required_argument, NULL, PID },
	{ "user", required_argument, NULL, USER },  { "enable-classes", required_argument, NULL, CLASSES },
	{ "title", required_argument, NULL, TITLE },  { "commands", required_argument, NULL, COMMANDS },
	{ "flight", required_argument, NULL, FLIGHT },
	{ 0 },
};

static const char help[] =
	"Examples:\n"
	"  vmatlas-collect --load vmatlas.ko --out x.stream -- ls     load the module, record ls\n"
	"  vmatlas-collect --pid 4711 --out 1 | ssh host …            record a running process to standard output\n"
	"  vmatlas-collect --unload                                   unload the module\n"
	"\n"
	"Drains the module's per-CPU files and writes the stream. Needs root.\n"
	"\n"
	"  -o, --out FD|FILE          where the stream goes\n"
	"      --pid N                record this process until it ends, or SIGINT or SIGTERM (may repeat)\n"
	"      --user UID:GID         run the command as this user\n"
	"      --enable-classes LIST  event classes: fault op vma task mark (all)\n"
	"      --title TEXT           title of the recording\n"
	"      --load FILE.ko         load the module first, unload it at the end; --probe: the installed one\n"
	"      --param NAME=VALUE     parameter for --load and --probe (may repeat)\n"
	"      --unload               with nothing to record: unload the module\n"
	"      --job FD|FILE          the command as vmatlas describes it, instead of -- COMMAND\n"
	"      --flight MIB           flight recorder: keep the newest, write it at a crash, at SIGUSR1 and at the end\n"
	"      --commands FD|FILE     lines \"mark TEXT\", \"dump\", \"stop\"; the end of this input stops the recording\n"
	"      --report FD            struct va_report at the end\n"
	"\n"
	"Exit codes: as vmatlas; the command's own status is passed through.\n";

struct arguments {
	struct va_collect_options o;
	const char *load, *job, *user, *out;
	char *params, *classes;
	bool probe, unload;
};

static int usage(const char *sentence)
{
	fprintf(stderr, "vmatlas-collect: %s; try --help\n", sentence);
	return VA_EXIT_USAGE;
}

static void append(char **list, const char *word)
{
	char *longer = va_string("%s%s%s", *list, **list ? " " : "", word);

	free(*list);
	*list = longer;
}

static bool is_number(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s) && strlen(s) < 10;
}

static int open_argument(const char *s, int flags)
{
	int fd = is_number(s) ? atoi(s) : open(s, flags | O_CLOEXEC, 0600);

	if (fd >= 0 && is_number(s))
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (fd < 0)
		fprintf(stderr, "vmatlas-collect: %s: %s\n", s, strerror(errno));
	return fd;
}

static int take(struct arguments *a, int c)
{
	switch (c) {
	case 'o':
		a->out = optarg;
		return -1;
	case JOB:
		a->job = optarg;
		return -1;
	case REPORT:
		a->o.report = atoi(optarg);
		fcntl(a->o.report, F_SETFD, FD_CLOEXEC);
		return -1;
	case LOAD:
		a->load = optarg;
		return -1;
	case PROBE:
		a->probe = true;
		return -1;
	case PARAM:
		append(&a->params, optarg);
		return -1;
	case COMMANDS:
		a->o.commands = open_argument(optarg, O_RDONLY);
		return a->o.commands < 0 ? VA_EXIT_FAILURE : -1;
	case UNLOAD:
		a->unload = true;
		return -1;
	case PID:
		if (!is_number(optarg) || atoi(optarg) <= 0)
			return usage("--pid needs a process id");
		if (a->o.pids == VA_COLLECT_PIDS)
			return usage("no more than 64 processes can be given");
		a->o.pid[a->o.pids++] = atoi(optarg);
		return -1;
	case FLIGHT:
		a->o.flight = is_number(optarg) ? atoi(optarg) : 0;
		return a->o.flight && a->o.flight <= VA_FLIGHT_MAX ? -1 : usage("--flight needs a number of MiB");
	case USER:
		a->user = optarg;
		return -1;
	case CLASSES:
		append(&a->classes, optarg);
		return -1;
	case TITLE:
		a->o.title = optarg;
		return -1;
	case 'h':
		fputs(help, stdout);
		return fflush(stdout) ? (perror("vmatlas-collect: standard output"), VA_EXIT_FAILURE) : VA_EXIT_OK;
	case 'V':
		printf("vmatlas-collect %s\n", VA_VERSION);
		return VA_EXIT_OK;
	}
	return usage("unknown option, or its value is missing");
}

static struct va_job *read_job(const char *where)
{
	struct va_bytes b = { 0 };
	struct va_job *job = NULL;
	int fd = open_argument(where, O_RDONLY);

	if (fd >= 0 && !va_read_whole(fd, &b, VA_JOB_MAX))
		job = va_job_decode(b.data, b.n);
	if (fd >= 0) {
		close(fd);
		if (!job)
			fputs("vmatlas-collect: the job cannot be understood\n", stderr);
	}
	va_bytes_free(&b);
	return job;
}

static bool set_user(struct va_job *job, const char *user)
{
	char *end;

	job->uid = strtoul(user, &end, 10);
	if (end == user || *end != ':' || !is_number(end + 1))
		return false;
	job->gid = strtoul(end + 1, NULL, 10);
	job->group_count = 0;
	job->flags |= VA_JOB_USER;
	return true;
}

static int find_job(struct arguments *a, char **command)
{
	if (a->job) {
		a->o.job = read_job(a->job);
		if (a->o.job && *a->o.job->title && !a->o.title)
			a->o.title = a->o.job->title;
		return a->o.job ? -1 : VA_EXIT_FAILURE;
	}
	if (!*command)
		return -1;
	a->o.job = va_job_here(command);
	if (!a->o.job)
		return VA_EXIT_FAILURE;
	if (a->user && !set_user(a->o.job, a->user))
		return usage("--user needs UID:GID");
	if (*a->classes) {
		free(a->o.job->classes);
		a->o.job->classes = va_string("%s", a->classes);
	}
	return -1;
}

static int load(struct arguments *a)
{
	if (a->load)
		return va_module_load(a->load, a->params);
	if (a->probe)
		return va_module_probe(a->params);
	return VA_EXIT_OK;
}

static int run(struct arguments *a)
{
	int code = load(a);

	if (code)
		return code;
	if (!va_module_present()) {
		fputs(geteuid() ? "vmatlas-collect: only root may read the module's files\n"
				: "vmatlas-collect: the vmatlas module is not loaded, or /proc is not mounted here\n", stderr);
		return geteuid() ? VA_EXIT_PERMISSION : VA_EXIT_MODULE;
	}
	if (a->o.job && !a->o.flight)
		a->o.flight = a->o.job->flight;
	a->o.loader = a->load ? a->load : a->probe ? "modprobe" : "was loaded";
	code = va_collect_run(&a->o);
	if (a->load || a->probe)
		va_module_unload();
	return code;
}

int main(int argc, char **argv)
{
	struct arguments a = { .o = { .out = -1, .report = -1, .commands = -1 } };
	int c, code = -1;

	opterr = 0;
	a.params = va_string("%s", "");
	a.classes = va_string("%s", "");
	while (code < 0 && (c = getopt_long(argc, argv, "+hVo:", long_options, NULL)) != -1)
		code = take(&a, c);
	if (code < 0)
		code = find_job(&a, argv + optind);
	if (code < 0 && a.o.job && a.o.job->flags & VA_JOB_BARE)
		va_child_bare(a.o.job);
	if (code < 0 && a.unload && !a.o.job && !a.o.pids)
		return va_module_unload();
	if (code < 0 && !a.out && (a.o.job || a.o.pids))
		code = usage("--out is missing");
	if (code < 0 && !a.o.job == !a.o.pids)
		code = usage("give a command or --pid");
	if (code < 0) {
		a.o.out = open_argument(a.out, O_WRONLY | O_CREAT | O_TRUNC);
		code = a.o.out < 0 ? VA_EXIT_FAILURE : run(&a);
	}
	va_job_free(a.o.job);
	free(a.params);
	free(a.classes);
	return code;
}
