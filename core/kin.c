#include "kin.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "record.h"

#define LOOK_BACK 20000 /* changes of one map */
#define SCAN 20000      /* records among which the VMAs of a RANGE are looked for */

void va_kin_destroy(struct va_kin *k)
{
	free(k->forks);
	free(k->execs);
	free(k->changes);
	va_idmap_free(&k->by_child);
	va_idmap_free(&k->by_parent);
	va_idmap_free(&k->by_exec);
	va_idmap_free(&k->by_mm);
	memset(k, 0, sizeof(*k));
}

/* The one before becomes `before`, this one the newest. */
static __u32 chain(struct va_idmap *map, __u32 id, size_t index)
{
	__u32 before = va_idmap_get(map, id);

	va_idmap_set(map, id, (__u32)index);
	return before;
}

/* Changes are numbered from the first one there ever was. */
static bool is_kept(const struct va_kin *k, __u32 number)
{
	return number != VA_IDMAP_NONE && number >= k->changes_gone;
}

static const struct va_kin_change *change(const struct va_kin *k, __u32 number)
{
	return &k->changes[number - k->changes_gone];
}

/* Changes the history has given up, where it is worth the copying. */
static void forget(struct va_kin *k, size_t first)
{
	size_t n = 0;

	if (!k->change_count || k->changes[k->change_count / 4].pos > first)
		return;
	while (n < k->change_count && k->changes[n].pos <= first)
		n++;
	k->change_count -= n;
	k->changes_gone += n;
	memmove(k->changes, k->changes + n, k->change_count * sizeof(*k->changes));
}

static void take_fork(struct va_kin *k, const struct vmatlas_record *rec, size_t pos)
{
	struct va_kin_fork *f;

	if (rec->fork.child_tid != rec->fork.child_tgid)
		return;
	k->forks = va_grow(k->forks, &k->fork_room, k->fork_count + 1, sizeof(*k->forks));
	f = &k->forks[k->fork_count];
	*f = (struct va_kin_fork){.pos = pos, .ts = rec->head.ts, .parent = rec->head.tgid, .child = rec->fork.child_tgid, .parent_mm = rec->head.mm,
				  .child_mm = rec->fork.child_mm};
	memcpy(f->comm, rec->fork.comm, VMATLAS_COMM_LEN);
	f->same_child = chain(&k->by_child, f->child, k->fork_count);
	f->same_parent = chain(&k->by_parent, f->parent, k->fork_count++);
}

static void take_exec(struct va_kin *k, const struct vmatlas_record *rec, size_t pos)
{
	struct va_kin_exec *e;

	k->execs = va_grow(k->execs, &k->exec_room, k->exec_count + 1, sizeof(*k->execs));
	e = &k->execs[k->exec_count];
	*e = (struct va_kin_exec){.pos = pos, .ts = rec->head.ts, .tgid = rec->head.tgid, .old_mm = rec->exec.old_mm, .mm = rec->head.mm};
	memcpy(e->comm, rec->exec.comm, VMATLAS_COMM_LEN);
	e->same = chain(&k->by_exec, e->tgid, k->exec_count++);
}

static void take_change(struct va_kin *k, const struct vmatlas_record *rec, size_t pos)
{
	struct va_kin_change *c;

	if (rec->head.flags & VMATLAS_F_SNAPSHOT)
		return;
	k->changes = va_grow(k->changes, &k->change_room, k->change_count + 1, sizeof(*k->changes));
	c = &k->changes[k->change_count];
	*c = (struct va_kin_change){.pos = pos, .ts = rec->head.ts, .mm = rec->head.mm, .tid = rec->head.tid, .lo = rec->range.lo, .hi = rec->range.hi,
				    .nr = rec->range.nr, .seq = rec->head.aux, .count = rec->range.count};
	c->same = chain(&k->by_mm, c->mm, k->changes_gone + k->change_count++);
}

bool va_kin_update(struct va_kin *k, struct va_history *h, size_t most)
{
	size_t end = va_history_count(h);
	__u32 cpu;

	if (va_history_first(h))
		forget(k, va_history_first(h));
	if (k->seen == end)
		return false;
	for (; k->seen < end && most; most--) {
		const struct vmatlas_record *rec = va_history_record(h, k->seen++, &cpu);

		if (rec->head.type == VMATLAS_FORK && va_record_valid(rec))
			take_fork(k, rec, k->seen);
		else if (rec->head.type == VMATLAS_EXEC && va_record_valid(rec))
			take_exec(k, rec, k->seen);
		else if (rec->head.type == VMATLAS_RANGE && va_record_valid(rec))
			take_change(k, rec, k->seen);
	}
	return true;
}

const struct va_kin_fork *va_kin_fork_of(const struct va_kin *k, __u32 child, size_t pos)
{
	__u32 i = va_idmap_get(&k->by_child, child);

	while (i != VA_IDMAP_NONE && k->forks[i].pos > pos)
		i = k->forks[i].same_child;
	return i == VA_IDMAP_NONE ? NULL : &k->forks[i];
}

const struct va_kin_fork *va_kin_newest_child(const struct va_kin *k, __u32 parent, size_t pos)
{
	__u32 i = va_idmap_get(&k->by_parent, parent);

	while (i != VA_IDMAP_NONE && k->forks[i].pos > pos)
		i = k->forks[i].same_parent;
	return i == VA_IDMAP_NONE ? NULL : &k->forks[i];
}

const struct va_kin_fork *va_kin_older_child(const struct va_kin *k, const struct va_kin_fork *f)
{
	return f->same_parent == VA_IDMAP_NONE ? NULL : &k->forks[f->same_parent];
}

const struct va_kin_exec *va_kin_exec_of(const struct va_kin *k, __u32 tgid, size_t since, size_t pos)
{
	__u32 i = va_idmap_get(&k->by_exec, tgid);

	while (i != VA_IDMAP_NONE && k->execs[i].pos > pos)
		i = k->execs[i].same;
	return i == VA_IDMAP_NONE || k->execs[i].pos <= since ? NULL : &k->execs[i];
}

/* Does one of the VMAs that a change told of hold addr? */
static bool holds(struct va_history *h, const struct va_kin_change *c, __u64 addr)
{
	size_t end = va_history_count(h);
	__u32 cpu, left = c->count;

	if (end > c->pos + SCAN)
		end = c->pos + SCAN;
	for (size_t i = c->pos; i < end && left; i++) {
		const struct vmatlas_record *rec = va_history_record(h, i, &cpu);

		if (rec->head.type != VMATLAS_VMA || rec->head.mm != c->mm || rec->head.aux != c->seq)
			continue;
		if (rec->vma.start <= addr && addr < rec->vma.end)
			return true;
		left--;
	}
	return false;
}

const struct va_kin_change *va_kin_turned(const struct va_kin *k, struct va_history *h, __u32 mm, __u64 addr, bool mapped, size_t since, size_t pos)
{
	const struct va_kin_change *found = NULL;
	__u32 i = va_idmap_get(&k->by_mm, mm);
	unsigned n = 0;

	for (; is_kept(k, i) && n < LOOK_BACK && change(k, i)->pos > since; n++, i = change(k, i)->same) {
		const struct va_kin_change *c = change(k, i);

		if (c->pos > pos || c->lo > addr || c->hi <= addr)
			continue;
		if (holds(h, c, addr) != mapped)
			break;
		found = c;
	}
	return n < LOOK_BACK ? found : NULL;
}

const struct va_kin_change *va_kin_change_at(const struct va_kin *k, __u32 mm, __u64 ts, size_t since)
{
	__u32 i = va_idmap_get(&k->by_mm, mm);

	for (unsigned n = 0; is_kept(k, i) && n < LOOK_BACK && change(k, i)->pos > since; n++, i = change(k, i)->same)
		if (change(k, i)->ts == ts)
			return change(k, i);
	return NULL;
}
