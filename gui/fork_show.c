#include "fork_show.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "anim.h"
#include "walk.h"

#define KIN_BATCH 400000
#define PAIR_COST 60000   /* a few ms */
#define LOOK_BACK 4000    /* records looked at for pages that were copied */

void va_fork_show_destroy(struct va_fork_show *f)
{
	va_kin_destroy(&f->kin);
	va_pair_destroy(&f->pair);
	free(f->child);
	free(f->piece);
	memset(f, 0, sizeof(*f));
}

uint64_t va_fork_show_since(const struct va_fork_show *f, size_t pos)
{
	for (unsigned i = 0; i < VA_FORK_PASSED; i++)
		if (f->passed[i].pos == pos)
			return f->passed[i].since;
	return 0;
}

uint64_t va_fork_show_flash(const struct va_fork_show *f, __u64 addr)
{
	uint64_t since = 0;

	for (unsigned i = 0; i < VA_FORK_FLASHES; i++)
		if (f->flash[i].addr == addr && f->flash[i].since > since)
			since = f->flash[i].since;
	return since;
}

bool va_fork_show_busy(const struct va_fork_show *f, uint64_t now)
{
	for (unsigned i = 0; i < VA_FORK_PASSED; i++)
		if (f->passed[i].since && now < f->passed[i].since + VA_TIME_FORK)
			return true;
	for (unsigned i = 0; i < VA_FORK_FLASHES; i++)
		if (f->flash[i].since && now < f->flash[i].since + VA_TIME_GLOW)
			return true;
	return false;
}

static const struct va_fork_child *chosen(const struct va_fork_show *f)
{
	return f->parent ? &f->child[f->chosen] : NULL;
}

bool va_fork_show_copied(const struct va_fork_show *f)
{
	const struct va_fork_child *c = chosen(f);

	return c && c->mm && !c->exec;
}

bool va_fork_show_comparable(const struct va_fork_show *f)
{
	return va_fork_show_copied(f) && f->pair.fork.child && !(f->pair.over && f->pos >= f->pair.over_pos);
}

/* --- who -------------------------------------------------------------------------------------------------------------- */

/* Of the children those that were made by this very process, not by an earlier one with its number. */
static const struct va_kin_fork *first_child(const struct va_fork_show *f, const struct va_fork_at *at, __u32 tgid)
{
	const struct va_task *task = va_model_find_task(at->model, tgid);
	const struct va_kin_fork *fork = va_kin_newest_child(&f->kin, tgid, at->pos);

	return fork && task && fork->ts < task->begin ? NULL : fork;
}

static void add_child(struct va_fork_show *f, const struct va_fork_at *at, const struct va_kin_fork *fork)
{
	const struct va_kin_fork *again = va_kin_fork_of(&f->kin, fork->child, at->pos);
	struct va_fork_child c = {.fork = *fork};

	if (!again || again->pos == fork->pos) /* else: a later process has its number */
		c.exec = va_kin_exec_of(&f->kin, fork->child, fork->pos, at->pos);
	c.mm = c.exec ? c.exec->mm : fork->child_mm == fork->parent_mm ? 0 : fork->child_mm;
	f->child = va_grow(f->child, &f->room, f->count + 1, sizeof(*f->child));
	f->child[f->count++] = c;
}

static void list_children(struct va_fork_show *f, const struct va_fork_at *at)
{
	const struct va_kin_fork *fork = at->tgid ? first_child(f, at, at->tgid) : NULL, *own;

	f->parent = at->tgid;
	f->count = 0;
	if (!fork) {
		own = at->tgid ? va_kin_fork_of(&f->kin, at->tgid, at->pos) : NULL;
		f->parent = own ? own->parent : 0;
		fork = own ? first_child(f, at, own->parent) : NULL;
	}
	for (; fork; fork = va_kin_older_child(&f->kin, fork)) {
		const struct va_task *task = va_model_find_task(at->model, f->parent);

		if (task && fork->ts < task->begin)
			break;
		add_child(f, at, fork);
	}
	for (size_t i = 0; i < f->count / 2; i++) {
		struct va_fork_child c = f->child[i];

		f->child[i] = f->child[f->count - 1 - i];
		f->child[f->count - 1 - i] = c;
	}
	if (!f->count)
		f->parent = 0;
}

static bool runs(const struct va_fork_at *at, const struct va_fork_child *c)
{
	const struct va_task *task = va_model_find_task(at->model, c->fork.child);

	return task && !task->end;
}

/* The user's, else the process shown, else the newest that still has its copy, else the newest that runs, else the newest. */
static void choose(struct va_fork_show *f, const struct va_fork_at *at)
{
	size_t best = 0;
	int rank = -1;

	for (size_t i = 0; i < f->count; i++) {
		const struct va_fork_child *c = &f->child[i];
		int r = c->fork.child == at->chosen ? 4 : c->fork.child == at->tgid ? 3 : !runs(at, c) ? 0 : c->mm && !c->exec ? 2 : 1;

		if (r >= rank) {
			rank = r;
			best = i;
		}
	}
	f->chosen = best;
}

/* --- what has just happened ------------------------------------------------------------------------------------------------ */

static void note_passed(struct va_fork_show *f, size_t pos, uint64_t now)
{
	f->passed[f->passed_next % VA_FORK_PASSED].pos = pos;
	f->passed[f->passed_next++ % VA_FORK_PASSED].since = now;
}

static void pass(struct va_fork_show *f, size_t from, size_t to, uint64_t now)
{
	size_t i = f->kin.fork_count, j = f->kin.exec_count;

	for (unsigned n = 0; i && f->kin.forks[i - 1].pos > from && n < VA_FORK_PASSED / 2; i--)
		if (f->kin.forks[i - 1].pos <= to && ++n)
			note_passed(f, f->kin.forks[i - 1].pos, now);
	for (unsigned n = 0; j && f->kin.execs[j - 1].pos > from && n < VA_FORK_PASSED / 2; j--)
		if (f->kin.execs[j - 1].pos <= to && ++n)
			note_passed(f, f->kin.execs[j - 1].pos, now);
}

static void flash(struct va_fork_show *f, __u64 addr, uint64_t since)
{
	f->flash[f->flash_next % VA_FORK_FLASHES].addr = addr & ~4095ull;
	f->flash[f->flash_next++ % VA_FORK_FLASHES].since = since;
}

static bool is_split(const struct va_fork_show *f, const struct vmatlas_record *rec, unsigned levels)
{
	return rec->head.type == VMATLAS_FAULT && (rec->head.mm == f->pair.fork.parent_mm || rec->head.mm == f->pair.fork.child_mm) &&
	       va_fault_kind(rec, levels) == VA_FAULT_COW;
}

/* Pages copied by records [from, to). After a jump: those copied so lately that they would still glow. */
static void light(struct va_fork_show *f, const struct va_fork_at *at, size_t from, size_t to, bool jumped, uint64_t now)
{
	__u32 cpu;

	if (!f->pair.fork.child)
		return;
	if (to - from > LOOK_BACK)
		from = to - LOOK_BACK;
	if (from < f->pair.fork.pos)
		from = f->pair.fork.pos;
	for (size_t i = from; i < to; i++) {
		const struct vmatlas_record *rec = va_history_record(at->history, i, &cpu);
		__u64 age = at->time > rec->head.ts ? at->time - rec->head.ts : 0;

		if (is_split(f, rec, at->levels) && (!jumped || (age < VA_TIME_GLOW && age < now)))
			flash(f, rec->fault.addr, jumped ? now - age : now);
	}
}

static void forget_motion(struct va_fork_show *f)
{
	memset(f->passed, 0, sizeof(f->passed));
	memset(f->flash, 0, sizeof(f->flash));
	f->passed_next = f->flash_next = 0;
}

static void look(struct va_fork_show *f, const struct va_fork_at *at)
{
	const struct va_fork_child *c;
	const struct va_mm *a, *b;

	list_children(f, at);
	choose(f, at);
	c = chosen(f);
	/* A fork that is no longer kept: there is nothing to begin from. */
	va_pair_choose(&f->pair, at->history, c && c->fork.pos > va_history_first(at->history) ? &c->fork : NULL);
	a = c ? va_model_mm(at->model, c->fork.parent_mm) : NULL;
	b = c && va_fork_show_copied(f) && f->pair.fork.child ? va_model_mm(at->model, c->mm) : a;
	f->pieces = a && b ? va_pair_pieces(&f->pair, &f->kin, at->history, a, b, at->pos, &f->piece, &f->piece_room) : 0;
}

bool va_fork_show_update(struct va_fork_show *f, const struct va_fork_at *at, uint64_t now)
{
	bool more = va_kin_update(&f->kin, at->history, at->still ? ~(size_t)0 : KIN_BATCH), back = at->jumped || at->pos < f->pos || !f->looked;
	bool moved = more || back || at->pos != f->pos || at->tgid != f->tgid || at->chosen != f->asked;
	__u32 pair = f->pair.fork.child;

	if (moved) {
		size_t from = f->pos;

		if (back)
			forget_motion(f);
		else
			pass(f, from, at->pos, now);
		f->pos = at->pos;
		f->tgid = at->tgid;
		f->asked = at->chosen;
		f->looked = true;
		look(f, at);
		light(f, at, back || pair != f->pair.fork.child ? 0 : from, at->pos, back || pair != f->pair.fork.child, now);
	}
	return moved | (!at->hidden && va_pair_update(&f->pair, at->history, at->still ? ~(size_t)0 : PAIR_COST));
}
