/* vmmap: explains a process's memory from /proc, without a module. */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
	"  vmmap --demand 50M              demand paging, shown and counted\n"
	"  vmmap --cow                     copy-on-write after fork, page by page\n"
	"  vmmap --fault write-readonly    a protection fault, caught and explained\n"
	"\n"
	"Usage: vmmap [OPTIONS] PID|NAME|FILE\n"
	"       vmmap --demand [SIZE] | --cow | --fault TYPE\n"
	"\n"
	"  --self             vmmap itself\n"
	"  --map WHAT         the same as WHAT alone\n"
	"  --flat             one table by address, and sums by type\n"
	"  --type TYPE        only regions of this type: text rodata data bss heap stack anon shared-lib file guard …\n"
	"  --perm PERMS       only those with these permissions: w, rx, rw-p …\n"
	"  --file PART        only those of files whose path holds PART\n"
	"  --min SIZE         only those of at least SIZE: 64K, 1M, 2G\n"
	"  --sort KEY         address (default), size, rss, pss, swap\n"
	"  --bytes            exact numbers instead of KB, MB, GB\n"
	"  --wide             do not cut at 100 columns; whole paths\n"
	"  --json             one JSON object\n"
	"\n"
	"Demonstrations, in vmmap itself:\n"
	"  --demand [SIZE]    SIZE (100M) of memory is promised, then touched: faults, RSS, times\n"
	"  --cow              10 MB, fork, a few writes: values, frames, what was copied\n"
	"  --fault TYPE       null, stack-overflow, write-readonly, execute-data, unmapped, kernel-address,\n"
	"                     non-canonical, past-eof, guard, protnone, or all\n"
	"\n"
	"  -h, --help         this text\n"
	"  -V, --version      the version\n"
	"\n"
	"Exit codes: 0 ok, 1 failure, 2 usage, 3 no permission, 4 no such process.";

enum { SELF = 256, MAP, FLAT, TYPE, PERM, FILE_PART, MIN, SORT, BYTES, WIDE, JSON, DEMAND, COW, FAULT };

static const struct option options[] = {
	{"self", no_argument, NULL, SELF}, {"map", required_argument, NULL, MAP}, {"flat", no_argument, NULL, FLAT}, {"type", required_argument, NULL, TYPE},
	{"perm", required_argument, NULL, PERM}, {"file", required_argument, NULL, FILE_PART}, {"min", required_argument, NULL, MIN},
	{"sort", required_argument, NULL, SORT}, {"bytes", no_argument, NULL, BYTES}, {"wide", no_argument, NULL, WIDE}, {"json", no_argument, NULL, JSON},
	{"demand", optional_argument, NULL, DEMAND}, {"cow", no_argument, NULL, COW}, {"fault", required_argument, NULL, FAULT},
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

	errno = 0;
	*out = strtoull(text, &end, 10);
	if (end == text || errno || *text == '-')
		return false;
	unit = *end ? strchr(units, *end & ~32) : NULL;
	if (*end && (!unit || end[1]))
		return false;
	*out <<= unit ? 10 * (unit - units + 1) : 0;
	return true;
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
	char path[64], comm[64];

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
			fprintf(stderr, "vmmap: several processes have '%s' in their name; say which by its id:\n  %d\n", part, (int)*found);
		*found = atoi(e->d_name);
		if (n++)
			fprintf(stderr, "  %d  %s\n", (int)*found, comm);
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

	if (is_number(what))
		return vm_exit_of(vm_process_read(p, atoi(what), VM_WANT_SMAPS));
	if (!strcmp(what, "-") || !stat(what, &st))
		return vm_exit_of(vm_process_read_file(p, what));
	code = find_by_name(what, &pid);
	return code ? code : vm_exit_of(vm_process_read(p, pid, VM_WANT_SMAPS));
}

struct asked { /* for what */
	const char *what;   /* PID, NAME, FILE; NULL = none */
	char self[16];
	int mode;           /* DEMAND, COW, FAULT; 0 = the map */
	const char *detail; /* SIZE, TYPE; NULL = none */
};

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
		break;
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
	case DEMAND:
	case COW:
	case FAULT:
		a->mode = c;
		a->detail = optarg;
		break;
	default:
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

static int demonstrate(const struct asked *a, const struct vm_options *o)
{
	__u64 size = 100u << 20;

	if (a->mode == COW)
		return vm_mode_cow(o->json);
	if (a->mode == FAULT)
		return vm_mode_fault(a->detail, o->json);
	if (a->detail && (!parse_size(a->detail, &size) || size < 4096))
		return usage("--demand takes a size such as 50M, not", a->detail);
	return vm_mode_demand(size, o->json);
}

/* "--demand 50M" is as good as "--demand=50M" */
static int take_rest(int argc, char **argv, struct asked *a)
{
	int left = argc - optind;

	if (a->mode == DEMAND && !a->detail && left == 1) {
		a->detail = argv[optind];
		left = 0;
	}
	if (left > (!a->mode && !a->what))
		return usage(a->mode ? "nothing goes with this, not" : "one process at a time, not also", argv[argc - 1]);
	if (!a->mode && !a->what && left)
		a->what = argv[optind];
	if (a->mode || a->what)
		return VM_EXIT_OK;
	fputs("vmmap: which process? Give its id, a part of its name, or a saved maps file; 'vmmap --help' shows more\n", stderr);
	return VM_EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct vm_options o = {0};
	struct vm_process p = {0};
	struct asked a = {0};
	int code;

	for (int c; (c = getopt_long(argc, argv, "hV", options, NULL)) != -1;) {
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
	if (a.mode)
		return end_output(demonstrate(&a, &o));
	code = read_what(&p, a.what);
	if (!code)
		code = vm_mode_map(&p, &o);
	vm_process_free(&p);
	return end_output(code);
}
