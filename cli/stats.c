/* vmatlas stats: what a recording holds, counted. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "arguments.h"
#include "commands.h"
#include "idmap.h"
#include "json.h"
#include "lost_hooks.h"
#include "moment.h"
#include "record.h"
#include "stats_latency.h"
#include "stats_rate.h"
#include "walk.h"

static const char help_text[] =
	"Examples:\n"
	"  vmatlas stats ls.vmatlas\n"
	"  vmatlas stats ls.vmatlas --json | jq .lost\n"
	"\n"
	"Usage: vmatlas stats FILE [--json] [--pid N] [--from MOMENT] [--to MOMENT]      FILE - : standard input\n"
	"\n"
	"How fast events came: the mean, and the most within any one second. How long faults and calls took: median, 99th\n"
	"percentile (at most 1/32 too large), longest, and their sum. This includes what vmatlas itself does there; times\n"
	"above 4.29 s count as 4.29 s.\n"
	"  --pid N               how long those of process N took; without: of all\n"
	"  --from, --to MOMENT   in this stretch: " VA_MOMENT_HELP "\n"
	"\n"
	"--json prints one object: release levels command duration_ns ended records lost late invalid stray healed\n"
	"  redacted not_seen malformed\n"
	"  types{TYPE: count} kinds{KIND of fault: count} processes[{tgid comm target events faults major ops\n"
	"  types{…}}] cpus[{cpu truth{written lost seen} faults{…}}]\n"
	"  rate{events span_ns mean_per_s peak_per_s peak_ts}\n"
	"  latency{tgid faults{KIND{count min_ns median_ns p99_ns max_ns sum_ns saturated histogram[{least_ns most_ns count}]}} calls{NAME{…}}}.\n"
	"  written and lost of a CPU are what the module counted (the stream's own count where it does not say), seen is what\n"
	"  is in the recording, without the losses.\n"
	"\n"
	"Exit codes: 0 ok, 1 failure, 2 usage, 6 not a readable recording.";

struct process {
	__u32 tgid;
	__u64 events, faults, major, ops, types[VMATLAS_TYPE_LIMIT];
};

struct stats {
	const char *file;
	bool json;
	struct va_latency_wish latency;
	struct va_latency_scope stretch;
	struct va_recording *recording;
	__u64 types[VMATLAS_TYPE_LIMIT], kinds[VA_FAULT_KINDS];
	struct process *processes; /* in order of appearance */
	size_t count, room;
	struct va_idmap by_tgid;
};

static struct process *process_of(struct stats *s, __u32 tgid)
{
	__u32 i = va_idmap_get(&s->by_tgid, tgid);

	if (i != VA_IDMAP_NONE)
		return &s->processes[i];
	s->processes = va_grow(s->processes, &s->room, s->count + 1, sizeof(*s->processes));
	s->processes[s->count] = (struct process){ .tgid = tgid };
	va_idmap_set(&s->by_tgid, tgid, (__u32)s->count);
	return &s->processes[s->count++];
}

static void count_record(struct stats *s, const struct vmatlas_record *rec, unsigned levels)
{
	struct process *p = rec->head.tgid ? process_of(s, rec->head.tgid) : NULL;
	bool fault = rec->head.type == VMATLAS_FAULT;

	s->types[rec->head.type]++;
	if (fault)
		s->kinds[va_fault_kind(rec, levels)]++;
	if (!p)
		return;
	p->events++;
	p->types[rec->head.type]++;
	p->faults += fault;
	p->major += fault && va_fault_major(rec);
	p->ops += rec->head.type == VMATLAS_OP;
}

static void count_all(struct stats *s)
{
	struct va_history *h = va_recording_history(s->recording);
	unsigned levels = va_recording_header(s->recording)->levels;

	for (size_t i = 0; i < va_history_count(h); i++)
		count_record(s, va_history_record(h, i, NULL), levels);
}

/* Several types share a name (mm). */
static __u64 count_of_name(const __u64 types[VMATLAS_TYPE_LIMIT], unsigned type)
{
	__u64 n = 0;

	for (unsigned t = 1; t < VMATLAS_TYPE_LIMIT; t++)
		if (va_type_name(t) && !strcmp(va_type_name(t), va_type_name(type)))
			n += types[t];
	return n;
}

static bool first_of_name(unsigned type)
{
	for (unsigned t = 1; t < type; t++)
		if (va_type_name(t) && !strcmp(va_type_name(t), va_type_name(type)))
			return false;
	return va_type_name(type);
}

static void put_types(struct va_json *j, const __u64 types[VMATLAS_TYPE_LIMIT])
{
	va_json_object(j, "types");
	for (unsigned t = 1; t < VMATLAS_TYPE_LIMIT; t++)
		if (first_of_name(t))
			va_json_u64(j, va_type_name(t), count_of_name(types, t));
	va_json_end_object(j);
}

struct channel {
	__u64 written, lost, seen;
};

/* What the module counted, else what the stream shows. */
static struct channel channel_of(const struct stats *s, __u32 cpu, __u32 channel)
{
	const struct va_merge_stats *m = va_merge_stats(va_recording_merge(s->recording), cpu);
	struct channel c = { m->written[channel], m->lost[channel], m->written[channel] };
	size_t n;
	const struct vmatlas_totals *t = va_recording_totals(s->recording, &n);

	for (size_t i = 0; i < n; i++) {
		if (t[i].cpu != cpu || t[i].channel != channel)
			continue;
		c.written = t[i].written;
		c.lost = t[i].lost;
	}
	if (n)
		t = va_recording_first_totals(s->recording, &n);
	for (size_t i = 0; i < n; i++) {
		if (t[i].cpu != cpu || t[i].channel != channel)
			continue;
		c.written -= t[i].written;
		c.lost -= t[i].lost;
	}
	return c;
}

struct sums {
	__u64 lost, late, invalid;
};

static struct sums sums_of(const struct stats *s)
{
	const struct va_merge *merge = va_recording_merge(s->recording);
	struct sums sum = { 0 };

	for (__u32 cpu = 0; cpu < va_merge_cpus(merge); cpu++) {
		const struct va_merge_stats *m = va_merge_stats(merge, cpu);

		sum.lost += m->lost[0] + m->lost[1];
		sum.late += m->late;
		sum.invalid += m->invalid;
	}
	sum.invalid += va_model_counts(va_history_latest(va_recording_history(s->recording)))->invalid;
	return sum;
}

/* Nobody wrote how it ended, or what was written is that it broke off. */
static bool broke_off(const struct stats *s)
{
	const struct vmatlas_end *end = va_recording_end(s->recording);

	return !end || end->reason == VMATLAS_END_FAILED;
}

static __u64 duration_of(const struct stats *s)
{
	const struct va_history *h = va_recording_history(s->recording);
	const struct vmatlas_end *end = va_recording_end(s->recording);
	__u64 last = va_history_end(h);

	if (end && end->ts > last)
		last = end->ts;
	return last > va_history_begin(h) ? last - va_history_begin(h) : 0;
}

static const char *comm_of(const struct stats *s, __u32 tgid)
{
	const struct va_task *task = va_model_find_task(va_history_latest(va_recording_history(s->recording)), tgid);

	return task && *task->comm ? task->comm : NULL;
}

static void put_channel(struct va_json *j, const char *name, struct channel c)
{
	va_json_object(j, name);
	va_json_u64(j, "written", c.written);
	va_json_u64(j, "lost", c.lost);
	va_json_u64(j, "seen", c.seen);
	va_json_end_object(j);
}

static void put_cpus(struct va_json *j, const struct stats *s)
{
	va_json_array(j, "cpus");
	for (__u32 cpu = 0; cpu < va_merge_cpus(va_recording_merge(s->recording)); cpu++) {
		va_json_object(j, NULL);
		va_json_u64(j, "cpu", cpu);
		put_channel(j, "truth", channel_of(s, cpu, VMATLAS_CHANNEL_TRUTH));
		put_channel(j, "faults", channel_of(s, cpu, VMATLAS_CHANNEL_FAULTS));
		va_json_end_object(j);
	}
	va_json_end_array(j);
}

static void put_processes(struct va_json *j, const struct stats *s)
{
	__u32 target = va_model_target(va_history_latest(va_recording_history(s->recording)));

	va_json_array(j, "processes");
	for (size_t i = 0; i < s->count; i++) {
		const struct process *p = &s->processes[i];

		va_json_object(j, NULL);
		va_json_u64(j, "tgid", p->tgid);
		va_json_string(j, "comm", comm_of(s, p->tgid));
		va_json_bool(j, "target", p->tgid == target);
		va_json_u64(j, "events", p->events);
		va_json_u64(j, "faults", p->faults);
		va_json_u64(j, "major", p->major);
		va_json_u64(j, "ops", p->ops);
		put_types(j, p->types);
		va_json_end_object(j);
	}
	va_json_end_array(j);
}

static struct va_rate rate_of(const struct stats *s)
{
	return va_rate_of(va_recording_history(s->recording), s->stretch.from, s->stretch.to);
}

static void put_facts(struct va_json *j, const struct stats *s)
{
	struct sums sum = sums_of(s);
	struct va_history *h = va_recording_history(s->recording);
	const struct va_model_counts *counts = va_model_counts(va_history_latest(h));
	char hooks[1024];

	va_json_string(j, "release", va_recording_header(s->recording)->release);
	va_json_u64(j, "levels", va_recording_header(s->recording)->levels);
	va_json_string(j, "command", va_recording_meta(s->recording, "command"));
	va_json_string(j, "title", va_recording_meta(s->recording, "title"));
	va_json_u64(j, "duration_ns", duration_of(s));
	va_json_bool(j, "ended", !broke_off(s));
	va_json_u64(j, "records", va_history_count(h) - s->types[VMATLAS_LOSS]);
	va_json_u64(j, "lost", sum.lost);
	va_json_u64(j, "late", sum.late);
	va_json_u64(j, "invalid", sum.invalid);
	va_json_u64(j, "stray", counts->stray);
	va_json_u64(j, "healed", counts->healed);
	va_json_string(j, "redacted", va_recording_meta(s->recording, "redacted"));
	va_json_string(j, "not_seen", *va_lost_hooks_sentence(va_recording_meta(s->recording, "lost-hooks"), hooks, sizeof(hooks)) ? hooks : NULL);
	va_json_u64(j, "malformed", va_recording_malformed(s->recording));
}

static void print_json(const struct stats *s)
{
	struct va_json j = { 0 };
	struct va_rate rate = rate_of(s);

	va_json_object(&j, NULL);
	put_facts(&j, s);
	put_types(&j, s->types);
	va_json_object(&j, "kinds");
	for (unsigned k = 0; k < VA_FAULT_KINDS; k++)
		va_json_u64(&j, va_fault_kind_name(k), s->kinds[k]);
	va_json_end_object(&j);
	put_processes(&j, s);
	put_cpus(&j, s);
	va_rate_json(&rate, &j);
	va_stats_latency_json(s->recording, &s->latency, &j);
	va_json_end_object(&j);
	va_json_newline(&j);
	fwrite(j.buf, 1, j.used, stdout);
	va_json_free(&j);
}

/* Names come from the recorded machine: nothing in them may act on a terminal. */
static const char *printable(const char *s, char *buf, size_t n)
{
	size_t i = 0;

	for (; s && s[i] && i + 1 < n; i++)
		buf[i] = (unsigned char)s[i] < 0x20 || s[i] == 0x7f ? '?' : s[i];
	buf[i] = 0;
	return s && *s ? buf : "-";
}

/* --- for people ---------------------------------------------------------------------------------------------------------- */

static void print_summary(const struct stats *s)
{
	struct sums sum = sums_of(s);
	struct va_rate rate = rate_of(s);
	const struct vmatlas_stream_header *header = va_recording_header(s->recording);
	const char *command = va_recording_meta(s->recording, "command");
	const char *title = va_recording_meta(s->recording, "title");
	char clean[1024];

	if (title)
		printf("title      %s\n", printable(title, clean, sizeof(clean)));
	if (command)
		printf("command    %s\n", printable(command, clean, sizeof(clean)));
	if (va_recording_meta(s->recording, "redacted"))
		printf("redacted   %s are made up\n", printable(va_recording_meta(s->recording, "redacted"), clean, sizeof(clean)));
	if (*va_lost_hooks_sentence(va_recording_meta(s->recording, "lost-hooks"), clean, sizeof(clean)))
		printf("not seen   %s\n", clean);
	printf("kernel     %s, %u paging levels, %u CPUs\n", header->release, header->levels, header->cpus);
	printf("duration   %.6f s%s\n", (double)duration_of(s) / 1e9, broke_off(s) ? ", broke off" : "");
	printf("records    %zu\n", va_history_count(va_recording_history(s->recording)) - (size_t)s->types[VMATLAS_LOSS]);
	printf("rate       %llu a second, at most %llu within one\n", va_rate_mean(&rate), rate.peak);
	printf("lost       %llu\n", sum.lost);
	printf("late       %llu\ninvalid    %llu\n", sum.late, sum.invalid);
	for (unsigned t = 1; t < VMATLAS_TYPE_LIMIT; t++)
		if (first_of_name(t) && count_of_name(s->types, t))
			printf("  %-11s %llu\n", va_type_name(t), count_of_name(s->types, t));
	puts("faults by kind");
	for (unsigned k = 0; k < VA_FAULT_KINDS; k++)
		if (s->kinds[k])
			printf("  %-11s %llu\n", va_fault_kind_name(k), s->kinds[k]);
}

static void print_processes(const struct stats *s)
{
	printf("%8s %-16s %10s %10s %8s %8s\n", "process", "name", "events", "faults", "major", "calls");
	for (size_t i = 0; i < s->count; i++) {
		const struct process *p = &s->processes[i];
		char clean[VMATLAS_COMM_LEN + 1];

		printf("%8u %-16s %10llu %10llu %8llu %8llu\n", p->tgid, printable(comm_of(s, p->tgid), clean, sizeof(clean)), p->events, p->faults, p->major, p->ops);
	}
}

static void print_cpus(const struct stats *s)
{
	static const char *const names[] = { "truth", "faults" };

	printf("%8s %-7s %10s %10s %10s\n", "CPU", "channel", "written", "lost", "seen");
	for (__u32 cpu = 0; cpu < va_merge_cpus(va_recording_merge(s->recording)); cpu++) {
		for (__u32 channel = 0; channel < VMATLAS_CHANNELS; channel++) {
			struct channel c = channel_of(s, cpu, channel);

			if (c.written || c.lost || c.seen)
				printf("%8u %-7s %10llu %10llu %10llu\n", cpu, names[channel], c.written, c.lost, c.seen);
		}
	}
}

/* -1 = go on, else the exit code. */
static int take(struct stats *s, int c)
{
	char *end;

	switch (c) {
	case 'j':
		s->json = true;
		return -1;
	case 'a':
		s->latency.from = optarg;
		return -1;
	case 'b':
		s->latency.to = optarg;
		return -1;
	case 'p':
		s->latency.pid = (__u32)strtoul(optarg, &end, 10);
		return *optarg < '0' || *optarg > '9' || *end || !s->latency.pid ? va_usage("stats", "--pid takes a process number") : -1;
	case 'h':
		puts(help_text);
		return va_end_output();
	}
	return VA_EXIT_USAGE;
}

static int parse(struct stats *s, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' }, { "pid", required_argument, NULL, 'p' }, { "from", required_argument, NULL, 'a' },
		{ "to", required_argument, NULL, 'b' }, { "help", no_argument, NULL, 'h' }, { 0 },
	};
	int c, code = -1;

	optind = 0;
	while (code < 0 && (c = va_next_option(argc, argv, "h", options, "stats")) != -1)
		code = take(s, c);
	if (code >= 0)
		return code;
	if (optind + 1 != argc)
		return va_usage("stats", "%s", optind < argc ? "one recording at a time" : "stats needs a recording");
	s->file = argv[optind];
	return -1;
}

static int print(struct stats *s)
{
	int code = va_stats_latency_check(s->recording, &s->latency, &s->stretch);

	if (code)
		return code;
	count_all(s);
	if (s->json) {
		print_json(s);
	} else {
		print_summary(s);
		va_stats_latency_text(s->recording, &s->latency);
		print_processes(s);
		print_cpus(s);
	}
	return va_end_output();
}

int cmd_stats(int argc, char **argv)
{
	struct stats s = { 0 };
	int code = parse(&s, argc, argv);

	if (code < 0)
		code = va_moment_load(&s.recording, s.file);
	if (code == 0 && s.recording)
		code = print(&s);
	va_recording_free(s.recording);
	va_idmap_free(&s.by_tgid);
	free(s.processes);
	return code;
}
