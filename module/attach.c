// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "attach.h"
#include "control.h"
#include "mm.h"
#include "snapshot.h"
#include "task.h"

/* Returns how many. */
static int va_report_threads(struct task_struct *leader, u64 exe)
{
	struct task_struct *thread;
	struct va_proc *proc;
	int n = 0;

	rcu_read_lock();
	/* It may have ended, and its slot be another's, while we waited for the lock. */
	proc = va_proc_find(leader->tgid);
	if (!proc)
		goto out;
	for_each_thread(leader, thread) {
		if (thread->flags & (PF_IO_WORKER | PF_EXITING))
			continue;
		n++;
		va_task_write(thread, proc->map, thread->comm, exe,
			      VMATLAS_F_SNAPSHOT | (proc->target ? VMATLAS_F_TARGET : 0));
	}
out:
	rcu_read_unlock();
	return n;
}

static void va_report_and_count(struct task_struct *leader, u64 exe)
{
	struct va_proc *proc;
	int n;

	rcu_read_lock();
	n = va_report_threads(leader, exe);
	proc = va_proc_find(leader->tgid);
	if (proc && n)
		atomic_add(n - 1, &proc->threads);
	rcu_read_unlock();
}

/* One whose last thread has passed its exit would be watched for ever: that thread has looked, or will, and finds it or we see it dead. */
static int va_attach_proc(struct task_struct *task, u32 map, bool target)
{
	struct va_proc *proc;
	int err = 0;

	rcu_read_lock();
	proc = va_proc_watch(task->tgid, map, target);
	smp_mb(); /* pairs with atomic_dec_and_test(&signal->live) in do_exit() */
	if (!proc) {
		err = -EBUSY;
	} else if (!atomic_read(&task->signal->live)) {
		va_proc_unwatch(proc);
		err = -ESRCH;
	}
	rcu_read_unlock();
	return err;
}

/* Watches first, then looks: what changes in between is told twice, never missed. */
static int va_attach_mm(struct task_struct *task, struct mm_struct *mm, bool target)
{
	struct va_map *map = va_map_watch(mm);
	int err = map ? va_attach_proc(task, map->id, target) : -EBUSY;

	if (err)
		return err;
	if (mmap_read_lock_killable(mm))
		return -EINTR;
	va_report_and_count(task, va_task_exe(mm));
	va_mm_layout(map, mm, VMATLAS_F_SNAPSHOT);
	va_mm_counts(map, mm, VMATLAS_F_SNAPSHOT);
	va_snapshot_held(map, mm, VMATLAS_F_SNAPSHOT);
	mmap_read_unlock(mm);
	return 0;
}

static int va_attach_one(struct pid *pid, bool target)
{
	struct task_struct *task = get_pid_task(pid, PIDTYPE_PID);
	struct mm_struct *mm = task ? get_task_mm(task) : NULL;
	int err = -ESRCH;

	if (mm) {
		err = va_attach_mm(task, mm, target);
		mmput(mm);
	}
	if (task)
		put_task_struct(task);
	return err;
}

/* True for a child of a watched process that is not watched itself. */
static bool va_stray(struct task_struct *task)
{
	return task->mm && !(task->flags & (PF_KTHREAD | PF_EXITING)) && !va_proc_find(task->tgid) && va_proc_find(va_task_parent(task));
}

/* A reference, or NULL: none. */
static struct pid *va_find_stray(void)
{
	struct task_struct *task;
	struct pid *pid = NULL;

	rcu_read_lock();
	for_each_process(task)
		if (va_stray(task)) {
			pid = get_task_pid(task, PIDTYPE_TGID);
			break;
		}
	rcu_read_unlock();
	return pid;
}

/* Children that were there before; those of now are seen as they come. */
static int va_attach_children(void)
{
	struct pid *pid;
	int err = 0;

	/* One that ends under our hands is no child any more, or not found again. */
	while (!err && (pid = va_find_stray())) {
		err = va_attach_one(pid, false);
		put_pid(pid);
		if (err == -ESRCH)
			err = 0;
		cond_resched();
	}
	return err;
}

int va_attach(struct pid *pid)
{
	int err = va_attach_one(pid, true);

	return err || !va_control_follow() ? err : va_attach_children();
}

int va_attach_again(struct pid *pid)
{
	struct task_struct *task = get_pid_task(pid, PIDTYPE_PID);
	struct mm_struct *mm = task ? get_task_mm(task) : NULL;
	struct va_map *map;
	int err = -ESRCH;

	rcu_read_lock();
	map = mm ? va_map_find(mm) : NULL;
	if (map) {
		va_snapshot_again(map);
		err = 0;
	}
	rcu_read_unlock();
	if (mm)
		mmput(mm);
	if (task)
		put_task_struct(task);
	return err;
}

/* The mm is held: its map stays watched until the mutex of the control files is free. */
static int va_retell_mm(struct task_struct *task, struct mm_struct *mm)
{
	struct va_map *map;

	rcu_read_lock();
	map = va_map_find(mm);
	rcu_read_unlock();
	if (!map)
		return -ESRCH;
	if (mmap_read_lock_killable(mm))
		return -EINTR;
	va_report_threads(task, va_task_exe(mm));
	va_mm_layout(map, mm, VMATLAS_F_SNAPSHOT);
	va_mm_counts(map, mm, VMATLAS_F_SNAPSHOT);
	va_snapshot_again(map);
	va_snapshot_held(map, mm, VMATLAS_F_SNAPSHOT);
	mmap_read_unlock(mm);
	return 0;
}

int va_attach_retell(u32 tgid)
{
	struct task_struct *task;
	struct mm_struct *mm;
	int err = -ESRCH;

	rcu_read_lock();
	task = get_pid_task(find_pid_ns(tgid, &init_pid_ns), PIDTYPE_TGID);
	rcu_read_unlock();
	mm = task ? get_task_mm(task) : NULL;
	if (mm) {
		err = va_retell_mm(task, mm);
		mmput(mm);
	}
	if (task)
		put_task_struct(task);
	return err;
}
