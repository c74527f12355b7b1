/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Truth by ranges: whenever the write side of a watched map's lock is about to be given back (or turned into the read side), tells
 * what the VMAs are where they may have changed. These run inside the critical section: mmap_lock.h traces before it releases, and
 * up_write() and downgrade_write() are hooked at their entry. Which of the two: VA_UNLOCK_HOOK in compat.h.
 *
 * What may have changed: what perf_event_mmap() was called with (mmap with merges, brk, stack growth, mprotect), and what the
 * arguments of the system call name; for calls whose arguments do not tell, the whole map. See va_truth_scope().
 */
#ifndef VA_TRUTH_H
#define VA_TRUTH_H

#include "compat.h"
#include "regs.h"
#include "watch.h"

/* From the holder of the write lock: entries of [lo, hi) changed, to be told behind the RANGE. access: only what they allow. */
void va_truth_touched(struct va_map *map, unsigned long lo, unsigned long hi, bool access);

/* When the running thread's fork gave the lock back, its page tables being copied; 1: not known. */
u64 va_truth_copied(struct va_map *map);

/* Hooks */
void va_truth_acquired(VA_MMAP_LOCK_ARGS, bool success);
void va_truth_released(VA_MMAP_LOCK_ARGS);
int va_truth_trace_released(void *data, const struct va_regs *regs); /* __mmap_lock_do_trace_released(mm, write) */
int va_truth_trace_acquired(void *data, const struct va_regs *regs); /* __mmap_lock_do_trace_acquire_returned(mm, write, success) */
int va_truth_unlock(void *data, const struct va_regs *regs);    /* up_write(semaphore), downgrade_write(semaphore) */
int va_truth_vma_event(void *data, const struct va_regs *regs); /* perf_event_mmap(vma) */
int va_truth_mm_end(void *data, const struct va_regs *regs);    /* exit_mmap(mm) */

#endif
