/* Arrays and maps of numbers that are shared between copies: each copy stays what it was, whatever is done to the others. */
#include "unit/build.h"

#include "idmap.h"
#include "numbers.h"
#include "shelf.h"
#include "vmas.h"

struct thing {
	unsigned refs;
	__u64 value;
};

static long alive;

static void hold(void *p)
{
	((struct thing *)p)->refs++;
}

static void drop(void *p)
{
	if (--((struct thing *)p)->refs)
		return;
	free(p);
	alive--;
}

static struct thing *new_thing(__u64 value)
{
	struct thing *t = malloc(sizeof(*t));

	*t = (struct thing){ 1, value };
	alive++;
	return t;
}

#define COPIES 12
#define LENGTH 1000

struct copy {
	struct va_shelf shelf;
	struct va_idmap map;
	struct va_numbers numbers, far; /* close together, and up to the largest there is */
	__u64 plain[LENGTH]; /* what should be there */
	size_t count;
};

static void set_numbers(struct copy *c, size_t i, __u64 value)
{
	va_numbers_set(&c->numbers, (__u32)i, (__u32)(value >> 40));
	va_numbers_set(&c->far, ~(__u32)0 - (__u32)i * 4000037, (__u32)(value >> 40));
}

static void change(struct copy *c, __u64 *seed)
{
	__u64 value = next_random(seed);

	if (c->count < LENGTH && (!c->count || pick(seed, 3))) {
		va_shelf_add(&c->shelf, new_thing(value));
		va_idmap_set(&c->map, (c->count + 1) * 77, (__u32)(value >> 40));
		set_numbers(c, c->count, value);
		c->plain[c->count++] = value;
		return;
	}
	size_t i = pick(seed, c->count);
	struct thing **slot = (struct thing **)va_shelf_own(&c->shelf, i), *t = *slot;

	if (t->refs == 1) {
		t->value = value;
	} else {
		*slot = new_thing(value);
		drop(t);
	}
	va_idmap_set(&c->map, (i + 1) * 77, (__u32)(value >> 40));
	set_numbers(c, i, value);
	c->plain[i] = value;
}

static void check(const struct copy *c)
{
	assert_int_equal(c->shelf.count, c->count);
	for (size_t i = 0; i < c->count; i++) {
		assert_true(((struct thing *)va_shelf_at(&c->shelf, i))->value == c->plain[i]);
		assert_int_equal(va_idmap_get(&c->map, (i + 1) * 77), c->plain[i] >> 40);
		assert_int_equal(va_numbers_get(&c->numbers, (__u32)i), c->plain[i] >> 40);
		assert_int_equal(va_numbers_get(&c->far, ~(__u32)0 - (__u32)i * 4000037), c->plain[i] >> 40);
	}
	assert_int_equal(va_idmap_get(&c->map, (c->count + 1) * 77), VA_IDMAP_NONE);
	assert_int_equal(va_idmap_get(&c->map, 5), VA_IDMAP_NONE);
	assert_int_equal(va_numbers_get(&c->numbers, (__u32)c->count), VA_IDMAP_NONE);
	assert_int_equal(va_numbers_get(&c->numbers, ~(__u32)0), VA_IDMAP_NONE);
	assert_int_equal(va_numbers_get(&c->far, 5), VA_IDMAP_NONE);
}

static void release(struct copy *c)
{
	va_shelf_free(&c->shelf);
	va_idmap_free(&c->map);
	va_numbers_free(&c->numbers);
	va_numbers_free(&c->far);
}

static void copies_are_their_own(void **state)
{
	static struct copy copies[COPIES];
	__u64 seed = 4;

	for (size_t i = 0; i < COPIES; i++)
		copies[i].shelf = (struct va_shelf){ .hold = hold, .drop = drop };
	for (int round = 0; round < 400; round++) {
		struct copy *c = &copies[pick(&seed, COPIES)], *to = &copies[pick(&seed, COPIES)];

		for (__u64 n = pick(&seed, 60); n-- > 0;)
			change(c, &seed);
		if (to != c) {
			release(to);
			*to = *c;
			va_shelf_copy(&to->shelf, &c->shelf);
			va_idmap_copy(&to->map, &c->map);
			va_numbers_copy(&to->numbers, &c->numbers);
			va_numbers_copy(&to->far, &c->far);
		}
		check(c);
		check(&copies[pick(&seed, COPIES)]);
	}
	for (size_t i = 0; i < COPIES; i++) {
		check(&copies[i]);
		release(&copies[i]);
	}
	assert_int_equal(alive, 0);
}

/* VMAs that are packed come back in every field, however strange; a copy that is written to leaves the packed ones as they are. */
static void packed_vmas(void **state)
{
	struct va_vma v[300];
	__u64 seed = 9;

	for (size_t n = 0; n <= 300; n += 1 + n / 4) {
		struct va_vmas *s = va_vmas_new(), *copy;
		__u64 at = 0;

		memset(v, 0, sizeof(v));
		for (size_t i = 0; i < n; i++) {
			bool like = i && pick(&seed, 3);

			v[i] = like ? v[i - 1] : (struct va_vma){ .vm_flags = next_random(&seed) >> pick(&seed, 64), .inode = next_random(&seed),
				.name_text = next_random(&seed), .file_size = next_random(&seed) >> 30, .dev_major = (__u32)next_random(&seed), .dev_minor = 7,
				.name_kind = (__u8)pick(&seed, 5) };
			at += pick(&seed, 2) * (next_random(&seed) >> 28 & ~4095ull);
			v[i].start = at;
			v[i].end = at += (1 + pick(&seed, 99999)) << 12;
			v[i].pgoff = pick(&seed, 2) ? next_random(&seed) : v[i].pgoff + 5;
			v[i].anon = pick(&seed, 2);
			v[i].stale = pick(&seed, 2);
			v[i].written = pick(&seed, 2);
			v[i].perhaps_written = pick(&seed, 2);
			v[i].born = next_random(&seed) >> pick(&seed, 64);
			v[i].changed = next_random(&seed) >> pick(&seed, 64);
		}
		va_vmas_replace(&s, 0, ~0ull, v, n);
		va_vmas_pack(&s);
		va_vmas_pack(&s);
		copy = va_vmas_ref(s);
		assert_int_equal(va_vmas_count(s), n);
		if (n)
			assert_int_equal(va_vmas_lower(s, v[n - 1].start), n - 1);
		va_vmas_replace(&copy, 0, ~0ull, NULL, 0);
		assert_int_equal(va_vmas_count(copy), 0);
		for (size_t i = 0; i < n; i++) {
			const struct va_vma *a = va_vmas_at(s, i), *b = &v[i];

			assert_true(a->start == b->start && a->end == b->end && a->vm_flags == b->vm_flags && a->pgoff == b->pgoff && a->inode == b->inode);
			assert_true(a->name_text == b->name_text && a->file_size == b->file_size && a->dev_major == b->dev_major && a->dev_minor == b->dev_minor);
			assert_true(a->name_kind == b->name_kind && a->anon == b->anon && a->stale == b->stale && a->written == b->written);
			assert_true(a->perhaps_written == b->perhaps_written && a->born == b->born && a->changed == b->changed);
		}
		va_vmas_unref(copy);
		va_vmas_unref(s);
	}
}

#define PAGES 4000

struct pages { /* the same by pages: what VMA begins there, or 0; and which of them are stale */
	struct va_vmas *vmas;
	__u32 mark[PAGES];
	bool stale[PAGES];
};

/* Some pages anew: VMAs of one page and of a few, each with a mark of its own, and gaps. */
static void map_pages(struct pages *p, __u64 *seed, __u32 *mark, size_t lo, size_t hi)
{
	struct va_vma *v = calloc(hi - lo + 1, sizeof(*v));
	size_t n = 0;

	for (size_t at = lo; at < hi;) {
		size_t end = at + 1 + (pick(seed, 4) ? 0 : pick(seed, 9));
		bool gap = !pick(seed, 6);

		end = end < hi ? end : hi;
		++*mark;
		for (size_t i = at; i < end; i++) {
			p->mark[i] = gap ? 0 : *mark;
			p->stale[i] = false;
		}
		if (!gap)
			v[n++] = (struct va_vma){ .start = at << 12, .end = end << 12, .inode = *mark };
		at = end;
	}
	va_vmas_replace(&p->vmas, lo << 12, hi << 12, v, n);
	free(v);
}

static void unmap_pages(struct pages *p, size_t lo, size_t hi)
{
	memset(&p->mark[lo], 0, (hi - lo) * sizeof(*p->mark));
	va_vmas_replace(&p->vmas, lo << 12, hi << 12, NULL, 0);
}

static void make_stale(struct pages *p, __u64 *seed)
{
	size_t count = va_vmas_count(p->vmas), i = count ? pick(seed, count) : 0;

	if (!count)
		return;
	va_vmas_edit(&p->vmas, i)->stale = true;
	for (__u64 at = va_vmas_at(p->vmas, i)->start; at < va_vmas_at(p->vmas, i)->end; at += 4096)
		p->stale[at >> 12] = true;
}

static void check_pages(const struct pages *p, __u64 *seed)
{
	size_t count = va_vmas_count(p->vmas), at = 0;

	for (size_t i = 0; i < count; i++) {
		const struct va_vma *v = va_vmas_at(p->vmas, i);

		for (; at < v->start >> 12; at++)
			assert_int_equal(p->mark[at], 0);
		assert_true(v->start < v->end);
		assert_int_equal(v->start >> 12, at);
		for (; at < v->end >> 12; at++)
			assert_true(p->mark[at] == v->inode && p->stale[at] == v->stale);
	}
	for (; at < PAGES; at++)
		assert_int_equal(p->mark[at], 0);
	for (unsigned k = 0; k < 60; k++) {
		__u64 addr = pick(seed, PAGES << 12);
		size_t i = va_vmas_lower(p->vmas, addr);

		assert_true(i <= count && (i == count || va_vmas_at(p->vmas, i)->end > addr) && (!i || va_vmas_at(p->vmas, i - 1)->end <= addr));
	}
}

/* Many VMAs, in blocks, few, in one array, and from one to the other: copies of each other that are changed at random are what a plain list of pages says. */
static void vmas_are_as_pages(void **state)
{
	static struct pages p[4];
	__u64 seed = 3;
	__u32 mark = 0;
	size_t most = 0;

	for (unsigned i = 0; i < 4; i++)
		p[i].vmas = va_vmas_new();
	for (unsigned round = 0; round < 3000; round++) {
		struct pages *a = &p[pick(&seed, 4)], *b = &p[pick(&seed, 4)];
		size_t lo = pick(&seed, PAGES), many = pick(&seed, 12) ? 20 : PAGES, hi = lo + 1 + pick(&seed, many);

		hi = hi < PAGES ? hi : PAGES;
		if (pick(&seed, 4))
			map_pages(a, &seed, &mark, lo, hi);
		else
			unmap_pages(a, lo, hi);
		make_stale(a, &seed);
		most = va_vmas_count(a->vmas) > most ? va_vmas_count(a->vmas) : most;
		if (a != b && !pick(&seed, 3)) {
			if (!pick(&seed, 20))
				va_vmas_pack(&a->vmas);
			va_vmas_unref(b->vmas);
			*b = *a;
			va_vmas_ref(b->vmas);
		}
		if (round % 8 == 0)
			check_pages(a, &seed);
		if (round % 8 == 4)
			check_pages(b, &seed);
	}
	assert_true(most > 1500);
	for (unsigned i = 0; i < 4; i++) {
		check_pages(&p[i], &seed);
		va_vmas_unref(p[i].vmas);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(copies_are_their_own), cmocka_unit_test(packed_vmas), cmocka_unit_test(vmas_are_as_pages) };

	return RUN(tests);
}
