/* SPDX-License-Identifier: GPL-2.0 */
/* What a map is as a whole: MM_LAYOUT, MM_COUNTS, and the same figures inside RANGE. */
#ifndef VA_MM_H
#define VA_MM_H

#include <linux/sched.h>
#include <linux/time64.h>

#include "watch.h"

/* Writes MM_LAYOUT; flags: VMATLAS_F_SNAPSHOT or 0 (VMATLAS_F_VSYSCALL is added here). */
void va_mm_layout(struct va_map *map, struct mm_struct *mm, u16 flags);
void va_mm_counts(struct va_map *map, struct mm_struct *mm, u16 flags);
void va_mm_counts_due(struct va_map *map, struct mm_struct *mm, u64 now, s64 last);

#define VA_COUNTS_EVERY (50 * NSEC_PER_MSEC)

/* MM_COUNTS unless there was one within the last 50 ms. */
static inline void va_mm_counts_maybe(struct va_map *map, struct mm_struct *mm, u64 now)
{
	s64 last = atomic64_read(&map->counted);

	/* Another CPU may have counted after `now`. */
	if (unlikely((s64)(now - last) > (s64)VA_COUNTS_EVERY))
		va_mm_counts_due(map, mm, now, last);
}

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

/*
 * The same to walk the page tables of [lo, hi) in a map that this CPU need not run in. munmap() frees tables under the read side, too, but none in whose reach a VMA is:
 * false also where no VMA has all of it.
 */
bool va_mm_trylock_mapped(struct mm_struct *mm, unsigned long lo, unsigned long hi);

/* A head of the running task. */
static inline struct vmatlas_head va_head(u16 type, u16 flags, u32 map)
{
	return (struct vmatlas_head){ .type = type, .flags = flags, .mm = map, .tgid = current->tgid, .tid = current->pid };
}

/* The same but for ts and seq, which are filled in where it is written: va_channel_claim() has done so. */
static inline void va_fill_head(struct vmatlas_head *head, u16 type, u16 flags, u32 map, u32 aux)
{
	head->type = type;
	head->flags = flags;
	head->mm = map;
	head->tgid = current->tgid;
	head->tid = current->pid;
	head->aux = aux;
}

#endif
