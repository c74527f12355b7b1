/* Events as JSON: docs/json.md tells what each name means. */
#include "events.h"

#include <stdio.h>
#include <string.h>

#include "calls.h"
#include "entry.h"
#include "maps.h"
#include "record.h"
#include "walk.h"

static unsigned levels_of(const struct va_event *e)
{
	return va_model_header(e->model)->levels;
}

static const char *text_of(const struct va_event *e, __u64 id)
{
	return id ? va_texts_get(va_model_texts(e->model), id) : NULL;
}

/* Names in records are 16 bytes, with or without a NUL. */
static void put_name(struct va_json *j, const char *key, const char name[VMATLAS_COMM_LEN])
{
	char copy[VMATLAS_COMM_LEN + 1] = { 0 };

	memcpy(copy, name, VMATLAS_COMM_LEN);
	va_json_string(j, key, copy);
}

static void put_layout(struct va_json *j, const struct va_event *e)
{
	const struct vmatlas_mm_layout *l = &e->rec->layout;

	va_json_string(j, "what", "layout");
#define PUT(field) va_json_hex(j, #field, l->field)
	PUT(start_code), PUT(end_code), PUT(start_data), PUT(end_data), PUT(start_brk), PUT(brk), PUT(start_stack);
	PUT(arg_start), PUT(arg_end), PUT(env_start), PUT(env_end), PUT(pgd);
#undef PUT
}

static void put_counts(struct va_json *j, const struct va_event *e)
{
	const struct vmatlas_mm_counts *c = &e->rec->counts;

	va_json_string(j, "what", "counts");
#define PUT(field) va_json_u64(j, #field, c->field)
	PUT(total_vm), PUT(data_vm), PUT(exec_vm), PUT(stack_vm), PUT(locked_vm), PUT(pinned_vm), PUT(rss_file), PUT(rss_anon);
	PUT(rss_shmem), PUT(swap), PUT(pgtable_bytes), PUT(map_count), PUT(users);
#undef PUT
}

static void put_end(struct va_json *j, const struct va_event *e)
{
	va_json_string(j, "what", "end");
}

static void put_vma(struct va_json *j, const struct va_event *e)
{
	char perms[5], dev[24], store[VMATLAS_TEXT_MAX + 32];
	const struct va_mm *mm = va_model_mm(e->model, e->rec->head.mm);
	struct va_vma v;
	bool lib;

	va_event_vma(e->rec, &v);
	va_vma_perms(v.vm_flags, perms);
	snprintf(dev, sizeof(dev), "%02x:%02x", v.dev_major, v.dev_minor);
	va_json_hex(j, "start", v.start);
	va_json_hex(j, "end", v.end);
	va_json_string(j, "perms", perms);
	va_json_hex(j, "offset", va_vma_has_file(&v) ? v.pgoff << 12 : 0);
	va_json_string(j, "dev", dev);
	va_json_u64(j, "inode", v.inode);
	va_json_string(j, "name", mm ? va_vma_name(mm, &v, va_model_texts(e->model), va_model_header(e->model)->rules, store,
						   sizeof(store)) : text_of(e, v.name_text));
	va_json_string(j, "zone", va_event_zone(e, &v, &lib));
	va_json_bool(j, "lib", lib);
	va_json_bool(j, "anon", v.anon);
	va_json_u64(j, "range", e->rec->head.aux);
	va_json_u64(j, "index", e->rec->vma.index);
}

static void put_range(struct va_json *j, const struct va_event *e)
{
	const struct vmatlas_range *r = &e->rec->range;
	char store[24];

	va_json_hex(j, "lo", r->lo);
	va_json_hex(j, "hi", r->hi);
	va_json_u64(j, "count", r->count);
	va_json_u64(j, "range", e->rec->head.aux);
	va_json_string(j, "call", r->nr >= 0 ? va_call_name(r->nr, store, sizeof(store)) : NULL);
	va_json_bool(j, "more", e->rec->head.flags & VMATLAS_F_MORE);
	va_json_bool(j, "snapshot", e->rec->head.flags & VMATLAS_F_SNAPSHOT);
	va_json_hex(j, "start_brk", r->start_brk);
	va_json_hex(j, "brk", r->brk);
	va_json_u64(j, "total_vm", r->total_vm);
	va_json_u64(j, "map_count", r->map_count);
	va_json_u64(j, "rss_file", r->rss_file);
	va_json_u64(j, "rss_anon", r->rss_anon);
	va_json_u64(j, "rss_shmem", r->rss_shmem);
	va_json_u64(j, "swap", r->swap);
	va_json_u64(j, "pgtable_bytes", r->pgtable_bytes);
}

static void put_result(struct va_json *j, const struct vmatlas_record *rec)
{
	if (rec->head.flags & VMATLAS_F_NO_RESULT)
		va_json_null(j, "result");
	else if (rec->op.result >= 0 && va_call_returns_address(rec->op.nr))
		va_json_hex(j, "result", (__u64)rec->op.result);
	else
		va_json_s64(j, "result", rec->op.result);
}

static void put_code(struct va_json *j, const struct va_event *e)
{
	struct va_site site;
	struct va_symbol symbol;

	if (!va_event_code(e, &site, &symbol))
		return;
	va_json_object(j, "code");
	va_json_string(j, "state", va_symbol_state_name(symbol.state));
	va_json_string(j, "file", site.path);
	if (site.path)
		va_json_hex(j, "offset", site.offset);
	if (symbol.state == VA_SYMBOL_FOUND) {
		va_json_string(j, "function", symbol.function);
		va_json_u64(j, "function_offset", symbol.offset);
	}
	if (symbol.source) {
		va_json_string(j, "source", symbol.source);
		va_json_u64(j, "line", symbol.line);
	}
	va_json_end_object(j);
}

static void put_op(struct va_json *j, const struct va_event *e)
{
	const struct vmatlas_op *op = &e->rec->op;
	char store[24];

	va_json_string(j, "call", va_call_name(op->nr, store, sizeof(store)));
	va_json_array(j, "args");
	for (unsigned i = 0; i < va_call_args(op->nr); i++)
		va_json_hex(j, NULL, op->args[i]);
	va_json_end_array(j);
	put_result(j, e->rec);
	va_json_hex(j, "caller", op->ip);
	va_json_u64(j, "begin", op->begin);
	va_json_u64(j, "latency_ns", e->rec->head.aux);
	if (op->peer_mm)
		va_json_u64(j, "peer_mm", op->peer_mm);
	put_code(j, e);
}

static void put_levels(struct va_json *j, const struct va_event *e, const struct va_walk *walk)
{
	struct va_entry_rules rules = va_entry_rules(va_model_header(e->model));
	char bits[128];

	va_json_array(j, "levels");
	for (unsigned i = 0; i < walk->steps; i++) {
		const struct va_step *step = &walk->step[i];

		va_json_object(j, NULL);
		va_json_string(j, "name", va_level_name(step->level));
		va_json_u64(j, "index", step->index);
		va_json_hex(j, "entry", step->entry);
		va_json_bool(j, "allocated", step->allocated);
		va_json_string(j, "use", va_entry_use_name(va_entry_use(step->level, step->entry, &rules)));
		va_json_string(j, "bits", va_entry_bits(bits, sizeof(bits), step->level, step->entry, &rules));
		va_json_end_object(j);
	}
	va_json_end_array(j);
}

static void put_number_or_null(struct va_json *j, const char *key, bool known, __u64 value)
{
	if (known)
		va_json_u64(j, key, value);
	else
		va_json_null(j, key);
}

/* null: by neither, or an older module did not say. */
static void put_counted(struct va_json *j, __u8 counted)
{
	if (counted == VMATLAS_COUNTED_MINOR || counted == VMATLAS_COUNTED_MAJOR)
		va_json_string(j, "counted", counted == VMATLAS_COUNTED_MINOR ? "minor" : "major");
	else
		va_json_null(j, "counted");
}

static void put_fault(struct va_json *j, const struct va_event *e)
{
	const struct vmatlas_fault *f = &e->rec->fault;
	struct va_walk walk;
	__u64 pfn = 0;
	bool known = va_event_pfn_before(e, &pfn);

	va_walk_after(f, levels_of(e), &walk);
	va_json_hex(j, "addr", f->addr);
	va_json_hex(j, "ip", f->ip);
	va_json_string(j, "kind", va_fault_kind_name(va_fault_kind(e->rec, levels_of(e))));
	va_json_u64(j, "error", f->error);
	va_json_bool(j, "write", e->rec->head.flags & VMATLAS_F_WRITE);
	va_json_bool(j, "major", va_fault_major(e->rec));
	put_counted(j, f->counted);
	va_json_string(j, "origin", va_event_origin(e->rec));
	put_number_or_null(j, "page_size", walk.complete, walk.page_size);
	va_json_u64(j, "before_depth", f->depth_before);
	va_json_hex(j, "before", f->before);
	va_json_u64(j, "latency_ns", e->rec->head.aux);
	put_number_or_null(j, "pfn_before", known, pfn);
	put_number_or_null(j, "pfn_after", walk.complete, walk.pfn);
	va_json_hex(j, "vma_start", f->vma_start);
	va_json_hex(j, "vma_end", f->vma_end);
	va_json_string(j, "reason", va_event_reason(e));
	put_number_or_null(j, "signal", f->signal, f->signal);
	put_levels(j, e, &walk);
	put_code(j, e);
}

static void put_fork(struct va_json *j, const struct va_event *e)
{
	const struct vmatlas_fork *f = &e->rec->fork;

	va_json_u64(j, "child_tgid", f->child_tgid);
	va_json_u64(j, "child_tid", f->child_tid);
	va_json_u64(j, "child_mm", f->child_mm);
	put_name(j, "child_comm", f->comm);
	va_json_bool(j, "thread", f->child_tgid != f->child_tid);
	va_json_hex(j, "clone_flags", f->clone_flags);
}

static void put_exec(struct va_json *j, const struct va_event *e)
{
	va_json_string(j, "path", text_of(e, e->rec->exec.path_text));
	va_json_u64(j, "old_mm", e->rec->exec.old_mm);
	va_json_bool(j, "target", e->rec->head.flags & VMATLAS_F_TARGET);
}

static void put_exit(struct va_json *j, const struct va_event *e)
{
	va_json_u64(j, "status", e->rec->head.aux);
	va_json_bool(j, "group", e->rec->head.flags & VMATLAS_F_GROUP);
	va_json_u64(j, "min_flt", e->rec->exit.min_flt);
	va_json_u64(j, "maj_flt", e->rec->exit.maj_flt);
}

static void put_mark(struct va_json *j, const struct va_event *e)
{
	va_json_string(j, "text", text_of(e, e->rec->mark.text));
}

static void put_loss(struct va_json *j, const struct va_event *e)
{
	const struct vmatlas_loss *l = &e->rec->loss;

	va_json_u64(j, "count", l->count);
	va_json_string(j, "channel", l->channel == VMATLAS_CHANNEL_FAULTS ? "faults" : "truth");
	put_number_or_null(j, "after", l->after, l->after);
}

static void put_text(struct va_json *j, const struct va_event *e)
{
	const struct vmatlas_text *t = &e->rec->text;
	char piece[VMATLAS_TEXT_PIECE + 1] = { 0 };

	memcpy(piece, t->bytes, VMATLAS_TEXT_PIECE);
	va_json_hex(j, "id", t->id);
	va_json_u64(j, "total", t->total);
	va_json_u64(j, "offset", t->offset);
	va_json_string(j, "piece", piece);
}

static void put_task(struct va_json *j, const struct va_event *e)
{
	va_json_u64(j, "ppid", e->rec->task.ppid);
	va_json_u64(j, "uid", e->rec->task.uid);
	va_json_u64(j, "start_ns", e->rec->task.start_ns);
	va_json_string(j, "exe", text_of(e, e->rec->task.exe_text));
	va_json_bool(j, "target", e->rec->head.flags & VMATLAS_F_TARGET);
}

static void put_pages(struct va_json *j, const struct va_event *e)
{
	const struct vmatlas_pages *p = &e->rec->pages;

	va_json_hex(j, "addr", p->addr);
	va_json_string(j, "level", va_level_name(p->level));
	va_json_array(j, "entries");
	for (unsigned i = 0; i < p->count && i < VMATLAS_PAGES_PER_RECORD; i++)
		va_json_hex(j, NULL, p->entry[i]);
	va_json_end_array(j);
	va_json_bool(j, "snapshot", e->rec->head.flags & VMATLAS_F_SNAPSHOT);
}

static void put_sweep(struct va_json *j, const struct va_event *e)
{
	const struct vmatlas_sweep *s = &e->rec->sweep;

	va_json_hex(j, "lo", s->lo);
	va_json_hex(j, "hi", s->hi);
	va_json_string(j, "sweep", va_sweep_name(s->kind));
	va_json_bool(j, "snapshot", e->rec->head.flags & VMATLAS_F_SNAPSHOT);
	va_json_u64(j, "since", s->since);
}

static void (*const put_payload[VMATLAS_TYPE_LIMIT])(struct va_json *j, const struct va_event *e) = {
	[VMATLAS_MM_LAYOUT] = put_layout, [VMATLAS_MM_COUNTS] = put_counts, [VMATLAS_MM_END] = put_end, [VMATLAS_VMA] = put_vma,
	[VMATLAS_RANGE] = put_range, [VMATLAS_OP] = put_op, [VMATLAS_FAULT] = put_fault, [VMATLAS_FORK] = put_fork,
	[VMATLAS_EXEC] = put_exec, [VMATLAS_EXIT] = put_exit, [VMATLAS_MARK] = put_mark, [VMATLAS_LOSS] = put_loss,
	[VMATLAS_TEXT] = put_text, [VMATLAS_TASK] = put_task, [VMATLAS_PAGES] = put_pages,
	[VMATLAS_SWEEP] = put_sweep,
};

void va_event_json(struct va_json *j, const struct va_event *e)
{
	const struct vmatlas_head *h = &e->rec->head;

	va_json_object(j, NULL);
	va_json_u64(j, "seq", h->seq);
	va_json_u64(j, "cpu", e->cpu);
	va_json_u64(j, "ts", h->ts);
	va_json_string(j, "type", va_type_name(h->type));
	va_json_u64(j, "mm", h->mm);
	va_json_u64(j, "tgid", h->tgid);
	va_json_u64(j, "tid", h->tid);
	va_json_string(j, "comm", *e->comm ? e->comm : NULL);
	if (h->type < VMATLAS_TYPE_LIMIT && put_payload[h->type])
		put_payload[h->type](j, e);
	va_json_end_object(j);
	va_json_newline(j);
}
