#include <stdio.h>

#include "arguments.h"
#include "commands.h"
#include "watch.h"
#include "window.h"

static const char help[] =
	"Examples:\n"
	"  vmatlas attach 4711                       watch process 4711 in the window (asks for root's rights)\n"
	"  vmatlas attach -o it.vmatlas 4711         record it, too; until Ctrl-C where there is no display\n"
	"\n"
	"Usage: vmatlas attach [OPTIONS] PID...\n"
	"\n"
	"Watches a process that already runs on this machine's kernel, or several, with all threads and the children they\n"
	"get from now on, until the last has ended. Needs the module on this kernel. Closing the window, or Ctrl-C, leaves the process running.\n"
	"\n"
	"  -o, --output FILE    write a recording\n"
	"      --flight[=MIB]   with -o, without a window: keep only the newest in memory; write it when the process or a\n"
	"                       child crashes, when vmatlas gets SIGUSR1, and at the end ('vmatlas record --help')\n"
	"      --title TEXT     a title for the window and the recording\n"
	"      --classes LIST   event classes to record: fault op vma task mark (all)\n"
	"      --module FILE.ko load this module\n"
	"      --module-param P=V  parameter when the module is loaded\n"
	"  -q, --quiet          say nothing but errors\n"
	"\n"
	"The window:\n" VA_APPEARANCE_HELP;

static int attach(struct va_options *o)
{
	o->where = VA_WHERE_LOCAL;
	if (o->flight && !o->output)
		return va_usage("attach", "--flight needs -o FILE");
	if (!o->flight && va_window_possible())
		return va_watch_window(o);
	if (o->output)
		return va_watch_record(o);
	fputs("vmatlas: there is no display to open a window on; 'vmatlas attach -o FILE PID' records without one\n", stderr);
	return VA_EXIT_FAILURE;
}

int cmd_attach(int argc, char **argv)
{
	struct va_options o;
	int code = va_options_parse(&o, argc, argv, "opfw", help);

	if (code < 0)
		code = attach(&o);
	va_options_free(&o);
	return code;
}
