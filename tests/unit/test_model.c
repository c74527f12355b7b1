/* The model against a map that is an array of pages, and against hostile records. */
#include "unit/build.h"

#include "runs.h"

#include <asm/unistd_64.h>
#include <sys/mman.h>

/* --- against an oracle ---------------------------------------------------------------------------------------------- */

#define PAGES 256
#define BASE 0x10000000ull

struct cell { /* what the oracle knows of one page of the map */
	__u8 flags;  /* VM_*; 0 = no VMA */
	__u8 group;  /* VMAs of different groups never merge */
	__u64 resident, born;
};

struct oracle {
	struct cell cell[PAGES];
};

static bool same_vma(const struct cell *a, const struct cell *b)
{
	return a->flags == b->flags && a->group == b->group;
}

/* Tells the model about [lo, hi), in pages, widened to whole VMAs, as the kernel would. */
static void tell(struct va_model *m, const struct oracle *o, unsigned lo, unsigned hi, __u64 ts, __u32 seq)
{
	struct vmatlas_record vmas[PAGES];
	__u32 n = 0;

	while (lo > 0 && o->cell[lo].flags && same_vma(&o->cell[lo - 1], &o->cell[lo]))
		lo--;
	while (hi < PAGES && o->cell[hi - 1].flags && same_vma(&o->cell[hi - 1], &o->cell[hi]))
		hi++;
	for (unsigned i = lo; i < hi;) {
		unsigned end = i + 1;

		while (end < hi && same_vma(&o->cell[i], &o->cell[end]))
			end++;
		if (o->cell[i].flags) {
			vmas[n] = a_vma(ts, 1, seq, n, BASE + i * PAGE, BASE + end * PAGE, o->cell[i].flags & 0x7f);
			vmas[n].vma.name_kind = VMATLAS_NAME_PATH;
			vmas[n].vma.inode = o->cell[i].group;
			vmas[n].head.flags = 0;
			n++;
		}
		i = end;
	}
	apply(m, a_range(ts, 1, seq, BASE + lo * PAGE, BASE + hi * PAGE, n));
	for (__u32 i = 0; i < n; i++)
		apply(m, vmas[i]);
}

static void check_cell(const struct va_mm *mm, const struct oracle *o, unsigned i)
{
	const struct cell *c = &o->cell[i];
	const struct va_vma *v = va_mm_vma_at(mm, BASE + i * PAGE + 123);
	struct va_page p = va_mm_page(mm, BASE + i * PAGE);

	if (!c->flags) {
		assert_null(v);
		assert_false(p.present);
		assert_int_equal(p.certainty, VA_PAGE_ABSENT);
		return;
	}
	assert_non_null(v);
	assert_int_equal(v->vm_flags, c->flags & 0x7f);
	assert_int_equal(v->inode, c->group);
	assert_int_equal(p.present, c->resident != 0);
	if (c->resident)
		assert_int_equal(p.entry >> 12 & 0xfffff, c->resident);
}

static void check_map(const struct va_model *m, const struct oracle *o)
{
	const struct va_mm *mm = va_model_mm(m, 1);
	__u64 resident = 0;

	for (unsigned i = 0; i < PAGES; i++) {
		check_cell(mm, o, i);
		resident += o->cell[i].resident != 0;
	}
	assert_int_equal(va_mm_resident(mm, BASE, BASE + PAGES * PAGE), resident);
	for (size_t i = 1; i < va_mm_vma_count(mm); i++)
		assert_true(va_mm_vma(mm, i - 1)->end <= va_mm_vma(mm, i)->start);
	assert_false(va_mm_stale(mm));
}

static void random_change(struct va_model *m, struct oracle *o, __u64 *seed, __u64 ts, __u32 seq)
{
	unsigned lo = (unsigned)pick(seed, PAGES), n = 1 + (unsigned)pick(seed, 30), hi = lo + n < PAGES ? lo + n : PAGES;
	__u8 group = (__u8)(1 + pick(seed, 3)), flags = (__u8)(1 + pick(seed, 3));
	unsigned what = (unsigned)pick(seed, 4);

	for (unsigned i = lo; i < hi; i++) {
		struct cell *c = &o->cell[i];

		if (what == 0) /* munmap */
			*c = (struct cell){ 0 };
		else if (what == 1 && c->flags) /* mprotect */
			c->flags = flags;
		else if (what >= 2) /* mmap MAP_FIXED of a file: the file's own place, so that groups tell files apart */
			*c = (struct cell){ .flags = flags, .group = group, .resident = c->flags && c->group == group ? c->resident : 0 };
	}
	tell(m, o, lo, hi, ts, seq);
}

static void random_touch(struct va_model *m, struct oracle *o, __u64 *seed, __u64 ts)
{
	unsigned i = (unsigned)pick(seed, PAGES);

	/* A fault where nothing is mapped must leave no page. */
	if (o->cell[i].flags)
		o->cell[i].resident = 1 + pick(seed, 1000);
	apply(m, a_fault(ts, 1, BASE + i * PAGE + pick(seed, PAGE), an_entry(o->cell[i].flags ? o->cell[i].resident : 9)));
}

static void random_operations(void **state)
{
	for (__u64 seed = 1; seed <= 12; seed++) {
		struct va_model *m = new_model();
		struct oracle o = { 0 };
		__u64 s = seed, ts = 100;

		whole_map(m, ts, 1, NULL, 0);
		for (__u32 i = 2; i < 1500; i++, ts += 10) {
			if (pick(&s, 3))
				random_touch(m, &o, &s, ts);
			else
				random_change(m, &o, &s, ts, i);
			if (i % 16 == 0)
				check_map(m, &o);
		}
		check_map(m, &o);
		assert_int_equal(va_model_counts(m)->invalid, 0);
		assert_int_equal(va_model_counts(m)->stray, 0);
		va_model_free(m);
	}
}

/* Clones taken on the way must stay as they were, and the original must not notice them. */
static void clones_are_isolated(void **state)
{
	struct va_model *m = new_model(), *clones[8];
	struct oracle o = { 0 }, then[8];
	__u64 s = 99, ts = 100, pictures[8];

	whole_map(m, ts, 1, NULL, 0);
	for (__u32 i = 2; i < 2000; i++, ts += 10) {
		if (i % 250 == 0) {
			clones[i / 250] = va_model_clone(m);
			then[i / 250] = o;
			pictures[i / 250] = picture(m, 1);
		}
		if (pick(&s, 3))
			random_touch(m, &o, &s, ts);
		else
			random_change(m, &o, &s, ts, i);
	}
	check_map(m, &o);
	for (unsigned c = 1; c < 8; c++) {
		check_map(clones[c], &then[c]);
		assert_true(picture(clones[c], 1) == pictures[c]);
		random_change(clones[c], &then[c], &s, ts, 9000 + c);
		check_map(clones[c], &then[c]);
		check_map(m, &o);
		va_model_free(clones[c]);
	}
	va_model_free(m);
}

/* --- hostile ------------------------------------------------------------------------------------------------------------ */

static void expect_invalid(struct va_model *m, struct vmatlas_record rec)
{
	__u64 before = va_model_counts(m)->invalid;
	size_t vmas = va_mm_vma_count(va_model_mm(m, 1));

	apply(m, rec);
	assert_int_equal(va_model_counts(m)->invalid, before + 1);
	assert_int_equal(va_mm_vma_count(va_model_mm(m, 1)), vmas);
}

static void hostile_records_change_nothing(void **state)
{
	struct va_model *m = new_model();
	__u64 one[] = { 0x400000, 0x410000 };
	struct vmatlas_record r;

	whole_map(m, 10, 1, one, 1);
	expect_invalid(m, a_range(20, 1, 2, 0x410000, 0x400000, 0));
	expect_invalid(m, a_range(20, 1, 2, 0x400000, 0x400000, 0));
	expect_invalid(m, a_range(20, 1, 2, 0x400001, 0x410000, 0));
	expect_invalid(m, a_range(20, 1, 2, 0x400000, 0x410000, 0xffffffff));
	expect_invalid(m, a_range(20, 0, 2, 0x400000, 0x410000, 0));
	expect_invalid(m, a_range(20, 1, 2, 1ull << 60, (1ull << 60) + PAGE, 0));
	expect_invalid(m, a_vma(20, 1, 2, 0, 0x410000, 0x400000, 3));
	expect_invalid(m, a_vma(20, 1, 2, 0, 0x400000, 1ull << 60, 3));
	r = a_fault(20, 1, 0x400000, an_entry(1));
	r.fault.depth_after = 9;
	expect_invalid(m, r);
	r = a_record(VMATLAS_PAGES, 20, 1);
	r.pages.level = 9;
	r.pages.count = 1;
	expect_invalid(m, r);
	r.pages.level = 4;
	r.pages.count = 11;
	expect_invalid(m, r);
	r.pages.count = 10;
	r.pages.addr = (1ull << 56) - PAGE;
	expect_invalid(m, r);
	r = a_record(99, 20, 1);
	expect_invalid(m, r);
	r.head.type = 0xffff;
	expect_invalid(m, r);
	r = a_fork(20, 1, 0, 2);
	expect_invalid(m, r);
	assert_false(va_mm_stale(va_model_mm(m, 1)));
	va_model_free(m);
}

static void vmas_out_of_order_are_refused(void **state)
{
	struct va_model *m = new_model();
	__u64 one[] = { 0x400000, 0x410000 };

	whole_map(m, 10, 1, one, 1);
	apply(m, a_range(20, 1, 2, 0x400000, 0x410000, 2));
	expect_invalid(m, a_vma(20, 1, 2, 1, 0x400000, 0x404000, 3)); /* index */
	apply(m, a_range(20, 1, 3, 0x400000, 0x410000, 2));
	apply(m, a_vma(20, 1, 3, 0, 0x404000, 0x408000, 3));
	expect_invalid(m, a_vma(20, 1, 3, 1, 0x406000, 0x40a000, 3)); /* overlap */
	apply(m, a_range(20, 1, 4, 0x400000, 0x410000, 1));
	expect_invalid(m, a_vma(20, 1, 4, 0, 0x400000, 0x411000, 3)); /* beyond hi */
	apply(m, a_range(20, 1, 5, 0x400000, 0x410000, 1));
	expect_invalid(m, a_vma(20, 1, 6, 0, 0x400000, 0x410000, 3)); /* of another RANGE */
	assert_true(va_mm_stale(va_model_mm(m, 1)));
	apply(m, a_vma(20, 1, 7, 0, 0x400000, 0x410000, 3)); /* no RANGE at all */
	assert_int_equal(va_model_counts(m)->stray, 1);
	va_model_free(m);
}

/* The page tables are copied some time before FORK is told: what another thread changed meanwhile, the child does not have. */
static void fork_copies_what_stood_then(void **state)
{
	struct va_model *m = new_model();
	__u64 one[] = { 0x400000, 0x410000 };
	struct vmatlas_record r;
	const struct va_mm *child;

	whole_map(m, 10, 1, one, 1);
	apply(m, a_fault(20, 1, 0x400000, an_entry(7)));
	apply(m, a_fault(30, 1, 0x401000, an_entry(8))); /* behind the copying */
	r = a_fork(40, 1, 100, 2);
	r.fork.copied = 25;
	apply(m, r);
	child = va_model_mm(m, 2);
	assert_int_equal(va_mm_page(child, 0x400000).certainty, VA_PAGE_DERIVED);
	assert_int_equal(va_mm_page(child, 0x401000).certainty, VA_PAGE_UNKNOWN);
	r = a_fork(50, 1, 101, 3);
	r.fork.copied = 1; /* not known */
	apply(m, r);
	assert_int_equal(va_mm_page(va_model_mm(m, 3), 0x400000).certainty, VA_PAGE_UNKNOWN);
	r = a_fork(60, 1, 102, 4); /* an older module does not say */
	apply(m, r);
	assert_int_equal(va_mm_page(va_model_mm(m, 4), 0x401000).certainty, VA_PAGE_DERIVED);
	va_model_free(m);
}

/* A private file mapping: one that was only read begins empty in a child, one that was written to does not, and of a write that failed nobody knows. */
static void fork_of_a_file_written_in_vain(void **state)
{
	static const struct { unsigned flags; int state; } cases[] = {
		{ 0, VA_STATE_ABSENT }, { VMATLAS_F_WRITE, VA_STATE_DERIVED }, { VMATLAS_F_WRITE | VMATLAS_F_BAD, VA_STATE_UNKNOWN },
	};

	for (unsigned i = 0; i < 3; i++) {
		struct va_model *m = new_model();
		struct vmatlas_record r = a_vma(10, 1, 1, 0, 0x400000, 0x410000, 3);

		apply(m, a_range(10, 1, 1, 0x400000, 0x410000, 1));
		r.head.flags &= ~VMATLAS_F_ANON;
		apply(m, r);
		r = a_fault(20, 1, 0x400000, 0x7025); /* present, for reading */
		r.head.flags = 0;
		apply(m, r);
		r = a_fault(21, 1, 0x405000, 0x8025);
		r.head.flags = cases[i].flags;
		apply(m, r);
		apply(m, a_fork(40, 1, 100, 2));
		assert_int_equal(va_run_at(va_model_mm(m, 2), 0x400000, 0x401000).state, cases[i].state);
		va_model_free(m);
	}
}

/* The same once more by mmap() over one that was written to: the new one was not. Its neighbours, which the RANGE tells too, are the old ones. */
static void fork_of_a_file_mapped_over(void **state)
{
	static const struct { __u64 lo, hi; __u32 nr; int state; } cases[] = {
		{ 0x3ff000, 0x411000, __NR_mmap, VA_STATE_UNKNOWN }, { 0x3ff000, 0x411000, __NR_mremap, VA_STATE_UNKNOWN },
		{ 0x3ff000, 0x411000, __NR_mprotect, VA_STATE_DERIVED }, { 0x400000, 0x411000, __NR_mmap, VA_STATE_DERIVED },
		{ 0x3ff000, 0x410000, __NR_mmap, VA_STATE_DERIVED },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct va_model *m = new_model();
		struct vmatlas_record vma = a_vma(10, 1, 1, 0, 0x400000, 0x410000, 3), r = a_fault(20, 1, 0x405000, 0x8027);

		vma.head.flags &= ~VMATLAS_F_ANON;
		apply(m, a_range(10, 1, 1, 0x400000, 0x410000, 1));
		apply(m, vma);
		r.head.flags = VMATLAS_F_WRITE;
		apply(m, r);
		r = a_range(30, 1, 2, cases[i].lo, cases[i].hi, 1);
		r.range.nr = cases[i].nr;
		apply(m, r);
		vma.head.ts = 30;
		vma.head.aux = 2;
		apply(m, vma);
		r = a_fault(35, 1, 0x400000, 0x7025);
		r.head.flags = 0;
		apply(m, r);
		apply(m, a_fork(40, 1, 100, 2));
		assert_int_equal(va_run_at(va_model_mm(m, 2), 0x400000, 0x401000).state, cases[i].state);
		va_model_free(m);
	}
}

/* Anything at all: nothing crashes, memory stays bounded by the input, every record is counted once. */
static void random_bytes(void **state)
{
	struct va_model *m = new_model();
	__u64 seed = 4711;
	static const __u64 places[] = { 0, 0x400000, 0x401000, 0x7ffffffff000, 1ull << 47, 1ull << 56, ~0ull, 0xfff };

	for (unsigned i = 0; i < 60000; i++) {
		struct vmatlas_record r;
		__u64 *words = (__u64 *)&r;

		for (unsigned w = 0; w < sizeof(r) / 8; w++)
			words[w] = pick(&seed, 3) ? places[pick(&seed, 8)] : pick(&seed, 4) ? pick(&seed, 8) : next_random(&seed);
		r.head.type = (__u16)(1 + pick(&seed, 15));
		r.head.mm = pick(&seed, 50) ? (__u32)pick(&seed, 4) : (__u32)next_random(&seed);
		if (r.head.type == VMATLAS_RANGE)
			r.range.count = (__u32)pick(&seed, 4);
		if (pick(&seed, 2)) {
			r.head.aux = 7;
			r.vma.index = (__u32)pick(&seed, 3);
		}
		va_model_apply(m, &r);
		if (i % 1000 == 0)
			picture(m, 4);
	}
	__u64 sum = va_model_counts(m)->invalid;

	for (unsigned t = 0; t < VMATLAS_TYPE_LIMIT; t++)
		sum += va_model_counts(m)->by_type[t];
	assert_int_equal(sum, 60000);
	va_model_free(m);
}

static void unknown_maps_are_left_alone(void **state)
{
	struct va_model *m = new_model();

	apply(m, a_fault(10, 77, 0x400000, an_entry(1)));
	apply(m, an_op(11, 77, __NR_madvise, 0x400000, PAGE, MADV_DONTNEED, 0, 0));
	assert_null(va_model_mm(m, 77));
	assert_int_equal(va_model_counts(m)->minor, 1);
	assert_int_equal(va_model_task_count(m), 0);
	assert_int_equal(va_model_target(m), 0);
	va_model_free(m);
}

/* A fault beyond the end of a file: SIGBUS, but the kernel has mapped what it found around. */
static void bad_faults_map_around(void **state)
{
	struct va_model *m = new_model();
	__u64 one[] = { 0x400000, 0x410000 };
	struct vmatlas_record r = a_fault(20, 1, 0x40e000, 0);

	whole_map(m, 10, 1, one, 1);
	r.head.flags = VMATLAS_F_BAD;
	r.fault.vma_start = 0x400000;
	r.fault.vma_end = 0x410000;
	r.fault.around = 6;
	apply(m, r);
	assert_false(va_mm_page(va_model_mm(m, 1), 0x400000).present);
	assert_true(va_mm_page(va_model_mm(m, 1), 0x401000).present);
	assert_int_equal(va_mm_page(va_model_mm(m, 1), 0x402000).certainty, VA_PAGE_DERIVED);
	assert_int_equal(va_mm_page(va_model_mm(m, 1), 0x40e000).certainty, VA_PAGE_UNKNOWN);
	va_model_free(m);
}

/* Bit 58 is another thing in each: written to before it became read-only, memory of a device. */
static void dirty_as_the_kernel_means_it(void **state)
{
	static const struct {
		const char *release;
		bool saved;
	} kernels[] = { { "6.12.117+deb12-amd64", true }, { "6.6.0", true }, { "6.5.0-44-generic", false }, { "6.1.0-56-amd64", false }, { "none", false } };
	const __u64 clean = an_entry(7) & ~0x42ull;
	__u64 one[] = { 0x400000, 0x410000 };

	for (size_t i = 0; i < sizeof(kernels) / sizeof(*kernels); i++) {
		struct vmatlas_stream_header h = a_header();
		struct va_model *m;
		const struct va_mm *mm;
		struct va_page page;

		memset(h.release, 0, sizeof(h.release));
		strcpy(h.release, kernels[i].release);
		m = va_model_new(&h, NULL);
		whole_map(m, 10, 1, one, 1);
		for (unsigned n = 0; n < 4; n++)
			apply(m, a_fault(20 + n, 1, 0x400000 + n * PAGE, clean | (n & 1 ? 1ull << 58 : 0) | (n & 2 ? 0x40 : 0)));
		mm = va_model_mm(m, 1);
		for (unsigned n = 0; n < 4; n++) {
			page = va_mm_page(mm, 0x400000 + n * PAGE);
			assert_int_equal(va_mm_page_dirty(mm, &page), n & 2 || (n && kernels[i].saved));
			assert_int_equal(va_mm_page_written(mm, &page), n & 2 || (n && kernels[i].saved));
		}
		page.entry = clean | 2;
		assert_false(va_mm_page_dirty(mm, &page));
		assert_true(va_mm_page_written(mm, &page));
		va_model_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations), cmocka_unit_test(clones_are_isolated),
		cmocka_unit_test(hostile_records_change_nothing), cmocka_unit_test(vmas_out_of_order_are_refused),
		cmocka_unit_test(fork_copies_what_stood_then),
		cmocka_unit_test(fork_of_a_file_written_in_vain),
		cmocka_unit_test(fork_of_a_file_mapped_over),
		cmocka_unit_test(random_bytes), cmocka_unit_test(unknown_maps_are_left_alone),
		cmocka_unit_test(bad_faults_map_around), cmocka_unit_test(dirty_as_the_kernel_means_it),
	};

	return RUN(tests);
}
