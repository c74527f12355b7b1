/* vmmap --faults -- COMMAND: its page faults, by process. On stderr: standard output is the command's. */
#include <string.h>
#include <sys/wait.h>

#include "demo.h"
#include "json.h"
#include "traced.h"
#include "units.h"

static void print_processes(FILE *out, const struct vm_run *run)
{
	char minor[32], major[32], rss[32], name[260];

	fprintf(out, "  %8s %8s  %-16s %12s %8s %8s %10s\n", "PID", "PARENT", "NAME", "MINOR", "MAJOR", "THREADS", "MAX RSS");
	for (size_t i = 0; i < run->count; i++) {
		const struct vm_traced *p = &run->process[i];

		fprintf(out, "  %8d %8d  %-16s %12s %8s %8u %10s\n", (int)p->pid, (int)p->parent, vm_harmless(p->comm, name, sizeof(name)), vm_count(minor, p->minor), vm_count(major, p->major), p->threads,
			vm_size(rss, p->hwm_kb << 10));
	}
}

#define SHOWN 12

static void print_counts(FILE *out, const char *title, const struct vm_place_count *c, size_t n, __u64 all)
{
	char count[32], store[17000];
	__u64 rest = 0;

	fprintf(out, "%s\n", title);
	for (size_t i = 0; i < n; i++) {
		const char *name = vm_harmless(c[i].name, store, sizeof(store));

		if (i < SHOWN)
			fprintf(out, "  %12s %5.1f %%  %.*s\n", vm_count(count, c[i].faults), 100.0 * (double)c[i].faults / (double)all, (int)vm_whole_characters(name, 75), name);
		else
			rest += c[i].faults;
	}
	if (rest)
		fprintf(out, "  %12s %5.1f %%  %zu others\n", vm_count(count, rest), 100.0 * (double)rest / (double)all, n - SHOWN);
}

static void print_sampled(FILE *out, const struct vm_run *run)
{
	const struct vm_sampled *s = run->sampled;
	const struct vm_place_count *c;
	char count[32];
	size_t n;

	if (!s) {
		fprintf(out, "BY REGION, BY FUNCTION: not to be had: perf events are not allowed or not there (%s)\n", strerror(run->sampled_error));
		return;
	}
	if (!vm_sampled_faults(s))
		return;
	c = vm_sampled_regions(s, &n);
	print_counts(out, "BY REGION:", c, n, vm_sampled_faults(s));
	c = vm_sampled_functions(s, &n);
	print_counts(out, "BY FUNCTION:", c, n, vm_sampled_faults(s));
	if (vm_sampled_user_only(s))
		fputs("  (faults in user mode only: kernel.perf_event_paranoid hides those of system calls from you)\n", out);
	if (vm_sampled_lost(s))
		fprintf(out, "  (%s records were lost: they came faster than they could be taken)\n", vm_count(count, vm_sampled_lost(s)));
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
	print_sampled(out, run);
	fprintf(out, "New page faults: %s\n", vm_count(all, run->minor + run->major));
	fprintf(out, "  minor page faults: %12s  (the page was in RAM already, or needed none to be read)\n", vm_count(minor, run->minor));
	fprintf(out, "  major page faults: %12s  (something had to be read from a disk)\n", vm_count(major, run->major));
	fprintf(out, "  max RSS:           %12s  (of the largest process)\n  time:              %10.2f s\n", vm_size(rss, run->max_rss_kb << 10), run->seconds);
	fputs("=== END FAULTS ===\n", out);
}

static void json_counts(struct va_json *j, const char *key, const struct vm_place_count *c, size_t n)
{
	va_json_array(j, key);
	for (size_t i = 0; i < n; i++) {
		va_json_object(j, NULL);
		va_json_string(j, "name", c[i].name);
		va_json_u64(j, "faults", c[i].faults);
		va_json_end_object(j);
	}
	va_json_end_array(j);
}

static void json_sampled(struct va_json *j, const struct vm_run *run)
{
	const struct vm_place_count *c;
	size_t n;

	if (!run->sampled) {
		va_json_null(j, "sampled");
		return;
	}
	va_json_object(j, "sampled");
	va_json_u64(j, "faults", vm_sampled_faults(run->sampled));
	va_json_u64(j, "lost", vm_sampled_lost(run->sampled));
	va_json_bool(j, "user_only", vm_sampled_user_only(run->sampled));
	c = vm_sampled_regions(run->sampled, &n);
	json_counts(j, "regions", c, n);
	c = vm_sampled_functions(run->sampled, &n);
	json_counts(j, "functions", c, n);
	va_json_end_object(j);
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
	json_sampled(&j, run);
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
