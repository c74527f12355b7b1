#include "spans.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

void va_spans_free(struct va_spans *s)
{
	free(s->span);
	memset(s, 0, sizeof(*s));
}

void va_spans_copy(struct va_spans *to, const struct va_spans *from)
{
	*to = (struct va_spans){ .count = from->count };
	to->span = va_grow(NULL, &to->room, from->count, sizeof(*to->span));
	if (from->count)
		memcpy(to->span, from->span, from->count * sizeof(*to->span));
}

/* Index of the first span with hi >= lo (touching counts) or, with strict, hi > lo. */
static size_t first_from(const struct va_spans *s, __u64 lo, bool strict)
{
	size_t a = 0, b = s->count;

	while (a < b) {
		size_t mid = a + (b - a) / 2;

		if (s->span[mid].hi < lo || (strict && s->span[mid].hi == lo))
			a = mid + 1;
		else
			b = mid;
	}
	return a;
}

static void splice(struct va_spans *s, size_t first, size_t end, const struct va_span *with, size_t n)
{
	s->span = va_grow(s->span, &s->room, s->count - (end - first) + n, sizeof(*s->span));
	memmove(&s->span[first + n], &s->span[end], (s->count - end) * sizeof(*s->span));
	if (n)
		memcpy(&s->span[first], with, n * sizeof(*with));
	s->count = s->count - (end - first) + n;
}

void va_spans_add(struct va_spans *s, __u64 lo, __u64 hi)
{
	struct va_span whole = { lo, hi };
	size_t first = first_from(s, lo, false), end = first;

	if (lo >= hi)
		return;
	for (; end < s->count && s->span[end].lo <= hi; end++) {
		if (s->span[end].lo < whole.lo)
			whole.lo = s->span[end].lo;
		if (s->span[end].hi > whole.hi)
			whole.hi = s->span[end].hi;
	}
	splice(s, first, end, &whole, 1);
}

void va_spans_remove(struct va_spans *s, __u64 lo, __u64 hi)
{
	struct va_span rest[2];
	size_t first = first_from(s, lo, true), end = first, n = 0;

	if (lo >= hi)
		return;
	for (; end < s->count && s->span[end].lo < hi; end++) {
		if (s->span[end].lo < lo)
			rest[n++] = (struct va_span){ s->span[end].lo, lo };
		if (s->span[end].hi > hi)
			rest[n++] = (struct va_span){ hi, s->span[end].hi };
	}
	if (end > first)
		splice(s, first, end, rest, n);
}

__u64 va_spans_next(const struct va_spans *s, __u64 addr, __u64 end)
{
	size_t i = first_from(s, addr, true);
	__u64 next = i == s->count ? end : s->span[i].lo > addr ? s->span[i].lo : s->span[i].hi;

	return next < end ? next : end;
}

bool va_spans_touch(const struct va_spans *s, __u64 lo, __u64 hi)
{
	size_t i = first_from(s, lo, true);

	return i < s->count && s->span[i].lo < hi;
}
