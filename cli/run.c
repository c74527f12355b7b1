#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "watch.h"
#include "window.h"

static const char intro[] =
	"Examples:\n"
	"  vmatlas -- ls -l                          watch ls in the window\n"
	"  vmatlas run --vm=6.1 -- make -j2          in a throw-away VM with Linux 6.1\n"
	"  vmatlas run -o lab.vmatlas -- ./lab       watch and record at the same time\n"
	"\n"
	"Usage: vmatlas [run] [OPTIONS] -- COMMAND [ARGUMENTS]\n"
	"\n"
	"Runs the command and shows what the kernel does with its memory, and its children's, while it runs. Its\n"
	"input, output, error output and exit status pass through. Ctrl-C is the command's; a second one ends the VM.\n"
	"\n"
	"  -o, --output FILE    write a recording, too\n"
	"      --title TEXT     a title for the window and the recording\n"
	"  -q, --quiet          say nothing but errors\n"
	"\n"
	"The window:\n" VA_APPEARANCE_HELP
	"\n";

static int run(const struct va_options *o)
{
	if (va_window_possible())
		return va_watch_window(o);
	fputs("vmatlas: there is no display to open a window on; record instead ('vmatlas record -o FILE -- COMMAND'), then 'vmatlas render FILE -o "
	      "FILE.png' makes a picture\n",
	      stderr);
	return VA_EXIT_FAILURE;
}

int cmd_run(int argc, char **argv)
{
	char *help = va_string("%s%s", intro, va_options_help_vm);
	struct va_options o;
	int code = va_options_parse(&o, argc, argv, "ovw", help);

	free(help);
	if (code < 0)
		code = run(&o);
	va_options_free(&o);
	return code;
}
