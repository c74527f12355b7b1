/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the module hangs itself into the kernel: a table of tracepoints (found by name: most are not exported), direct calls (direct.h), entry probes
 * and return probes. Attached when recording is switched on, taken off in reverse order. A hook that this kernel lacks is noted for
 * `stats`; only a few are vital.
 */
#ifndef VA_HOOKS_H
#define VA_HOOKS_H

#include <linux/types.h>

struct seq_file;

/* When the module is loaded: -EINVAL where `without` names what is no hook. */
int va_hooks_init(void);

/* 0, or the error of the first vital hook that could not be attached, -ENODEV where probes are switched off; then none is. */
int va_hooks_attach(void);
/* Waits for all that run. */
void va_hooks_detach(void);

/* Whether one is attached for a system call. */
bool va_hooks_have_call(int nr);

/* Calls missed of hooks without which pages change unseen; true where such a hook is missing altogether. */
unsigned long va_hooks_missed(void);
bool va_hooks_blind(void);

/* "missed NAME N", "absent NAME REASON" */
void va_hooks_show(struct seq_file *m);

#endif
