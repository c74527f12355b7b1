/* See prove.h. Processes, maps and fault counts; pages and resident sizes are in prove_pages.c. */
#include "prove.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "maps.h"
#include "prove_parts.h"
#include "record.h"

const char *va_difference_name(enum va_difference kind)
{
	static const char *const names[VA_DIFFS] = { "process", "line", "page", "rss", "faults", "records" };

	return kind < VA_DIFFS ? names[kind] : NULL;
}

char *va_prove_text(const char *format, ...)
{
	va_list args, again;
	char *text;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	text = va_alloc((size_t)(n > 0 ? n : 0) + 1);
	vsnprintf(text, (size_t)(n > 0 ? n : 0) + 1, format, again);
	va_end(again);
	va_end(args);
	return text;
}

void va_prove_free(struct va_prove *p)
{
	for (unsigned i = 0; i < VA_DIFFS; i++) {
		free(p->first[i].kernel);
		free(p->first[i].picture);
	}
	free(p->exits);
}

void va_prove_differ(struct va_prove *p, enum va_difference kind, const struct va_about *about, char *kernel, char *picture)
{
	struct va_finding *f = &p->first[kind];

	p->counts.differences[kind]++;
	if (f->there) {
		free(kernel);
		free(picture);
		return;
	}
	*f = (struct va_finding){ .there = true, .kind = kind, .kernel = kernel, .picture = picture };
	if (about) {
		f->moment = about->moment;
		f->tgid = about->tgid;
		f->mm = about->mm;
		f->ts = about->ts;
		f->addr = about->addr;
		f->end = about->end;
		snprintf(f->comm, sizeof(f->comm), "%s", about->comm ? about->comm : "");
	}
	if (p->found)
		p->found(p->ctx, f);
}

/* --- one line ---------------------------------------------------------------------------------------------------------- */

static __u64 start_of(const char *line)
{
	return strtoull(line, NULL, 16);
}

static size_t line_length(const char *line, const char *end)
{
	const char *newline = memchr(line, '\n', (size_t)(end - line));

	return newline ? (size_t)(newline - line) + 1 : (size_t)(end - line);
}

/* Its text never came, or lost a piece. */
static bool text_missing(const struct va_texts *texts, const struct va_vma *v)
{
	return v->name_text && !va_texts_get(texts, v->name_text);
}

/* A path of which the picture has the end only, and says so. */
static bool ends_alike(const struct va_part *part, const struct va_vma *v, const char *kernel, size_t n, size_t own)
{
	static const char mark[] = VMATLAS_TOO_LONG;
	const char *name = v->name_text ? va_texts_get(part->p->texts, v->name_text) : NULL, *at;
	size_t before, rest;

	if (!name || strncmp(name, mark, sizeof(mark) - 1))
		return false;
	at = strstr(part->line, mark);
	before = at ? (size_t)(at - part->line) : own;
	rest = own - before - (at ? sizeof(mark) - 1 : 0);
	return at && before + rest <= n && !memcmp(part->line, kernel, before) && !memcmp(at + sizeof(mark) - 1, kernel + n - rest, rest);
}

static void compare_line(struct va_part *part, const struct va_vma *v, const char *kernel, size_t n)
{
	struct va_prove *p = part->p;
	size_t own = va_maps_line(part->mm, v, p->texts, part->rules, part->line, sizeof(part->line));

	if ((own == n && !memcmp(part->line, kernel, n)) || ends_alike(part, v, kernel, n, own)) {
		p->counts.lines++;
		return;
	}
	if (text_missing(p->texts, v)) {
		p->counts.uncertain++;
		return;
	}
	p->counts.lines++;
	part->about.addr = v->start;
	part->about.end = v->end;
	va_prove_differ(p, VA_DIFF_LINE, &part->about, va_prove_text("%.*s", (int)n, kernel), va_prove_text("%s", part->line));
}

static void extra_line(struct va_part *part, const char *kernel, size_t n)
{
	char *dash;

	part->p->counts.lines++;
	part->about.addr = strtoull(kernel, &dash, 16);
	part->about.end = *dash == '-' ? strtoull(dash + 1, NULL, 16) : part->about.addr;
	va_prove_differ(part->p, VA_DIFF_LINE, &part->about, va_prove_text("%.*s", (int)n, kernel), va_prove_text("no VMA begins there\n"));
}

static void missing_line(struct va_part *part, const struct va_vma *v)
{
	part->p->counts.lines++;
	va_maps_line(part->mm, v, part->p->texts, part->rules, part->line, sizeof(part->line));
	part->about.addr = v->start;
	part->about.end = v->end;
	va_prove_differ(part->p, VA_DIFF_LINE, &part->about, va_prove_text("no VMA begins there\n"), va_prove_text("%s", part->line));
}

/* Listed behind the map, and no VMA. */
static void compare_gate(struct va_part *part, const char *kernel, size_t n)
{
	const char *own = va_mm_has_vsyscall(part->mm) ? part->p->vsyscall : NULL;

	part->p->counts.lines++;
	while (n && kernel[n - 1] == '\n')
		n--;
	if (own && strlen(own) == n && !memcmp(own, kernel, n))
		return;
	part->about.addr = part->about.end = 0;
	va_prove_differ(part->p, VA_DIFF_LINE, &part->about, va_prove_text("%.*s\n", (int)n, kernel),
			va_prove_text("%s\n", own ? own : "no such line"));
}

static void compare_maps(struct va_part *part)
{
	const char *at = part->process->maps, *end = at + part->process->maps_bytes;
	size_t i = 0, count = va_mm_vma_count(part->mm);

	while (at < end) {
		size_t n = line_length(at, end);
		__u64 start = start_of(at);

		while (i < count && va_mm_vma(part->mm, i)->start < start)
			missing_line(part, va_mm_vma(part->mm, i++));
		if (start >= VA_USER_TOP)
			compare_gate(part, at, n);
		else if (i < count && va_mm_vma(part->mm, i)->start == start)
			compare_line(part, va_mm_vma(part->mm, i++), at, n);
		else
			extra_line(part, at, n);
		at += n;
	}
	for (; i < count; i++)
		missing_line(part, va_mm_vma(part->mm, i));
}

/* --- fault counts ------------------------------------------------------------------------------------------------------- */

static void compare_faults(struct va_prove *p, const struct va_about *about, __u64 min, __u64 maj, bool lost)
{
	struct va_account *a = va_ledger_find(p->ledger, about->tgid);
	bool equal;

	if (!a || !a->based || lost) {
		p->counts.faults_lost++;
		return;
	}
	p->counts.faults++;
	if (a->unsaid)
		equal = a->base_min + a->base_maj + a->min + a->maj + a->unsaid == min + maj;
	else
		equal = a->base_min + a->min == min && a->base_maj + a->maj == maj;
	if (equal)
		return;
	va_prove_differ(p, VA_DIFF_FAULTS, about, va_prove_text("%llu minor and %llu major faults in all\n", min, maj),
			va_prove_text("%llu minor and %llu major, of these %llu and %llu before its exec; recorded since: %llu from user space, %llu in the kernel, %llu by "
				      "get_user_pages\n", a->base_min + a->min + a->unsaid, a->base_maj + a->maj, a->base_min, a->base_maj, a->user, a->kernel, a->gup));
	/* Once only: what is missing would be missing from now on. */
	a->based = false;
}

/* Of either kind: what a process counts from is in EXEC. */
static bool lost_seen(const struct va_prove *p)
{
	return p->lost[VMATLAS_CHANNEL_TRUTH] || p->lost[VMATLAS_CHANNEL_FAULTS];
}

void va_prove_exit(struct va_prove *p, const struct va_model *model, const struct vmatlas_record *rec)
{
	const struct va_task *task = va_model_find_task(model, rec->head.tgid);
	const struct va_mm *mm = va_model_mm(model, rec->head.mm);
	struct va_about about = { .tgid = rec->head.tgid, .mm = rec->head.mm, .ts = rec->head.ts, .comm = task ? task->comm : NULL };
	bool told = rec->exit.min_flt || rec->exit.maj_flt;
	__u64 before = p->counts.differences[VA_DIFF_FAULTS];

	compare_faults(p, &about, rec->exit.min_flt, rec->exit.maj_flt, !told || lost_seen(p) || (mm && va_mm_blind(mm)));
	if (p->counts.differences[VA_DIFF_FAULTS] == before)
		return;
	p->exits = va_grow(p->exits, &p->exit_room, p->exit_count + 1, sizeof(*p->exits));
	p->exits[p->exit_count++] = rec->head.ts;
}

/* The first is the earliest: with it go all of them. */
static void forget_first(struct va_finding *f, __u64 after)
{
	if (!f->there || f->moment || f->ts < after)
		return;
	free(f->kernel);
	free(f->picture);
	*f = (struct va_finding){ 0 };
}

void va_prove_loss(struct va_prove *p, const struct vmatlas_record *rec)
{
	p->lost[rec->loss.channel] += rec->loss.count;
	for (; p->exit_count && p->exits[p->exit_count - 1] >= rec->loss.after; p->exit_count--) {
		p->counts.differences[VA_DIFF_FAULTS]--;
		p->counts.faults--;
		p->counts.faults_lost++;
	}
	forget_first(&p->first[VA_DIFF_FAULTS], rec->loss.after);
}

/* --- a moment ----------------------------------------------------------------------------------------------------------- */

static bool to_be_compared(struct va_prove *p, const struct va_proof_process *process)
{
	__u32 flags = process->told.flags;

	p->counts.processes++;
	p->counts.outside += !!(flags & VMATLAS_PROOF_OUTSIDE);
	p->counts.unreadable += !!(flags & VMATLAS_PROOF_UNREADABLE);
	p->counts.ending += !!(flags & VMATLAS_PROOF_ENDING);
	return !(flags & (VMATLAS_PROOF_OUTSIDE | VMATLAS_PROOF_UNREADABLE | VMATLAS_PROOF_ENDING));
}

/* Lost, and the stream has not shown it yet: the gap is seen with the next record of that CPU. */
static bool lost_unseen(const struct va_prove *p, const struct va_proof *proof, unsigned channel)
{
	return proof->moment.lost[channel] > p->lost[channel];
}

static void prove_process(struct va_prove *p, const struct va_model *model, const struct va_proof *proof, const struct va_proof_process *process)
{
	const struct va_task *task = va_model_find_task(model, process->tgid);
	struct va_part *part = &p->part;
	bool lost = lost_unseen(p, proof, VMATLAS_CHANNEL_TRUTH);

	part->p = p;
	part->proof = proof;
	part->process = process;
	part->mm = va_model_mm_of(model, process->tgid);
	part->rules = va_model_header(model)->rules;
	part->entries = va_entry_rules(va_model_header(model));
	part->faults_lost = lost_unseen(p, proof, VMATLAS_CHANNEL_FAULTS);
	part->about = (struct va_about){
		.moment = proof->moment.number, .ts = proof->moment.begin, .tgid = process->tgid,
		.mm = part->mm ? va_mm_id(part->mm) : 0, .comm = task ? task->comm : NULL,
	};
	if (lost || (part->mm && (va_mm_stale(part->mm) || !va_mm_complete(part->mm)))) {
		p->counts.stale_maps++;
		return;
	}
	if (!part->mm || va_mm_ended(part->mm)) {
		va_prove_differ(p, VA_DIFF_PROCESS, &part->about, va_prove_text("the process runs, its map has %u VMAs\n", process->told.vmas),
				va_prove_text(part->mm ? "its map has ended\n" : "nothing is known of its map\n"));
		return;
	}
	p->counts.maps++;
	compare_maps(part);
	va_prove_pages(part);
	compare_faults(p, &part->about, process->told.min_flt, process->told.maj_flt,
		       part->faults_lost || lost_seen(p) || va_mm_blind(part->mm));
}

void va_prove_moment(struct va_prove *p, const struct va_model *model, const struct va_proof *proof)
{
	p->counts.moments++;
	p->counts.refreshed += !!(proof->moment.flags & VMATLAS_PROOF_REFRESHED);
	p->counts.by_signal += !(proof->moment.flags & VMATLAS_PROOF_FREEZER);
	p->counts.torn += proof->moment.torn;
	p->counts.frozen_us += proof->moment.frozen_us;
	for (size_t i = 0; i < proof->count; i++)
		if (to_be_compared(p, &proof->processes[i]))
			prove_process(p, model, proof, &proof->processes[i]);
}
