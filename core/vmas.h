/*
 * The VMAs of one map: sorted, not overlapping. Shared by reference count, copied when written: a few hundred as a whole, more in blocks (vmablocks.h). Part of the model; everybody else
 * asks va_mm_vma() and its like.
 */
#ifndef VA_VMAS_H
#define VA_VMAS_H

#include "model.h"

struct va_vmas;

struct va_vmas *va_vmas_new(void);
struct va_vmas *va_vmas_ref(struct va_vmas *vmas);
void va_vmas_unref(struct va_vmas *vmas);

/* Nobody is likely to ask: *vmas becomes one that takes a tenth of the memory until somebody does. */
void va_vmas_pack(struct va_vmas **vmas);

size_t va_vmas_count(const struct va_vmas *vmas);
const struct va_vma *va_vmas_at(const struct va_vmas *vmas, size_t i);
size_t va_vmas_lower(const struct va_vmas *vmas, __u64 addr); /* index of the first with end > addr */

void va_vmas_own(struct va_vmas **vmas);                          /* nobody else has *vmas any more: what others had in common with it is copied */
struct va_vma *va_vmas_edit(struct va_vmas **vmas, size_t i);     /* for writing, but for its bounds; valid until the next question */

/* Puts n VMAs (sorted, within [lo, hi)) in place of all that touch [lo, hi); what straddles lo or hi is cut. */
void va_vmas_replace(struct va_vmas **vmas, __u64 lo, __u64 hi, const struct va_vma *with, size_t n);

/* The same mapping: both anonymous, or the same place in the same file, and shared alike. */
bool va_vma_same_mapping(const struct va_vma *a, const struct va_vma *b);

#endif
