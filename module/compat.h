/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between kernels. The only file with kernel-version conditionals; everything else is written against these names.
 */
#ifndef VA_COMPAT_H
#define VA_COMPAT_H

#include <linux/version.h>

/* What a hook's arguments mean has been read in these only: see docs/kernels.md. */
#if (LINUX_VERSION_CODE < KERNEL_VERSION(5, 15, 0) || LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)) && !defined(VMATLAS_UNKNOWN_KERNEL)
#error "vmatlas knows the kernels 5.15 to 6.18: for this one it could only guess. VMATLAS_UNKNOWN_KERNEL=1 builds it all the same."
#endif

#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/percpu_counter.h>
#include <linux/proc_fs.h>
#include <linux/rcupdate.h>
#include <linux/swap.h>
#include <linux/swapops.h>
#include <linux/uprobes.h>
#include <linux/userfaultfd_k.h>
#include <asm/nospec-branch.h>

#include "vmatlas/stream.h"

/* Tracepoints mmap_lock:*: the memcg path went in 6.14. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
#define VA_MMAP_LOCK_ARGS void *data, struct mm_struct *mm, const char *memcg_path, bool write
#else
#define VA_MMAP_LOCK_ARGS void *data, struct mm_struct *mm, bool write
#endif

/* Tracepoint sched_process_exit: whether it was the last thread, since 6.16. Tracepoint task_newtask: flags of 64 bits on all machines since 6.18. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define VA_EXIT_ARGS void *data, struct task_struct *task
#else
#define VA_EXIT_ARGS void *data, struct task_struct *task, bool group_dead
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define VA_NEWTASK_ARGS void *data, struct task_struct *child, unsigned long clone_flags
#else
#define VA_NEWTASK_ARGS void *data, struct task_struct *child, u64 clone_flags
#endif

/* The VMAs of a map from an address on, its lock held: the maple tree came in 6.1. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
struct va_vmas {
	struct mm_struct *mm;
	unsigned long from;
	struct vm_area_struct *vma;
};

#define VA_VMAS(vmas, in_mm, at) struct va_vmas vmas = { .mm = in_mm, .from = at }

static inline void va_compat_vmas_from(struct va_vmas *vmas, unsigned long at)
{
	vmas->from = at;
	vmas->vma = NULL;
}

static inline struct vm_area_struct *va_compat_next_vma(struct va_vmas *vmas, unsigned long last)
{
	vmas->vma = vmas->vma ? vmas->vma->vm_next : find_vma(vmas->mm, vmas->from);
	return vmas->vma && vmas->vma->vm_start <= last ? vmas->vma : NULL;
}
#else
#define VA_VMAS(vmas, in_mm, at) MA_STATE(vmas, &(in_mm)->mm_mt, at, at)

static inline void va_compat_vmas_from(struct ma_state *vmas, unsigned long at)
{
	mas_set(vmas, at);
}

static inline struct vm_area_struct *va_compat_next_vma(struct ma_state *vmas, unsigned long last)
{
	return mas_find(vmas, last);
}
#endif

/* The VMA of an address. By who may read the tree. */
static inline struct vm_area_struct *va_compat_vma_at(struct mm_struct *mm, unsigned long at)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
	return find_vma(mm, at);
#else
	MA_STATE(mas, &mm->mm_mt, at, at);

	return mas_walk(&mas);
#endif
}

/* Whether the nodes of the tree outlive an RCU reader: since 6.1.24 and 6.2.11. */
#ifdef MM_MT_FLAGS
#define VA_VMAS_RCU (MM_MT_FLAGS & MT_FLAGS_USE_RCU)
#else
#define VA_VMAS_RCU 0
#endif

/*
 * Whether a VMA that is being zapped is still in its map: munmap() takes VMAs out first. Under RCU. Where that does not keep the tree it may be read by
 * who holds the lock for writing. Else the VMA counts as in the map, which costs a needless sweep.
 */
static inline bool va_compat_mapped(struct vm_area_struct *vma)
{
#if VA_VMAS_RCU
	return va_compat_vma_at(vma->vm_mm, vma->vm_start) == vma;
#elif defined(CONFIG_PREEMPT_RT)
	return true;
#else
	struct rw_semaphore *lock = &vma->vm_mm->mmap_lock;
	bool ours = atomic_long_read(&lock->count) & 1 && (atomic_long_read(&lock->owner) & ~7ul) == (unsigned long)current;

	return !ours || va_compat_vma_at(vma->vm_mm, vma->vm_start) == vma;
#endif
}

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

/* ftrace's direct calls of many functions to one place: since 5.16, under their present names since 6.4. */
#if defined(CONFIG_X86_64) && defined(CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS) && LINUX_VERSION_CODE >= KERNEL_VERSION(5, 18, 0)
#define VA_HAS_DIRECT 1
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define va_compat_direct_register(ops, to) register_ftrace_direct_multi(ops, to)
#define va_compat_direct_unregister(ops, to) unregister_ftrace_direct_multi(ops, to)
#else
#define va_compat_direct_register(ops, to) register_ftrace_direct(ops, to)
#define va_compat_direct_unregister(ops, to) unregister_ftrace_direct(ops, to, false)
#endif
#else
#define VA_HAS_DIRECT 0
#endif
/* What a call adds where the processor's return predictor must be kept filled: since 6.2. */
#ifndef CALL_DEPTH_ACCOUNT
#define CALL_DEPTH_ACCOUNT ""
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

/* Bit masks before 6.4, then numbers of bits: the one of its neighbour, bit 0, tells. */
static inline bool va_compat_has_vsyscall(const struct mm_struct *mm)
{
#ifdef MM_CONTEXT_HAS_VSYSCALL
	return mm->context.flags & (MM_CONTEXT_UPROBE_IA32 ? MM_CONTEXT_HAS_VSYSCALL : BIT(MM_CONTEXT_HAS_VSYSCALL));
#else
	return false;
#endif
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

/* contract.c: what the header declares. The protection went with 6.3, which stable kernels took over in part. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 19, 0)
#define VA_CONTRACT_PROTECT \
	VA_IS(change_protection, unsigned long(struct vm_area_struct *, unsigned long, unsigned long, pgprot_t, unsigned long))
#else
#define VA_PROTECT_TAKES(type, ...) VA_IS(change_protection, type(struct mmu_gather *, struct vm_area_struct *, unsigned long, unsigned long, __VA_ARGS__))
#define VA_CONTRACT_PROTECT \
	(VA_PROTECT_TAKES(long, unsigned long) || VA_PROTECT_TAKES(long, pgprot_t, unsigned long) || \
	 VA_PROTECT_TAKES(unsigned long, pgprot_t, unsigned long) || VA_PROTECT_TAKES(unsigned long, unsigned long))
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

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0) && defined(CONFIG_USERFAULTFD)
#define VA_UFFD_TAKES(function, ...) VA_IS(function, ssize_t(struct userfaultfd_ctx *, unsigned long, unsigned long, __VA_ARGS__))
#define VA_CONTRACT_UFFD \
	(VA_UFFD_TAKES(mfill_atomic_copy, unsigned long, uffd_flags_t) && VA_UFFD_TAKES(mfill_atomic_continue, uffd_flags_t) && \
	 VA_UFFD_TAKES(move_pages, unsigned long, __u64) && VA_IS(mfill_atomic_zeropage, ssize_t(struct userfaultfd_ctx *, unsigned long, unsigned long)))
#else
#define VA_CONTRACT_UFFD true
#endif

/* Anonymous memory of several pages that entries map one by one: since 6.8, where this came with it. */
#ifdef THP_ORDERS_ALL_ANON
#define VA_ANON_FOLIOS true
#else
#define VA_ANON_FOLIOS false
#endif

/* UFFDIO_MOVE came in 6.8: move_pages(ctx, mm, to, from, length, …); since 6.9 without the mm. */
#define VA_UFFD_MOVES (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0))
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
#define VA_MOVE_MM(regs) ((struct mm_struct *)(regs)->si)
#define VA_MOVE_ARG(regs, n) ((n) == 0 ? (regs)->dx : (n) == 1 ? (regs)->cx : (regs)->r8)
#else
#define VA_MOVE_MM(regs) VA_UFFD_MM(regs)
#define VA_MOVE_ARG(regs, n) ((n) == 0 ? (regs)->si : (n) == 1 ? (regs)->dx : (regs)->cx)
#endif

/* uprobe_write_opcode(auprobe, mm or in later kernels vma, address, …): the header says which. */
#ifdef CONFIG_UPROBES
#define VA_UPROBE_HAS_MM \
	__builtin_types_compatible_p(typeof(uprobe_write_opcode), int(struct arch_uprobe *, struct mm_struct *, unsigned long, uprobe_opcode_t))
#else
#define VA_UPROBE_HAS_MM true
#endif
#define VA_UPROBE_MM(regs) (VA_UPROBE_HAS_MM ? (struct mm_struct *)(regs)->si : ((struct vm_area_struct *)(regs)->si)->vm_mm)

/* No other file may call the untracked one since 6.16, so it may not be there. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define VA_REMAP "remap_pfn_range_notrack"
#else
#define VA_REMAP "remap_pfn_range"
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
struct va_rss {
	u64 file, anon, shmem, swap; /* pages */
};

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
static inline u64 va_compat_counter(struct mm_struct *mm, int member)
{
	return max(atomic_long_read(&mm->rss_stat.count[member]), 0l);
}
#elif defined(CONFIG_SMP)
/*
 * As __percpu_counter_sum(), which takes 110 instructions with one CPU, and this 30. Interrupts off. All CPUs there may be: what one that has gone counted is
 * folded into the sum under this lock, and its own becomes 0.
 */
static inline u64 va_compat_counter(struct mm_struct *mm, int member)
{
	struct percpu_counter *counter = &mm->rss_stat[member];
	unsigned int cpu;
	s64 n;

	raw_spin_lock(&counter->lock);
	n = counter->count;
	for (cpu = 0; cpu < nr_cpu_ids; cpu++)
		if (cpu_possible(cpu))
			n += *per_cpu_ptr(counter->counters, cpu);
	raw_spin_unlock(&counter->lock);
	return max(n, 0ll);
}
#else
static inline u64 va_compat_counter(struct mm_struct *mm, int member)
{
	return percpu_counter_sum_positive(&mm->rss_stat[member]);
}
#endif

static inline struct va_rss va_compat_rss(struct mm_struct *mm)
{
	struct va_rss rss;
	unsigned long flags;

	local_irq_save(flags);
	rss.file = va_compat_counter(mm, MM_FILEPAGES);
	rss.anon = va_compat_counter(mm, MM_ANONPAGES);
	rss.shmem = va_compat_counter(mm, MM_SHMEMPAGES);
	rss.swap = va_compat_counter(mm, MM_SWAPENTS);
	local_irq_restore(flags);
	return rss;
}

/* Frames of 4 KiB that hugetlb pages take: not in RSS. */
static inline unsigned long va_compat_hugetlb(struct mm_struct *mm)
{
#ifdef CONFIG_HUGETLB_PAGE
	return atomic_long_read(&mm->hugetlb_usage);
#else
	return 0;
#endif
}

/* What must be said with these counters. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define VA_RSS_LATE " (this kernel counts late: what each thread did in its last 64 faults may be missing)"
#else
#define VA_RSS_LATE ""
#endif

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

/* What /proc/PID/maps shows for a file: a stacked file system's own path and inode. */
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

/* Software bits of entries that not every kernel has. */
#ifdef _PAGE_DEVMAP
#define VA_PAGE_DEVMAP _PAGE_DEVMAP
#else
#define VA_PAGE_DEVMAP 0
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define VA_PAGE_SAVED_DIRTY 0
#else
#define VA_PAGE_SAVED_DIRTY _PAGE_SAVED_DIRTY
#endif

/* An entry that is not present and no place in swap. Markers came in 5.19. */
static inline const char *va_compat_special_entry(swp_entry_t entry)
{
	if (is_migration_entry(entry))
		return "its frame is being moved (migration)";
	if (is_hwpoison_entry(entry))
		return "its frame is broken (hwpoison)";
	if (is_device_private_entry(entry))
		return "its page is in a device's memory";
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 19, 0)
	if (is_pte_marker_entry(entry))
		return "no page, a note of the kernel about it (marker)";
#endif
	return "a special entry";
}

/* The frame that such an entry names, or 0. The page of a device has none. Before 6.1 nothing but the frame stood in the offset. */
static inline unsigned long va_compat_swap_frame(swp_entry_t entry)
{
	if (!is_migration_entry(entry) && !is_hwpoison_entry(entry))
		return 0;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
	return swp_offset(entry);
#else
	return swp_offset_pfn(entry);
#endif
}

/* The process a pidfd stands for, as pidfd_pid(), which modules cannot call; NULL: it is none. It lives as long as the file. Those of anon_inodes went in 6.9. */
static inline struct pid *va_compat_pidfd(const struct file *file)
{
#ifdef PID_FS_MAGIC
	if (file_inode(file)->i_sb->s_magic == PID_FS_MAGIC)
		return file_inode(file)->i_private;
#endif
	if (file_inode(file)->i_sb->s_magic == ANON_INODE_FS_MAGIC && !strcmp(file->f_path.dentry->d_name.name, "[pidfd]"))
		return file->private_data;
	return NULL;
}

#endif
