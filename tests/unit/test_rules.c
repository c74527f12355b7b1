/* The model's rules one by one: truth, loss, pages, forks, tasks. */
#include "unit/build.h"

#include <asm/unistd_64.h>
#include <sys/mman.h>

#define VM_READ 1ull
#define VM_WRITE 2ull
#define VM_RW 3ull
#define VM_SHARED 8ull
#define TOP (~0ull)

static void a_range_is_applied_as_a_whole(void **state)
{
	struct va_model *m = new_model();
	__u64 one[] = { 0x400000, 0x410000 };

	whole_map(m, 10, 1, one, 1);
	apply(m, a_range(20, 1, 2, 0x400000, 0x410000, 2));
	apply(m, a_vma(20, 1, 2, 0, 0x400000, 0x404000, VM_RW));
	assert_int_equal(va_mm_vma_count(va_model_mm(m, 1)), 1); /* not yet */
	apply(m, a_vma(20, 1, 2, 1, 0x408000, 0x410000, VM_RW));
	assert_int_equal(va_mm_vma_count(va_model_mm(m, 1)), 2);
	apply(m, a_range(30, 1, 3, 0x400000, 0x410000, 0));
	assert_int_equal(va_mm_vma_count(va_model_mm(m, 1)), 0);
	va_model_free(m);
}

static void whole_in_pieces(void **state)
{
	struct va_model *m = new_model();
	struct vmatlas_record r = a_range(10, 1, 1, 0, 0x500000, 1);

	r.head.flags = VMATLAS_F_SNAPSHOT | VMATLAS_F_MORE;
	apply(m, r);
	apply(m, a_vma(10, 1, 1, 0, 0x400000, 0x500000, VM_RW));
	assert_false(va_mm_complete(va_model_mm(m, 1)));
	assert_int_equal(va_mm_page(va_model_mm(m, 1), 0x7000000).certainty, VA_PAGE_UNKNOWN);
	r = a_range(11, 1, 2, 0x500000, 0x7ffffffff000, 0);
	r.head.flags = VMATLAS_F_SNAPSHOT;
	apply(m, r);
	assert_true(va_mm_complete(va_model_mm(m, 1)));
	assert_int_equal(va_mm_page(va_model_mm(m, 1), 0x7000000).certainty, VA_PAGE_ABSENT);
	va_model_free(m);
}

static void an_interrupted_range_leaves_its_area_stale(void **state)
{
	struct va_model *m = new_model();
	__u64 two[] = { 0x400000, 0x410000, 0x800000, 0x810000 };

	whole_map(m, 10, 1, two, 2);
	apply(m, a_range(20, 1, 2, 0x400000, 0x410000, 2));
	apply(m, a_vma(20, 1, 2, 0, 0x400000, 0x404000, VM_RW));
	apply(m, a_range(30, 1, 3, 0x800000, 0x810000, 0));
	assert_true(va_mm_stale(va_model_mm(m, 1)));
	assert_int_equal(va_mm_vma_count(va_model_mm(m, 1)), 1);
	assert_true(va_mm_vma(va_model_mm(m, 1), 0)->stale);
	apply(m, a_range(40, 1, 4, 0x400000, 0x410000, 1));
	apply(m, a_vma(40, 1, 4, 0, 0x400000, 0x402000, VM_RW));
	assert_false(va_mm_stale(va_model_mm(m, 1)));
	assert_false(va_mm_vma(va_model_mm(m, 1), 0)->stale);
	assert_int_equal(va_model_counts(m)->healed, 1);
	va_model_free(m);
}

static struct vmatlas_record a_loss(__u64 ts, __u32 channel, __u64 count)
{
	struct vmatlas_record r = a_record(VMATLAS_LOSS, ts, 0);

	r.head.tgid = r.head.tid = 0;
	r.loss.count = count;
	r.loss.channel = channel;
	return r;
}

static void lost_truth_is_healed_piece_by_piece(void **state)
{
	struct va_model *m = new_model();
	__u64 two[] = { 0x400000, 0x410000, 0x800000, 0x810000 };

	whole_map(m, 10, 1, two, 2);
	apply(m, a_loss(20, VMATLAS_CHANNEL_TRUTH, 3));
	assert_true(va_mm_stale(va_model_mm(m, 1)));
	assert_int_equal(va_model_counts(m)->lost, 3);
	assert_int_equal(va_mm_page(va_model_mm(m, 1), 0x900000).certainty, VA_PAGE_UNKNOWN);
	apply(m, a_range(30, 1, 2, 0x400000, 0x410000, 0));
	assert_true(va_mm_stale(va_model_mm(m, 1)));
	assert_true(va_mm_vma(va_model_mm(m, 1), 0)->stale);
	whole_map(m, 40, 3, two, 2);
	assert_false(va_mm_stale(va_model_mm(m, 1)));
	assert_int_equal(va_model_counts(m)->healed, 1);
	va_model_free(m);
}

static void lost_faults_make_residency_unsure(void **state)
{
	struct va_model *m = new_model();

	whole_map(m, 10, 1, NULL, 0);
	apply(m, a_range(20, 1, 2, 0x400000, 0x410000, 1));
	apply(m, a_vma(20, 1, 2, 0, 0x400000, 0x410000, VM_RW));
	apply(m, a_fault(30, 1, 0x400000, an_entry(5)));
	assert_int_equal(va_mm_page(va_model_mm(m, 1), 0x400000).certainty, VA_PAGE_SEEN);
	assert_int_equal(va_mm_page(va_model_mm(m, 1), 0x401000).certainty, VA_PAGE_ABSENT);
	apply(m, a_loss(40, VMATLAS_CHANNEL_FAULTS, 1));
	assert_int_equal(va_mm_page(va_model_mm(m, 1), 0x400000).certainty, VA_PAGE_UNKNOWN);
	assert_int_equal(va_mm_page(va_model_mm(m, 1), 0x401000).certainty, VA_PAGE_UNKNOWN);
	assert_false(va_mm_stale(va_model_mm(m, 1)));
	apply(m, a_fault(50, 1, 0x401000, an_entry(6)));
	assert_int_equal(va_mm_page(va_model_mm(m, 1), 0x401000).certainty, VA_PAGE_SEEN);
	va_model_free(m);
}

static void born_and_changed(void **state)
{
	struct va_model *m = new_model();
	__u64 one[] = { 0x400000, 0x410000 };

	whole_map(m, 10, 1, one, 1);
	apply(m, a_range(20, 1, 2, 0x400000, 0x410000, 2)); /* mprotect of the upper half */
	apply(m, a_vma(20, 1, 2, 0, 0x400000, 0x408000, VM_RW));
	apply(m, a_vma(20, 1, 2, 1, 0x408000, 0x410000, VM_READ));
	const struct va_vma *v = va_mm_vma_at(va_model_mm(m, 1), 0x408000);

	assert_int_equal(v->born, 10);
	assert_int_equal(v->changed, 20);
	apply(m, a_range(30, 1, 3, 0x3f0000, 0x420000, 3)); /* told again, with a new neighbour */
	apply(m, a_vma(30, 1, 3, 0, 0x3f0000, 0x3f8000, VM_RW));
	apply(m, a_vma(30, 1, 3, 1, 0x400000, 0x408000, VM_RW));
	apply(m, a_vma(30, 1, 3, 2, 0x408000, 0x410000, VM_READ));
	assert_int_equal(va_mm_vma_at(va_model_mm(m, 1), 0x400000)->changed, 20);
	assert_int_equal(va_mm_vma_at(va_model_mm(m, 1), 0x3f0000)->born, 30);
	assert_int_equal(va_mm_page(va_model_mm(m, 1), 0x3f0000).certainty, VA_PAGE_ABSENT);
	assert_int_equal(va_mm_page(va_model_mm(m, 1), 0x400000).certainty, VA_PAGE_UNKNOWN);
	va_model_free(m);
}

static void madvise_and_map_fixed_empty_pages(void **state)
{
	struct va_model *m = new_model();
	__u64 one[] = { 0x400000, 0x410000 };

	whole_map(m, 10, 1, one, 1);
	for (__u64 i = 0; i < 16; i++)
		apply(m, a_fault(20 + i, 1, 0x400000 + i * PAGE, an_entry(100 + i)));
	apply(m, an_op(50, 1, __NR_madvise, 0x400000, 4 * PAGE, MADV_DONTNEED, 0, -22)); /* failed: nothing */
	assert_int_equal(va_mm_resident(va_model_mm(m, 1), 0x400000, 0x410000), 16);
	apply(m, an_op(60, 1, __NR_madvise, 0x400000, 4 * PAGE - 5, MADV_DONTNEED, 0, 0));
	assert_int_equal(va_mm_resident(va_model_mm(m, 1), 0x400000, 0x410000), 12);
	apply(m, an_op(70, 1, __NR_madvise, 0x404000, PAGE, MADV_FREE, 0, 0));
	assert_int_equal(va_mm_page(va_model_mm(m, 1), 0x404000).certainty, VA_PAGE_DERIVED);
	assert_int_equal(va_mm_page(va_model_mm(m, 1), 0x405000).certainty, VA_PAGE_SEEN);
	apply(m, an_op(80, 1, __NR_mmap, 0x408000, 4 * PAGE, 3, MAP_FIXED | MAP_ANONYMOUS | MAP_PRIVATE, 0x408000));
	assert_int_equal(va_mm_resident(va_model_mm(m, 1), 0x400000, 0x410000), 8);
	va_model_free(m);
}

/* mremap: the map's truth comes first (old place gone, new place there), then the call tells where the pages went. */
static void mremap_moves_pages(void **state)
{
	struct va_model *m = new_model();
	__u64 one[] = { 0x400000, 0x404000 };

	whole_map(m, 10, 1, one, 1);
	for (__u64 i = 0; i < 4; i++)
		apply(m, a_fault(20 + i, 1, 0x400000 + i * PAGE, an_entry(100 + i)));
	struct vmatlas_record r = a_range(40, 1, 2, 0x400000, 0x808000, 1);

	r.range.nr = __NR_mremap;
	apply(m, r);
	apply(m, a_vma(40, 1, 2, 0, 0x800000, 0x808000, VM_RW));
	apply(m, a_fault(41, 1, 0x801000, an_entry(7))); /* another thread was faster than the call's end */
	r = an_op(50, 1, __NR_mremap, 0x400000, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE, 0x800000);
	r.op.begin = 30;
	apply(m, r);
	const struct va_mm *mm = va_model_mm(m, 1);

	assert_int_equal(va_mm_resident(mm, 0x400000, 0x404000), 0);
	assert_int_equal(va_mm_resident(mm, 0x800000, 0x808000), 4);
	assert_int_equal(va_mm_page(mm, 0x800000).certainty, VA_PAGE_DERIVED);
	assert_int_equal(va_mm_page(mm, 0x803000).entry, an_entry(103));
	assert_int_equal(va_mm_page(mm, 0x801000).entry, an_entry(7));
	va_model_free(m);
}

static void mremap_dontunmap_leaves_nothing_behind(void **state)
{
	struct va_model *m = new_model();
	__u64 one[] = { 0x400000, 0x404000 };

	whole_map(m, 10, 1, one, 1);
	apply(m, a_fault(20, 1, 0x401000, an_entry(9)));
	struct vmatlas_record r = a_range(40, 1, 2, 0x800000, 0x804000, 1);

	r.range.nr = __NR_mremap;
	apply(m, r);
	apply(m, a_vma(40, 1, 2, 0, 0x800000, 0x804000, VM_RW));
	r = an_op(50, 1, __NR_mremap, 0x400000, 4 * PAGE, 4 * PAGE, 5, 0x800000);
	r.op.begin = 30;
	apply(m, r);
	assert_int_equal(va_mm_resident(va_model_mm(m, 1), 0x400000, 0x404000), 0);
	assert_int_equal(va_mm_page(va_model_mm(m, 1), 0x801000).entry, an_entry(9));
	va_model_free(m);
}

/* Where the module tells what it finds in both ranges, nothing is guessed: another thread may have unmapped the new place before the call's end. */
static void mremap_is_not_guessed_where_it_is_told(void **state)
{
	struct va_model *m = new_model();
	__u64 one[] = { 0x400000, 0x404000 };
	struct vmatlas_record r = a_record(VMATLAS_SWEEP, 15, 1);

	whole_map(m, 10, 1, one, 1);
	r.sweep = (struct vmatlas_sweep){ .lo = 0x400000, .hi = 0x404000, .since = 12, .kind = VMATLAS_SWEEP_TOLD };
	apply(m, r);
	apply(m, a_fault(20, 1, 0x401000, an_entry(9)));
	r = a_range(40, 1, 2, 0x400000, 0x808000, 1);
	r.range.nr = __NR_mremap;
	apply(m, r);
	apply(m, a_vma(40, 1, 2, 0, 0x800000, 0x804000, VM_RW));
	apply(m, a_range(42, 1, 3, 0x800000, 0x804000, 0));
	r = an_op(50, 1, __NR_mremap, 0x400000, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE, 0x800000);
	r.op.begin = 30;
	apply(m, r);
	apply(m, a_range(60, 1, 4, 0x800000, 0x804000, 1));
	apply(m, a_vma(60, 1, 4, 0, 0x800000, 0x804000, VM_RW));
	assert_false(va_mm_page(va_model_mm(m, 1), 0x801000).present);
	va_model_free(m);
}

static void fork_shares_private_pages_read_only(void **state)
{
	struct va_model *m = new_model();
	struct vmatlas_record r;

	apply(m, a_task(5, 1, 100, 100, "parent"));
	r = a_range(10, 1, 1, 0, TOP, 2);
	r.head.flags = VMATLAS_F_SNAPSHOT;
	apply(m, r);
	apply(m, a_vma(10, 1, 1, 0, 0x400000, 0x404000, VM_RW));
	apply(m, a_vma(10, 1, 1, 1, 0x800000, 0x804000, VM_RW | VM_SHARED));
	apply(m, a_fault(20, 1, 0x400000, an_entry(100)));
	apply(m, a_fault(21, 1, 0x800000, an_entry(200)));
	apply(m, a_fork(30, 1, 101, 2));
	assert_int_equal(va_mm_vma_count(va_model_mm(m, 2)), 2); /* as the parent's, not yet sure */
	assert_false(va_mm_complete(va_model_mm(m, 2)));
	assert_true(va_mm_vma(va_model_mm(m, 2), 0)->stale);
	r = a_range(31, 2, 2, 0, TOP, 2);
	r.head.flags = VMATLAS_F_SNAPSHOT;
	apply(m, r);
	apply(m, a_vma(31, 2, 2, 0, 0x400000, 0x404000, VM_RW));
	apply(m, a_vma(31, 2, 2, 1, 0x800000, 0x804000, VM_RW | VM_SHARED));
	struct va_page parent = va_mm_page(va_model_mm(m, 1), 0x400000), child = va_mm_page(va_model_mm(m, 2), 0x400000);

	assert_int_equal(child.entry, an_entry(100) & ~2ull);
	assert_int_equal(child.certainty, VA_PAGE_DERIVED);
	assert_int_equal(parent.entry, an_entry(100) & ~2ull);
	assert_int_equal(va_mm_page(va_model_mm(m, 1), 0x800000).entry, an_entry(200));
	assert_false(va_mm_page(va_model_mm(m, 2), 0x800000).present);
	assert_int_equal(va_mm_page(va_model_mm(m, 2), 0x801000).certainty, VA_PAGE_ABSENT);
	assert_false(va_mm_vma(va_model_mm(m, 2), 0)->stale);
	assert_int_equal(va_mm_vma(va_model_mm(m, 2), 0)->born, 30);
	assert_int_equal(va_model_mm_of(m, 101) == va_model_mm(m, 2), 1);
	assert_int_equal(va_model_find_task(m, 101)->ppid, 100);
	apply(m, a_fault(40, 2, 0x400000, an_entry(300)));
	assert_int_equal(va_mm_page(va_model_mm(m, 1), 0x400000).entry, an_entry(100) & ~2ull);
	va_model_free(m);
}

/* Anonymous memory that was only read has no anon_vma, and is not copied; what had one and shows the zero page again, is. Nobody said which. */
static void fork_is_not_sure_of_zero_pages(void **state)
{
	static const __u64 zero = 0x8000000000003225ull; /* special, read-only */
	struct va_model *m = new_model();
	__u64 two[] = { 0x400000, 0x404000, 0x800000, 0x804000 };

	whole_map(m, 10, 1, two, 2);
	for (__u32 i = 0; i < 4; i++)
		apply(m, a_fault(20 + i, 1, 0x400000 + (i & 1) * PAGE + (i & 2) * 0x200000, i == 3 ? an_entry(9) : zero));
	apply(m, a_fork(30, 1, 101, 2));
	for (__u32 i = 0; i < 3; i++)
		assert_int_equal(va_mm_page(va_model_mm(m, 2), 0x400000 + i * PAGE).certainty, VA_PAGE_UNKNOWN);
	for (__u32 i = 0; i < 2; i++)
		assert_int_equal(va_mm_page(va_model_mm(m, 2), 0x800000 + i * PAGE).certainty, VA_PAGE_DERIVED);
	va_model_free(m);
}

/* Of a private file mapping only what was written to is copied; also when RELRO has closed it, and by the grandchild too. */
static void fork_copies_files_only_when_written(void **state)
{
	struct va_model *m = new_model();

	apply(m, a_range(10, 1, 1, 0, TOP, 2));
	for (__u32 i = 0; i < 2; i++) {
		struct vmatlas_record v = a_vma(10, 1, 1, i, 0x400000 + i * 0x100000, 0x404000 + i * 0x100000, VM_RW);

		v.head.flags = 0;
		v.vma.name_kind = VMATLAS_NAME_PATH;
		v.vma.inode = 5 + i;
		apply(m, v);
		v = a_fault(20 + i, 1, 0x400000 + i * 0x100000, an_entry(100 + i) & ~2ull);
		v.head.flags = i ? VMATLAS_F_WRITE : 0;
		apply(m, v);
	}
	apply(m, a_fork(30, 1, 101, 2));
	apply(m, a_range(31, 2, 2, 0x500000, 0x504000, 1));
	struct vmatlas_record v = a_vma(31, 2, 2, 0, 0x500000, 0x504000, VM_READ);

	v.head.flags = 0;
	v.vma.name_kind = VMATLAS_NAME_PATH;
	v.vma.inode = 6;
	apply(m, v);
	apply(m, a_fork(40, 2, 102, 3));
	for (__u32 mm = 2; mm <= 3; mm++) {
		assert_false(va_mm_page(va_model_mm(m, mm), 0x400000).present);
		assert_true(va_mm_page(va_model_mm(m, mm), 0x500000).present);
	}
	va_model_free(m);
}

static void tasks_live_and_die(void **state)
{
	struct va_model *m = new_model();
	struct vmatlas_record r;

	apply(m, a_task(5, 1, 100, 100, "main"));
	assert_int_equal(va_model_target(m), 100);
	r = a_fork(10, 1, 100, 1);
	r.fork.child_tid = 101; /* a thread */
	apply(m, r);
	apply(m, a_fork(11, 1, 200, 2));
	assert_int_equal(va_model_task_count(m), 3);
	r = a_record(VMATLAS_EXEC, 12, 3);
	r.head.tgid = r.head.tid = 200;
	memcpy(r.exec.comm, "sixteen-bytes-ok", 16);
	apply(m, r);
	assert_string_equal(va_model_find_task(m, 200)->comm, "sixteen-bytes-ok");
	assert_int_equal(va_model_find_task(m, 200)->mm, 3);
	r = a_record(VMATLAS_EXIT, 20, 0);
	r.head.tid = 100;
	r.head.aux = 256;
	apply(m, r);
	assert_int_equal(va_model_find_task(m, 100)->end, 20);
	assert_int_equal(va_model_find_task(m, 100)->exit_code, 256);
	assert_int_equal(va_model_find_task(m, 100)->mm, 0);
	assert_int_equal(va_model_find_task(m, 101)->end, 0);
	r = a_record(VMATLAS_EXIT, 21, 0);
	r.head.tid = 102; /* never seen; but the process is over */
	r.head.flags = VMATLAS_F_GROUP;
	apply(m, r);
	assert_int_equal(va_model_find_task(m, 101)->end, 21);
	assert_int_equal(va_model_find_task(m, 200)->end, 0);
	apply(m, a_fork(30, 2, 100, 9)); /* the number comes again */
	assert_int_equal(va_model_find_task(m, 100)->begin, 30);
	assert_int_equal(va_model_task_count(m), 4);
	va_model_free(m);
}

static void maps_end_and_stay(void **state)
{
	struct va_model *m = new_model();
	__u64 one[] = { 0x400000, 0x410000 };

	whole_map(m, 10, 1, one, 1);
	apply(m, a_record(VMATLAS_MM_END, 20, 1));
	assert_true(va_mm_ended(va_model_mm(m, 1)));
	assert_int_equal(va_mm_vma_count(va_model_mm(m, 1)), 1);
	apply(m, a_fault(30, 1, 0x400000, an_entry(1)));
	assert_int_equal(va_mm_resident(va_model_mm(m, 1), 0, 1ull << 47), 0);
	va_model_free(m);
}

static void huge_pages(void **state)
{
	struct va_model *m = new_model();
	__u64 one[] = { 0x40000000, 0x40800000 };
	struct vmatlas_record r = a_fault(20, 1, 0x40212345, 0);

	whole_map(m, 10, 1, one, 1);
	r.fault.entry[3] = 0x80000000000000e7ull | 0x1200000; /* PSE */
	r.fault.depth_before = r.fault.depth_after = 3;
	apply(m, r);
	const struct va_mm *mm = va_model_mm(m, 1);

	assert_int_equal(va_mm_resident(mm, 0x40000000, 0x40800000), 512);
	assert_int_equal(va_mm_page(mm, 0x40200000).level, 3);
	assert_int_equal(va_mm_resident(mm, 0x40200000, 0x40210000), 16);
	apply(m, a_range(30, 1, 2, 0x40000000, 0x40800000, 2)); /* a hole of one page: the leaf is split */
	apply(m, a_vma(30, 1, 2, 0, 0x40000000, 0x40300000, VM_RW));
	apply(m, a_vma(30, 1, 2, 1, 0x40301000, 0x40800000, VM_RW));
	mm = va_model_mm(m, 1);
	assert_int_equal(va_mm_resident(mm, 0x40000000, 0x40800000), 511);
	struct va_page p = va_mm_page(mm, 0x40302000);

	assert_int_equal(p.level, 4);
	assert_int_equal(p.certainty, VA_PAGE_DERIVED);
	assert_int_equal(p.entry >> 12 & 0xffffffff, 0x1200000 / PAGE + 0x102);
	assert_int_equal(va_mm_page(mm, 0x40300000).certainty, VA_PAGE_ABSENT);
	va_model_free(m);
}

static bool count_leaf(void *ctx, __u64 addr, const struct va_page *page)
{
	unsigned *n = ctx;

	assert_int_equal(page->level, 2);
	assert_int_equal(addr, 0x40000000);
	++*n;
	return true;
}

static void gigantic_pages_are_one_leaf(void **state)
{
	struct va_model *m = new_model();
	__u64 one[] = { 0x40000000, 0x80000000 };
	struct vmatlas_record r = a_record(VMATLAS_PAGES, 20, 1);
	unsigned n = 0;

	whole_map(m, 10, 1, one, 1);
	r.pages.addr = 0x40000000;
	r.pages.level = 2;
	r.pages.count = 1;
	r.pages.entry[0] = 0x800000c0000000e7ull;
	apply(m, r);
	assert_int_equal(va_model_counts(m)->invalid, 0);
	assert_int_equal(va_mm_resident(va_model_mm(m, 1), 0x40000000, 0x80000000), 1 << 18);
	va_mm_each_page(va_model_mm(m, 1), 0, 1ull << 47, count_leaf, &n);
	assert_int_equal(n, 1);
	va_model_free(m);
}

static void tables_are_remembered(void **state)
{
	struct va_model *m = new_model();
	__u64 one[] = { 0x400000, 0x410000 }, ts;

	whole_map(m, 10, 1, one, 1);
	apply(m, a_fault(20, 1, 0x401000, an_entry(5)));
	const struct va_mm *mm = va_model_mm(m, 1);

	assert_int_equal(va_mm_table_entry(mm, 0, 0x401000, &ts), 0x1000067);
	assert_int_equal(ts, 20);
	assert_int_equal(va_mm_table_entry(mm, 1, 0x401000, NULL), 0); /* folded */
	assert_int_equal(va_mm_table_entry(mm, 2, 0x401000, NULL), 0x2000067);
	assert_int_equal(va_mm_table_entry(mm, 3, 0x401000, NULL), 0x3000067);
	assert_int_equal(va_mm_table_entry(mm, 3, 0x40000000, NULL), 0);
	assert_int_equal(va_mm_table_entry(mm, 0, 0x8000000000, NULL), 0); /* another PGD entry */
	assert_int_equal(va_mm_table_entry(mm, 9, 0, NULL), 0);
	va_model_free(m);
}

static void fault_around_is_derived(void **state)
{
	struct va_model *m = new_model();
	__u64 one[] = { 0x403000, 0x420000 };
	struct vmatlas_record r = a_fault(20, 1, 0x405123, an_entry(50));

	whole_map(m, 10, 1, one, 1);
	r.fault.vma_start = 0x403000;
	r.fault.vma_end = 0x420000;
	r.fault.around = 0x8007; /* pages 0, 1, 2, 15 from 0x403000 */
	apply(m, r);
	const struct va_mm *mm = va_model_mm(m, 1);

	assert_int_equal(va_mm_resident(mm, 0x403000, 0x420000), 4);
	assert_int_equal(va_mm_page(mm, 0x405000).certainty, VA_PAGE_SEEN);
	assert_int_equal(va_mm_page(mm, 0x403000).certainty, VA_PAGE_DERIVED);
	assert_int_equal(va_mm_page(mm, 0x404000).certainty, VA_PAGE_DERIVED);
	assert_true(va_mm_page(mm, 0x412000).present);
	va_model_free(m);
}

static struct vmatlas_record a_sweep(__u64 ts, unsigned kind, __u64 lo, __u64 hi, __u64 since)
{
	struct vmatlas_record r = a_record(VMATLAS_SWEEP, ts, 1);

	r.sweep = (struct vmatlas_sweep){ .lo = lo, .hi = hi, .since = since, .kind = kind };
	return r;
}

static void check_page(struct va_model *m, __u64 addr, unsigned certainty)
{
	assert_int_equal(va_mm_page(va_model_mm(m, 1), addr).certainty, certainty);
}

static void a_sweep_tells_what_is_not_there(void **state)
{
	struct va_model *m = new_model();
	__u64 one[] = { 0x400000, 0x440000 };

	whole_map(m, 10, 1, one, 1);
	apply(m, a_fault(20, 1, 0x401000, an_entry(1)));
	apply(m, a_fault(30, 1, 0x402000, an_entry(2)));
	check_page(m, 0x403000, VA_PAGE_UNKNOWN);
	apply(m, a_sweep(40, VMATLAS_SWEEP_TOLD, 0x400000, 0x410000, 25)); /* read since 25: the first had gone by then */
	check_page(m, 0x401000, VA_PAGE_ABSENT);
	check_page(m, 0x402000, VA_PAGE_SEEN);
	check_page(m, 0x403000, VA_PAGE_ABSENT);
	check_page(m, 0x410000, VA_PAGE_UNKNOWN);
	apply(m, a_sweep(50, VMATLAS_SWEEP_ACCESS, 0x402000, 0x404000, 0));
	check_page(m, 0x402000, VA_PAGE_DERIVED);
	check_page(m, 0x403000, VA_PAGE_ABSENT);
	apply(m, a_sweep(60, VMATLAS_SWEEP_SWAP, 0x400000, 0x410000, 0));
	check_page(m, 0x402000, VA_PAGE_DERIVED);
	apply(m, a_sweep(70, 9, 0x400000, 0x410000, 0));
	assert_int_equal(va_model_counts(m)->invalid, 1);
	va_model_free(m);
}

static void a_doubt_outlives_a_report_begun_before_it(void **state)
{
	struct va_model *m = new_model();
	__u64 one[] = { 0x400000, 0x440000 };

	whole_map(m, 10, 1, one, 1);
	apply(m, a_fault(20, 1, 0x402000, an_entry(2)));
	apply(m, a_sweep(30, VMATLAS_SWEEP_DOUBT, 0x402000, 0x404000, 0));
	check_page(m, 0x402000, VA_PAGE_UNKNOWN);
	assert_true(va_mm_page(va_model_mm(m, 1), 0x402000).present); /* as last known */
	apply(m, a_sweep(40, VMATLAS_SWEEP_TOLD, 0x400000, 0x440000, 25));
	check_page(m, 0x401000, VA_PAGE_ABSENT);
	check_page(m, 0x403000, VA_PAGE_UNKNOWN);
	apply(m, a_sweep(50, VMATLAS_SWEEP_TOLD, 0x400000, 0x440000, 35));
	check_page(m, 0x402000, VA_PAGE_ABSENT);
	check_page(m, 0x403000, VA_PAGE_ABSENT);
	for (__u64 i = 0; i < 20; i++) /* more than are remembered */
		apply(m, a_sweep(60 + i, VMATLAS_SWEEP_DOUBT, 0x410000 + i * 0x1000, 0x411000 + i * 0x1000, 0));
	apply(m, a_sweep(90, VMATLAS_SWEEP_TOLD, 0x400000, 0x440000, 61));
	check_page(m, 0x410000, VA_PAGE_UNKNOWN);
	apply(m, a_sweep(91, VMATLAS_SWEEP_TOLD, 0x400000, 0x440000, 85));
	check_page(m, 0x410000, VA_PAGE_ABSENT);
	va_model_free(m);
}

static void a_blind_map_is_never_certain(void **state)
{
	struct va_model *m = new_model();
	struct vmatlas_record layout = a_record(VMATLAS_MM_LAYOUT, 15, 1);
	__u64 one[] = { 0x400000, 0x440000 };

	whole_map(m, 10, 1, one, 1);
	layout.head.flags = VMATLAS_F_BLIND;
	apply(m, layout);
	apply(m, a_fault(20, 1, 0x402000, an_entry(2)));
	apply(m, a_sweep(30, VMATLAS_SWEEP_TOLD, 0x400000, 0x440000, 17));
	check_page(m, 0x402000, VA_PAGE_DERIVED);
	check_page(m, 0x403000, VA_PAGE_UNKNOWN);
	layout.head.ts = 40;
	layout.head.flags = 0;
	apply(m, layout); /* what was told while it was blind stays in doubt */
	check_page(m, 0x402000, VA_PAGE_UNKNOWN);
	apply(m, a_sweep(60, VMATLAS_SWEEP_TOLD, 0x400000, 0x440000, 50));
	check_page(m, 0x403000, VA_PAGE_ABSENT);
	va_model_free(m);
}

/* A huge page that migrates: an entry at the PMD that names no frame and no table. */
static void an_entry_above_the_pte_that_is_not_present(void **state)
{
	struct va_model *m = new_model();
	struct vmatlas_record r = a_record(VMATLAS_PAGES, 20, 1);
	__u64 one[] = { 0x400000, 0x800000 };

	whole_map(m, 10, 1, one, 1);
	r.pages = (struct vmatlas_pages){ .addr = 0x400000, .level = 3, .count = 1, .entry = { 0x67ull | 1ull << 7 } };
	apply(m, r);
	assert_int_equal(va_mm_resident(va_model_mm(m, 1), 0x400000, 0x600000), 512);
	r.head.ts = 30;
	r.pages.entry[0] = 30ull << 59 | 0x600;
	apply(m, r);
	assert_int_equal(va_mm_resident(va_model_mm(m, 1), 0x400000, 0x600000), 0);
	check_page(m, 0x401000, VA_PAGE_SEEN);
	assert_false(va_mm_page(va_model_mm(m, 1), 0x401000).present);
	r.head.ts = 40;
	r.pages.entry[0] = 0;
	apply(m, r); /* not even a table */
	check_page(m, 0x401000, VA_PAGE_ABSENT);
	va_model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_is_applied_as_a_whole), cmocka_unit_test(whole_in_pieces),
		cmocka_unit_test(an_interrupted_range_leaves_its_area_stale),
		cmocka_unit_test(lost_truth_is_healed_piece_by_piece), cmocka_unit_test(lost_faults_make_residency_unsure),
		cmocka_unit_test(born_and_changed), cmocka_unit_test(madvise_and_map_fixed_empty_pages),
		cmocka_unit_test(mremap_moves_pages), cmocka_unit_test(mremap_dontunmap_leaves_nothing_behind),
		cmocka_unit_test(mremap_is_not_guessed_where_it_is_told), cmocka_unit_test(fork_is_not_sure_of_zero_pages),
		cmocka_unit_test(fork_shares_private_pages_read_only), cmocka_unit_test(fork_copies_files_only_when_written),
		cmocka_unit_test(tasks_live_and_die), cmocka_unit_test(maps_end_and_stay), cmocka_unit_test(huge_pages),
		cmocka_unit_test(gigantic_pages_are_one_leaf), cmocka_unit_test(tables_are_remembered),
		cmocka_unit_test(fault_around_is_derived), cmocka_unit_test(a_sweep_tells_what_is_not_there),
		cmocka_unit_test(a_doubt_outlives_a_report_begun_before_it), cmocka_unit_test(a_blind_map_is_never_certain),
		cmocka_unit_test(an_entry_above_the_pte_that_is_not_present),
	};

	return RUN(tests);
}
