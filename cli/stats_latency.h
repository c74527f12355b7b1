/* The part of vmatlas stats about time: how long faults and calls took. */
#ifndef VA_STATS_LATENCY_H
#define VA_STATS_LATENCY_H

#include "json.h"
#include "latency.h"
#include "recording.h"

struct va_latency_wish { /* from the command line; NULL, 0 = not said */
	const char *from, *to;
	__u32 pid;
};

/* Makes sense for this recording? An exit code, after one sentence unless it is 0. The others are for what has been checked. scope: the stretch it means. */
int va_stats_latency_check(struct va_recording *r, const struct va_latency_wish *wish, struct va_latency_scope *scope);
void va_stats_latency_text(struct va_recording *r, const struct va_latency_wish *wish);
void va_stats_latency_json(struct va_recording *r, const struct va_latency_wish *wish, struct va_json *j); /* adds "latency" to the open object */

#endif
