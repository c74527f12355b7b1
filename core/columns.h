/*
 * A run of RECORDS and ROUND chunks ⇄ the payload of one COLUMNS chunk (format: include/vmatlas/stream.h). Nothing is lost: what comes out is what went in, chunk for
 * chunk and byte for byte, but for `check`, which covered bytes that are gone.
 *
 * Each field of a record is told as its difference to what could be expected (core/columns_record.h), and stands with those of the other records: first all lowest
 * bytes, then the next ones, each such row packed for itself. Used by the writer and the decoder; needs no more of core than the collector has.
 */
#ifndef VA_COLUMNS_H
#define VA_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "vmatlas/stream.h"

#define VA_COLUMNS_RECORDS (VMATLAS_CHUNK_MAX / VMATLAS_RECORD_SIZE) /* in one chunk at most */

/* What can be told so: RECORDS of whole records on a known channel, and ROUNDs. */
bool va_columns_take(const struct vmatlas_chunk *chunk);

struct va_columns_writer;

struct va_columns_writer *va_columns_writer_new(void); /* NULL: no memory */
void va_columns_writer_free(struct va_columns_writer *w);
/*
 * The n bytes at `chunks` are whole chunks, all of them to be taken. The payload goes to *out, which the writer owns until the next call. Its size, or 0: no
 * memory, or more records than VA_COLUMNS_RECORDS.
 */
size_t va_columns_pack(struct va_columns_writer *w, const void *chunks, size_t n, const void **out);

/* The same of n records of several CPUs (each below VMATLAS_CPUS_MAX) in any order, for who keeps them: no chunks, and never in a file. */
size_t va_columns_pack_records(struct va_columns_writer *w, const struct vmatlas_record *recs, const __u16 *cpus, size_t n, const void **out);

struct va_columns_reader;

struct va_columns_reader *va_columns_reader_new(void);
void va_columns_reader_free(struct va_columns_reader *r);
/*
 * Hands out the chunks of one payload in order; the payload of RECORDS is aligned and valid during the call. 0, what fn returned if that was not 0, or 1: the payload is
 * malformed (every byte of it is untrusted; chunks before the place where that shows have been handed out). CPUs are below cpus.
 */
int va_columns_unpack(struct va_columns_reader *r, const void *payload, size_t n, __u32 cpus,
		      int (*fn)(void *ctx, const struct vmatlas_chunk *chunk, const void *payload), void *ctx);

/* What va_columns_pack_records() made of n records; false: something else. */
bool va_columns_unpack_records(struct va_columns_reader *r, const void *payload, size_t bytes, struct vmatlas_record *recs, __u16 *cpus, size_t n);

#endif
