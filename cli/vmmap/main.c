/* vmmap: explains a process's memory from /proc, without a module. */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "colour.h"
#include "fault.h"
#include "modes.h"
#include "units.h"

static const char help_text[] =
	"vmmap explains the memory of a process: what each region is, what of it is in RAM, and why.\n"
	"\n"
	"Examples:\n"
	"  vmmap --self                    vmmap's own map, in groups, with its sums\n"
	"  vmmap 4711                      the map of process 4711\n"
	"  vmmap bash                      of the process whose name holds \"bash\"\n"
	"  vmmap saved-smaps.txt           of a saved /proc/PID/maps or smaps\n"
	"  vmmap --flat --perm w 4711      one table by address: what may be written\n"
	"  vmmap --flat --sort rss 4711    what takes most RAM first\n"
	"  vmmap --json 4711 | jq .totals\n"
	"\n"
	"  vmmap --detail 0x7ffd12345678 4711   one address: region, symbol, page, what an access would do\n"
	"  vmmap --tables 4711             its page tables as a tree, and the memory they take\n"
	"  vmmap --pagemap 0x7ffd12345000-0x7ffd12348000 4711\n"
	"\n"
	"  vmmap --demand 50M              demand paging, shown and counted\n"
	"  vmmap --cow                     copy-on-write after fork, page by page\n"
	"  vmmap --fault write-readonly    a protection fault, caught and explained\n"
	"\n"
	"  vmmap --files bash              all files it maps, what takes most RAM first\n"
	"  vmmap --faults -- make          runs make; its page faults, by process\n"
	"  vmmap --watch 4711              what changes, each second\n"
	"  vmmap --compare before.txt after.txt\n"
	"\n"
	"Usage: vmmap [OPTIONS] PID|NAME|FILE\n"
	"       vmmap --detail ADDRESS [WHAT] | --tables [ADDRESS] [WHAT] | --pagemap ADDRESS[-END] [WHAT]\n"
	"       vmmap --files WHAT | --numa WHAT | --watch WHAT | --shared WHAT [WHAT] | --compare WHAT WHAT\n"
	"       vmmap --faults [--] COMMAND... | --tlb -- COMMAND...\n"
	"       vmmap --demand [SIZE] | --cow | --fault TYPE | --aslr | --tlb\n"
	"\n"
	"  --self             vmmap itself\n"
	"  --map WHAT         the same as WHAT alone\n"
	"  --flat             one table by address, and sums by type\n"
	"  --type TYPE        only regions of this type: text rodata data bss heap stack thread anon\n"
	"                     shared-lib file shared guard vdso vvar …\n"
	"  --perm PERMS       only those with these permissions: w, rx, rw-p …\n"
	"  --file PART        only those of files whose path holds PART\n"
	"  --min SIZE         only those of at least SIZE: 64K, 1M, 2G\n"
	"  --sort KEY         address (default), size, rss, pss, swap\n"
	"  --bytes            exact numbers instead of KB, MB, GB\n"
	"  --wide             do not cut at 100 columns; whole paths\n"
	"  --json             JSON, in every mode: docs/json.md\n"
	"  --color WHEN       auto (default), always, never\n"
	"\n"
	"Other questions:\n"
	"  --detail ADDRESS   all about one address, and what a read, a write, an execution there would do\n"
	"  --tables [ADDRESS] its page tables; or the branch to one address (with the module: its entries)\n"
	"  --files            all mapped files with their sums\n"
	"  --shared           which of its frames other processes map, too: all of them, or a second one\n"
	"  --numa             on which node its pages are, local or remote to the CPU it runs on\n"
	"  --pagemap A[-B]    each page from A to B: there?, which frame, what the kernel uses it for\n"
	"  --watch            differences each second; --interval S, --times N\n"
	"  --compare          the differences of two processes, or of two saved maps or smaps files\n"
	"  --faults           runs COMMAND, passes its status on; on stderr: faults by process and,\n"
	"                     where perf events are allowed, by region and by function\n"
	"  --aslr             what is randomized, as set and as measured\n"
	"\n"
	"Demonstrations, in vmmap itself:\n"
	"  --demand [SIZE]    SIZE (100M) of memory is promised, then touched: faults, RSS, times\n"
	"  --cow              10 MB, fork, a few writes: values, frames, what was copied\n"
	"  --tlb              ns per access over growing memory, pages of 4 KiB and 2 MiB: what walks cost\n"
	"                     with a command: its TLB misses and walk cycles, by the processor's counters\n"
	"  --fault TYPE       null, stack-overflow, write-readonly, execute-data, unmapped, kernel-address,\n"
	"                     non-canonical, past-eof, guard, protnone, or all\n"
	"\n"
	"  -h, --help         this text\n"
	"  -V, --version      the version\n"
	"\n"
	"Exit codes: 0 ok, 1 failure, 2 usage, 3 no permission, 4 no such process.";

enum { SELF = 256, MAP, FLAT, TYPE, PERM, FILE_PART, MIN, SORT, BYTES, WIDE, JSON, DEMAND, COW, FAULT, FILES, PAGEMAP, WATCH, COMPARE, ASLR, WHERE, FAULTS, SHARED, NUMA, TLB, DETAIL, TABLES, INTERVAL, TIMES, COLOUR };

static const struct option options[] = {
	{"self", no_argument, NULL, SELF}, {"map", required_argument, NULL, MAP}, {"flat", no_argument, NULL, FLAT}, {"type", required_argument, NULL, TYPE},
	{"perm", required_argument, NULL, PERM}, {"file", required_argument, NULL, FILE_PART}, {"min", required_argument, NULL, MIN},
	{"sort", required_argument, NULL, SORT}, {"bytes", no_argument, NULL, BYTES}, {"wide", no_argument, NULL, WIDE}, {"json", no_argument, NULL, JSON},
	{"demand", optional_argument, NULL, DEMAND}, {"cow", no_argument, NULL, COW}, {"fault", required_argument, NULL, FAULT},
	{"files", no_argument, NULL, FILES}, {"pagemap", required_argument, NULL, PAGEMAP}, {"watch", no_argument, NULL, WATCH},
	{"compare", no_argument, NULL, COMPARE}, {"aslr", no_argument, NULL, ASLR}, {"where", no_argument, NULL, WHERE},
	{"faults", no_argument, NULL, FAULTS}, {"shared", no_argument, NULL, SHARED}, {"numa", no_argument, NULL, NUMA},
	{"tlb", no_argument, NULL, TLB}, {"detail", required_argument, NULL, DETAIL}, {"tables", no_argument, NULL, TABLES},
	{"interval", required_argument, NULL, INTERVAL}, {"times", required_argument, NULL, TIMES},
	{"color", required_argument, NULL, COLOUR}, {"colour", required_argument, NULL, COLOUR},
	{"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {NULL, 0, NULL, 0},
};

static int usage(const char *what, const char *value)
{
	fprintf(stderr, "vmmap: %s '%s'; see 'vmmap --help'\n", what, value);
	return VM_EXIT_USAGE;
}

static bool parse_size(const char *text, __u64 *out)
{
	static const char units[] = "KMGT";
	char *end;
	const char *unit;
	int shift;

	errno = 0;
	*out = strtoull(text, &end, 10);
	if (end == text || errno || *text == '-')
		return false;
	unit = *end ? strchr(units, *end & ~32) : NULL;
	if (*end && (!unit || end[1]))
		return false;
	shift = unit ? 10 * (int)(unit - units + 1) : 0;
	if (*out > ~0ull >> shift)
		return false;
	*out <<= shift;
	return true;
}

static bool parse_seconds(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return end != text && !*end && *out >= 0.01 && *out <= 86400;
}

static bool parse_times(const char *text, unsigned *out)
{
	*out = strspn(text, "0123456789") == strlen(text) && strlen(text) < 10 ? (unsigned)strtoul(text, NULL, 10) : 0;
	return *out;
}

static bool is_number(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s) && strlen(s) < 8;
}

/* The process whose name holds this; where several do, their list is said. 0 = none. */
static int find_by_name(const char *part, pid_t *found)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	unsigned n = 0;
	char path[64], comm[64], first[64] = "", name[260];

	while (d && (e = readdir(d))) {
		FILE *f;

		if (!is_number(e->d_name) || atoi(e->d_name) == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/%.16s/comm", e->d_name);
		f = fopen(path, "re");
		comm[0] = '\0';
		if (f && fgets(comm, sizeof(comm), f))
			comm[strcspn(comm, "\n")] = '\0';
		if (f)
			fclose(f);
		if (!strstr(comm, part))
			continue;
		if (n == 1)
			fprintf(stderr, "vmmap: several processes have '%s' in their name; say which by its id:\n  %d  %s\n", part, (int)*found, vm_harmless(first, name, sizeof(name)));
		*found = atoi(e->d_name);
		if (!n)
			memcpy(first, comm, sizeof(first));
		if (n++)
			fprintf(stderr, "  %d  %s\n", (int)*found, vm_harmless(comm, name, sizeof(name)));
	}
	if (d)
		closedir(d);
	if (!n)
		fprintf(stderr, "vmmap: '%s' is no process id, no part of a process's name, and no file\n", part);
	return n == 1 ? VM_EXIT_OK : n ? VM_EXIT_USAGE : VM_EXIT_NO_PROCESS;
}

int vm_exit_of(int error)
{
	return !error ? VM_EXIT_OK : error == -ESRCH ? VM_EXIT_NO_PROCESS : error == -EACCES ? VM_EXIT_PERMISSION : VM_EXIT_FAILURE;
}

static int read_what(struct vm_process *p, const char *what)
{
	struct stat st;
	pid_t pid = 0;
	int code;

	if (!*what)
		return usage("a process is given by its id or a part of its name, not as", what);
	if (is_number(what))
		return vm_exit_of(vm_process_read(p, atoi(what), VM_WANT_SMAPS));
	if (!strcmp(what, "-") || !stat(what, &st))
		return vm_exit_of(vm_process_read_file(p, what));
	code = find_by_name(what, &pid);
	return code ? code : vm_exit_of(vm_process_read(p, pid, VM_WANT_SMAPS));
}

struct asked { /* for what */
	const char *what;   /* PID, NAME, FILE; NULL = none */
	const char *other;  /* the second one, to compare */
	char self[16];
	int mode;           /* DEMAND, COW …; 0 = the map */
	const char *detail; /* SIZE, TYPE, ADDRESS; NULL = none */
	char **command;     /* to run */
	double interval;    /* seconds */
	unsigned times;     /* 0 = without end */
	enum vm_colour colour;
};

static int take_colour(const char *when, enum vm_colour *out)
{
	static const char *const names[] = {[VM_COLOUR_AUTO] = "auto", [VM_COLOUR_NEVER] = "never", [VM_COLOUR_ALWAYS] = "always"};

	for (int i = VM_COLOUR_AUTO; i <= VM_COLOUR_ALWAYS; i++)
		if (!strcmp(names[i], when)) {
			*out = (enum vm_colour)i;
			return 0;
		}
	return usage("--color takes auto, always or never, not", when);
}

static const char *name_of(int value)
{
	const struct option *o = options;

	while (o->name && o->val != value)
		o++;
	return o->name;
}

static int take_mode(int mode, struct asked *a)
{
	if (a->mode && a->mode != mode) {
		fprintf(stderr, "vmmap: one question at a time: --%s and --%s do not go together; see 'vmmap --help'\n", name_of(a->mode), name_of(mode));
		return VM_EXIT_USAGE;
	}
	a->mode = mode;
	a->detail = optarg;
	return VM_EXIT_OK;
}

static int take(int c, struct vm_options *o, struct asked *a)
{
	static const char *const keys[] = {"address", "size", "rss", "pss", "swap"};

	switch (c) {
	case SELF:
		snprintf(a->self, sizeof(a->self), "%d", (int)getpid());
		a->what = a->self;
		break;
	case MAP:
		a->what = optarg;
		break;
	case FLAT:
		o->flat = true;
		break;
	case TYPE:
		o->type = optarg;
		return vm_type_exists(optarg) ? 0 : usage("--type takes text, rodata, data, bss, headers, heap, stack, thread, anon, shared-lib, file,\n"
							  "  shared, guard, vdso, vvar, vsyscall or special, not", optarg);
	case PERM:
		if (!*optarg || strlen(optarg) > 4 || strspn(optarg, "rwxps-") != strlen(optarg))
			return usage("--perm takes letters as maps prints them, not", optarg);
		o->perms = optarg;
		break;
	case FILE_PART:
		o->file = optarg;
		break;
	case MIN:
		return parse_size(optarg, &o->least) ? 0 : usage("--min takes a size such as 64K, not", optarg);
	case SORT:
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			if (!strcmp(keys[i], optarg))
				o->sort = keys[i];
		return o->sort ? 0 : usage("--sort takes address, size, rss, pss or swap, not", optarg);
	case BYTES:
		vm_exact = true;
		break;
	case WIDE:
		o->wide = true;
		break;
	case JSON:
		o->json = true;
		break;
	case COLOUR:
		return take_colour(optarg, &a->colour);
	case INTERVAL:
		return parse_seconds(optarg, &a->interval) ? 0 : usage("--interval takes seconds, not", optarg);
	case TIMES:
		return parse_times(optarg, &a->times) ? 0 : usage("--times takes a number from 1 on, not", optarg);
	case DEMAND:
	case COW:
	case FAULT:
	case FILES:
	case PAGEMAP:
	case WATCH:
	case COMPARE:
	case ASLR:
	case WHERE:
	case FAULTS:
	case SHARED:
	case NUMA:
	case TLB:
	case DETAIL:
	case TABLES:
		return take_mode(c, a);
	default: /* getopt has said why */
		if (optopt == FAULT) {
			fputs("vmmap: the types of faults: ", stderr);
			vm_fault_list();
		}
		return VM_EXIT_USAGE;
	}
	return 0;
}

static int end_output(int code)
{
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "vmmap: standard output: %s\n", strerror(errno));
		return VM_EXIT_FAILURE;
	}
	return code;
}

/* Modes that need no process. */
static int demonstrate(const struct asked *a, const struct vm_options *o)
{
	__u64 size = 100u << 20;

	switch (a->mode) {
	case COW:
		return vm_mode_cow(o->json);
	case FAULT:
		return vm_mode_fault(a->detail, o->json);
	case ASLR:
		return vm_mode_aslr(o->json);
	case TLB:
		return a->command ? vm_mode_tlb_command(a->command, o->json) : vm_mode_tlb(o->json);
	case WHERE:
		return vm_mode_where();
	case FAULTS:
		return vm_mode_faults(a->command, o->json);
	}
	if (a->detail && (!parse_size(a->detail, &size) || size < 4096))
		return usage("--demand takes a size such as 50M, not", a->detail);
	return vm_mode_demand(size, o->json);
}

static bool needs_process(const struct asked *a)
{
	return !a->mode || a->mode == FILES || a->mode == PAGEMAP || a->mode == WATCH || a->mode == COMPARE || a->mode == SHARED ||
	       a->mode == NUMA || a->mode == DETAIL || a->mode == TABLES;
}

static bool parse_address(const char *text, char **end, __u64 *out)
{
	errno = 0;
	*out = strtoull(text, end, 16);
	return *end != text && *text != '-' && !errno;
}

static int pagemap(struct vm_process *p, const struct asked *a, const struct vm_options *o)
{
	__u64 lo, hi;
	char *end;

	if (!parse_address(a->detail, &end, &lo))
		return usage("--pagemap takes an address in hexadecimal, not", a->detail);
	hi = lo + 1;
	if (*end == '-' && !parse_address(end + 1, &end, &hi))
		return usage("--pagemap takes an address in hexadecimal, not", a->detail);
	if (*end)
		return usage("--pagemap takes ADDRESS or ADDRESS-END, not", a->detail);
	if (!p->pid)
		return usage("--pagemap needs a process that runs, not", p->source);
	return vm_mode_pagemap(p, lo, hi, o->json);
}

static int one_address(struct vm_process *p, const struct asked *a, const struct vm_options *o)
{
	__u64 addr;
	char *end;

	if (a->detail && (!parse_address(a->detail, &end, &addr) || *end))
		return usage("an address is given in hexadecimal, not as", a->detail);
	if (a->mode == DETAIL)
		return vm_mode_detail(p, addr, o->json);
	return p->pid ? vm_mode_tables(p, a->detail ? &addr : NULL, o) : usage("--tables needs a process that runs, not", p->source);
}

static int ask(struct vm_process *p, const struct asked *a, const struct vm_options *o)
{
	struct vm_process other = {0};
	int code;

	switch (a->mode) {
	case FILES:
		return vm_mode_files(p, o);
	case PAGEMAP:
		return pagemap(p, a, o);
	case DETAIL:
	case TABLES:
		return one_address(p, a, o);
	case WATCH:
		return p->pid ? vm_mode_watch(p, a->interval, a->times, o) : usage("--watch needs a process that runs, not", p->source);
	case NUMA:
		return p->pid ? vm_mode_numa(p, o->json) : usage("--numa needs a process that runs, not", p->source);
	case SHARED:
	case COMPARE:
		code = a->other ? read_what(&other, a->other) : VM_EXIT_OK;
		if (!code)
			code = a->mode == COMPARE ? vm_mode_compare(p, &other, o) : vm_mode_shared(p, a->other ? &other : NULL, o->json);
		vm_process_free(&other);
		return code;
	}
	return vm_mode_map(p, o);
}

/* Of the help, the part that begins so. */
static void usage_lines(void)
{
	const char *from = strstr(help_text, "Usage:"), *to = strstr(from, "\n\n");

	fprintf(stderr, "%.*s\n", (int)(to - from), from);
}

/* "--demand 50M" is as good as "--demand=50M" */
static int take_rest(int argc, char **argv, struct asked *a)
{
	int i = optind;

	if (a->mode == TLB && i < argc) {
		a->command = argv + i;
		return VM_EXIT_OK;
	}
	if (a->mode == FAULTS) {
		a->command = argv + i;
		return i < argc ? VM_EXIT_OK : usage("--faults takes a command to run, not", "");
	}
	if (a->mode == DEMAND && !a->detail && i < argc)
		a->detail = argv[i++];
	if (a->mode == TABLES && i < argc && (i + 1 < argc || a->what || !strncmp(argv[i], "0x", 2)))
		a->detail = argv[i++];
	if (needs_process(a) && !a->what && i < argc)
		a->what = argv[i++];
	if ((a->mode == COMPARE || a->mode == SHARED) && i < argc)
		a->other = argv[i++];
	if (i < argc)
		return usage(needs_process(a) ? "one process at a time, not also" : "nothing goes with this, not", argv[i]);
	if ((a->mode == PAGEMAP || a->mode == DETAIL || a->mode == TABLES) && !a->what) {
		snprintf(a->self, sizeof(a->self), "%d", (int)getpid());
		a->what = a->self;
	}
	if (a->mode == COMPARE && !a->other)
		return usage("--compare takes two processes, or two saved files, not only", a->what ? a->what : "");
	if (!needs_process(a) || a->what)
		return VM_EXIT_OK;
	fputs("vmmap: which process? Give its id, a part of its name, or a saved maps file; 'vmmap --help' shows more\n", stderr);
	usage_lines();
	return VM_EXIT_USAGE;
}

/* What stands behind --faults or --tlb is the command's, options too. */
static bool runs_command(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--faults") || !strcmp(argv[i], "--tlb"))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	struct vm_options o = {0};
	struct vm_process p = {0};
	struct asked a = {.interval = 1};
	int code;

	for (int c; (c = getopt_long(argc, argv, runs_command(argc, argv) ? "+hV" : "hV", options, NULL)) != -1;) {
		if (c == 'h')
			return puts(help_text) < 0 ? VM_EXIT_FAILURE : end_output(VM_EXIT_OK);
		if (c == 'V')
			return puts("vmmap " VA_VERSION) < 0 ? VM_EXIT_FAILURE : end_output(VM_EXIT_OK);
		code = take(c, &o, &a);
		if (code)
			return code;
	}
	code = take_rest(argc, argv, &a);
	if (code)
		return code;
	if (!o.json)
		vm_colour_begin(a.colour);
	if (!needs_process(&a))
		return end_output(demonstrate(&a, &o));
	code = read_what(&p, a.what);
	if (!code)
		code = ask(&p, &a, &o);
	vm_process_free(&p);
	return end_output(code);
}
