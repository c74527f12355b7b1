// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/uaccess.h>
#include <asm/trapnr.h>
#include <asm/trap_pf.h>

#include "compat.h"
#include "control.h"
#include "fault.h"
#include "mm.h"
#include "pending.h"
#include "sweep.h"
#include "walk.h"

#define VA_AROUND 0xfffful /* what FAULT tells of the pages around: 64 KiB, the window of fault-around unless somebody changed it */

static unsigned long va_window = VA_AROUND; /* fault_around_bytes - 1, as we were told */

struct va_fault_call {
	struct va_pending fault;
};

size_t va_fault_data_size(void)
{
	return sizeof(struct va_fault_call);
}

/* Where the walk after ended. */
struct va_after {
	u8 depth; /* 0: there was none */
	u64 last;
};

/* The walk after, and what follows from it. Interrupts are off. */
static __always_inline struct va_after va_fill_after(struct vmatlas_record *rec, const struct va_pending *p)
{
	struct vmatlas_fault *out = &rec->fault;
	struct va_after after;

	after.depth = va_walk_entries(p->mm, p->addr, out->entry, &after.last);
	out->depth_after = after.depth;
	if (rec->head.flags & VMATLAS_F_ANON && va_walk_zero(after.depth, after.last))
		rec->head.flags |= VMATLAS_F_ZERO_PAGE;
	if (p->vma_end && !(rec->head.flags & (VMATLAS_F_ANON | VMATLAS_F_HUGETLB)))
		out->around = va_walk_present(p->mm, max(p->addr & ~VA_AROUND, p->vma_start), p->vma_end);
	else
		out->around = 0;
	return after;
}

static noinline struct va_after va_fill_no_after(struct vmatlas_fault *out)
{
	memset(out->entry, 0, sizeof(out->entry));
	out->depth_after = 0;
	out->around = 0;
	return (struct va_after){ 0 };
}

/*
 * A folio of several pages may have been mapped whole, though only one was asked for: anonymous memory and swap since 6.8, shared memory since 6.10.
 * Of other files that is fault-around, which FAULT tells; there it looks only whether a page next to that window is there.
 */
static __always_inline void va_neighbours(struct va_map *map, const struct va_pending *p, const struct va_after *after)
{
	unsigned long lo, hi, page = p->addr & PAGE_MASK, size, edge;

	if (after->depth != va_walk_levels() || va_entry_present(p->before) || p->flags & VMATLAS_F_HUGETLB)
		return;
	if (!VA_ANON_FOLIOS && p->flags & VMATLAS_F_ANON)
		return;
	size = va_walk_folio(after->last, p->flags & VMATLAS_F_ANON, &lo);
	if (size <= PAGE_SIZE || lo > (page & (PMD_SIZE - 1)))
		return;
	lo = page - lo;
	hi = min(lo + size, p->vma_end);
	lo = max(lo, p->vma_start);
	edge = (page | VA_AROUND) + 1;
	if (!(p->flags & VMATLAS_F_ANON) && !va_walk_present(p->mm, edge < hi ? edge : lo, hi))
		return;
	va_sweep(map, p->mm, lo, hi, VA_SWEEP_RUNS, VMATLAS_SWEEP_DOUBT);
}

/* The page tables of another's map stay only under its lock. False: it was not to be had. */
static bool va_hold(const struct va_pending *p)
{
	return !p->unlocked || va_mm_trylock_mapped(p->mm, p->vma_start, p->vma_end);
}

static void va_let_go(const struct va_pending *p)
{
	if (p->unlocked)
		va_mm_unlock(p->mm);
}

int va_fault_around(unsigned long bytes)
{
	/* As fault_around_bytes_set(). */
	if (bytes < PAGE_SIZE || bytes > PMD_SIZE || !is_power_of_2(bytes))
		return -EINVAL;
	WRITE_ONCE(va_window, bytes - 1);
	return 0;
}

unsigned long va_fault_around_bytes(void)
{
	return va_window + 1;
}

/* [lo, hi) is what fault-around may have changed. */
static void va_around_span(const struct va_pending *p, unsigned long *lo, unsigned long *hi)
{
	unsigned long window = max(READ_ONCE(va_window), VA_AROUND);

	*lo = max(p->addr & ~window, p->vma_start);
	*hi = min(*lo + window + 1, p->vma_end);
}

/* Beyond what FAULT can tell. */
static void va_wide_around(struct va_map *map, const struct va_pending *p)
{
	unsigned long lo, hi;

	if (likely(READ_ONCE(va_window) <= VA_AROUND) || p->flags & (VMATLAS_F_ANON | VMATLAS_F_HUGETLB | VMATLAS_F_WRITE) || !p->vma_end ||
	    va_entry_present(p->before))
		return;
	va_around_span(p, &lo, &hi);
	va_sweep(map, p->mm, lo, hi, VA_SWEEP_RUNS, VMATLAS_SWEEP_DOUBT);
}

static void va_doubt_around(struct va_map *map, const struct va_pending *p)
{
	unsigned long lo, hi;

	va_around_span(p, &lo, &hi);
	va_sweep_write(map, VMATLAS_SWEEP_DOUBT, lo, hi, 0, 0);
}

/* What is known without the walk after. Each field is written: what stood there before is another record's. */
static __always_inline void va_fill_fault(struct vmatlas_fault *out, const struct va_pending *p, u8 signal, u8 si_code)
{
	out->addr = p->addr;
	out->ip = p->ip;
	out->before = p->before;
	out->vma_start = p->vma_start;
	out->vma_end = p->vma_end;
	out->error = p->error;
	out->result = (__force u32)p->result;
	out->depth_before = p->depth;
	out->signal = signal;
	out->si_code = si_code;
	out->counted = p->counted;
	out->pad = 0;
}

/* Another CPU's clock may be a little behind. */
static __always_inline u32 va_latency(const struct va_pending *p, u64 ts)
{
	return likely(ts > p->begin) ? min_t(u64, ts - p->begin, U32_MAX) : 0;
}

/* Preemption is off: in a hook, or under RCU. */
static void va_emit(const struct va_pending *p, u16 flags, u8 signal, u8 si_code)
{
	struct va_map *map = va_map_find(p->mm);
	struct vmatlas_record *rec;
	struct va_after after;
	unsigned long irqs;
	bool held;
	u64 ts;

	/* Not watched any more. Where it is again, that is another map than when this began. */
	if (unlikely(p->map && !map))
		return;
	held = va_hold(p);
	/* Dated before it is read: who changes the entry meanwhile tells so later. */
	local_irq_save(irqs);
	ts = va_channel_begin();
	rec = va_channel_claim(VMATLAS_CHANNEL_FAULTS, ts);
	va_fill_head(&rec->head, VMATLAS_FAULT, p->flags | flags, map ? map->id : 0, va_latency(p, ts));
	va_fill_fault(&rec->fault, p, signal, si_code);
	after = likely(held) ? va_fill_after(rec, p) : va_fill_no_after(&rec->fault);
	va_channel_publish(VMATLAS_CHANNEL_FAULTS, rec);
	va_channel_end();
	local_irq_restore(irqs);
	if (map) {
		if (!held)
			va_doubt_around(map, p);
		else if (!(flags & VMATLAS_F_BAD))
			va_neighbours(map, p, &after);
		if (held)
			va_wide_around(map, p);
		va_mm_counts_maybe(map, p->mm, ts);
	}
	if (held)
		va_let_go(p);
}

/* One whose end was not seen. */
static void va_end_unseen(const struct va_pending *p)
{
	u16 flags = VMATLAS_F_NO_AFTER;

	if (p->result & VM_FAULT_ERROR)
		flags |= VMATLAS_F_BAD;
	/* After exec or exit_mm there is nothing left to walk. */
	if (p->mm == current->mm)
		va_emit(p, flags, 0, 0);
}

void va_fault_flush(void)
{
	struct va_pending *p = va_pending_get();

	if (likely(!p))
		return;
	/* Not only hooks come here: who writes a mark does, too. */
	preempt_disable();
	va_end_unseen(p);
	preempt_enable();
	va_pending_drop(p);
}

static __always_inline void va_begin_walk(struct va_pending *p)
{
	unsigned long irqs;

	local_irq_save(irqs);
	p->depth = va_walk_end(p->mm, p->addr, &p->before);
	local_irq_restore(irqs);
}

/* All but what the walk says. Field by field: a copy of a whole one that is mostly 0 costs more. */
static __always_inline void va_fill_pending(struct va_pending *p, struct mm_struct *mm, u32 map, unsigned long addr, u16 flags)
{
	p->begin = va_clock();
	p->addr = addr;
	p->ip = 0;
	p->vma_start = p->vma_end = 0;
	p->mm = mm;
	p->map = map;
	p->error = 0;
	p->result = 0;
	p->flags = flags;
	p->counted = VMATLAS_COUNTED_NOT;
	p->unlocked = p->tried = false;
}

/* An address of the kernel's text would tell where it lies: instead, where the program called the kernel. */
static unsigned long va_user_ip(struct pt_regs *regs)
{
	if (!user_mode(regs))
		regs = task_pt_regs(current);
	return user_mode(regs) ? regs->ip : 0;
}

static noinline void va_begin(unsigned long addr, struct pt_regs *regs, unsigned long error, u16 flags)
{
	struct mm_struct *mm = current->mm;
	u32 map = va_map_id_here(mm);
	struct va_pending *p;
	bool found;

	if (!map || !va_class_on(VA_CLASS_FAULT))
		return;
	p = va_pending_get_or_claim(&found);
	if (!p)
		return;
	if (unlikely(found))
		va_end_unseen(p);
	if (error & X86_PF_WRITE)
		flags |= VMATLAS_F_WRITE;
	if (error & X86_PF_INSTR)
		flags |= VMATLAS_F_INSTR;
	va_fill_pending(p, mm, map, addr, flags);
	p->ip = va_user_ip(regs);
	p->error = error;
	va_begin_walk(p);
}

void va_fault_user(void *data, unsigned long addr, struct pt_regs *regs, unsigned long error)
{
	if (unlikely(va_map_maybe(current->mm)))
		va_begin(addr, regs, error, 0);
}

void va_fault_kernel(void *data, unsigned long addr, struct pt_regs *regs, unsigned long error)
{
	if (likely(!va_map_maybe(current->mm)))
		return;
	/* Not ours: interrupts, kernel threads that borrow a map, and accesses that must not fault and are tried again. */
	if (!in_task() || current->flags & PF_KTHREAD || pagefault_disabled() || addr >= TASK_SIZE_MAX)
		return;
	va_begin(addr, regs, error, VMATLAS_F_KERNEL);
}

static void va_note_vma(struct va_pending *p, struct vm_area_struct *vma, unsigned int flags)
{
	p->vma_start = vma->vm_start;
	p->vma_end = vma->vm_end;
	p->flags &= ~(VMATLAS_F_ANON | VMATLAS_F_HUGETLB);
	p->tried = flags & FAULT_FLAG_TRIED;
	if (vma_is_anonymous(vma))
		p->flags |= VMATLAS_F_ANON;
	if (vma->vm_flags & VM_HUGETLB)
		p->flags |= VMATLAS_F_HUGETLB;
	if (flags & FAULT_FLAG_WRITE)
		p->flags |= VMATLAS_F_WRITE;
	if (flags & FAULT_FLAG_INSTRUCTION)
		p->flags |= VMATLAS_F_INSTR;
}

static void va_begin_gup(struct va_pending *p, struct mm_struct *mm, u32 map, unsigned long addr, unsigned int flags)
{
	va_fill_pending(p, mm, map, addr, flags & FAULT_FLAG_TRIED ? VMATLAS_F_GUP | VMATLAS_F_RETRIED : VMATLAS_F_GUP);
	va_begin_walk(p);
}

/*
 * The exception was not seen: it came before the hooks or the watch did, the table was full, or a kernel thread works on the map. It changes pages all the same.
 * The error code follows from what the kernel makes of it.
 */
static noinline void va_begin_late(struct va_pending *p, u32 map, const struct va_regs *regs)
{
	va_begin_gup(p, ((struct vm_area_struct *)regs->di)->vm_mm, map, regs->si, regs->dx);
	p->flags &= ~VMATLAS_F_GUP;
	p->flags |= regs->dx & FAULT_FLAG_USER ? 0 : VMATLAS_F_KERNEL;
	p->ip = va_user_ip((struct pt_regs *)regs->cx);
	p->error = (va_entry_present(p->before) ? X86_PF_PROT : 0) | (regs->dx & FAULT_FLAG_USER ? X86_PF_USER : 0) |
		   (regs->dx & FAULT_FLAG_WRITE ? X86_PF_WRITE : 0) | (regs->dx & FAULT_FLAG_INSTRUCTION ? X86_PF_INSTR : 0);
}

/* handle_mm_fault(vma, address, flags, regs): regs is NULL for get_user_pages(). Nonzero: the return is of no interest. */
int va_fault_enter(void *data, const struct va_regs *regs)
{
	struct va_fault_call *call = data;
	struct vm_area_struct *vma = (void *)regs->di;
	u32 map = va_map_id_here(vma->vm_mm);
	struct va_pending *p;

	if (!map && (regs->cx || !va_map_id_here(current->mm)))
		return 1;
	if (!va_class_on(VA_CLASS_FAULT))
		return 1;
	/* Of a map that is not watched, too, where a watched task caused it: it is counted as its. The map of an exec that fails is one. */
	if (!regs->cx) {
		va_begin_gup(&call->fault, vma->vm_mm, map, regs->si, regs->dx);
	} else {
		p = va_pending_get();
		if (likely(p && p->addr == regs->si)) {
			call->fault = *p;
			va_pending_drop(p);
		} else if (map) {
			va_begin_late(&call->fault, map, regs);
		} else {
			return 1;
		}
	}
	va_note_vma(&call->fault, vma, regs->dx);
	return 0;
}

/* For whoever answers a userfaultfd. */
bool va_fault_waits(const struct va_regs *regs)
{
	return userfaultfd_armed((struct vm_area_struct *)regs->di);
}

/* Back to the slot: to be tried again, or to end with a signal or fix-up. */
static void va_put_back(const struct va_pending *fault)
{
	struct va_pending *p = va_pending_get() ?: va_pending_claim();

	if (p)
		*p = *fault;
}

/* As mm_account_fault() in mm/memory.c of 6.1 and 6.12. */
static u8 va_counted(const struct va_pending *p, vm_fault_t result)
{
	if (result & (VM_FAULT_ERROR | VM_FAULT_RETRY))
		return VMATLAS_COUNTED_NOT;
	return result & VM_FAULT_MAJOR || p->tried ? VMATLAS_COUNTED_MAJOR : VMATLAS_COUNTED_MINOR;
}

/*
 * To be tried again, but a signal comes first, as fault_signal_pending() will see in a moment: it ends here, and may have mapped pages around. The task may
 * stand still for long before it comes back, as another fault.
 */
static bool va_given_up(const struct va_pending *p)
{
	return fatal_signal_pending(current) || (!(p->flags & VMATLAS_F_KERNEL) && signal_pending(current));
}

/* What fault-around mapped before the page itself had to be waited for: a signal may be taken first, and then nothing else would tell. */
static void va_tell_around(const struct va_pending *p)
{
	unsigned long lo, hi;
	struct va_map *map;

	if (p->flags & (VMATLAS_F_ANON | VMATLAS_F_HUGETLB) || !p->vma_end)
		return;
	rcu_read_lock();
	map = va_map_find(p->mm);
	if (map && va_hold(p)) {
		va_around_span(p, &lo, &hi);
		va_sweep(map, p->mm, lo, hi, VA_SWEEP_RUNS_FEW, VMATLAS_SWEEP_DOUBT);
		va_let_go(p);
	} else if (map) {
		va_doubt_around(map, p);
	}
	rcu_read_unlock();
}

int va_fault_return(void *data, const struct va_regs *regs)
{
	struct va_pending *p = &((struct va_fault_call *)data)->fault;
	bool gup = p->flags & VMATLAS_F_GUP;

	p->counted = va_counted(p, (__force vm_fault_t)regs->ax);
	p->result |= (__force vm_fault_t)regs->ax;
	p->unlocked = p->mm != current->mm && (__force vm_fault_t)regs->ax & (VM_FAULT_RETRY | VA_FAULT_COMPLETED);
	if (p->result & VM_FAULT_RETRY) {
		p->result &= ~VM_FAULT_RETRY;
		p->flags |= VMATLAS_F_RETRIED;
		va_tell_around(p);
		/* get_user_pages() comes back with FAULT_FLAG_TRIED. */
		if (va_given_up(p))
			va_emit(p, 0, 0, 0);
		else if (!gup)
			va_put_back(p);
	} else if (!(p->result & VM_FAULT_ERROR)) {
		va_emit(p, 0, 0, 0);
	} else if (gup) {
		va_emit(p, VMATLAS_F_BAD, 0, 0);
	} else {
		va_put_back(p);
	}
	return 0;
}

/* A general protection fault, as for a non-canonical address: the CPU does not say which. */
static bool va_protection_fault(int si_code)
{
	return si_code == SI_KERNEL && current->thread.trap_nr == X86_TRAP_GP;
}

static void va_emit_protection_fault(void)
{
	struct vmatlas_record rec = {
		.head = va_head(VMATLAS_FAULT, VMATLAS_F_BAD, va_map_id(current->mm)),
		.fault = {
			.ip = task_pt_regs(current)->ip, .error = current->thread.error_code,
			.signal = SIGSEGV, .si_code = (u8)SI_KERNEL, .counted = VMATLAS_COUNTED_NOT,
		},
	};

	if (rec.head.mm && va_class_on(VA_CLASS_FAULT))
		va_channel_write(&rec);
}

/* An access the VMA forbids never comes to handle_mm_fault(). A lock that is not free is not waited for: siglock is held here. */
static void va_find_vma(struct va_pending *p)
{
	struct vm_area_struct *vma;

	if (p->vma_end || p->addr >= TASK_SIZE_MAX || !va_mm_trylock(p->mm))
		return;
	vma = find_vma(p->mm, p->addr);
	if (vma && vma->vm_start <= p->addr)
		va_note_vma(p, vma, 0);
	va_mm_unlock(p->mm);
}

void va_fault_signal(void *data, int sig, struct kernel_siginfo *info, struct task_struct *task, int group, int result)
{
	struct va_pending *p;
	int code;

	if ((sig != SIGSEGV && sig != SIGBUS) || task != current || !in_task())
		return;
	/* SEND_SIG_NOINFO and SEND_SIG_PRIV are no pointers; signals of other processes have codes up to 0. */
	code = (unsigned long)info > 1 ? info->si_code : 0;
	if (code <= 0)
		return;
	p = va_pending_get();
	if (p && p->mm == current->mm) {
		va_find_vma(p);
		va_emit(p, VMATLAS_F_BAD, sig, code);
	} else if (sig == SIGSEGV && va_protection_fault(code)) {
		va_emit_protection_fault();
	}
	if (p)
		va_pending_drop(p);
}

int va_fault_fixup(void *data, const struct va_regs *regs)
{
	struct va_pending *p;

	if (regs->si != X86_TRAP_PF || !in_task())
		return 0;
	p = va_pending_get();
	if (p && p->flags & VMATLAS_F_KERNEL && p->mm == current->mm) {
		va_emit(p, VMATLAS_F_BAD, 0, 0);
		va_pending_drop(p);
	}
	return 0;
}
