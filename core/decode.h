/*
 * Bytes → chunks. Every byte is untrusted. Knows nothing of files: feed it what came, in any pieces.
 *
 * A wire message is decoded by a pure function: bytes in → bytes used (> 0), 0 = need more, < 0 = bad (enum va_decode_error).
 * va_decoder adds the buffer, opens BLOCKs, checks CRCs and hands out what is inside in order.
 */
#ifndef VA_DECODE_H
#define VA_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#include "vmatlas/stream.h"

enum va_decode_error {
	VA_DECODE_OK = 0,
	VA_DECODE_NOT_A_RECORDING = -1, /* magic */
	VA_DECODE_VERSION = -2,         /* stream or wire version, record size */
	VA_DECODE_HEADER = -3,          /* header damaged: sizes, clock, levels, CPU count out of range */
	VA_DECODE_CHUNK = -4,           /* chunk magic, kind nesting, size over VMATLAS_CHUNK_MAX */
	VA_DECODE_CHECK = -5,           /* CRC or zstd frame wrong */
};

/* One sentence for people, without the file's name and without a full stop. */
const char *va_decode_strerror(int error);

/*
 * The header, and one whole chunk: its header goes to *out, its payload stands sizeof(struct vmatlas_chunk) bytes behind `bytes`. A wrong magic or
 * size is found as soon as the bytes that say so are there, the check needs all.
 */
long va_decode_header(const void *bytes, size_t n, struct vmatlas_stream_header *out);
long va_decode_chunk(const void *bytes, size_t n, struct vmatlas_chunk *out);

struct va_decoder_ops {
	/*
	 * Chunks come unpacked: BLOCK, COLUMNS, INDEX and unknown kinds are never handed out; sizes fit the kind, cpu and channel are in range.
	 * payload is only valid during the call, and aligned to nothing. Return < 0 to stop the decoder with that error.
	 */
	int (*header)(void *ctx, const struct vmatlas_stream_header *header);
	int (*chunk)(void *ctx, const struct vmatlas_chunk *chunk, const void *payload);
};

struct va_decoder;

struct va_decoder *va_decoder_new(const struct va_decoder_ops *ops, void *ctx);
void va_decoder_free(struct va_decoder *d);
void va_decoder_rest(struct va_decoder *d); /* nothing more is likely to come: what unpacking takes (40 MiB) goes, until something does */

/* From now on RECORDS are not handed out, and COLUMNS not unpacked: for who wants what stands between them. */
void va_decoder_leave_records(struct va_decoder *d);

/* 0, or a negative va_decode_error; after an error nothing more is taken, what was handed out stays valid. */
int va_decoder_feed(struct va_decoder *d, const void *bytes, size_t n);

/* At the end of input: bytes left over that form no whole chunk (0 = clean end), and whether END was seen. */
size_t va_decoder_pending(const struct va_decoder *d);
bool va_decoder_ended(const struct va_decoder *d);
__u64 va_decoder_unknown(const struct va_decoder *d); /* chunks of unknown kinds, skipped */
__u64 va_decoder_taken(const struct va_decoder *d);   /* bytes in whole units so far: where an error or the cut is */

#endif
