/* SPDX-License-Identifier: GPL-2.0 */
/* What a map is as a whole: MM_LAYOUT, MM_COUNTS, and the same figures inside RANGE. */
#ifndef VA_MM_H
#define VA_MM_H

#include "watch.h"

/* Writes MM_LAYOUT; flags: VMATLAS_F_SNAPSHOT or 0 (VMATLAS_F_VSYSCALL is added here). */
void va_mm_layout(struct va_map *map, struct mm_struct *mm, u16 flags);
void va_mm_counts(struct va_map *map, struct mm_struct *mm, u16 flags);
/* MM_COUNTS unless there was one within the last 50 ms. */
void va_mm_counts_maybe(struct va_map *map, struct mm_struct *mm, u64 now);
/* The figures of a RANGE. */
void va_mm_fill_range(struct mm_struct *mm, struct vmatlas_range *range);
/*
 * The read side of a map's lock, in a hook. Not mmap_read_trylock(): its tracepoint, which is on because of us, makes the path of a cgroup
 * under a lock that sleeps on PREEMPT_RT.
 */
static inline bool va_mm_trylock(struct mm_struct *mm)
{
	return down_read_trylock(&mm->mmap_lock);
}

static inline void va_mm_unlock(struct mm_struct *mm)
{
	up_read(&mm->mmap_lock);
}

/* A head of the running task. */
struct vmatlas_head va_head(u16 type, u16 flags, u32 map);

#endif
