/* Events as lines for people: seconds, CPU, who, what. And what both forms say of a record. */
#include "events.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "calls.h"
#include "entry.h"
#include "line.h"
#include "maps.h"
#include "record.h"
#include "walk.h"

const char *va_event_origin(const struct vmatlas_record *rec)
{
	if (rec->head.flags & VMATLAS_F_GUP)
		return "gup";
	return rec->head.flags & VMATLAS_F_KERNEL ? "kernel" : "user";
}

const char *va_event_reason(const struct va_event *e)
{
	const struct va_mm *mm = va_model_mm(e->model, e->rec->head.mm);
	const struct va_vma *v = mm ? va_mm_vma_at(mm, e->rec->fault.addr) : NULL;
	__u64 file_end = 0;

	if (!(e->rec->head.flags & VMATLAS_F_BAD))
		return NULL;
	if (v && va_vma_has_file(v))
		file_end = v->start + ((v->file_size + 4095) & ~4095ull) - (v->pgoff << 12);
	return va_bad_reason_name(va_bad_reason(e->rec, v ? v->vm_flags : 0, v, file_end));
}

void va_event_vma(const struct vmatlas_record *rec, struct va_vma *out)
{
	const struct vmatlas_vma *v = &rec->vma;

	*out = (struct va_vma){
		.start = v->start, .end = v->end, .vm_flags = v->vm_flags, .pgoff = v->pgoff, .inode = v->inode,
		.name_text = v->name_text, .file_size = v->file_size, .dev_major = v->dev_major, .dev_minor = v->dev_minor,
		.name_kind = v->name_kind, .anon = rec->head.flags & VMATLAS_F_ANON,
	};
}

const char *va_event_zone(const struct va_event *e, const struct va_vma *vma, bool *lib)
{
	const struct va_mm *mm = va_model_mm(e->model, e->rec->head.mm);

	*lib = false;
	return mm ? va_zone_name(va_zone_of(mm, vma, va_model_texts(e->model), e->objects, va_model_header(e->model)->rules, lib)) : NULL;
}

bool va_event_pfn_before(const struct va_event *e, __u64 *pfn)
{
	struct va_step step;
	bool leaf = va_walk_before(&e->rec->fault, va_model_header(e->model)->levels, &step) && step.leaf;

	if (leaf)
		*pfn = va_entry_pfn_at(step.level, step.entry, e->rec->fault.addr);
	return leaf;
}

bool va_event_code(const struct va_event *e, struct va_site *site, struct va_symbol *symbol)
{
	const struct vmatlas_record *rec = e->rec;
	__u64 ip = rec->head.type == VMATLAS_OP ? rec->op.ip : rec->fault.ip;

	if (!e->symbols || !ip)
		return false;
	ip -= rec->head.type == VMATLAS_OP; /* behind the syscall instruction */
	*site = va_site_of(va_model_mm(e->model, rec->head.mm), ip, 0, va_model_texts(e->model), e->objects);
	*symbol = va_symbols_ask(e->symbols, site, true);
	return true;
}

/* --- lines ----------------------------------------------------------------------------------------------------------- */

static __attribute__((format(printf, 2, 3))) void say(struct va_json *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(NULL, 0, format, args);

	va_end(args);
	out->buf = va_grow(out->buf, &out->room, out->used + (size_t)n + 1, 1);
	va_start(args, format);
	vsnprintf(out->buf + out->used, (size_t)n + 1, format, args);
	va_end(args);
	out->used += (size_t)n;
}

/* Names come from the recorded machine: nothing in them may act on a terminal. */
static void say_name(struct va_json *out, const char *name)
{
	for (const unsigned char *s = (const unsigned char *)name; *s; s++) {
		if (*s < 0x20 || *s == 0x7f)
			say(out, "\\%03o", *s);
		else
			va_line_add(out, (const char *)s, 1);
	}
}

static void say_text(struct va_json *out, const struct va_event *e, __u64 id)
{
	const char *text = id ? va_texts_get(va_model_texts(e->model), id) : NULL;

	if (text)
		say_name(out, text);
	else
		say(out, id ? "?%llx" : "-", id);
}

static void say_span(struct va_json *out, __u64 start, __u64 end)
{
	va_line_hex(out, start);
	va_line_word(out, "-");
	va_line_hex(out, end);
}

static void say_vma(struct va_json *out, const struct va_event *e)
{
	char perms[5], store[VMATLAS_TEXT_MAX + 32];
	const struct va_mm *mm = va_model_mm(e->model, e->rec->head.mm);
	struct va_vma v;
	bool lib;
	const char *zone;

	va_event_vma(e->rec, &v);
	va_vma_perms(v.vm_flags, perms);
	zone = va_event_zone(e, &v, &lib);
	say_span(out, v.start, v.end);
	va_line_word(out, " ");
	va_line_word(out, perms);
	va_line_word(out, " ");
	va_line_word(out, zone ? zone : "-");
	va_line_word(out, " ");
	if (mm)
		say_name(out, va_vma_name(mm, &v, va_model_texts(e->model), va_model_header(e->model)->rules, store, sizeof(store)));
}

static void say_code(struct va_json *out, const struct va_event *e)
{
	struct va_site site;
	struct va_symbol symbol;
	char words[VMATLAS_TEXT_MAX + 256];

	if (!va_event_code(e, &site, &symbol))
		return;
	say(out, " ");
	say_name(out, va_symbol_words(words, sizeof(words), &site, &symbol));
}

/* %#llx */
static void say_hex(struct va_json *out, __u64 x)
{
	va_line_word(out, x ? "0x" : "");
	va_line_hex(out, x);
}

static void say_op(struct va_json *out, const struct va_event *e)
{
	const struct vmatlas_record *rec = e->rec;
	char store[24];

	va_line_word(out, va_call_name(rec->op.nr, store, sizeof(store)));
	va_line_word(out, "(");
	for (unsigned i = 0; i < va_call_args(rec->op.nr); i++) {
		va_line_word(out, i ? ", " : "");
		say_hex(out, rec->op.args[i]);
	}
	va_line_word(out, ") = ");
	if (rec->head.flags & VMATLAS_F_NO_RESULT)
		va_line_word(out, "?");
	else if (va_call_returns_address(rec->op.nr) && rec->op.result >= 0)
		say_hex(out, (__u64)rec->op.result);
	else
		va_line_signed(out, rec->op.result);
	va_line_word(out, " ");
	va_line_number(out, rec->head.aux, 1);
	va_line_word(out, " ns from ");
	va_line_hex(out, rec->op.ip);
	say_code(out, e);
}

static const char *access_word(const struct vmatlas_record *rec)
{
	if (rec->head.flags & VMATLAS_F_INSTR)
		return "exec";
	return rec->head.flags & VMATLAS_F_WRITE ? "write" : "read";
}

/*
 * The names of the bits that are set in an entry: taking an entry apart costs as much as the rest of the line, and few kinds of entries make up a recording. What is not a
 * present entry is always taken apart.
 */
static const char *bits_of(unsigned level, __u64 entry, const struct va_entry_rules *rules)
{
	static struct known { __u64 entry; struct va_entry_rules rules; unsigned level; char words[128]; } known[256];
	static char other[128];
	__u64 frame = level == 4 ? 0x000ffffffffff000ull : 0x000fffffffffe000ull; /* bit 12 of a huge page says something */
	__u64 plain = entry & 1 ? entry & ~frame : 0;
	struct known *k = &known[(plain ^ plain >> 6 ^ plain >> 57 ^ level) % 256];

	if (!plain)
		return va_entry_bits(other, sizeof(other), level, entry, rules);
	if (k->entry != plain || k->level != level || memcmp(&k->rules, rules, sizeof(*rules))) {
		k->entry = plain;
		k->level = level;
		k->rules = *rules;
		va_entry_bits(k->words, sizeof(k->words), level, plain, rules);
	}
	return k->words;
}

/* The kernel's version is read from the header's words: once a recording, not once a line. */
static const struct va_entry_rules *rules_of(const struct vmatlas_stream_header *header)
{
	static struct vmatlas_stream_header known;
	static struct va_entry_rules rules;

	if (memcmp(&known, header, sizeof(known))) {
		known = *header;
		rules = va_entry_rules(header);
	}
	return &rules;
}

static void say_walk(struct va_json *out, const struct va_event *e, const struct va_walk *walk)
{
	for (unsigned i = 0; i < walk->steps; i++) {
		va_line_word(out, " ");
		va_line_word(out, va_level_name(walk->step[i].level));
		va_line_word(out, "[");
		va_line_number(out, walk->step[i].index, 1);
		va_line_word(out, walk->step[i].allocated ? "]+" : "]");
	}
	if (walk->complete) {
		va_line_word(out, " frame ");
		va_line_hex(out, walk->pfn);
	}
	if (!walk->steps)
		return;
	const struct va_step *last = &walk->step[walk->steps - 1];
	const struct va_entry_rules *rules = rules_of(va_model_header(e->model));
	const char *bits = bits_of(last->level, last->entry, rules);

	va_line_word(out, " ");
	va_line_word(out, va_entry_use_name(va_entry_use(last->level, last->entry, rules)));
	if (!*bits)
		return;
	va_line_word(out, " [");
	va_line_word(out, bits);
	va_line_word(out, "]");
}

static void say_fault(struct va_json *out, const struct va_event *e)
{
	const struct vmatlas_fault *f = &e->rec->fault;
	unsigned levels = va_model_header(e->model)->levels;
	const char *reason = va_event_reason(e);
	struct va_walk walk;

	va_walk_after(f, levels, &walk);
	va_line_word(out, va_fault_kind_name(va_fault_kind(e->rec, levels)));
	va_line_word(out, reason ? " " : "");
	va_line_word(out, reason ? reason : "");
	va_line_word(out, " ");
	va_line_hex(out, f->addr);
	va_line_word(out, " ");
	va_line_word(out, access_word(e->rec));
	va_line_word(out, va_fault_major(e->rec) ? " major " : " ");
	va_line_word(out, va_event_origin(e->rec));
	va_line_word(out, " ip ");
	va_line_hex(out, f->ip);
	va_line_word(out, " error ");
	va_line_hex(out, f->error);
	va_line_word(out, " ");
	va_line_number(out, e->rec->head.aux, 1);
	va_line_word(out, " ns");
	say_code(out, e);
	say_walk(out, e, &walk);
}

static void say_exit(struct va_json *out, const struct vmatlas_record *rec)
{
	bool last = rec->head.flags & VMATLAS_F_GROUP;

	say(out, "status %#x%s", rec->head.aux, last ? ", the last thread" : "");
	/* A process with none never ran: it was not told. */
	if (!last || rec->exit.min_flt || rec->exit.maj_flt)
		say(out, ", %llu minor %llu major faults", rec->exit.min_flt, rec->exit.maj_flt);
}

static void say_layout(struct va_json *out, const struct vmatlas_mm_layout *l)
{
	va_line_word(out, "layout code ");
	say_span(out, l->start_code, l->end_code);
	va_line_word(out, " data ");
	say_span(out, l->start_data, l->end_data);
	va_line_word(out, " brk ");
	say_span(out, l->start_brk, l->brk);
	va_line_word(out, " stack ");
	va_line_hex(out, l->start_stack);
}

static void say_counts(struct va_json *out, const struct vmatlas_mm_counts *c)
{
	va_line_word(out, "counts total ");
	va_line_number(out, c->total_vm, 1);
	va_line_word(out, " file ");
	va_line_number(out, c->rss_file, 1);
	va_line_word(out, " anon ");
	va_line_number(out, c->rss_anon, 1);
	va_line_word(out, " shmem ");
	va_line_number(out, c->rss_shmem, 1);
	va_line_word(out, " swap ");
	va_line_number(out, c->swap, 1);
	va_line_word(out, " pages");
}

static void say_piece(struct va_json *out, const struct vmatlas_record *rec)
{
	unsigned end = rec->text.offset + VMATLAS_TEXT_PIECE;

	va_line_hex(out, rec->text.id);
	va_line_word(out, ", bytes ");
	va_line_number(out, rec->text.offset, 1);
	va_line_word(out, " to ");
	va_line_number(out, end < rec->text.total ? end : rec->text.total, 1);
	va_line_word(out, " of ");
	va_line_number(out, rec->text.total, 1);
}

static void say_payload(struct va_json *out, const struct va_event *e)
{
	const struct vmatlas_record *rec = e->rec;
	char store[24];

	switch (rec->head.type) {
	case VMATLAS_MM_LAYOUT:
		say_layout(out, &rec->layout);
		break;
	case VMATLAS_MM_COUNTS:
		say_counts(out, &rec->counts);
		break;
	case VMATLAS_MM_END:
		say(out, "end of map %u", rec->head.mm);
		break;
	case VMATLAS_VMA:
		say_vma(out, e);
		break;
	case VMATLAS_RANGE:
		say_span(out, rec->range.lo, rec->range.hi);
		va_line_word(out, " holds ");
		va_line_number(out, rec->range.count, 1);
		va_line_word(out, " VMAs");
		va_line_word(out, rec->head.flags & VMATLAS_F_MORE ? ", more follow" : "");
		va_line_word(out, rec->head.flags & VMATLAS_F_SNAPSHOT ? ", snapshot" : "");
		va_line_word(out, " by ");
		va_line_word(out, rec->range.nr >= 0 ? va_call_name(rec->range.nr, store, sizeof(store)) : "-");
		break;
	case VMATLAS_OP:
		say_op(out, e);
		break;
	case VMATLAS_FAULT:
		say_fault(out, e);
		break;
	case VMATLAS_FORK:
		say(out, "child %u/%u map %u flags %#llx", rec->fork.child_tgid, rec->fork.child_tid, rec->fork.child_mm, rec->fork.clone_flags);
		break;
	case VMATLAS_EXEC:
		say_text(out, e, rec->exec.path_text);
		break;
	case VMATLAS_EXIT:
		say_exit(out, rec);
		break;
	case VMATLAS_MARK:
		say_text(out, e, rec->mark.text);
		break;
	case VMATLAS_LOSS:
		say(out, "%llu records lost on CPU %u, %s channel", rec->loss.count, rec->loss.cpu,
		    rec->loss.channel == VMATLAS_CHANNEL_FAULTS ? "faults" : "truth");
		break;
	case VMATLAS_TEXT:
		say_piece(out, rec);
		break;
	case VMATLAS_TASK:
		say(out, "parent %u uid %u ", rec->task.ppid, rec->task.uid);
		say_text(out, e, rec->task.exe_text);
		break;
	case VMATLAS_PAGES:
		va_line_number(out, rec->pages.count, 1);
		va_line_word(out, " entries from ");
		va_line_hex(out, rec->pages.addr);
		va_line_word(out, " at ");
		va_line_word(out, va_level_name(rec->pages.level));
		break;
	case VMATLAS_SWEEP:
		va_line_word(out, va_sweep_name(rec->sweep.kind));
		va_line_word(out, " ");
		say_span(out, rec->sweep.lo, rec->sweep.hi);
		break;
	}
}

void va_event_text(struct va_json *out, const struct va_event *e)
{
	const struct vmatlas_head *h = &e->rec->head;
	__s64 since = (__s64)(h->ts - va_model_header(e->model)->start_mono);

	va_line_seconds(out, since);
	va_line_word(out, " cpu");
	va_line_number(out, e->cpu, 1);
	va_line_word(out, e->cpu < 10 ? "  " : " ");
	say_name(out, *e->comm ? e->comm : "-");
	va_line_word(out, " ");
	va_line_number(out, h->tgid, 1);
	va_line_word(out, "/");
	va_line_number(out, h->tid, 1);
	va_line_word(out, " ");
	va_line_word(out, va_type_name(h->type));
	va_line_word(out, " ");
	say_payload(out, e);
	va_line_word(out, "\n");
}
