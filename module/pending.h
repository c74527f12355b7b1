/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults under way: one slot a task, from the exception to the moment it is known how the fault ended. A fixed table; only the task
 * itself uses its slot, so claiming one is the only thing that needs an atomic.
 */
#ifndef VA_PENDING_H
#define VA_PENDING_H

#include <linux/mm_types.h>

struct va_pending {
	u64 begin; /* clock */
	unsigned long addr, ip;
	unsigned long vma_start, vma_end; /* 0, 0 = no VMA seen yet */
	struct mm_struct *mm;             /* compared and walked only while the task runs in it (or holds it: GUP) */
	u64 before;
	u32 map;
	u32 error;
	vm_fault_t result; /* so far */
	u16 flags;  /* vmatlas_flags */
	u8 depth;
	u8 counted; /* vmatlas_counted */
	bool unlocked; /* of another's map, whose lock the call gave up */
	bool tried; /* this call of handle_mm_fault() is a second try */
};

int va_pending_init(void);
void va_pending_exit(void);
void va_pending_reset(void); /* no hook may be active */

/* The running task's slot; NULL = none. */
struct va_pending *va_pending_get(void);
/* For a task that has none; NULL: the table is full around here (counted). Its contents are whatever stood there. */
struct va_pending *va_pending_claim(void);
/* Either. *found: the first. */
struct va_pending *va_pending_get_or_claim(bool *found);
void va_pending_drop(struct va_pending *slot);

u64 va_pending_refused(void);

#endif
