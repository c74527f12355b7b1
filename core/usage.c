/* See usage.h. */
#include "usage.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "record.h"
#include "walk.h"

#define CLOSE_PAGES 16 /* an untold sample stands at least so far from the last, … */
#define CLOSE_PART 64  /* … or this part of it */

void va_usage_init(struct va_usage *u)
{
	*u = (struct va_usage){0};
}

void va_usage_destroy(struct va_usage *u)
{
	for (size_t i = 0; i < u->count; i++) {
		free(u->curve[i].sample);
		free(u->curve[i].peak);
	}
	free(u->curve);
	va_idmap_free(&u->of_tgid);
	va_idmap_free(&u->owner);
	va_usage_init(u);
}

static struct va_curve *curve_of(struct va_usage *u, __u32 tgid)
{
	__u32 i = va_idmap_get(&u->of_tgid, tgid);

	if (i != VA_IDMAP_NONE)
		return &u->curve[i];
	u->curve = va_grow(u->curve, &u->room, u->count + 1, sizeof(*u->curve));
	u->curve[u->count] = (struct va_curve){.tgid = tgid};
	va_idmap_set(&u->of_tgid, tgid, (__u32)u->count);
	return &u->curve[u->count++];
}

static void raise(struct va_peak *p, __u64 rss, __u64 vss)
{
	if (rss > p->rss)
		p->rss = rss;
	if (vss > p->vss)
		p->vss = vss;
}

static void add(struct va_curve *c, __u64 ts, bool told)
{
	size_t block = c->count / VA_CURVE_BLOCK;

	/* Late records may be older than what went before. */
	if (c->count && ts < c->sample[c->count - 1].ts)
		ts = c->sample[c->count - 1].ts;
	c->sample = va_grow(c->sample, &c->room, c->count + 1, sizeof(*c->sample));
	c->sample[c->count++] = (struct va_sample){ts, c->rss, c->vss, told};
	c->peak = va_grow(c->peak, &c->peak_room, block + 1, sizeof(*c->peak));
	if ((c->count - 1) % VA_CURVE_BLOCK == 0)
		c->peak[block] = (struct va_peak){0};
	raise(&c->peak[block], c->rss, c->vss);
	if (c->rss > c->most_rss)
		c->most_rss = c->rss;
	if (c->vss > c->most_vss)
		c->most_vss = c->vss;
}

/* Of the map that a record is about; its cause may be another process. */
static __u32 owner_of(const struct va_usage *u, const struct vmatlas_record *rec)
{
	__u32 tgid = va_idmap_get(&u->owner, rec->head.mm);

	return tgid == VA_IDMAP_NONE ? rec->head.tgid : tgid;
}

static void told(struct va_usage *u, const struct vmatlas_record *rec, __u64 rss, __u64 vss)
{
	__u32 tgid = rec->head.mm ? owner_of(u, rec) : 0;
	struct va_curve *c = tgid ? curve_of(u, tgid) : NULL;

	if (!c)
		return;
	c->mm = rec->head.mm;
	c->rss = rss;
	c->vss = vss;
	add(c, rec->head.ts, true);
}

/* Pages that a fault brought into the kernel's count: where nothing was before, a page now. The zero page counts nowhere. */
static __u64 brought(const struct vmatlas_record *rec, unsigned levels)
{
	enum va_fault_kind kind = va_fault_kind(rec, levels);
	bool was_zero = kind == VA_FAULT_COW && va_entry_special(rec->fault.before);
	struct va_walk walk;

	va_walk_after(&rec->fault, levels, &walk);
	if (!walk.complete || rec->head.flags & (VMATLAS_F_ZERO_PAGE | VMATLAS_F_BAD | VMATLAS_F_HUGETLB))
		return 0;
	if (kind != VA_FAULT_DEMAND_ZERO && kind != VA_FAULT_FILE && kind != VA_FAULT_HUGE && kind != VA_FAULT_SWAP_IN && !was_zero)
		return 0;
	return walk.page_size >> 12;
}

static void faulted(struct va_usage *u, const struct vmatlas_record *rec, unsigned levels)
{
	__u32 i = rec->head.mm ? va_idmap_get(&u->of_tgid, owner_of(u, rec)) : VA_IDMAP_NONE;
	struct va_curve *c = i == VA_IDMAP_NONE ? NULL : &u->curve[i];
	__u64 last;

	if (!c || !c->count)
		return;
	c->rss += brought(rec, levels);
	last = c->sample[c->count - 1].rss;
	if (c->rss >= last + CLOSE_PAGES && c->rss >= last + last / CLOSE_PART)
		add(c, rec->head.ts, false);
}

/* Of the map an exec left behind, nothing is said: the new one has been told. */
static void ended(struct va_usage *u, const struct vmatlas_record *rec)
{
	__u32 i = va_idmap_get(&u->of_tgid, owner_of(u, rec));

	if (i == VA_IDMAP_NONE || u->curve[i].mm != rec->head.mm)
		return;
	u->curve[i].rss = u->curve[i].vss = 0;
	add(&u->curve[i], rec->head.ts, true);
}

static void take(struct va_usage *u, const struct vmatlas_record *rec, unsigned levels)
{
	const struct vmatlas_range *r = &rec->range;

	if (!va_record_valid(rec))
		return;
	switch (rec->head.type) {
	case VMATLAS_TASK:
	case VMATLAS_EXEC:
		if (rec->head.mm && rec->head.tgid)
			va_idmap_set(&u->owner, rec->head.mm, rec->head.tgid);
		break;
	case VMATLAS_FORK:
		if (rec->fork.child_mm && rec->fork.child_mm != rec->head.mm && rec->fork.child_tgid)
			va_idmap_set(&u->owner, rec->fork.child_mm, rec->fork.child_tgid);
		break;
	case VMATLAS_MM_COUNTS:
		told(u, rec, rec->counts.rss_file + rec->counts.rss_anon + rec->counts.rss_shmem, rec->counts.total_vm);
		break;
	case VMATLAS_RANGE:
		told(u, rec, r->rss_file + r->rss_anon + r->rss_shmem, r->total_vm);
		break;
	case VMATLAS_MM_END:
		ended(u, rec);
		break;
	case VMATLAS_FAULT:
		faulted(u, rec, levels);
		break;
	}
}

/* What was before ts, in whole blocks and where it is worth the copying; one sample stays that says what holds from ts on. */
static void forget(struct va_curve *c, __u64 ts)
{
	size_t before = va_curve_before(c, ts), n = before ? (before - 1) / VA_CURVE_BLOCK : 0;

	if (before > 1 && before == c->count) { /* as with every process that ended before */
		c->sample[0] = c->sample[c->count - 1];
		c->peak[0] = (struct va_peak){c->sample[0].rss, c->sample[0].vss};
		c->sample = va_realloc(c->sample, 1, sizeof(*c->sample));
		c->peak = va_realloc(c->peak, 1, sizeof(*c->peak));
		c->count = c->room = c->peak_room = 1;
		return;
	}
	if (n < 4 || n * VA_CURVE_BLOCK < c->count / 4)
		return;
	c->count -= n * VA_CURVE_BLOCK;
	memmove(c->sample, c->sample + n * VA_CURVE_BLOCK, c->count * sizeof(*c->sample));
	memmove(c->peak, c->peak + n, (c->count + VA_CURVE_BLOCK - 1) / VA_CURVE_BLOCK * sizeof(*c->peak));
}

bool va_usage_update(struct va_usage *u, struct va_history *h, unsigned levels, size_t most)
{
	size_t end = va_history_count(h);

	if (u->first != va_history_first(h)) {
		u->first = va_history_first(h);
		for (size_t i = 0; i < u->count; i++)
			forget(&u->curve[i], va_history_kept_from(h));
	}
	if (u->seen == end)
		return false;
	for (; u->seen < end && most; u->seen++, most--)
		take(u, va_history_record(h, u->seen, NULL), levels);
	return true;
}

const struct va_curve *va_usage_find(const struct va_usage *u, __u32 tgid)
{
	__u32 i = va_idmap_get(&u->of_tgid, tgid);

	return i == VA_IDMAP_NONE ? NULL : &u->curve[i];
}

size_t va_curve_before(const struct va_curve *c, __u64 ts)
{
	size_t lo = 0, hi = c->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (c->sample[mid].ts <= ts)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct va_peak va_curve_peak(const struct va_curve *c, size_t from, size_t to)
{
	struct va_peak p = {0};

	while (from < to) {
		if (from % VA_CURVE_BLOCK == 0 && from + VA_CURVE_BLOCK <= to) {
			raise(&p, c->peak[from / VA_CURVE_BLOCK].rss, c->peak[from / VA_CURVE_BLOCK].vss);
			from += VA_CURVE_BLOCK;
		} else {
			raise(&p, c->sample[from].rss, c->sample[from].vss);
			from++;
		}
	}
	return p;
}
