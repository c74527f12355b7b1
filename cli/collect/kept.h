/*
 * Truth kept back by a flight recorder: in memory, up to about a limit. What is too old is forgotten from a beginning to the next one: a
 * beginning is where the module told everything anew, so what is kept never hangs in the air.
 */
#ifndef VA_COLLECT_KEPT_H
#define VA_COLLECT_KEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "writer.h"

struct va_kept;

struct va_kept *va_kept_new(size_t limit, unsigned cpus); /* limit: bytes */
void va_kept_free(struct va_kept *k);

/* The next records of a CPU. */
void va_kept_add(struct va_kept *k, unsigned cpu, const struct vmatlas_record *recs, size_t n);

/* True when the module should tell everything anew; between begin and begun, what it tells is added. ok: it could tell all. */
bool va_kept_due(const struct va_kept *k);
void va_kept_begin(struct va_kept *k);
void va_kept_begun(struct va_kept *k, bool ok);

/* Writes what is kept, oldest first, and keeps nothing any more. 0 or -errno of the writer. */
int va_kept_tell(struct va_kept *k, struct va_writer *w);

/* Records of a CPU that were forgotten: to the reader they are lost. */
uint64_t va_kept_forgotten(const struct va_kept *k, unsigned cpu);

#endif
