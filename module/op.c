// SPDX-License-Identifier: GPL-2.0
#include <linux/file.h>
#include <linux/pid.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/syscalls.h>
#include <linux/unistd.h>
#include <asm/syscall.h>

#include "compat.h"
#include "control.h"
#include "fault.h"
#include "hooks.h"
#include "leave.h"
#include "mm.h"
#include "op.h"
#include "sweep.h"

struct va_op {
	u64 begin;
	unsigned long ip;
	u32 peer; /* the map it works on, where that is another's */
	struct va_call call;
};

size_t va_op_data_size(void)
{
	return sizeof(struct va_op);
}

static void va_args(unsigned long *args, const struct pt_regs *regs)
{
	args[0] = regs->di;
	args[1] = regs->si;
	args[2] = regs->dx;
	args[3] = regs->r10;
	args[4] = regs->r8;
	args[5] = regs->r9;
}

bool va_op_call(struct va_call *call)
{
	struct pt_regs *regs = task_pt_regs(current);

	if (current->flags & (PF_KTHREAD | PF_IO_WORKER) || !user_64bit_mode(regs) || in_ia32_syscall())
		return false;
	call->nr = regs->orig_ax;
	va_args(call->args, regs);
	return !(call->nr >= 0 && call->nr & __X32_SYSCALL_BIT);
}

/* Returns the moment it is dated: now. */
static u64 va_op_write(struct va_map *map, const struct va_op *op, u16 flags, long result)
{
	struct vmatlas_record *rec;
	struct vmatlas_op *out;
	unsigned long flags_irq;
	u64 now, begin;

	local_irq_save(flags_irq);
	now = va_channel_begin();
	begin = flags & VMATLAS_F_NO_RESULT ? now : op->begin;
	rec = va_channel_claim(VMATLAS_CHANNEL_TRUTH, now);
	va_fill_head(&rec->head, VMATLAS_OP, flags, map->id, min_t(u64, now - begin, U32_MAX));
	out = &rec->op;
	memcpy(out->args, op->call.args, sizeof(out->args));
	out->result = result;
	out->ip = op->ip;
	out->nr = op->call.nr;
	out->peer_mm = op->peer;
	out->begin = begin;
	memset(out->reserved, 0, sizeof(out->reserved));
	va_channel_publish(VMATLAS_CHANNEL_TRUTH, rec);
	va_channel_end();
	local_irq_restore(flags_irq);
	return now;
}

void va_op_unhooked(struct va_map *map, int nr)
{
	struct va_op op;

	if (nr < 0 || va_hooks_have_call(nr) || !va_class_on(VA_CLASS_OP) || !va_op_call(&op.call))
		return;
	op.ip = task_pt_regs(current)->ip;
	op.peer = 0;
	va_op_write(map, &op, VMATLAS_F_NO_RESULT, 0);
}

/* Of prctl, only what changes maps. */
static bool va_op_wanted(const struct va_call *call)
{
	if (call->nr != __NR_prctl)
		return true;
	return call->args[0] == PR_SET_VMA || call->args[0] == PR_SET_MM || call->args[0] == 67 /* PR_SET_MEMORY_MERGE, 6.4 */;
}

/* These may downgrade the lock, where RANGE is told, before they count what is left and free the pages. */
static bool va_op_counts_later(const struct va_call *call)
{
	switch (call->nr) {
	case __NR_munmap:
		return true;
	case __NR_mremap:
		return call->args[2] < call->args[1];
	case __NR_brk:
		return call->args[0];
	default:
		return false;
	}
}

/* Whose map process_madvise() is about: of a pidfd's process, where it is watched. At the call's beginning; it may have ended when the call has. */
static noinline u32 va_op_peer(const struct va_call *call)
{
	struct file *file = fget(call->args[0]);
	struct pid *pid = file ? va_compat_pidfd(file) : NULL;
	struct task_struct *task;
	struct va_proc *proc = NULL;
	u32 peer = 0;

	rcu_read_lock();
	task = pid ? pid_task(pid, PIDTYPE_PID) : NULL;
	if (task)
		proc = va_proc_find(task->tgid);
	if (proc)
		peer = proc->map;
	rcu_read_unlock();
	if (file)
		fput(file);
	return peer == va_map_id(current->mm) ? 0 : peer;
}

int va_op_enter(void *data, const struct va_regs *regs)
{
	const struct pt_regs *user = (void *)regs->di;
	struct va_op *op = data;

	if (likely(!va_map_id_here(current->mm)))
		return 1;
	va_fault_flush();
	op->call.nr = regs->nr;
	va_args(op->call.args, user);
	op->ip = user->ip;
	op->peer = op->call.nr == __NR_process_madvise ? va_op_peer(&op->call) : 0;
	op->begin = va_clock();
	return !va_op_wanted(&op->call);
}

/* Without the hook that sees pages move: where they were, and where they are. */
static void va_op_moved(struct va_map *map, const struct va_call *call, unsigned long to)
{
	unsigned long len = max(min(call->args[1], call->args[2]), PAGE_SIZE);

	if (call->nr != __NR_mremap || va_leave_sees_move || !va_class_on(VA_CLASS_FAULT) || to >= TASK_SIZE_MAX || len > TASK_SIZE_MAX - to)
		return;
	va_sweep(map, current->mm, to, to + len, VA_SWEEP_RUNS, VMATLAS_SWEEP_DOUBT);
	va_sweep(map, current->mm, call->args[0], call->args[0] + len, VA_SWEEP_RUNS, VMATLAS_SWEEP_DOUBT);
}

int va_op_return(void *data, const struct va_regs *regs)
{
	struct va_op *op = data;
	struct va_map *map = va_map_find(current->mm);
	u64 now;

	if (!map)
		return 0;
	va_op_moved(map, &op->call, regs->ax);
	now = va_class_on(VA_CLASS_OP) ? va_op_write(map, op, 0, regs->ax) : va_clock();
	if (op->call.nr == __NR_prctl && op->call.args[0] == PR_SET_MM)
		va_mm_layout(map, current->mm, 0);
	if (va_op_counts_later(&op->call))
		va_mm_counts(map, current->mm, 0);
	else
		va_mm_counts_maybe(map, current->mm, now);
	return 0;
}
