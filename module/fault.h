/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults with the walk before and after. An exception begins one (tracepoints exceptions:page_fault_*), handle_mm_fault() carries it
 * and, at its return, ends it; get_user_pages() comes in there without an exception. A bad access ends at the signal it causes,
 * one of the kernel at its fix-up (-EFAULT).
 */
#ifndef VA_FAULT_H
#define VA_FAULT_H

#include "regs.h"

struct kernel_siginfo;

/* Hooks */
void va_fault_user(void *data, unsigned long addr, struct pt_regs *regs, unsigned long error);
void va_fault_kernel(void *data, unsigned long addr, struct pt_regs *regs, unsigned long error);
void va_fault_signal(void *data, int sig, struct kernel_siginfo *info, struct task_struct *task, int group, int result);
int va_fault_fixup(void *data, const struct va_regs *regs); /* fixup_exception() */
int va_fault_enter(void *data, const struct va_regs *regs);
int va_fault_return(void *data, const struct va_regs *regs);
bool va_fault_waits(const struct va_regs *regs);
size_t va_fault_data_size(void);

/* How much the kernel maps around a page of a file: its fault_around_bytes, which modules cannot read. -EINVAL: no such value can be. */
int va_fault_around(unsigned long bytes);
unsigned long va_fault_around_bytes(void);

/* Ends a fault of the running task whose end was not seen. At its next event. */
void va_fault_flush(void);

#endif
