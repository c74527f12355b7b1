/*
 * Which ELF files are mapped, found in the truth records as they pass, and told once each as an OBJECT chunk: zones and symbols need no
 * file at replay.
 */
#ifndef VA_COLLECT_OBJECTS_H
#define VA_COLLECT_OBJECTS_H

#include "writer.h"

struct va_mapped;

struct va_mapped *va_mapped_new(void);
void va_mapped_free(struct va_mapped *m);

/* Looks at truth records; cheap. ctx is the va_mapped. */
void va_mapped_see(void *ctx, const struct vmatlas_record *recs, size_t n);

/* Reads up to `most` files that were seen and are not told yet. 0 or -errno of the writer. */
int va_mapped_tell(struct va_mapped *m, struct va_writer *w, unsigned most);

#endif
