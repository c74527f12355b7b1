#include "moment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK "mark:"

static int parse_seconds(struct va_history *h, const char *text, __u64 *ts)
{
	char *end;
	double s = strtod(text, &end);

	if (end == text || *end || !(s >= 0) || s > 1e9) {
		fprintf(stderr, "vmatlas: '%s' is no moment: say end, mark:NAME or seconds since the start\n", text);
		return -1;
	}
	*ts = va_history_begin(h) + (__u64)(s * 1e9);
	return 0;
}

int va_moment_parse(struct va_history *h, const char *text, size_t *pos)
{
	__u64 ts;

	if (!strcmp(text, "end")) {
		*pos = va_history_count(h);
		return 0;
	}
	if (!strncmp(text, MARK, strlen(MARK))) {
		*pos = va_history_find_mark(h, text + strlen(MARK));
		if (*pos != (size_t)-1)
			return 0;
		fprintf(stderr, "vmatlas: the recording has no mark '%s'\n", text + strlen(MARK));
		return -1;
	}
	if (parse_seconds(h, text, &ts))
		return -1;
	*pos = va_history_find_time(h, ts);
	return 0;
}

int va_moment_time(struct va_history *h, const char *text, __u64 *ts)
{
	size_t pos;

	if (strcmp(text, "end") && strncmp(text, MARK, strlen(MARK)))
		return parse_seconds(h, text, ts);
	if (va_moment_parse(h, text, &pos))
		return -1;
	*ts = pos ? va_history_time(h, pos - 1) : va_history_begin(h);
	return 0;
}
