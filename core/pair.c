#include "pair.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "pages.h"
#include "record.h"
#include "runs.h"
#include "walk.h"

#define OWN_COST 30 /* a record of theirs against a foreign one */
#define VM_WRITE 2ull
#define VM_SHARED 8ull

/* --- pages ------------------------------------------------------------------------------------------------------------- */

static bool is_there(enum va_page_state s)
{
	return s == VA_STATE_SEEN || s == VA_STATE_DERIVED;
}

static enum va_pair_page compare(const struct va_page *a, const struct va_page *b, __u64 addr)
{
	enum va_page_state x = va_page_state(a), y = va_page_state(b);

	if (x == VA_STATE_UNKNOWN || y == VA_STATE_UNKNOWN)
		return VA_PAIR_UNKNOWN;
	if (!is_there(x) || !is_there(y))
		return is_there(x) ? VA_PAIR_ONLY_PARENT : is_there(y) ? VA_PAIR_ONLY_CHILD : VA_PAIR_NONE;
	if (!a->entry || !b->entry)
		return VA_PAIR_UNKNOWN;
	return va_entry_pfn_at(a->level, a->entry, addr) == va_entry_pfn_at(b->level, b->entry, addr) ? VA_PAIR_SHARED : VA_PAIR_COPIED;
}

enum va_pair_page va_pair_page(const struct va_mm *parent, const struct va_mm *child, __u64 addr)
{
	struct va_page a = va_mm_page(parent, addr), b = va_mm_page(child, addr);

	return compare(&a, &b, addr);
}

/* Both runs hold [lo, hi): page by page only where both have frames. */
static void count_runs(const struct va_mm *parent, const struct va_mm *child, const struct va_run *a, const struct va_run *b, __u64 lo, __u64 hi,
		       struct va_pair_counts *out)
{
	if (is_there(a->state) && is_there(b->state))
		for (__u64 at = lo; at < hi; at += 4096)
			out->pages[va_pair_page(parent, child, at)]++;
	else
		out->pages[compare(&a->first, &b->first, lo)] += (hi - lo) >> 12;
}

static void count_mapped(const struct va_mm *parent, const struct va_mm *child, __u64 lo, __u64 hi, struct va_pair_counts *out)
{
	struct va_run a = {.end = 0}, b = {.end = 0};

	for (__u64 at = lo, next; at < hi; at = next) {
		if (at >= a.end)
			a = va_run_at(parent, at, hi);
		if (at >= b.end)
			b = va_run_at(child, at, hi);
		next = a.end < b.end ? a.end : b.end;
		count_runs(parent, child, &a, &b, at, next, out);
	}
}

void va_pair_count(const struct va_mm *parent, const struct va_mm *child, __u64 lo, __u64 hi, struct va_pair_counts *out)
{
	size_t i = va_mm_vma_lower(parent, lo), j = va_mm_vma_lower(child, lo);

	while (i < va_mm_vma_count(parent) && j < va_mm_vma_count(child)) {
		const struct va_vma *a = va_mm_vma(parent, i), *b = va_mm_vma(child, j);
		__u64 from = a->start > b->start ? a->start : b->start, to = a->end < b->end ? a->end : b->end;

		from = from > lo ? from : lo;
		to = to < hi ? to : hi;
		if (from >= hi)
			break;
		if (from < to)
			count_mapped(parent, child, from, to, out);
		if (a->end <= b->end)
			i++;
		if (b->end <= a->end)
			j++;
	}
	out->pages[VA_PAIR_NONE] = 0;
}

/* --- following the records ----------------------------------------------------------------------------------------------- */

void va_pair_destroy(struct va_pair *p)
{
	va_model_free(p->before);
	va_model_free(p->model);
	free(p->point);
	memset(p, 0, sizeof(*p));
}

static const struct va_mm *parents(const struct va_pair *p, const struct va_model *m)
{
	return va_model_mm(m, p->fork.parent_mm);
}

static const struct va_mm *childs(const struct va_pair *p, const struct va_model *m)
{
	return va_model_mm(m, p->fork.child_mm);
}

static void count_now(const struct va_pair *p, __u64 lo, __u64 hi, struct va_pair_counts *out)
{
	const struct va_mm *a = parents(p, p->model), *b = childs(p, p->model);

	memset(out, 0, sizeof(*out));
	if (a && b)
		va_pair_count(a, b, lo, hi, out);
}

static void thin(struct va_pair *p)
{
	size_t n = 1;

	for (size_t i = 2; i < p->points; i += 2)
		p->point[n++] = p->point[i];
	p->points = n;
	p->thinned = true;
}

static void add_point(struct va_pair *p, __u64 ts)
{
	if (p->points && !memcmp(&p->point[p->points - 1].counts, &p->counts, sizeof(p->counts)))
		return;
	if (p->points >= VA_PAIR_POINTS)
		thin(p);
	p->point = va_grow(p->point, &p->room, p->points + 1, sizeof(*p->point));
	p->point[p->points++] = (struct va_pair_point){p->at, ts, p->counts};
}

struct closing {
	const struct va_mm *after;
	__u64 n;
};

static bool was_writable(void *ctx, __u64 addr, const struct va_page *page)
{
	struct closing *c = ctx;
	struct va_page now = va_mm_page(c->after, addr);

	c->n += va_entry_writable(page->entry) && page->certainty != VA_PAGE_UNKNOWN && now.entry && !va_entry_writable(now.entry);
	return true;
}

static __u64 closed_entries(const struct va_pair *p)
{
	const struct va_mm *before = parents(p, p->before);
	struct closing c = {parents(p, p->model), 0};

	for (size_t i = 0; before && c.after && i < va_mm_vma_count(before); i++) {
		const struct va_vma *v = va_mm_vma(before, i);

		if ((v->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE)
			va_mm_each_page(before, v->start, v->end, was_writable, &c);
	}
	return c.n;
}

void va_pair_choose(struct va_pair *p, struct va_history *h, const struct va_kin_fork *fork)
{
	if (fork ? p->fork.child && p->fork.pos == fork->pos : !p->fork.child)
		return;
	va_pair_destroy(p);
	if (!fork || fork->parent_mm == fork->child_mm || !fork->child_mm)
		return;
	p->fork = *fork;
	p->before = va_history_model_at(h, fork->pos - 1);
	p->model = va_history_model_at(h, fork->pos);
	p->at = fork->pos;
	p->closed = closed_entries(p);
	count_now(p, 0, VA_USER_TOP, &p->counts);
	add_point(p, fork->ts);
}

static void recount(struct va_pair *p)
{
	count_now(p, 0, VA_USER_TOP, &p->counts);
}

/* Applies a record that concerns [lo, hi) alone. */
static void apply_within(struct va_pair *p, const struct vmatlas_record *rec, __u64 lo, __u64 hi)
{
	struct va_pair_counts before, after;

	count_now(p, lo, hi, &before);
	va_model_apply(p->model, rec);
	count_now(p, lo, hi, &after);
	for (int i = 0; i < VA_PAIR_PAGES; i++)
		p->counts.pages[i] += after.pages[i] - before.pages[i];
}

static void apply_all(struct va_pair *p, const struct vmatlas_record *rec)
{
	va_model_apply(p->model, rec);
	recount(p);
}

/* Fault-around stays within 64 KiB; a table or a huge page that comes or goes is 2 MiB. */
static void apply_fault(struct va_pair *p, const struct vmatlas_record *rec)
{
	__u64 base = rec->fault.addr & ~(va_level_size(3) - 1);

	if (rec->fault.addr >= VA_USER_TOP || rec->fault.depth_after < 3)
		apply_all(p, rec);
	else
		apply_within(p, rec, base, base + va_level_size(3));
}

/* A RANGE changes the map with the last of its VMAs: only then is there something to count. */
static void apply_vma(struct va_pair *p, const struct vmatlas_record *rec)
{
	if (rec->head.mm != p->pending_mm || !p->pending_left || --p->pending_left)
		va_model_apply(p->model, rec);
	else
		apply_within(p, rec, p->pending_lo, p->pending_hi);
}

static void apply_range(struct va_pair *p, const struct vmatlas_record *rec)
{
	if (p->pending_left) /* two at once, or one that was not whole */
		recount(p);
	p->pending_mm = rec->head.mm;
	p->pending_left = rec->range.count;
	p->pending_lo = rec->range.lo;
	p->pending_hi = rec->range.hi >= 1ull << 46 ? VA_USER_TOP : rec->range.hi;
	if (rec->range.count)
		va_model_apply(p->model, rec);
	else
		apply_within(p, rec, p->pending_lo, p->pending_hi);
}

static void apply_own(struct va_pair *p, const struct vmatlas_record *rec)
{
	bool stale = va_mm_stale(parents(p, p->model)) || va_mm_stale(childs(p, p->model));
	const struct vmatlas_pages *g = &rec->pages;

	switch (rec->head.type) {
	case VMATLAS_FAULT:
		apply_fault(p, rec);
		break;
	case VMATLAS_PAGES:
		if (va_record_valid(rec))
			apply_within(p, rec, g->addr & ~(va_level_size(3) - 1), (g->addr + g->count * va_level_size(g->level) + va_level_size(3) - 1) & ~(va_level_size(3) - 1));
		else
			va_model_apply(p->model, rec);
		break;
	case VMATLAS_SWEEP:
		apply_within(p, rec, rec->sweep.lo & ~4095ull, rec->sweep.hi);
		break;
	case VMATLAS_VMA:
		apply_vma(p, rec);
		break;
	case VMATLAS_RANGE:
		apply_range(p, rec);
		break;
	case VMATLAS_MM_COUNTS:
	case VMATLAS_TASK:
	case VMATLAS_MARK:
	case VMATLAS_TEXT:
		va_model_apply(p->model, rec);
		break;
	default:
		apply_all(p, rec);
	}
	if (stale != (va_mm_stale(parents(p, p->model)) || va_mm_stale(childs(p, p->model))))
		recount(p);
}

static bool concerns(const struct va_pair *p, const struct vmatlas_record *rec)
{
	return rec->head.mm == p->fork.parent_mm || rec->head.mm == p->fork.child_mm || rec->head.type == VMATLAS_LOSS;
}

static bool ends(const struct va_pair *p, const struct vmatlas_record *rec)
{
	if (rec->head.type == VMATLAS_EXEC)
		return rec->exec.old_mm && (rec->exec.old_mm == p->fork.parent_mm || rec->exec.old_mm == p->fork.child_mm);
	if (rec->head.type == VMATLAS_EXIT)
		return (rec->head.flags & VMATLAS_F_GROUP) && (rec->head.tgid == p->fork.parent || rec->head.tgid == p->fork.child);
	return rec->head.type == VMATLAS_MM_END && concerns(p, rec);
}

bool va_pair_update(struct va_pair *p, struct va_history *h, size_t cost)
{
	size_t end = va_history_count(h);
	__u32 cpu;

	if (!p->fork.child || p->over || p->at >= end)
		return false;
	while (p->at < end && cost && !p->over) {
		struct vmatlas_record rec = *va_history_record(h, p->at++, &cpu);

		p->over = ends(p, &rec);
		cost--;
		if (p->over) {
			p->over_ts = rec.head.ts;
			p->over_pos = p->at;
		} else if (concerns(p, &rec)) {
			apply_own(p, &rec);
			add_point(p, rec.head.ts);
			cost -= cost < OWN_COST ? cost : OWN_COST;
		}
	}
	return true;
}

const struct va_pair_point *va_pair_at(const struct va_pair *p, size_t pos)
{
	size_t lo = 0, hi = p->points;

	if (!p->points || pos < p->fork.pos || (pos > p->at && !p->over))
		return NULL;
	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->point[mid].pos <= pos)
			lo = mid;
		else
			hi = mid;
	}
	return &p->point[lo];
}
