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
 *   TOTALS   vmatlas_totals[]: what the module counted per CPU and channel so far; the last one is exact. One before the first RECORDS and
 *            ROUND says what had been given out before the recording: its numbers begin there, so that losses before the first record count.
 *   BLOCK    one zstd frame with whole chunks (no BLOCK, INDEX or END inside). A recording is a row of BLOCKs, each ends with a
 *            ROUND where the writer could arrange it; a pipe usually carries bare chunks. Both are valid everywhere.
 *   INDEX    vmatlas_index_entry[], one per BLOCK, at the end of a complete recording; a hint, never trusted.
 *   PROOF    vmatlas_proof and what its kind says: a piece of what the kernel itself says about the watched processes at a moment when all of
 *            them stand still (vmatlas verify). The pieces of one moment come together, MOMENT first, before the first ROUND
 *            with drained >= MOMENT's end. So the reader compares once all records with ts < end are out, and no other.
 *   TEXT     u64 text id, then the text (1..VMATLAS_TEXT_MAX bytes, no NUL): a whole text. In redacted recordings, in the place of TEXT records.
 *   COLUMNS  a run of RECORDS and ROUNDs, column by column: what a recording has in their place (see below). Never on a live stream.
 *   SKIP     bytes that mean nothing, not checked. Seen only where a recorder was killed while it put one BLOCK in the place of several small ones (core/tail.h).
 *   SPARE    the same as a BLOCK, if a SKIP stands just before it; else it means nothing, for the blocks it holds are still there.
 *   END      vmatlas_end: how it ended. A stream without END was cut off: readers say so and use what is whole.
 *   Unknown chunk kinds are skipped and counted.
 *
 * COLUMNS. Numbers have seven bits a byte, the lowest first; the last byte has the high bit clear. Differences are folded: 0, -1, 1, -2 … are 0, 1, 2, 3 …
 *   number 3 (the version of what is expected, core/columns_record.c; 1 and 2 in older recordings), number of records, bytes of the list, the list, the rows that share a frame
 *   (how many bytes, how many packed, and these: one zstd frame; as many as before: not packed), then columns until the payload ends.
 *   List: of each chunk its tag = records << 2 | 2 when `first` is not its first record's ts | 1 when it is a ROUND; RECORDS: cpu * 2 + channel; the folded difference of
 *   `drained` to that of the chunk before; with tag & 2 also `first`. `check` is not kept.
 *   Column: its number, how many values, how many bytes a value has (1 to 8); then as many rows, all lowest bytes first: each size << 2 | kind, and for kind 0 its bytes, for 1
 *   one zstd frame of so many bytes; of kind 2 it stands among the shared ones. Kind 3 (since version 3) is a row of zeros but for `size` bytes: among the shared ones stands of each how
 *   many zeros come before it (255 at most: so a byte that is told may be 0), then these bytes. A column that is not there holds zeros. A value is how a field differs from what core/columns_record.c expects of it, which is a part of this format.
 *
 * META keys: "command" (arguments, each quoted as a shell would need), "cwd", "title", "failure" (why it broke off), "vsyscall" (the /proc/self/maps line of the gate
 * page, absent = none), "hostname", "cmdline" (of the kernel), "lost-hooks" (text of `stats` about missed hooks), "loader" (how it was loaded),
 * "dumps" (of a flight recorder: how many so far, and why the last; the records of a dump stand before it),
 * "redacted" (names and frames are made up: core/redact.h; the value says what).
 */
#ifndef VMATLAS_STREAM_H
#define VMATLAS_STREAM_H

#include "vmatlas/wire.h"

#define VMATLAS_STREAM_MAGIC "VMATLAS\n"
#define VMATLAS_STREAM_VERSION 1
#define VMATLAS_STREAM_COLUMNS 4      /* the same with COLUMNS: who cannot read those must not take the stream for an empty one. 2: those of version 1 only, 3: of version 2 */
#define VMATLAS_CHUNK_MAGIC 0x4b434d56u /* "VMCK" */
#define VMATLAS_CHUNK_MAX (8u << 20)    /* payload bytes, also of an unpacked BLOCK: more is refused */
#define VMATLAS_CPUS_MAX 1024
#define VMATLAS_SECTIONS_MAX 64
#define VMATLAS_PROOF_PIECE (1u << 20)  /* payload bytes of one PROOF: longer ones are split */

enum vmatlas_clock { VMATLAS_CLOCK_MONOTONIC = 1 };

/* vmatlas_stream_header.rules: how the recorded kernel names things */
enum vmatlas_rules {
	VMATLAS_RULE_HEAP_TOUCH = 1 << 0, /* before 6.6: [heap] where start <= brk && end >= start_brk; else < and > */
};

struct vmatlas_stream_header {
	char magic[8];
	__u16 version;        /* VMATLAS_STREAM_VERSION to VMATLAS_STREAM_COLUMNS */
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
	VMATLAS_CHUNK_PROOF = 9,
	VMATLAS_CHUNK_TEXT = 10,
	VMATLAS_CHUNK_COLUMNS = 11,
	VMATLAS_CHUNK_SKIP = 12,
	VMATLAS_CHUNK_SPARE = 13,
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

enum vmatlas_proof_kind {
	VMATLAS_PROOF_MOMENT = 1,  /* vmatlas_proof_moment; tgid 0 */
	VMATLAS_PROOF_PROCESS = 2, /* vmatlas_proof_process; the pieces that follow are of this process, until the next PROCESS */
	VMATLAS_PROOF_MAPS = 3,    /* bytes of /proc/PID/maps, in order; lines may be cut between pieces */
	VMATLAS_PROOF_VMAS = 4,    /* vmatlas_proof_vma[]: what /proc/PID/smaps says, in order of address */
	VMATLAS_PROOF_PAGES = 5,   /* u64[]: entries of /proc/PID/pagemap of consecutive pages from addr on */
	VMATLAS_PROOF_SKIPPED = 6, /* vmatlas_proof_skipped: nothing was compared at this moment, and why; no MOMENT */
};

struct vmatlas_proof { /* begins each PROOF */
	__u32 kind;    /* enum vmatlas_proof_kind */
	__u32 tgid;
	__u64 addr;    /* PAGES: of the first page */
};

enum vmatlas_proof_flags {
	VMATLAS_PROOF_FREEZER = 1 << 0,   /* MOMENT: stopped by the cgroup freezer; else by SIGSTOP */
	VMATLAS_PROOF_REFRESHED = 1 << 1, /* MOMENT: all maps and pages were reported again just before begin */
	VMATLAS_PROOF_OUTSIDE = 1 << 2,   /* PROCESS: could not be stopped (in a cgroup of its own): not to be compared */
	VMATLAS_PROOF_ENDING = 1 << 3,    /* PROCESS: has no map any more: exiting, or a zombie */
	VMATLAS_PROOF_UNREADABLE = 1 << 4,/* PROCESS: a file of it could not be read: not to be compared */
};

struct vmatlas_proof_moment {
	__u64 begin, end;      /* ns: between these all was read, and none of the stopped processes ran */
	__u64 lost[2];         /* records the module has lost since the recording began, per channel */
	__u32 number;          /* 1, 2, … */
	__u32 flags;           /* enum vmatlas_proof_flags */
	__u32 processes;       /* PROCESS pieces that follow */
	__u32 frozen_us;       /* how long all stood still */
	__u32 torn;            /* maps whose truth the kernel side knew to be lost or outdated: told again before begin */
	__u32 pad;
};

struct vmatlas_proof_process {
	__u64 min_flt, maj_flt; /* /proc/PID/stat: of all its threads */
	__u32 flags;            /* enum vmatlas_proof_flags */
	__u32 vmas;             /* lines of maps, [vsyscall] not counted */
};

struct vmatlas_proof_vma {
	__u64 start, end;
	__u64 rss, swap; /* bytes; of a hugetlb VMA both 0 */
};

enum vmatlas_proof_skip {
	VMATLAS_SKIP_BUSY = 1,   /* not all stood still within the time: a task in uninterruptible sleep, or one that another one holds up */
	VMATLAS_SKIP_NOBODY = 2, /* no process watched */
	VMATLAS_SKIP_FAILED = 3, /* the freezer or a file failed */
};

struct vmatlas_proof_skipped {
	__u64 ts;
	__u32 why; /* enum vmatlas_proof_skip */
	__u32 pad;
};

/* In an entry of PAGES, beside the kernel's own bits (Documentation/admin-guide/mm/pagemap.rst). */
#define VMATLAS_PAGEMAP_PRESENT (1ull << 63)
#define VMATLAS_PAGEMAP_SWAP (1ull << 62)
#define VMATLAS_PAGEMAP_PFN ((1ull << 55) - 1)
#define VMATLAS_PAGEMAP_MOVED (1ull << 60) /* ours: two readings differed, a kernel thread is at work there */

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
static_assert(sizeof(struct vmatlas_proof) == 16, "proof");
static_assert(sizeof(struct vmatlas_proof_moment) == 56, "proof_moment");
static_assert(sizeof(struct vmatlas_proof_process) == 24, "proof_process");
static_assert(sizeof(struct vmatlas_proof_vma) == 32, "proof_vma");
static_assert(sizeof(struct vmatlas_proof_skipped) == 16, "proof_skipped");

#endif
