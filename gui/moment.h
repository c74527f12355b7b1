/* Moments as people write them: "end", "mark:NAME", seconds since the start. */
#ifndef VA_MOMENT_H
#define VA_MOMENT_H

#include "history.h"

/* Position in the history. 0, or -1 after one sentence on stderr. */
int va_moment_parse(struct va_history *h, const char *text, size_t *pos);
/* As a time of the recording; "end" is the last record's. */
int va_moment_time(struct va_history *h, const char *text, __u64 *ts);

#endif
