/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions of the kernel that call us at their beginning (ftrace's direct calls): no exception, no saving of all registers, and for who is not watched a
 * dozen instructions, where a probe takes hundreds. Whoever is watched is taken through the function by a frame of ours on the stack, so there
 * we see its return. Of functions with at most six arguments. x86-64 only, as all of this file's source.
 *
 * Direct calls go off at once; frames may be left on the stacks of those who are inside a function, and then do nothing but return. Only the
 * module's removal waits for them, since they return through its text.
 */
#ifndef VA_DIRECT_H
#define VA_DIRECT_H

#include <linux/types.h>

#include "regs.h"

struct tracepoint;

/* Who is let through without a look at its arguments in C: the less is asked, the more it costs. */
enum va_way {
	VA_WAY_PROBE, /* no direct call */
	VA_WAY_VMA,   /* (vma, …): its map is not watched, and the fourth argument not NULL: regs of handle_mm_fault() */
	VA_WAY_LOCK,  /* (semaphore): not the lock of a map that is watched */
	VA_WAY_ANY,   /* nobody */
	VA_WAYS,
};

struct va_call_in {
	unsigned long ip; /* where the function calls */
	int nr;           /* for va_regs */
	/* Nonzero: the return is of no interest. Preemption is off. */
	int (*enter)(void *data, const struct va_regs *regs);
	int (*leave)(void *data, const struct va_regs *regs); /* NULL = none */
	/* It does nothing but call this tracepoint's probes. Where ours is the only one, enter stands for it, and the function is not run. NULL = others. */
	struct tracepoint *traces;
	void *probe;
	/* Whether the function may wait for another program for ever. NULL = no. */
	bool (*waits)(const struct va_regs *regs);
} __aligned(64);

#define VA_DIRECT_DATA 96 /* bytes that enter and leave share */

/* Notes one to be called, for ever. -EINVAL: its function has no place for calls. While all is off. */
int va_direct_add(enum va_way way, const struct va_call_in *call);
/* All of that way. An error (-EBUSY: somebody else's direct call is on one of them; -EOPNOTSUPP): none of this way is called. */
int va_direct_on(enum va_way way);
/* Whoever is inside a function is not told of its return; of that the caller may be sure after an RCU grace period. */
void va_direct_off(void);

/* The trampolines, and what they call. Only direct.c: an assembler's names cannot be static. */
struct va_frame;
int va_direct_enter(struct va_frame *frame);
void va_direct_leave(struct va_frame *frame);
void va_direct_vma(void);
void va_direct_lock(void);
void va_direct_slow(void);
void va_direct_body(void);
void va_direct_over(void);

/* When the module goes: waits until nobody returns through it. */
int va_direct_init(void);
void va_direct_exit(void);

#endif
