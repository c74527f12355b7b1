/*
 * What is expected of the next record, and how it differs. One function both ways (struct va_coder says which), so that reading is writing backwards by
 * construction. Part of columns.c.
 *
 * Expected is: the time and number behind the last ones of the same stream; the same process as the last record of that CPU; of a fault the entries of the tables above
 * as last seen, the frame behind the one that CPU got last (anonymous), or the frame that page of a mapping of that length had in another process (file);
 * of a VMA its place behind the one before, and the file of the last VMA that was as long; of other records the last of their kind.
 */
#ifndef VA_COLUMNS_RECORD_H
#define VA_COLUMNS_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "vmatlas/stream.h"

#define VA_PLANES 8
#define VA_WORDS (VMATLAS_PAYLOAD_SIZE / 8)

enum va_column {
	VA_COLUMN_TYPE,
	VA_COLUMN_HEAD,                        /* 8 of a fault, 8 of all others */
	VA_COLUMN_FAULT = VA_COLUMN_HEAD + 16, /* its own, see columns_record.c */
	VA_COLUMN_WORDS = VA_COLUMN_FAULT + 32,/* VA_WORDS for each type */
	VA_COLUMN_CPU = VA_COLUMN_WORDS + VMATLAS_TYPE_LIMIT * VA_WORDS, /* never in a file */
	VA_COLUMNS
};

struct va_column_data {
	/* packing */
	__u64 *value;                  /* differences */
	size_t count, room;
	__u64 any;                     /* all of them, or-ed */
	/* unpacking: the next value stands at `next`, `stride` bytes each (0: all are 0, and there is no end), and 8 bytes may be read there */
	const __u8 *next, *end;
	size_t stride;
	__u64 mask;
};

struct va_expected; /* what has been seen so far */

#define VA_EXPECTED_OLD 1 /* versions of what is expected, and (3) of how rows stand: recordings of before are still read */
#define VA_EXPECTED_NOW 3

struct va_coder {
	struct va_expected *seen;
	unsigned version;
	struct va_column_data column[VA_COLUMNS];
	size_t fault, faults;          /* unpacking: how many were taken, and how many there are at most */
	bool failed;                   /* packing: no memory; unpacking: a column ended too early, or a type is out of range */
};

bool va_coder_init(struct va_coder *c); /* false: no memory */
void va_coder_free(struct va_coder *c);
void va_coder_begin(struct va_coder *c, unsigned version); /* nothing has been seen; packing: all columns are empty, unpacking: all values are 0 */

void va_coder_ready(struct va_coder *c); /* unpacking, before the first record: all columns stand */

void va_coder_pack(struct va_coder *c, __u32 cpu, __u32 channel, const void *rec); /* aligned to nothing */
/* Where a record came from, cpu * VMATLAS_CHANNELS + channel, where its chunk does not say so. */
void va_coder_pack_cpu(struct va_coder *c, __u32 place);
__u32 va_coder_unpack_cpu(struct va_coder *c);
void va_coder_unpack(struct va_coder *c, __u32 cpu, __u32 channel, struct vmatlas_record *rec);

#endif
