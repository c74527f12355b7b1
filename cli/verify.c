/* vmatlas verify: proves the picture on the user's own program, against what the kernel itself says. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "decode.h"
#include "verdict.h"
#include "watch.h"

static const char intro[] =
	"Examples:\n"
	"  vmatlas verify -- ls -l                              run ls, compare at random moments\n"
	"  vmatlas verify --vm=6.1 --interval 10 -- make -j2    every process of the tree, every 10 ms on the average\n"
	"  vmatlas verify --pages all -o my.vmatlas -- ./prog   every page; keep the recording, with the kernel's words in it\n"
	"  vmatlas verify my.vmatlas                            compare again\n"
	"\n"
	"Usage: vmatlas verify [OPTIONS] -- COMMAND [ARGUMENTS]\n"
	"       vmatlas verify FILE [--format json]      FILE - : standard input\n"
	"\n"
	"Stops all processes of the command together at random moments (by the cgroup freezer, which they do not notice, but that a few calls\n"
	"such as epoll_wait may return early with EINTR), reads /proc/PID/maps, smaps and pagemap and fault counts of each, lets\n"
	"them go on, and compares all of it with the picture as it was at that moment. Then prints what was compared, and\n"
	"explains the first difference. The command's own input and output pass through.\n"
	"\n"
	"      --seed N         repeats the random intervals and samples of a run (printed always)\n"
	"      --interval MS    mean time between moments (25); never less than they take\n"
	"      --count N        compare at N moments, then let the command run on\n"
	"      --pages N|all    pages compared per process and moment (2048); all: of VMAs up to 1 GiB\n"
	"      --refresh N      of 100 moments N begin with a fresh report of all pages (25): then nothing may be uncertain\n"
	"  -o, --output FILE    keep the recording, with what the kernel said\n"
	"      --format json    one object, on the last line of standard output\n"
	"  -q, --quiet          say nothing but errors and the result\n"
	"\n"
	"Exit codes: 0 no difference, 1 differences or nothing compared, 2 usage, 3 no permission, 5 the module cannot be used,\n"
	"6 not a readable recording, 7 the VM failed. The command's own status is in the JSON.\n"
	"\n";

struct verify {
	struct va_verdict verdict;
	struct va_checker *checker;
	int error;           /* enum va_decode_error */
	bool told;           /* progress is on the terminal */
};

static void show_progress(struct verify *v)
{
	const struct va_prove_counts *c = va_checker_counts(v->checker);
	static __u64 shown;

	if (!v->told || c->moments == shown)
		return;
	shown = c->moments;
	fprintf(stderr, "\r%llu moments, %llu differences ", c->moments, va_checker_differences(v->checker));
}

static void feed(void *ctx, const void *bytes, size_t n)
{
	struct verify *v = ctx;

	if (v->error)
		return;
	v->error = va_checker_feed(v->checker, bytes, n);
	show_progress(v);
}

static int print(struct verify *v, bool json)
{
	if (v->told)
		fputs("\r\033[K", stderr);
	if (json)
		va_verdict_json(&v->verdict);
	else
		va_verdict_text(&v->verdict);
	if (fflush(stdout) || ferror(stdout)) {
		perror("vmatlas: standard output");
		return VA_EXIT_FAILURE;
	}
	if (va_verdict_differences(&v->verdict))
		return VA_EXIT_FAILURE;
	if (va_checker_counts(v->checker)->maps)
		return VA_EXIT_OK;
	fputs(v->verdict.live ? "vmatlas: nothing was compared: the command ended before it could be stopped (a shorter --interval may help)\n"
			      : "vmatlas: nothing was compared: the recording holds no proofs that could be ('vmatlas verify -o FILE -- …' makes such)\n", stderr);
	return VA_EXIT_FAILURE;
}

/* --- a file ------------------------------------------------------------------------------------------------------------------ */

static int read_file(struct verify *v, const char *path)
{
	static char buf[1 << 20];
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	ssize_t got = -1;

	while (fd >= 0 && !v->error && (got = read(fd, buf, sizeof(buf))) != 0) {
		if (got > 0)
			feed(v, buf, (size_t)got);
		else if (errno != EINTR)
			break;
	}
	if (got < 0) {
		fprintf(stderr, "vmatlas: %s: %s\n", path, strerror(errno));
		return VA_EXIT_NOT_A_RECORDING;
	}
	if (fd > 2)
		close(fd);
	return 0;
}

/* 0, or the exit code after one sentence; a damaged end is said and what comes before is used. */
static int judge(const struct verify *v, const char *path)
{
	if (!va_checker_model(v->checker)) {
		fprintf(stderr, "vmatlas: %s: %s\n", path, v->error ? va_decode_strerror(v->error) : "empty, or cut off within its head: not a readable recording");
		return VA_EXIT_NOT_A_RECORDING;
	}
	if (v->error)
		fprintf(stderr, "vmatlas: %s: %s; what comes before is used\n", path, va_decode_strerror(v->error));
	else if (va_checker_cut(v->checker) || !va_checker_end(v->checker))
		fprintf(stderr, "vmatlas: %s: cut off, used up to its last whole block\n", path);
	return 0;
}

static int verify_file(struct verify *v, const struct va_options *o)
{
	const char *path = o->command[0];
	int code = read_file(v, path);

	va_checker_finish(v->checker);
	if (!code)
		code = judge(v, path);
	return code ? code : print(v, o->json);
}

/* --- a command --------------------------------------------------------------------------------------------------------------- */

static int verify_command(struct verify *v, const struct va_options *o)
{
	const struct vmatlas_end *end;
	int code;

	v->verdict.live = true;
	v->verdict.seed = o->prove.seed;
	v->verdict.wanted = o->prove.count;
	v->told = !o->quiet && isatty(2) && !o->json;
	code = va_watch_feed(o, feed, v);
	va_checker_finish(v->checker);
	if (!va_checker_model(v->checker))
		return code ? code : VA_EXIT_FAILURE;
	end = va_checker_end(v->checker);
	if (v->error)
		fprintf(stderr, "vmatlas: the stream was damaged (%s)\n", va_decode_strerror(v->error));
	else if (!end)
		fputs("vmatlas: the recording broke off\n", stderr);
	if (v->error || !end) {
		print(v, o->json);
		return code ? code : VA_EXIT_FAILURE;
	}
	return print(v, o->json);
}

static int parse(struct va_options *o, int argc, char **argv)
{
	char *help = va_string("%s%s", intro, va_options_help_vm);
	int code = va_options_parse(o, argc, argv, "ovc", help);

	free(help);
	if (code < 0 && o->output && !strcmp(o->output, "-")) {
		fputs("vmatlas: verify prints its result to standard output, so the recording needs a file; try 'vmatlas verify --help'\n", stderr);
		code = VA_EXIT_USAGE;
	}
	return code;
}

/* Without "--" there is no command, but a recording, and options may stand behind it. */
static bool file_last(int argc, char **argv)
{
	char *first = argc > 1 ? argv[1] : NULL;

	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--"))
			return false;
	if (first && (*first != '-' || !first[1])) {
		memmove(argv + 1, argv + 2, (argc - 2) * sizeof(*argv));
		argv[argc - 1] = first;
	}
	return true;
}

int cmd_verify(int argc, char **argv)
{
	struct verify v = { 0 };
	struct va_options o;
	bool file = file_last(argc, argv);
	int code = parse(&o, argc, argv);

	if (code < 0 && file && o.command_count > 1) {
		fputs("vmatlas: one recording at a time; a command stands behind '--'; try 'vmatlas verify --help'\n", stderr);
		code = VA_EXIT_USAGE;
	}
	if (code < 0) {
		v.checker = va_checker_new();
		v.verdict.checker = v.checker;
		code = file ? verify_file(&v, &o) : verify_command(&v, &o);
		va_checker_free(v.checker);
	}
	va_options_free(&o);
	return code;
}
