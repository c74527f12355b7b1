/*
 * Writes a stream: header, chunks, and for recordings zstd BLOCKs with an index. Used by the collector (plain), by `record` (packed) and
 * by tests. Data reaches the file in whole blocks, so a killed writer loses at most the block in the making. Small ones are put together later, in their place (tail.h).
 */
#ifndef VA_WRITER_H
#define VA_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#include "vmatlas/stream.h"

struct va_writer;

/*
 * fd is borrowed, and written from where it stands. pack: gather chunks into zstd BLOCKs (of about 3 MiB; a small one every second of recorded
 * time, all of which become one where the file can be written at any place) with their records as COLUMNS, and append an INDEX at the end. NULL: no memory.
 */
struct va_writer *va_writer_new(int fd, bool pack);
void va_writer_free(struct va_writer *w);

/* All return 0 or -errno; after an error the same error comes back from every call, and what is on disk stays whole. */
/* Its version becomes that of what is written. */
int va_writer_header(struct va_writer *w, const struct vmatlas_stream_header *header);
/*
 * One chunk; chunk->bytes says how long the payload is, magic and check are filled in. -EINVAL for BLOCK, COLUMNS, INDEX and END (they are
 * the writer's own), -EMSGSIZE over VMATLAS_CHUNK_MAX.
 */
int va_writer_chunk(struct va_writer *w, const struct vmatlas_chunk *chunk, const void *payload);
int va_writer_meta(struct va_writer *w, const char *key, const char *value);
int va_writer_end(struct va_writer *w, const struct vmatlas_end *end); /* flushes, writes END and INDEX */
int va_writer_flush(struct va_writer *w);                              /* closes the block in the making */

/* How long the file is now, from where it began. */
__u64 va_writer_bytes(const struct va_writer *w);

#endif
