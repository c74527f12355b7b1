/* vmatlas notices: what is worth a look in a recording, with its figures and where to find it. */
#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "commands.h"
#include "json.h"
#include "moment.h"
#include "notice.h"
#include "words.h"

static const char help_text[] =
	"Examples:\n"
	"  vmatlas notices my.vmatlas                      what was noticed, to the end\n"
	"  vmatlas notices my.vmatlas --at mark:here       what was known by then\n"
	"  vmatlas notices my.vmatlas --format json | jq -r 'select(.holds) | .kind'\n"
	"\n"
	"Usage: vmatlas notices FILE [--at MOMENT] [--format text|json]      FILE - : standard input\n"
	"\n"
	"  --at MOMENT      " VA_MOMENT_HELP ";\n"
	"                   without: end\n"
	"  --format text    what, where, since when, why it matters, what one could do\n"
	"  --format json    one object a line: kind tgid comm mm begin seen end gone holds since_start_ns start stop figures{…} what\n"
	"\n"
	"Kinds: leak stack-growth fragmentation cache-vs-private fault-storm untouched write-execute huge-chance. Nothing printed:\n"
	"nothing noticed. What lost records leave in doubt is not judged.\n"
	"\n"
	"Exit codes: 0 ok (also when something was noticed), 1 failure, 2 usage, 6 not a readable recording.";

struct notices {
	const char *file, *at;
	bool json;
	struct va_recording *recording;
	__u64 now, begin;
};

static int parse(struct notices *o, int argc, char **argv)
{
	static const struct option options[] = {
		{ "at", required_argument, NULL, 't' }, { "format", required_argument, NULL, 'f' }, { "help", no_argument, NULL, 'h' }, { 0 },
	};
	int c;

	optind = 0;
	while ((c = va_next_option(argc, argv, "h", options, "notices")) != -1) {
		if (c == 'h')
			return puts(help_text), va_end_output();
		if (c == 't')
			o->at = optarg;
		else if (c != 'f')
			return VA_EXIT_USAGE;
		else if (strcmp(optarg, "json") && strcmp(optarg, "text"))
			return va_usage("notices", "--format takes text or json, not '%s'", optarg);
		else
			o->json = !strcmp(optarg, "json");
	}
	if (optind + 1 != argc)
		return va_usage("notices", "%s", optind < argc ? "one recording at a time" : "notices needs a recording");
	o->file = argv[optind];
	return -1;
}

/* What the figures are called, by kind; NULL: has none. See enum va_notice_kind. */
static const struct {
	const char *bytes, *count, *part, *whole;
} figure_names[VA_NOTICE_KINDS] = {
	[VA_NOTICE_LEAK] = { "grown_bytes", "windows", "before_bytes", "now_bytes" },
	[VA_NOTICE_STACK] = { "grown_bytes", "faults", "before_bytes", "now_bytes" },
	[VA_NOTICE_FRAGMENTS] = { "hole_bytes", "holes", "largest_hole_bytes", "vmas" },
	[VA_NOTICE_CACHE] = { "cache_bytes", "mappings", "private_bytes", "resident_bytes" },
	[VA_NOTICE_STORM] = { "grown_bytes", "faults", "fault_ns", "duration_ns" },
	[VA_NOTICE_UNTOUCHED] = { "bytes", "mappings", "largest_bytes", NULL },
	[VA_NOTICE_WX] = { "bytes", "mappings", NULL, NULL },
	[VA_NOTICE_HUGE] = { "bytes", "blocks", "small_pages", "forbidden" },
};

static void put_figures(struct va_json *j, const struct va_notice *n)
{
	va_json_object(j, "figures");
	va_json_u64(j, figure_names[n->kind].bytes, n->bytes);
	va_json_u64(j, figure_names[n->kind].count, n->count);
	if (figure_names[n->kind].part)
		va_json_u64(j, figure_names[n->kind].part, n->part);
	if (n->kind == VA_NOTICE_HUGE)
		va_json_bool(j, figure_names[n->kind].whole, n->whole);
	else if (figure_names[n->kind].whole)
		va_json_u64(j, figure_names[n->kind].whole, n->whole);
	va_json_end_object(j);
}

static void print_json(const struct notices *o, const struct va_notice *n)
{
	struct va_json j = { 0 };
	char what[512];

	va_json_object(&j, NULL);
	va_json_string(&j, "kind", va_notice_name(n->kind));
	va_json_u64(&j, "tgid", n->tgid);
	va_json_string(&j, "comm", n->comm);
	va_json_u64(&j, "mm", n->mm);
	va_json_u64(&j, "begin", n->begin);
	va_json_u64(&j, "since_start_ns", n->begin > o->begin ? n->begin - o->begin : 0);
	va_json_u64(&j, "seen", n->seen);
	if (n->end)
		va_json_u64(&j, "end", n->end);
	else
		va_json_null(&j, "end");
	va_json_bool(&j, "holds", !n->end);
	va_json_bool(&j, "gone", n->gone);
	va_json_hex(&j, "start", n->start);
	va_json_hex(&j, "stop", n->stop);
	put_figures(&j, n);
	va_json_string(&j, "what", va_words_notice(what, sizeof(what), n, o->now));
	va_json_end_object(&j);
	va_json_newline(&j);
	fwrite(j.buf, 1, j.used, stdout);
	va_json_free(&j);
}

/* A name comes from the recorded machine: nothing in it may act on a terminal. */
static void print_name(const char *name)
{
	for (const unsigned char *s = (const unsigned char *)name; *s; s++)
		printf(*s < 0x20 || *s == 0x7f ? "\\%03o" : "%c", *s);
}

static void print_text(const struct notices *o, const struct va_notice *n)
{
	char text[512];

	printf("%s (%s)\n  process %u ", va_words_notice_title(n->kind), va_notice_name(n->kind), n->tgid);
	print_name(n->comm);
	printf(", at 0x%llx-0x%llx, %s\n", (unsigned long long)n->start, (unsigned long long)n->stop, va_words_notice_state(text, sizeof(text), n, o->begin));
	printf("  %s\n", va_words_notice(text, sizeof(text), n, o->now));
	printf("  Why it matters: %s\n  What one could do: %s\n\n", va_words_notice_why(n->kind), va_words_notice_advice(n->kind));
}

static int print(struct notices *o)
{
	struct va_history *h = va_recording_history(o->recording);
	size_t at;
	int code = va_moment_find(o->recording, "notices", o->at ? o->at : "end", &at);
	struct va_notices *n;

	if (code)
		return code;
	n = va_notices_new(h, va_recording_objects(o->recording), va_recording_texts(o->recording));
	va_notices_update(n, at, at);
	o->begin = va_history_begin(h);
	o->now = at ? va_history_time(h, at - 1) : o->begin;
	for (size_t i = 0; i < va_notices_count(n); i++)
		(o->json ? print_json : print_text)(o, va_notices_at(n, i));
	if (va_notices_dropped(n))
		fprintf(stderr, "vmatlas: %zu more notices are not shown\n", va_notices_dropped(n));
	va_notices_free(n);
	return va_end_output();
}

int cmd_notices(int argc, char **argv)
{
	struct notices o = { 0 };
	int code = parse(&o, argc, argv);

	if (code < 0)
		code = va_moment_load(&o.recording, o.file);
	if (code == 0 && o.recording)
		code = print(&o);
	va_recording_free(o.recording);
	return code;
}
