/* SPDX-License-Identifier: GPL-2.0 */
/* Processes and threads: FORK, EXEC, EXIT, TASK, and what begins and ends the watch of a process. */
#ifndef VA_TASK_H
#define VA_TASK_H

#include <linux/types.h>

#include "compat.h"

struct linux_binprm;
struct mm_struct;
struct pid;
struct task_struct;

/* The next exec of this process makes it the target. Takes over the reference; NULL disarms. */
void va_task_arm(struct pid *pid);

/* TASK with this name; flags: VMATLAS_F_SNAPSHOT, VMATLAS_F_TARGET. */
void va_task_write(struct task_struct *task, u32 map, const char *comm, u64 exe, u16 flags);
/* Text id of the program's path, 0 = none. Task context. */
u64 va_task_exe(struct mm_struct *mm);
u32 va_task_parent(struct task_struct *task); /* its tgid */

/* Hooks */
void va_task_new(VA_NEWTASK_ARGS);
void va_task_exec(void *data, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm);
void va_task_exit(VA_EXIT_ARGS);
void va_task_signal(void *data, int sig, struct kernel_siginfo *info, struct k_sigaction *ka);
void va_task_rename(void *data, struct task_struct *task, const char *comm);

#endif
