/* The frames of a process are the model's pages', no more and no fewer; those that another process has, too, are counted. */
#include "unit/build.h"

#include "frames.h"
#include "walk.h"

static struct va_recording *load(const char *path)
{
	struct va_recording *r = va_recording_new();

	assert_int_equal(va_recording_load(r, path), 0);
	return r;
}

/* Page by page, another way than frames.c goes. */
static size_t check_each(const struct va_mm *mm, const struct va_frames *f)
{
	size_t pages = 0;

	for (size_t i = 0; i < va_mm_vma_count(mm); i++) {
		const struct va_vma *v = va_mm_vma(mm, i);

		for (__u64 at = v->start; at < v->end; at += PAGE) {
			struct va_page p = va_mm_page(mm, at);
			bool found = false;

			if (!p.present || !p.entry || p.certainty == VA_PAGE_UNKNOWN || va_entry_special(p.entry))
				continue;
			__u64 base = at & ~(va_level_size(p.level) - 1), pfn = va_entry_pfn_at(p.level, p.entry, base);

			for (size_t k = va_frames_lower(f, pfn); k < f->count && f->frame[k].pfn == pfn; k++)
				found |= f->frame[k].addr == base;
			if (!found)
				fail_msg("page 0x%llx in frame 0x%llx is not among the frames", (unsigned long long)at, (unsigned long long)pfn);
			pages++;
		}
	}
	return pages;
}

static __u64 sum(const struct va_frames *f)
{
	__u64 n = 0;

	for (size_t i = 0; i < f->count; i++)
		n += f->frame[i].frames;
	return n;
}

static void frames_are_the_pages(void **state)
{
	struct va_recording *r = load("tests/data/tour.vmatlas");
	struct va_history *h = va_recording_history(r);
	struct va_frames f = {0};
	size_t checked = 0;

	for (size_t pos = va_history_count(h); pos > 60; pos -= 53) { /* backwards, too, it is right */
		struct va_model *model = va_history_model_at(h, pos);
		const struct va_mm *mm = va_model_mm_of(model, va_model_target(model));

		va_frames_update(&f, model, mm, pos);
		for (size_t i = 1; i < f.count; i++)
			assert_true(f.frame[i - 1].pfn <= f.frame[i].pfn);
		checked += check_each(mm, &f);
		assert_int_equal(sum(&f), check_each(mm, &f));
		assert_false(f.more);
		va_model_free(model);
	}
	assert_true(checked > 2000);
	va_frames_free(&f);
	va_recording_free(r);
}

/* While the child of the tour lives, each frame that both have is counted for one other; before and after it, none. */
static void shared_frames_are_counted(void **state)
{
	struct va_recording *r = load("tests/data/tour.vmatlas");
	struct va_history *h = va_recording_history(r);
	struct va_frames f = {0};
	size_t with = 0, without = 0;

	for (size_t pos = 100; pos <= va_history_count(h); pos += 13) {
		struct va_model *model = va_history_model_at(h, pos);
		const struct va_mm *mine = va_model_mm_of(model, va_model_target(model)), *other = NULL;
		size_t expected = 0;

		for (size_t i = 0; i < va_model_task_count(model); i++) {
			const struct va_task *t = va_model_task(model, i);

			if (t->tgid != va_model_target(model) && !t->end && t->mm)
				other = va_model_mm(model, t->mm);
		}
		va_frames_update(&f, model, mine, pos);
		for (size_t i = 0; other && !va_mm_ended(other) && i < f.count; i++) {
			struct va_page p = va_mm_page(other, f.frame[i].addr); /* fork: at the same address */

			expected += p.present && p.entry && p.certainty != VA_PAGE_UNKNOWN && va_entry_pfn_at(p.level, p.entry, 0) == f.frame[i].pfn;
		}
		assert_true(f.shared >= expected);
		with += expected > 10;
		without += !other;
		if (!other)
			assert_int_equal(f.shared, 0);
		va_model_free(model);
	}
	assert_true(with > 0 && without > 0);
	va_frames_free(&f);
	va_recording_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_the_pages),
		cmocka_unit_test(shared_frames_are_counted),
	};

	return RUN(tests);
}
