/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who is watched: maps (address spaces) by their mm, processes by their tgid. Exec replaces the map of a process, vfork shares one,
 * so both are needed. Fixed pools; lookups are lock-free (RCU), for the unwatched a load and a compare.
 */
#ifndef VA_WATCH_H
#define VA_WATCH_H

#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "channel.h"
#include "spans.h"

/*
 * Held while names are made. d_path() may take a spin lock, which lockdep does not want within a raw one; on PREEMPT_RT, where that would sleep, names
 * are made without locks (path.c), and with preemption off nothing but a raw one can be taken.
 */
#ifdef CONFIG_PREEMPT_RT
#define va_telling_t raw_spinlock_t
#define VA_TELLING(verb) raw_spin_##verb
#else
#define va_telling_t spinlock_t
#define VA_TELLING(verb) spin_##verb
#endif

struct va_map {
	struct hlist_node node;
	struct mm_struct *mm; /* NULL = not in use; exit_mmap ends the watch */
	struct mm_struct *held; /* the same until the slot is free again: a reference (mm_count) on the structure */
	u32 id;               /* the number on the wire */

	/* Protected by the mmap lock held for writing. */
	struct va_spans changed; /* VMAs changed so far under it */
	struct va_spans touched; /* entries that came, went or moved */
	struct va_spans access;  /* entries that allow something else now */
	unsigned long brk;    /* mm->brk when it was given back last */
	pid_t copier;         /* the thread that forked last; set before … */
	u64 copied;           /* … when it gave the lock back: the child's tables are what stood there then */

	/* A snapshot is due, or under way in pieces: see snapshot.h. Whoever holds bit 0 of busy, or the mmap lock for writing. */
	unsigned long busy;
	u32 healed;           /* va_channel_loss() when the reader last had the whole map: differs = torn */
	u32 cursor_loss;      /* the same when `cursor` was begun: differs = cursor means nothing */
	atomic_t tears;       /* the same of this map alone: va_map_tear(), at any time */
	u32 healed_tears, cursor_tears;
	unsigned long cursor; /* the whole map has been told below this address */
	atomic_t again;       /* how often all pages were asked for anew, at any time */
	u32 round;            /* the same when `pages` was begun: differs = pages means nothing */
	unsigned long pages;  /* the pages have been told below this address; ULONG_MAX = none are due */
	unsigned long swept;  /* and SWEEP has said so below this one … */
	u64 swept_since;      /* … and the first above it was read after this moment */

	va_telling_t telling;   /* around a RANGE and its VMAs: two readers of the map must not mix theirs */
	atomic64_t counted;     /* clock at the last MM_COUNTS */
	unsigned long missed;   /* va_hooks_missed() when the reader was last told to doubt */
	struct rcu_work recycle;
};

#define VA_MAP_BITS 10

/* By mm: read under RCU. */
extern struct hlist_head va_map_table[1 << VA_MAP_BITS];

static inline u32 va_map_hash(const struct mm_struct *mm)
{
	return hash_ptr(mm, VA_MAP_BITS);
}

struct va_proc {
	struct hlist_node node;
	u32 tgid;
	bool target;      /* chosen by the user, not a descendant */
	u32 map;          /* id of the map it has or had last */
	atomic_t threads; /* that have not passed sched_process_exit */
	atomic_t ended;
	struct rcu_head rcu;
};

int va_watch_init(void);
void va_watch_exit(void);

/* Lookups: call under RCU (any hook with preemption off, or rcu_read_lock()). */
static inline struct va_map *va_map_find(const struct mm_struct *mm)
{
	struct va_map *map;

	hlist_for_each_entry_rcu(map, &va_map_table[va_map_hash(mm)], node, true)
		if (map->mm == mm)
			return map;
	return NULL;
}

/* False: it is not watched, and that is all most of the kernel's tasks pay. Any context; mm is not followed. */
static inline bool va_map_maybe(const struct mm_struct *mm)
{
	return !hlist_empty(&va_map_table[va_map_hash(mm)]);
}

struct va_proc *va_proc_find(u32 tgid);
/* 0 = not watched. Any context: mm may be NULL, and is not followed. */
static inline u32 va_map_id(const struct mm_struct *mm)
{
	struct va_map *map;
	u32 id = 0;

	if (likely(!va_map_maybe(mm)))
		return 0;
	rcu_read_lock();
	map = mm ? va_map_find(mm) : NULL;
	if (map)
		id = map->id;
	rcu_read_unlock();
	return id;
}

/* The same where preemption is off, as in every hook: that keeps a map as RCU does. */
static inline u32 va_map_id_here(const struct mm_struct *mm)
{
	const struct va_map *map = mm ? va_map_find(mm) : NULL;

	return map ? map->id : 0;
}

/* Begins to watch, or returns what is watched already. NULL: the pool is empty (counted). New maps are torn: a snapshot is due. */
struct va_map *va_map_watch(struct mm_struct *mm);
struct va_proc *va_proc_watch(u32 tgid, u32 map, bool target);

void va_map_unwatch(struct va_map *map);
void va_proc_unwatch(struct va_proc *proc);
/* Nothing more is told of them when it returns. Sleeps. */
void va_watch_none(void);

/* True if the reader may have a wrong picture of the map. */
static inline bool va_map_torn(const struct va_map *map)
{
	return READ_ONCE(map->healed) != va_channel_loss() || READ_ONCE(map->healed_tears) != (u32)atomic_read(&map->tears);
}

/* Makes the whole map due again, from its beginning. */
static inline void va_map_tear(struct va_map *map)
{
	atomic_inc(&map->tears);
}

/* True if a snapshot is due for map or pages. */
static inline bool va_map_due(const struct va_map *map)
{
	return va_map_torn(map) || READ_ONCE(map->pages) != ULONG_MAX || READ_ONCE(map->round) != (u32)atomic_read(&map->again);
}

/* Calls fn for each map, under RCU. */
void va_watch_each(void (*fn)(struct va_map *map, struct mm_struct *mm));
/* How many maps have a snapshot due. */
unsigned int va_watch_due(void);
/* One of them, with a reference on its mm taken (mmput() it), or NULL. *after: id of the last one tried, 0 to begin. */
struct va_map *va_watch_next_due(u32 *after, struct mm_struct **mm);
/* tgids of the watched processes, at most max. Returns how many. */
unsigned int va_watch_tgids(u32 *tgids, unsigned int max);
u64 va_watch_refused(void); /* maps and processes that found a pool empty */

#define VA_PROCS 4096 /* processes watched at once */
#define VA_MAPS 4096  /* maps watched at once */

#endif
