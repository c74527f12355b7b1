/* A set of address spans [lo, hi): sorted, not touching. Small: what is not sure in a map. */
#ifndef VA_SPANS_H
#define VA_SPANS_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

struct va_span {
	__u64 lo, hi;
};

struct va_spans {
	struct va_span *span; /* owned */
	size_t count, room;
};

void va_spans_free(struct va_spans *s);
void va_spans_copy(struct va_spans *to, const struct va_spans *from); /* to is overwritten */
void va_spans_add(struct va_spans *s, __u64 lo, __u64 hi);
void va_spans_remove(struct va_spans *s, __u64 lo, __u64 hi);
__u64 va_spans_next(const struct va_spans *s, __u64 addr, __u64 end);  /* the first bound of a span above addr, at most end */
bool va_spans_touch(const struct va_spans *s, __u64 lo, __u64 hi); /* any overlap with [lo, hi) */

#endif
