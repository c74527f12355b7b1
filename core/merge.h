/*
 * Per-CPU streams → one stream in the order of time.
 *
 * Records go out when every CPU is known to be drained past them (ROUND), smallest ts first; equal ts: truth before faults, then the
 * lower CPU. Within one (CPU, channel) the order of arrival is kept. A gap in seq becomes a LOSS record at its place: before the record
 * behind the gap, with its ts.
 * A record older than what already went out is counted as late and goes out at once, never dropped, with its own ts.
 *
 * The first record of a stream says where its numbers begin: the module may have run before this recording.
 */
#ifndef VA_MERGE_H
#define VA_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "vmatlas/stream.h"

struct va_merge_stats {
	__u64 written[VMATLAS_CHANNELS]; /* records that arrived */
	__u64 lost[VMATLAS_CHANNELS];    /* from gaps */
	__u64 late, invalid;             /* invalid: unknown type or a field out of range; not handed out */
};

struct va_merge;

/* out is called once a record, in order; cpu is where it came from. */
struct va_merge *va_merge_new(__u32 cpus, void (*out)(void *ctx, const struct vmatlas_record *rec, __u32 cpu), void *ctx);
void va_merge_free(struct va_merge *m);

/* n records, aligned to nothing: they are copied. 0, or -EINVAL for a CPU or channel out of range. */
int va_merge_records(struct va_merge *m, __u32 cpu, __u32 channel, const void *recs, size_t n);
/*
 * Before its first record: the stream's numbers begin here, at that moment; what is missing before the first record is a loss, too. Without
 * it the first record says where they begin.
 */
void va_merge_begin(struct va_merge *m, __u32 cpu, __u32 channel, __u64 given_out, __u64 ts);
/* What the module says it gave out on one stream by the end: what is missing behind the last record becomes a LOSS with that ts. */
void va_merge_total(struct va_merge *m, __u32 cpu, __u32 channel, __u64 given_out, __u64 ts);
void va_merge_round(struct va_merge *m, __u64 drained); /* all before `drained` may go out */
void va_merge_flush(struct va_merge *m);                /* end of input: all goes out */

/* Per CPU; cpu < cpus. */
const struct va_merge_stats *va_merge_stats(const struct va_merge *m, __u32 cpu);
__u32 va_merge_cpus(const struct va_merge *m);

#endif
