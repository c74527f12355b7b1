/* vmmap --tlb -- COMMAND: the processor's own counters of TLB misses, perf_event_open(2), over the command and all its children. */
#include <cpuid.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "demo.h"
#include "json.h"
#include "units.h"

#define CACHE(cache, op, result) (PERF_COUNT_HW_CACHE_##cache | PERF_COUNT_HW_CACHE_OP_##op << 8 | PERF_COUNT_HW_CACHE_RESULT_##result << 16)

enum { WALK_READS, WALK_WRITES }; /* "config" of those that each processor numbers in its own way */

static const struct {
	const char *name, *key;
	__u32 type;
	__u64 config;
} counters[] = {
	{"instructions", "instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
	{"cycles", "cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
	{"data reads", "dtlb_reads", PERF_TYPE_HW_CACHE, CACHE(DTLB, READ, ACCESS)},
	{"  that missed the TLB", "dtlb_read_misses", PERF_TYPE_HW_CACHE, CACHE(DTLB, READ, MISS)},
	{"data writes that missed", "dtlb_write_misses", PERF_TYPE_HW_CACHE, CACHE(DTLB, WRITE, MISS)},
	{"instruction fetches that missed", "itlb_misses", PERF_TYPE_HW_CACHE, CACHE(ITLB, READ, MISS)},
	{"cycles walking, for reads", "read_walk_cycles", PERF_TYPE_RAW, WALK_READS},
	{"cycles walking, for writes", "write_walk_cycles", PERF_TYPE_RAW, WALK_WRITES},
	{"page faults", "page_faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
};
#define COUNTERS (sizeof(counters) / sizeof(counters[0]))

/*
 * Cycles in which at least one page walk is under way (DTLB_*_MISSES.WALK_ACTIVE: umask 0x10, counter mask 1), as the kernel's tools/perf/pmu-events/arch/x86 names
 * them; 0 where no such event is known (AMD has none).
 */
static __u64 walk_event(__u64 which)
{
	static const unsigned char older[] = {0x4e, 0x5e, 0x55, 0x8e, 0x9e, 0xa5, 0xa6, 0x6a, 0x6c, 0x7d, 0x7e, 0x8c, 0x8d, 0xa7}; /* Skylake to Rocket Lake */
	static const unsigned char newer[] = {0x8f, 0xcf, 0x97, 0x9a, 0xb7, 0xba, 0xbf};                                           /* Alder Lake, Sapphire Rapids and on */
	unsigned a, b, c, d, model;

	if (!__get_cpuid(0, &a, &b, &c, &d) || b != signature_INTEL_ebx || !__get_cpuid(1, &a, &b, &c, &d) || (a >> 8 & 15) != 6)
		return 0;
	model = (a >> 4 & 15) | (a >> 12 & 0xf0);
	if (memchr(older, (int)model, sizeof(older)))
		return which == WALK_READS ? 0x01001008 : 0x01001049;
	return memchr(newer, (int)model, sizeof(newer)) ? which == WALK_READS ? 0x01001012 : 0x01001013 : 0;
}

static int open_counter(size_t i, pid_t pid)
{
	__u64 config = counters[i].type == PERF_TYPE_RAW ? walk_event(counters[i].config) : counters[i].config;
	struct perf_event_attr a = {.size = sizeof(a), .type = counters[i].type, .config = config, .disabled = 1, .inherit = 1, .enable_on_exec = 1,
				    .exclude_kernel = counters[i].type != PERF_TYPE_SOFTWARE, .exclude_hv = 1,
				    .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING};

	if (counters[i].type == PERF_TYPE_RAW && !config) {
		errno = ENOENT;
		return -1;
	}
	return (int)syscall(SYS_perf_event_open, &a, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

/* Where the processor has fewer counters than were asked for they take turns: scaled by the share of the time. */
static bool read_counter(int fd, __u64 *out)
{
	__u64 v[3];

	if (fd < 0 || read(fd, v, sizeof(v)) != sizeof(v) || !v[2])
		return false;
	*out = v[2] == v[1] ? v[0] : (__u64)((double)v[0] * (double)v[1] / (double)v[2]);
	return true;
}

static void print_counters(const int *fd, const int *error)
{
	bool any = false;

	fputs("=== TLB MISSES ===\n", stderr);
	for (size_t i = 0; i < COUNTERS; i++) {
		char text[32];
		__u64 v;

		if (read_counter(fd[i], &v)) {
			fprintf(stderr, "  %-34s %18s\n", counters[i].name, vm_count(text, v));
			any |= counters[i].type == PERF_TYPE_HW_CACHE || counters[i].type == PERF_TYPE_RAW;
		} else {
			fprintf(stderr, "  %-34s %18s\n", counters[i].name, error[i] == EACCES || error[i] == EPERM ? "not allowed" : "not counted here");
		}
	}
	if (!any)
		fputs("This machine shows no counters of its TLB (as most virtual machines, or\n"
		      "kernel.perf_event_paranoid forbids them); 'vmmap --tlb' without a command measures times\n"
		      "instead, and works anywhere.\n",
		      stderr);
	fputs("=== END TLB ===\n", stderr);
}

static void json_counters(const int *fd)
{
	struct va_json j = {0};
	__u64 v;

	va_json_object(&j, NULL);
	for (size_t i = 0; i < COUNTERS; i++)
		if (read_counter(fd[i], &v))
			va_json_u64(&j, counters[i].key, v);
		else
			va_json_null(&j, counters[i].key);
	va_json_end_object(&j);
	va_json_newline(&j);
	fwrite(j.buf, 1, j.used, stderr);
	va_json_free(&j);
}

int vm_mode_tlb_command(char **argv, bool json)
{
	int fd[COUNTERS], error[COUNTERS], gate[2], status;
	pid_t pid;
	char c = 0;

	if (pipe(gate))
		return vm_demo_fails("pipe");
	pid = fork();
	if (pid < 0)
		return vm_demo_fails("fork");
	if (!pid) {
		close(gate[1]);
		if (read(gate[0], &c, 1) != 1)
			_exit(127);
		close(gate[0]);
		execvp(argv[0], argv);
		fprintf(stderr, "vmmap: %s: %s\n", argv[0], strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	close(gate[0]);
	for (size_t i = 0; i < COUNTERS; i++) {
		fd[i] = open_counter(i, pid);
		error[i] = fd[i] < 0 ? errno : 0;
	}
	signal(SIGINT, SIG_IGN); /* Ctrl-C is the command's */
	if (write(gate[1], &c, 1) != 1)
		kill(pid, SIGKILL);
	close(gate[1]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (json)
		json_counters(fd);
	else
		print_counters(fd, error);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
