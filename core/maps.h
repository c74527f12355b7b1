/* The line format of /proc/PID/maps, byte for byte (fs/proc/task_mmu.c show_map_vma, seq_path escapes '\n' only). */
#ifndef VA_MAPS_H
#define VA_MAPS_H

#include "model.h"

/* Enough for any line: a path whose every byte is escaped, and the columns before it. */
#define VA_MAPS_LINE_MAX (4 * VMATLAS_TEXT_MAX + 128)

/*
 * The name column: path, "[heap]", "[anon:x]", … or "" ; "?" + id in hex where the text was lost. buf (VMATLAS_TEXT_MAX + 32 bytes for
 * all names) is for names that are put together; the result points into buf or the text store.
 */
const char *va_vma_name(const struct va_mm *mm, const struct va_vma *vma, const struct va_texts *texts, __u32 rules, char *buf, size_t n);

/* vm_file is set: offset, device and inode mean something. */
bool va_vma_has_file(const struct va_vma *vma);

/* One line with its newline into buf (n >= 2; VA_MAPS_LINE_MAX for any line, else it is cut); returns its length. */
size_t va_maps_line(const struct va_mm *mm, const struct va_vma *vma, const struct va_texts *texts, __u32 rules, char *buf, size_t n);

/* "rwxp" */
void va_vma_perms(__u64 vm_flags, char out[5]);

#endif
