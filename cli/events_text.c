/* Events as lines for people: seconds, CPU, who, what. And what both forms say of a record. */
#include "events.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "calls.h"
#include "entry.h"
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
			say(out, "%c", *s);
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
	say(out, "%llx-%llx %s %s ", v.start, v.end, perms, zone ? zone : "-");
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

static void say_op(struct va_json *out, const struct va_event *e)
{
	const struct vmatlas_record *rec = e->rec;
	char store[24];

	say(out, "%s(", va_call_name(rec->op.nr, store, sizeof(store)));
	for (unsigned i = 0; i < va_call_args(rec->op.nr); i++)
		say(out, "%s%#llx", i ? ", " : "", rec->op.args[i]);
	if (rec->head.flags & VMATLAS_F_NO_RESULT)
		say(out, ") = ?");
	else if (va_call_returns_address(rec->op.nr) && rec->op.result >= 0)
		say(out, ") = %#llx", (__u64)rec->op.result);
	else
		say(out, ") = %lld", rec->op.result);
	say(out, " %u ns from %llx", rec->head.aux, rec->op.ip);
	say_code(out, e);
}

static const char *access_word(const struct vmatlas_record *rec)
{
	if (rec->head.flags & VMATLAS_F_INSTR)
		return "exec";
	return rec->head.flags & VMATLAS_F_WRITE ? "write" : "read";
}

static void say_fault(struct va_json *out, const struct va_event *e)
{
	const struct vmatlas_fault *f = &e->rec->fault;
	unsigned levels = va_model_header(e->model)->levels;
	const char *reason = va_event_reason(e);
	struct va_walk walk;

	va_walk_after(f, levels, &walk);
	say(out, "%s%s%s %llx %s%s %s ip %llx error %x %u ns", va_fault_kind_name(va_fault_kind(e->rec, levels)), reason ? " " : "",
	    reason ? reason : "", f->addr, access_word(e->rec), va_fault_major(e->rec) ? " major" : "",
	    va_event_origin(e->rec), f->ip, f->error, e->rec->head.aux);
	say_code(out, e);
	for (unsigned i = 0; i < walk.steps; i++)
		say(out, " %s[%u]%s", va_level_name(walk.step[i].level), walk.step[i].index, walk.step[i].allocated ? "+" : "");
	if (walk.complete)
		say(out, " frame %llx", walk.pfn);
	if (walk.steps) {
		const struct va_step *last = &walk.step[walk.steps - 1];
		struct va_entry_rules rules = va_entry_rules(va_model_header(e->model));
		char bits[128];

		say(out, " %s", va_entry_use_name(va_entry_use(last->level, last->entry, &rules)));
		if (*va_entry_bits(bits, sizeof(bits), last->level, last->entry, &rules))
			say(out, " [%s]", bits);
	}
}

static void say_exit(struct va_json *out, const struct vmatlas_record *rec)
{
	bool last = rec->head.flags & VMATLAS_F_GROUP;

	say(out, "status %#x%s", rec->head.aux, last ? ", the last thread" : "");
	/* A process with none never ran: it was not told. */
	if (!last || rec->exit.min_flt || rec->exit.maj_flt)
		say(out, ", %llu minor %llu major faults", rec->exit.min_flt, rec->exit.maj_flt);
}

static void say_payload(struct va_json *out, const struct va_event *e)
{
	const struct vmatlas_record *rec = e->rec;
	char store[24];

	switch (rec->head.type) {
	case VMATLAS_MM_LAYOUT:
		say(out, "layout code %llx-%llx data %llx-%llx brk %llx-%llx stack %llx", rec->layout.start_code, rec->layout.end_code,
		    rec->layout.start_data, rec->layout.end_data, rec->layout.start_brk, rec->layout.brk, rec->layout.start_stack);
		break;
	case VMATLAS_MM_COUNTS:
		say(out, "counts total %llu file %llu anon %llu shmem %llu swap %llu pages", rec->counts.total_vm, rec->counts.rss_file,
		    rec->counts.rss_anon, rec->counts.rss_shmem, rec->counts.swap);
		break;
	case VMATLAS_MM_END:
		say(out, "end of map %u", rec->head.mm);
		break;
	case VMATLAS_VMA:
		say_vma(out, e);
		break;
	case VMATLAS_RANGE:
		say(out, "%llx-%llx holds %u VMAs%s%s by %s", rec->range.lo, rec->range.hi, rec->range.count,
		    rec->head.flags & VMATLAS_F_MORE ? ", more follow" : "", rec->head.flags & VMATLAS_F_SNAPSHOT ? ", snapshot" : "",
		    rec->range.nr >= 0 ? va_call_name(rec->range.nr, store, sizeof(store)) : "-");
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
		say(out, "%llx, bytes %u to %u of %u", rec->text.id, rec->text.offset, rec->text.offset + VMATLAS_TEXT_PIECE < rec->text.total ?
		    rec->text.offset + VMATLAS_TEXT_PIECE : rec->text.total, rec->text.total);
		break;
	case VMATLAS_TASK:
		say(out, "parent %u uid %u ", rec->task.ppid, rec->task.uid);
		say_text(out, e, rec->task.exe_text);
		break;
	case VMATLAS_PAGES:
		say(out, "%u entries from %llx at %s", rec->pages.count, rec->pages.addr, va_level_name(rec->pages.level));
		break;
	case VMATLAS_SWEEP:
		say(out, "%s %llx-%llx", va_sweep_name(rec->sweep.kind), rec->sweep.lo, rec->sweep.hi);
		break;
	}
}

void va_event_text(struct va_json *out, const struct va_event *e)
{
	const struct vmatlas_head *h = &e->rec->head;
	__s64 since = (__s64)(h->ts - va_model_header(e->model)->start_mono);

	say(out, "%12.9f cpu%-2u ", (double)since / 1e9, e->cpu);
	say_name(out, *e->comm ? e->comm : "-");
	say(out, " %u/%u %s ", h->tgid, h->tid, va_type_name(h->type));
	say_payload(out, e);
	say(out, "\n");
}
