/* The history of mappings, on real recordings: who made them, what changed them, which faults they had; the same on whichever way one comes to a moment. */
#include "unit/build.h"

#include <sys/syscall.h>

#include "past.h"
#include "site.h"
#include "vmflags.h"

#define HISTORY 0x360000000000ull

struct scene {
	struct va_recording *r;
	struct va_history *h;
	struct va_model *model;
	size_t pos;
	struct va_past past;
};

static void begin(struct scene *s, const char *path)
{
	memset(s, 0, sizeof(*s));
	s->r = va_recording_new();
	assert_int_equal(va_recording_load(s->r, path), 0);
	s->h = va_recording_history(s->r);
	s->model = va_history_model_at(s->h, 0);
}

static void end(struct scene *s)
{
	va_model_free(s->model);
	va_recording_free(s->r);
}

static void go(struct scene *s, size_t pos, __u32 mm, __u64 addr)
{
	va_history_move(s->h, &s->model, &s->pos, pos);
	while (va_past_update(&s->past, s->h, s->model, mm, addr, pos, 100))
		;
}

static __u32 mm_at_mark(struct scene *s, const char *mark, size_t *pos)
{
	*pos = va_history_find_mark(s->h, mark);
	assert_true(*pos != (size_t)-1);
	return va_history_record(s->h, *pos - 1, NULL)->head.mm;
}

static const struct vmatlas_record *call_of(struct scene *s, size_t i)
{
	assert_true(i < s->past.state.items && s->past.item[i].call != VA_PAST_NO_CALL);
	return va_history_record(s->h, s->past.item[i].call, NULL);
}

static void a_mapping_knows_its_calls_and_faults(void **state)
{
	static const __s32 calls[] = {SYS_mmap, SYS_mprotect, SYS_mprotect, SYS_madvise};
	static const enum va_past_kind kinds[] = {VA_PAST_MAPPED, VA_PAST_SPLIT, VA_PAST_MERGED, VA_PAST_ASKED};
	struct scene s;
	size_t pos;

	begin(&s, "tests/data/inspect.vmatlas");
	__u32 mm = mm_at_mark(&s, "inspect.ready", &pos);

	go(&s, pos, mm, HISTORY);
	assert_true(s.past.valid && s.past.done);
	assert_int_equal(s.past.state.items, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(s.past.item[i].kind, kinds[i]);
		assert_int_equal(call_of(&s, i)->op.nr, calls[i]);
	}
	assert_int_equal(s.past.item[1].after.end - s.past.item[1].after.start, 8 * PAGE);
	assert_int_equal(s.past.item[2].after.end - s.past.item[2].after.start, 16 * PAGE);
	assert_int_equal(s.past.state.faults[VA_FAULT_DEMAND_ZERO], 5);
	/* The half that lost its rights and got them back: its own history. */
	go(&s, pos, mm, HISTORY + 9 * PAGE);
	assert_int_equal(s.past.item[1].kind, VA_PAST_PROTECTED);
	assert_int_equal(s.past.item[1].after.vm_flags & 7, 0);
	assert_int_equal(s.past.item[2].kind, VA_PAST_PROTECTED);
	end(&s);
}

static void a_child_has_its_parents_history(void **state)
{
	struct scene s;
	size_t pos;

	begin(&s, "tests/data/inspect.vmatlas");
	__u32 mm = mm_at_mark(&s, "inspect.child", &pos);

	go(&s, pos, mm, HISTORY);
	assert_int_equal(s.past.state.items, 5);
	assert_int_equal(s.past.item[0].kind, VA_PAST_MAPPED);
	assert_int_equal(s.past.item[4].kind, VA_PAST_INHERITED);
	assert_int_not_equal(s.past.item[0].mm, mm);
	end(&s);
}

/* The stack grows by faults, and no system call did it; exec made it. */
static void a_stack_grows_without_a_call(void **state)
{
	struct scene s;
	size_t pos, grew = 0;

	begin(&s, "tests/data/tour.vmatlas");
	__u32 mm = mm_at_mark(&s, "All calls have returned: the stack's box stays as large as it ever was", &pos);

	va_history_move(s.h, &s.model, &s.pos, pos);
	go(&s, pos, mm, va_mm_layout(va_model_mm(s.model, mm))->start_stack);
	assert_int_equal(s.past.item[0].kind, VA_PAST_EXEC);
	for (size_t i = 1; i < s.past.state.items; i++) {
		assert_int_equal(s.past.item[i].kind, VA_PAST_GREW);
		assert_int_equal(s.past.item[i].nr, -1);
		assert_int_equal(s.past.item[i].call, VA_PAST_NO_CALL);
		grew++;
	}
	assert_true(grew > 40);
	end(&s);
}

static void a_hole_that_is_filled_merges(void **state)
{
	struct scene s;
	size_t pos;

	begin(&s, "tests/data/tour.vmatlas");
	__u32 mm = mm_at_mark(&s, "A new mapping just in the hole: three neighbours with equal rights become one box again", &pos);

	while (va_history_record(s.h, pos++, NULL)->head.type != VMATLAS_OP)
		;
	go(&s, pos, mm, 0x600005000000);
	assert_int_equal(s.past.item[0].kind, VA_PAST_MAPPED);
	assert_int_equal(s.past.item[1].kind, VA_PAST_SHRANK);
	assert_int_equal(s.past.item[2].kind, VA_PAST_MERGED);
	assert_int_equal(s.past.item[2].after.end - s.past.item[2].after.start, 0x24000);
	end(&s);
}

static void same(const struct va_past *a, const struct va_past *b)
{
	assert_int_equal(a->valid, b->valid);
	if (!a->valid)
		return;
	assert_int_equal(a->state.items, b->state.items);
	assert_int_equal(a->state.major, b->state.major);
	assert_memory_equal(a->state.faults, b->state.faults, sizeof(a->state.faults));
	for (size_t i = 0; i < a->state.items; i++) {
		assert_int_equal(a->item[i].kind, b->item[i].kind);
		assert_int_equal(a->item[i].call, b->item[i].call);
		assert_int_equal(a->item[i].pos, b->item[i].pos);
	}
}

/* Forwards, backwards, from afar: a moment has one history. */
static void a_moment_has_one_history(void **state)
{
	struct scene a, b;
	__u64 random = 7;
	size_t n, pos;

	begin(&a, "tests/data/inspect.vmatlas");
	begin(&b, "tests/data/inspect.vmatlas");
	__u32 mm = mm_at_mark(&a, "inspect.ready", &pos);

	n = va_history_count(a.h);
	for (int i = 0; i < 300; i++) {
		__u64 addr = HISTORY + pick(&random, 16) * PAGE + (pick(&random, 3) ? 0 : 0x10000000 * pick(&random, 5));
		size_t to = pick(&random, 2) ? pick(&random, n) : a.pos > 3 ? a.pos - pick(&random, 3) : n / 2;

		go(&a, to, mm, addr);
		memset(&b.past, 0, sizeof(b.past));
		go(&b, to, mm, addr);
		same(&a.past, &b.past);
	}
	end(&a);
	end(&b);
}

static char *smaps_of(const char *text, __u64 start)
{
	char head[32];

	snprintf(head, sizeof(head), "\n%llx-", start);
	return strstr(text, head);
}

/* The letters of VmFlags are those the kernel printed, for each mapping of the process. */
static void flags_are_those_of_smaps(void **state)
{
	static char text[1 << 16];
	FILE *f = fopen("tests/data/inspect.txt", "r");
	struct scene s;
	size_t pos, n = 0;

	assert_non_null(f);
	text[fread(text + 1, 1, sizeof(text) - 2, f) + 1] = 0;
	text[0] = '\n';
	fclose(f);
	begin(&s, "tests/data/inspect.vmatlas");
	__u32 id = mm_at_mark(&s, "inspect.ready", &pos);

	va_history_move(s.h, &s.model, &s.pos, pos);
	const struct va_mm *mm = va_model_mm(s.model, id);

	for (size_t i = 0; i < va_mm_vma_count(mm); i++) {
		char letters[128], want[128] = "";
		const char *at = smaps_of(text, va_mm_vma(mm, i)->start);

		assert_non_null(at);
		assert_int_equal(sscanf(strstr(at, "VmFlags:"), "VmFlags: %127[^\n]", want), 1);
		while (*want && want[strlen(want) - 1] == ' ')
			want[strlen(want) - 1] = 0;
		assert_string_equal(va_vm_flags_letters(va_mm_vma(mm, i)->vm_flags, letters, sizeof(letters)), want);
		n++;
	}
	assert_true(n > 20);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mapping_knows_its_calls_and_faults), cmocka_unit_test(a_child_has_its_parents_history),
		cmocka_unit_test(a_stack_grows_without_a_call), cmocka_unit_test(a_hole_that_is_filled_merges),
		cmocka_unit_test(a_moment_has_one_history), cmocka_unit_test(flags_are_those_of_smaps),
	};

	return RUN(tests);
}
