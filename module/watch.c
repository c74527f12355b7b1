// SPDX-License-Identifier: GPL-2.0
#include <linux/hash.h>
#include <linux/sched/mm.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "hooks.h"
#include "watch.h"

#define VA_BITS 10

/* All changes under va_lock. A slot goes back to its pool a grace period after it left its table. */
static DEFINE_RAW_SPINLOCK(va_lock);
struct hlist_head va_map_table[1 << VA_MAP_BITS];
static struct hlist_head va_proc_table[1 << VA_BITS];
static HLIST_HEAD(va_free_maps);
static HLIST_HEAD(va_free_procs);
static struct va_map *va_maps;
static struct va_proc *va_procs;
static struct workqueue_struct *va_recycler;
static u32 va_last_id;
static u64 va_refused;

int va_watch_init(void)
{
	unsigned int i;

	va_maps = vzalloc(array_size(VA_MAPS, sizeof(*va_maps)));
	va_procs = vzalloc(array_size(VA_PROCS, sizeof(*va_procs)));
	va_recycler = alloc_workqueue("vmatlas", WQ_UNBOUND, 0);
	if (!va_maps || !va_procs || !va_recycler) {
		if (va_recycler)
			destroy_workqueue(va_recycler);
		vfree(va_maps);
		vfree(va_procs);
		return -ENOMEM;
	}
	for (i = 0; i < VA_MAPS; i++)
		hlist_add_head(&va_maps[i].node, &va_free_maps);
	for (i = 0; i < VA_PROCS; i++)
		hlist_add_head(&va_procs[i].node, &va_free_procs);
	return 0;
}

void va_watch_exit(void)
{
	rcu_barrier();
	destroy_workqueue(va_recycler);
	vfree(va_maps);
	vfree(va_procs);
}

static struct hlist_head *va_proc_bucket(u32 tgid)
{
	return &va_proc_table[hash_32(tgid, VA_BITS)];
}

struct va_proc *va_proc_find(u32 tgid)
{
	struct va_proc *proc;

	hlist_for_each_entry_rcu(proc, va_proc_bucket(tgid), node, true)
		if (proc->tgid == tgid)
			return proc;
	return NULL;
}

/* Takes a slot from a pool; NULL and counted where there is none. */
static struct hlist_node *va_take(struct hlist_head *pool)
{
	struct hlist_node *node = pool->first;

	if (node)
		hlist_del(node);
	else
		va_refused++;
	return node;
}

static void va_map_recycle(struct work_struct *work);

static struct va_map *va_map_add(struct mm_struct *mm)
{
	struct hlist_node *node = va_take(&va_free_maps);
	struct va_map *map = hlist_entry_safe(node, struct va_map, node);

	if (!map)
		return NULL;
	memset(map, 0, sizeof(*map));
	VA_TELLING(lock_init)(&map->telling);
	INIT_RCU_WORK(&map->recycle, va_map_recycle);
	mmgrab(mm);
	map->held = mm;
	map->id = ++va_last_id;
	map->brk = mm->brk;
	map->missed = va_hooks_missed();
	WRITE_ONCE(map->mm, mm);
	map->healed = map->cursor_loss = va_channel_loss() - 1;
	hlist_add_head_rcu(&map->node, &va_map_table[va_map_hash(mm)]);
	return map;
}

struct va_map *va_map_watch(struct mm_struct *mm)
{
	unsigned long flags;
	struct va_map *map;

	raw_spin_lock_irqsave(&va_lock, flags);
	map = va_map_find(mm) ?: va_map_add(mm);
	raw_spin_unlock_irqrestore(&va_lock, flags);
	return map;
}

static struct va_proc *va_proc_add(u32 tgid)
{
	struct hlist_node *node = va_take(&va_free_procs);
	struct va_proc *proc = hlist_entry_safe(node, struct va_proc, node);

	if (!proc)
		return NULL;
	memset(proc, 0, sizeof(*proc));
	proc->tgid = tgid;
	atomic_set(&proc->threads, 1);
	hlist_add_head_rcu(&proc->node, va_proc_bucket(tgid));
	return proc;
}

struct va_proc *va_proc_watch(u32 tgid, u32 map, bool target)
{
	unsigned long flags;
	struct va_proc *proc;

	raw_spin_lock_irqsave(&va_lock, flags);
	proc = va_proc_find(tgid) ?: va_proc_add(tgid);
	if (proc) {
		proc->map = map;
		proc->target |= target;
	}
	raw_spin_unlock_irqrestore(&va_lock, flags);
	return proc;
}

/* From a work item: the last reference frees page tables' root and more, too much for an RCU callback. */
static void va_map_recycle(struct work_struct *work)
{
	struct va_map *map = container_of(to_rcu_work(work), struct va_map, recycle);
	unsigned long flags;

	mmdrop(map->held);
	raw_spin_lock_irqsave(&va_lock, flags);
	hlist_add_head(&map->node, &va_free_maps);
	raw_spin_unlock_irqrestore(&va_lock, flags);
}

static void va_proc_recycle(struct rcu_head *rcu)
{
	struct va_proc *proc = container_of(rcu, struct va_proc, rcu);
	unsigned long flags;

	raw_spin_lock_irqsave(&va_lock, flags);
	hlist_add_head(&proc->node, &va_free_procs);
	raw_spin_unlock_irqrestore(&va_lock, flags);
}

void va_map_unwatch(struct va_map *map)
{
	unsigned long flags;
	bool mine;

	raw_spin_lock_irqsave(&va_lock, flags);
	mine = map->mm;
	if (mine) {
		hlist_del_rcu(&map->node);
		WRITE_ONCE(map->mm, NULL);
	}
	raw_spin_unlock_irqrestore(&va_lock, flags);
	if (mine)
		queue_rcu_work(va_recycler, &map->recycle);
}

void va_proc_unwatch(struct va_proc *proc)
{
	unsigned long flags;
	bool mine;

	raw_spin_lock_irqsave(&va_lock, flags);
	mine = proc->tgid;
	if (mine) {
		hlist_del_rcu(&proc->node);
		WRITE_ONCE(proc->tgid, 0);
	}
	raw_spin_unlock_irqrestore(&va_lock, flags);
	if (mine)
		call_rcu(&proc->rcu, va_proc_recycle);
}

/* True if there were any. */
static bool va_unwatch_procs(void)
{
	bool any = false;
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < VA_PROCS; i++)
		if (READ_ONCE(va_procs[i].tgid)) {
			va_proc_unwatch(&va_procs[i]);
			any = true;
		}
	rcu_read_unlock();
	return any;
}

static void va_unwatch_maps(void)
{
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < VA_MAPS; i++)
		if (READ_ONCE(va_maps[i].mm))
			va_map_unwatch(&va_maps[i]);
	rcu_read_unlock();
}

void va_watch_none(void)
{
	/* A hook under way may have found a process, and begin to watch its child behind our back. Without processes no map comes, either. */
	do
		synchronize_rcu();
	while (va_unwatch_procs());
	va_unwatch_maps();
	/* Who found a map before has told what it had to tell. */
	synchronize_rcu();
}

void va_watch_each(void (*fn)(struct va_map *map, struct mm_struct *mm))
{
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < VA_MAPS; i++) {
		struct mm_struct *mm = READ_ONCE(va_maps[i].mm);

		if (mm)
			fn(&va_maps[i], mm);
	}
	rcu_read_unlock();
}

unsigned int va_watch_due(void)
{
	unsigned int i, due = 0;

	for (i = 0; i < VA_MAPS; i++)
		due += READ_ONCE(va_maps[i].mm) && va_map_due(&va_maps[i]);
	return due;
}

/* The due map with the smallest id above `after`. Under RCU: a slot in use does not become another's. */
static struct va_map *va_due_above(u32 after)
{
	struct va_map *best = NULL;
	unsigned int i;

	for (i = 0; i < VA_MAPS; i++) {
		struct va_map *map = &va_maps[i];

		if (READ_ONCE(map->mm) && map->id > after && va_map_due(map) && (!best || map->id < best->id))
			best = map;
	}
	return best;
}

struct va_map *va_watch_next_due(u32 *after, struct mm_struct **mm)
{
	struct va_map *map;

	rcu_read_lock();
	while ((map = va_due_above(*after))) {
		*after = map->id;
		*mm = READ_ONCE(map->mm);
		/* A slot keeps its mm_struct (not the map in it) until a grace period after it left the table. */
		if (*mm && mmget_not_zero(*mm))
			break;
	}
	rcu_read_unlock();
	return map;
}

unsigned int va_watch_tgids(u32 *tgids, unsigned int max)
{
	unsigned int i, n = 0;

	for (i = 0; i < VA_PROCS && n < max; i++) {
		u32 tgid = READ_ONCE(va_procs[i].tgid);

		if (tgid)
			tgids[n++] = tgid;
	}
	return n;
}

u64 va_watch_refused(void)
{
	return READ_ONCE(va_refused);
}
