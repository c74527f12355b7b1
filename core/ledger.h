/*
 * How many faults each process had, as the records say and as the kernel counts: task_struct.min_flt and maj_flt (mm_account_fault() in
 * mm/memory.c). Each fault that was completed counts once, for the task that caused it, whoever's map it was: also get_user_pages(), and futex's
 * fixup_user_fault(). Not counted: bad ones, and tries that end with VM_FAULT_RETRY.
 *
 * Where the map is not watched (of another process, or of an exec that has not come to its end) the record's mm is 0. EXEC says what the
 * kernel had counted by then.
 */
#ifndef VA_LEDGER_H
#define VA_LEDGER_H

#include <stdbool.h>
#include <stddef.h>

#include "idmap.h"
#include "vmatlas/wire.h"

struct va_account {
	__u32 tgid;
	bool based;              /* the two below are known */
	__u64 base_min, base_maj;/* by the kernel's count when ours began */
	__u64 min, maj;          /* records since then */
	__u64 unsaid;            /* records since then that do not say how the kernel counts them */
	__u64 user, kernel, gup; /* the same by where they came from */
};

struct va_ledger {
	struct va_account *accounts; /* owned */
	size_t count, room;
	struct va_idmap by_tgid;
};

void va_ledger_free(struct va_ledger *l);
void va_ledger_apply(struct va_ledger *l, const struct vmatlas_record *rec);
/* NULL = no record of it. */
struct va_account *va_ledger_find(struct va_ledger *l, __u32 tgid);

#endif
