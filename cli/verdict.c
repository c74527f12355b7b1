#include "verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "events.h"
#include "json.h"

static const char *const skip_names[] = { "unknown", "busy", "nobody", "failed" };

__u64 va_verdict_differences(const struct va_verdict *v)
{
	return va_checker_differences(v->checker);
}

static __u64 skipped_of(const struct va_verdict *v)
{
	const __u64 *s = va_checker_skipped(v->checker);

	return s[0] + s[1] + s[2] + s[3];
}

/* --- for people ------------------------------------------------------------------------------------------------------------ */

/* Names come from the recorded machine: nothing in them may act on a terminal. Newlines stay. */
static void put_clean(const char *s)
{
	for (; s && *s; s++)
		putchar(((unsigned char)*s < 0x20 && *s != '\n') || *s == 0x7f ? '?' : *s);
}

static void put_record(const struct va_verdict *v, const struct vmatlas_record *rec, __u32 cpu)
{
	struct va_event event = { .rec = rec, .cpu = cpu, .model = va_checker_model(v->checker), .objects = va_checker_objects(v->checker) };
	struct va_json line = { 0 };

	va_event_text(&line, &event);
	printf("    %.*s", (int)line.used, line.buf);
	va_json_free(&line);
}

static __u64 since_start(const struct va_verdict *v, __u64 ts)
{
	__u64 start = va_model_header(va_checker_model(v->checker))->start_mono;

	return ts > start ? ts - start : 0;
}

static void put_finding(const struct va_verdict *v, const struct va_finding *f)
{
	static const char *const what[VA_DIFFS] = {
		"a process", "a line of /proc/PID/maps", "a page of /proc/PID/pagemap", "the resident size of a VMA in /proc/PID/smaps",
		"the number of page faults", "the number of records",
	};

	printf("\nFirst difference: %s", what[f->kind]);
	if (f->tgid) {
		printf(" of process %u (", f->tgid);
		put_clean(f->comm);
		putchar(')');
	}
	if (f->end > f->addr)
		printf(", %llx-%llx", f->addr, f->end);
	if (f->ts)
		printf(",\n%.6f s after the start", (double)since_start(v, f->ts) / 1e9);
	if (f->moment)
		printf(", moment %u", f->moment);
	else if (f->tgid)
		printf(", at its end");
	printf(".\n  the kernel:  ");
	put_clean(f->kernel);
	printf("  the picture: ");
	put_clean(f->picture);
	if (f->touched_count)
		puts("  the last records about it:");
	for (unsigned i = 0; i < f->touched_count; i++)
		put_record(v, &f->touched[i], f->touched_cpu[i]);
}

static void put_skipped(const struct va_verdict *v)
{
	const __u64 *s = va_checker_skipped(v->checker);

	printf("skipped     %llu moments", skipped_of(v));
	for (unsigned i = 0; i < 4; i++)
		if (s[i])
			printf(" (%llu %s)", s[i], i == VMATLAS_SKIP_BUSY ? "because not all stood still in time" : skip_names[i]);
	putchar('\n');
}

static void put_lost(const struct va_verdict *v)
{
	const char *what;

	if (va_checker_lost(v->checker))
		printf("lost        %llu records\n", va_checker_lost(v->checker));
	if (va_checker_missed(v->checker, &what))
		printf("missed      %llu calls that hooks could not catch\n", va_checker_missed(v->checker, &what));
	if (va_checker_malformed(v->checker))
		printf("malformed   %llu pieces of the recording without effect\n", va_checker_malformed(v->checker));
}

void va_verdict_text(const struct va_verdict *v)
{
	const struct va_prove_counts *c = va_checker_counts(v->checker);
	const struct va_finding *first = va_checker_first(v->checker);

	if (v->live)
		printf("seed        %llu\n", v->seed);
	printf("moments     %llu (%llu after a fresh report), all stood still %.3f s in all%s\n", c->moments, c->refreshed, (double)c->frozen_us / 1e6,
	       c->by_signal ? ", by SIGSTOP" : "");
	if (v->wanted && c->moments < v->wanted)
		printf("            fewer than the %u asked for: the command ended\n", v->wanted);
	if (skipped_of(v))
		put_skipped(v);
	printf("processes   %llu compared", c->maps);
	if (c->outside + c->ending + c->unreadable)
		printf("; not: %llu ending, %llu in a cgroup of their own, %llu not readable", c->ending, c->outside, c->unreadable);
	printf("\nmaps        %llu lines compared", c->lines);
	printf("\nstale       %llu maps (known to be stale after a loss; %llu healed later)\n", c->stale_maps, c->healed);
	printf("pages       %llu compared, %llu uncertain (%llu of them after a fresh report)", c->pages, c->uncertain, c->uncertain_fresh);
	if (c->moved)
		printf(", %llu changed while being read", c->moved);
	putchar('\n');
	printf("RSS         %llu VMAs compared\n", c->rss);
	printf("faults      %llu counts compared", c->faults);
	if (c->faults_lost)
		printf(", %llu cannot be (%llu records lost)", c->faults_lost, va_checker_lost(v->checker));
	putchar('\n');
	put_lost(v);
	printf("differences %llu", va_verdict_differences(v));
	for (unsigned i = 0; i < VA_DIFFS; i++)
		if (c->differences[i])
			printf(", %s %llu", va_difference_name(i), c->differences[i]);
	putchar('\n');
	if (first)
		put_finding(v, first);
}

/* --- JSON ------------------------------------------------------------------------------------------------------------------ */

static void json_records(struct va_json *j, const struct va_verdict *v, const struct va_finding *f)
{
	va_json_array(j, "records");
	for (unsigned i = 0; i < f->touched_count; i++) {
		struct va_event event = {
			.rec = &f->touched[i], .cpu = f->touched_cpu[i], .model = va_checker_model(v->checker),
			.objects = va_checker_objects(v->checker),
		};
		struct va_json line = { 0 };
		char *text;

		va_event_text(&line, &event);
		while (line.used && line.buf[line.used - 1] == '\n')
			line.used--;
		text = va_prove_text("%.*s", (int)line.used, line.buf);
		va_json_string(j, NULL, text);
		free(text);
		va_json_free(&line);
	}
	va_json_end_array(j);
}

static void json_finding(struct va_json *j, const struct va_verdict *v, const struct va_finding *f)
{
	va_json_object(j, "first");
	va_json_string(j, "kind", va_difference_name(f->kind));
	va_json_u64(j, "moment", f->moment);
	va_json_u64(j, "tgid", f->tgid);
	va_json_string(j, "comm", f->comm);
	va_json_u64(j, "mm", f->mm);
	va_json_u64(j, "ts", f->ts);
	va_json_hex(j, "start", f->addr);
	va_json_hex(j, "end", f->end);
	va_json_string(j, "kernel", f->kernel);
	va_json_string(j, "picture", f->picture);
	json_records(j, v, f);
	va_json_end_object(j);
}

static void json_status(struct va_json *j, const struct vmatlas_end *end)
{
	if (!end || end->reason != VMATLAS_END_COMMAND)
		va_json_null(j, "status");
	else
		va_json_s64(j, "status", WIFSIGNALED(end->status) ? 128 + WTERMSIG(end->status) : WEXITSTATUS(end->status));
}

static void json_counts(struct va_json *j, const struct va_prove_counts *c)
{
	const struct {
		const char *name;
		__u64 value;
	} numbers[] = {
		{ "moments", c->moments }, { "refreshed", c->refreshed }, { "by_signal", c->by_signal }, { "frozen_us", c->frozen_us },
		{ "processes", c->processes }, { "outside", c->outside }, { "ending", c->ending }, { "unreadable", c->unreadable },
		{ "maps", c->maps }, { "stale_maps", c->stale_maps }, { "healed", c->healed }, { "lines", c->lines }, { "torn", c->torn },
		{ "pages", c->pages }, { "uncertain", c->uncertain }, { "uncertain_fresh", c->uncertain_fresh }, { "untold", c->untold }, { "moved", c->moved }, { "rss", c->rss },
		{ "fault_counts", c->faults }, { "fault_counts_unknown", c->faults_lost },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		va_json_u64(j, numbers[i].name, numbers[i].value);
}

void va_verdict_json(const struct va_verdict *v)
{
	const struct va_prove_counts *c = va_checker_counts(v->checker);
	const struct va_finding *first = va_checker_first(v->checker);
	const __u64 *skipped = va_checker_skipped(v->checker);
	struct va_json j = { 0 };
	const char *what;

	va_json_object(&j, NULL);
	if (v->live)
		va_json_u64(&j, "seed", v->seed);
	va_json_string(&j, "release", va_model_header(va_checker_model(v->checker))->release);
	json_status(&j, va_checker_end(v->checker));
	json_counts(&j, c);
	va_json_object(&j, "skipped");
	for (unsigned i = 0; i < 4; i++)
		va_json_u64(&j, skip_names[i], skipped[i]);
	va_json_end_object(&j);
	va_json_u64(&j, "lost", va_checker_lost(v->checker));
	va_json_u64(&j, "missed", va_checker_missed(v->checker, &what));
	va_json_u64(&j, "malformed", va_checker_malformed(v->checker));
	va_json_u64(&j, "differences", va_verdict_differences(v));
	va_json_object(&j, "by_kind");
	for (unsigned i = 0; i < VA_DIFFS; i++)
		va_json_u64(&j, va_difference_name(i), c->differences[i]);
	va_json_end_object(&j);
	if (first)
		json_finding(&j, v, first);
	else
		va_json_null(&j, "first");
	va_json_end_object(&j);
	va_json_newline(&j);
	fwrite(j.buf, 1, j.used, stdout);
	va_json_free(&j);
}
