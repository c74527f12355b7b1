/* SPDX-License-Identifier: GPL-2.0 */
/* What a hooked function was called with, and what it returned: whatever brought us there, a direct call or a probe. */
#ifndef VA_REGS_H
#define VA_REGS_H

#include <linux/types.h>

struct va_regs {
	unsigned long di, si, dx, cx, r8, r9; /* the first six arguments */
	unsigned long ax;                     /* at the return */
	int nr;                               /* the system call whose function it is; -1 = none */
};

#endif
