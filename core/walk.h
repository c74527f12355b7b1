/*
 * What a fault record means. x86-64 entry bits and index shifts are known here (and in walk.c) and nowhere else in core.
 * Source: Intel SDM vol. 3 chapter 4.5; arch/x86/include/asm/pgtable_types.h.
 */
#ifndef VA_WALK_H
#define VA_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "vmatlas/wire.h"

enum va_fault_kind {
	VA_FAULT_DEMAND_ZERO, VA_FAULT_FILE, VA_FAULT_COW, VA_FAULT_REUSE, VA_FAULT_SWAP_IN, VA_FAULT_HUGE, VA_FAULT_NUMA_HINT, VA_FAULT_UNSHARE,
	VA_FAULT_SPURIOUS, VA_FAULT_BAD, VA_FAULT_OTHER, VA_FAULT_KINDS
};

enum va_bad_reason {
	VA_BAD_NONE, VA_BAD_UNMAPPED, VA_BAD_PROTECTION, VA_BAD_BEYOND_EOF, VA_BAD_NON_CANONICAL, VA_BAD_KERNEL,
	VA_BAD_POISON,  /* the frame is taken out of use: its memory is broken (hwpoison) */
	VA_BAD_NO_PAGE  /* the kernel had no page to give: the pool of huge pages is empty, a userfaultfd wants the signal */
};

struct va_step { /* one level of a walk, top first */
	unsigned level;      /* 0 = PGD, 1 = P4D, 2 = PUD, 3 = PMD, 4 = PTE */
	unsigned index;      /* 0..511 */
	__u64 entry;
	bool allocated;      /* the table this entry stands in was allocated by this fault */
	bool leaf;           /* ends the walk: maps a page */
};

struct va_walk {
	struct va_step step[VMATLAS_LEVELS];
	unsigned steps;      /* levels whose entry was read; a folded P4D is left out */
	bool complete;       /* ends in a present leaf */
	__u64 page_size;     /* 4096, 2 MiB, 1 GiB; 0 = not complete */
	__u64 pfn;           /* of the 4 KiB frame that holds addr; valid where complete */
};

const char *va_level_name(unsigned level);          /* "PGD" … */
/* As the kernel counts it: I/O was needed, or a second try (a page that was locked, a userfaultfd). */
bool va_fault_major(const struct vmatlas_record *rec);
const char *va_fault_kind_name(enum va_fault_kind kind);   /* "demand-zero" … as in JSON */
const char *va_bad_reason_name(enum va_bad_reason reason); /* "unmapped" … */
unsigned va_index(unsigned level, __u64 addr);      /* 0..511 */

/* 48, 39, 30, 21, 12: as with five levels */
static inline unsigned va_level_shift(unsigned level)
{
	return level < VMATLAS_LEVELS ? 48 - 9 * level : 0;
}

/* The same with 4 or 5 levels: with four, the PGD is indexed by the bits the P4D has with five (shift 39). */
unsigned va_level_shift_in(unsigned level, unsigned levels);
unsigned va_index_in(unsigned level, __u64 addr, unsigned levels);

/* Bytes one entry covers. */
static inline __u64 va_level_size(unsigned level)
{
	return 1ull << va_level_shift(level);
}

unsigned va_top_shift(unsigned levels);             /* first virtual bit above the PGD index: 48 or 57 */

/* What is asked for each record stands here, the rest in walk.c. */
#define VA_ENTRY_P (1ull << 0)
#define VA_ENTRY_PSE (1ull << 7)      /* at PMD and PUD: maps a page */
#define VA_ENTRY_PROTNONE (1ull << 8) /* where P is 0: present to the kernel, not to the CPU */

/* P, or PROT_NONE / huge-split forms the kernel counts as present */
static inline bool va_entry_present(__u64 entry)
{
	return entry & (VA_ENTRY_P | VA_ENTRY_PROTNONE | VA_ENTRY_PSE);
}

static inline bool va_entry_leaf(unsigned level, __u64 entry)
{
	return va_entry_present(entry) && (level == 4 || ((level == 2 || level == 3) && (entry & VA_ENTRY_PSE)));
}

bool va_entry_writable(__u64 entry);
/*
 * The bits that say "written to". From 6.6 on the kernel keeps that in bit 58 while an entry is read-only (_PAGE_SAVED_DIRTY); before, the bit meant memory
 * of a device (_PAGE_DEVMAP). version: 601 = 6.1; 0 = not known: the processor's bit alone.
 */
__u64 va_dirty_bits(unsigned version);
bool va_entry_dirty(__u64 entry, __u64 dirty_bits); /* present, and written to since the bit was last cleared */
bool va_entry_accessed(__u64 entry);
__u64 va_entry_pfn(__u64 entry);
__u64 va_entry_pfn_at(unsigned level, __u64 entry, __u64 addr); /* of the 4 KiB frame that holds addr, for a leaf at level */
__u64 va_entry_of_part(__u64 pmd_entry, unsigned part); /* what the entry of 4 KiB page `part` (0..511) of a split huge page is */
bool va_entry_swapped(__u64 entry);                 /* not present: names a place in swap (not migration, poison, a marker) */
bool va_entry_special(__u64 entry);                 /* no page structure behind it for the kernel's counts: the zero page, device memory */
bool va_entry_written(__u64 entry, __u64 dirty_bits); /* present, and writable or dirty: in a private mapping, a copy */
__u64 va_entry_readonly(__u64 entry);               /* without the R/W bit */

/* The level at a place (0-based) of a walk: the folded P4D is left out. And how many places a depth as recorded has. */
static inline unsigned va_walk_level(unsigned place, unsigned levels)
{
	return levels == 4 && place > 0 ? place + 1 : place;
}

static inline unsigned va_walk_depth(unsigned said, unsigned levels)
{
	return said < levels ? said : levels;
}

/* levels: 4 or 5 (of the stream header). The walk after, and the entry before as a one-step view. */
void va_walk_after(const struct vmatlas_fault *fault, unsigned levels, struct va_walk *out);
bool va_walk_before(const struct vmatlas_fault *fault, unsigned levels, struct va_step *out); /* false: no level was read */

/*
 * bad: not resolved. Where a page was there before (its entry was a present leaf): spurious = nothing changed and the access was allowed; cow = a write got another frame
 * (also instead of the zero page); reuse = a write made the same frame writable; numa-hint = the kernel had closed the entry (PROT_NONE) only to see who comes, and
 * opened it again, maybe with a frame of another node; unshare = get_user_pages() for reading made a copy. Where none was: swap-in = the entry named a place in swap; huge = the new
 * leaf is above the PTE; demand-zero = anonymous (a read may get the zero page); file = file mapping, also the first write to a private
 * one, whose copy the kernel makes straight from the page cache. All else (migration, no walk after): other.
 */
enum va_fault_kind va_fault_kind(const struct vmatlas_record *rec, unsigned levels);
/* vma: the model's VMA at addr, or start == end == 0 for none */
enum va_bad_reason va_bad_reason(const struct vmatlas_record *rec, __u64 vma_flags, bool vma_known, __u64 vma_file_end);

#endif
