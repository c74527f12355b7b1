/*
 * A recording that may be shared: chunks in, chunks out, one by one, so that the real names and numbers need not be written anywhere.
 *
 * Replaced, the same by the same: page frames (in entries, tables, CR3), places in swap, paths outside the system's directories, names of programs that
 * lie there and of threads, anonymous memory's own names, inodes, devices, build-ids, user ids. Left out: host name, kernel command line, arguments, PROOFs.
 * Stays: addresses, times, sizes, process numbers, calls and their arguments, the kernel's release, names of sections, marks and the title unless asked.
 *
 * TEXT records become blanks, because whose name a text is shows only where it is used; what may be said follows as TEXT chunks.
 */
#ifndef VA_REDACT_H
#define VA_REDACT_H

#include <stdbool.h>

#include "vmatlas/stream.h"

struct va_redact;

/* out: 0 or -errno; what it says is the result of the call that led to it. */
typedef int (*va_redact_out)(void *ctx, const struct vmatlas_chunk *chunk, const void *payload);

struct va_redact *va_redact_new(bool marks, va_redact_out out, void *ctx); /* marks: keep what they say, and the title */
void va_redact_free(struct va_redact *r);

/* Says META "redacted"; before the first chunk. */
int va_redact_begin(struct va_redact *r, const struct vmatlas_stream_header *header);
/* A chunk as va_decoder hands it out, END excepted. */
int va_redact_chunk(struct va_redact *r, const struct vmatlas_chunk *chunk, const void *payload);

#endif
