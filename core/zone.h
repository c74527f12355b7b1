/*
 * What a VMA is, in the field's words. One classifier, fed by the model here and by /proc later.
 * ELF facts come from OBJECT chunks (they travel in the recording), never from permissions alone where an object is known.
 *
 * How it decides, first match wins:
 *   vvar, vdso, vsyscall   special mappings by their name
 *   guard                  no access at all (PROT_NONE), 1 MiB at most where it is anonymous, and a neighbour touches it (larger ones are kept for
 *                          later: a heap that may grow, an arena of malloc)
 *   stack                  start_stack lies in it (MM_LAYOUT)
 *   bss                    anonymous memory behind the file pages of an ELF segment that is larger in memory than in the file (and not mostly heap: without
 *                          randomization one VMA may hold both)
 *   heap                   named [heap] by the kernel's own rule
 *   shared                 shared memory that only looks like a file: /dev/zero, memfd, SysV, /dev/shm, named by prctl
 *   of an ELF file         by the sections (else segments) its file pages belong to: text (executable), rodata (read-only data, and RELRO:
 *                          data the loader has made read-only), data (writable), headers (ELF header, notes, symbol tables: no code or data of the
 *                          program in it)
 *   text, lib, file        a file of which no more is known: executable, named like a library, else
 *   thread-stack           private anonymous read-write memory with a guard just below
 *   anon                   any other anonymous memory
 */
#ifndef VA_ZONE_H
#define VA_ZONE_H

#include <stdbool.h>

#include "model.h"

enum va_zone {
	VA_ZONE_OTHER, VA_ZONE_TEXT, VA_ZONE_RODATA, VA_ZONE_DATA, VA_ZONE_BSS, VA_ZONE_HEADERS, VA_ZONE_HEAP, VA_ZONE_STACK, VA_ZONE_THREAD_STACK,
	VA_ZONE_ANON, VA_ZONE_FILE, VA_ZONE_SHARED, VA_ZONE_LIB, VA_ZONE_VDSO, VA_ZONE_VVAR, VA_ZONE_VSYSCALL, VA_ZONE_GUARD, VA_ZONES
};

struct va_objects; /* grow-only store of OBJECT chunks */

struct va_objects *va_objects_new(void);
void va_objects_free(struct va_objects *objects);
bool va_objects_add(struct va_objects *objects, const void *payload, size_t bytes); /* false: malformed, or too many */
/* The file a VMA maps; NULL = not an ELF file, or not told. */
const struct vmatlas_object *va_objects_find(const struct va_objects *objects, const struct va_vma *vma);

const struct vmatlas_segment *va_object_segments(const struct vmatlas_object *object); /* object->segments of them */
const struct vmatlas_section *va_object_sections(const struct vmatlas_object *object); /* object->sections of them */

/* lib: set where the zone belongs to a shared library (or the dynamic loader) rather than to the program. */
enum va_zone va_zone_of(const struct va_mm *mm, const struct va_vma *vma, const struct va_texts *texts, const struct va_objects *objects,
			__u32 rules, bool *lib);
/* The same for who goes through all VMAs and has those that touch it at hand: below ends where it starts, above starts where it ends; NULL = nothing there. */
enum va_zone va_zone_between(const struct va_mm *mm, const struct va_vma *vma, const struct va_vma *below, const struct va_vma *above,
			     const struct va_texts *texts, const struct va_objects *objects, __u32 rules, bool *lib);
const char *va_zone_name(enum va_zone zone); /* "text", "rodata", … */

#endif
