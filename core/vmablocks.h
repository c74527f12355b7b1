/*
 * The VMAs of a large map, sorted, in blocks of at most 128: copies share blocks until they are written, so a change costs one block and the index, however many VMAs there are.
 * Part of va_vmas.
 */
#ifndef VA_VMABLOCKS_H
#define VA_VMABLOCKS_H

#include "model.h"

struct va_vmablocks;

struct va_vmablocks *va_vmablocks_new(const struct va_vma *vma, size_t n); /* n > 0 */
struct va_vmablocks *va_vmablocks_copy(const struct va_vmablocks *b);
void va_vmablocks_free(struct va_vmablocks *b);

const struct va_vma *va_vmablocks_at(const struct va_vmablocks *b, size_t i);
size_t va_vmablocks_lower(const struct va_vmablocks *b, __u64 addr); /* index of the first with end > addr */
struct va_vma *va_vmablocks_edit(struct va_vmablocks *b, size_t i);  /* for writing, but for its bounds */
/* [first, end) := with[0..n); something must be left. */
void va_vmablocks_splice(struct va_vmablocks *b, size_t first, size_t end, const struct va_vma *with, size_t n);
void va_vmablocks_flatten(const struct va_vmablocks *b, struct va_vma *out);

#endif
