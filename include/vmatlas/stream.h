/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The stream: what the collector writes and a recording holds; the same bytes in a file, a pipe, a VM's port or over ssh.
 *
 *   ┌───────────────┬───────┬───────┬───────┬─ ─ ─┬───────┬─────┬─ ─ ─ ─ ─ ┐
 *   │ stream header │ chunk │ chunk │ chunk │     │ ROUND │     │ END INDEX │
 *   └───────────────┴───────┴───────┴───────┴─ ─ ─┴───────┴─────┴─ ─ ─ ─ ─ ┘
 *
 * A chunk is a vmatlas_chunk header and `bytes` bytes of payload. All integers little-endian.
 *
 *   RECORDS  vmatlas_record[]: a piece of what one CPU wrote to one channel, in order.
 *            drained = the clock noted BEFORE this file was drained: no older record of this file comes later.
 *   ROUND    empty. drained = T: every file of every CPU has been drained past T. The reader may show all up to T.
 *   META     "key\0value" (no NUL at the end; the value is the rest): facts about the recording, see below.
 *   OBJECT   vmatlas_object + its sections: what a mapped ELF file is made of, so that zones need no file at replay.
 *   TOTALS   vmatlas_totals[]: what the module counted per CPU and channel so far; the last one is exact.
 *   BLOCK    one zstd frame with whole chunks (no BLOCK, INDEX or END inside). A recording is a row of BLOCKs, each ends with a
 *            ROUND where the writer could arrange it; a pipe usually carries bare chunks. Both are valid everywhere.
 *   INDEX    vmatlas_index_entry[], one per BLOCK, at the end of a complete recording; a hint, never trusted.
 *   END      vmatlas_end: how it ended. A stream without END was cut off: readers say so and use what is whole.
 *   Unknown chunk kinds are skipped and counted.
 *
 * META keys: "command" (arguments, each quoted as a shell would need), "cwd", "title", "failure" (why it broke off), "vsyscall" (the /proc/self/maps line of the gate
 * page, absent = none), "hostname", "cmdline" (of the kernel), "lost-hooks" (text of `stats` about missed hooks), "loader" (how it was loaded).
 */
#ifndef VMATLAS_STREAM_H
#define VMATLAS_STREAM_H

#include "vmatlas/wire.h"

#define VMATLAS_STREAM_MAGIC "VMATLAS\n"
#define VMATLAS_STREAM_VERSION 1
#define VMATLAS_CHUNK_MAGIC 0x4b434d56u /* "VMCK" */
#define VMATLAS_CHUNK_MAX (8u << 20)    /* payload bytes, also of an unpacked BLOCK: more is refused */
#define VMATLAS_CPUS_MAX 1024
#define VMATLAS_SECTIONS_MAX 64

enum vmatlas_clock { VMATLAS_CLOCK_MONOTONIC = 1 };

/* vmatlas_stream_header.rules: how the recorded kernel names things */
enum vmatlas_rules {
	VMATLAS_RULE_HEAP_TOUCH = 1 << 0, /* before 6.6: [heap] where start <= brk && end >= start_brk; else < and > */
};

struct vmatlas_stream_header {
	char magic[8];
	__u16 version;        /* VMATLAS_STREAM_VERSION */
	__u16 wire_version;   /* VMATLAS_WIRE_VERSION */
	__u16 header_size;    /* sizeof(this); first chunk starts there */
	__u16 record_size;    /* VMATLAS_RECORD_SIZE */
	__u32 clock;          /* enum vmatlas_clock */
	__u32 page_size;      /* 4096 */
	__u32 levels;         /* 4 or 5 paging levels */
	__u32 cpus;           /* possible CPUs: ids are below this */
	__u32 rules;          /* enum vmatlas_rules */
	__u32 pad;
	__u64 start_mono;     /* ns: recording began; SECONDS on command lines count from here */
	__u64 start_real;     /* ns since 1970: the same moment */
	char release[64];     /* uname -r, NUL-padded */
	char machine[16];     /* "x86_64" */
	__u64 reserved[15];
};

enum vmatlas_chunk_kind {
	VMATLAS_CHUNK_RECORDS = 1,
	VMATLAS_CHUNK_ROUND = 2,
	VMATLAS_CHUNK_META = 3,
	VMATLAS_CHUNK_OBJECT = 4,
	VMATLAS_CHUNK_TOTALS = 5,
	VMATLAS_CHUNK_BLOCK = 6,
	VMATLAS_CHUNK_INDEX = 7,
	VMATLAS_CHUNK_END = 8,
};

struct vmatlas_chunk {
	__u32 magic;   /* VMATLAS_CHUNK_MAGIC */
	__u8 kind;     /* enum vmatlas_chunk_kind */
	__u8 channel;  /* RECORDS: enum vmatlas_channel */
	__u16 cpu;     /* RECORDS */
	__u32 bytes;   /* of payload that follow */
	__u32 check;   /* CRC-32 (zlib) of the payload */
	__u64 drained; /* RECORDS, ROUND: ns; BLOCK: the last ROUND inside */
	__u64 first;   /* RECORDS, BLOCK: ts of the first record inside, 0 = none */
};

struct vmatlas_totals {
	__u32 cpu, channel;
	__u64 written, lost; /* written + lost = sequence numbers given out */
};

struct vmatlas_section {
	__u64 addr, offset, size; /* addr as linked, file offset, size in memory */
	__u32 flags;              /* SHF_* */
	__u32 type;               /* SHT_*; SHT_NOBITS = bss */
	char name[32];
};

struct vmatlas_segment {
	__u64 addr, offset, file_size, mem_size; /* PT_LOAD */
	__u32 flags;                             /* PF_* */
	__u32 pad;
};

struct vmatlas_object { /* followed by vmatlas_segment[segments], then vmatlas_section[sections] */
	__u64 path_text; /* text id of the path as in VMA records */
	__u64 inode;
	__u32 dev_major, dev_minor;
	__u32 segments, sections;
	__u16 type;      /* ET_EXEC 2, ET_DYN 3 */
	__u8 interp;     /* has PT_INTERP: a program, not a library */
	__u8 build_id_len;
	__u8 build_id[20];
};

struct vmatlas_index_entry {
	__u64 offset;  /* of the BLOCK's chunk header, from the start of the file */
	__u64 first;   /* smallest ts inside */
	__u64 drained; /* last ROUND inside */
	__u64 records; /* inside */
};

enum vmatlas_end_reason {
	VMATLAS_END_COMMAND = 1, /* the command ended: status is its wait(2) status */
	VMATLAS_END_STOPPED = 2, /* the user stopped the recording */
	VMATLAS_END_VANISHED = 3,/* the attached process ended */
	VMATLAS_END_FAILED = 4,  /* it broke off: META "failure" tells, ts is the last moment known */
};

struct vmatlas_end {
	__u32 reason; /* enum vmatlas_end_reason */
	__s32 status;
	__u64 ts;
};

static_assert(sizeof(struct vmatlas_stream_header) == 256, "stream header");
static_assert(sizeof(struct vmatlas_chunk) == 32, "chunk");
static_assert(sizeof(struct vmatlas_totals) == 24, "totals");
static_assert(sizeof(struct vmatlas_section) == 64, "section");
static_assert(sizeof(struct vmatlas_segment) == 40, "segment");
static_assert(sizeof(struct vmatlas_object) == 56, "object");
static_assert(sizeof(struct vmatlas_index_entry) == 32, "index");
static_assert(sizeof(struct vmatlas_end) == 16, "end");

#endif
