/*
 * What would happen, against what did: before every page fault of real recordings the model is asked what this access would do. Where it is sure, the
 * kernel did just that: same kind, same signal and si_code.
 */
#include "unit/build.h"

#include <signal.h>

#include "expect.h"
#include "record.h"
#include "walk.h"

static enum va_access access_of(const struct vmatlas_record *rec)
{
	if (rec->head.flags & VMATLAS_F_INSTR)
		return VA_ACCESS_EXECUTE;
	return rec->head.flags & VMATLAS_F_WRITE ? VA_ACCESS_WRITE : VA_ACCESS_READ;
}

static bool fits(const struct va_expect *e, enum va_outcome outcome, enum va_fault_kind kind)
{
	switch (outcome) {
	case VA_WILL_ZERO_PAGE:
	case VA_WILL_DEMAND_ZERO:
		return kind == VA_FAULT_DEMAND_ZERO || (e->maybe_huge && kind == VA_FAULT_HUGE);
	case VA_WILL_FILE:
	case VA_WILL_FILE_COPY:
		return kind == VA_FAULT_FILE || kind == VA_FAULT_HUGE;
	case VA_WILL_COW:
		return kind == VA_FAULT_COW || kind == VA_FAULT_REUSE;
	case VA_WILL_NOTIFY:
		return kind == VA_FAULT_REUSE;
	case VA_WILL_SWAP_IN:
		return kind == VA_FAULT_SWAP_IN;
	case VA_WILL_HUGE:
		return kind == VA_FAULT_HUGE || kind == VA_FAULT_BAD;
	case VA_WILL_NUMA:
		return kind == VA_FAULT_NUMA_HINT;
	case VA_WILL_NOTHING:
		return kind == VA_FAULT_SPURIOUS;
	default:
		return outcome != VA_WILL_SIGNAL;
	}
}

struct tally {
	size_t sure, unsure, wrong, signals;
	size_t by[VA_OUTCOMES];
};

static void judge(struct tally *t, const struct va_expect *e, const struct vmatlas_record *rec, unsigned levels, __u64 known)
{
	enum va_fault_kind kind = va_fault_kind(rec, levels);
	bool bad = kind == VA_FAULT_BAD, right;

	/* A fault that waited: what is known of the page came while it was under way (another thread's fault, a userfaultfd's answer). */
	if (known >= rec->head.ts - rec->head.aux && known) {
		t->unsure++;
		return;
	}
	if (bad && rec->fault.si_code == 0x80 /* SI_KERNEL: not a canonical address, which one the processor does not tell */) {
		t->unsure++;
		return;
	}
	if (rec->head.flags & VMATLAS_F_GUP || (bad && !rec->fault.signal && rec->head.flags & VMATLAS_F_KERNEL && e->outcome == VA_WILL_SIGNAL)) {
		t->unsure++;
		return;
	}
	if (e->unsure & ~(unsigned)(VA_UNSURE_SIZE | VA_UNSURE_LIMIT)) {
		right = fits(e, e->outcome, kind) || fits(e, e->present, kind) || (bad && e->outcome == VA_WILL_SIGNAL);
		t->unsure++;
	} else {
		right = bad ? e->outcome == VA_WILL_SIGNAL && e->signal == rec->fault.signal && e->si_code == rec->fault.si_code : fits(e, e->outcome, kind);
		right |= e->fault_first && !bad; /* the first of two */
		right |= e->outcome == VA_WILL_HUGE && bad;
		t->sure++;
		t->by[e->outcome]++;
		t->signals += bad && right;
	}
	if (right)
		return;
	t->wrong++;
	print_message("# ts %llu: %llx expected outcome %d (signal %d/%d, unsure %x), was %s, signal %u/%u, entry before %llx\n", rec->head.ts, rec->fault.addr,
		      e->outcome, e->signal, e->si_code, e->unsure, va_fault_kind_name(kind), rec->fault.signal, rec->fault.si_code, rec->fault.before);
}

static void ask_all(const char *path, struct tally *t)
{
	struct va_recording *r = va_recording_new();
	struct va_history *h;
	struct va_model *model;
	__u32 cpu;

	assert_int_equal(va_recording_load(r, path), 0);
	h = va_recording_history(r);
	model = va_history_model_at(h, 0);
	for (size_t i = 0; i < va_history_count(h); i++) {
		struct vmatlas_record rec = *va_history_record(h, i, &cpu);

		if (rec.head.type == VMATLAS_FAULT) {
			unsigned levels = va_recording_header(r)->levels;
			const struct va_mm *mm = va_model_mm(model, rec.head.mm);
			struct va_expect e = va_expect(mm, levels, rec.fault.addr, access_of(&rec));

			judge(t, &e, &rec, levels, mm ? va_mm_page(mm, rec.fault.addr & ~4095ull).ts : 0);
		}
		va_model_apply(model, &rec);
	}
	va_model_free(model);
	va_recording_free(r);
}

static void no_fault_comes_otherwise(void **state)
{
	struct tally tour = {0}, inspect = {0};

	ask_all("tests/data/tour.vmatlas", &tour);
	ask_all("tests/data/inspect.vmatlas", &inspect);
	assert_int_equal(tour.wrong, 0);
	assert_int_equal(inspect.wrong, 0);
	assert_true(tour.sure > 300 && inspect.sure > 800);
	assert_true(tour.by[VA_WILL_ZERO_PAGE] && tour.by[VA_WILL_DEMAND_ZERO] && tour.by[VA_WILL_FILE] && tour.by[VA_WILL_FILE_COPY] && tour.by[VA_WILL_COW]);
	assert_int_equal(inspect.signals, 14); /* seven kinds of bad accesses with an address, by the handler's process and by a child each */
}

/* What the program got, by its own words: "caught WHAT ADDR SIGNAL SI_CODE". */
static void each_bad_access_is_foretold(void **state)
{
	struct va_recording *r = va_recording_new();
	struct va_model *model;
	char line[512], what[64];
	unsigned long addr;
	int signal, code, seen = 0;
	unsigned pid = 0;
	FILE *f = fopen("tests/data/inspect.txt", "r");
	size_t at;

	assert_non_null(f);
	assert_int_equal(va_recording_load(r, "tests/data/inspect.vmatlas"), 0);
	at = va_history_find_mark(va_recording_history(r), "bad_access.handler");
	assert_true(at != (size_t)-1);
	model = va_history_model_at(va_recording_history(r), at);
	while (fgets(line, sizeof(line), f)) {
		sscanf(line, "pid %u", &pid); /* the last one is that of bad_access */
		if (sscanf(line, "caught %63s %lx %d %d", what, &addr, &signal, &code) != 4)
			continue;
		enum va_access access = !strcmp(what, "protection-exec") ? VA_ACCESS_EXECUTE :
					!strcmp(what, "protection-write") || !strcmp(what, "unmapped-near") ? VA_ACCESS_WRITE : VA_ACCESS_READ;
		struct va_expect e = va_expect(va_model_mm_of(model, pid), 4, addr, access);

		assert_int_equal(e.outcome, VA_WILL_SIGNAL);
		assert_int_equal(e.signal, signal);
		assert_int_equal(e.si_code, code);
		seen++;
	}
	assert_int_equal(seen, 8);
	fclose(f);
	va_model_free(model);
	va_recording_free(r);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(no_fault_comes_otherwise), cmocka_unit_test(each_bad_access_is_foretold)};
	struct tally t = {0};

	if (argc < 2)
		return RUN(tests);
	ask_all(argv[1], &t); /* any other recording: for tests in the VM */
	printf("%zu sure, %zu unsure, %zu wrong\n", t.sure, t.unsure, t.wrong);
	return t.wrong != 0;
}
