/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two relay channels with one buffer per CPU each: cpuN (truth) and faultsN (bulk). A full buffer drops the newest record and counts
 * it; that of faults may be made to lose the oldest instead. See "Order" and "Loss" in <vmatlas/wire.h>.
 */
#ifndef VA_CHANNEL_H
#define VA_CHANNEL_H

#include <linux/math.h>
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

/*
 * Around {date, read what the record tells, write it}, interrupts off all the time; may be nested. A reader on another CPU waits for the end:
 * so all that is older than the moment at which it began to read is there. Returns the clock.
 */
u64 va_channel_begin(void);
void va_channel_end(void);

/*
 * The same within va_channel_begin(), whose clock is ts, and va_channel_end(): for what was read after that moment. Interrupts have been off since:
 * no other record of this CPU lies between, so its ts does not step back.
 */
bool va_channel_write_at(struct vmatlas_record *rec, u64 ts);

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

/* CLOCK_MONOTONIC in ns, safe in any context. */
u64 va_clock(void);

#endif
