/* See ledger.h. */
#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "limits.h"

void va_ledger_free(struct va_ledger *l)
{
	free(l->accounts);
	va_idmap_free(&l->by_tgid);
	memset(l, 0, sizeof(*l));
}

struct va_account *va_ledger_find(struct va_ledger *l, __u32 tgid)
{
	__u32 i = va_idmap_get(&l->by_tgid, tgid);

	return i == VA_IDMAP_NONE ? NULL : &l->accounts[i];
}

static struct va_account *open_account(struct va_ledger *l, __u32 tgid)
{
	struct va_account *a = va_ledger_find(l, tgid);

	if (a || !tgid || l->count >= VA_LIMIT_TASKS)
		return a;
	l->accounts = va_grow(l->accounts, &l->room, l->count + 1, sizeof(*l->accounts));
	a = &l->accounts[l->count];
	*a = (struct va_account){ .tgid = tgid };
	va_idmap_set(&l->by_tgid, tgid, (__u32)l->count++);
	return a;
}

static void begin(struct va_account *a, bool known, __u64 min, __u64 maj)
{
	*a = (struct va_account){ .tgid = a->tgid, .based = known, .base_min = min, .base_maj = maj };
}

static void count(struct va_account *a, const struct vmatlas_record *rec)
{
	__u8 how = rec->fault.counted;

	if (how == VMATLAS_COUNTED_NOT)
		return;
	if (how == VMATLAS_COUNTED_MINOR)
		a->min++;
	else if (how == VMATLAS_COUNTED_MAJOR)
		a->maj++;
	else if (!(rec->head.flags & VMATLAS_F_BAD))
		a->unsaid++;
	else
		return;
	if (rec->head.flags & VMATLAS_F_GUP)
		a->gup++;
	else if (rec->head.flags & VMATLAS_F_KERNEL)
		a->kernel++;
	else
		a->user++;
}

void va_ledger_apply(struct va_ledger *l, const struct vmatlas_record *rec)
{
	struct va_account *a;

	switch (rec->head.type) {
	case VMATLAS_FAULT:
		a = open_account(l, rec->head.tgid);
		if (a)
			count(a, rec);
		break;
	case VMATLAS_FORK:
		/* A child begins at 0: copy_mm(). A thread counts for its process. */
		a = rec->fork.child_tid == rec->fork.child_tgid ? open_account(l, rec->fork.child_tgid) : NULL;
		if (a)
			begin(a, true, 0, 0);
		break;
	case VMATLAS_EXEC:
		/* At least the arguments were copied by faults, so 0 means that it was not told. */
		a = open_account(l, rec->head.tgid);
		if (a)
			begin(a, rec->exec.min_flt + rec->exec.maj_flt, rec->exec.min_flt, rec->exec.maj_flt);
		break;
	}
}
