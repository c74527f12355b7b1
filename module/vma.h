/* SPDX-License-Identifier: GPL-2.0 */
/*
 * "Within [lo, hi) the VMAs are exactly these": RANGE and its VMA records. The caller holds the map still: mmap lock held, or an mm
 * that does not run yet.
 */
#ifndef VA_VMA_H
#define VA_VMA_H

#include "watch.h"

#define VA_RANGE_VMAS 16 /* VMAs of one RANGE at most */

int va_vma_init(void);
void va_vma_exit(void);

/*
 * Writes one RANGE from lo on, widened to the VMAs that lo and hi cut through, and its VMAs; texts first. Ends before hi where
 * there are more than VA_RANGE_VMAS: then VMATLAS_F_MORE is added to flags. Preemption is off inside. Returns the end of what has been told (>= hi: all), 0 if a record was lost.
 */
unsigned long va_vma_range(struct va_map *map, struct mm_struct *mm, unsigned long lo, unsigned long hi, u16 flags, int nr);

/*
 * The same for a snapshot: ends where the buffer has no room for the next VMA and its text, so nothing is lost. Returns 0 where there
 * is no room for one.
 */
unsigned long va_vma_piece(struct va_map *map, struct mm_struct *mm, unsigned long lo, u16 flags);

/* As many truth records as one va_vma_range() may take, but for texts of more than a piece. */
#define VA_RANGE_RECORDS (1 + VA_RANGE_VMAS * 3)

/* Text id of a path as /proc shows it to this task; late in its exit: from the root of all. Task context, preemption off. */
u64 va_vma_path(const struct path *path);

#endif
