/* What can be said of a record alone, without a model. */
#ifndef VA_RECORD_H
#define VA_RECORD_H

#include <stdbool.h>

#include "vmatlas/wire.h"

/* Known type, and every field within the range its type allows. What depends on earlier records is the model's to check. */
bool va_record_valid_rare(const struct vmatlas_record *rec); /* of one that is no fault */
static inline bool va_record_valid(const struct vmatlas_record *rec)
{
	const struct vmatlas_fault *f = &rec->fault;

	if (__builtin_expect(rec->head.type != VMATLAS_FAULT, 0))
		return va_record_valid_rare(rec);
	return f->depth_before <= VMATLAS_LEVELS && f->depth_after <= VMATLAS_LEVELS && f->vma_start <= f->vma_end;
}

/* Name in text and JSON output ("mm", "vma", …); NULL for an unknown type. */
const char *va_type_name(unsigned type);
const char *va_sweep_name(unsigned kind); /* the same of enum vmatlas_sweep_kind */

/* The highest address of user space and one, with five levels: nothing mapped lies at or above. */
#define VA_USER_TOP (1ull << 56)

#endif
