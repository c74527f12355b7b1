#include <stdio.h>

#include "commands.h"
#include "watch.h"

static const char intro[] =
	"Examples:\n"
	"  vmatlas vm -- uname -r\n"
	"  vmatlas vm -- sh -c 'insmod build/demos/hello-module/6.12/hello.ko; rmmod hello; dmesg | tail -2'\n"
	"  vmatlas vm -- sh -c 'insmod build/module/6.12/vmatlas.ko pid=$$; dmesg | grep vmatlas:'\n"
	"\n"
	"Usage: vmatlas vm [OPTIONS] -- COMMAND [ARGUMENTS]\n"
	"\n"
	"Runs the command in a throw-away virtual machine, as its root, and nothing else: no module is loaded, nothing is recorded. A place to try a\n"
	"kernel module of one's own, or ours by hand. Input, output, error output and exit status pass through; files are\n"
	"those of this machine, what is written to them vanishes with the VM.\n"
	"\n"
	"      --vm=SERIES      Linux 6.1 or 6.12 (the default), also with -rt or -cloud\n"
	"      --levels 4|5     paging levels (4)\n"
	"      --cpus N, --mem SIZE, --numa N   processors, memory, nodes (2, 2G, 1)\n"
	"      --user           run as you; without: as its root\n"
	"      --share DIR      DIR of this machine is writable in the VM, at the same path (may repeat)\n"
	"      --guest-log FILE write the VM's kernel log there\n"
	"      --no-aslr        the command's addresses are not random\n"
	"  -q, --quiet          say nothing but errors\n";

/* The stream of a guest that records nothing: its frame only. */
static void drop(void *ctx, const void *bytes, size_t n)
{
}

static int run_bare(struct va_options *o)
{
	if (o->local || o->title || o->module || *o->params || *o->classes) {
		fputs("vmatlas: nothing is recorded in 'vm': --local, --title, --classes and options of the module do not fit; try 'vmatlas vm --help'\n", stderr);
		return VA_EXIT_USAGE;
	}
	o->where = VA_WHERE_VM;
	o->bare = true;
	return va_watch_feed(o, drop, NULL);
}

int cmd_vm(int argc, char **argv)
{
	struct va_options o;
	int code = va_options_parse(&o, argc, argv, "v", intro);

	if (code < 0)
		code = run_bare(&o);
	va_options_free(&o);
	return code;
}
