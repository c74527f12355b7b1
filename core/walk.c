/* See walk.h. */
#include "walk.h"

#include <signal.h>

/* Bits of a page-table entry, Intel SDM vol. 3, 4.5; arch/x86/include/asm/pgtable_types.h. */
#define P VA_ENTRY_P
#define RW (1ull << 1)
#define ACCESSED (1ull << 5)
#define DIRTY (1ull << 6)
#define PSE VA_ENTRY_PSE
#define PROTNONE VA_ENTRY_PROTNONE
#define SPECIAL (1ull << 9)  /* _PAGE_SPECIAL; at the PTE only */
#define SAVED_DIRTY (1ull << 58) /* from 6.6 on */
#define NX (1ull << 63)
#define PFN_BITS 0x000ffffffffff000ull

#define SWAP_TYPE(entry) ((unsigned)((entry) >> 59))
#define SWAP_TYPES_OF_FILES 22 /* MAX_SWAPFILES (6.1: 22, 6.12: 23): the types above are migration, poison, device memory, markers */

#define VM_FAULT_MAJOR 4 /* include/linux/mm_types.h */
#define PF_WRITE (1u << 1) /* hardware error code, Intel SDM vol. 3, 4.7 */

static const char *const level_names[] = { "PGD", "P4D", "PUD", "PMD", "PTE" };

const char *va_level_name(unsigned level)
{
	return level < VMATLAS_LEVELS ? level_names[level] : "?";
}

unsigned va_level_shift_in(unsigned level, unsigned levels)
{
	return va_level_shift(level == 0 && levels == 4 ? 1 : level);
}

unsigned va_index(unsigned level, __u64 addr)
{
	return (unsigned)(addr >> va_level_shift(level)) & 511;
}

unsigned va_index_in(unsigned level, __u64 addr, unsigned levels)
{
	return (unsigned)(addr >> va_level_shift_in(level, levels)) & 511;
}

unsigned va_top_shift(unsigned levels)
{
	return levels == 5 ? 57 : 48;
}

bool va_entry_writable(__u64 entry)
{
	return (entry & P) && (entry & RW);
}

__u64 va_dirty_bits(unsigned version)
{
	return version >= 606 ? DIRTY | SAVED_DIRTY : DIRTY;
}

bool va_entry_dirty(__u64 entry, __u64 dirty_bits)
{
	return va_entry_present(entry) && (entry & dirty_bits);
}

bool va_entry_accessed(__u64 entry)
{
	return va_entry_present(entry) && (entry & ACCESSED);
}

bool va_entry_written(__u64 entry, __u64 dirty_bits)
{
	return va_entry_present(entry) && (entry & (RW | dirty_bits));
}

bool va_entry_swapped(__u64 entry)
{
	return entry && !va_entry_present(entry) && SWAP_TYPE(entry) < SWAP_TYPES_OF_FILES;
}

__u64 va_entry_readonly(__u64 entry)
{
	return entry & ~RW;
}

/* Entries with P = 0 hold the frame inverted (against L1TF): arch/x86/include/asm/pgtable-invert.h. */
bool va_entry_special(__u64 entry)
{
	return va_entry_present(entry) && entry & SPECIAL;
}

__u64 va_entry_pfn(__u64 entry)
{
	__u64 bits = (entry & P) || !entry ? entry : ~entry;

	return (bits & PFN_BITS) >> 12;
}

__u64 va_entry_pfn_at(unsigned level, __u64 entry, __u64 addr)
{
	__u64 below = level < 4 ? (va_level_size(level) >> 12) - 1 : 0;

	return (va_entry_pfn(entry) & ~below) | (addr >> 12 & below);
}

__u64 va_entry_of_part(__u64 pmd_entry, unsigned part)
{
	__u64 offset = (__u64)part << 12, pfn = pmd_entry & PFN_BITS & ~(va_level_size(3) - 1);
	__u64 bits = pmd_entry & ~(PFN_BITS | PSE);

	return bits | ((pmd_entry & P) ? pfn | offset : pfn | (offset ^ (PFN_BITS & (va_level_size(3) - 1))));
}

static void step_at(const struct vmatlas_fault *f, unsigned place, unsigned levels, __u64 entry, struct va_step *out)
{
	out->level = va_walk_level(place, levels);
	out->index = va_index_in(out->level, f->addr, levels);
	out->entry = entry;
	out->allocated = false;
	out->leaf = va_entry_leaf(out->level, entry);
}

void va_walk_after(const struct vmatlas_fault *f, unsigned levels, struct va_walk *out)
{
	*out = (struct va_walk){ .steps = 0 };
	for (unsigned place = 0; place < va_walk_depth(f->depth_after, levels) && !out->complete; place++) {
		struct va_step *s = &out->step[out->steps++];

		step_at(f, place, levels, f->entry[va_walk_level(place, levels)], s);
		s->allocated = place + 1 > f->depth_before;
		out->complete = s->leaf;
	}
	if (!out->complete)
		return;
	const struct va_step *leaf = &out->step[out->steps - 1];

	out->page_size = va_level_size(leaf->level);
	out->pfn = va_entry_pfn_at(leaf->level, leaf->entry, f->addr);
}

bool va_walk_before(const struct vmatlas_fault *f, unsigned levels, struct va_step *out)
{
	unsigned d = va_walk_depth(f->depth_before, levels);

	if (!d)
		return false;
	step_at(f, d - 1, levels, f->before, out);
	return true;
}

const char *va_fault_kind_name(enum va_fault_kind kind)
{
	static const char *const names[] = {
		[VA_FAULT_DEMAND_ZERO] = "demand-zero", [VA_FAULT_FILE] = "file", [VA_FAULT_COW] = "cow",
		[VA_FAULT_REUSE] = "reuse", [VA_FAULT_SWAP_IN] = "swap-in", [VA_FAULT_HUGE] = "huge",
		[VA_FAULT_NUMA_HINT] = "numa-hint", [VA_FAULT_UNSHARE] = "unshare",
		[VA_FAULT_SPURIOUS] = "spurious", [VA_FAULT_BAD] = "bad", [VA_FAULT_OTHER] = "other",
	};

	return (unsigned)kind < VA_FAULT_KINDS ? names[kind] : "other";
}

bool va_fault_major(const struct vmatlas_record *rec)
{
	if (rec->fault.counted == VMATLAS_COUNTED_UNSAID)
		return rec->fault.result & VM_FAULT_MAJOR;
	return rec->fault.counted == VMATLAS_COUNTED_MAJOR;
}

static bool is_write(const struct vmatlas_record *rec)
{
	return (rec->head.flags & VMATLAS_F_WRITE) || (rec->fault.error & PF_WRITE);
}

/* May the access go ahead with this entry? */
static bool sufficient(const struct vmatlas_record *rec, __u64 entry)
{
	if (!(entry & P) || (is_write(rec) && !(entry & RW)))
		return false;
	return !((rec->head.flags & VMATLAS_F_INSTR) && (entry & NX));
}

/* A page was there before. */
static enum va_fault_kind kind_of_change(const struct vmatlas_record *rec, const struct va_step *b, const struct va_step *a)
{
	const __u64 unimportant = ACCESSED | DIRTY | SAVED_DIRTY; /* what bit 58 meant before 6.6 does not change while the frame stays */
	__u64 addr = rec->fault.addr;
	bool moved;

	/* Had the mapping itself forbidden it, the fault had ended badly, or another thread's mprotect() had opened it first. */
	if ((b->entry & (P | PROTNONE)) == PROTNONE && (a->entry & P))
		return VA_FAULT_NUMA_HINT;
	if (a->level == b->level && !((a->entry ^ b->entry) & ~unimportant))
		return sufficient(rec, a->entry) ? VA_FAULT_SPURIOUS : VA_FAULT_OTHER;
	moved = va_entry_pfn_at(a->level, a->entry, addr) != va_entry_pfn_at(b->level, b->entry, addr);
	if (!is_write(rec))
		return moved && (rec->head.flags & VMATLAS_F_GUP) ? VA_FAULT_UNSHARE : VA_FAULT_OTHER;
	if (moved)
		return VA_FAULT_COW;
	return va_entry_writable(a->entry) && !va_entry_writable(b->entry) ? VA_FAULT_REUSE : VA_FAULT_OTHER;
}

/* Nothing was there before, or something the CPU cannot use. */
static enum va_fault_kind kind_of_new(const struct vmatlas_record *rec, const struct va_step *b, const struct va_step *a)
{
	if (b->entry && !va_entry_present(b->entry) && b->level == 4)
		return SWAP_TYPE(b->entry) < SWAP_TYPES_OF_FILES ? VA_FAULT_SWAP_IN : VA_FAULT_OTHER;
	if (a->level < 4)
		return VA_FAULT_HUGE;
	if (rec->head.flags & VMATLAS_F_ANON)
		return VA_FAULT_DEMAND_ZERO;
	return rec->fault.vma_end ? VA_FAULT_FILE : VA_FAULT_OTHER;
}

/* The last step of the walk after; false: it led to no page. */
static bool leaf_after(const struct vmatlas_fault *f, unsigned levels, struct va_step *leaf)
{
	unsigned depth = va_walk_depth(f->depth_after, levels);

	for (unsigned place = 0; place < depth; place++) {
		unsigned level = va_walk_level(place, levels);

		if (!va_entry_leaf(level, f->entry[level]))
			continue;
		step_at(f, place, levels, f->entry[level], leaf);
		return true;
	}
	return false;
}

enum va_fault_kind va_fault_kind(const struct vmatlas_record *rec, unsigned levels)
{
	struct va_step before = { .level = 0 };
	struct va_step leaf;

	if (rec->head.flags & VMATLAS_F_BAD)
		return VA_FAULT_BAD;
	if (!leaf_after(&rec->fault, levels, &leaf))
		return VA_FAULT_OTHER;
	if (va_walk_before(&rec->fault, levels, &before) && before.leaf)
		return kind_of_change(rec, &before, &leaf);
	return kind_of_new(rec, &before, &leaf);
}

const char *va_bad_reason_name(enum va_bad_reason reason)
{
	switch (reason) {
	case VA_BAD_NONE:
		return "none";
	case VA_BAD_UNMAPPED:
		return "unmapped";
	case VA_BAD_PROTECTION:
		return "protection";
	case VA_BAD_BEYOND_EOF:
		return "beyond-eof";
	case VA_BAD_NON_CANONICAL:
		return "non-canonical";
	case VA_BAD_KERNEL:
		return "kernel";
	case VA_BAD_POISON:
		return "poison";
	case VA_BAD_NO_PAGE:
		return "no-page";
	}
	return "none";
}

static bool allowed(const struct vmatlas_record *rec, __u64 vma_flags)
{
	if (is_write(rec))
		return vma_flags & 2;
	if (rec->head.flags & VMATLAS_F_INSTR)
		return vma_flags & 4;
	return vma_flags & 7;
}

/*
 * The CPU raises #GP for such an address, with no address and no error code: the kernel says SI_KERNEL. What is canonical only with five
 * levels was walked where there are five.
 */
static bool is_non_canonical(const struct vmatlas_fault *f)
{
	if (f->addr >= 1ull << 56 || (f->signal == SIGSEGV && f->si_code == SI_KERNEL))
		return true;
	return f->addr >= 1ull << 47 && !f->depth_before && !f->depth_after;
}

/* SIGBUS where no file ends. Of other files only the kernel knew how long they were at that moment. */
static bool no_page_to_give(const struct vmatlas_record *rec, __u64 vma_file_end)
{
	if (rec->head.flags & VMATLAS_F_ANON)
		return true;
	return (rec->head.flags & VMATLAS_F_HUGETLB) && rec->fault.addr < vma_file_end;
}

enum va_bad_reason va_bad_reason(const struct vmatlas_record *rec, __u64 vma_flags, bool vma_known, __u64 vma_file_end)
{
	const struct vmatlas_fault *f = &rec->fault;

	if (!(rec->head.flags & VMATLAS_F_BAD))
		return VA_BAD_NONE;
	if (f->addr >= 0xff00000000000000ull)
		return VA_BAD_KERNEL;
	if (is_non_canonical(f))
		return VA_BAD_NON_CANONICAL;
	if (!vma_known && !f->vma_end)
		return VA_BAD_UNMAPPED;
	if (f->signal == SIGBUS && (f->si_code == BUS_MCEERR_AR || f->si_code == BUS_MCEERR_AO))
		return VA_BAD_POISON;
	if (f->signal == SIGBUS && f->si_code == BUS_ADRERR)
		return no_page_to_give(rec, vma_file_end) ? VA_BAD_NO_PAGE : VA_BAD_BEYOND_EOF;
	if (f->signal == SIGSEGV && f->si_code == SEGV_MAPERR)
		return VA_BAD_UNMAPPED;
	if (vma_known && allowed(rec, vma_flags) && vma_file_end && f->addr >= vma_file_end)
		return VA_BAD_BEYOND_EOF;
	return VA_BAD_PROTECTION;
}
