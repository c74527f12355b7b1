#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arguments.h"
#include "commands.h"
#include "options_check.h"

enum { VM = 256, LOCAL, LEVELS, CPUS, NUMA, MEM, USER, GUEST_LOG, GUEST_PARAM, SHARE, CLASSES, MODULE, TITLE, FLIGHT, NO_ASLR, REDACT, DROP_MARKS,
       SEED, INTERVAL, COUNT, PAGES, REFRESH, FORMAT };

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "output", required_argument, NULL, 'o' },
	{ "title", required_argument, NULL, TITLE },
	{ "local", no_argument, NULL, LOCAL },
	{ "module", required_argument, NULL, MODULE },
	{ "module-param", required_argument, NULL, GUEST_PARAM },
	{ "guest-param", required_argument, NULL, GUEST_PARAM },
	{ "classes", required_argument, NULL, CLASSES },
	{ "vm", optional_argument, NULL, VM },
	{ "levels", required_argument, NULL, LEVELS },
	{ "cpus", required_argument, NULL, CPUS },
	{ "numa", required_argument, NULL, NUMA },
	{ "mem", required_argument, NULL, MEM },
	{ "user", no_argument, NULL, USER },
	{ "share", required_argument, NULL, SHARE },
	{ "guest-log", required_argument, NULL, GUEST_LOG },
	{ "no-aslr", no_argument, NULL, NO_ASLR },
	{ "flight", optional_argument, NULL, FLIGHT },
	{ "redact", no_argument, NULL, REDACT },
	{ "drop-marks", no_argument, NULL, DROP_MARKS },
	{ "seed", required_argument, NULL, SEED },
	{ "interval", required_argument, NULL, INTERVAL },
	{ "count", required_argument, NULL, COUNT },
	{ "pages", required_argument, NULL, PAGES },
	{ "refresh", required_argument, NULL, REFRESH },
	{ "format", required_argument, NULL, FORMAT },
	VA_APPEARANCE_OPTIONS,
	{ 0 },
};

const char va_options_help_vm[] =
	"Where the command runs (with neither, and no option of the VM: here where the module is usable, else in the VM):\n"
	"  --local              on this machine's kernel, by the module (asks sudo or pkexec where not root)\n"
	"  --vm[=SERIES]        in a throw-away virtual machine with Linux SERIES: 6.1 or 6.12 (the default), also with -rt\n"
	"                       or -cloud; the command sees your files; what it writes vanishes with the VM\n"
	"  --levels 4|5         paging levels of the VM (4)\n"
	"  --cpus N, --mem SIZE processors and memory of the VM (2, 2G)\n"
	"  --numa N             the VM's processors and memory are of N nodes, evenly (1)\n"
	"  --user               in the VM, run as you; without: as its root\n"
	"  --share DIR          DIR of this machine is writable in the VM, at the same path (may repeat)\n"
	"  --guest-log FILE     write the VM's kernel log there\n"
	"\n"
	"Addresses:\n"
	"  --no-aslr            the command's addresses are not random: the same in every run\n"
	"\n"
	"The module:\n"
	"  --classes LIST       event classes to record: fault op vma task mark (all)\n"
	"  --module-param P=V   parameter when the module is loaded: " VA_PARAM_NAMES ";\n"
	"                       without=HOOK,…: as if the kernel lacked them (see docs/kernels.md)\n"
	"  --module FILE.ko     with --local: load this file\n";

static void append_word(char **list, const char *word)
{
	char *longer = va_string("%s%s%s", *list, **list ? " " : "", word);

	free(*list);
	*list = longer;
}

/* "fault,op" is as good as "fault op" */
static void append_list(char **list, const char *words)
{
	char *copy = va_string("%s", words);

	for (char *p = copy; *p; p++)
		if (*p == ',')
			*p = ' ';
	append_word(list, copy);
	free(copy);
}

static bool parse_number(const char *s, unsigned least, unsigned most, unsigned *out)
{
	char *end;
	unsigned long v = strtoul(s, &end, 10);

	if (*s < '0' || *s > '9' || *end || v < least || v > most)
		return false;
	*out = v;
	return true;
}

static bool memory_fine(const char *s)
{
	size_t digits = strspn(s, "0123456789");

	return digits && digits < 7 && (!s[digits] || (strchr("MG", s[digits]) && !s[digits + 1]));
}

static bool add_share(struct va_options *o, const char *dir)
{
	char *path = realpath(dir, NULL);
	struct stat st;
	/* The whole of / would hide the guest's own /proc, /sys and /dev. */
	bool fine = path && strcmp(path, "/") && !stat(path, &st) && S_ISDIR(st.st_mode);

	if (fine)
		va_strings_add(&o->shares, path);
	free(path);
	return fine;
}

static bool parse_seed(const char *s, uint64_t *out)
{
	char *end;

	*out = strtoull(s, &end, 10);
	return *s >= '0' && *s <= '9' && !*end;
}

static int take_prove(struct va_options *o, int c, const char *command)
{
	unsigned ms;

	switch (c) {
	case SEED:
		return parse_seed(optarg, &o->prove.seed) ? -1 : va_usage(command, "--seed is a number, not '%s'", optarg);
	case INTERVAL:
		if (!parse_number(optarg, 1, 3600000, &ms))
			return va_usage(command, "--interval is milliseconds, 1 or more, not '%s'", optarg);
		o->prove.interval_us = ms * 1000;
		return -1;
	case COUNT:
		return parse_number(optarg, 1, 1000000000, &o->prove.count) ? -1 : va_usage(command, "--count is a number from 1 on, not '%s'", optarg);
	case PAGES:
		if (!strcmp(optarg, "all"))
			o->prove.pages = ~0u;
		else if (!parse_number(optarg, 0, 1u << 30, &o->prove.pages))
			return va_usage(command, "--pages is a number of pages or 'all', not '%s'", optarg);
		return -1;
	case REFRESH:
		return parse_number(optarg, 0, 100, &o->prove.refresh) ? -1 : va_usage(command, "--refresh is a number from 0 to 100, not '%s'", optarg);
	}
	o->json = !strcmp(optarg, "json");
	return o->json || !strcmp(optarg, "text") ? -1 : va_usage(command, "--format takes text or json, not '%s'", optarg);
}

static int take(struct va_options *o, int c, const char *command)
{
	if (va_is_appearance(c))
		return va_appearance_take(&o->look, c, optarg) ? -1 : va_usage(command, "cannot make sense of '%s'", optarg);
	if (c >= SEED && c <= FORMAT)
		return take_prove(o, c, command);
	switch (c) {
	case 'q':
		o->quiet = true;
		return -1;
	case 'o':
		o->output = optarg;
		return -1;
	case REDACT:
		o->redacting = o->redacting ? o->redacting : VA_REDACT_NAMES;
		return -1;
	case DROP_MARKS:
		o->redacting = VA_REDACT_MARKS_TOO;
		return -1;
	case TITLE:
		o->title = optarg;
		return -1;
	case NO_ASLR:
		o->no_aslr = true;
		return -1;
	case LOCAL:
		o->local = true;
		return -1;
	case MODULE:
		o->module = optarg;
		return -1;
	case GUEST_PARAM:
		append_word(&o->params, optarg);
		return va_param_fits(optarg) ? -1 : va_usage(command, "--module-param takes " VA_PARAM_NAMES ", each with =NUMBER, or without=HOOK,…, not '%s'", optarg);
	case CLASSES:
		append_list(&o->classes, optarg);
		return va_classes_fit(o->classes) ? -1 : va_usage(command, "--classes takes any of fault, op, vma, task, mark, not '%s'", optarg);
	case VM:
		o->vm = true;
		o->series = optarg;
		return -1;
	case LEVELS:
		return parse_number(optarg, 4, 5, &o->levels) ? -1 : va_usage(command, "--levels is 4 or 5, not '%s'", optarg);
	case CPUS:
		return parse_number(optarg, 1, 64, &o->cpus) ? -1 : va_usage(command, "--cpus is a number from 1 to 64, not '%s'", optarg);
	case NUMA:
		return parse_number(optarg, 1, 8, &o->nodes) ? -1 : va_usage(command, "--numa is a number of nodes from 1 to 8, not '%s'", optarg);
	case MEM:
		o->memory = optarg;
		return memory_fine(optarg) ? -1 : va_usage(command, "--mem is a size such as 512M or 2G, not '%s'", optarg);
	case USER:
		o->user = true;
		return -1;
	case SHARE:
		return add_share(o, optarg) ? -1 : va_usage(command, "--share needs a directory below /, not '%s'", optarg);
	case FLIGHT:
		o->flight = VA_FLIGHT_MIB;
		return !optarg || parse_number(optarg, 1, VA_FLIGHT_MAX, &o->flight) ? -1 : va_usage(command, "--flight=MIB is a number from 1 to 4096, not '%s'", optarg);
	case GUEST_LOG:
		o->guest_log = optarg;
		return -1;
	}
	return VA_EXIT_USAGE;
}

/* What only the VM has. */
static bool is_of_vm(int c)
{
	return c == VM || (c >= LEVELS && c <= GUEST_LOG) || c == SHARE;
}

static const char *name_of(int c)
{
	for (const struct option *p = long_options; p->name; p++)
		if (p->val == c)
			return p->name;
	return "";
}

static bool fits(int c, const char *which)
{
	if (c == 'o' || c == REDACT || c == DROP_MARKS)
		return strchr(which, 'o');
	if (c == FLIGHT)
		return strchr(which, 'f');
	if (va_is_appearance(c))
		return strchr(which, 'w');
	if (c >= SEED)
		return strchr(which, 'c');
	if (is_of_vm(c) || c == LOCAL || c == NO_ASLR)
		return strchr(which, 'v');
	return true;
}

static int take_pid(struct va_options *o, const char *command)
{
	unsigned pid = 0;

	for (int i = 0; i < o->command_count; i++)
		if (!parse_number(o->command[i], 1, 4194304, &pid))
			return va_usage(command, "'%s' is not the id of a process", o->command[i]);
	if (!pid || o->command_count > 64)
		return va_usage(command, "give the id of a process, or of several (64 at most)");
	o->pid = pid;
	return -1;
}

static void set_prove(struct va_proving *prove)
{
	uint32_t seed;

	*prove = (struct va_proving){ .interval_us = 25000, .pages = 2048, .refresh = 25 };
	prove->seed = getrandom(&seed, sizeof(seed), 0) == sizeof(seed) ? seed : (uint32_t)getpid();
}

int va_options_parse(struct va_options *o, int argc, char **argv, const char *which, const char *help)
{
	int c, code;

	*o = (struct va_options){ .levels = 4, .cpus = 2, .nodes = 1, .memory = "2G", .params = va_string("%s", ""), .classes = va_string("%s", "") };
	if (strchr(which, 'c'))
		set_prove(&o->prove);
	optind = 0;
	while ((c = va_next_option(argc, argv, "+hqo:", long_options, argv[0])) != -1) {
		if (c == 'h') {
			fputs(help, stdout);
			return va_end_output();
		}
		if (c == '?')
			return VA_EXIT_USAGE;
		if (!fits(c, which))
			return va_usage(argv[0], "--%s does not fit this command", name_of(c));
		code = take(o, c, argv[0]);
		if (code >= 0)
			return code;
		if (is_of_vm(c))
			o->of_vm = name_of(c);
	}
	if (!va_options_agree(o, argv[0]))
		return VA_EXIT_USAGE;
	o->command = argv + optind;
	o->command_count = argc - optind;
	if (strchr(which, 'p'))
		return take_pid(o, argv[0]);
	return o->command_count ? -1 : va_usage(argv[0], "there is no command to run");
}

void va_options_free(struct va_options *o)
{
	free(o->params);
	free(o->classes);
	va_strings_free(&o->shares);
}
