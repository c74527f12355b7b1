/* What a fault's walk means: indices, allocated tables, kinds, reasons. */
#include "unit/build.h"

#include <signal.h>

#include "walk.h"

#define P 1ull
#define RW 2ull
#define US 4ull
#define A 0x20ull
#define D 0x40ull
#define PSE 0x80ull
#define PROTNONE 0x100ull
#define NX (1ull << 63)
#define TABLE 0x67ull
#define LEAF(pfn) ((pfn) << 12 | P | US | A)

/* A read of an anonymous page; `before` stood at depth. */
static struct vmatlas_record fault(__u8 depth, __u64 before, __u64 after)
{
	struct vmatlas_record r = a_fault(1, 1, 0x7f1234567000, after);

	r.head.flags = VMATLAS_F_ANON;
	r.fault.depth_before = depth;
	r.fault.before = before;
	return r;
}

static enum va_fault_kind kind(struct vmatlas_record r, unsigned flags)
{
	r.head.flags |= (__u16)flags;
	return va_fault_kind(&r, 4);
}

static enum va_fault_kind file_kind(struct vmatlas_record r, unsigned flags)
{
	r.head.flags &= (__u16)~VMATLAS_F_ANON;
	return kind(r, flags);
}

static void indices_are_the_address_bits(void **state)
{
	__u64 seed = 3;

	for (unsigned i = 0; i < 1000; i++) {
		__u64 addr = next_random(&seed);

		assert_int_equal(va_index_in(0, addr, 5), addr >> 48 & 511);
		assert_int_equal(va_index_in(0, addr, 4), addr >> 39 & 511);
		assert_int_equal(va_index_in(1, addr, 5), addr >> 39 & 511);
		assert_int_equal(va_index_in(2, addr, 4), addr >> 30 & 511);
		assert_int_equal(va_index_in(3, addr, 5), addr >> 21 & 511);
		assert_int_equal(va_index_in(4, addr, 4), addr >> 12 & 511);
	}
	assert_int_equal(va_top_shift(4), 48);
	assert_int_equal(va_top_shift(5), 57);
	assert_int_equal(va_level_size(3), 2 << 20);
}

static void walks_leave_the_folded_level_out(void **state)
{
	struct vmatlas_record r = fault(2, 0, LEAF(0x1234));
	struct va_walk w;

	va_walk_after(&r.fault, 4, &w);
	assert_int_equal(w.steps, 4);
	assert_true(w.complete);
	assert_int_equal(w.page_size, 4096);
	assert_int_equal(w.pfn, 0x1234);
	static const unsigned levels[] = { 0, 2, 3, 4 };

	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(w.step[i].level, levels[i]);
		assert_int_equal(w.step[i].allocated, i >= 2); /* two levels could be read before */
		assert_int_equal(w.step[i].leaf, i == 3);
	}
	r.fault.entry[1] = TABLE;
	r.fault.depth_after = 5;
	va_walk_after(&r.fault, 5, &w);
	assert_int_equal(w.steps, 5);
	assert_int_equal(w.step[1].level, 1);
	assert_int_equal(w.step[1].index, 0x7f1234567000 >> 39 & 511);
	assert_string_equal(va_level_name(w.step[1].level), "P4D");
}

static void walks_that_stop(void **state)
{
	struct vmatlas_record r = fault(2, 0, 0);
	struct va_walk w;
	struct va_step before;

	r.fault.depth_after = 2;
	va_walk_after(&r.fault, 4, &w);
	assert_int_equal(w.steps, 2);
	assert_false(w.complete);
	assert_true(va_walk_before(&r.fault, 4, &before));
	assert_int_equal(before.level, 2);
	r.fault.depth_before = 0;
	assert_false(va_walk_before(&r.fault, 4, &before));
	r.fault.depth_after = 200; /* hostile */
	va_walk_after(&r.fault, 4, &w);
	assert_int_equal(w.steps, 4);
}

static void frames_of_huge_pages(void **state)
{
	struct vmatlas_record r = fault(3, 0, 0);
	struct va_walk w;

	r.fault.addr = 0x7f1234567000;
	r.fault.entry[3] = 0x40000000 | 1 << 12 | PSE | P; /* bit 12 is PAT there, not the frame */
	r.fault.depth_after = 3;
	va_walk_after(&r.fault, 4, &w);
	assert_true(w.complete);
	assert_int_equal(w.page_size, 2 << 20);
	assert_int_equal(w.pfn, 0x40000 + (0x7f1234567000 >> 12 & 511));
	assert_int_equal(kind(r, 0), VA_FAULT_HUGE);
	assert_int_equal(va_entry_of_part(0x40000000 | PSE | P | RW, 5), 0x40005000 | P | RW);
	assert_int_equal(va_entry_pfn(va_entry_of_part((~0x40000000ull & 0xfffffffe00000) | PSE | PROTNONE, 5)), 0x40005);
}

static void prot_none_hides_the_frame(void **state)
{
	__u64 entry = (~(0x1234ull << 12) & 0xffffffffff000) | PROTNONE;

	assert_true(va_entry_present(entry));
	assert_int_equal(va_entry_pfn(entry), 0x1234);
	assert_false(va_entry_writable(entry | RW));
	assert_false(va_entry_present(0));
	assert_false(va_entry_present(0x3ull << 59 | 0x7000)); /* a place in swap */
}

static void kinds(void **state)
{
	const unsigned w = VMATLAS_F_WRITE;
	const __u64 swap = 1ull << 59 | 0x123400;
	struct vmatlas_record r;

	assert_int_equal(kind(fault(4, 0, LEAF(5ull) | RW | D), w), VA_FAULT_DEMAND_ZERO);
	assert_int_equal(kind(fault(1, 0, LEAF(5ull)), VMATLAS_F_ZERO_PAGE), VA_FAULT_DEMAND_ZERO);
	assert_int_equal(file_kind(fault(4, 0, LEAF(5ull)), 0), VA_FAULT_FILE);
	assert_int_equal(file_kind(fault(4, 0, LEAF(5ull) | RW | D), w), VA_FAULT_FILE);
	assert_int_equal(kind(fault(4, LEAF(5ull), LEAF(6ull) | RW | D), w), VA_FAULT_COW);
	assert_int_equal(file_kind(fault(4, LEAF(5ull), LEAF(6ull) | RW | D), w), VA_FAULT_COW);
	assert_int_equal(kind(fault(4, LEAF(5ull), LEAF(6ull)), VMATLAS_F_GUP), VA_FAULT_UNSHARE);
	assert_int_equal(kind(fault(4, LEAF(5ull), LEAF(6ull)), 0), VA_FAULT_OTHER);
	assert_int_equal(kind(fault(4, LEAF(5ull), LEAF(6ull) | D), w | VMATLAS_F_GUP), VA_FAULT_COW); /* by ptrace, into what may only be read */
	assert_int_equal(kind(fault(4, LEAF(5ull), LEAF(5ull) | RW | D), w), VA_FAULT_REUSE);
	assert_int_equal(kind(fault(4, swap, LEAF(5ull) | RW), w), VA_FAULT_SWAP_IN);
	assert_int_equal(kind(fault(4, 30ull << 59 | 0x1200, LEAF(5ull)), 0), VA_FAULT_OTHER); /* migration */
	assert_int_equal(kind(fault(4, LEAF(5ull) | RW, LEAF(5ull) | RW | D), w), VA_FAULT_SPURIOUS);
	assert_int_equal(kind(fault(4, LEAF(5ull), LEAF(5ull)), 0), VA_FAULT_SPURIOUS);
	assert_int_equal(kind(fault(4, LEAF(5ull), LEAF(5ull)), w), VA_FAULT_OTHER); /* still not writable */
	assert_int_equal(kind(fault(4, LEAF(5ull) | NX, LEAF(5ull) | NX), VMATLAS_F_INSTR), VA_FAULT_OTHER);
	assert_int_equal(kind(fault(4, (~(5ull << 12) & 0xffffffffff000) | PROTNONE, LEAF(5ull)), 0), VA_FAULT_NUMA_HINT);
	assert_int_equal(kind(fault(4, (~(5ull << 12) & 0xffffffffff000) | PROTNONE, LEAF(6ull) | RW | D), w), VA_FAULT_NUMA_HINT); /* moved */
	assert_int_equal(kind(fault(4, (~(5ull << 12) & 0xffffffffff000) | PROTNONE, (~(5ull << 12) & 0xffffffffff000) | PROTNONE), 0), VA_FAULT_OTHER);
	assert_int_equal(kind(fault(4, 0, LEAF(5ull)), VMATLAS_F_BAD), VA_FAULT_BAD);
	assert_int_equal(kind(fault(4, 0, 0), 0), VA_FAULT_OTHER);
	r = fault(4, 0, LEAF(5ull));
	r.head.flags = 0;
	r.fault.vma_start = r.fault.vma_end = 0;
	assert_int_equal(va_fault_kind(&r, 4), VA_FAULT_OTHER);
	/* A huge page that is written to after fork: its frame changes, or it becomes small. */
	r = fault(3, 0x40000000 | PSE | P, 0);
	r.fault.entry[3] = 0x60000000 | PSE | P | RW;
	r.fault.depth_after = 3;
	assert_int_equal(kind(r, w), VA_FAULT_COW);
	r = fault(3, 0x40000000 | PSE | P, LEAF(0x777ull) | RW);
	assert_int_equal(kind(r, w), VA_FAULT_COW);
}

static void every_kind_has_a_name(void **state)
{
	for (unsigned a = 0; a < VA_FAULT_KINDS; a++)
		for (unsigned b = 0; b < a; b++)
			assert_string_not_equal(va_fault_kind_name(a), va_fault_kind_name(b));
	assert_string_equal(va_fault_kind_name(VA_FAULT_SWAP_IN), "swap-in");
}

static enum va_bad_reason reason(__u64 addr, unsigned flags, __u8 signal, __u8 code, __u64 vma_flags, bool known, __u64 file_end)
{
	struct vmatlas_record r = fault(1, 0, 0);

	r.head.flags = (__u16)(VMATLAS_F_BAD | flags);
	r.fault.addr = addr;
	r.fault.depth_after = 1;
	r.fault.vma_start = r.fault.vma_end = 0;
	r.fault.signal = signal;
	r.fault.si_code = code;
	return va_bad_reason(&r, vma_flags, known, file_end);
}

static void reasons(void **state)
{
	const unsigned w = VMATLAS_F_WRITE, x = VMATLAS_F_INSTR;

	assert_int_equal(reason(0x1000, 0, SIGSEGV, SEGV_MAPERR, 0, false, 0), VA_BAD_UNMAPPED);
	assert_int_equal(reason(0x1000, w, SIGSEGV, SEGV_ACCERR, 1, true, 0), VA_BAD_PROTECTION);
	assert_int_equal(reason(0x1000, x, SIGSEGV, SEGV_ACCERR, 3, true, 0), VA_BAD_PROTECTION);
	assert_int_equal(reason(0x5000, 0, SIGBUS, BUS_ADRERR, 1, true, 0x3000), VA_BAD_BEYOND_EOF);
	assert_int_equal(reason(0x5000, 0, SIGBUS, BUS_MCEERR_AR, 3, true, 0), VA_BAD_POISON);
	assert_int_equal(reason(0x5000, VMATLAS_F_ANON, SIGBUS, BUS_ADRERR, 3, true, 0), VA_BAD_NO_PAGE);
	assert_int_equal(reason(0x5000, VMATLAS_F_HUGETLB, SIGBUS, BUS_ADRERR, 3, true, 0x200000), VA_BAD_NO_PAGE);
	assert_int_equal(reason(0x5000, VMATLAS_F_HUGETLB, SIGBUS, BUS_ADRERR, 3, true, 0x5000), VA_BAD_BEYOND_EOF);
	assert_int_equal(reason(0x5000, VMATLAS_F_KERNEL, 0, 0, 1, true, 0x3000), VA_BAD_BEYOND_EOF);
	assert_int_equal(reason(0x1000, VMATLAS_F_KERNEL | w, 0, 0, 1, true, 0), VA_BAD_PROTECTION);
	assert_int_equal(reason(0x1000, VMATLAS_F_KERNEL, 0, 0, 0, false, 0), VA_BAD_UNMAPPED);
	assert_int_equal(reason(0xffffffff81000000, 0, SIGSEGV, SEGV_MAPERR, 0, false, 0), VA_BAD_KERNEL);
	assert_int_equal(reason(0x0123000000000000, 0, SIGSEGV, SEGV_MAPERR, 0, false, 0), VA_BAD_NON_CANONICAL);
	assert_int_equal(reason(0, 0, SIGSEGV, 0x80, 0, false, 0), VA_BAD_NON_CANONICAL); /* #GP: SI_KERNEL, no address */
	struct vmatlas_record good = fault(4, 0, LEAF(5ull));

	assert_int_equal(va_bad_reason(&good, 3, true, 0), VA_BAD_NONE);
	assert_string_equal(va_bad_reason_name(VA_BAD_BEYOND_EOF), "beyond-eof");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(indices_are_the_address_bits), cmocka_unit_test(walks_leave_the_folded_level_out),
		cmocka_unit_test(walks_that_stop), cmocka_unit_test(frames_of_huge_pages), cmocka_unit_test(prot_none_hides_the_frame),
		cmocka_unit_test(kinds), cmocka_unit_test(every_kind_has_a_name), cmocka_unit_test(reasons),
	};

	return RUN(tests);
}
