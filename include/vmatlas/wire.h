/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The record: what the kernel module writes and every program reads.
 *
 *   0        8    12   14   16   20    24   28   32                                  128
 *   ├────────┼────┼────┼────┼────┼─────┼────┼────┼────────────────────────────────────┤
 *   │   ts   │seq │type│flag│ mm │tgid │tid │aux │ payload, by type                   │
 *   └────────┴────┴────┴────┴────┴─────┴────┴────┴────────────────────────────────────┘
 *
 * Who writes it.  The module, on the CPU where the event happened, with interrupts off around {take the next
 * sequence number, read the clock, copy the record}. Every CPU has two relay files and so two streams:
 * "truth" (small, must not be lost: everything but what follows) and "faults" (bulk: faults, and entries that change without one).
 *
 * Order.  ts is ktime_get_mono_fast_ns(), clamped so that it never steps back on one CPU; it is CLOCK_MONOTONIC in
 * nanoseconds. seq counts the records of one (CPU, channel) from 0 and wraps at 2^32.
 *
 * Loss.  seq also advances when a write fails, and a flight recorder overwrites what was written, so a gap in seq is exactly the number of records lost, and the
 * neighbours' ts say between which moments. LOSS records are never on the wire: the decoder makes them from gaps.
 *
 * Truth.  A RANGE record says "from this moment, within [lo, hi), the VMAs of this mm are exactly the `count` VMA records
 * that follow with the same range_seq, index 0..count-1". It is written while the map cannot change (mmap lock held, or the
 * mm not yet running), so merges, splits and races come out right whatever the call was. A whole map is several RANGEs that
 * touch (VMATLAS_F_MORE on all but the last). An OP record tells the story only: which call, arguments, result.
 *
 * Identity.  mm is a counter of the module's own (1, 2, …; 0 = none): never a kernel pointer, never used again. Threads
 * share an mm. tgid and tid are those of the task that caused the event, in the initial pid namespace.
 *
 * Text.  Paths, names of special mappings, command lines and marks travel as TEXT records, once each, in pieces; they
 * are named by a 64-bit hash (text id, 0 = no text). Pieces may come in any order; a text that was lost is shown as such.
 *
 * Trust.  Readers treat every byte as untrusted. Reserved fields are written as 0 and ignored by readers.
 *
 * Version rule.  Any change of size, offset or meaning increments VMATLAS_WIRE_VERSION; a reader refuses other versions.
 * New types may be added without: a reader counts types it doesn't know and goes on.
 */
#ifndef VMATLAS_WIRE_H
#define VMATLAS_WIRE_H

#include <linux/types.h>

#ifdef __KERNEL__
#include <linux/build_bug.h>
#else
#include <assert.h>
#endif

#define VMATLAS_WIRE_VERSION 1
#define VMATLAS_RECORD_SIZE 128
#define VMATLAS_HEAD_SIZE 32
#define VMATLAS_PAYLOAD_SIZE (VMATLAS_RECORD_SIZE - VMATLAS_HEAD_SIZE)
#define VMATLAS_LEVELS 5
#define VMATLAS_COMM_LEN 16
#define VMATLAS_TEXT_PIECE 72
#define VMATLAS_TEXT_MAX 4096
#define VMATLAS_TOO_LONG "(too long)" /* a path begins so instead of with its first directories */
#define VMATLAS_PAGES_PER_RECORD 10

/* X(symbol, number, name in text and JSON output, channel) */
#define VMATLAS_EVENTS(X)                                                                                              \
	X(MM_LAYOUT, 1, "mm", TRUTH)  /* the mm_struct fields that bound its zones */                                      \
	X(MM_COUNTS, 2, "mm", TRUTH)  /* the mm_struct counters: RSS, total_vm, … */                                       \
	X(MM_END, 3, "mm", TRUTH)     /* the map is torn down (exit_mmap): last user gone or replaced by exec */           \
	X(VMA, 4, "vma", TRUTH)       /* one VMA of the RANGE with the same range_seq */                                   \
	X(RANGE, 5, "range", TRUTH)   /* "within [lo, hi) exactly these VMAs" */                                           \
	X(OP, 6, "op", TRUTH)         /* a system call that may change VMAs, at its end */                                 \
	X(FAULT, 7, "fault", FAULTS)  /* a page fault, at its end, with the walk before and after */                       \
	X(FORK, 8, "fork", TRUTH)     /* a new process or thread of a watched one */                                       \
	X(EXEC, 9, "exec", TRUTH)     /* header mm = the new map; MM_LAYOUT, RANGEs follow */                              \
	X(EXIT, 10, "exit", TRUTH)    /* a thread ends; the last one of a process has VMATLAS_F_GROUP */                   \
	X(MARK, 11, "mark", TRUTH)    /* written to the `marker` file */                                                   \
	X(LOSS, 12, "loss", NONE)     /* made by the decoder from a gap in seq */                                          \
	X(TEXT, 13, "text", TRUTH)    /* a piece of a text */                                                              \
	X(TASK, 14, "task", TRUTH)    /* a task found at attach, or renamed: name, parent, mm */                           \
	X(PAGES, 15, "pages", TRUTH)  /* page-table entries as they stand: with VMATLAS_F_SNAPSHOT; else on the faults channel */ \
	X(SWEEP, 16, "sweep", TRUTH)  /* what PAGES told of a range, and did not; the channel as PAGES */

enum vmatlas_type {
#define X(symbol, number, name, channel) VMATLAS_##symbol = number,
	VMATLAS_EVENTS(X)
#undef X
	VMATLAS_TYPE_LIMIT
};

enum vmatlas_channel { VMATLAS_CHANNEL_TRUTH = 0, VMATLAS_CHANNEL_FAULTS = 1, VMATLAS_CHANNELS = 2 };

/* vmatlas_head.flags; the meaning depends on the type where said */
enum vmatlas_flags {
	VMATLAS_F_MORE = 1 << 0,     /* RANGE: another RANGE of the same whole-map snapshot follows */
	VMATLAS_F_SNAPSHOT = 1 << 1, /* RANGE, MM_*, TASK, PAGES: part of a report of what already is, not of a change */
	VMATLAS_F_GROUP = 1 << 2,    /* EXIT: the process ends with this thread */
	VMATLAS_F_TARGET = 1 << 3,   /* TASK, EXEC: the process the user chose (not a descendant) */
	VMATLAS_F_NO_RESULT = 1 << 4,/* OP: the call had not returned; result and end are unknown */
	VMATLAS_F_VSYSCALL = 1 << 5, /* MM_LAYOUT: the gate page [vsyscall] is listed behind the map */
	VMATLAS_F_BLIND = 1 << 6,    /* MM_LAYOUT: pages of this map may come and go unseen (a hook is missing, or faults are not recorded): from now on nothing of them is certain */
	VMATLAS_F_GUP = 1 << 6,      /* FAULT: get_user_pages, no exception: ip and error are 0 */
	VMATLAS_F_KERNEL = 1 << 7,   /* FAULT: exception in kernel mode on a user address */
	VMATLAS_F_WRITE = 1 << 8,    /* FAULT: for writing (also where there was no hardware error code) */
	VMATLAS_F_ANON = 1 << 9,     /* FAULT, VMA: vma_is_anonymous() */
	VMATLAS_F_BAD = 1 << 10,     /* FAULT: not resolved; result holds VM_FAULT_* or 0, see signal */
	VMATLAS_F_ZERO_PAGE = 1 << 11,/* FAULT: the frame after is the kernel's shared zero page */
	VMATLAS_F_RETRIED = 1 << 12, /* FAULT: handle_mm_fault ran more than once */
	VMATLAS_F_NO_AFTER = 1 << 13,/* FAULT: end not seen; the walk after was taken at the task's next event */
	VMATLAS_F_HUGETLB = 1 << 14, /* FAULT: in a hugetlb VMA */
	VMATLAS_F_INSTR = 1 << 15,   /* FAULT: instruction fetch */
};

struct vmatlas_head {
	__u64 ts;    /* ns, CLOCK_MONOTONIC */
	__u32 seq;   /* per CPU and channel, counts failed writes too */
	__u16 type;  /* enum vmatlas_type */
	__u16 flags; /* enum vmatlas_flags */
	__u32 mm;    /* which address space; 0 = none */
	__u32 tgid;  /* process that caused it */
	__u32 tid;   /* thread that caused it */
	__u32 aux;   /* by type: VMA, RANGE: range_seq. OP, FAULT: latency in ns (saturates). EXIT: exit code as in wait(2) */
};

/* Source of every field: struct mm_struct, include/linux/mm_types.h. Addresses are virtual, in bytes. */
struct vmatlas_mm_layout {
	__u64 start_code, end_code;
	__u64 start_data, end_data;
	__u64 start_brk, brk;
	__u64 start_stack;
	__u64 arg_start, arg_end;
	__u64 env_start, env_end;
	__u64 pgd; /* physical address of the top-level table: what CR3 holds, flags masked off */
};

/* Pages, unless said. Read without stopping the other CPUs: exact when the process stands still. */
struct vmatlas_mm_counts {
	__u64 total_vm, data_vm, exec_vm, stack_vm, locked_vm, pinned_vm;
	__u64 rss_file, rss_anon, rss_shmem;
	__u64 swap;          /* MM_SWAPENTS */
	__u64 pgtable_bytes; /* bytes */
	__u32 map_count;     /* number of VMAs */
	__u32 users;         /* mm_users: tasks (and others) that hold this map */
};

enum vmatlas_name_kind {
	VMATLAS_NAME_NONE = 0,    /* the reader decides: [heap], [stack] from MM_LAYOUT and RANGE, else nothing */
	VMATLAS_NAME_PATH = 1,    /* d_path() of the file, as /proc/PID/maps prints it; of more than 4,095 bytes VMATLAS_TOO_LONG and the end, from a '/' on */
	VMATLAS_NAME_SPECIAL = 2, /* vm_ops->name(): [vdso], [vvar], … */
	VMATLAS_NAME_ANON = 3,    /* prctl(PR_SET_VMA_ANON_NAME) on private memory: the name only */
	VMATLAS_NAME_SHMEM = 4,   /* the same on shared memory ([anon_shmem:…]) */
};

/* Source: fs/proc/task_mmu.c show_map_vma(); vm_flags: include/linux/mm.h */
struct vmatlas_vma {
	__u64 start, end; /* [start, end) */
	__u64 vm_flags;   /* VM_READ 1, VM_WRITE 2, VM_EXEC 4, VM_SHARED 8, VM_MAYSHARE 0x80, VM_GROWSDOWN 0x100, … */
	__u64 pgoff;      /* offset in the file, in pages; /proc prints 0 for anonymous VMAs */
	__u64 inode;
	__u64 name_text;  /* text id */
	__u64 file_size;  /* i_size in bytes when reported; 0 without a file */
	__u32 dev_major, dev_minor;
	__u32 index;      /* 0..count-1 in its RANGE */
	__u8 name_kind;   /* enum vmatlas_name_kind */
	__u8 pad[3];
	__u64 reserved[3];
};

struct vmatlas_range {
	__u64 lo, hi;         /* [lo, hi): widened to whole VMAs, so no VMA straddles lo or hi */
	__u32 count;          /* VMA records that follow with head.aux equal to this head.aux */
	__s32 nr;             /* system call the change came from; -1: none (fault, exec, fork, attach) */
	__u64 start_brk, brk; /* now */
	__u64 total_vm;       /* pages, now */
	__u64 rss_file, rss_anon, rss_shmem, swap; /* pages, now */
	__u64 pgtable_bytes; /* memory in page tables, now */
	__u32 map_count;      /* VMAs of the whole map, now */
	__u32 pad;
};

/* A system call at its end. The caller is the user-space instruction pointer behind the syscall instruction. */
struct vmatlas_op {
	__u64 args[6];
	__s64 result;   /* address, 0 or -errno */
	__u64 ip;
	__s32 nr;       /* x86-64 system call number */
	__u32 peer_mm;  /* other map this call worked on (process_madvise …), else 0 */
	__u64 begin;    /* ts at entry; latency is head.aux */
	__u64 reserved[2];
};

/*
 * A fault. Levels are numbered from the top: 0 = PGD, 1 = P4D, 2 = PUD, 3 = PMD, 4 = PTE. With four paging levels the P4D is
 * folded: entry[1] is 0 and index 1 is left out of depths and counts nowhere.
 * depth is the number of levels whose entry could be read: complete walks have 4 (or 5 with LA57); a huge page ends at PMD or
 * PUD; a missing table stops it. Levels beyond depth_before but within depth_after stand in tables that this fault
 * allocated (or another thread at the same time).
 * entry[] is the walk after; the levels above depth_before did not change, before is the entry the walk before ended at.
 */
enum vmatlas_counted { /* how the kernel counts a fault: task_struct.min_flt, maj_flt; see mm_account_fault() */
	VMATLAS_COUNTED_UNSAID = 0, /* an older module */
	VMATLAS_COUNTED_MINOR = 1,
	VMATLAS_COUNTED_MAJOR = 2,  /* VM_FAULT_MAJOR, or completed by a second try under the mmap lock */
	VMATLAS_COUNTED_NOT = 3,    /* bad; or given up for a signal: it will come again as another fault */
};

struct vmatlas_fault {
	__u64 addr;      /* CR2 */
	__u64 ip;        /* KERNEL: where the program called the kernel (no address of the kernel leaves it), 0 = not by a call */
	__u64 entry[VMATLAS_LEVELS];
	__u64 before;    /* entry at depth_before, 0 where not present and empty */
	__u64 vma_start, vma_end; /* the VMA hit; 0, 0 = none known */
	__u32 error;     /* hardware error code (Intel SDM vol. 3, 4.7); 0 for GUP */
	__u32 result;    /* vm_fault_t of handle_mm_fault: VM_FAULT_MAJOR 4, … */
	__u8 depth_before, depth_after; /* after: 0 = not read (another process's map, and its lock was not to be had); SWEEP says what is doubtful */
	__u16 around;    /* file faults: bit i = page max(addr & ~0xffff, vma_start) + i pages is present after (fault-around) */
	__u8 signal;     /* BAD: signal sent (SIGSEGV, SIGBUS), 0 = none (kernel fix-up, -EFAULT) */
	__u8 si_code;    /* BAD: SEGV_MAPERR 1, SEGV_ACCERR 2, BUS_ADRERR 2, … */
	__u8 counted;    /* enum vmatlas_counted */
	__u8 pad;
};

struct vmatlas_fork { /* head: the parent */
	__u32 child_tgid, child_tid;
	__u32 child_mm;      /* equals head.mm for threads and vfork */
	__u32 pad;
	__u64 clone_flags;   /* 0 where unknown; CLONE_VM, CLONE_THREAD are always right */
	char comm[VMATLAS_COMM_LEN]; /* child */
	__u64 copied;        /* when the page tables had been copied: what changed later did so in the parent alone. 1: not known, 0: an older module */
	__u64 reserved[6];
};

struct vmatlas_exec {
	__u64 path_text;     /* the file as given to execve */
	__u32 old_mm;
	__u32 pad;
	char comm[VMATLAS_COMM_LEN]; /* new */
	__u64 min_flt, maj_flt; /* of the whole process by now; both 0: not told */
	__u64 reserved[6];
};

struct vmatlas_exit {
	char comm[VMATLAS_COMM_LEN];
	__u64 min_flt, maj_flt; /* of the thread; with VMATLAS_F_GROUP of the whole process (what getrusage says; both 0: not told) */
	__u64 reserved[8];
};

struct vmatlas_mark {
	__u64 text;
	__u64 reserved[11];
};

struct vmatlas_text {
	__u64 id;     /* hash of the whole text, never 0 */
	__u16 total;  /* bytes of the whole text, 1..VMATLAS_TEXT_MAX, no NUL */
	__u16 offset; /* of this piece; a multiple of VMATLAS_TEXT_PIECE */
	__u32 pad;
	char bytes[VMATLAS_TEXT_PIECE];
	__u64 reserved;
};

struct vmatlas_task { /* head: the task itself */
	char comm[VMATLAS_COMM_LEN];
	__u32 ppid;
	__u32 uid;
	__u64 start_ns;   /* start time, CLOCK_MONOTONIC */
	__u64 exe_text;
	__u64 reserved[7];
};

struct vmatlas_pages {
	__u64 addr;   /* of the first page */
	__u8 level;   /* 4 = PTE, 3 = PMD leaf (2 MiB each), 2 = PUD leaf */
	__u8 count;   /* 1..VMATLAS_PAGES_PER_RECORD */
	__u8 pad[6];
	__u64 entry[VMATLAS_PAGES_PER_RECORD]; /* of consecutive pages; 0 = nothing there, nor below it in the tables */
};

enum vmatlas_sweep_kind {
	VMATLAS_SWEEP_TOLD = 1,   /* PAGES told all that was there; see below */
	VMATLAS_SWEEP_DOUBT = 2,  /* entries may have come, gone or changed in a way nobody will tell */
	VMATLAS_SWEEP_SWAP = 3,   /* entries that were not present may have gone; those that were present are as they were */
	VMATLAS_SWEEP_ACCESS = 4, /* what entries allow may have changed; none has come or gone, frames are the same */
};

/*
 * TOLD: every entry of [lo, hi) was read at some moment after `since`, and all that were not 0 are in PAGES records of this mm with ts >= since.
 * So what a reader knows from before `since` and no later record mentions is gone. PAGES and FAULT carry a ts from just before they read, and whoever changes
 * an entry has it reported after the change: so for each entry, of all records that mention it (or span it) the one with the latest ts is right.
 * A DOUBT between since and the TOLD keeps its part of the range doubtful.
 */
struct vmatlas_sweep {
	__u64 lo, hi; /* [lo, hi), pages */
	__u64 since;  /* TOLD: ts; else 0 */
	__u32 kind;   /* enum vmatlas_sweep_kind */
	__u32 pad;
	__u64 reserved[8];
};

struct vmatlas_loss { /* made by the decoder; head.ts is the first moment after the gap */
	__u64 count;
	__u64 after;    /* ts of the last record before the gap, 0 = none */
	__u32 cpu;
	__u32 channel;  /* enum vmatlas_channel */
	__u64 reserved[9];
};

struct vmatlas_record {
	struct vmatlas_head head;
	union {
		struct vmatlas_mm_layout layout;
		struct vmatlas_mm_counts counts;
		struct vmatlas_vma vma;
		struct vmatlas_range range;
		struct vmatlas_op op;
		struct vmatlas_fault fault;
		struct vmatlas_fork fork;
		struct vmatlas_exec exec;
		struct vmatlas_exit exit;
		struct vmatlas_mark mark;
		struct vmatlas_text text;
		struct vmatlas_task task;
		struct vmatlas_pages pages;
		struct vmatlas_sweep sweep;
		struct vmatlas_loss loss;
		__u8 payload[VMATLAS_PAYLOAD_SIZE];
	};
};

static_assert(sizeof(struct vmatlas_head) == VMATLAS_HEAD_SIZE, "head");
static_assert(sizeof(struct vmatlas_record) == VMATLAS_RECORD_SIZE, "record");
static_assert(sizeof(struct vmatlas_mm_layout) == VMATLAS_PAYLOAD_SIZE, "mm_layout");
static_assert(sizeof(struct vmatlas_mm_counts) == VMATLAS_PAYLOAD_SIZE, "mm_counts");
static_assert(sizeof(struct vmatlas_vma) == VMATLAS_PAYLOAD_SIZE, "vma");
static_assert(sizeof(struct vmatlas_range) == VMATLAS_PAYLOAD_SIZE, "range");
static_assert(sizeof(struct vmatlas_op) == VMATLAS_PAYLOAD_SIZE, "op");
static_assert(sizeof(struct vmatlas_fault) == VMATLAS_PAYLOAD_SIZE, "fault");
static_assert(sizeof(struct vmatlas_fork) == VMATLAS_PAYLOAD_SIZE, "fork");
static_assert(sizeof(struct vmatlas_exec) == VMATLAS_PAYLOAD_SIZE, "exec");
static_assert(sizeof(struct vmatlas_exit) == VMATLAS_PAYLOAD_SIZE, "exit");
static_assert(sizeof(struct vmatlas_mark) == VMATLAS_PAYLOAD_SIZE, "mark");
static_assert(sizeof(struct vmatlas_text) == VMATLAS_PAYLOAD_SIZE, "text");
static_assert(sizeof(struct vmatlas_task) == VMATLAS_PAYLOAD_SIZE, "task");
static_assert(sizeof(struct vmatlas_pages) == VMATLAS_PAYLOAD_SIZE, "pages");
static_assert(sizeof(struct vmatlas_loss) == VMATLAS_PAYLOAD_SIZE, "loss");
static_assert(sizeof(struct vmatlas_sweep) == VMATLAS_PAYLOAD_SIZE, "sweep");
static_assert(__builtin_offsetof(struct vmatlas_record, vma.name_text) == 72, "vma.name_text");
static_assert(__builtin_offsetof(struct vmatlas_record, fault.entry) == 48, "fault.entry");
static_assert(__builtin_offsetof(struct vmatlas_record, fault.error) == 112, "fault.error");

#endif
