/*
 * Page tables as a tree: on real recordings, the tables known after each report of a map are never more than the kernel counted, and as many wherever all was told; a workload
 * that touches one page in each of some regions gets exactly the tables these need, with four levels and with five.
 */
#include "unit/build.h"

#include "tables.h"

static struct va_recording *load(const char *path)
{
	struct va_recording *r = va_recording_new();

	assert_int_equal(va_recording_load(r, path), 0);
	return r;
}

struct sums {
	unsigned equal, fewer, more;
};

/* The moment a map has been reported as it is: the kernel's count in the RANGE is of that moment. */
static bool just_reported(struct va_history *h, size_t i)
{
	__u32 cpu;
	struct vmatlas_record rec = *va_history_record(h, i, &cpu), next;

	if ((rec.head.type != VMATLAS_VMA && rec.head.type != VMATLAS_RANGE) || i + 1 >= va_history_count(h))
		return false;
	next = *va_history_record(h, i + 1, &cpu);
	return next.head.type != VMATLAS_VMA && next.head.ts > rec.head.ts;
}

static void compare(const char *path, struct sums *sums)
{
	struct va_recording *r = load(path);
	struct va_history *h = va_recording_history(r);
	struct va_model *model = va_model_new(va_recording_header(r), va_recording_texts(r));
	__u32 cpu;

	for (size_t i = 0; i < va_history_count(h); i++) {
		struct va_tables_count c;
		__u32 id = va_history_record(h, i, &cpu)->head.mm;

		va_model_apply(model, va_history_record(h, i, &cpu));
		if (!just_reported(h, i) || !va_model_mm(model, id) || !va_mm_complete(va_model_mm(model, id)))
			continue;
		va_tables_count(va_model_mm(model, id), &c);
		assert_true(c.kernel_known);
		sums->equal += c.counted_bytes == c.kernel_bytes;
		sums->fewer += c.counted_bytes < c.kernel_bytes;
		sums->more += c.counted_bytes > c.kernel_bytes;
	}
	va_model_free(model);
	va_recording_free(r);
}

static void never_more_than_the_kernel_counts(void **state)
{
	static const char *const paths[] = { "tests/data/tour.vmatlas", "tests/data/regions4.vmatlas", "tests/data/regions5.vmatlas" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct sums s = { 0 };

		compare(paths[i], &s);
		if (s.more || s.equal < 4 * s.fewer || s.equal < 20)
			fail_msg("%s: %u moments equal, %u with fewer, %u with more tables than the kernel counted", paths[i], s.equal, s.fewer, s.more);
	}
}

static void count_at(struct va_recording *r, const char *mark, struct va_tables_count *out)
{
	struct va_history *h = va_recording_history(r);
	struct va_model *model;
	const struct va_task *task;
	size_t pos = va_history_find_mark(h, mark);

	assert_true(pos != (size_t)-1);
	model = va_history_model_at(h, pos);
	task = va_model_find_task(model, va_model_target(model));
	va_tables_count(va_model_mm(model, task->mm), out);
	va_model_free(model);
}

static void regions(const char *path, const char *name, const unsigned expected[VMATLAS_LEVELS])
{
	struct va_recording *r = load(path);
	struct va_tables_count before, after;
	char mark[32];

	snprintf(mark, sizeof(mark), "%s.tables", name);
	count_at(r, mark, &before);
	snprintf(mark, sizeof(mark), "%s.tables-end", name);
	count_at(r, mark, &after);
	for (unsigned level = 0; level < VMATLAS_LEVELS; level++)
		assert_int_equal(after.seen[level] + after.implied[level] - before.seen[level] - before.implied[level], expected[level]);
	va_recording_free(r);
}

/* See tests/workloads/pages_prime.c: one page each in regions 4 KiB, 2 MiB, 1 GiB, 512 GiB and 256 TiB apart. */
static void one_page_a_region_with_four_levels(void **state)
{
	regions("tests/data/regions4.vmatlas", "r4", (const unsigned[]){ 0, 0, 2, 4, 6 });
}

static void one_page_a_region_with_five_levels(void **state)
{
	regions("tests/data/regions5.vmatlas", "r5", (const unsigned[]){ 0, 1, 4, 6, 8 });
}

/* Each table found from its parent, down to the pages: the same numbers as those counted. */
static void walk_down(const struct va_mm *mm, unsigned level, __u64 addr, unsigned levels, __u64 tables[VMATLAS_LEVELS], __u64 *pages)
{
	struct va_slot *slot = malloc(512 * sizeof(*slot));

	tables[level]++;
	va_table_slots(mm, level, addr, levels, slot);
	for (unsigned i = 0; i < 512; i++) {
		if (slot[i].kind == VA_SLOT_TABLE || slot[i].kind == VA_SLOT_IMPLIED)
			walk_down(mm, va_level_below(level, levels), slot[i].addr, levels, tables, pages);
		*pages += slot[i].kind == VA_SLOT_PAGE ? slot[i].pages : 0;
	}
	free(slot);
}

static void the_tree_holds_what_is_counted(void **state)
{
	static const char *const paths[] = { "tests/data/tour.vmatlas", "tests/data/regions4.vmatlas", "tests/data/regions5.vmatlas" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct va_recording *r = load(paths[i]);
		struct va_history *h = va_recording_history(r);
		unsigned levels = va_recording_header(r)->levels;

		for (size_t pos = 100; pos < va_history_count(h); pos += 101) {
			struct va_model *model = va_history_model_at(h, pos);
			const struct va_mm *mm = va_model_mm_of(model, va_model_target(model));
			__u64 tables[VMATLAS_LEVELS] = { 0 }, pages = 0;
			struct va_tables_count c;

			walk_down(mm, 0, 0, levels, tables, &pages);
			va_tables_count(mm, &c);
			for (unsigned level = 0; level < VMATLAS_LEVELS; level++)
				if (level != 1 || levels == 5)
					assert_int_equal(tables[level], c.seen[level] + c.implied[level]);
			assert_int_equal(pages, va_mm_resident(mm, 0, 1ull << 56));
			va_model_free(model);
		}
		va_recording_free(r);
	}
}

/* The walk to a page that a fault brought is the walk of that fault, as long as nothing else happened. */
static void a_known_walk_is_the_faults_own(void **state)
{
	struct va_recording *r = load("tests/data/regions5.vmatlas");
	struct va_history *h = va_recording_history(r);
	unsigned levels = va_recording_header(r)->levels, compared = 0;
	struct va_model *model = va_model_new(va_recording_header(r), va_recording_texts(r));
	__u32 cpu;

	for (size_t i = 0; i < va_history_count(h); i++) {
		struct vmatlas_record rec = *va_history_record(h, i, &cpu);
		struct va_known_walk known;
		struct va_walk walk;

		va_model_apply(model, &rec);
		if (rec.head.type != VMATLAS_FAULT || (rec.head.flags & VMATLAS_F_BAD))
			continue;
		va_walk_after(&rec.fault, levels, &walk);
		if (!walk.complete || !va_mm_vma_at(va_model_mm(model, rec.head.mm), rec.fault.addr))
			continue;
		va_walk_known(va_model_mm(model, rec.head.mm), rec.fault.addr, levels, &known);
		assert_int_equal(known.walk.steps, walk.steps);
		assert_true(known.walk.complete);
		assert_int_equal(known.walk.pfn, walk.pfn);
		for (unsigned k = 0; k < walk.steps; k++) {
			assert_int_equal(known.walk.step[k].level, walk.step[k].level);
			assert_int_equal(known.walk.step[k].index, walk.step[k].index);
			assert_true(known.walk.step[k].entry == walk.step[k].entry);
		}
		compared++;
	}
	assert_true(compared > 100);
	va_model_free(model);
	va_recording_free(r);
}

/* munmap frees the tables of which nothing is mapped any more, as free_pgtables() does, and no other. */
static void tables_go_with_the_last_mapping(void **state)
{
	struct va_recording *r = load("tests/data/tour.vmatlas");
	struct va_history *h = va_recording_history(r);
	__u64 most = 0, end;
	struct va_tables_count c;

	for (size_t pos = 80; pos <= va_history_count(h); pos += 40) {
		struct va_model *model = va_history_model_at(h, pos);

		va_tables_count(va_model_mm_of(model, va_model_target(model)), &c);
		most = c.tables > most ? c.tables : most;
		va_model_free(model);
	}
	end = c.tables;
	assert_true(end < most);
	va_recording_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_more_than_the_kernel_counts),
		cmocka_unit_test(one_page_a_region_with_four_levels),
		cmocka_unit_test(one_page_a_region_with_five_levels),
		cmocka_unit_test(the_tree_holds_what_is_counted),
		cmocka_unit_test(a_known_walk_is_the_faults_own),
		cmocka_unit_test(tables_go_with_the_last_mapping),
	};

	return RUN(tests);
}
