/* What is packed of a checkpoint's pages comes back as it was, whatever others had in common with it; and it takes little. */
#include "unit/build.h"

#include "checkpoint.h"

#define BASE 0x7f0000000000ull
#define BLOCKS 6
#define PAGES (BLOCKS * 512)

static struct va_page some_page(__u64 *seed, __u64 *frame, __u64 *ts)
{
	struct va_page p = { .level = 4, .certainty = (__u8)pick(seed, 4) };

	*frame = pick(seed, 3) ? *frame + 1 : pick(seed, 1u << 20);
	*ts += pick(seed, 4) ? 0 : pick(seed, 100000);
	p.ts = pick(seed, 50) ? *ts : next_random(seed);
	switch (pick(seed, 8)) {
	case 0:
		p.entry = next_random(seed); /* swapped out, or nonsense */
		break;
	case 1:
		break;
	default:
		p.entry = (pick(seed, 5) ? 0x8000000000000067ull : 0x25) | *frame << 12;
		p.present = true;
	}
	return p;
}

/* Some pages here and there, many side by side; block 2 is a leaf. */
static struct va_pages *some_pages(__u64 seed)
{
	struct va_pages *pages = va_pages_new();
	struct va_page leaf = { .entry = 0x80000000400000e7ull, .ts = 77, .certainty = VA_PAGE_SEEN, .level = 3, .present = true };
	__u64 frame = 0, ts = 1000000;

	for (unsigned i = 0; i < PAGES; i++) {
		struct va_page p = some_page(&seed, &frame, &ts);

		if (i / 64 % 3 || !pick(&seed, 20))
			va_pages_set(&pages, BASE + i * PAGE, &p);
	}
	va_pages_set(&pages, BASE + 2 * VA_BLOCK_SIZE, &leaf);
	return pages;
}

static void assert_same(const struct va_pages *a, const struct va_pages *b)
{
	for (unsigned i = 0; i < PAGES; i++) {
		struct va_page p = va_pages_get(a, BASE + i * PAGE), q = va_pages_get(b, BASE + i * PAGE);

		assert_true(p.entry == q.entry && p.ts == q.ts && p.certainty == q.certainty && p.level == q.level && p.present == q.present);
	}
	assert_int_equal(va_pages_resident(a, 0, 1ull << 56), va_pages_resident(b, 0, 1ull << 56));
}

static struct va_pages *unpacked(struct va_pages *pages, const struct va_packed *packed)
{
	struct va_pages *copy = va_pages_ref(pages);

	va_pages_unpack(&copy, packed->byte, packed->count);
	return copy;
}

static void every_page_comes_back(void **state)
{
	for (__u64 seed = 1; seed < 40; seed++) {
		size_t before = va_pages_memory();
		struct va_pages *pages = some_pages(seed), *same = some_pages(seed);
		size_t one = (va_pages_memory() - before) / 2;
		struct va_packed packed = { 0 };

		va_pages_pack(pages, &packed);
		assert_true(va_pages_memory() - before < one + one / 4 && packed.count < one / 2);
		for (int twice = 0; twice < 2; twice++) {
			struct va_pages *copy = unpacked(pages, &packed);

			assert_same(copy, same);
			va_pages_unref(copy);
		}
		va_pages_unref(pages);
		va_pages_unref(same);
		free(packed.byte);
		assert_int_equal(va_pages_memory(), before);
	}
}

/* A copy of the set goes on: what both have is left alone, and packed when the copy is gone. */
static void what_others_have_stays(void **state)
{
	struct va_pages *pages = some_pages(5), *same = some_pages(5), *other = va_pages_ref(pages);
	struct va_page p = { .entry = 0x1234067, .ts = 5, .certainty = VA_PAGE_SEEN, .level = 4, .present = true };
	struct va_packed packed = { 0 };

	va_pages_pack(pages, &packed);
	assert_int_equal(packed.count, 0); /* not ours alone */
	for (unsigned i = 0; i < PAGES; i += 512)
		va_pages_set(&other, BASE + i * PAGE, &p);
	va_pages_pack(pages, &packed);
	size_t some = packed.count;

	assert_true(some > 0);
	struct va_pages *copy = unpacked(pages, &packed);

	assert_same(copy, same);
	va_pages_unref(copy);
	assert_int_equal(va_pages_get(other, BASE).entry, p.entry);
	assert_true(va_pages_get(other, BASE + PAGE).entry == va_pages_get(same, BASE + PAGE).entry);
	va_pages_unref(other);
	struct va_packed rest = { 0 };

	va_pages_pack(pages, &rest);
	assert_true(rest.count > some);
	copy = unpacked(pages, &packed);
	va_pages_unpack(&copy, rest.byte, rest.count);
	assert_same(copy, same);
	va_pages_unref(copy);
	va_pages_unref(pages);
	va_pages_unref(same);
	free(packed.byte);
	free(rest.byte);
}

static bool mix_block(void *ctx, const struct va_block_facts *b)
{
	__u64 facts[] = { b->addr, b->entry, b->ts, b->leaf, b->present, b->entries };

	mix(ctx, facts, sizeof(facts));
	return true;
}

static bool mix_upper(void *ctx, __u64 addr, __u64 entry, __u64 ts)
{
	__u64 facts[] = { addr, entry, ts };

	mix(ctx, facts, sizeof(facts));
	return true;
}

/* By every question there is. */
static __u64 all_of(const struct va_pages *pages)
{
	__u64 digest = 1, ts;

	va_pages_each(pages, 0, 1ull << 56, mix_page, &digest);
	va_pages_each_block(pages, 0, 1ull << 56, mix_block, &digest);
	for (unsigned level = 0; level < 3; level++)
		va_pages_each_upper(pages, level, mix_upper, &digest);
	for (__u64 at = va_pages_next(pages, 0, 1ull << 56); at < 1ull << 56; at = va_pages_next(pages, at + PAGE, 1ull << 56)) {
		struct va_page p = va_pages_get(pages, at);
		__u64 facts[] = { va_pages_table(pages, 3, at, &ts), va_pages_table(pages, 2, at, NULL), ts, va_pages_resident(pages, at, at + 9 * PAGE) };

		mix_page(&digest, at, &p);
		mix(&digest, facts, sizeof(facts));
	}
	return digest;
}

/* A set of a map that has ended: whatever is asked first opens it. */
static void closed_sets(void **state)
{
	for (__u64 seed = 1; seed < 20; seed++) {
		size_t none = va_pages_memory();
		struct va_pages *pages = some_pages(seed);

		for (unsigned i = 0; i < 30; i++)
			va_pages_note_table(&pages, i % 4, BASE + i * VA_BLOCK_SIZE * (i % 3 ? 1 : 700), 0x67 | (__u64)i << 12, seed * 1000 + i);
		__u64 then = all_of(pages), first = va_pages_get(pages, BASE).entry;
		size_t before = va_pages_memory();
		struct va_pages *other = va_pages_ref(pages);

		va_pages_close(&pages);
		assert_true(va_pages_memory() - before < (before - none) / 2);
		va_pages_unref(other);
		assert_true(va_pages_memory() - none < (before - none) / 2);
		other = va_pages_ref(pages);
		assert_true(seed % 2 ? va_pages_get(other, BASE).entry == first : all_of(other) == then);
		assert_true(all_of(pages) == then);
		va_pages_unref(other);
		va_pages_unref(pages);
		assert_int_equal(va_pages_memory(), none);
	}
}

#define MAPS 40

static void some_life(struct va_model *m, __u64 *seed, __u64 *ts, unsigned n)
{
	while (n--) {
		__u32 mm = 1 + (__u32)pick(seed, MAPS);
		__u64 at = BASE + pick(seed, 300) * PAGE;

		*ts += pick(seed, 3);
		switch (pick(seed, 30)) {
		case 0:
			apply(m, an_op(*ts, mm, 28 /* madvise */, at, 9 * PAGE, 4, 0, 0));
			break;
		case 1:
			apply(m, a_fork(*ts, mm, 100 + mm, 1 + (__u32)pick(seed, MAPS)));
			break;
		case 2:
			apply(m, a_range(*ts, mm, n, BASE, BASE + 512 * PAGE, 1));
			apply(m, a_vma(*ts, mm, n, 0, BASE, BASE + 400 * PAGE, 3));
			break;
		default:
			apply(m, a_fault(*ts, mm, at, an_entry(1 + pick(seed, 90000))));
		}
	}
}

static void as_it_was(const struct va_checkpoint *c, __u64 then)
{
	struct va_model *m = va_checkpoint_model(c);

	assert_true(picture(m, MAPS) == then);
	va_model_free(m);
}

/* The model goes on between, so ever less is in common; at last it ends. */
static void checkpoints_of_a_model(void **state)
{
	struct va_model *m = new_model();
	struct va_checkpoint c[6];
	__u64 then[6], seed = 9, ts = 1000;
	size_t most = 0;

	for (unsigned i = 0; i < 6; i++) {
		some_life(m, &seed, &ts, 3000);
		c[i] = (struct va_checkpoint){ .at = i, .model = va_model_clone(m), .clean = i };
		then[i] = picture(m, MAPS);
		for (unsigned k = 0; i % 2 && k <= i; k++)
			va_checkpoint_pack(&c[k]);
		for (unsigned k = 0; k <= i; k++)
			as_it_was(&c[k], then[k]);
	}
	most = va_pages_memory();
	va_model_free(m);
	for (unsigned k = 0; k < 6; k++)
		va_checkpoint_pack(&c[k]);
	assert_true(va_pages_memory() < most);
	for (unsigned k = 0; k < 6; k++)
		as_it_was(&c[k], then[k]);
	for (unsigned k = 0; k < 6; k++)
		va_checkpoint_free(&c[k]);
	assert_int_equal(va_pages_memory(), 0);
}

/* A map is put into its last state: what was packed of it is given up. */
static void maps_that_have_gone(void **state)
{
	struct va_model *m = new_model();
	__u64 seed = 3, ts = 1000;

	some_life(m, &seed, &ts, 9000);
	struct va_checkpoint c = { .model = va_model_clone(m) };
	__u64 resident = va_mm_resident(va_model_mm(m, 8), 0, 1ull << 56);

	for (__u32 i = 0; i < MAPS; i++) /* all change, so nothing is in common */
		for (unsigned page = 0; page < 300; page++)
			apply(m, a_fault(++ts, 1 + i, BASE + page * PAGE, an_entry(7)));
	va_checkpoint_pack(&c);
	size_t before = c.packed.count;

	for (__u32 mm = 1; mm <= MAPS + VA_ENDED_WITH_PAGES; mm++) {
		apply(m, a_range(++ts, mm, mm, 0, ~0ull, 0));
		apply(m, a_record(VMATLAS_MM_END, ++ts, mm));
	}
	struct va_skip skip = { .last = m };
	size_t gone = va_model_map_index(m, 7);

	assert_true(va_model_may_skip(m, gone) && before > 1000 && resident > 10);
	va_model_skip_known(c.model, &skip, gone);
	for (int twice = 0; twice < 2; twice++) {
		struct va_model *woken = va_checkpoint_model(&c);

		assert_true(va_mm_ended(va_model_mm(woken, 7)) && !va_mm_resident(va_model_mm(woken, 7), 0, 1ull << 56));
		assert_true(!va_mm_ended(va_model_mm(woken, 8)) && va_mm_resident(va_model_mm(woken, 8), 0, 1ull << 56) == resident);
		va_model_free(woken);
		va_checkpoint_pack(&c);
	}
	assert_true(c.packed.count < before);
	va_checkpoint_free(&c);
	va_model_free(m);
}

static void same_counts(const struct va_model *a, const struct va_model *b)
{
	assert_memory_equal(va_model_counts(a), va_model_counts(b), sizeof(struct va_model_counts));
	assert_int_equal(va_model_map_count(a), va_model_map_count(b));
	assert_int_equal(va_model_ended(a), va_model_ended(b));
}

/* Of 64 maps nothing is known any more. Whatever is told of them is counted as it is without that, and makes nothing new; the others go on. */
static void maps_that_were_forgotten(void **state)
{
	static const unsigned types[] = { VMATLAS_MM_LAYOUT, VMATLAS_MM_COUNTS, VMATLAS_MM_END, VMATLAS_RANGE, VMATLAS_VMA, VMATLAS_OP, VMATLAS_FORK,
					  VMATLAS_EXEC, VMATLAS_TASK, VMATLAS_FAULT, VMATLAS_PAGES, VMATLAS_SWEEP, VMATLAS_LOSS, VMATLAS_EXIT };
	const __u32 maps = 4 * VA_FORGET_MAPS, target = 9999; /* the target's map never rests; map n is in the n-th place behind it */
	struct va_model *m = new_model(), *whole = new_model(), *copy;
	__u64 ts = 1000, seed = 4;

	apply(m, a_task(ts, target, 99, 99, "target"));
	apply(whole, a_task(ts, target, 99, 99, "target"));
	for (__u32 mm = 1; mm <= maps; mm++) {
		struct vmatlas_record recs[] = { a_task(ts, mm, 100 + mm, 100 + mm, "one"), a_range(ts, mm, mm, 0, ~0ull, 1), a_vma(ts, mm, mm, 0, BASE, BASE + 9 * PAGE, 3),
						 a_fault(ts + 1, mm, BASE + PAGE, an_entry(mm)), a_record(VMATLAS_MM_END, ts + 2, mm) };

		for (unsigned i = 0; i < 4 + (mm <= maps - 9); i++) {
			apply(m, recs[i]);
			apply(whole, recs[i]);
		}
		ts += 3;
	}
	assert_true(!va_model_may_forget(m, 0) && va_model_may_forget(m, 1) && !va_model_may_forget(m, 3)); /* of the newest the pages are kept */
	va_model_forget(m, 1);
	assert_true(!va_model_may_forget(m, 1) && va_model_forgotten(m) == 1);
	copy = va_model_clone(m);
	for (unsigned i = 0; i < 4000; i++) {
		struct vmatlas_record rec = a_record(types[pick(&seed, sizeof(types) / sizeof(types[0]))], ++ts, VA_FORGET_MAPS + (__u32)pick(&seed, VA_FORGET_MAPS));

		rec.head.flags = VMATLAS_F_ANON;
		if (rec.head.type == VMATLAS_FORK) {
			rec.head.mm = pick(&seed, 2) ? rec.head.mm : maps;
			rec.fork.child_tgid = rec.fork.child_tid = 7000 + i;
			rec.fork.child_mm = VA_FORGET_MAPS + (__u32)pick(&seed, VA_FORGET_MAPS);
		} else if (rec.head.type == VMATLAS_FAULT) {
			rec = a_fault(ts, rec.head.mm, BASE + PAGE, an_entry(i));
		} else if (rec.head.type == VMATLAS_RANGE) {
			rec.range.hi = PAGE;
		}
		apply(m, rec);
		apply(whole, rec);
		same_counts(m, whole);
	}
	for (__u32 mm = 1; mm <= maps; mm++) {
		bool gone = mm >= VA_FORGET_MAPS && mm < 2 * VA_FORGET_MAPS;

		assert_int_equal(va_model_map_index(m, mm), mm);
		assert_true(!va_model_mm(m, mm) == gone && !va_model_mm(copy, mm) == gone);
	}
	assert_true(picture(m, maps) == picture_like(whole, maps, m));
	va_model_free(m);
	va_model_free(copy);
	va_model_free(whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_page_comes_back), cmocka_unit_test(what_others_have_stays), cmocka_unit_test(closed_sets), cmocka_unit_test(checkpoints_of_a_model),
		cmocka_unit_test(maps_that_have_gone), cmocka_unit_test(maps_that_were_forgotten),
	};

	return RUN(tests);
}
