#include "stats_latency.h"

#include <stdio.h>

#include "calls.h"
#include "commands.h"
#include "moment.h"

static int find_scope(struct va_recording *r, const struct va_latency_wish *wish, struct va_latency_scope *scope)
{
	int code = va_moment_find(r, "stats", wish->from ? wish->from : "start", &scope->from);

	scope->tgid = wish->pid;
	if (!code)
		code = va_moment_find(r, "stats", wish->to ? wish->to : "end", &scope->to);
	if (code || !wish->pid || va_model_find_task(va_history_latest(va_recording_history(r)), wish->pid))
		return code;
	fprintf(stderr, "vmatlas: no process %u in this recording\n", wish->pid);
	return VA_EXIT_NO_PROCESS;
}

int va_stats_latency_check(struct va_recording *r, const struct va_latency_wish *wish, struct va_latency_scope *scope)
{
	return find_scope(r, wish, scope);
}

static void measure(struct va_recording *r, const struct va_latency_wish *wish, struct va_latency *l)
{
	struct va_latency_scope scope;

	va_latency_init(l);
	if (!find_scope(r, wish, &scope))
		va_latency_update(l, va_recording_history(r), va_recording_header(r)->levels, scope, (size_t)-1);
}

static const char *name_of(const struct va_latency_of *of, char *buf, size_t n)
{
	return of->call ? va_call_name(of->what, buf, n) : va_fault_kind_name((enum va_fault_kind)of->what);
}

static void print_part(const struct va_latency *l, bool call, const char *title)
{
	const struct va_latency_of *list[VA_LATENCY_CALLS];
	size_t n = va_latency_list(l, call, list, VA_LATENCY_CALLS);
	char buf[32];

	if (!n)
		return;
	printf("%-22s %10s %12s %12s %12s %14s\n", title, "count", "median", "99th", "longest", "sum");
	for (size_t i = 0; i < n; i++) {
		const struct va_latency_of *of = list[i];

		printf("  %-20s %10llu %9u ns %9u ns %s%9u ns %11llu ns%s\n", name_of(of, buf, sizeof(buf)), of->count, va_latency_percentile(of, 0.5),
		       va_latency_percentile(of, 0.99), of->saturated ? ">" : "", of->most, of->sum, of->saturated ? ", or more" : "");
	}
}

void va_stats_latency_text(struct va_recording *r, const struct va_latency_wish *wish)
{
	struct va_latency l;

	measure(r, wish, &l);
	if (l.count)
		puts("how long (the recording's own cost is part of it)");
	print_part(&l, false, "faults by kind");
	print_part(&l, true, "calls");
	va_latency_destroy(&l);
}

static void put_one(struct va_json *j, const struct va_latency_of *of)
{
	char buf[32];

	va_json_object(j, name_of(of, buf, sizeof(buf)));
	va_json_u64(j, "count", of->count);
	va_json_u64(j, "min_ns", of->least);
	va_json_u64(j, "median_ns", va_latency_percentile(of, 0.5));
	va_json_u64(j, "p99_ns", va_latency_percentile(of, 0.99));
	va_json_u64(j, "max_ns", of->most);
	va_json_u64(j, "sum_ns", of->sum);
	va_json_u64(j, "saturated", of->saturated);
	va_json_array(j, "histogram");
	for (unsigned i = 0; i < VA_LATENCY_BUCKETS; i++) {
		if (!of->bucket[i])
			continue;
		va_json_object(j, NULL);
		va_json_u64(j, "least_ns", va_latency_bucket_least(i));
		va_json_u64(j, "most_ns", va_latency_bucket_most(i));
		va_json_u64(j, "count", of->bucket[i]);
		va_json_end_object(j);
	}
	va_json_end_array(j);
	va_json_end_object(j);
}

static void put_part(struct va_json *j, const struct va_latency *l, bool call, const char *key)
{
	const struct va_latency_of *list[VA_LATENCY_CALLS];
	size_t n = va_latency_list(l, call, list, VA_LATENCY_CALLS);

	va_json_object(j, key);
	for (size_t i = 0; i < n; i++)
		put_one(j, list[i]);
	va_json_end_object(j);
}

void va_stats_latency_json(struct va_recording *r, const struct va_latency_wish *wish, struct va_json *j)
{
	struct va_latency l;

	measure(r, wish, &l);
	va_json_object(j, "latency");
	if (wish->pid)
		va_json_u64(j, "tgid", wish->pid);
	else
		va_json_null(j, "tgid");
	put_part(j, &l, false, "faults");
	put_part(j, &l, true, "calls");
	va_json_end_object(j);
	va_latency_destroy(&l);
}
