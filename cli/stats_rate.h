/* The part of vmatlas stats about how fast events came. */
#ifndef VA_STATS_RATE_H
#define VA_STATS_RATE_H

#include "json.h"
#include "recording.h"

struct va_rate {
	__u64 events;   /* losses are none */
	__u64 span;     /* ns from the stretch's beginning to its last event */
	__u64 peak;     /* most events within any one second */
	__u64 peak_ts;  /* when that second began: the time of its first event; 0 = no event */
};

/* Of positions from ≤ p < to (history.h). */
struct va_rate va_rate_of(struct va_history *h, size_t from, size_t to);
__u64 va_rate_mean(const struct va_rate *rate); /* a second, rounded; of a stretch without length the events themselves */

void va_rate_json(const struct va_rate *rate, struct va_json *j); /* adds "rate" to the open object */

#endif
