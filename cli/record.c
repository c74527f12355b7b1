#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "launch.h"
#include "recorder.h"

static struct va_launch launch;

static void stop(int number)
{
	va_launch_stop(&launch);
}

/*
 * The command's processes hear of signals themselves: Ctrl-C reaches the whole group. Who asks only us to end wants the recording, and gets
 * it whole.
 */
static void mind_signals(void)
{
	struct sigaction action = { .sa_handler = stop, .sa_flags = SA_RESTART };

	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

/* Nothing was recorded: an empty file would only puzzle. */
static void drop_empty(int file, const char *path)
{
	struct stat st;

	if (!fstat(file, &st) && S_ISREG(st.st_mode) && !st.st_size)
		unlink(path);
}

static int record(const struct va_options *o)
{
	int file = va_recorder_open(o->output), code, failed;

	if (file < 0)
		return VA_EXIT_FAILURE;
	code = va_launch_start(&launch, o);
	if (code) {
		drop_empty(file, o->output);
		return code;
	}
	mind_signals();
	failed = va_recorder_run(launch.stream, file, o->output, -1);
	code = va_launch_wait(&launch);
	drop_empty(file, o->output);
	close(file);
	return code ? code : failed ? VA_EXIT_FAILURE : VA_EXIT_OK;
}

int cmd_record(int argc, char **argv)
{
	char *help;
	struct va_options o;
	int code;

	help = va_string("Examples:\n"
			 "  vmatlas record -o ls.vmatlas -- ls -l\n"
			 "  vmatlas record -o make.vmatlas --vm=6.1 --cpus 4 -- make -j4\n"
			 "  vmatlas record -o lab.vmatlas --vm --share results -- sh -c './lab >results/out'\n"
			 "\n"
			 "Usage: vmatlas record -o FILE [OPTIONS] -- COMMAND [ARGUMENTS]\n"
			 "\n"
			 "Runs the command and writes what the kernel does with its memory, and its children's, to FILE. Its input,\n"
			 "output, error output and exit status pass through.\n"
			 "\n"
			 "  -o, --output FILE    the recording, readable by you only; - = standard output (the command's own output\n"
			 "                       then goes to standard error)\n"
			 "      --title TEXT     a title for it\n"
			 "  -q, --quiet          say nothing but errors\n"
			 "\n"
			 "%s",
			 va_options_help_vm);
	code = va_options_parse(&o, argc, argv, "ov", help);
	free(help);
	if (code < 0 && !o.output) {
		fputs("vmatlas: record needs -o FILE; try 'vmatlas record --help'\n", stderr);
		code = VA_EXIT_USAGE;
	}
	if (code < 0)
		code = record(&o);
	va_options_free(&o);
	return code;
}
