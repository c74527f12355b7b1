/*
 * What the timeline shows, gathered once from each record: how many events of which class when, marks, losses. Costs memory by time, not
 * by events: when the buckets are full, neighbours are merged.
 */
#ifndef VA_CHRONICLE_H
#define VA_CHRONICLE_H

#include "history.h"

#define VA_BUCKETS 8192

enum va_class { /* of events, as stacked in the timeline */
	VA_CLASS_ZERO, VA_CLASS_FILE, VA_CLASS_COW, VA_CLASS_HUGE, VA_CLASS_OTHER, VA_CLASS_BAD, VA_CLASS_OP, VA_CLASSES
};

struct va_mark {
	__u64 ts;
	size_t pos; /* just after it */
	__u64 text;
	__u32 tgid;
};

struct va_gap { /* of records */
	__u64 from, to;
	__u64 count;
};

struct va_chronicle {
	__u64 origin, width;          /* ns: of bucket 0; a bucket's length */
	__u32 bucket[VA_BUCKETS][VA_CLASSES];
	struct va_mark *marks;
	size_t mark_count, mark_room;
	struct va_gap *gaps;
	size_t gap_count, gap_room;
	size_t seen;                  /* records taken */
	size_t first;                 /* of the history, when what was before it was given up … */
	size_t marks_gone;            /* … these marks with it: the next ones keep their numbers */
};

void va_chronicle_init(struct va_chronicle *c);
void va_chronicle_destroy(struct va_chronicle *c);
/* Takes the records it has not seen, at most `most` of them; true where there was something new. */
bool va_chronicle_update(struct va_chronicle *c, struct va_history *h, unsigned levels, size_t most);

/* Events of each class within [from, to), by share of the buckets at the ends. */
void va_chronicle_sum(const struct va_chronicle *c, __u64 from, __u64 to, double out[VA_CLASSES]);
/* The newest mark at or before ts; NULL = none. */
const struct va_mark *va_chronicle_mark(const struct va_chronicle *c, __u64 ts);

enum va_class va_class_of_kind(int fault_kind);
int va_class_of_record(const struct vmatlas_record *rec, unsigned levels); /* enum va_class; -1 = not shown as an event */

#endif
