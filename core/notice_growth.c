/* What grows: anonymous memory whose floor only rises, and the stack. */
#include <string.h>

#include "notice_parts.h"

#define FIRST_WINDOW (100 * VA_NOTICE_MS)

static void merge_windows(struct va_growth *g)
{
	for (unsigned i = 0; i < VA_GROWTH_WINDOWS / 2; i++) {
		g->floor[i] = g->floor[2 * i] < g->floor[2 * i + 1] ? g->floor[2 * i] : g->floor[2 * i + 1];
		g->mapped[i] = g->mapped[2 * i + 1];
	}
	g->n = VA_GROWTH_WINDOWS / 2;
	g->width *= 2;
}

/* A window begins as the look before left it. */
void va_growth_add(struct va_growth *g, __u64 ts, __u64 resident, __u64 mapped)
{
	if (!g->n)
		*g = (struct va_growth){ .origin = ts, .width = FIRST_WINDOW, .n = 1, .floor = { resident }, .mapped = { mapped }, .last = resident };
	while (ts >= g->origin + g->n * g->width) {
		if (g->n == VA_GROWTH_WINDOWS) {
			merge_windows(g);
			continue;
		}
		g->floor[g->n] = g->last;
		g->mapped[g->n] = g->mapped[g->n - 1];
		g->n++;
	}
	if (resident < g->floor[g->n - 1])
		g->floor[g->n - 1] = resident;
	g->mapped[g->n - 1] = mapped;
	g->last = resident;
}

struct rise {
	__u64 floor[VA_GROWTH_WINDOWS]; /* what never went away again */
	unsigned from, to;              /* windows: floor[from] → floor[to] */
	unsigned flat_at_end;           /* windows behind without growth */
};

/* The longest stretch up to the last whole window in which the floor mostly rises. */
static struct rise last_rise(const struct va_growth *g)
{
	struct rise r = { 0 };
	unsigned at = g->n >= 2 ? g->n - 2 : 0, flat = 0;
	__u64 least = ~0ull;

	for (unsigned i = at + 1; i-- > 0;)
		r.floor[i] = least = g->floor[i] < least ? g->floor[i] : least;
	for (; at > 0 && r.floor[at] == r.floor[at - 1]; at--)
		r.flat_at_end++;
	r.from = r.to = at;
	for (; at > 0; at--) {
		flat += r.floor[at] == r.floor[at - 1];
		if (flat > 2 && flat * VA_LEAK_FLAT > r.to - at + 1)
			break;
		if (r.floor[at] > r.floor[at - 1])
			r.from = at - 1;
	}
	return r;
}

static bool leaps(const __u64 *floor, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		if (floor[i + 1] - floor[i] > (floor[to] - floor[from]) / VA_LEAK_LEAP)
			return true;
	return false;
}

/* No leaps, and each quarter of the time has its part. */
static bool is_steady(const __u64 *floor, unsigned from, unsigned to)
{
	__u64 grown = floor[to] - floor[from];

	if (leaps(floor, from, to))
		return false;
	for (unsigned q = 0; q < 4; q++)
		if (floor[from + (to - from) * (q + 1) / 4] - floor[from + (to - from) * q / 4] < grown / VA_LEAK_QUARTER)
			return false;
	return true;
}

/* In the second half, too, it asks for more: it does not just fill what it mapped. */
static bool asks_for_more(const struct va_growth *g, const struct rise *r)
{
	unsigned half = (r->from + r->to) / 2;
	__u64 mapped = g->mapped[r->to] > g->mapped[half] ? g->mapped[r->to] - g->mapped[half] : 0;

	return mapped >= (r->floor[r->to] - r->floor[half]) / VA_LEAK_MAPPED;
}

/* What a program builds up at first does not belong to it: the steady part may begin later. Where it is found, what came before by small steps belongs to it. */
static bool leak_in(const struct va_growth *g, struct rise *r)
{
	unsigned first = r->from;

	for (; r->from + VA_LEAK_WINDOWS <= r->to; r->from++) {
		__u64 grown = r->floor[r->to] - r->floor[r->from];

		if (grown < VA_LEAK_BYTES || (r->to - r->from) * g->width < VA_LEAK_TIME)
			return false;
		if (asks_for_more(g, r) && is_steady(r->floor, r->from, r->to))
			break;
	}
	if (r->from + VA_LEAK_WINDOWS > r->to)
		return false;
	while (leaps(r->floor, first, r->to))
		first++;
	r->from = first < r->from ? first : r->from;
	return true;
}

bool va_detect_leak(const struct va_watched *w, const struct va_census *c, const struct va_notice *before, struct va_notice *n)
{
	const struct va_growth *g = &w->growth;
	struct rise r = last_rise(g);

	if (before) { /* holds until it pauses, or falls below */
		n->begin = before->begin;
		n->part = before->part;
		if (r.flat_at_end >= VA_LEAK_PAUSE || c->anon_resident <= before->part + VA_LEAK_BYTES / 2)
			return false;
	} else {
		if (r.flat_at_end || !leak_in(g, &r))
			return false;
		n->begin = g->origin + r.from * g->width;
		n->part = r.floor[r.from];
	}
	n->bytes = c->anon_resident - n->part;
	n->whole = c->anon_resident;
	n->count = r.to - r.from;
	n->start = c->anon.start;
	n->stop = c->anon.stop;
	return true;
}

bool va_detect_stack(const struct va_watched *w, const struct va_census *c, const struct va_notice *before, struct va_notice *n)
{
	const struct va_stack_growth *s = &w->stack;

	(void)c;
	(void)before;
	if (!s->first || s->now + VA_STACK_BYTES > s->first || !s->faults)
		return false;
	n->begin = s->since;
	n->bytes = s->first - s->now;
	n->part = s->top - s->first;
	n->whole = s->top - s->now;
	n->count = s->faults;
	n->start = s->now;
	n->stop = s->top;
	return true;
}
