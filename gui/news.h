/* The newest events of one process, as a reader would tell them: faults of one kind in a row count as one. */
#ifndef VA_NEWS_H
#define VA_NEWS_H

#include <stdint.h>

#include "history.h"
#include "walk.h"

#define VA_NEWS_MAX 24

struct va_news_item {
	struct vmatlas_record rec; /* the newest of its row */
	__u32 count;               /* faults of the same kind in a row */
	size_t pos;                /* of rec in the history */
	size_t begin;              /* of the oldest that is counted */
	enum va_fault_kind kind;
	bool cut;                  /* there may be more than count */
};

struct va_news {
	struct va_news_item item[VA_NEWS_MAX]; /* newest first */
	size_t count;
	size_t pos;
	size_t dropped; /* behind the newest record that has no place any more */
	__u32 tgid;
};

/* Looks back from pos, 20,000 records at most; going on costs what is new, however one came there it is the same. */
void va_news_update(struct va_news *news, struct va_history *h, size_t pos, __u32 tgid, unsigned levels);

#endif
