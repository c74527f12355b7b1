// SPDX-License-Identifier: GPL-2.0
#include <linux/binfmts.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/signal.h>

#include "compat.h"
#include "control.h"
#include "fault.h"
#include "mm.h"
#include "snapshot.h"
#include "story.h"
#include "sweep.h"
#include "task.h"
#include "text.h"
#include "truth.h"
#include "vma.h"

static struct pid *va_armed; /* a reference */

void va_task_arm(struct pid *pid)
{
	put_pid(xchg(&va_armed, pid));
}

static void va_task_tell(struct vmatlas_record *rec)
{
	if (va_class_on(VA_CLASS_TASK))
		va_story_write(rec);
}

/* --- TASK ------------------------------------------------------------------------------------------------------------- */

u64 va_task_exe(struct mm_struct *mm)
{
	struct file *file = mm ? va_compat_exe(mm) : NULL;
	u64 text = 0;

	if (!file)
		return 0;
	preempt_disable();
	text = va_vma_path(va_compat_path(file));
	preempt_enable();
	fput(file);
	return text;
}

u32 va_task_parent(struct task_struct *task)
{
	u32 tgid;

	rcu_read_lock();
	tgid = rcu_dereference(task->real_parent)->tgid;
	rcu_read_unlock();
	return tgid;
}

void va_task_write(struct task_struct *task, u32 map, const char *comm, u64 exe, u16 flags)
{
	struct vmatlas_record rec = {
		.head = { .type = VMATLAS_TASK, .flags = flags, .mm = map, .tgid = task->tgid, .tid = task->pid },
		.task = {
			.ppid = va_task_parent(task), .start_ns = task->start_time, .exe_text = exe,
			.uid = from_kuid(&init_user_ns, task_uid(task)),
		},
	};

	strscpy(rec.task.comm, comm, sizeof(rec.task.comm));
	va_task_tell(&rec);
}

void va_task_rename(void *data, struct task_struct *task, const char *comm)
{
	struct va_proc *proc;

	rcu_read_lock();
	proc = va_proc_find(task->tgid);
	/* exec renames, too; there TASK follows EXEC. */
	if (unlikely(proc) && !task->in_execve)
		va_task_write(task, proc->map, comm, task == current ? va_task_exe(task->mm) : 0, 0);
	rcu_read_unlock();
}

/* --- FORK ------------------------------------------------------------------------------------------------------------- */

static void va_write_fork(struct task_struct *child, u32 parent_map, u32 child_map, unsigned long clone_flags, u64 copied)
{
	struct vmatlas_record rec = {
		.head = va_head(VMATLAS_FORK, 0, parent_map),
		.fork = {
			.child_tgid = child->tgid, .child_tid = child->pid, .child_mm = child_map,
			.clone_flags = clone_flags, .copied = copied,
		},
	};

	/* The kernel keeps the signal of clone()'s lowest byte apart; threads have none. */
	if (child->exit_signal > 0)
		rec.fork.clone_flags |= child->exit_signal;
	strscpy(rec.fork.comm, child->comm, sizeof(rec.fork.comm));
	va_task_tell(&rec);
}

static void va_fork_thread(struct va_proc *proc, struct task_struct *child, unsigned long clone_flags)
{
	atomic_inc(&proc->threads);
	va_write_fork(child, proc->map, proc->map, clone_flags, 0);
}

/* True if it was little enough to tell. */
static bool va_fork_pages(struct va_map *map, struct mm_struct *mm)
{
	bool told;

	if (!va_class_on(VA_CLASS_FAULT) || !va_mm_trylock(mm))
		return false;
	told = va_sweep_map(map, mm, VA_SWEEP_RUNS_FEW);
	va_mm_unlock(mm);
	return told;
}

/*
 * The child has its map already, and does not run yet. Its pages are its parent's, and the parent's have become read-only: the reader derives
 * them; where they are few, they are told.
 */
static void va_fork_process(struct va_proc *parent, struct va_map *parent_map, struct task_struct *child, unsigned long clone_flags)
{
	struct va_map *map = va_map_watch(child->mm);

	if (!map || !va_proc_watch(child->tgid, map->id, false))
		return;
	va_write_fork(child, parent->map, map->id, clone_flags, parent_map ? va_truth_copied(parent_map) : 1);
	if (child->mm == current->mm)
		return;
	map->pages = ULONG_MAX;
	va_mm_layout(map, child->mm, VMATLAS_F_SNAPSHOT);
	va_mm_counts(map, child->mm, VMATLAS_F_SNAPSHOT);
	va_snapshot_try(map, child->mm, VMATLAS_F_SNAPSHOT);
	if (va_fork_pages(map, child->mm) && parent_map)
		va_fork_pages(parent_map, current->mm);
}

static void va_fork(struct va_proc *proc, struct task_struct *child, unsigned long clone_flags)
{
	struct va_map *map = va_map_find(current->mm);

	va_fault_flush();
	if (child->tgid == current->tgid)
		va_fork_thread(proc, child, clone_flags);
	else if (va_control_follow() && child->mm)
		va_fork_process(proc, map, child, clone_flags);
	if (map)
		va_mm_counts(map, current->mm, 0);
}

void va_task_new(VA_NEWTASK_ARGS)
{
	struct va_proc *proc;

	/* io_uring's helpers live and die unseen by user space. */
	if (child->flags & (PF_KTHREAD | PF_IO_WORKER))
		return;
	rcu_read_lock();
	proc = va_proc_find(current->tgid);
	if (unlikely(proc))
		va_fork(proc, child, clone_flags);
	rcu_read_unlock();
}

/* --- faults counted ---------------------------------------------------------------------------------------------------- */

#define VA_TRIES 4096

/* The plain counter: through the lock's type, a reader on PREEMPT_RT would wait for the writer, and preemption is off here. */
static const seqcount_t *va_stats_count(const struct task_struct *task)
{
	return &task->signal->stats_lock.seqcount.seqcount;
}

static void va_sum_faults(struct task_struct *task, u64 *minor, u64 *major)
{
	struct task_struct *other;

	*minor = task->signal->min_flt;
	*major = task->signal->maj_flt;
	for_each_thread(task, other) {
		*minor += other->min_flt;
		*major += other->maj_flt;
	}
}

/*
 * What getrusage() says. A thread that ends adds its counts to those of all and leaves the list, under the same lock. On PREEMPT_RT it may be held up in the
 * middle of that, by us even: then both are 0, which no process has that ran.
 */
static void va_group_faults(struct task_struct *task, u64 *minor, u64 *major)
{
	unsigned int i;

	for (i = 0; i < VA_TRIES || !IS_ENABLED(CONFIG_PREEMPT_RT); i++) {
		unsigned int seq = raw_read_seqcount(va_stats_count(task));

		if (!(seq & 1)) {
			va_sum_faults(task, minor, major);
			if (!read_seqcount_retry(va_stats_count(task), seq))
				return;
		}
		cpu_relax();
	}
	*minor = *major = 0;
}

/* --- EXEC ------------------------------------------------------------------------------------------------------------- */

static void va_write_exec(u32 map, u32 old_map, struct linux_binprm *bprm, u16 flags)
{
	struct vmatlas_record rec = {
		.head = va_head(VMATLAS_EXEC, flags, map),
		.exec = { .old_mm = old_map, .path_text = va_text(bprm->filename, strlen(bprm->filename)) },
	};

	va_group_faults(current, &rec.exec.min_flt, &rec.exec.maj_flt);
	strscpy(rec.exec.comm, current->comm, sizeof(rec.exec.comm));
	va_task_tell(&rec);
}

static void va_exec(struct va_proc *proc, struct linux_binprm *bprm)
{
	struct mm_struct *mm = current->mm;
	struct va_map *map = va_map_watch(mm);
	u16 target = proc->target ? VMATLAS_F_TARGET : 0;
	u32 old = proc->map;

	if (!map)
		return;
	proc->map = map->id;
	va_write_exec(map->id, old, bprm, target);
	va_task_write(current, map->id, current->comm, va_task_exe(mm), target);
	va_mm_layout(map, mm, 0);
	va_mm_counts(map, mm, 0);
	va_snapshot_try(map, mm, VMATLAS_F_SNAPSHOT);
}

/* True for the task that is armed; disarms it. Not while hooks come and go. */
static bool va_disarm(void)
{
	struct pid *armed = READ_ONCE(va_armed);

	if (likely(!armed) || !READ_ONCE(va_enabled) || armed != task_tgid(current) || cmpxchg(&va_armed, armed, NULL) != armed)
		return false;
	put_pid(armed);
	return true;
}

void va_task_exec(void *data, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct va_proc *proc;

	rcu_read_lock();
	if (va_disarm())
		proc = va_proc_watch(current->tgid, 0, true);
	else
		proc = va_proc_find(current->tgid);
	if (unlikely(proc)) {
		va_fault_flush();
		va_exec(proc, bprm);
	}
	rcu_read_unlock();
}

/* --- the end of a program that goes wrong -------------------------------------------------------------------------------- */

static void va_crash_of(int sig)
{
	if (sig > 0 && sig_kernel_coredump(sig))
		va_channel_crash();
}

/* Before a core is dumped, which takes its time. Called with siglock held. */
void va_task_signal(void *data, int sig, struct kernel_siginfo *info, struct k_sigaction *ka)
{
	struct va_proc *proc;

	if (ka->sa.sa_handler != SIG_DFL)
		return;
	rcu_read_lock();
	proc = va_proc_find(current->tgid);
	if (unlikely(proc))
		va_crash_of(sig);
	rcu_read_unlock();
}

/* --- EXIT ------------------------------------------------------------------------------------------------------------- */

/*
 * True if no other thread can come through sched_process_exit after this one. io_uring's helpers are no threads to us, but the kernel
 * counts them among the living: one of them may be the last.
 */
static bool va_last_thread(struct va_proc *proc, struct task_struct *task)
{
	bool counted = (task->flags & PF_IO_WORKER ? atomic_read(&proc->threads) : atomic_dec_return(&proc->threads)) <= 0;
	struct task_struct *other;

	if (atomic_read(&task->signal->live))
		return false;
	/* Threads that began while we attached may have been counted twice. */
	if (!counted)
		for_each_thread(task, other)
			if (other != task && !READ_ONCE(other->exit_state))
				return false;
	return !atomic_xchg(&proc->ended, 1);
}

static void va_write_exit(struct va_proc *proc, struct task_struct *task, bool last)
{
	struct signal_struct *signal = task->signal;
	struct vmatlas_record rec = {
		.head = va_head(VMATLAS_EXIT, last ? VMATLAS_F_GROUP : 0, proc->map),
		.exit = { .min_flt = task->min_flt, .maj_flt = task->maj_flt },
	};

	rec.head.aux = last && signal->flags & SIGNAL_GROUP_EXIT ? signal->group_exit_code : task->exit_code;
	if (last) {
		va_group_faults(task, &rec.exit.min_flt, &rec.exit.maj_flt);
		va_crash_of(rec.head.aux & 0x7f);
	}
	strscpy(rec.exit.comm, task->comm, sizeof(rec.exit.comm));
	va_task_tell(&rec);
}

void va_task_exit(VA_EXIT_ARGS)
{
	struct va_proc *proc;
	bool last;

	va_fault_flush();
	rcu_read_lock();
	proc = va_proc_find(task->tgid);
	if (unlikely(proc)) {
		last = va_last_thread(proc, task);
		if (last || !(task->flags & PF_IO_WORKER))
			va_write_exit(proc, task, last);
		if (last)
			va_proc_unwatch(proc);
	}
	rcu_read_unlock();
}
