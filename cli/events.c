/* vmatlas events: the records of a recording, one a line. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ahead.h"
#include "alloc.h"
#include "arguments.h"
#include "commands.h"
#include "events.h"
#include "line.h"
#include "moment.h"
#include "record.h"

static const char help_text[] =
	"Examples:\n"
	"  vmatlas events ls.vmatlas                                  everything, one event a line\n"
	"  vmatlas events ls.vmatlas --type op,mark                   the story: calls and marks\n"
	"  vmatlas events ls.vmatlas --type fault --format json | jq 'select(.kind == \"cow\")'\n"
	"  vmatlas events ls.vmatlas --from mark:begin --to mark:end\n"
	"\n"
	"Usage: vmatlas events FILE [OPTIONS]      FILE - : standard input\n"
	"\n"
	"  --pid N          events caused by process N, forks that made it, and all losses\n"
	"  --type TYPES     by commas: mm vma range op fault fork exec exit mark loss text task pages sweep\n"
	"  --from MOMENT    without what came up to MOMENT: " VA_MOMENT_HELP "\n"
	"  --to MOMENT      without what came after MOMENT\n"
	"  --symbols        say which function and line calls and faults come from, by the files of this machine where they are the same build\n"
	"  --format text    SECONDS CPU NAME PROCESS/THREAD TYPE DETAILS\n"
	"  --format json    one object a line, names as in docs/json.md: seq cpu ts type mm tgid tid comm, and by type\n"
	"     mm      what (layout, counts, end) and the fields of mm_struct\n"
	"     vma     start end perms offset dev inode name zone lib anon range index\n"
	"     range   lo hi count range call more snapshot start_brk brk total_vm map_count rss_file rss_anon rss_shmem swap pgtable_bytes\n"
	"     op      call args result caller begin latency_ns\n"
	"     fault   addr ip kind error write major origin page_size before_depth before latency_ns pfn_before pfn_after\n"
	"             vma_start vma_end reason signal levels[{name index entry allocated use bits}]\n"
	"             kind: demand-zero file cow reuse swap-in huge spurious bad other; origin: user kernel gup\n"
	"             reason: unmapped protection beyond-eof non-canonical kernel poison no-page\n"
	"     fork    child_tgid child_tid child_mm child_comm thread clone_flags\n"
	"     exec    path old_mm target        exit   status group min_flt maj_flt\n"
	"     mark    text                      loss   count channel after\n"
	"     text    id total offset piece     task   ppid uid start_ns exe target     pages  addr level entries\n"
	"     sweep   lo hi sweep since; sweep: told doubt swap access\n"
	"     op, fault with --symbols: code{state file offset function function_offset source line}\n"
	"     Addresses and entries are \"0x…\", what is not known is null, ts is in ns of CLOCK_MONOTONIC.\n"
	"\n"
	"Exit codes: 0 ok, 1 failure (no such mark), 2 usage, 6 not a readable recording.";

#define WRITE_BYTES (64u << 10)
#define WAITING_MAX 4096 /* lines held back at most until the map their VMAs belong to is whole */

struct waiting { /* a line that may not be printed yet */
	char *line;    /* owned; NULL: a VMA, to be written when its RANGE is whole */
	size_t bytes;
	struct vmatlas_record rec;
	__u32 cpu;
	char comm[VMATLAS_COMM_LEN + 1];
};

struct events {
	const char *file, *from, *to;
	__u32 pid;
	__u32 types; /* bit t: print records of type t; 0 = all */
	bool json, with_symbols;
	struct va_symbols *symbols;
	struct va_recording *recording;
	struct va_history *history;
	struct va_model *model;
	struct va_json out;
	struct waiting *waiting;
	size_t waiting_count, waiting_room;
	__u32 open_mm; /* a RANGE of it waits for its VMAs, or for the next RANGE; 0 = none */
	__u32 missing; /* VMAs it waits for */
	bool more;
	struct { /* while the file is read, without a history */
		__u64 from, to;  /* ts: print what came later than from, but not than to */
		bool from_start; /* all of the beginning */
		bool all_texts;  /* looked ahead */
		bool done;
	} pass;
};

static bool add_type(struct events *e, const char *name, size_t n)
{
	bool known = false;

	for (unsigned t = 1; t < VMATLAS_TYPE_LIMIT; t++) {
		const char *type = va_type_name(t);

		if (type && strlen(type) == n && !strncmp(type, name, n)) {
			e->types |= 1u << t;
			known = true;
		}
	}
	return known;
}

static int parse_types(struct events *e, const char *list)
{
	for (const char *p = list; *p; p += *p == ',') {
		size_t n = strcspn(p, ",");

		if (!add_type(e, p, n))
			return va_usage("events", "--type takes mm vma range op fault fork exec exit mark loss text task pages sweep, not '%s'", p);
		p += n;
	}
	return *list ? -1 : va_usage("events", "--type needs a type");
}

static int parse_option(struct events *e, int c)
{
	unsigned long pid;
	char *end;

	switch (c) {
	case 'p':
		pid = strtoul(optarg, &end, 10);
		e->pid = (__u32)pid;
		return *end || *optarg < '0' || *optarg > '9' || !pid || pid > 0x7fffffff ? va_usage("events", "--pid takes a process number, not '%s'", optarg) : -1;
	case 'y':
		return parse_types(e, optarg);
	case 'f':
		e->json = !strcmp(optarg, "json");
		return e->json || !strcmp(optarg, "text") ? -1 : va_usage("events", "--format takes text or json, not '%s'", optarg);
	case 's':
		e->with_symbols = true;
		return -1;
	case 'a':
		e->from = optarg;
		return -1;
	case 'b':
		e->to = optarg;
		return -1;
	case 'h':
		puts(help_text);
		return va_end_output();
	}
	return VA_EXIT_USAGE;
}

static int parse(struct events *e, int argc, char **argv)
{
	static const struct option options[] = {
		{ "pid", required_argument, NULL, 'p' }, { "type", required_argument, NULL, 'y' }, { "format", required_argument, NULL, 'f' },
		{ "from", required_argument, NULL, 'a' }, { "to", required_argument, NULL, 'b' }, { "symbols", no_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' }, { 0 },
	};
	int c, code = -1;

	optind = 0;
	while (code < 0 && (c = va_next_option(argc, argv, "h", options, "events")) != -1)
		code = parse_option(e, c);
	if (code >= 0)
		return code;
	if (optind + 1 != argc)
		return va_usage("events", "%s", optind < argc ? "one recording at a time" : "events needs a recording");
	e->file = argv[optind];
	return -1;
}

/* --- printing ---------------------------------------------------------------------------------------------------------- */

static void format(struct events *e, const struct vmatlas_record *rec, __u32 cpu, const char *comm)
{
	struct va_event event = { .rec = rec, .cpu = cpu, .model = e->model, .objects = va_recording_objects(e->recording),
				  .symbols = e->symbols };

	memcpy(event.comm, comm, sizeof(event.comm));
	if (e->json)
		va_event_json(&e->out, &event);
	else
		va_event_text(&e->out, &event);
}

static void write_out(struct events *e)
{
	if (e->out.used)
		fwrite(e->out.buf, 1, e->out.used, stdout);
	va_json_clear(&e->out);
}

static void let_go(struct events *e)
{
	for (size_t i = 0; i < e->waiting_count; i++) {
		struct waiting *w = &e->waiting[i];

		if (!w->line)
			format(e, &w->rec, w->cpu, w->comm);
		else
			va_line_add(&e->out, w->line, w->bytes);
		free(w->line);
	}
	e->waiting_count = 0;
	e->open_mm = 0;
}

static void hold_back(struct events *e, const struct vmatlas_record *rec, __u32 cpu, const char *comm)
{
	e->waiting = va_grow(e->waiting, &e->waiting_room, e->waiting_count + 1, sizeof(*e->waiting));
	struct waiting *w = &e->waiting[e->waiting_count++];

	*w = (struct waiting){ .rec = *rec, .cpu = cpu };
	memcpy(w->comm, comm, sizeof(w->comm));
	if (rec->head.type == VMATLAS_VMA)
		return;
	size_t begin = e->out.used;

	format(e, rec, cpu, comm);
	w->bytes = e->out.used - begin;
	w->line = memcpy(va_alloc_raw(w->bytes + 1), e->out.buf + begin, w->bytes);
	e->out.used = begin;
}

/* A VMA's zone depends on its neighbours: its line waits until the model holds the whole RANGE, or row of RANGEs. */
static void follow_ranges(struct events *e, const struct vmatlas_record *rec)
{
	if (rec->head.type == VMATLAS_RANGE) {
		if (e->open_mm && e->open_mm != rec->head.mm)
			let_go(e);
		e->open_mm = rec->head.mm;
		e->missing = rec->range.count;
		e->more = rec->head.flags & VMATLAS_F_MORE;
	} else if (rec->head.type == VMATLAS_VMA && rec->head.mm == e->open_mm && e->missing) {
		e->missing--;
	}
}

static bool wanted(const struct events *e, const struct vmatlas_record *rec)
{
	if (e->types && !(e->types >> rec->head.type & 1))
		return false;
	if (!e->pid || rec->head.tgid == e->pid || rec->head.type == VMATLAS_LOSS)
		return true;
	return rec->head.type == VMATLAS_FORK && rec->fork.child_tgid == e->pid;
}

static void comm_of(const struct events *e, const struct vmatlas_record *rec, char comm[VMATLAS_COMM_LEN + 1])
{
	const struct va_task *task = va_model_find_task(e->model, rec->head.tid);

	memset(comm, 0, VMATLAS_COMM_LEN + 1);
	if (rec->head.type == VMATLAS_EXIT)
		memcpy(comm, rec->exit.comm, VMATLAS_COMM_LEN);
	else if (task && rec->head.tid)
		memcpy(comm, task->comm, VMATLAS_COMM_LEN);
}

/* The model stands just behind it. */
static void one(struct events *e, const struct vmatlas_record *rec, __u32 cpu)
{
	char comm[VMATLAS_COMM_LEN + 1];

	follow_ranges(e, rec);
	if (wanted(e, rec)) {
		comm_of(e, rec, comm);
		if (e->open_mm)
			hold_back(e, rec, cpu, comm);
		else
			format(e, rec, cpu, comm);
	}
	if ((e->open_mm && !e->missing && !e->more) || e->waiting_count >= WAITING_MAX)
		let_go(e);
	if (e->out.used >= WRITE_BYTES)
		write_out(e);
}

static int end(struct events *e)
{
	let_go(e);
	write_out(e);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return VA_EXIT_OK;
	perror("vmatlas: standard output");
	return VA_EXIT_FAILURE;
}

/* --- moments that only the whole tells, and what comes through a pipe --------------------------------------------------- */

static int print_kept(struct events *e)
{
	size_t first, last;
	int code = va_moment_load(&e->recording, e->file);

	if (!code)
		code = va_moment_find(e->recording, "events", e->from, &first);
	if (!code)
		code = va_moment_find(e->recording, "events", e->to, &last);
	if (code)
		return code;
	e->history = va_recording_history(e->recording);
	e->model = va_history_model_at(e->history, first);
	for (size_t i = first; i < last && !ferror(stdout); i++) {
		__u32 cpu;
		struct vmatlas_record rec = *va_history_record(e->history, i, &cpu);

		va_model_apply(e->model, &rec);
		one(e, &rec, cpu);
	}
	return end(e);
}

/* --- else lines go out while the file is read ------------------------------------------------------------------------------ */

static __u64 named_text(const struct vmatlas_record *rec)
{
	switch (rec->head.type) {
	case VMATLAS_VMA:
		return rec->vma.name_text;
	case VMATLAS_EXEC:
		return rec->exec.path_text;
	case VMATLAS_MARK:
		return rec->mark.text;
	case VMATLAS_TASK:
		return rec->task.exe_text;
	}
	return 0;
}

/* Texts come before what names them, but not where one was lost and told again. */
static void know_text(struct events *e, __u64 id)
{
	if (!id || e->pass.all_texts || va_texts_get(va_recording_texts(e->recording), id))
		return;
	e->pass.all_texts = true;
	va_ahead(e->file, true, va_recording_texts(e->recording), NULL);
}

static void begin_pass(struct events *e)
{
	const struct vmatlas_stream_header *header = va_recording_header(e->recording);

	e->model = va_model_new(header, va_recording_texts(e->recording));
	e->pass.from += header->start_mono;
	e->pass.to = e->pass.to == ~0ull ? ~0ull : header->start_mono + e->pass.to;
}

/* No line tells of a page what another record said: of a map that is known, what only its pages learn from need not go into the model. */
static bool about_pages(const struct events *e, const struct vmatlas_record *rec)
{
	switch (rec->head.type) {
	case VMATLAS_FAULT:
		return true;
	case VMATLAS_PAGES:
	case VMATLAS_SWEEP:
		return va_model_mm(e->model, rec->head.mm);
	}
	return false;
}

static void pass(void *ctx, const struct vmatlas_record *rec, __u32 cpu)
{
	struct events *e = ctx;

	if (!e->model)
		begin_pass(e);
	e->pass.done |= rec->head.ts > e->pass.to || ferror(stdout);
	if (e->pass.done)
		return;
	if (!about_pages(e, rec))
		va_model_apply(e->model, rec);
	know_text(e, named_text(rec));
	e->pass.from_start |= rec->head.ts > e->pass.from;
	if (e->pass.from_start)
		one(e, rec, cpu);
}

static bool can_pass(struct events *e)
{
	struct stat stat_;

	if (!va_moment_since(e->to, &e->pass.to) || stat(e->file, &stat_) || !S_ISREG(stat_.st_mode))
		return false;
	e->pass.from_start = !strcmp(e->from, "start");
	return e->pass.from_start || (strcmp(e->from, "end") && va_moment_since(e->from, &e->pass.from));
}

static int print_passing(struct events *e)
{
	int more;

	e->recording = va_recording_new();
	va_recording_divert(e->recording, pass, e);
	va_ahead(e->file, false, va_recording_texts(e->recording), va_recording_objects(e->recording));
	more = va_recording_open(e->recording, e->file);
	if (more)
		return VA_EXIT_NOT_A_RECORDING;
	do
		more = va_recording_step(e->recording);
	while (more > 0 && !e->pass.done);
	return more < 0 ? VA_EXIT_NOT_A_RECORDING : end(e);
}

int cmd_events(int argc, char **argv)
{
	struct events e = { .from = "start", .to = "end" };
	int code = parse(&e, argc, argv);

	if (code < 0) {
		e.symbols = e.with_symbols ? va_symbols_new(NULL, NULL) : NULL;
		code = can_pass(&e) ? print_passing(&e) : print_kept(&e);
	}
	for (size_t i = 0; i < e.waiting_count; i++)
		free(e.waiting[i].line);
	free(e.waiting);
	va_symbols_free(e.symbols);
	va_model_free(e.model);
	va_recording_free(e.recording);
	va_json_free(&e.out);
	return code;
}
