/* Explain mode's words: every call we know has a sentence of its own; every kind of fault has its steps, from real records and from made-up ones. */
#include "unit/build.h"

#include "calls.h"
#include "words_explain.h"

#include <signal.h>
#include <sys/mman.h>

#define START 0x40000000ull
#define END 0x40010000ull
#define VM_FAULT_MAJOR 4u

static struct va_explanation e;

static const char *text_of(const char *label)
{
	for (unsigned i = 0; i < e.steps; i++)
		if (!strcmp(e.step[i].label, label))
			return e.step[i].text;
	return "";
}

static void says(const char *label, const char *part)
{
	if (!strstr(text_of(label), part))
		fail_msg("step '%s' says '%s', which has no '%s'", label, text_of(label), part);
}

static struct va_model *a_model(void)
{
	struct va_model *m = new_model();
	struct vmatlas_record v = a_vma(20, 1, 2, 0, START, END, 3);

	whole_map(m, 10, 1, NULL, 0);
	apply(m, a_range(20, 1, 2, START, END, 1));
	apply(m, v);
	return m;
}

static void explain(const struct vmatlas_record *rec)
{
	struct va_model *m = a_model();

	va_words_explain(&e, rec, 4, m, va_model_mm(m, 1), "[heap]");
	va_model_free(m);
}

static struct vmatlas_record fault(__u64 before, __u64 after, unsigned flags, unsigned result)
{
	struct vmatlas_record r = a_fault(30, 1, START + 0x18, after);

	r.head.flags |= (__u16)flags;
	r.fault.before = before;
	r.fault.result = result;
	r.fault.ip = 0x401000;
	r.fault.error = 6;
	return r;
}

static void a_first_touch(void **state)
{
	struct vmatlas_record r = fault(0, an_entry(5), 0, 0);

	explain(&r);
	assert_int_equal(e.steps, VA_EXPLAIN_STEPS);
	says("Access", "The instruction at 0000 0040 1000 wants to write to 0000 4000 0018");
	says("CR2, error code", "error code 0x6");
	says("CR2, error code", "write, user mode, no present entry");
	says("VMA", "[heap], rw-p, 64 KiB at 0000 4000 0000");
	says("Allowed?", "Writing is allowed");
	says("Frame", "filled with zeros");
	says("Frame", "frame 0x5");
	says("Entry", "writable, dirty, not for execution");
	says("Retry", "executed again");
}

/* The frame's words of each kind differ, and each fault has all its steps. */
static void every_kind(void **state)
{
	const __u64 swap = 1ull << 59 | 0x123400, closed = (~(5ull << 12) & 0x000ffffffffff000ull) | 0x100, ro = an_entry(5) & ~2ull;
	struct vmatlas_record r[] = {
		fault(0, an_entry(5), 0, 0), fault(0, an_entry(5), VMATLAS_F_ZERO_PAGE, 0), fault(0, an_entry(5), 0, 0), fault(0, an_entry(5), 0, VM_FAULT_MAJOR),
		fault(ro, an_entry(6), 0, 0), fault(ro, an_entry(5), 0, 0), fault(swap, an_entry(5), 0, VM_FAULT_MAJOR), fault(swap, an_entry(5), 0, 0),
		fault(0, 0, 0, 0), fault(closed, an_entry(5), 0, 0), fault(ro, an_entry(6) & ~2ull, VMATLAS_F_GUP, 0), fault(an_entry(5), an_entry(5), 0, 0),
	};
	static const char *const parts[] = {"A new one: taken", "The zero page", "in memory already", "from the disk", "A copy: others", "The same as before", "read back from swap",
					    "swap cache", "a huge page", "which node", "must not change", "another CPU"};
	__u64 seen = 0;

	r[2].head.flags &= (__u16)~VMATLAS_F_ANON;
	r[3].head.flags &= (__u16)~VMATLAS_F_ANON;
	r[3].fault.counted = VMATLAS_COUNTED_MAJOR;
	r[6].fault.counted = VMATLAS_COUNTED_MAJOR;
	r[7].fault.counted = VMATLAS_COUNTED_MINOR;
	r[8].fault.entry[3] = an_entry(0x600) | 0x80;
	r[8].fault.depth_after = 3;
	r[10].head.flags &= (__u16)~VMATLAS_F_WRITE;
	r[10].fault.error = 0;
	for (size_t i = 0; i < sizeof(r) / sizeof(r[0]); i++) {
		explain(&r[i]);
		seen |= 1ull << va_fault_kind(&r[i], 4);
		assert_int_equal(e.steps, VA_EXPLAIN_STEPS);
		says("Frame", parts[i]);
	}
	assert_int_equal(seen, (1ull << VA_FAULT_BAD) - 1);
	says("CR2, error code", "The processor's walk stops at entry 0 of the PTE");
	explain(&r[10]);
	says("No exception", "no error code");
}

static void bad_ones(void **state)
{
	struct vmatlas_record r = fault(0, 0, VMATLAS_F_BAD, 0);

	r.fault.addr = 8;
	r.fault.vma_start = r.fault.vma_end = 0;
	r.fault.signal = SIGSEGV;
	r.fault.si_code = SEGV_MAPERR;
	explain(&r);
	assert_int_equal(e.steps, 4);
	says("VMA", "There is none");
	says("Signal", "SIGSEGV (SEGV_MAPERR)");
	r.fault.addr = START;
	r.fault.signal = 0;
	r.head.flags |= VMATLAS_F_KERNEL;
	explain(&r);
	says("Access", "In a system call");
	says("Allowed?", "No: ");
	says("Error", "EFAULT");
}

/* As many as core/calls.c names; a call without words would be told as "a system call". */
static void every_call_has_its_words(void **state)
{
	size_t known = 0;

	for (int nr = 0; nr < 600; nr++) {
		char buf[32];
		const char *said = va_words_call_meaning(nr), *name = va_call_name(nr, buf, sizeof(buf));

		if (!strncmp(name, "syscall_", 8)) {
			assert_null(said);
			continue;
		}
		if (!said || strncmp(said, name, strlen(name)) != 0)
			fail_msg("%s has no words of its own", name);
		known++;
		struct vmatlas_record r = an_op(30, 1, nr, START, PAGE, 0, 0, 0);

		explain(&r);
		assert_int_equal(e.steps, 1);
		assert_string_equal(e.step[0].text, said);
		r.op.result = -12;
		explain(&r);
		says("Call", "failed");
	}
	assert_true(known >= 45);
}

/* Every event of real recordings: no text is cut, none is empty, and what it says of the entry is what the record holds. */
static void every_event_of(const char *path)
{
	struct va_recording *rec = va_recording_new();
	struct va_history *h;
	struct va_model *m;
	size_t faults = 0;

	assert_int_equal(va_recording_load(rec, path), 0);
	h = va_recording_history(rec);
	m = va_history_model_at(h, 0);
	for (size_t i = 0; i < va_history_count(h); i++) {
		struct vmatlas_record r = *va_history_record(h, i, NULL);
		struct va_walk walk;
		char part[64];

		va_model_apply(m, &r);
		va_words_explain(&e, &r, 4, m, va_model_mm(m, r.head.mm), "some file with a long name, as they come in caches of package managers");
		assert_true(e.steps >= 1 && e.steps <= VA_EXPLAIN_STEPS && *e.title);
		for (unsigned k = 0; k < e.steps; k++) {
			size_t n = strlen(e.step[k].text);

			assert_true(n > 8 && n < sizeof(e.step[k].text) - 1 && strchr(".)", e.step[k].text[n - 1]));
		}
		if (r.head.type != VMATLAS_FAULT || va_fault_kind(&r, 4) == VA_FAULT_BAD)
			continue;
		faults++;
		va_walk_after(&r.fault, 4, &walk);
		if (!walk.complete || va_fault_kind(&r, 4) == VA_FAULT_SPURIOUS)
			continue;
		snprintf(part, sizeof(part), "ntry %u of the %s", walk.step[walk.steps - 1].index, va_level_name(walk.step[walk.steps - 1].level));
		says("Entry", part);
	}
	assert_true(faults > 100);
	va_model_free(m);
	va_recording_free(rec);
}

static void real_events(void **state)
{
	every_event_of("tests/data/tour.vmatlas");
	every_event_of("tests/data/notices.vmatlas");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_touch), cmocka_unit_test(every_kind), cmocka_unit_test(bad_ones), cmocka_unit_test(every_call_has_its_words), cmocka_unit_test(real_events),
	};

	return RUN(tests);
}
