/* What pages tell: fault storms, page cache that looks like one's own memory, chances for huge pages. */
#include "notice_parts.h"

static __u64 hash(__u64 page)
{
	page = (page ^ page >> 30) * 0xbf58476d1ce4e5b9ull;
	return page ^ page >> 27;
}

/* Of the sampled pages: has this one faulted within VA_STORM_AGAIN? */
static void sample(struct va_storm *s, struct va_storm_slice *slice, __u64 page)
{
	__u64 h = hash(page);
	unsigned i = (h >> 8) % VA_STORM_SAMPLES;

	if (h % VA_STORM_EVERY)
		return;
	slice->sampled++;
	slice->again += s->sample[i].page == page && s->number - s->sample[i].number <= VA_STORM_AGAIN;
	s->sample[i].page = page;
	s->sample[i].number = s->number;
}

static void vote(struct va_storm *s, __u64 block)
{
	if (s->block == block) {
		s->votes++;
	} else if (s->votes) {
		s->votes--;
	} else {
		s->block = block;
		s->votes = 1;
	}
}

struct last_faults {
	__u64 faults, ns, sampled, again, first; /* first: ts */
};

static struct last_faults last_faults(const struct va_storm *s)
{
	struct last_faults sum = { .first = ~0ull };

	for (unsigned i = 0; i < VA_STORM_SLICES; i++) {
		const struct va_storm_slice *slice = &s->slice[i];

		if (!slice->faults)
			continue;
		sum.faults += slice->faults;
		sum.ns += slice->ns;
		sum.sampled += slice->sampled;
		sum.again += slice->again;
		sum.first = slice->first < sum.first ? slice->first : sum.first;
	}
	return sum;
}

static bool is_storm(const struct last_faults *l, __u64 now)
{
	return l->faults >= VA_STORM_FAULTS && now - l->first <= VA_STORM_SPAN && l->ns * VA_STORM_SHARE >= now - l->first && l->sampled &&
	       l->again * VA_STORM_ROUND >= l->sampled;
}

static bool goes_on(const struct last_faults *l, __u64 now)
{
	return l->ns * VA_STORM_OVER >= now - l->first && l->again * VA_STORM_ROUND >= l->sampled;
}

static void take_fault(struct va_storm *s, struct va_storm_slice *slice, const struct vmatlas_record *rec)
{
	if (!slice->faults++)
		slice->first = rec->head.ts - rec->head.aux;
	slice->ns += rec->head.aux;
	s->number++;
	sample(s, slice, rec->fault.addr >> 12);
	vote(s, rec->fault.addr >> 21);
	s->faults++;
	s->ns += rec->head.aux;
}

/* Asked whenever a slice is full: a storm counts from its first fault. */
static void begin_storm(struct va_storm *s, __u64 now)
{
	struct last_faults l = last_faults(s);

	if (!is_storm(&l, now))
		return;
	s->since = l.first;
	s->faults = l.faults;
	s->ns = l.ns;
}

void va_storm_fault(struct va_storm *s, const struct vmatlas_record *rec)
{
	if (s->slice[s->at].faults == VA_STORM_SLICE) {
		s->at = (s->at + 1) % VA_STORM_SLICES;
		s->slice[s->at] = (struct va_storm_slice){ 0 };
	}
	take_fault(s, &s->slice[s->at], rec);
	if (!s->since && s->slice[s->at].faults == VA_STORM_SLICE)
		begin_storm(s, rec->head.ts);
}

void va_storm_look(struct va_storm *s, const struct va_census *c)
{
	struct last_faults l = last_faults(s);

	if (s->since && goes_on(&l, c->now))
		return;
	s->since = 0;
	s->resident = c->resident;
}

bool va_detect_storm(const struct va_watched *w, const struct va_census *c, const struct va_notice *before, struct va_notice *n)
{
	const struct va_storm *s = &w->storm;

	(void)before;
	if (!s->since)
		return false;
	n->begin = s->since;
	n->count = s->faults;
	n->part = s->ns;
	n->whole = c->now - s->since;
	n->bytes = c->resident <= s->resident ? 0 : c->resident - s->resident;
	n->start = s->block << 21;
	n->stop = (s->block + 1) << 21;
	return true;
}

bool va_detect_cache(const struct va_watched *w, const struct va_census *c, const struct va_notice *before, struct va_notice *n)
{
	__u64 limit = before ? VA_CACHE_BYTES / 2 : VA_CACHE_BYTES;

	(void)w;
	if (c->data_bytes < limit || c->data_bytes * 2 < c->resident)
		return false;
	n->begin = before && before->begin < c->data_since ? before->begin : c->data_since;
	n->bytes = c->data_bytes;
	n->part = c->private_resident;
	n->whole = c->resident;
	n->count = c->data_count;
	n->start = c->data.start;
	n->stop = c->data.stop;
	return true;
}

bool va_detect_huge(const struct va_watched *w, const struct va_census *c, const struct va_notice *before, struct va_notice *n)
{
	if (c->dense < (before ? VA_HUGE_BLOCKS / 2 : VA_HUGE_BLOCKS))
		return false;
	if (!before && (!w->dense_since || c->now < w->dense_since + VA_HUGE_TIME))
		return false;
	n->begin = before ? before->begin : w->dense_since;
	n->count = c->dense;
	n->bytes = c->dense << 21;
	n->part = c->dense * 512;
	n->whole = c->dense_refused * 2 > c->dense;
	n->start = c->huge.start;
	n->stop = c->huge.stop;
	return true;
}
