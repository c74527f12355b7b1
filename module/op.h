/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The system calls that may change a map: the story beside the truth. The beginnings and returns of their entry functions; what other calls
 * change is told too (VMATLAS_F_NO_RESULT), at the moment they give the lock back.
 */
#ifndef VA_OP_H
#define VA_OP_H

#include "regs.h"

#include "watch.h"

struct va_call {
	int nr; /* x86-64 number; -1: an exception, no call */
	unsigned long args[6];
};

/* The system call the running task is in. False where numbers and arguments mean something else: 32-bit (int 0x80, too), x32, io_uring's threads. */
bool va_op_call(struct va_call *call);

/* OP for a change by a call whose return is not seen. */
void va_op_unhooked(struct va_map *map, int nr);

/* Hooks. The entry functions take one argument: the registers of the caller. */
int va_op_enter(void *data, const struct va_regs *regs);
int va_op_return(void *data, const struct va_regs *regs);
size_t va_op_data_size(void);

#endif
