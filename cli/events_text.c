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

/* At most: one name of the recorded machine (or the words for a place in its code), each byte of it as four, and what stands around it. */
#define LINE_MAX (4 * (VMATLAS_TEXT_MAX + 256) + 2048)
#define SOME 512 /* what printf may put */

static __attribute__((format(printf, 2, 3))) char *say(char *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(p, SOME, format, args);

	va_end(args);
	return n < 0 ? p : p + (n < SOME ? n : SOME - 1);
}

/* Names come from the recorded machine: nothing in them may act on a terminal. */
static char *say_name(char *p, const char *name)
{
	for (const unsigned char *s = (const unsigned char *)name; *s; s++) {
		if (*s >= 0x20 && *s != 0x7f) {
			*p++ = (char)*s;
			continue;
		}
		*p++ = '\\';
		*p++ = (char)('0' + (*s >> 6));
		*p++ = (char)('0' + (*s >> 3 & 7));
		*p++ = (char)('0' + (*s & 7));
	}
	return p;
}

static char *say_text(char *p, const struct va_event *e, __u64 id)
{
	const char *text = id ? va_texts_get(va_model_texts(e->model), id) : NULL;

	if (text)
		return say_name(p, text);
	return id ? va_put_hex(VA_PUT(p, "?"), id) : VA_PUT(p, "-");
}

static char *say_span(char *p, __u64 start, __u64 end)
{
	return va_put_hex(VA_PUT(va_put_hex(p, start), "-"), end);
}

static char *say_vma(char *p, const struct va_event *e)
{
	char perms[5], store[VMATLAS_TEXT_MAX + 32];
	const struct va_mm *mm = va_model_mm(e->model, e->rec->head.mm);
	struct va_vma v;
	bool lib;
	const char *zone;

	va_event_vma(e->rec, &v);
	va_vma_perms(v.vm_flags, perms);
	zone = va_event_zone(e, &v, &lib);
	p = VA_PUT(say_span(p, v.start, v.end), " ");
	p = (char *)memcpy(p, perms, 4) + 4;
	p = VA_PUT(p, " ");
	p = va_put(p, zone ? zone : "-");
	p = VA_PUT(p, " ");
	return mm ? say_name(p, va_vma_name(mm, &v, va_model_texts(e->model), va_model_header(e->model)->rules, store, sizeof(store))) : p;
}

static char *say_code(char *p, const struct va_event *e)
{
	struct va_site site;
	struct va_symbol symbol;
	char words[VMATLAS_TEXT_MAX + 256];

	if (!va_event_code(e, &site, &symbol))
		return p;
	return say_name(VA_PUT(p, " "), va_symbol_words(words, sizeof(words), &site, &symbol));
}

/* %#llx */
static char *say_hex(char *p, __u64 x)
{
	return va_put_hex(x ? VA_PUT(p, "0x") : p, x);
}

/* A word from one or two, made once. All that is made so is a name of our own and fits (a test prints each). */
static const struct va_word *made(struct va_word *word, const char *a, const char *b)
{
	if (!word->n) {
		int n = snprintf(word->bytes, sizeof(word->bytes), "%s%s", a, b);

		word->n = (__u8)(n < (int)sizeof(word->bytes) ? n : (int)sizeof(word->bytes) - 1);
	}
	return word;
}

static char *say_op(char *p, const struct va_event *e)
{
	const struct vmatlas_record *rec = e->rec;
	char store[24];
	unsigned args = va_call_args(rec->op.nr);

	p = VA_PUT(va_put(p, va_call_name(rec->op.nr, store, sizeof(store))), "(");
	for (unsigned i = 0; i < args; i++)
		p = say_hex(i ? VA_PUT(p, ", ") : p, rec->op.args[i]);
	p = VA_PUT(p, ") = ");
	if (rec->head.flags & VMATLAS_F_NO_RESULT)
		p = VA_PUT(p, "?");
	else if (va_call_returns_address(rec->op.nr) && rec->op.result >= 0)
		p = say_hex(p, (__u64)rec->op.result);
	else
		p = va_put_signed(p, rec->op.result);
	p = va_put_number(VA_PUT(p, " "), rec->head.aux);
	p = va_put_hex(VA_PUT(p, " ns from "), rec->op.ip);
	return say_code(p, e);
}

/* What an entry is for and the names of the bits that are set in it. */
struct entry_words {
	char bytes[160];
	size_t n;
};

static void make_entry_words(struct entry_words *words, unsigned level, __u64 entry, const struct va_entry_rules *rules)
{
	char bits[128];
	bool any = *va_entry_bits(bits, sizeof(bits), level, entry, rules);
	int n = snprintf(words->bytes, sizeof(words->bytes), any ? " %s [%s]" : " %s", va_entry_use_name(va_entry_use(level, entry, rules)), bits);

	words->n = (size_t)n;
}

/*
 * Taking an entry apart costs as much as the rest of the line, and few kinds of entries make up a recording: the words are kept. They do not depend on the frame. What is not a
 * present entry is always taken apart.
 */
static const struct entry_words *words_of(unsigned level, __u64 entry, const struct va_entry_rules *rules)
{
	static struct known { __u64 entry; struct va_entry_rules rules; unsigned level; struct entry_words words; } known[256];
	static struct entry_words other;
	__u64 frame = level == 4 ? 0x000ffffffffff000ull : 0x000fffffffffe000ull; /* bit 12 of a huge page says something */
	__u64 plain = entry & 1 ? entry & ~frame : 0;
	struct known *k = &known[(plain ^ plain >> 6 ^ plain >> 57 ^ level) % 256];

	if (!plain) {
		make_entry_words(&other, level, entry, rules);
		return &other;
	}
	if (k->entry != plain || k->level != level || memcmp(&k->rules, rules, sizeof(*rules))) {
		k->entry = plain;
		k->level = level;
		k->rules = *rules;
		make_entry_words(&k->words, level, plain, rules);
	}
	return &k->words;
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

/* " PTE[433]+" */
static char *say_step(char *p, const struct va_step *step)
{
	static struct va_word levels[VMATLAS_LEVELS];
	static struct { char digits[7]; __u8 n; } index[512], *i;

	p = va_put_word(p, made(&levels[step->level], " ", va_level_name(step->level)));
	*p++ = '[';
	i = &index[step->index];
	if (!i->n)
		i->n = (__u8)snprintf(i->digits, sizeof(i->digits), "%u]", step->index & 511);
	memcpy(p, i, sizeof(*i));
	p += i->n;
	*p = '+';
	return p + step->allocated;
}

static char *say_walk(char *p, const struct va_event *e, const struct va_walk *walk)
{
	for (unsigned i = 0; i < walk->steps; i++)
		p = say_step(p, &walk->step[i]);
	if (walk->complete)
		p = va_put_hex(VA_PUT(p, " frame "), walk->pfn);
	if (!walk->steps)
		return p;
	const struct va_step *last = &walk->step[walk->steps - 1];
	const struct entry_words *words = words_of(last->level, last->entry, rules_of(va_model_header(e->model)));

	memcpy(p, words->bytes, sizeof(words->bytes));
	return p + words->n;
}

/* " write major user ip " */
static char *say_access(char *p, const struct vmatlas_record *rec)
{
	static struct va_word words[3 * 2 * 3];
	unsigned access = rec->head.flags & VMATLAS_F_INSTR ? 0 : rec->head.flags & VMATLAS_F_WRITE ? 1 : 2;
	unsigned origin = rec->head.flags & VMATLAS_F_GUP ? 0 : rec->head.flags & VMATLAS_F_KERNEL ? 1 : 2, major = va_fault_major(rec);
	static const char *const accesses[] = { " exec", " write", " read" };
	struct va_word *word = &words[(access * 2 + major) * 3 + origin];

	if (word->n)
		return va_put_word(p, word);
	char tail[24];

	snprintf(tail, sizeof(tail), "%s%s ip ", major ? " major " : " ", va_event_origin(rec));
	return va_put_word(p, made(word, accesses[access], tail));
}

static char *say_fault(char *p, const struct va_event *e)
{
	static struct va_word kinds[VA_FAULT_KINDS];
	const struct vmatlas_fault *f = &e->rec->fault;
	unsigned levels = va_model_header(e->model)->levels;
	enum va_fault_kind kind = va_fault_kind(e->rec, levels);
	const char *reason = va_event_reason(e);
	struct va_walk walk;

	p = va_put_word(p, made(&kinds[kind], va_fault_kind_name(kind), " "));
	if (reason)
		p = VA_PUT(va_put(p, reason), " ");
	p = say_access(va_put_hex(p, f->addr), e->rec);
	p = va_put_hex(VA_PUT(va_put_hex(p, f->ip), " error "), f->error);
	p = VA_PUT(va_put_number(VA_PUT(p, " "), e->rec->head.aux), " ns");
	if (e->symbols)
		p = say_code(p, e);
	va_walk_after(f, levels, &walk);
	return say_walk(p, e, &walk);
}

static char *say_exit(char *p, const struct vmatlas_record *rec)
{
	bool last = rec->head.flags & VMATLAS_F_GROUP;

	p = say(p, "status %#x%s", rec->head.aux, last ? ", the last thread" : "");
	/* A process with none never ran: it was not told. */
	return !last || rec->exit.min_flt || rec->exit.maj_flt ? say(p, ", %llu minor %llu major faults", rec->exit.min_flt, rec->exit.maj_flt) : p;
}

static char *say_layout(char *p, const struct vmatlas_mm_layout *l)
{
	p = say_span(VA_PUT(p, "layout code "), l->start_code, l->end_code);
	p = say_span(VA_PUT(p, " data "), l->start_data, l->end_data);
	p = say_span(VA_PUT(p, " brk "), l->start_brk, l->brk);
	return va_put_hex(VA_PUT(p, " stack "), l->start_stack);
}

static char *say_counts(char *p, const struct vmatlas_mm_counts *c)
{
	p = va_put_number(VA_PUT(p, "counts total "), c->total_vm);
	p = va_put_number(VA_PUT(p, " file "), c->rss_file);
	p = va_put_number(VA_PUT(p, " anon "), c->rss_anon);
	p = va_put_number(VA_PUT(p, " shmem "), c->rss_shmem);
	p = va_put_number(VA_PUT(p, " swap "), c->swap);
	return VA_PUT(p, " pages");
}

static char *say_piece(char *p, const struct vmatlas_record *rec)
{
	unsigned end = rec->text.offset + VMATLAS_TEXT_PIECE;

	p = va_put_number(VA_PUT(va_put_hex(p, rec->text.id), ", bytes "), rec->text.offset);
	p = va_put_number(VA_PUT(p, " to "), end < rec->text.total ? end : rec->text.total);
	return va_put_number(VA_PUT(p, " of "), rec->text.total);
}

static char *say_range(char *p, const struct vmatlas_record *rec)
{
	char store[24];

	p = va_put_number(VA_PUT(say_span(p, rec->range.lo, rec->range.hi), " holds "), rec->range.count);
	p = VA_PUT(p, " VMAs");
	if (rec->head.flags & VMATLAS_F_MORE)
		p = VA_PUT(p, ", more follow");
	if (rec->head.flags & VMATLAS_F_SNAPSHOT)
		p = VA_PUT(p, ", snapshot");
	return va_put(VA_PUT(p, " by "), rec->range.nr >= 0 ? va_call_name(rec->range.nr, store, sizeof(store)) : "-");
}

static char *say_payload(char *p, const struct va_event *e)
{
	const struct vmatlas_record *rec = e->rec;

	switch (rec->head.type) {
	case VMATLAS_MM_LAYOUT:
		return say_layout(p, &rec->layout);
	case VMATLAS_MM_COUNTS:
		return say_counts(p, &rec->counts);
	case VMATLAS_MM_END:
		return va_put_number(VA_PUT(p, "end of map "), rec->head.mm);
	case VMATLAS_VMA:
		return say_vma(p, e);
	case VMATLAS_RANGE:
		return say_range(p, rec);
	case VMATLAS_OP:
		return say_op(p, e);
	case VMATLAS_FAULT:
		return say_fault(p, e);
	case VMATLAS_FORK:
		return say(p, "child %u/%u map %u flags %#llx", rec->fork.child_tgid, rec->fork.child_tid, rec->fork.child_mm, rec->fork.clone_flags);
	case VMATLAS_EXEC:
		return say_text(p, e, rec->exec.path_text);
	case VMATLAS_EXIT:
		return say_exit(p, rec);
	case VMATLAS_MARK:
		return say_text(p, e, rec->mark.text);
	case VMATLAS_LOSS:
		return say(p, "%llu records lost on CPU %u, %s channel", rec->loss.count, rec->loss.cpu,
			   rec->loss.channel == VMATLAS_CHANNEL_FAULTS ? "faults" : "truth");
	case VMATLAS_TEXT:
		return say_piece(p, rec);
	case VMATLAS_TASK:
		return say_text(say(p, "parent %u uid %u ", rec->task.ppid, rec->task.uid), e, rec->task.exe_text);
	case VMATLAS_PAGES:
		p = va_put_hex(VA_PUT(va_put_number(p, rec->pages.count), " entries from "), rec->pages.addr);
		return va_put(VA_PUT(p, " at "), va_level_name(rec->pages.level));
	case VMATLAS_SWEEP:
		return say_span(VA_PUT(va_put(p, va_sweep_name(rec->sweep.kind)), " "), rec->sweep.lo, rec->sweep.hi);
	}
	return p;
}

/* " cpu0  NAME PROCESS/THREAD ", kept: the same few threads cause most of what happens. */
static char *say_who(char *p, const struct va_event *e)
{
	static struct who { __u32 cpu, tgid, tid; char comm[VMATLAS_COMM_LEN + 1]; __u8 n; char bytes[128]; } known[64];
	const struct vmatlas_head *h = &e->rec->head;
	struct who *w = &known[(h->tid ^ e->cpu << 5) % 64];

	if (!w->n || w->cpu != e->cpu || w->tgid != h->tgid || w->tid != h->tid || memcmp(w->comm, e->comm, sizeof(w->comm))) {
		char *end = va_put_number(VA_PUT(w->bytes, " cpu"), e->cpu);

		end = say_name(e->cpu < 10 ? VA_PUT(end, "  ") : VA_PUT(end, " "), *e->comm ? e->comm : "-");
		end = va_put_number(VA_PUT(end, " "), h->tgid);
		end = VA_PUT(va_put_number(VA_PUT(end, "/"), h->tid), " ");
		w->cpu = e->cpu;
		w->tgid = h->tgid;
		w->tid = h->tid;
		w->n = (__u8)(end - w->bytes);
		memcpy(w->comm, e->comm, sizeof(w->comm));
	}
	memcpy(p, w->bytes, sizeof(w->bytes));
	return p + w->n;
}

void va_event_text(struct va_json *out, const struct va_event *e)
{
	static struct va_word types[VMATLAS_TYPE_LIMIT];
	const struct vmatlas_head *h = &e->rec->head;
	const char *type = va_type_name(h->type); /* no other comes out of the merge */
	char *p = va_line_room(out, LINE_MAX);

	p = say_who(va_put_seconds(p, (__s64)(h->ts - va_model_header(e->model)->start_mono)), e);
	p = say_payload(va_put_word(p, made(&types[type ? h->type : 0], type ? type : "?", " ")), e);
	*p++ = '\n';
	out->used = (size_t)(p - out->buf);
}
