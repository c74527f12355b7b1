/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Entries as they stand after something changed them without a fault: PAGES for what is there, SWEEP for what is not. Read without a
 * lock, each run dated before it is read, so whatever another CPU does meanwhile is told later and wins. All go to the faults channel:
 * a storm of reclaim must not cost the truth about maps.
 */
#ifndef VA_SWEEP_H
#define VA_SWEEP_H

#include "watch.h"

#include "vmatlas/wire.h"

/* Runs a single report may have: some 10,000 pages. What lies beyond is told as doubtful. */
#define VA_SWEEP_RUNS 1024
#define VA_SWEEP_RUNS_FEW 64

/* Any context; the caller is under RCU, so that the map stays. `rest` is what to say of a part that is too much to tell. */
void va_sweep(struct va_map *map, struct mm_struct *mm, unsigned long lo, unsigned long hi, unsigned int runs, enum vmatlas_sweep_kind rest);
/* All entries of a whole map whose lock is held. True: all have been told. */
bool va_sweep_map(struct va_map *map, struct mm_struct *mm, unsigned int runs);

/* SWEEP alone. */
void va_sweep_write(struct va_map *map, enum vmatlas_sweep_kind kind, unsigned long lo, unsigned long hi, u64 since, u16 flags);

/* The next run of entries from *addr on, below end, as PAGES: dated before it was read. *addr moves on, but where there was no room. */
bool va_sweep_run(struct va_map *map, struct mm_struct *mm, unsigned long *addr, unsigned long end, u16 flags, bool *any);

/* Says once of every watched map that nothing is certain, when calls were missed that change entries. */
void va_sweep_missed(struct va_map *map);

#endif
