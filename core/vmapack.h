/*
 * VMAs in few bytes, for maps that have ended: most recordings hold thousands, and few are ever looked at again. What one may expect of a VMA is told in a byte: that it begins where the
 * one before ends, has the file and flags of one just before, lies behind it in the file, and is as old. For memory only; every field comes back as it was.
 */
#ifndef VA_VMAPACK_H
#define VA_VMAPACK_H

#include "model.h"

/* Returns the bytes, owned by the caller; *bytes is how many. */
void *va_vma_pack(const struct va_vma *vma, size_t n, size_t *bytes);
void va_vma_unpack(const void *packed, struct va_vma *vma, size_t n);

#endif
