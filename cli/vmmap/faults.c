/* vmmap --faults -- COMMAND: its page faults, by process. On stderr: standard output is the command's. */
#include <string.h>
#include <sys/wait.h>

#include "demo.h"
#include "json.h"
#include "traced.h"
#include "units.h"

static void print_processes(FILE *out, const struct vm_run *run)
{
	char minor[32], major[32], rss[32];

	fprintf(out, "  %8s %8s  %-16s %12s %8s %8s %10s\n", "PID", "PARENT", "NAME", "MINOR", "MAJOR", "THREADS", "MAX RSS");
	for (size_t i = 0; i < run->count; i++) {
		const struct vm_traced *p = &run->process[i];

		fprintf(out, "  %8d %8d  %-16s %12s %8s %8u %10s\n", (int)p->pid, (int)p->parent, p->comm, vm_count(minor, p->minor), vm_count(major, p->major), p->threads,
			vm_size(rss, p->hwm_kb << 10));
	}
}

static void print_run(FILE *out, const struct vm_run *run, char **argv)
{
	char minor[32], major[32], all[32], rss[32];

	fprintf(out, "=== PAGE FAULTS OF:");
	for (; *argv; argv++)
		fprintf(out, " %s", *argv);
	fputs(" ===\n", out);
	if (run->each)
		print_processes(out, run);
	else
		fputs("  by process: not to be had, tracing is not allowed here (ptrace)\n", out);
	fprintf(out, "New page faults: %s\n", vm_count(all, run->minor + run->major));
	fprintf(out, "  minor page faults: %12s  (the page was in RAM already, or needed none to be read)\n", vm_count(minor, run->minor));
	fprintf(out, "  major page faults: %12s  (something had to be read from a disk)\n", vm_count(major, run->major));
	fprintf(out, "  max RSS:           %12s  (of the largest process)\n  time:              %10.2f s\n", vm_size(rss, run->max_rss_kb << 10), run->seconds);
	fputs("=== END FAULTS ===\n", out);
}

static void json_run(FILE *out, const struct vm_run *run)
{
	struct va_json j = {0};

	va_json_object(&j, NULL);
	va_json_u64(&j, "minor", run->minor);
	va_json_u64(&j, "major", run->major);
	va_json_u64(&j, "max_rss_bytes", run->max_rss_kb << 10);
	va_json_u64(&j, "ns", (__u64)(run->seconds * 1e9));
	if (run->each) {
		va_json_array(&j, "processes");
		for (size_t i = 0; i < run->count; i++) {
			va_json_object(&j, NULL);
			va_json_u64(&j, "pid", (__u64)run->process[i].pid);
			va_json_u64(&j, "parent", (__u64)run->process[i].parent);
			va_json_string(&j, "comm", run->process[i].comm);
			va_json_u64(&j, "minor", run->process[i].minor);
			va_json_u64(&j, "major", run->process[i].major);
			va_json_u64(&j, "threads", run->process[i].threads);
			va_json_u64(&j, "max_rss_bytes", run->process[i].hwm_kb << 10);
			va_json_end_object(&j);
		}
		va_json_end_array(&j);
	} else {
		va_json_null(&j, "processes");
	}
	va_json_end_object(&j);
	va_json_newline(&j);
	fwrite(j.buf, 1, j.used, out);
	va_json_free(&j);
}

int vm_mode_faults(char **argv, bool json)
{
	struct vm_run run;
	int status;

	if (vm_run_traced(&run, argv))
		return vm_demo_fails(argv[0]);
	if (json)
		json_run(stderr, &run);
	else
		print_run(stderr, &run, argv);
	status = run.status;
	vm_run_free(&run);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
