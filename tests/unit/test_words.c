/* What is said of a fault where its kind alone does not tell: where the page came from, who answered, why there was none. */
#include "unit/build.h"

#include "walk.h"
#include "words.h"

#include <signal.h>

#define START 0x40000000ull
#define END 0x40010000ull
#define SHARED 8ull
#define UFFD_MISSING 0x200ull
#define UFFD_WP 0x1000ull
#define MAJOR 4u
#define RW 2ull
#define PROTNONE 0x100ull
#define FRAMES 0x000ffffffffff000ull

static char said[512];

/* The sentence has this, for a fault that found `before` in the last table, in a VMA with these flags. */
static void expect(struct vmatlas_record r, __u64 before, __u64 vma_flags, const char *part)
{
	struct va_model *m = new_model();
	struct vmatlas_record v = a_vma(20, 1, 2, 0, START, END, 3 | vma_flags);

	if (vma_flags & SHARED)
		v.vma.inode = 7;
	whole_map(m, 10, 1, NULL, 0);
	apply(m, a_range(20, 1, 2, START, END, 1));
	apply(m, v);
	r.fault.before = before;
	r.fault.depth_before = r.fault.depth_after;
	va_words_fault(said, sizeof(said), &r, 4, va_model_mm(m, 1), "/data");
	if (!strstr(said, part))
		fail_msg("'%s' has no '%s'", said, part);
	va_model_free(m);
}

static struct vmatlas_record fault(__u64 after, unsigned flags, unsigned result)
{
	struct vmatlas_record r = a_fault(30, 1, START, after);

	r.head.flags |= (__u16)flags;
	r.fault.result = result;
	return r;
}

static void where_it_came_from(void **state)
{
	const __u64 place = 1ull << 59 | 0x123400;
	struct vmatlas_record file = fault(an_entry(5), 0, MAJOR);

	expect(fault(an_entry(5), 0, MAJOR), place, 0, "reads it back");
	expect(fault(an_entry(5), 0, 0), place, 0, "swap cache");
	file.head.flags &= (__u16)~VMATLAS_F_ANON;
	expect(file, 0, 0, "read from disk");
	file.fault.result = 0;
	expect(file, 0, 0, "nothing had to be read");
}

static void huge_pages(void **state)
{
	struct vmatlas_record r = fault(0, 0, 0);

	r.fault.entry[3] = an_entry(0x600) | 0x80;
	r.fault.depth_after = 3;
	expect(r, 0, 0, "a whole huge page: ");
	r.head.flags |= VMATLAS_F_HUGETLB;
	expect(r, 0, 0, "kept in reserve");
}

static void numa_hints(void **state)
{
	const __u64 closed = (~(5ull << 12) & FRAMES) | PROTNONE;

	expect(fault(an_entry(5), 0, 0), closed, 0, "opens it again.");
	expect(fault(an_entry(6), 0, 0), closed, 0, "a frame of another node");
}

static void who_answered(void **state)
{
	const unsigned again = VMATLAS_F_RETRIED, w = VMATLAS_F_WRITE;

	expect(fault(an_entry(5), again, 0), 0, UFFD_MISSING, "gave the page");
	expect(fault(an_entry(5) | RW, again | w, 0), an_entry(5) & ~RW, UFFD_WP, "let it write");
	expect(fault(an_entry(5), again, 0), 0, 0, "First touch");
	expect(fault(an_entry(5), 0, 0), 0, UFFD_MISSING, "First touch");
	expect(fault(an_entry(5) | RW, w, 0), an_entry(5) & ~RW, 0, "only makes the entry writable");
	expect(fault(an_entry(5) | RW, w, 0), an_entry(5) & ~RW, SHARED, "the file system is told");
}

static void why_there_is_none(void **state)
{
	struct vmatlas_record r = fault(0, VMATLAS_F_BAD, 0);

	r.fault.signal = SIGBUS;
	r.fault.si_code = BUS_ADRERR;
	r.fault.vma_start = START;
	r.fault.vma_end = END;
	expect(r, 0, 0, "no page to give. The kernel sends SIGBUS");
	r.fault.si_code = BUS_MCEERR_AR;
	expect(r, 0, 0, "broken");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_it_came_from), cmocka_unit_test(huge_pages), cmocka_unit_test(numa_hints), cmocka_unit_test(who_answered), cmocka_unit_test(why_there_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
