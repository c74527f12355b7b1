#include <stdio.h>
#include <stdlib.h>

#include "arguments.h"
#include "commands.h"
#include "watch.h"

static const char intro[] =
	"Examples:\n"
	"  vmatlas record -o ls.vmatlas -- ls -l\n"
	"  vmatlas record -o make.vmatlas --vm=6.1 --cpus 4 -- make -j4\n"
	"  vmatlas record -o crash.vmatlas --flight -- ./server\n"
	"  vmatlas record -o lab.vmatlas --vm --share results -- sh -c './lab >results/out'\n"
	"\n"
	"Usage: vmatlas record -o FILE [OPTIONS] -- COMMAND [ARGUMENTS]\n"
	"\n"
	"Runs the command and writes what the kernel does with its memory, and its children's, to FILE. Its input,\n"
	"output, error output and exit status pass through. Ctrl-C is the command's; a second one ends the VM.\n"
	"\n"
	"  -o, --output FILE    the recording, readable by you only; - = standard output (the command's own output\n"
	"                       then goes to standard error)\n"
	"      --title TEXT     a title for it\n"
	"      --redact         a recording for sharing: page frames and the names of your files, programs and machine are\n"
	"                       replaced before anything is written; 'vmatlas redact --help' says what stays\n"
	"      --drop-marks     the same, and what marks and the title say\n"
	"      --flight[=MIB]   flight recorder: keep only the newest in memory, write it when a process crashes\n"
	"                       (SIGSEGV, SIGABRT, …), when vmatlas gets SIGUSR1, and at the end. MIB of maps and calls\n"
	"                       (64); of faults what the module's buffers hold (--module-param fault_subbuf_count=N)\n"
	"  -q, --quiet          say nothing but errors\n"
	"\n";

int cmd_record(int argc, char **argv)
{
	char *help = va_string("%s%s", intro, va_options_help_vm);
	struct va_options o;
	int code = va_options_parse(&o, argc, argv, "ovf", help);

	free(help);
	if (code < 0 && !o.output)
		code = va_usage("record", "record needs -o FILE");
	if (code < 0)
		code = va_watch_record(&o);
	va_options_free(&o);
	return code;
}
