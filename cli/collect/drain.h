/*
 * The per-CPU files, read in rounds. One round notes the clock, then reads each file empty of all that was in it at that moment, and
 * ends with a ROUND chunk that carries the clock: nothing older can come any more.
 */
#ifndef VA_DRAIN_H
#define VA_DRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "writer.h"

struct va_drain;

/* Opens what there is: cpuN and faultsN for N < cpus. NULL and -errno in *err where none can be. capacity: bytes one file's buffer holds. */
struct va_drain *va_drain_open(unsigned cpus, size_t capacity, int *err);
void va_drain_close(struct va_drain *d);

/*
 * One round. truth is called with the truth records read (may be NULL). Returns the bytes of the fullest file (0 = idle), or -errno of
 * the writer.
 */
long va_drain_round(struct va_drain *d, struct va_writer *w, void (*truth)(void *ctx, const struct vmatlas_record *recs, size_t n), void *ctx);

/* The truth files only, into hands instead of a stream. Returns the bytes of the fullest file. */
long va_drain_truth(struct va_drain *d, void (*take)(void *ctx, unsigned cpu, const struct vmatlas_record *recs, size_t n), void *ctx);

/* Forgets all that is there. */
void va_drain_discard(struct va_drain *d);

/* The module was unloaded: nothing will come any more. */
bool va_drain_dead(const struct va_drain *d);

uint64_t va_clock(void); /* CLOCK_MONOTONIC in ns, as records carry it */

#endif
