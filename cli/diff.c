/* vmatlas diff: what differs in a process's map between two moments. */
#include "diff.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "commands.h"
#include "json.h"
#include "maps.h"
#include "moment.h"

static const char help_text[] =
	"Examples:\n"
	"  vmatlas diff ls.vmatlas                                     from the start to the end\n"
	"  vmatlas diff ls.vmatlas --from mark:before --to mark:after  what happened between two marks\n"
	"  vmatlas diff ls.vmatlas --from 0.5 --to 1.5 --pid 4711 --format json | jq .rows[].change\n"
	"\n"
	"Usage: vmatlas diff FILE [--from MOMENT] [--to MOMENT] [--pid N] [--format text|json]      FILE - : standard input\n"
	"\n"
	"  --from, --to MOMENT   " VA_MOMENT_HELP ";\n"
	"                   without: start, end\n"
	"  --pid N          of process N; without: of the launched or attached process\n"
	"  --format text    a line for each piece of the address space in which something differs: mappings added, gone, grown,\n"
	"                   shrunk, mapped anew, with other permissions, names or flags; pages that became resident (+), left (-),\n"
	"                   got another frame (>), were written (!), are not known (?)\n"
	"  --format json    one object; docs/json.md tells what each name means\n"
	"\n"
	"Exit codes: 0 ok (also where something differs), 1 failure (no such mark, nothing known of the process's map), 2 usage, 4 no such process in\n"
	"the recording by then, 6 not a readable recording.";

struct moment {
	const char *text; /* as typed */
	struct va_model *model;
	const struct va_mm *mm; /* NULL = none yet */
};

struct compared {
	const char *file;
	struct moment from, to;
	__u32 pid;
	bool json;
	struct va_recording *recording;
	const struct va_task *task;
	struct va_diff diff;
};

static int parse_format(struct compared *c, const char *text)
{
	c->json = !strcmp(text, "json");
	return c->json || !strcmp(text, "text") ? -1 : va_usage("diff", "--format takes text or json, not '%s'", text);
}

static int parse(struct compared *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "from", required_argument, NULL, 'a' }, { "to", required_argument, NULL, 'b' }, { "pid", required_argument, NULL, 'p' },
		{ "format", required_argument, NULL, 'f' }, { "help", no_argument, NULL, 'h' }, { 0 },
	};
	int o, code = -1;

	optind = 0;
	while (code < 0 && (o = va_next_option(argc, argv, "h", options, "diff")) != -1) {
		if (o == 'a')
			c->from.text = optarg;
		else if (o == 'b')
			c->to.text = optarg;
		else if (o == 'p')
			code = va_take_pid("diff", optarg, &c->pid) ? -1 : VA_EXIT_USAGE;
		else if (o == 'f')
			code = parse_format(c, optarg);
		else if (o == 'h')
			code = (puts(help_text), va_end_output());
		else
			code = VA_EXIT_USAGE;
	}
	if (code >= 0)
		return code;
	if (optind + 1 != argc)
		return va_usage("diff", "%s", optind < argc ? "one recording at a time" : "diff needs a recording");
	c->file = argv[optind];
	return -1;
}

/* --- text ------------------------------------------------------------------------------------------------------------ */

static __u64 since_start(const struct moment *m)
{
	__u64 now = va_model_now(m->model), begin = va_model_header(m->model)->start_mono;

	return now > begin ? now - begin : 0;
}

static const char *name_of(const struct compared *c, const struct va_diff_row *row, bool after, char *buf, size_t n)
{
	const struct va_vma *vma = after ? &row->b : &row->a;

	return va_vma_name(after ? c->to.mm : c->from.mm, vma, va_recording_texts(c->recording), va_recording_header(c->recording)->rules, buf, n);
}

static bool has(const struct va_vma *vma)
{
	return vma->start < vma->end;
}

/* A name comes from the recorded machine: nothing in it may act on a terminal. */
static void print_clean(const char *text)
{
	for (const unsigned char *s = (const unsigned char *)text; *s; s++)
		printf(*s < 0x20 || *s == 0x7f ? "\\%03o" : "%c", *s);
}

static void print_pages(const struct va_page_changes *p)
{
	const struct {
		char sign;
		__u64 count;
	} each[] = {{'+', p->arrived}, {'-', p->left}, {'>', p->moved}, {'!', p->written}, {'?', p->unknown}};

	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++)
		if (each[i].count)
			printf(" %c%llu", each[i].sign, (unsigned long long)each[i].count);
}

static void print_row(const struct compared *c, const struct va_diff_row *row)
{
	char before[5] = "", after[5] = "", a[VMATLAS_TEXT_MAX + 32], b[VMATLAS_TEXT_MAX + 32];

	if (has(&row->a))
		va_vma_perms(row->a.vm_flags, before);
	if (has(&row->b))
		va_vma_perms(row->b.vm_flags, after);
	printf("%012llx-%012llx %10llu KiB  %-6s %s%s%s", (unsigned long long)row->start, (unsigned long long)row->end,
	       (unsigned long long)(row->end - row->start) >> 10, row->anew ? "anew" : va_change_name(row->change), has(&row->a) ? before : after,
	       row->permission ? " -> " : "", row->permission ? after : "");
	printf("%s%s  ", row->flags ? " flags" : "", row->stale ? " (uncertain)" : "");
	print_clean(name_of(c, row, !has(&row->a), a, sizeof(a)));
	if (row->renamed) {
		printf(" -> ");
		print_clean(name_of(c, row, true, b, sizeof(b)));
	}
	print_pages(&row->pages);
	putchar('\n');
}

static void print_text(const struct compared *c)
{
	const struct va_diff *d = &c->diff;
	const struct va_page_changes *p = &d->pages;

	printf("process %u ", c->task->tgid);
	print_clean(c->task->comm);
	printf(", %.6f s to %.6f s\n", (double)since_start(&c->from) / 1e9, (double)since_start(&c->to) / 1e9);
	if (d->replaced)
		puts("another map: the process called execve in between");
	printf("VMAs       %zu, then %zu\n", d->vmas_a, d->vmas_b);
	for (enum va_change change = VA_CHANGE_ADDED; change < VA_CHANGES; change++)
		printf("%-10s %llu KiB\n", va_change_name(change), (unsigned long long)d->bytes[change] >> 10);
	printf("permission %zu changed\nnames      %zu changed\nflags      %zu changed\nanew       %zu\n", d->permission, d->renamed, d->flags, d->anew);
	printf("pages      %llu became resident (+), %llu left (-), %llu got another frame (>), %llu were written (!), %llu are not known (?)\n",
	       (unsigned long long)p->arrived, (unsigned long long)p->left, (unsigned long long)p->moved, (unsigned long long)p->written,
	       (unsigned long long)p->unknown);
	for (size_t i = 0; i < d->count; i++)
		if (d->row[i].differs)
			print_row(c, &d->row[i]);
}

/* --- JSON ------------------------------------------------------------------------------------------------------------ */

static void put_moment(struct va_json *j, const char *key, const struct moment *m, size_t vmas)
{
	va_json_object(j, key);
	va_json_u64(j, "ts", va_model_now(m->model));
	va_json_u64(j, "since_start_ns", since_start(m));
	if (m->mm)
		va_json_u64(j, "mm", va_mm_id(m->mm));
	else
		va_json_null(j, "mm");
	va_json_u64(j, "vmas", vmas);
	va_json_end_object(j);
}

static void put_pages(struct va_json *j, const struct va_page_changes *p)
{
	va_json_object(j, "pages");
	va_json_u64(j, "arrived", p->arrived);
	va_json_u64(j, "left", p->left);
	va_json_u64(j, "moved", p->moved);
	va_json_u64(j, "written", p->written);
	va_json_u64(j, "same", p->same);
	va_json_u64(j, "unknown", p->unknown);
	va_json_u64(j, "swapped", p->swapped);
	va_json_end_object(j);
}

static void put_side(struct va_json *j, const char *key, const struct compared *c, const struct va_diff_row *row, bool after)
{
	const struct va_vma *vma = after ? &row->b : &row->a;
	char perms[5], buf[VMATLAS_TEXT_MAX + 32];

	if (!has(vma)) {
		va_json_null(j, key);
		return;
	}
	va_vma_perms(vma->vm_flags, perms);
	va_json_object(j, key);
	va_json_hex(j, "start", vma->start);
	va_json_hex(j, "end", vma->end);
	va_json_string(j, "perms", perms);
	va_json_string(j, "name", name_of(c, row, after, buf, sizeof(buf)));
	va_json_end_object(j);
}

static void put_row(struct va_json *j, const struct compared *c, const struct va_diff_row *row)
{
	va_json_object(j, NULL);
	va_json_hex(j, "start", row->start);
	va_json_hex(j, "end", row->end);
	va_json_string(j, "change", va_change_name(row->change));
	va_json_bool(j, "anew", row->anew);
	va_json_bool(j, "permission", row->permission);
	va_json_bool(j, "renamed", row->renamed);
	va_json_bool(j, "flags", row->flags);
	va_json_bool(j, "stale", row->stale);
	put_side(j, "from", c, row, false);
	put_side(j, "to", c, row, true);
	put_pages(j, &row->pages);
	va_json_end_object(j);
}

static void print_json(const struct compared *c)
{
	const struct va_diff *d = &c->diff;
	struct va_json j = { 0 };

	va_json_object(&j, NULL);
	va_json_u64(&j, "tgid", c->task->tgid);
	va_json_string(&j, "comm", c->task->comm);
	put_moment(&j, "from", &c->from, d->vmas_a);
	put_moment(&j, "to", &c->to, d->vmas_b);
	va_json_bool(&j, "exec", d->replaced);
	va_json_bool(&j, "unsure", d->unsure);
	va_json_object(&j, "bytes");
	for (enum va_change change = VA_CHANGE_NONE; change < VA_CHANGES; change++)
		va_json_u64(&j, va_change_name(change), d->bytes[change]);
	va_json_end_object(&j);
	put_pages(&j, &d->pages);
	va_json_array(&j, "rows");
	for (size_t i = 0; i < d->count; i++)
		if (d->row[i].differs)
			put_row(&j, c, &d->row[i]);
	va_json_end_array(&j);
	va_json_end_object(&j);
	va_json_newline(&j);
	fwrite(j.buf, 1, j.used, stdout);
	va_json_free(&j);
}

/* --- which maps ------------------------------------------------------------------------------------------------------ */

static int find_moments(struct compared *c)
{
	struct va_history *h = va_recording_history(c->recording);
	size_t from, to;
	int code = va_moment_find(c->recording, "diff", c->from.text, &from);

	if (!code)
		code = va_moment_find(c->recording, "diff", c->to.text, &to);
	if (code)
		return code;
	c->from.model = va_history_model_at(h, from);
	c->to.model = va_history_model_at(h, to);
	return VA_EXIT_OK;
}

static int find_process(struct compared *c)
{
	const struct va_model *last = va_model_now(c->to.model) >= va_model_now(c->from.model) ? c->to.model : c->from.model;
	__u32 tgid = c->pid ? c->pid : va_model_target(last);

	c->task = va_model_find_task(last, tgid);
	if (!c->task && c->pid)
		fprintf(stderr, "vmatlas: no process %u in this recording by then\n", tgid);
	else if (!c->task)
		fprintf(stderr, "vmatlas: no process has been seen by then\n");
	if (!c->task)
		return VA_EXIT_NO_PROCESS;
	c->from.mm = va_model_mm_of(c->from.model, tgid);
	c->to.mm = va_model_mm_of(c->to.model, tgid);
	if (c->from.mm || c->to.mm)
		return VA_EXIT_OK;
	fprintf(stderr, "vmatlas: nothing is known of the map of process %u at either moment\n", tgid);
	return VA_EXIT_FAILURE;
}

static int compare(struct compared *c)
{
	int code = find_moments(c);

	if (!code)
		code = find_process(c);
	if (code)
		return code;
	va_diff_compare(&c->diff, c->from.mm, c->to.mm, va_model_now(c->from.model), va_recording_texts(c->recording),
			va_recording_header(c->recording)->rules);
	if (c->json)
		print_json(c);
	else
		print_text(c);
	if (c->diff.unsure)
		fprintf(stderr, "vmatlas: process %u: not all of its map is told at these moments, or records were lost: it may differ from the kernel's\n",
			c->task->tgid);
	return va_end_output();
}

int cmd_diff(int argc, char **argv)
{
	struct compared c = { .from = { .text = "start" }, .to = { .text = "end" } };
	int code = parse(&c, argc, argv);

	if (code < 0)
		code = va_moment_load(&c.recording, c.file);
	if (code == 0 && c.recording)
		code = compare(&c);
	va_diff_free(&c.diff);
	va_model_free(c.from.model);
	va_model_free(c.to.model);
	va_recording_free(c.recording);
	return code;
}
