/* The line format of /proc/PID/maps, byte for byte (fs/proc/task_mmu.c show_map_vma, seq_path escapes '\n' only). */
#ifndef VA_MAPS_H
#define VA_MAPS_H

#include "model.h"

/*
 * The name column: path, "[heap]", "[anon:x]", … or "" ; "?" + id in hex where the text was lost. buf is for names that are put
 * together; the result points into buf or the text store.
 */
const char *va_vma_name(const struct va_mm *mm, const struct va_vma *vma, const struct va_texts *texts, __u32 rules, char *buf, size_t n);

/* One line with its newline into buf (at least 4096 + 128 bytes); returns its length. */
size_t va_maps_line(const struct va_mm *mm, const struct va_vma *vma, const struct va_texts *texts, __u32 rules, char *buf, size_t n);

/* "rwxp" */
void va_vma_perms(__u64 vm_flags, char out[5]);

#endif
