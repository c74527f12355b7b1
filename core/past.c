/* See past.h. */
#include "past.h"

#include <asm/unistd_64.h>
#include <string.h>

#define POINT_EVERY 16384
#define FORK_SEARCH 256 /* forks looked at for the one that made a map */

static struct va_past_vma none(void)
{
	return (struct va_past_vma){0};
}

static bool is_mapped(const struct va_past_vma *v)
{
	return v->end > v->start;
}

static struct va_past_item *add(struct va_past *p, enum va_past_kind kind, __u64 ts, size_t pos)
{
	struct va_past_state *s = &p->state;
	struct va_past_item *item;

	if (s->items == VA_PAST_ITEMS) {
		memmove(&p->item[1], &p->item[2], (VA_PAST_ITEMS - 2) * sizeof(p->item[0]));
		s->items--;
		s->dropped++;
	}
	item = &p->item[s->items++];
	*item = (struct va_past_item){.kind = kind, .pos = pos, .call = VA_PAST_NO_CALL, .ts = ts, .nr = -1, .mm = p->line[s->generation].mm};
	return item;
}

/* --- where to begin ------------------------------------------------------------------------------------------------- */

/* The FORK that made this map, at or before p; (size_t)-1 = none seen. */
static size_t fork_of(struct va_history *h, __u32 mm, size_t p)
{
	for (int i = 0; i < FORK_SEARCH; i++) {
		p = va_history_prev(h, p, VMATLAS_FORK, 0);
		if (p == (size_t)-1)
			break;
		const struct vmatlas_record *rec = va_history_record(h, p, NULL);

		if (rec->fork.child_mm == mm && rec->head.mm != mm)
			return p;
	}
	return (size_t)-1;
}

/* Whose records tell of it: the map's own, and before the fork that copied it, its parent's. */
static void find_line(struct va_past *p, struct va_history *h, const struct va_model *model)
{
	const struct va_mm *mm = va_model_mm(model, p->mm);
	const struct va_vma *vma = va_mm_vma_at(mm, p->addr);
	unsigned n = 0;
	struct {
		__u32 mm;
		size_t until;
	} back[VA_PAST_ANCESTORS] = {{p->mm, 0}};
	__u64 born = vma->born;

	for (n = 1; n < VA_PAST_ANCESTORS; n++) {
		/* fork_pages(): what a child begins with is born at the fork */
		size_t fork = fork_of(h, back[n - 1].mm, va_history_find_time(h, born));
		const struct vmatlas_record *rec = fork == (size_t)-1 ? NULL : va_history_record(h, fork, NULL);
		__u32 parent = rec && rec->head.ts == born ? rec->head.mm : 0;
		const struct va_mm *from = parent ? va_model_mm(model, parent) : NULL;
		const struct va_vma *old = from ? va_mm_vma_at(from, p->addr) : NULL;

		if (!old || old->born >= born)
			break;
		back[n].mm = parent;
		back[n].until = fork;
		born = old->born;
	}
	p->line_count = n;
	for (unsigned i = 0; i < n; i++) {
		p->line[i].mm = back[n - 1 - i].mm;
		p->line[i].until = back[n - 1 - i].until;
	}
	p->born = vma->born;
	p->begin = va_history_find_time(h, born - 1);
}

static void note_exec(struct va_past *p, struct va_history *h)
{
	size_t at = va_history_prev(h, p->begin, VMATLAS_EXEC, 0);

	p->state.exec = at != (size_t)-1 && va_history_record(h, at, NULL)->head.mm == p->line[0].mm;
}

/* --- one record ------------------------------------------------------------------------------------------------------ */

/* What the change was, from before and after alone; the call tells more (below). */
static enum va_past_kind kind_of(const struct va_past_vma *a, const struct va_past_vma *b, __s32 nr)
{
	if ((a->vm_flags ^ b->vm_flags) & 7)
		return VA_PAST_PROTECTED;
	if (b->start <= a->start && b->end >= a->end && (b->start != a->start || b->end != a->end))
		return nr == -1 || nr == __NR_brk || nr == __NR_mmap || nr == __NR_mremap ? VA_PAST_GREW : VA_PAST_MERGED;
	if (b->start != a->start || b->end != a->end)
		return nr == __NR_munmap || nr == __NR_brk || nr == __NR_mremap || nr == __NR_mmap ? VA_PAST_SHRANK : VA_PAST_SPLIT;
	return VA_PAST_FLAGGED;
}

static bool same_place(const struct va_past_vma *a, const struct va_past_vma *b)
{
	__u64 base_a = a->start - (a->pgoff << 12), base_b = b->start - (b->pgoff << 12);

	return a->inode == b->inode && (!a->inode || base_a == base_b);
}

static void decide(struct va_past *p, size_t pos)
{
	struct va_past_state *s = &p->state;
	struct va_past_vma was = s->vma, is = s->next;
	struct va_past_item *item;

	s->open = false;
	if (!memcmp(&was, &is, sizeof(was)))
		return;
	s->vma = is;
	if (!is_mapped(&is))
		return;
	if (!is_mapped(&was) || !same_place(&was, &is)) {
		s->items = s->dropped = 0; /* another mapping than before */
		memset(s->faults, 0, sizeof(s->faults));
		s->major = 0;
		was = none();
		item = add(p, s->open_nr >= 0 ? VA_PAST_MAPPED : s->exec ? VA_PAST_EXEC : VA_PAST_FOUND, s->open_ts, pos);
	} else {
		item = add(p, kind_of(&was, &is, s->open_nr), s->open_ts, pos);
	}
	item->tgid = s->open_tgid;
	item->tid = s->open_tid;
	item->nr = s->open_nr;
	item->before = was;
	item->after = is;
}

static void take_range(struct va_past *p, const struct vmatlas_record *rec, size_t pos)
{
	struct va_past_state *s = &p->state;

	s->open = p->addr >= rec->range.lo && p->addr < rec->range.hi;
	if (!s->open)
		return;
	s->open_seq = rec->head.aux;
	s->open_left = rec->range.count;
	s->open_ts = rec->head.ts;
	s->open_tgid = rec->head.tgid;
	s->open_tid = rec->head.tid;
	s->open_nr = rec->range.nr;
	s->open_snapshot = rec->head.flags & VMATLAS_F_SNAPSHOT;
	s->next = none();
	if (!s->open_left)
		decide(p, pos);
}

static void take_vma(struct va_past *p, const struct vmatlas_record *rec, size_t pos)
{
	struct va_past_state *s = &p->state;
	const struct vmatlas_vma *v = &rec->vma;

	if (!s->open || rec->head.aux != s->open_seq)
		return;
	if (p->addr >= v->start && p->addr < v->end)
		s->next = (struct va_past_vma){v->start, v->end, v->vm_flags, v->pgoff, v->inode, v->name_text};
	if (s->open_left && !--s->open_left)
		decide(p, pos);
}

/* A mapping that grew over what was there before has swallowed neighbours; one that grew by what the call brought has not. */
static void refine(struct va_past_item *item, const struct vmatlas_op *op)
{
	__u64 lo = (__u64)op->result, hi = lo + ((op->args[1] + 4095) & ~4095ull);

	if (item->kind != VA_PAST_GREW || op->nr != __NR_mmap || op->result <= 0)
		return;
	if ((item->after.start < item->before.start && item->after.start < lo) || (item->after.end > item->before.end && item->after.end > hi))
		item->kind = VA_PAST_MERGED;
}

static bool asks_for_pages(__s32 nr)
{
	return nr == __NR_madvise || nr == __NR_msync || nr == __NR_mbind || nr == __NR_mlock || nr == __NR_munlock || nr == __NR_mlock2;
}

static void take_op(struct va_past *p, const struct vmatlas_record *rec, size_t i)
{
	struct va_past_state *s = &p->state;
	struct va_past_item *last = s->items ? &p->item[s->items - 1] : NULL;
	const struct vmatlas_op *op = &rec->op;

	if (last && last->nr == op->nr && last->tid == rec->head.tid && last->call == VA_PAST_NO_CALL && last->ts >= op->begin) {
		last->call = i;
		refine(last, op);
		return;
	}
	if (!asks_for_pages(op->nr) || op->peer_mm || !is_mapped(&s->vma) || op->args[0] >= s->vma.end || op->args[0] + op->args[1] <= s->vma.start)
		return;
	last = add(p, VA_PAST_ASKED, rec->head.ts, i + 1);
	last->call = i;
	last->nr = op->nr;
	last->tgid = rec->head.tgid;
	last->tid = rec->head.tid;
	last->before = last->after = s->vma;
}

static void take_fault(struct va_past *p, const struct vmatlas_record *rec)
{
	struct va_past_state *s = &p->state;

	if (!is_mapped(&s->vma) || rec->fault.addr < s->vma.start || rec->fault.addr >= s->vma.end)
		return;
	s->faults[va_fault_kind(rec, p->levels)]++;
	s->major += va_fault_major(rec);
}

static void take_fork(struct va_past *p, const struct vmatlas_record *rec, size_t i)
{
	struct va_past_state *s = &p->state;
	struct va_past_item *item;

	if (s->generation + 1 >= p->line_count || i != p->line[s->generation].until)
		return;
	s->generation++;
	item = add(p, VA_PAST_INHERITED, rec->head.ts, i + 1);
	item->tgid = rec->head.tgid;
	item->tid = rec->head.tid;
	item->before = item->after = s->vma;
}

static void take(struct va_past *p, const struct vmatlas_record *rec, size_t i)
{
	if (rec->head.type == VMATLAS_FORK) {
		take_fork(p, rec, i);
		return;
	}
	if (rec->head.mm != p->line[p->state.generation].mm)
		return;
	switch (rec->head.type) {
	case VMATLAS_RANGE:
		take_range(p, rec, i + 1);
		break;
	case VMATLAS_VMA:
		take_vma(p, rec, i + 1);
		break;
	case VMATLAS_OP:
		take_op(p, rec, i);
		break;
	case VMATLAS_FAULT:
		take_fault(p, rec);
		break;
	}
}

/* --- the whole ------------------------------------------------------------------------------------------------------- */

/* The mapping as it stood where the history that is kept begins. */
static void take_over(struct va_past *p, struct va_history *h)
{
	struct va_model *model = va_history_model_at(h, p->begin);
	const struct va_mm *mm = va_model_mm(model, p->line[0].mm);
	const struct va_vma *v = mm ? va_mm_vma_at(mm, p->addr) : NULL;

	if (v)
		p->state.vma = (struct va_past_vma){v->start, v->end, v->vm_flags, v->pgoff, v->inode, v->name_text};
	va_model_free(model);
}

static void begin(struct va_past *p, struct va_history *h, const struct va_model *model, __u32 mm, __u64 addr)
{
	p->mm = mm;
	p->addr = addr;
	p->levels = va_model_header(model)->levels;
	p->points = p->point_next = 0;
	memset(&p->state, 0, sizeof(p->state));
	find_line(p, h, model);
	p->state.pos = p->begin;
	note_exec(p, h);
	p->cut = va_history_first(h) && p->begin == va_history_first(h);
	if (p->cut)
		take_over(p, h);
}

static void keep_point(struct va_past *p)
{
	p->point[p->point_next] = p->state;
	p->point_next = (p->point_next + 1) % VA_PAST_POINTS;
	p->points += p->points < VA_PAST_POINTS;
}

/* To the newest checkpoint at or before `to`, or to the beginning. */
static bool go_back(struct va_past *p, size_t to)
{
	for (; p->points; p->points--) {
		unsigned newest = (p->point_next + VA_PAST_POINTS - 1) % VA_PAST_POINTS;

		if (p->point[newest].pos <= to) {
			bool lost = p->state.dropped != p->point[newest].dropped; /* items that went since cannot come back */

			p->state = p->point[newest];
			for (size_t i = 0; i < p->state.items; i++) /* calls that returned later */
				if (p->item[i].call != VA_PAST_NO_CALL && p->item[i].call >= p->state.pos)
					p->item[i].call = VA_PAST_NO_CALL;
			return !lost;
		}
		p->point_next = newest;
	}
	return false;
}

bool va_past_update(struct va_past *p, struct va_history *h, const struct va_model *model, __u32 mm_id, __u64 addr, size_t pos, size_t most)
{
	const struct va_mm *mm = mm_id ? va_model_mm(model, mm_id) : NULL;
	const struct va_vma *vma = mm ? va_mm_vma_at(mm, addr) : NULL;
	bool was = p->valid;

	p->valid = vma != NULL;
	if (!vma)
		return was;
	bool anew = !was || p->mm != mm_id || p->addr != addr || p->born != vma->born || p->levels != va_model_header(model)->levels ||
		    p->begin < va_history_first(h);

	if (anew || (pos < p->state.pos && !go_back(p, pos)))
		begin(p, h, model, mm_id, addr), anew = true;
	else if (pos == p->state.pos)
		return false;
	p->to = pos;
	for (; p->state.pos < pos && most; most--) {
		size_t i = p->state.pos++;

		take(p, va_history_record(h, i, NULL), i);
		if (!(p->state.pos % POINT_EVERY))
			keep_point(p);
	}
	p->done = p->state.pos >= pos;
	return true;
}
