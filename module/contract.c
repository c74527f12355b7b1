// SPDX-License-Identifier: GPL-2.0
/*
 * What the hooks take for granted, held against the kernel's own headers while the module is compiled: that a tracepoint has the arguments its handler
 * reads, and a probed function those that compat.h says it has. Where a kernel has others the build fails here, and nothing is misread. Of functions
 * that no header declares the sources tell: docs/kernels.md.
 */
#include <linux/dcache.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/perf_event.h>
#include <linux/rwsem.h>
#include <linux/userfaultfd_k.h>

#include <trace/events/mmap_lock.h>
#include <trace/events/sched.h>
#include <trace/events/signal.h>
#include <trace/events/task.h>

#include "compat.h"
#include "fault.h"
#include "task.h"
#include "truth.h"

/* Only for its types: nothing of this runs. */
static void __maybe_unused va_tracepoints(void)
{
	check_trace_callback_type_mmap_lock_released(va_truth_released);
	check_trace_callback_type_mmap_lock_acquire_returned(va_truth_acquired);
	check_trace_callback_type_sched_process_exit(va_task_exit);
	check_trace_callback_type_sched_process_exec(va_task_exec);
	check_trace_callback_type_task_newtask(va_task_new);
	check_trace_callback_type_task_rename(va_task_rename);
	check_trace_callback_type_signal_deliver(va_task_signal);
	check_trace_callback_type_signal_generate(va_fault_signal);
}

#define VA_IS(function, ...) __builtin_types_compatible_p(typeof(function), __VA_ARGS__)

static_assert(VA_IS(handle_mm_fault, vm_fault_t(struct vm_area_struct *, unsigned long, unsigned int, struct pt_regs *)));
static_assert(VA_IS(up_write, void(struct rw_semaphore *)) && VA_IS(downgrade_write, void(struct rw_semaphore *)));
#ifdef CONFIG_TRACING
static_assert(VA_IS(__mmap_lock_do_trace_released, void(struct mm_struct *, bool)));
static_assert(VA_IS(__mmap_lock_do_trace_acquire_returned, void(struct mm_struct *, bool, bool)));
#endif
static_assert(VA_IS(perf_event_mmap, void(struct vm_area_struct *)));
static_assert(VA_IS(vm_insert_page, int(struct vm_area_struct *, unsigned long, struct page *)));
static_assert(VA_IS(vm_insert_pages, int(struct vm_area_struct *, unsigned long, struct page **, unsigned long *)));
static_assert(VA_IS(remap_pfn_range, int(struct vm_area_struct *, unsigned long, unsigned long, unsigned long, pgprot_t)));
static_assert(VA_IS(d_delete, void(struct dentry *)) && VA_IS(d_move, void(struct dentry *, struct dentry *)));
static_assert(VA_CONTRACT_PROTECT);
static_assert(VA_CONTRACT_UFFD);
