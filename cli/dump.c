/* vmatlas dump: the model's map at a moment, as /proc/PID/maps prints it or as JSON. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "commands.h"
#include "common/bytes.h"
#include "entry.h"
#include "json.h"
#include "maps.h"
#include "moment.h"
#include "runs.h"
#include "walk.h"

static const char help_text[] =
	"Examples:\n"
	"  vmatlas dump ls.vmatlas                         the map of the launched process, as it was last\n"
	"  vmatlas dump ls.vmatlas --at mark:before-fork   at the moment a mark was written\n"
	"  vmatlas dump ls.vmatlas --at 1.5 --pid 4711     of process 4711, 1.5 s after the start\n"
	"  vmatlas dump ls.vmatlas --at 1.5 --all --format json | jq .vmas[].zone\n"
	"\n"
	"Usage: vmatlas dump FILE [--at MOMENT]... [--pid N | --all] [--pages] [--format maps|json]      FILE - : standard input\n"
	"\n"
	"  --at MOMENT      " VA_MOMENT_HELP ";\n"
	"                   without: end. May repeat: the recording is read once, the maps come in the order asked for\n"
	"  --pid N          of process N; without: of the launched or attached process\n"
	"  --all            of every process that runs at that moment, and of the launched one\n"
	"  --pages          of each mapping also its pages, in runs of which the same is known:\n"
	"                   seen (there: the kernel's entry was read), derived (there, as follows from an event), swapped, absent,\n"
	"                   other (a migration, poison, marker entry), unknown (never seen, or records were lost since)\n"
	"  --format maps    the lines of /proc/PID/maps, byte for byte (with --all each map begins with '# PID NAME',\n"
	"                   with several --at each moment with '# at MOMENT')\n"
	"  --format json    one object a process and line:\n"
	"                   at ts since_start_ns tgid comm mm complete stale ended layout{…} counts{…} vmas[{start end perms offset dev\n"
	"                   inode name zone lib anon stale resident born changed}]; addresses are \"0x…\", resident counts pages\n"
	"                   of 4 KiB last known present, born and changed are ns of the recording's clock; with --pages each of vmas\n"
	"                   has pages[{start count state present page_size frames}]\n"
	"\n"
	"Exit codes: 0 ok, 1 failure (no such mark, nothing known of the process's map), 2 usage, 4 no such process in the\n"
	"recording by then, 6 not a readable recording.";

struct dump {
	const char *file;
	const char **at;   /* moments as asked for */
	size_t moments;
	__u32 pid;
	bool all, json, pages;
	struct va_recording *recording;
	const struct va_model *model;
};

/* -1 = go on, else the exit code. */
static int parse_format(struct dump *d, const char *text)
{
	d->json = !strcmp(text, "json");
	return d->json || !strcmp(text, "maps") ? -1 : va_usage("dump", "--format takes maps or json, not '%s'", text);
}

static int parse(struct dump *d, int argc, char **argv)
{
	static const struct option options[] = {
		{ "at", required_argument, NULL, 't' }, { "pid", required_argument, NULL, 'p' }, { "all", no_argument, NULL, 'a' },
		{ "format", required_argument, NULL, 'f' }, { "pages", no_argument, NULL, 'g' }, { "help", no_argument, NULL, 'h' }, { 0 },
	};
	int c, code = -1;

	optind = 0;
	while (code < 0 && (c = va_next_option(argc, argv, "h", options, "dump")) != -1) {
		if (c == 't')
			d->at[d->moments++] = optarg;
		else if (c == 'p')
			code = va_take_pid("dump", optarg, &d->pid) ? -1 : VA_EXIT_USAGE;
		else if (c == 'a')
			d->all = true;
		else if (c == 'g')
			d->pages = true;
		else if (c == 'f')
			code = parse_format(d, optarg);
		else if (c == 'h')
			code = (puts(help_text), va_end_output());
		else
			code = VA_EXIT_USAGE;
	}
	if (code >= 0)
		return code;
	if (optind + 1 != argc)
		return va_usage("dump", "%s", optind < argc ? "one recording at a time" : "dump needs a recording");
	if (d->pid && d->all)
		return va_usage("dump", "--pid and --all exclude each other");
	d->file = argv[optind];
	return -1;
}

/* --- maps -------------------------------------------------------------------------------------------------------- */

static void print_vsyscall(const struct dump *d)
{
	const char *line = va_recording_meta(d->recording, "vsyscall");
	size_t n = line ? strcspn(line, "\n") : 0;

	if (n)
		printf("%.*s\n", (int)n, line);
}

/* What an entry that maps nothing is there for: of the first page of the run. */
static void print_entry(const struct va_entry_rules *rules, const struct va_run *run)
{
	char words[200];

	if (run->state == VA_STATE_SWAPPED || run->state == VA_STATE_OTHER)
		printf(". %s", va_entry_words(words, sizeof(words), run->first.level, run->first.entry, rules));
}

/* "    7f0000001000 3 pages seen, frame 0x1a2b3": the first frame, where it is known. */
static void print_pages(const struct va_mm *mm, const struct va_vma *v, const struct vmatlas_stream_header *header)
{
	struct va_entry_rules rules = va_entry_rules(header);
	struct va_run run;

	for (__u64 at = v->start; at < v->end; at = run.end) {
		__u64 size = va_level_size((run = va_run_at(mm, at, v->end)).first.level);

		printf("    %08llx %llu page%s", (unsigned long long)at, (unsigned long long)((run.end - at) >> 12), run.end - at == 4096 ? "" : "s");
		printf(" %s", va_page_state_name(run.state));
		if (run.first.present && size > 4096)
			printf(", %s page%s", size == 1 << 21 ? "2 MiB" : "1 GiB", run.end - at == size ? "" : "s");
		if (run.first.present && run.first.entry)
			printf(", frame 0x%llx%s", (unsigned long long)va_entry_pfn_at(run.first.level, run.first.entry, at),
			       run.state == VA_STATE_UNKNOWN ? " before records were lost" : "");
		print_entry(&rules, &run);
		putchar('\n');
	}
}

static void print_maps(const struct dump *d, const struct va_mm *mm)
{
	static char line[VA_MAPS_LINE_MAX];

	for (size_t i = 0; i < va_mm_vma_count(mm); i++) {
		fwrite(line, 1, va_maps_line(mm, va_mm_vma(mm, i), va_model_texts(d->model), va_model_header(d->model)->rules, line,
					     sizeof(line)), stdout);
		if (d->pages)
			print_pages(mm, va_mm_vma(mm, i), va_model_header(d->model));
	}
	if (va_mm_has_vsyscall(mm))
		print_vsyscall(d);
}

/* --- JSON ------------------------------------------------------------------------------------------------------------ */

static void put_layout(struct va_json *j, const struct vmatlas_mm_layout *l)
{
	if (!l) {
		va_json_null(j, "layout");
		return;
	}
	va_json_object(j, "layout");
#define PUT(field) va_json_hex(j, #field, l->field)
	PUT(start_code), PUT(end_code), PUT(start_data), PUT(end_data), PUT(start_brk), PUT(brk), PUT(start_stack);
	PUT(arg_start), PUT(arg_end), PUT(env_start), PUT(env_end), PUT(pgd);
#undef PUT
	va_json_end_object(j);
}

static void put_counts(struct va_json *j, const struct vmatlas_mm_counts *c)
{
	if (!c) {
		va_json_null(j, "counts");
		return;
	}
	va_json_object(j, "counts");
#define PUT(field) va_json_u64(j, #field, c->field)
	PUT(total_vm), PUT(data_vm), PUT(exec_vm), PUT(stack_vm), PUT(locked_vm), PUT(pinned_vm), PUT(rss_file), PUT(rss_anon);
	PUT(rss_shmem), PUT(swap), PUT(pgtable_bytes), PUT(map_count);
#undef PUT
	va_json_end_object(j);
}

/* One number a page of page_size bytes: the frame where the page begins; null where only presence is known. */
static void put_frames(struct va_json *j, const struct va_mm *mm, const struct va_run *run, __u64 size)
{
	va_json_array(j, "frames");
	for (__u64 at = run->start; at < run->end; at = (at & ~(size - 1)) + size) {
		struct va_page page = va_mm_page(mm, at);

		if (page.entry)
			va_json_u64(j, NULL, va_entry_pfn_at(page.level, page.entry, at));
		else
			va_json_null(j, NULL);
	}
	va_json_end_array(j);
}

static void put_pages(struct va_json *j, const struct va_mm *mm, const struct va_vma *v)
{
	struct va_run run;

	va_json_array(j, "pages");
	for (__u64 at = v->start; at < v->end; at = run.end) {
		run = va_run_at(mm, at, v->end);
		va_json_object(j, NULL);
		va_json_hex(j, "start", at);
		va_json_u64(j, "count", (run.end - at) >> 12);
		va_json_string(j, "state", va_page_state_name(run.state));
		va_json_bool(j, "present", run.first.present);
		va_json_u64(j, "page_size", va_level_size(run.first.level));
		if (run.first.present)
			put_frames(j, mm, &run, va_level_size(run.first.level));
		else
			va_json_null(j, "frames");
		va_json_end_object(j);
	}
	va_json_end_array(j);
}

static void put_vma(struct va_json *j, const struct dump *d, const struct va_mm *mm, const struct va_vma *v)
{
	char perms[5], dev[24], store[VMATLAS_TEXT_MAX + 32];
	__u32 rules = va_model_header(d->model)->rules;
	bool lib;
	enum va_zone zone = va_zone_of(mm, v, va_model_texts(d->model), va_recording_objects(d->recording), rules, &lib);

	va_vma_perms(v->vm_flags, perms);
	snprintf(dev, sizeof(dev), "%02x:%02x", v->dev_major, v->dev_minor);
	va_json_object(j, NULL);
	va_json_hex(j, "start", v->start);
	va_json_hex(j, "end", v->end);
	va_json_string(j, "perms", perms);
	va_json_hex(j, "offset", va_vma_has_file(v) ? v->pgoff << 12 : 0);
	va_json_string(j, "dev", dev);
	va_json_u64(j, "inode", v->inode);
	va_json_string(j, "name", va_vma_name(mm, v, va_model_texts(d->model), rules, store, sizeof(store)));
	va_json_string(j, "zone", va_zone_name(zone));
	va_json_bool(j, "lib", lib);
	va_json_bool(j, "anon", v->anon);
	va_json_bool(j, "stale", v->stale);
	va_json_u64(j, "resident", va_mm_resident(mm, v->start, v->end));
	va_json_u64(j, "born", v->born);
	va_json_u64(j, "changed", v->changed);
	if (d->pages)
		put_pages(j, mm, v);
	va_json_end_object(j);
}

static void print_json(const struct dump *d, const char *at, const struct va_task *task, const struct va_mm *mm)
{
	struct va_json j = { 0 };
	__u64 now = va_model_now(d->model), begin = va_model_header(d->model)->start_mono;

	va_json_object(&j, NULL);
	va_json_string(&j, "at", at);
	va_json_u64(&j, "ts", now);
	va_json_u64(&j, "since_start_ns", now > begin ? now - begin : 0);
	va_json_u64(&j, "tgid", task->tgid);
	va_json_string(&j, "comm", task->comm);
	va_json_u64(&j, "mm", va_mm_id(mm));
	va_json_bool(&j, "complete", va_mm_complete(mm));
	va_json_bool(&j, "stale", va_mm_stale(mm));
	va_json_bool(&j, "ended", va_mm_ended(mm));
	put_layout(&j, va_mm_layout(mm));
	put_counts(&j, va_mm_counts(mm));
	va_json_array(&j, "vmas");
	for (size_t i = 0; i < va_mm_vma_count(mm); i++)
		put_vma(&j, d, mm, va_mm_vma(mm, i));
	va_json_end_array(&j);
	va_json_end_object(&j);
	va_json_newline(&j);
	fwrite(j.buf, 1, j.used, stdout);
	va_json_free(&j);
}

/* --- which processes --------------------------------------------------------------------------------------------- */

static void warn_if_unsure(const struct va_task *task, const struct va_mm *mm)
{
	if (!va_mm_complete(mm))
		fprintf(stderr, "vmatlas: process %u: the recording does not tell its whole map\n", task->tgid);
	else if (va_mm_stale(mm))
		fprintf(stderr, "vmatlas: process %u: records were lost just before; its map may differ from the kernel's\n", task->tgid);
}

/* A name comes from the recorded machine: nothing in it may act on a terminal. */
static void print_title(const struct va_task *task)
{
	printf("# %u ", task->tgid);
	for (const unsigned char *s = (const unsigned char *)task->comm; *s; s++)
		printf(*s < 0x20 || *s == 0x7f ? "\\%03o" : "%c", *s);
	putchar('\n');
}

static void print_process(const struct dump *d, const char *at, const struct va_task *task, const struct va_mm *mm)
{
	if (d->json) {
		print_json(d, at, task, mm);
	} else {
		if (d->all)
			print_title(task);
		print_maps(d, mm);
	}
	warn_if_unsure(task, mm);
}

static int print_one(const struct dump *d, const char *at)
{
	__u32 tgid = d->pid ? d->pid : va_model_target(d->model);
	const struct va_task *task = va_model_find_task(d->model, tgid);
	const struct va_mm *mm = task ? va_model_mm_of(d->model, tgid) : NULL;

	if (!task && d->pid)
		fprintf(stderr, "vmatlas: no process %u in this recording at that moment\n", tgid);
	else if (!task)
		fprintf(stderr, "vmatlas: no process has been seen at that moment\n");
	else if (!mm)
		fprintf(stderr, "vmatlas: nothing is known of the map of process %u at that moment\n", tgid);
	if (mm)
		print_process(d, at, task, mm);
	return mm ? VA_EXIT_OK : task ? VA_EXIT_FAILURE : VA_EXIT_NO_PROCESS;
}

static int print_all(const struct dump *d, const char *at)
{
	for (size_t i = 0; i < va_model_task_count(d->model); i++) {
		const struct va_task *task = va_model_task(d->model, i);
		const struct va_mm *mm = va_model_mm(d->model, task->last_mm);
		bool newest = va_model_find_task(d->model, task->tid) == task;

		if (mm && newest && task->tid == task->tgid && (!task->end || task->tgid == va_model_target(d->model)))
			print_process(d, at, task, mm);
	}
	return VA_EXIT_OK;
}

static int dump_at(struct dump *d, const char *at, size_t position)
{
	struct va_model *model = va_history_model_at(va_recording_history(d->recording), position);
	int code;

	d->model = model;
	if (d->moments > 1 && !d->json)
		printf("# at %s\n", at);
	code = d->all ? print_all(d, at) : print_one(d, at);
	d->model = NULL;
	va_model_free(model);
	return code;
}

/* All moments are found before anything is printed. What goes wrong at one does not keep the others back; the first such code counts. */
static int dump_all_moments(struct dump *d)
{
	size_t *positions = va_zalloc(d->moments * sizeof(*positions));
	int code = VA_EXIT_OK;

	for (size_t i = 0; i < d->moments && !code; i++)
		code = va_moment_find(d->recording, "dump", d->at[i], &positions[i]);
	for (size_t i = 0, found = code ? 0 : d->moments; i < found; i++) {
		int one = dump_at(d, d->at[i], positions[i]);

		code = code ? code : one;
	}
	free(positions);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	perror("vmatlas: standard output");
	return VA_EXIT_FAILURE;
}

int cmd_dump(int argc, char **argv)
{
	struct dump d = { .at = va_zalloc(((size_t)argc + 1) * sizeof(*d.at)) };
	int code = parse(&d, argc, argv);

	if (!d.moments)
		d.at[d.moments++] = "end";
	if (code < 0)
		code = va_moment_load(&d.recording, d.file);
	if (code == 0 && d.recording)
		code = dump_all_moments(&d);
	va_recording_free(d.recording);
	free(d.at);
	return code;
}
