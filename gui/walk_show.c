#include "walk_show.h"

#include <string.h>

#include "anim.h"

#define SLICE (VA_SEC / VA_SHOW_SLICES)

/* Levels at the top that both walks go through in the same way: same index, same next table. */
static unsigned shared_levels(const struct vmatlas_record *a, const struct vmatlas_record *b, unsigned levels)
{
	struct va_walk x, y;
	unsigned n = 0;

	if (a->head.mm != b->head.mm)
		return 0;
	va_walk_after(&a->fault, levels, &x);
	va_walk_after(&b->fault, levels, &y);
	while (n < x.steps && n < y.steps && x.step[n].index == y.step[n].index && !y.step[n].allocated && !x.step[n].leaf && !y.step[n].leaf &&
	       va_entry_pfn(x.step[n].entry) == va_entry_pfn(y.step[n].entry))
		n++;
	/* the next table is the same one, too: it need not come up again, only its chosen slot moves */
	return n;
}

static void show(struct va_walk_show *w, const struct vmatlas_record *rec, size_t index, unsigned levels, bool still, uint64_t now)
{
	w->keep = w->valid ? shared_levels(&w->rec, rec, levels) : 0;
	w->rec = *rec;
	w->index = index;
	w->valid = true;
	w->pending = false;
	w->since = still ? (now > 10 * VA_SEC ? now - 10 * VA_SEC : 0) : now;
}

static uint64_t step_time(const struct va_walk_show *w)
{
	return VA_TIME_WALK_STEP * (w->slower ? w->slower : 1);
}

float va_walk_show_part(const struct va_walk_show *w, unsigned i, uint64_t now)
{
	if (i < w->keep)
		return 1;
	return va_ease(va_anim(w->since + (i - w->keep + (w->keep ? 0 : 1)) * step_time(w), step_time(w), now));
}

/* Has it been shown for long enough to be understood? */
static bool read_by_now(const struct va_walk_show *w, unsigned levels, uint64_t now)
{
	return now - w->since >= (levels + 2 - w->keep) * step_time(w) + VA_TIME_WALK_HOLD;
}

static void count(struct va_walk_show *w, enum va_fault_kind kind, uint64_t now)
{
	uint64_t slice = now / SLICE;
	unsigned i = (unsigned)(slice % VA_SHOW_SLICES);

	if (w->recent[i].slice != slice) {
		memset(&w->recent[i], 0, sizeof(w->recent[i]));
		w->recent[i].slice = slice;
	}
	w->recent[i].kind[kind]++;
}

static void show_last(struct va_walk_show *w, struct va_history *h, size_t pos, unsigned levels, bool still, uint64_t now)
{
	size_t i = va_history_prev(h, pos, VMATLAS_FAULT, w->tgid);
	__u32 cpu;

	w->pending = false;
	if (i == (size_t)-1) {
		w->valid = false;
		return;
	}
	if (!w->valid || w->index != i)
		show(w, va_history_record(h, i, &cpu), i, levels, still, now);
}

/* Plays records [w->pos, pos): counts, and remembers the newest fault. */
static void pass(struct va_walk_show *w, struct va_history *h, size_t pos, unsigned levels, uint64_t now)
{
	size_t last = (size_t)-1;
	__u32 cpu;

	for (size_t i = w->pos; i < pos; i++) {
		const struct vmatlas_record *rec = va_history_record(h, i, &cpu);

		if (rec->head.type != VMATLAS_FAULT || rec->head.tgid != w->tgid)
			continue;
		count(w, va_fault_kind(rec, levels), now);
		last = i;
	}
	if (last != (size_t)-1 && (!w->valid || read_by_now(w, levels, now) || w->rec.head.tgid != w->tgid))
		show(w, va_history_record(h, last, &cpu), last, levels, false, now);
	else if (last != (size_t)-1)
		w->pending = true;
}

void va_walk_show_update(struct va_walk_show *w, struct va_history *h, size_t pos, __u32 tgid, unsigned levels, bool jumped, bool still,
			 uint64_t now)
{
	bool other = tgid != w->tgid;

	w->tgid = tgid;
	if (other || jumped || pos < w->pos)
		show_last(w, h, pos, levels, still, now);
	else if (pos > w->pos)
		pass(w, h, pos, levels, now);
	else if (w->pending && read_by_now(w, levels, now)) /* the last of a burst, after all */
		show_last(w, h, pos, levels, still, now);
	w->pos = pos;
}

__u32 va_walk_show_recent(const struct va_walk_show *w, uint64_t now, __u32 kind[VA_FAULT_KINDS])
{
	uint64_t slice = now / SLICE;
	__u32 sum = 0;

	memset(kind, 0, VA_FAULT_KINDS * sizeof(*kind));
	for (int i = 0; i < VA_SHOW_SLICES; i++) {
		if (w->recent[i].slice + VA_SHOW_SLICES <= slice || w->recent[i].slice > slice)
			continue;
		for (int k = 0; k < VA_FAULT_KINDS; k++) {
			kind[k] += w->recent[i].kind[k];
			sum += w->recent[i].kind[k];
		}
	}
	return sum;
}

bool va_walk_show_pending(const struct va_walk_show *w, uint64_t now)
{
	__u32 kind[VA_FAULT_KINDS];

	return va_walk_show_recent(w, now, kind) > 1;
}
