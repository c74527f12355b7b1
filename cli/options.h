/* What `run`, `record` and `attach` share on the command line. */
#ifndef VA_OPTIONS_H
#define VA_OPTIONS_H

#include <stdbool.h>
#include <sys/types.h>

#include "appearance.h"
#include "common/job.h"
#include "recorder.h"

enum va_where { VA_WHERE_AUTO = 0, VA_WHERE_LOCAL, VA_WHERE_VM };

struct va_options {
	enum va_where where;   /* by what was given */
	bool local, vm;        /* --local, --vm were given */
	const char *of_vm;     /* name of an option that was given and only the VM has, or NULL */
	bool no_aslr;
	const char *series;    /* of the VM's kernel, "6.12"; NULL = the newest there is */
	unsigned levels;       /* of paging in the VM: 4 or 5 */
	unsigned cpus;
	unsigned nodes;        /* NUMA nodes of the VM, a divisor of cpus */
	const char *memory;    /* as QEMU takes it, checked: "2G" */
	bool user;             /* in the VM: run as the calling user, not as the guest's root */
	bool bare;             /* in the VM: no module, nothing recorded (vm) */
	bool quiet;            /* only errors on stderr */
	const char *guest_log; /* file for the guest's kernel log, or NULL */
	const char *module;    /* --local: module file to load where none is loaded; NULL = build/module/RELEASE or modprobe's */
	const char *output;    /* recording to write, or NULL; "-" = standard output */
	enum va_redacting redacting; /* what the recording says */
	const char *title;
	char *params;          /* owned: module parameters, joined by spaces; "" = none */
	char *classes;         /* owned: event classes, joined by spaces; "" = the module's choice */
	struct va_strings shares; /* absolute directories */
	unsigned flight;       /* MiB a flight recorder keeps; 0 = none */
	pid_t pid;             /* attach: the last of those in `command`, which are numbers then; 0 = none */
	struct va_appearance look; /* of the window */
	struct va_proving prove; /* verify */
	bool json;             /* verify */
	char **command;        /* what is left: NULL-terminated, may be empty */
	int command_count;
};

/*
 * which: letters of the options that make sense: 'o' output, 'v' VM, 'f' flight recorder, 'p' takes a pid, 'c' compares with the kernel, 'w' has a window. Returns -1 to go on, else the exit code
 * to end with (a sentence, or the help, has been printed).
 */
int va_options_parse(struct va_options *o, int argc, char **argv, const char *which, const char *help);
void va_options_free(struct va_options *o);

/* Text of the shared options for --help. */
extern const char va_options_help_vm[];

#endif
