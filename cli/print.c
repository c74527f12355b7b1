/* vmatlas print: asks the module to print a process, and reads the kernel log along, so that it need not have room for all of it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arguments.h"
#include "commands.h"
#include "vmatlas/control.h"

#define PRINT_FILE VMATLAS_CONTROL_DIR "/print"

static const char help_text[] =
	"Examples:\n"
	"  sudo vmatlas print 4711                                   the address space of process 4711, as the kernel has it\n"
	"  sudo vmatlas print --tree --addr 0x7ffd1c9a0000 4711      and its page tables, and all levels of an address\n"
	"  vmatlas vm -- sh -c 'insmod build/module/6.12/vmatlas.ko; build/vmatlas print $$'\n"
	"\n"
	"Usage: vmatlas print [--addr ADDRESS] [--tree] [--phys] PID\n"
	"\n"
	"Lets the module print a process to the kernel log, once, and copies the lines to standard output while they come. Nothing is recorded. Needs root and\n"
	"the module, loaded. The lines: <vmatlas/control.h>, print.\n"
	"\n"
	"  --addr ADDRESS  and each level of this address's page-table walk\n"
	"  --tree          and all its page tables, in figures\n"
	"  --phys          physical addresses also where everybody may read the kernel log\n"
	"\n"
	"Exit codes: 0 ok, 1 failure, 2 usage, 3 no permission, 4 no such process, 5 the module is not loaded.";

struct reading {
	int log;
	unsigned long long next, lost; /* number of the next message; messages overwritten before they were read */
	bool inside;                   /* between "begin:" and "end:" */
};

static int parse(int argc, char **argv, char *request, size_t room)
{
	static const struct option options[] = {
		{ "addr", required_argument, NULL, 'a' }, { "tree", no_argument, NULL, 't' }, { "phys", no_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' }, { 0 },
	};
	unsigned long long addr = 0;
	bool has_addr = false, tree = false, phys = false;
	unsigned pid;
	char *end;
	int c, n;

	optind = 0;
	while ((c = va_next_option(argc, argv, "h", options, "print")) != -1) {
		if (c == 'h')
			return puts(help_text), va_end_output();
		if (c == '?')
			return VA_EXIT_USAGE;
		tree |= c == 't';
		phys |= c == 'p';
		if (c != 'a')
			continue;
		has_addr = true;
		addr = strtoull(optarg, &end, 0);
		if (*optarg < '0' || *optarg > '9' || *end)
			return va_usage("print", "--addr takes an address, 0x7ffd1c9a0000, not '%s'", optarg);
	}
	if (optind + 1 != argc)
		return va_usage("print", "print takes the id of one process");
	if (!va_take_pid("print", argv[optind], &pid))
		return VA_EXIT_USAGE;
	n = snprintf(request, room, "pid=%u tree=%d phys=%d", pid, tree, phys);
	if (has_addr)
		snprintf(request + n, room - (size_t)n, " addr=0x%llx", addr);
	return -1;
}

static int refused(const char *file)
{
	if (errno == ENOENT)
		fputs("vmatlas: the module is not loaded (" PRINT_FILE " is not there); insmod build/module/$(uname -r)/vmatlas.ko\n", stderr);
	else
		fprintf(stderr, "vmatlas: %s: %s\n", file, strerror(errno));
	return errno == ENOENT ? VA_EXIT_MODULE : errno == EACCES || errno == EPERM ? VA_EXIT_PERMISSION : VA_EXIT_FAILURE;
}

/* The log writes what is not printable, and the backslash, as \xNN. */
static void unescape(char *text)
{
	char *to = text, hex[3] = "";

	for (; *text; text++) {
		if (text[0] == '\\' && text[1] == 'x' && text[2] && text[3]) {
			memcpy(hex, text + 2, 2);
			*to++ = (char)strtoul(hex, NULL, 16);
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = 0;
}

/* "LEVEL,NUMBER,TIME,…;TEXT" and lines that begin with a blank. */
static void take_message(struct reading *r, char *message)
{
	static const char ours[] = "vmatlas: ";
	unsigned long long number = strtoull(message + strcspn(message, ",") + 1, NULL, 10);
	char *text = strchr(message, ';');

	if (r->inside && number > r->next)
		r->lost += number - r->next;
	r->next = number + 1;
	if (!text || strncmp(++text, ours, sizeof(ours) - 1))
		return;
	text[strcspn(text, "\n")] = 0;
	text += sizeof(ours) - 1;
	unescape(text);
	if (!strncmp(text, "print: ", 7)) {
		fprintf(stderr, "vmatlas: %s\n", text + 7);
		return;
	}
	r->inside |= !strncmp(text, "begin:", 6);
	if (r->inside && !strncmp(text, "end:", 4))
		r->inside = false;
	else if (r->inside)
		puts(text);
}

/* All there is now. */
static void read_log(struct reading *r)
{
	static char message[8192];
	ssize_t n;

	/* EPIPE: the next one has been overwritten, the oldest there is comes with the next read. */
	while ((n = read(r->log, message, sizeof(message) - 1)) > 0 || (n < 0 && (errno == EPIPE || errno == EINTR)))
		if (n > 0) {
			message[n] = 0;
			take_message(r, message);
		} else if (errno == EPIPE && !r->inside) {
			r->lost++; /* perhaps the first of ours */
		}
}

static pid_t ask(int file, const char *request)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(write(file, request, strlen(request)) < 0 ? errno & 0x7f : 0);
	return pid;
}

static int code_of(int status, const struct reading *r)
{
	int error = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR, code = va_end_output();

	if (error)
		return error == ESRCH ? VA_EXIT_NO_PROCESS : error == EPERM ? VA_EXIT_PERMISSION : VA_EXIT_FAILURE;
	if (r->lost) {
		fprintf(stderr, "vmatlas: %llu messages of the kernel log were overwritten before they could be read: the above is not all\n", r->lost);
		return VA_EXIT_FAILURE;
	}
	return code;
}

static int print(int file, int log, const char *request)
{
	struct reading r = { .log = log };
	struct pollfd ready = { .fd = log, .events = POLLIN };
	int status = 0;
	pid_t pid = ask(file, request), ended = 0;

	if (pid < 0) {
		perror("vmatlas: fork");
		return VA_EXIT_FAILURE;
	}
	do {
		poll(&ready, 1, 20);
		ended = waitpid(pid, &status, WNOHANG);
		read_log(&r);
	} while (!ended);
	return code_of(status, &r);
}

int cmd_print(int argc, char **argv)
{
	char request[128];
	int code = parse(argc, argv, request, sizeof(request)), file, log;

	if (code >= 0)
		return code;
	file = open(PRINT_FILE, O_WRONLY | O_CLOEXEC);
	if (file < 0)
		return refused(PRINT_FILE);
	log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log < 0 || lseek(log, 0, SEEK_END) < 0)
		return refused("/dev/kmsg");
	code = print(file, log, request);
	close(log);
	close(file);
	return code;
}
