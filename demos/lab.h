/* What the lab programs share: captions, pace, children in step, ends. None of it takes memory from the heap. */
#ifndef LAB_H
#define LAB_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libmap.h"
#include "vmatlas/mark.h"

#define PAGE 4096ul
#define KIB 1024ul
#define MIB (1024ul * 1024)
#define GIB (1024ul * MIB)
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define LAB_UNUSED __attribute__((unused))

static double lab_pace; /* seconds */

static LAB_UNUSED __attribute__((noreturn)) void lab_die(const char *what)
{
	dprintf(STDERR_FILENO, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	_exit(1);
}

static LAB_UNUSED void lab_wait(double s)
{
	struct timespec t = {.tv_sec = (time_t)s, .tv_nsec = (long)((s - (double)(time_t)s) * 1e9)};

	while (s > 0 && nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* A number of /proc/self/status, "VmPTE:": KiB; -1 = there is none. */
static LAB_UNUSED long lab_status(const char *name)
{
	static char text[8192];
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *line;

	if (n < 0)
		lab_die("/proc/self/status");
	close(fd);
	text[n] = 0;
	line = strstr(text, name);
	return line ? atol(line + strlen(name)) : -1;
}

/* A short breath between two things of one step. */
static LAB_UNUSED void lab_beat(void)
{
	lab_wait(lab_pace / 10);
}

static LAB_UNUSED uint64_t lab_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* On standard output only: what one would not want in a recording (frames), or what is too much for a caption. */
static LAB_UNUSED __attribute__((format(printf, 1, 2))) void lab_print(const char *format, ...)
{
	static char line[512];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (n > (int)sizeof(line) - 1)
		n = (int)sizeof(line) - 1;
	if (n < 0 || write(STDOUT_FILENO, line, (size_t)n) < 0)
		_exit(1);
}

static LAB_UNUSED void lab_say(const char *caption)
{
	vmatlas_mark(caption);
	lab_print("%s\n", caption);
	lab_wait(lab_pace);
}

/* What captions and prints need of the C library is touched before the first: else its faults would stand between those of the story. */
static LAB_UNUSED void lab_warm(void)
{
	static char line[256];
	struct libmap_page page = libmap_look(line);

	snprintf(line, sizeof(line), "%p %lx %lu %d %2lu %-16s%s", (void *)line, page.frame, lab_now(), page.state, 1ul, "a", "b");
	lab_wait(1e-9);
}

static LAB_UNUSED double lab_pace_of(const char *text)
{
	char *end;
	double pace = strtod(text, &end);

	if (end != text && !*end && pace >= 0 && pace <= 60)
		return pace;
	dprintf(STDERR_FILENO, "%s: '%s' is no pace: seconds, 0 to 60\n", program_invocation_short_name, text);
	_exit(2);
}

/*
 * --help: says in one line what the program shows (options: those of its own). --pace SECONDS after each caption: 0.7 on a terminal, else 0; the environment's VMATLAS_PACE comes
 * before the default. Returns the index of the first other argument.
 */
static LAB_UNUSED int lab_start(int argc, char **argv, const char *options, const char *shows)
{
	const char *env = getenv("VMATLAS_PACE");

	lab_warm();
	lab_pace = env ? lab_pace_of(env) : isatty(STDOUT_FILENO) ? 0.7 : 0;
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		lab_print("%s [--pace SECONDS]%s: %s\n", program_invocation_short_name, options, shows);
		_exit(0);
	}
	if (argc > 2 && !strcmp(argv[1], "--pace")) {
		lab_pace = lab_pace_of(argv[2]);
		return 3;
	}
	return 1;
}

/* For programs that know no other argument. */
static LAB_UNUSED void lab_start_plain(int argc, char **argv, const char *shows)
{
	int at = lab_start(argc, argv, "", shows);

	if (at < argc) {
		dprintf(STDERR_FILENO, "%s: what is '%s'? --help tells\n", program_invocation_short_name, argv[at]);
		_exit(2);
	}
}

/* Where the next mapping goes: side by side, mappings with equal rights would merge into one box. */
static LAB_UNUSED char *lab_place(size_t bytes)
{
	static char *place = (char *)0x600000000000;
	char *p = place;

	place += (bytes + 16 * MIB) & ~(2 * MIB - 1);
	return p;
}

static LAB_UNUSED char *lab_map_file(size_t bytes, int prot, int flags, int fd)
{
	char *p = mmap(lab_place(bytes), bytes, prot, flags, fd, 0);

	if (p == MAP_FAILED)
		lab_die("mmap");
	return p;
}

static LAB_UNUSED char *lab_map(size_t bytes, int prot)
{
	return lab_map_file(bytes, prot, ANON, -1);
}

static LAB_UNUSED void lab_unmap(void *p, size_t bytes)
{
	if (munmap(p, bytes))
		lab_die("munmap");
}

static LAB_UNUSED void lab_write(char *p, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += PAGE)
		*(volatile char *)(p + at) = 1;
}

/*
 * This process and its children stay on one CPU. A frame counts as shared while another CPU has not yet put it on the kernel's lists; whether a write copies or
 * not would depend on that.
 */
static LAB_UNUSED void lab_one_cpu(void)
{
	int cpu = sched_getcpu();
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu < 0 ? 0 : cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* A child that does not outlive this process. */
static LAB_UNUSED pid_t lab_fork(void)
{
	pid_t child = fork();

	if (child < 0)
		lab_die("fork");
	if (!child)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return child;
}

static LAB_UNUSED void lab_join(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		lab_die("waitpid");
	if (status) {
		dprintf(STDERR_FILENO, "%s: a child ended with status %#x\n", program_invocation_short_name, status);
		_exit(1);
	}
}

/* One says "go on", the other waits for it: a pipe of bytes. */
struct lab_turn {
	int ends[2];
};

static LAB_UNUSED struct lab_turn lab_turn(void)
{
	struct lab_turn turn;

	if (pipe(turn.ends))
		lab_die("pipe");
	return turn;
}

static LAB_UNUSED void lab_go(struct lab_turn turn)
{
	if (write(turn.ends[1], "", 1) != 1)
		lab_die("pipe");
}

static LAB_UNUSED void lab_await(struct lab_turn turn)
{
	char c;

	if (read(turn.ends[0], &c, 1) != 1)
		lab_die("pipe");
}

#endif
