/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between kernels. The only file with kernel-version conditionals; everything else is written against these names.
 */
#ifndef VA_COMPAT_H
#define VA_COMPAT_H

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/percpu_counter.h>
#include <linux/proc_fs.h>
#include <linux/rcupdate.h>
#include <linux/userfaultfd_k.h>
#include <linux/version.h>

#include "vmatlas/stream.h"

/* Tracepoints mmap_lock:*: the memcg path went in 6.13. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define VA_MMAP_LOCK_ARGS void *data, struct mm_struct *mm, const char *memcg_path, bool write
#else
#define VA_MMAP_LOCK_ARGS void *data, struct mm_struct *mm, bool write
#endif

/*
 * Which hooks see the write lock go. Before 6.4 each fault of each process takes the read side, and with the tracepoints on, the
 * kernel makes a cgroup's path for it: some 600 instructions a fault, watched or not. There the semaphore's own functions are the
 * better place. From 6.4 on, faults lock only their VMA, which mmap_write_unlock() releases after the tracepoint and before
 * up_write(): the tracepoint alone tells the range before any fault in it can follow.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define VA_UNLOCK_HOOK(tracepoint, probe) probe
#else
#define VA_UNLOCK_HOOK(tracepoint, probe) tracepoint
#endif

/* RWSEM_WRITER_LOCKED of kernel/locking/rwsem.c, WRITER_BIAS of rwbase_rt.h. */
static inline bool va_compat_write_locked(struct mm_struct *mm)
{
#ifdef CONFIG_PREEMPT_RT
	return atomic_read(&mm->mmap_lock.rwbase.readers) == WRITER_BIAS;
#else
	return atomic_long_read(&mm->mmap_lock.count) & 1;
#endif
}

/* By the running task. rw_semaphore.owner has flags in its lowest bits, the owner of an rtmutex one. */
static inline bool va_compat_write_locked_here(struct mm_struct *mm)
{
#ifdef CONFIG_PREEMPT_RT
	unsigned long owner = (unsigned long)READ_ONCE(mm->mmap_lock.rwbase.rtmutex.owner);
#else
	unsigned long owner = atomic_long_read(&mm->mmap_lock.owner);
#endif

	return va_compat_write_locked(mm) && (owner & ~7ul) == (unsigned long)current;
}

/* Pages of a folio, before 5.16 of a compound page, in bytes. */
static inline unsigned long va_compat_folio_size(const void *folio)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 16, 0)
	return page_size((struct page *)folio);
#else
	return folio_size((struct folio *)folio);
#endif
}

/* change_protection(): (vma, start, end, …) before 5.19, then (tlb, vma, start, end, …). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 19, 0)
#define VA_PROTECT_ARG(regs, n) ((n) == 0 ? (regs)->di : (n) == 1 ? (regs)->si : (regs)->dx)
#else
#define VA_PROTECT_ARG(regs, n) ((n) == 0 ? (regs)->si : (n) == 1 ? (regs)->dx : (regs)->cx)
#endif

/* mm/userfaultfd.c got new names in 6.4, and the context instead of the mm in 6.9. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define VA_UFFD_COPY "mcopy_atomic"
#define VA_UFFD_ZERO "mfill_zeropage"
#define VA_UFFD_CONTINUE "mcopy_continue"
#else
#define VA_UFFD_COPY "mfill_atomic_copy"
#define VA_UFFD_ZERO "mfill_atomic_zeropage"
#define VA_UFFD_CONTINUE "mfill_atomic_continue"
#endif
/* Without userfaultfd the hooks find no function, and the type is not known. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0) || !defined(CONFIG_USERFAULTFD)
#define VA_UFFD_MM(regs) ((struct mm_struct *)(regs)->di)
#else
#define VA_UFFD_MM(regs) (((struct userfaultfd_ctx *)(regs)->di)->mm)
#endif
#define VA_UFFD_POISONS (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)) /* UFFDIO_POISON */
#define VA_UFFD_MOVES (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0))   /* UFFDIO_MOVE; in 6.8 with other arguments */

/* uprobe_write_opcode(auprobe, mm or since 6.15 vma, address, …) */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
#define VA_UPROBE_MM(regs) ((struct mm_struct *)(regs)->si)
#else
#define VA_UPROBE_MM(regs) (((struct vm_area_struct *)(regs)->si)->vm_mm)
#endif

/* move_page_tables(): one argument that holds all since 6.16. The name that is not there turns the hook off. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define VA_MOVE_TABLES "move_page_tables"
#else
#define VA_MOVE_TABLES "move_page_tables (of before 6.16)"
#endif

/* VM_FAULT_COMPLETED came in 6.0: the lock has been given up, and all is done. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 0, 0)
#define VA_FAULT_COMPLETED 0
#else
#define VA_FAULT_COMPLETED VM_FAULT_COMPLETED
#endif

/* rchan_callbacks.subbuf_start: prev_padding went in 6.17. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define VA_SUBBUF_START_ARGS struct rchan_buf *buf, void *subbuf, void *prev_subbuf, size_t prev_padding
#else
#define VA_SUBBUF_START_ARGS struct rchan_buf *buf, void *subbuf, void *prev_subbuf
#endif

/* pde_data() was PDE_DATA() before 5.17. */
static inline void *va_compat_proc_data(const struct inode *inode)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 17, 0)
	return PDE_DATA(inode);
#else
	return pde_data(inode);
#endif
}

/* How fs/proc/task_mmu.c of this kernel names [heap]: vma_is_initial_heap() came in 6.6. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define VA_RULES VMATLAS_RULE_HEAP_TOUCH
#else
#define VA_RULES 0
#endif

/*
 * RSS counters. Before 6.2: one atomic per kind, with up to 64 faults' worth still cached in each task. Since 6.2: per-CPU
 * counters, summed here exactly (the read without a sum may be off by a batch on every CPU).
 */
static inline u64 va_compat_rss(struct mm_struct *mm, int member)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	long n = atomic_long_read(&mm->rss_stat.count[member]);

	return n > 0 ? n : 0;
#else
	return percpu_counter_sum_positive(&mm->rss_stat[member]);
#endif
}

/* The executable's file with a reference (fput() it), or NULL. Any context but interrupts. */
static inline struct file *va_compat_exe(struct mm_struct *mm)
{
	struct file *file;

	rcu_read_lock();
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
	file = rcu_dereference(mm->exe_file);
	if (file && !get_file_rcu(file))
		file = NULL;
#else
	file = get_file_rcu(&mm->exe_file);
#endif
	rcu_read_unlock();
	return file;
}

/*
 * The name given by prctl(PR_SET_VMA), or NULL. The kernel's own anon_vma_name() is not exported. Before 6.2 it shares its place with the
 * links of a file's VMA.
 */
static inline const char *va_compat_anon_name(const struct vm_area_struct *vma)
{
#ifndef CONFIG_ANON_VMA_NAME
	return NULL;
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	return !vma->vm_file && vma->anon_name ? vma->anon_name->name : NULL;
#else
	return vma->anon_name ? vma->anon_name->name : NULL;
#endif
}

/* What /proc/PID/maps shows for a file: a stacked file system's own path and inode since 6.8. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
static inline const struct path *va_compat_path(struct file *file)
{
	return &file->f_path;
}

static inline const struct inode *va_compat_inode(struct file *file)
{
	return file_inode(file);
}
#else
static inline const struct path *va_compat_path(struct file *file)
{
	return file_user_path(file);
}

static inline const struct inode *va_compat_inode(struct file *file)
{
	return file_user_inode(file);
}
#endif

#endif
