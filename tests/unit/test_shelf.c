/* Arrays and maps of numbers that are shared between copies: each copy stays what it was, whatever is done to the others. */
#include "unit/build.h"

#include "idmap.h"
#include "shelf.h"

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
	__u64 plain[LENGTH]; /* what should be there */
	size_t count;
};

static void change(struct copy *c, __u64 *seed)
{
	__u64 value = next_random(seed);

	if (c->count < LENGTH && (!c->count || pick(seed, 3))) {
		va_shelf_add(&c->shelf, new_thing(value));
		va_idmap_set(&c->map, (c->count + 1) * 77, (__u32)(value >> 40));
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
	c->plain[i] = value;
}

static void check(const struct copy *c)
{
	assert_int_equal(c->shelf.count, c->count);
	for (size_t i = 0; i < c->count; i++) {
		assert_true(((struct thing *)va_shelf_at(&c->shelf, i))->value == c->plain[i]);
		assert_int_equal(va_idmap_get(&c->map, (i + 1) * 77), c->plain[i] >> 40);
	}
	assert_int_equal(va_idmap_get(&c->map, (c->count + 1) * 77), VA_IDMAP_NONE);
	assert_int_equal(va_idmap_get(&c->map, 5), VA_IDMAP_NONE);
}

static void release(struct copy *c)
{
	va_shelf_free(&c->shelf);
	va_idmap_free(&c->map);
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

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(copies_are_their_own) };

	return RUN(tests);
}
