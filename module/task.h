/* SPDX-License-Identifier: GPL-2.0 */
/* Processes and threads: FORK, EXEC, EXIT, TASK, and what begins and ends the watch of a process. */
#ifndef VA_TASK_H
#define VA_TASK_H

#include <linux/types.h>

struct linux_binprm;
struct pid;
struct task_struct;

/* The next exec of this process makes it the target. Takes over the reference; NULL disarms. */
void va_task_arm(struct pid *pid);

/* Reports a running process whole and watches it. Process context. 0, -ESRCH, -EBUSY (tables full), -EINTR. */
int va_task_attach(struct pid *pid);
/* Makes the maps and pages of a watched process due again and reports as far as there is room. 0, -ESRCH. */
int va_task_again(struct pid *pid);

/* Hooks */
void va_task_new(void *data, struct task_struct *child, unsigned long clone_flags);
void va_task_exec(void *data, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm);
void va_task_exit(void *data, struct task_struct *task);
void va_task_rename(void *data, struct task_struct *task, const char *comm);

#endif
