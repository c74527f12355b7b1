/*
 * A parent and a child since their fork, against what they read themselves from /proc/self/pagemap (tests/workloads/fork_kin.c, recorded as tests/data/fork.vmatlas;
 * what it printed is tests/data/fork.facts).
 */
#include "unit/build.h"

#include <sys/syscall.h>

#include "pair.h"
#include "record.h"

#define AREA(n) (0x610000000000ull + (n) * 0x10000000ull)
#define PARENT 137
#define CHILD 140

static struct va_recording *family, *tour;

static int set_up(void **state)
{
	family = va_recording_new();
	tour = va_recording_new();
	return va_recording_load(family, "tests/data/fork.vmatlas") || va_recording_load(tour, "tests/data/tour.vmatlas");
}

static int tear_down(void **state)
{
	va_recording_free(family);
	va_recording_free(tour);
	return 0;
}

struct watch {
	struct va_history *h;
	struct va_kin kin;
	struct va_pair pair;
};

static void watch(struct watch *w, struct va_recording *r, __u32 child)
{
	const struct va_kin_fork *f;

	memset(w, 0, sizeof(*w));
	w->h = va_recording_history(r);
	while (va_kin_update(&w->kin, w->h, 100))
		;
	f = va_kin_fork_of(&w->kin, child, ~(size_t)0);
	assert_non_null(f);
	va_pair_choose(&w->pair, w->h, f);
}

static void follow_all(struct watch *w)
{
	while (va_pair_update(&w->pair, w->h, 1000))
		;
}

static void unwatch(struct watch *w)
{
	va_pair_destroy(&w->pair);
	va_kin_destroy(&w->kin);
}

/* The frame that `who` (both-parent …) noted for addr. */
static bool fact(const char *who, __u64 addr, __u64 *frame)
{
	FILE *f = fopen("tests/data/fork.facts", "r");
	unsigned long long a = 0, b = 0;
	char line[128], word[64];
	bool found = false;

	assert_non_null(f);
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%63s %llx %llx", word, &a, &b) == 3 && !strcmp(word, who) && a == addr;
	fclose(f);
	*frame = b;
	return found;
}

static const struct va_mm *map_of(const struct watch *w, const struct va_model *m, bool child)
{
	return va_model_mm(m, child ? w->pair.fork.child_mm : w->pair.fork.parent_mm);
}

static void frames_at(struct watch *w, const char *when, __u64 shared, __u64 copied)
{
	char mark[32], who[32];
	struct va_pair_counts counts = {{0}}, said = {{0}};
	struct va_model *m;
	__u64 a, b;

	snprintf(mark, sizeof(mark), "kin.%s", when);
	m = va_history_model_at(w->h, va_history_find_mark(w->h, mark));
	va_pair_count(map_of(w, m, false), map_of(w, m, true), AREA(0), AREA(0) + 32 * PAGE, &counts);
	for (__u64 addr = AREA(0); addr < AREA(0) + 32 * PAGE; addr += PAGE) {
		snprintf(who, sizeof(who), "%s-parent", when);
		assert_true(fact(who, addr, &a));
		snprintf(who, sizeof(who), "%s-child", when);
		assert_true(fact(who, addr, &b));
		assert_true(a && b);
		assert_int_equal(va_pair_page(map_of(w, m, false), map_of(w, m, true), addr), a == b ? VA_PAIR_SHARED : VA_PAIR_COPIED);
		said.pages[a == b ? VA_PAIR_SHARED : VA_PAIR_COPIED]++;
	}
	assert_memory_equal(&counts, &said, sizeof(said));
	assert_int_equal(counts.pages[VA_PAIR_SHARED], shared);
	assert_int_equal(counts.pages[VA_PAIR_COPIED], copied);
	va_model_free(m);
}

static void pages_are_shared_as_pagemap_says(void **state)
{
	struct watch w;

	watch(&w, family, CHILD);
	frames_at(&w, "both", 27, 5);
	frames_at(&w, "later", 26, 6);
	unwatch(&w);
}

/* The figures of each moment, counted along the way, are those that counting all pages at that moment gives. */
static void compare_with_counting(struct va_recording *r, __u32 child, size_t least)
{
	struct watch w;
	struct va_model *m;
	size_t pos, compared = 0;

	watch(&w, r, child);
	follow_all(&w);
	pos = w.pair.fork.pos;
	m = va_history_model_at(w.h, pos);
	for (; pos < (w.pair.over ? w.pair.over_pos : va_history_count(w.h)); va_history_move(w.h, &m, &pos, pos + 1)) {
		const struct va_pair_point *point = va_pair_at(&w.pair, pos);
		struct va_pair_counts counts = {{0}};

		va_pair_count(map_of(&w, m, false), map_of(&w, m, true), 0, VA_USER_TOP, &counts);
		assert_non_null(point);
		if (memcmp(&counts, &point->counts, sizeof(counts)))
			fail_msg("position %zu: shared %llu copied %llu only %llu/%llu unknown %llu, counted %llu %llu %llu/%llu %llu", pos, point->counts.pages[1],
				 point->counts.pages[2], point->counts.pages[3], point->counts.pages[4], point->counts.pages[5], counts.pages[1], counts.pages[2],
				 counts.pages[3], counts.pages[4], counts.pages[5]);
		compared++;
	}
	va_model_free(m);
	unwatch(&w);
	if (compared < least)
		fail_msg("only %zu positions compared", compared);
}

static void figures_along_the_way_are_right(void **state)
{
	compare_with_counting(family, CHILD, 200);
	compare_with_counting(tour, 140, 60);
}

static const struct va_piece *piece_at(const struct va_piece *pieces, size_t n, __u64 addr)
{
	for (size_t i = 0; i < n; i++)
		if (pieces[i].lo <= addr && addr < pieces[i].hi)
			return &pieces[i];
	return NULL;
}

static void check_piece(const struct va_piece *p, enum va_piece_kind kind, enum va_piece_reason why, bool by_child, int nr)
{
	assert_non_null(p);
	assert_int_equal(p->kind, kind);
	assert_int_equal(p->why, why);
	if (why == VA_WHY_UNMAPPED || why == VA_WHY_MAPPED) {
		assert_int_equal(p->by_child, by_child);
		assert_int_equal(p->nr, nr);
		assert_true(p->ts > 0);
	}
}

static size_t pieces_at(struct watch *w, size_t pos, struct va_piece **pieces, size_t *room)
{
	struct va_model *m = va_history_model_at(w->h, pos);
	size_t n = va_pair_pieces(&w->pair, &w->kin, w->h, map_of(w, m, false), map_of(w, m, true), pos, pieces, room);

	va_model_free(m);
	return n;
}

static void what_is_on_one_side_has_its_reason(void **state)
{
	struct va_piece *pieces = NULL;
	struct watch w;
	size_t room = 0, n, lone = 0;

	watch(&w, family, CHILD);
	n = pieces_at(&w, va_history_find_mark(w.h, "kin.both"), &pieces, &room);
	check_piece(piece_at(pieces, n, AREA(0)), VA_PIECE_EQUAL, VA_WHY_NONE, false, 0);
	check_piece(piece_at(pieces, n, AREA(1)), VA_PIECE_PARENT, VA_WHY_DONTFORK, false, 0);
	check_piece(piece_at(pieces, n, AREA(2)), VA_PIECE_PARENT, VA_WHY_UNMAPPED, true, SYS_munmap);
	check_piece(piece_at(pieces, n, AREA(3)), VA_PIECE_CHILD, VA_WHY_UNMAPPED, false, SYS_munmap);
	check_piece(piece_at(pieces, n, AREA(4)), VA_PIECE_CHILD, VA_WHY_MAPPED, true, SYS_mmap);
	check_piece(piece_at(pieces, n, AREA(5)), VA_PIECE_PARENT, VA_WHY_MAPPED, false, SYS_mmap);
	for (size_t i = 0; i < n; i++)
		lone += pieces[i].kind != VA_PIECE_EQUAL;
	assert_int_equal(lone, 5);
	/* Just after the fork only what fork itself leaves out is missing. */
	n = pieces_at(&w, w.pair.fork.pos, &pieces, &room);
	check_piece(piece_at(pieces, n, AREA(1)), VA_PIECE_PARENT, VA_WHY_DONTFORK, false, 0);
	check_piece(piece_at(pieces, n, AREA(2)), VA_PIECE_EQUAL, VA_WHY_NONE, false, 0);
	check_piece(piece_at(pieces, n, AREA(3)), VA_PIECE_EQUAL, VA_WHY_NONE, false, 0);
	assert_null(piece_at(pieces, n, AREA(4)));
	free(pieces);
	unwatch(&w);
}

static void fork_takes_the_write_bit(void **state)
{
	struct watch w;
	struct va_model *m;

	watch(&w, family, CHILD);
	assert_true(w.pair.closed >= 32 + 6 + 6 && w.pair.closed < 600);
	m = va_history_model_at(w.h, w.pair.fork.pos);
	for (__u64 addr = AREA(0); addr < AREA(0) + 32 * PAGE; addr += PAGE) {
		assert_true(va_mm_page(map_of(&w, w.pair.before, false), addr).entry & 2);
		assert_false(va_mm_page(map_of(&w, m, false), addr).entry & 2);
		assert_false(va_mm_page(map_of(&w, m, true), addr).entry & 2);
	}
	va_model_free(m);
	unwatch(&w);
}

static void kin_know_children_and_exec(void **state)
{
	struct watch w;
	const struct va_kin_fork *f;
	const struct va_kin_exec *e;
	size_t end;

	watch(&w, family, CHILD);
	end = va_history_count(w.h);
	f = va_kin_newest_child(&w.kin, PARENT, end);
	assert_int_equal(f->child, 142);
	assert_int_equal(f->child_mm, f->parent_mm); /* vfork */
	e = va_kin_exec_of(&w.kin, 142, f->pos, end);
	assert_non_null(e);
	assert_true(e->mm != f->child_mm);
	assert_null(va_kin_exec_of(&w.kin, 142, f->pos, e->pos - 1));
	f = va_kin_older_child(&w.kin, f);
	assert_int_equal(f->child, 141);
	e = va_kin_exec_of(&w.kin, 141, f->pos, end);
	assert_int_equal(e->old_mm, f->child_mm);
	f = va_kin_older_child(&w.kin, f);
	assert_int_equal(f->child, CHILD);
	assert_null(va_kin_exec_of(&w.kin, CHILD, f->pos, end));
	assert_null(va_kin_older_child(&w.kin, f));
	/* before the second fork there is one child */
	assert_int_equal(va_kin_newest_child(&w.kin, PARENT, va_history_find_mark(w.h, "kin.exec"))->child, CHILD);
	assert_null(va_kin_newest_child(&w.kin, PARENT, va_history_find_mark(w.h, "kin.before")));
	unwatch(&w);
}

/* exec and the end of one of both end the comparison. */
static void a_pair_ends(void **state)
{
	struct watch w;

	watch(&w, family, CHILD);
	follow_all(&w);
	assert_true(w.pair.over);
	assert_non_null(va_pair_at(&w.pair, va_history_count(w.h)));
	assert_null(va_pair_at(&w.pair, w.pair.fork.pos - 1));
	va_pair_choose(&w.pair, w.h, va_kin_fork_of(&w.kin, 141, ~(size_t)0));
	follow_all(&w);
	assert_true(w.pair.over);
	assert_in_range(va_kin_exec_of(&w.kin, 141, 0, ~(size_t)0)->pos - w.pair.over_pos, 0, 2); /* the old map's end is told just before */
	va_pair_choose(&w.pair, w.h, va_kin_fork_of(&w.kin, 142, ~(size_t)0)); /* vfork: nothing to compare */
	assert_int_equal(w.pair.fork.child, 0);
	assert_false(va_pair_update(&w.pair, w.h, 1000));
	unwatch(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_shared_as_pagemap_says), cmocka_unit_test(figures_along_the_way_are_right),
		cmocka_unit_test(what_is_on_one_side_has_its_reason), cmocka_unit_test(fork_takes_the_write_bit), cmocka_unit_test(kin_know_children_and_exec),
		cmocka_unit_test(a_pair_ends),
	};

	return _cmocka_run_group_tests("pair", tests, sizeof(tests) / sizeof(tests[0]), set_up, tear_down);
}
