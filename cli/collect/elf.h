/* What a mapped ELF file is made of, read from a file that may be anything: all is bounds-checked, nothing is believed. */
#ifndef VA_ELF_H
#define VA_ELF_H

#include <stdbool.h>

#include "vmatlas/stream.h"
#include "common/bytes.h"

/*
 * Fills object's segments, sections, type, interp and build id and appends the segments and sections to `out`. False where it is no little-endian ELF file
 * (of 64 or 32 bits) that makes sense; out is then as before. Sections: those that are in memory (SHF_ALLOC).
 */
bool va_elf_read(int fd, struct vmatlas_object *object, struct va_bytes *out);

#endif
