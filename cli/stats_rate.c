#include "stats_rate.h"

#define SECOND 1000000000ull

struct va_rate va_rate_of(struct va_history *h, size_t from, size_t to)
{
	struct va_rate rate = { 0 };
	__u64 begin = from ? va_history_time(h, from - 1) : va_history_begin(h), in_second = 0;

	/* A window of one second is moved along: last is its end, first its beginning. */
	for (size_t first = from, last = from; last < to; last++) {
		if (va_history_record(h, last, NULL)->head.type == VMATLAS_LOSS)
			continue;
		rate.events++;
		in_second++;
		for (; va_history_time(h, last) - va_history_time(h, first) >= SECOND; first++)
			in_second -= va_history_record(h, first, NULL)->head.type != VMATLAS_LOSS;
		if (in_second > rate.peak) {
			rate.peak = in_second;
			rate.peak_ts = va_history_time(h, first);
		}
	}
	rate.span = to > from ? va_history_time(h, to - 1) - begin : 0;
	return rate;
}

__u64 va_rate_mean(const struct va_rate *rate)
{
	return rate->span ? (__u64)((double)rate->events * (double)SECOND / (double)rate->span + 0.5) : rate->events;
}

void va_rate_json(const struct va_rate *rate, struct va_json *j)
{
	va_json_object(j, "rate");
	va_json_u64(j, "events", rate->events);
	va_json_u64(j, "span_ns", rate->span);
	va_json_u64(j, "mean_per_s", va_rate_mean(rate));
	va_json_u64(j, "peak_per_s", rate->peak);
	va_json_u64(j, "peak_ts", rate->peak_ts);
	va_json_end_object(j);
}
