/* The map as rows, their heights, and how they move. */
#include "unit/build.h"

#include <time.h>

#include "map_anim.h"
#include "map_rows.h"

#define TOP (1ull << 47)
#define WHOLE (~0ull)

struct fixture {
	struct vmatlas_stream_header header;
	struct va_texts *texts;
	struct va_objects *objects;
	struct va_model *model;
	struct va_fonts *fonts;
	struct va_style style;
	__u32 seq;
	__u64 ts;
};

static struct fixture fx;

static int set_up(void **state)
{
	fx = (struct fixture){.header = a_header(), .texts = va_texts_new(), .objects = va_objects_new(), .fonts = va_fonts_new(NULL), .ts = 5000};
	fx.model = va_model_new(&fx.header, fx.texts);
	fx.style = (struct va_style){&va_theme_dark, fx.fonts, 1};
	return 0;
}

static int tear_down(void **state)
{
	va_model_free(fx.model);
	va_objects_free(fx.objects);
	va_texts_free(fx.texts);
	va_fonts_free(fx.fonts);
	return 0;
}

/* From now on the map 1 is exactly these [start, end) pairs. */
static void map_is(const __u64 (*bounds)[2], __u32 n)
{
	struct vmatlas_record r = a_range(++fx.ts, 1, ++fx.seq, 0, WHOLE, n);

	r.head.flags = VMATLAS_F_SNAPSHOT;
	va_model_apply(fx.model, &r);
	for (__u32 i = 0; i < n; i++) {
		r = a_vma(fx.ts, 1, fx.seq, i, bounds[i][0], bounds[i][1], 3);
		va_model_apply(fx.model, &r);
	}
}

static void rows_of(struct va_rows *rows, float height, __u64 focus)
{
	va_rows_build(rows, &(struct va_rows_input){.mm = va_model_mm(fx.model, 1), .texts = fx.texts, .objects = fx.objects, .levels = 4,
						    .style = &fx.style, .height = height, .focus = focus});
}

static void check_rows(const struct va_rows *rows, float height)
{
	double y = 0;

	for (size_t i = 0; i < rows->count; i++) {
		assert_true(rows->row[i].h > 0);
		assert_true(fabs(rows->row[i].y - y) < 0.5f);
		if (i)
			assert_true(rows->row[i].end == rows->row[i - 1].start);
		y += rows->row[i].h;
	}
	assert_int_equal(rows->row[0].end, 0);
	assert_int_equal(rows->row[rows->count - 1].start, 0);
	assert_true(fabs(y - height) < 1);
}

static void rows_cover_all_addresses(void **state)
{
	static const __u64 bounds[][2] = {{0x400000, 0x401000}, {0x401000, 0x500000}, {0x7f0000000000, 0x7f0000021000}, {TOP - 0x22000, TOP - 0x1000}};
	struct va_rows rows = {0};

	map_is(bounds, 4);
	for (int h = 40; h < 4000; h += 173) {
		rows_of(&rows, (float)h, 0);
		check_rows(&rows, (float)h);
		assert_int_equal(rows.count, 2 + 4 + 4);
	}
	va_rows_free(&rows);
}

static void vmas_that_touch_zero_and_top(void **state)
{
	static const __u64 bounds[][2] = {{0, 0x1000}, {TOP - 0x1000, TOP}};
	struct va_rows rows = {0};

	map_is(bounds, 2);
	rows_of(&rows, 500, 0);
	check_rows(&rows, 500);
	assert_int_equal(rows.count, 2 + 2 + 1);
	va_rows_free(&rows);
}

static void the_focus_gets_room(void **state)
{
	__u64 bounds[400][2];
	struct va_rows rows = {0};

	for (__u64 i = 0; i < 400; i++) {
		bounds[i][0] = 0x10000000 + i * 0x4000;
		bounds[i][1] = bounds[i][0] + 0x2000;
	}
	map_is(bounds, 400);
	rows_of(&rows, 900, bounds[200][0]);
	const struct va_row *focus = va_rows_at(&rows, bounds[200][0] + 5), *other = va_rows_at(&rows, bounds[100][0]);

	assert_non_null(focus);
	assert_true(focus->h > 10);
	assert_true(other->h < 3);
	assert_true(focus->y >= 0 && focus->y + focus->h <= 900);
	va_rows_free(&rows);
}

static void addresses_have_their_place(void **state)
{
	static const __u64 bounds[][2] = {{0x400000, 0x500000}, {0x7f0000000000, 0x7f0000021000}};
	struct va_rows rows = {0};

	map_is(bounds, 2);
	rows_of(&rows, 600, 0);
	assert_true(va_rows_y(&rows, 0x4ff000) < va_rows_y(&rows, 0x400000));
	assert_true(va_rows_y(&rows, 0x7f0000000000) < va_rows_y(&rows, 0x4ff000));
	assert_null(va_rows_at(&rows, 0x3fffff));
	va_rows_free(&rows);
}

/* --- animation ------------------------------------------------------------------------------------------------------- */

#define T0 (100 * VA_SEC)

static void goal(struct va_map_anim *a, const __u64 (*bounds)[2], __u32 n, bool still, uint64_t now)
{
	struct va_rows rows = {0};

	map_is(bounds, n);
	rows_of(&rows, 700, 0);
	va_map_anim_goal(a, &rows, 1, still, fx.ts + VA_SEC * 9, now);
	va_rows_free(&rows);
}

static const struct va_moving_row *find(const struct va_map_anim *a, __u64 start, bool ghost)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->row[i].row.kind == VA_ROW_VMA && a->row[i].row.start == start && a->row[i].ghost == ghost)
			return &a->row[i];
	return NULL;
}

static void place(const struct va_moving_row *m, uint64_t now, double *y, double *h)
{
	float alpha;

	va_map_anim_place(m, now, y, h, &alpha);
}

static void a_split_comes_out_of_its_parent(void **state)
{
	static const __u64 one[][2] = {{0x100000, 0x200000}}, two[][2] = {{0x100000, 0x140000}, {0x180000, 0x200000}};
	struct va_map_anim a = {0};
	double y, h, top, bottom, y1, h1;

	goal(&a, one, 1, true, T0);
	place(find(&a, 0x100000, false), T0, &y, &h);
	top = y;
	bottom = y + h;
	goal(&a, two, 2, false, T0 + VA_SEC);
	place(find(&a, 0x180000, false), T0 + VA_SEC, &y1, &h1);
	assert_true(y1 >= top - 0.5f && y1 + h1 <= bottom + 0.5f);
	assert_true(fabs(h1 - (bottom - top) / 2) < 1);
	assert_true(find(&a, 0x180000, false)->changed == T0 + VA_SEC);
	assert_true(va_map_anim_busy(&a, T0 + VA_SEC + 1));
	assert_false(va_map_anim_busy(&a, T0 + VA_SEC + VA_TIME_GLOW + VA_TIME_MOVE));
	va_map_anim_free(&a);
}

static void a_new_box_grows_a_removed_one_fades(void **state)
{
	static const __u64 one[][2] = {{0x100000, 0x200000}}, two[][2] = {{0x100000, 0x200000}, {0x900000, 0xa00000}};
	struct va_map_anim a = {0};
	double y, h;
	float alpha;

	goal(&a, one, 1, true, T0);
	goal(&a, two, 2, false, T0 + VA_SEC);
	place(find(&a, 0x900000, false), T0 + VA_SEC, &y, &h);
	assert_true(h < 0.5f);
	place(find(&a, 0x900000, false), T0 + VA_SEC + VA_TIME_MOVE, &y, &h);
	assert_true(h > 5);
	goal(&a, one, 1, false, T0 + 2 * VA_SEC);
	assert_null(find(&a, 0x900000, false));
	va_map_anim_place(find(&a, 0x900000, true), T0 + 2 * VA_SEC + VA_TIME_FADE / 2, &y, &h, &alpha);
	assert_true(alpha > 0.3f && alpha < 0.7f);
	goal(&a, two, 2, false, T0 + 4 * VA_SEC);
	assert_null(find(&a, 0x900000, true));
	va_map_anim_free(&a);
}

/* What is there before and after does not come anew: not the kernel's half either, whose end is 0. */
static void what_stays_does_not_come_anew(void **state)
{
	static const __u64 one[][2] = {{0x100000, 0x200000}}, two[][2] = {{0x100000, 0x200000}, {0x900000, 0xa00000}};
	struct va_map_anim a = {0};
	unsigned rows = 0;

	goal(&a, one, 1, true, T0);
	goal(&a, two, 2, false, T0 + VA_SEC);
	for (size_t i = 0; i < a.live; i++)
		if (a.row[i].row.start == 0x100000 || a.row[i].row.kind == VA_ROW_KERNEL || a.row[i].row.kind == VA_ROW_HOLE) {
			assert_true(a.row[i].from_h > 5);
			rows++;
		}
	assert_int_equal(rows, 3);
	assert_int_equal(a.live, a.count);
	goal(&a, one, 1, false, T0 + 2 * VA_SEC);
	assert_int_equal(a.live + 1, a.count);
	va_map_anim_free(&a);
}

static void the_same_moment_looks_the_same(void **state)
{
	static const __u64 one[][2] = {{0x100000, 0x200000}}, two[][2] = {{0x100000, 0x180000}};
	struct va_map_anim a = {0};
	double y0, h0, y1, h1;

	goal(&a, one, 1, true, T0);
	goal(&a, two, 1, false, T0 + 5);
	place(find(&a, 0x100000, false), T0 + 5 + VA_TIME_MOVE / 3, &y0, &h0);
	place(find(&a, 0x100000, false), T0 + VA_SEC, &y1, &h1);
	place(find(&a, 0x100000, false), T0 + 5 + VA_TIME_MOVE / 3, &y1, &h1);
	assert_true(y0 == y1 && h0 == h1);
	va_map_anim_free(&a);
}

static void any_map_can_follow_any_other(void **state)
{
	struct va_map_anim a = {0};
	__u64 seed = 7;

	for (unsigned round = 0; round < 150; round++) {
		__u64 bounds[40][2], at = 0x1000;
		__u32 n = (__u32)pick(&seed, 40);

		for (__u32 i = 0; i < n; i++) {
			at += pick(&seed, 5) * PAGE;
			bounds[i][0] = at;
			at += (1 + pick(&seed, 9)) * PAGE;
			bounds[i][1] = at;
		}
		goal(&a, bounds, n, false, T0 + round * VA_TIME_MOVE / 3);
		for (size_t i = 0; i < a.count; i++) {
			double y, h;

			place(&a.row[i], T0 + round * VA_TIME_MOVE / 3 + pick(&seed, VA_SEC), &y, &h);
			assert_true(h >= -0.01f && y >= -1 && y + h <= 702);
		}
		assert_true(a.count < 200);
	}
	va_map_anim_free(&a);
}

/* As many boxes as the kernel allows: the work grows with their number, not with its square (which took minutes). */
static void sixty_thousand_boxes(void **state)
{
	enum { N = 60000 };
	static __u64 bounds[N][2];
	struct va_map_anim a = {0};
	struct va_rows rows = {0};
	clock_t began;

	for (__u64 i = 0; i < N; i++) {
		bounds[i][0] = 0x10000000 + i * 2 * PAGE;
		bounds[i][1] = bounds[i][0] + PAGE;
	}
	map_is((const __u64(*)[2])bounds, N);
	rows_of(&rows, 700, 0);
	va_map_anim_goal(&a, &rows, 1, true, 0, T0);
	rows_of(&rows, 700, bounds[777][0]);
	began = clock();
	va_map_anim_goal(&a, &rows, 1, false, 0, T0 + VA_SEC);
	assert_true(clock() - began < 2 * CLOCKS_PER_SEC);
	assert_int_equal(a.count, rows.count);
	va_map_anim_free(&a);
	va_rows_free(&rows);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(rows_cover_all_addresses), T(vmas_that_touch_zero_and_top), T(the_focus_gets_room), T(addresses_have_their_place),
		T(a_split_comes_out_of_its_parent), T(a_new_box_grows_a_removed_one_fades), T(what_stays_does_not_come_anew), T(the_same_moment_looks_the_same),
		T(any_map_can_follow_any_other), T(sixty_thousand_boxes),
	};

	return RUN(tests);
}
