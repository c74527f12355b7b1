/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two relay channels with one buffer per CPU each: cpuN (truth) and faultsN (bulk). A full buffer drops the newest record and counts
 * it; that of faults may be made to lose the oldest instead. See "Order" and "Loss" in <vmatlas/wire.h>.
 */
#ifndef VA_CHANNEL_H
#define VA_CHANNEL_H

#include <linux/ktime.h>
#include <linux/math.h>
#include <linux/percpu.h>
#include <linux/timekeeping.h>
#include <linux/types.h>

#include "vmatlas/wire.h"

struct proc_dir_entry;

struct va_totals {
	u64 written, lost; /* records */
};

extern unsigned int va_subbuf_size;  /* bytes */
extern unsigned int va_subbuf_count; /* of the truth channel, per CPU */

/* Creates the files of one channel in dir. -EINVAL: module parameters make no sense. -ENOMEM. */
int va_channel_open(enum vmatlas_channel channel, struct proc_dir_entry *dir);
/* Removes the files, waits for readers inside a call. No writer may be left. Readers that hold a file open get EIO. */
void va_channel_close(enum vmatlas_channel channel);

/* Records a truth buffer holds at least: RANGE, VMA and the longest text, so that a map can be told piece by piece. */
#define VA_CHANNEL_LEAST (2 + DIV_ROUND_UP(VMATLAS_TEXT_MAX, VMATLAS_TEXT_PIECE))

/* Fills ts and seq and writes. The channel follows from head.type. False: lost (and counted). Any context but NMI. */
bool va_channel_write(struct vmatlas_record *rec);

/* CLOCK_MONOTONIC in ns, safe in any context. */
static inline u64 va_clock(void)
{
	return ktime_get_mono_fast_ns();
}

/* Written with interrupts off on its own CPU only. */
struct va_dating {
	unsigned int depth; /* of va_channel_begin() */
	unsigned int done;  /* outermost va_channel_end()s so far */
};

DECLARE_PER_CPU(struct va_dating, va_dating);

/*
 * Around {date, read what the record tells, write it}, interrupts off all the time; may be nested. A reader on another CPU waits for the end:
 * so all that is older than the moment at which it began to read is there. Returns the clock.
 */
static inline u64 va_channel_begin(void)
{
	struct va_dating *dating = this_cpu_ptr(&va_dating);

	WRITE_ONCE(dating->depth, dating->depth + 1);
	/* Pairs with the one in va_wait_dated(): a reader that does not see this has read the clock before us. */
	smp_mb();
	return va_clock();
}

static inline void va_channel_end(void)
{
	struct va_dating *dating = this_cpu_ptr(&va_dating);

	if (dating->depth == 1)
		WRITE_ONCE(dating->done, dating->done + 1);
	/* What was written is there before it is said to be finished. */
	smp_store_release(&dating->depth, dating->depth - 1);
}

/*
 * The same within va_channel_begin(), whose clock is ts, and va_channel_end(): for what was read after that moment. Interrupts have been off since:
 * no other record of this CPU lies between, so its ts does not step back.
 */
bool va_channel_write_at(struct vmatlas_record *rec, u64 ts);
/* The same of a RANGE and its VMAs, which stand one behind the other: none of the truth channel lies between them. False: some are lost. */
bool va_channel_write_truth(struct vmatlas_record *recs, unsigned int n, u64 ts);

/*
 * The same without a copy: the place of a record in the buffer, its ts and seq filled in, and nothing else; whatever stood there before still does. It
 * is written whole and published before anything else is written on this CPU. Where there is no room it is a place that nobody reads (counted as lost).
 * Not for RANGE, VMA and TEXT, whose loss is told.
 */
struct vmatlas_record *va_channel_claim(enum vmatlas_channel channel, u64 ts);
void va_channel_publish(enum vmatlas_channel channel, const struct vmatlas_record *rec);

/* Counts a record lost that was not even tried, so that the reader sees a gap. */
void va_channel_lose(enum vmatlas_channel channel);

/* True if `records` fit into this CPU's truth buffer now. Means something only with preemption off. */
bool va_channel_room(unsigned int records);

/* Goes up with each lost RANGE, VMA and TEXT. It could have been about any map: see va_map.healed. */
u32 va_channel_loss(void);
/* The same without a loss: the reader's maps can't be trusted any more. */
void va_channel_doubt(void);

/* Of faults. VA_KEEP_CRASH: a watched process crashed while the newest were kept; what led to it stays until it is read. */
enum va_keep { VA_KEEP_OLDEST = 0, VA_KEEP_NEWEST = 1, VA_KEEP_CRASH = 2 };

enum va_keep va_channel_kept(void);
void va_channel_keep(enum va_keep keep);
void va_channel_crash(void); /* any context */

/* Of sequence numbers given out: written = can be or has been read, lost = never will be. Exact when nobody writes. */
struct va_totals va_channel_totals(int cpu, enum vmatlas_channel channel);

#endif
