/* Proofs: gathered, damaged, and compared. One small story, right in every word; each test changes one thing and must see just that. */
#include "unit/build.h"

#include "checker.h"

#define MAP 0x7f0000004000ull
#define LINES "00400000-00404000 rw-p 00000000 00:00 0 \n7f0000004000-7f0000010000 rw-p 00000000 00:00 0 \n"

struct story {
	struct vmatlas_record recs[64];
	size_t count;
	struct vmatlas_proof_moment moment;
	struct vmatlas_proof_process process;
	__u32 tgid;
	char maps[512];
	struct vmatlas_proof_vma vmas[2];
	__u64 entries[12];         /* of MAP … */
	bool no_end, renumber, proof_first, proof_twice;
	int written, lost;         /* how many records more than there are the module says it wrote, and lost */
};

/* Faults on pages 4 … 7 of 16 stay; the rest was unmapped, or never seen. */
static struct story a_good_story(void)
{
	struct story s = {
		.moment = { .begin = 1040, .end = 1050, .number = 1, .processes = 1, .flags = VMATLAS_PROOF_FREEZER | VMATLAS_PROOF_REFRESHED },
		.process = { .min_flt = 13, .vmas = 2 }, .tgid = 100, .maps = LINES,
		.vmas = { { 0x400000, 0x404000, 0, 0 }, { MAP, 0x7f0000010000, 4 * PAGE, 0 } }, .renumber = true,
	};
	struct vmatlas_record exec = a_record(VMATLAS_EXEC, 1002, 1), exit = a_record(VMATLAS_EXIT, 1060, 1);

	s.count = a_story(s.recs);
	for (size_t i = 0; i < s.count; i++)
		if (s.recs[i].head.type == VMATLAS_FAULT)
			s.recs[i].fault.counted = VMATLAS_COUNTED_MINOR;
	exec.exec.min_flt = 5;
	strcpy(exec.exec.comm, "story");
	memmove(s.recs + 3, s.recs + 2, (s.count - 2) * sizeof(*s.recs));
	s.recs[2] = exec;
	s.count++;
	exit.head.flags = VMATLAS_F_GROUP;
	exit.exit.min_flt = 13;
	s.recs[s.count++] = exit;
	for (unsigned i = 0; i < 4; i++)
		s.entries[i] = VMATLAS_PAGEMAP_PRESENT | (504 + i);
	return s;
}

static void put_piece(struct va_writer *w, __u32 kind, __u32 tgid, __u64 addr, const void *data, size_t n)
{
	static char payload[1 << 16];
	struct vmatlas_proof head = { .kind = kind, .tgid = tgid, .addr = addr };
	struct vmatlas_chunk c = { .kind = VMATLAS_CHUNK_PROOF, .bytes = (__u32)(sizeof(head) + n) };

	memcpy(payload, &head, sizeof(head));
	memcpy(payload + sizeof(head), data, n);
	assert_int_equal(va_writer_chunk(w, &c, payload), 0);
}

static void put_proof(struct va_writer *w, const struct story *s)
{
	size_t half = strlen(s->maps) / 2;

	put_piece(w, VMATLAS_PROOF_MOMENT, 0, 0, &s->moment, sizeof(s->moment));
	put_piece(w, VMATLAS_PROOF_PROCESS, s->tgid, 0, &s->process, sizeof(s->process));
	put_piece(w, VMATLAS_PROOF_MAPS, s->tgid, 0, s->maps, half);
	put_piece(w, VMATLAS_PROOF_MAPS, s->tgid, 0, s->maps + half, strlen(s->maps) - half);
	put_piece(w, VMATLAS_PROOF_VMAS, s->tgid, 0, s->vmas, sizeof(s->vmas));
	put_piece(w, VMATLAS_PROOF_PAGES, s->tgid, MAP, s->entries, sizeof(s->entries));
}

static struct va_checker *check_bytes(struct bytes b, size_t n, size_t step)
{
	struct va_checker *c = va_checker_new();

	for (size_t at = 0; at < n; at += step)
		assert_int_equal(va_checker_feed(c, b.p + at, n - at < step ? n - at : step), 0);
	va_checker_finish(c);
	return c;
}

static struct bytes told(struct story *s)
{
	struct vmatlas_stream_header header = a_header();
	struct vmatlas_end end = { .reason = VMATLAS_END_COMMAND, .ts = 2000 };
	struct vmatlas_totals count[2] = { { 0, 0, s->count + s->written, s->lost }, { 1, 1, 0, 0 } };
	struct vmatlas_chunk totals = { .kind = VMATLAS_CHUNK_TOTALS, .bytes = sizeof(count) };
	FILE *file = tmpfile();
	struct va_writer *w;

	assert_non_null(file);
	w = va_writer_new(fileno(file), false);
	for (size_t i = 0; s->renumber && i < s->count; i++)
		s->recs[i].head.seq = (__u32)i;
	assert_int_equal(va_writer_header(w, &header), 0);
	if (s->proof_first)
		put_proof(w, s);
	write_records(w, 0, 0, s->recs, s->count / 2);
	write_round(w, s->recs[s->count / 2].head.ts);
	if (!s->proof_first)
		put_proof(w, s);
	if (s->proof_twice)
		put_proof(w, s);
	write_records(w, 0, 0, s->recs + s->count / 2, s->count - s->count / 2);
	if (!s->no_end) {
		write_round(w, 1999);
		assert_int_equal(va_writer_chunk(w, &totals, count), 0);
		assert_int_equal(va_writer_end(w, &end), 0);
	}
	va_writer_free(w);
	return read_back(file);
}

static struct va_checker *check(struct story *s)
{
	struct bytes b = told(s);
	struct va_checker *c = check_bytes(b, b.n, b.n);

	free(b.p);
	return c;
}

/* Just one kind of difference, n times. */
static struct va_finding expect(struct story *s, enum va_difference kind, __u64 n)
{
	struct va_checker *c = check(s);
	const struct va_prove_counts *counts = va_checker_counts(c);
	struct va_finding f = { 0 };

	for (unsigned i = 0; i < VA_DIFFS; i++)
		assert_int_equal(counts->differences[i], i == kind ? n : 0);
	assert_non_null(va_checker_first(c));
	f = *va_checker_first(c);
	assert_int_equal(f.kind, kind);
	assert_non_null(f.kernel);
	assert_non_null(f.picture);
	va_checker_free(c);
	return f;
}

static void none(struct story *s, struct va_prove_counts *counts)
{
	struct va_checker *c = check(s);

	assert_int_equal(va_checker_differences(c), 0);
	assert_null(va_checker_first(c));
	*counts = *va_checker_counts(c);
	va_checker_free(c);
}

static void a_good_one_has_no_difference(void **state)
{
	struct story s = a_good_story();
	struct va_prove_counts c;

	none(&s, &c);
	assert_int_equal(c.moments, 1);
	assert_int_equal(c.refreshed, 1);
	assert_int_equal(c.maps, 1);
	assert_int_equal(c.lines, 2);
	assert_int_equal(c.pages, 4);
	assert_int_equal(c.uncertain, 8);
	assert_int_equal(c.uncertain_fresh, 8);
	assert_int_equal(c.rss, 2);
	assert_int_equal(c.faults, 2);
	s.proof_first = true; /* all that stands before the ROUND is as good */
	none(&s, &c);
	assert_int_equal(c.pages, 4);
}

static void in_any_pieces(void **state)
{
	struct story s = a_good_story();
	struct bytes b = told(&s);

	for (size_t step = 1; step < 200; step += 13) {
		struct va_checker *c = check_bytes(b, b.n, step);

		assert_int_equal(va_checker_differences(c), 0);
		assert_int_equal(va_checker_counts(c)->pages, 4);
		va_checker_free(c);
	}
	free(b.p);
}

/* Every byte of the lines counts. */
static void lines_differ(void **state)
{
	const size_t bytes = strlen(LINES);
	struct va_finding f;

	for (size_t i = 0; i < bytes; i++) {
		struct story s = a_good_story();
		struct va_checker *c;

		s.maps[i] ^= 1;
		c = check(&s);
		assert_true(va_checker_counts(c)->differences[VA_DIFF_LINE] > 0);
		va_checker_free(c);
	}
	struct story s = a_good_story();

	strcpy(s.maps, strchr(LINES, '\n') + 1);
	f = expect(&s, VA_DIFF_LINE, 1);
	assert_int_equal(f.addr, 0x400000);
	s = a_good_story();
	strcat(s.maps, "7f0000020000-7f0000021000 r--p 00000000 00:00 0 \n");
	f = expect(&s, VA_DIFF_LINE, 1);
	assert_int_equal(f.addr, 0x7f0000020000);
	assert_int_equal(f.end, 0x7f0000021000);
	s = a_good_story();
	strcat(s.maps, "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n");
	expect(&s, VA_DIFF_LINE, 1);
}

static void pages_differ(void **state)
{
	const __u64 wrong[] = { 0, VMATLAS_PAGEMAP_SWAP, VMATLAS_PAGEMAP_PRESENT | 9999 };
	struct va_prove_counts c;

	for (unsigned i = 0; i < 3; i++) {
		struct story s = a_good_story();
		struct va_finding f;

		s.entries[2] = wrong[i];
		f = expect(&s, VA_DIFF_PAGE, 1);
		assert_int_equal(f.addr, MAP + 2 * PAGE);
		assert_int_equal(f.tgid, 100);
		assert_int_equal(f.moment, 1);
		assert_string_equal(f.comm, "story");
		assert_true(f.touched_count >= 2);
		s.entries[2] |= VMATLAS_PAGEMAP_MOVED;
		none(&s, &c);
		assert_int_equal(c.moved, 1);
	}
	struct story s = a_good_story();

	s.entries[2] = VMATLAS_PAGEMAP_PRESENT; /* without privilege no frame is told */
	none(&s, &c);
	s.entries[5] = VMATLAS_PAGEMAP_PRESENT | 7; /* the picture does not claim to know this one */
	none(&s, &c);
}

/* Mapped before our eyes: a page that was never seen is known to be absent. */
static void what_is_absent_is_a_claim(void **state)
{
	struct story s = a_good_story();
	struct va_prove_counts c;

	s.recs[s.count] = s.recs[s.count - 1];
	s.recs[s.count - 1] = a_range(1032, 1, 3, 0x7f0000020000, 0x7f0000021000, 1);
	s.recs[s.count + 1] = s.recs[s.count];
	s.recs[s.count] = a_vma(1032, 1, 3, 0, 0x7f0000020000, 0x7f0000021000, 3);
	s.count += 2;
	strcat(s.maps, "7f0000020000-7f0000021000 rw-p 00000000 00:00 0 \n");
	none(&s, &c);
	s.vmas[0] = (struct vmatlas_proof_vma){ 0x7f0000020000, 0x7f0000021000, PAGE, 0 };
	expect(&s, VA_DIFF_RSS, 1);
}

/* In a VMA of more pages than are looked up one by one where sizes agree: kswapd took one away while smaps had been read, or was still to be. */
static void what_leaves_while_the_kernel_is_read(void **state)
{
	const __u64 lo = 0x7f0000020000, hi = lo + 1280 * PAGE;
	struct story s = a_good_story();
	struct va_prove_counts c;
	size_t at = s.count - 1;

	s.recs[s.count + 3] = s.recs[at];
	s.recs[at] = a_range(1032, 1, 3, lo, hi, 1);
	s.recs[at + 1] = a_vma(1032, 1, 3, 0, lo, hi, 3);
	s.recs[at + 2] = a_fault(1033, 1, lo + 7 * PAGE, an_entry(900));
	s.recs[at + 2].fault.counted = VMATLAS_COUNTED_NOT;
	s.recs[at + 3] = a_record(VMATLAS_PAGES, 1045, 1);
	s.recs[at + 3].pages.addr = lo + 7 * PAGE;
	s.recs[at + 3].pages.level = 4;
	s.recs[at + 3].pages.count = 1;
	s.count += 4;
	strcat(s.maps, "7f0000020000-7f0000520000 rw-p 00000000 00:00 0 \n");
	s.vmas[0] = (struct vmatlas_proof_vma){ lo, hi, PAGE, 0 };
	none(&s, &c);
	assert_int_equal(c.moved, 1);
	s.recs[at + 3].head.ts = 1039;
	expect(&s, VA_DIFF_RSS, 1);
}

static void sizes_and_counts_differ(void **state)
{
	struct story s = a_good_story();

	s.vmas[1].rss += PAGE;
	expect(&s, VA_DIFF_RSS, 1);
	/* An entry that changed while the kernel's files were read. */
	struct va_prove_counts moved;
	size_t last = s.count - 2;

	while (s.recs[last].head.type != VMATLAS_FAULT)
		last--;
	s.recs[s.count] = s.recs[s.count - 1];
	s.recs[s.count - 1] = s.recs[last];
	s.recs[s.count - 1].head.ts = 1045;
	s.recs[s.count++ - 1].fault.counted = VMATLAS_COUNTED_NOT;
	none(&s, &moved);
	assert_int_equal(moved.moved, 1);
	s = a_good_story();
	s.process.min_flt++;
	expect(&s, VA_DIFF_FAULTS, 1);
	s = a_good_story();
	s.process.min_flt--;
	s.process.maj_flt++;
	expect(&s, VA_DIFF_FAULTS, 1);
	s = a_good_story();
	s.recs[s.count - 1].exit.min_flt++;
	assert_int_equal(expect(&s, VA_DIFF_FAULTS, 1).moment, 0);
	s = a_good_story();
	s.recs[10].fault.counted = VMATLAS_COUNTED_NOT;
	s.process.min_flt--;
	s.recs[s.count - 1].exit.min_flt--;
	struct va_prove_counts c;

	none(&s, &c);
	assert_int_equal(c.faults, 2);
	/* Not told how many at its end: not compared. */
	s = a_good_story();
	s.recs[s.count - 1].exit.min_flt = 0;
	none(&s, &c);
	assert_int_equal(c.faults_lost, 1);
}

/* A frame that broke: its entry is not present, and smaps may count it all the same. */
static void a_broken_frame_may_be_resident(void **state)
{
	struct story s = a_good_story();
	struct va_prove_counts counts;

	for (size_t i = 0; i < s.count; i++)
		if (s.recs[i].head.type == VMATLAS_FAULT && s.recs[i].fault.addr >> 12 == (MAP >> 12) + 3)
			s.recs[i].fault.entry[4] = 27ull << 59;
	s.entries[3] = VMATLAS_PAGEMAP_SWAP;
	none(&s, &counts);
	s.vmas[1].rss -= PAGE;
	none(&s, &counts);
	s.vmas[1].rss -= PAGE;
	expect(&s, VA_DIFF_RSS, 1);
	s.vmas[1].rss += 3 * PAGE;
	expect(&s, VA_DIFF_RSS, 1);
}

static void a_process_we_do_not_know(void **state)
{
	struct story s = a_good_story();

	s.tgid = 101;
	expect(&s, VA_DIFF_PROCESS, 1);
	s.process.flags = VMATLAS_PROOF_ENDING;
	struct va_prove_counts c;

	none(&s, &c);
	assert_int_equal(c.ending, 1);
	assert_int_equal(c.maps, 0);
}

/* A record left out with its number is a difference, with a gap in the numbers it is a loss, and the picture says so itself. */
static void lost_is_not_wrong(void **state)
{
	struct va_prove_counts c;

	for (unsigned what = 0; what < 2; what++) {
		unsigned type = what ? VMATLAS_RANGE : VMATLAS_FAULT;
		struct story s = a_good_story();
		size_t last = s.count;

		while (last-- > 0 && s.recs[last].head.type != type)
			;
		for (size_t i = 0; i < s.count; i++)
			s.recs[i].head.seq = (__u32)i;
		memmove(s.recs + last, s.recs + last + 1, (s.count - last - 1) * sizeof(*s.recs));
		s.count--;
		s.renumber = false;
		s.moment.lost[0] = s.lost = 1;
		s.recs[s.count - 1].exit.min_flt -= !what; /* all are on one channel here; faults have another one, and its losses count there */
		none(&s, &c);
		assert_int_equal(c.stale_maps, 1);
		assert_int_equal(c.pages, 0);
		s.renumber = true;
		s.moment.lost[0] = s.lost = 0;
		struct va_checker *checker = check(&s);

		assert_true(va_checker_differences(checker) > 0);
		va_checker_free(checker);
	}
	/* The gap is seen with the next record only, the moment tells of it. */
	struct story s = a_good_story();

	s.moment.lost[0] = 1;
	s.maps[0] = '1';
	none(&s, &c);
	assert_int_equal(c.stale_maps, 1);
	s = a_good_story();
	s.moment.lost[1] = 1;
	s.entries[0] = 0;
	s.process.min_flt++;
	none(&s, &c);
	assert_int_equal(c.uncertain, 12);
	assert_int_equal(c.faults_lost, 1);
	/* The end of a process, and the gap before it is seen behind it. */
	s = a_good_story();
	for (size_t i = 0; i < s.count; i++)
		s.recs[i].head.seq = (__u32)i;
	s.recs[s.count - 1].exit.min_flt++;
	s.recs[s.count] = a_record(VMATLAS_MARK, 1070, 0);
	s.recs[s.count].head.seq = (__u32)s.count + 1;
	s.count++;
	s.renumber = false;
	s.lost = 1;
	none(&s, &c);
	assert_int_equal(c.faults_lost, 1);
	assert_int_equal(c.faults, 1);
}

/* What happens after the moment is not in the picture of that moment; what happens while the kernel is read may be in either. */
static void the_moment_counts(void **state)
{
	struct story s = a_good_story();
	struct va_prove_counts c;

	s.recs[s.count] = s.recs[s.count - 1];
	s.recs[s.count - 1] = a_range(1055, 1, 4, 0, ~0ull, 0);
	s.count++;
	none(&s, &c);
	assert_int_equal(c.pages, 4);
	s.recs[s.count - 2] = a_fault(1045, 1, MAP + PAGE, an_entry(777));
	s.recs[s.count - 2].fault.counted = VMATLAS_COUNTED_NOT;
	none(&s, &c);
	assert_int_equal(c.moved, 1);
	s.recs[s.count - 2].head.ts = 1039;
	assert_int_equal(expect(&s, VA_DIFF_PAGE, 1).addr, MAP + PAGE);
}

static void totals_differ(void **state)
{
	struct story s = a_good_story();
	struct va_prove_counts c;

	none(&s, &c);
	s.written = -1;
	expect(&s, VA_DIFF_RECORDS, 1);
	s.written = 0;
	s.renumber = false;
	s.recs[s.count - 1].head.seq++;
	expect(&s, VA_DIFF_RECORDS, 1);
}

/* No ROUND says that the records up to there are all: nothing is compared. */
static void cut_off_before_the_round(void **state)
{
	struct story s = a_good_story();
	struct va_prove_counts c;

	s.no_end = true;
	s.maps[0] = '1';
	none(&s, &c);
	assert_int_equal(c.moments, 0);
}

static void damaged_pieces_are_counted(void **state)
{
	struct { struct vmatlas_proof head; char rest[100]; } p = { 0 };
	struct va_proofs proofs = { 0 };
	struct vmatlas_proof_moment m = { .begin = 10, .end = 20 };

	for (__u32 kind = 0; kind < 9; kind++)
		for (size_t n = 0; n < sizeof(p.rest); n++) {
			p.head.kind = kind;
			if (kind != VMATLAS_PROOF_SKIPPED && kind != VMATLAS_PROOF_MOMENT)
				assert_false(va_proofs_add(&proofs, &p, sizeof(p.head) + n));
		}
	assert_false(va_proofs_add(&proofs, &p, 3));
	p.head.kind = VMATLAS_PROOF_MOMENT;
	memcpy(p.rest, &m, sizeof(m));
	assert_false(va_proofs_add(&proofs, &p, sizeof(p.head) + sizeof(m) - 1));
	assert_true(va_proofs_add(&proofs, &p, sizeof(p.head) + sizeof(m)));
	assert_false(va_proofs_add(&proofs, &p, sizeof(p.head) + sizeof(m))); /* back in time */
	p.head.kind = VMATLAS_PROOF_PROCESS;
	assert_false(va_proofs_add(&proofs, &p, sizeof(p.head) + sizeof(struct vmatlas_proof_process))); /* of nobody */
	p.head.tgid = 5;
	assert_true(va_proofs_add(&proofs, &p, sizeof(p.head) + sizeof(struct vmatlas_proof_process)));
	p.head.kind = VMATLAS_PROOF_PAGES;
	p.head.addr = 0x1001;
	assert_false(va_proofs_add(&proofs, &p, sizeof(p.head) + 8));
	p.head.addr = 1ull << 56;
	assert_false(va_proofs_add(&proofs, &p, sizeof(p.head) + 8));
	p.head.addr = (1ull << 56) - PAGE;
	assert_true(va_proofs_add(&proofs, &p, sizeof(p.head) + 8));
	assert_false(va_proofs_add(&proofs, &p, sizeof(p.head) + 16));
	p.head.tgid = 6;
	p.head.kind = VMATLAS_PROOF_MAPS;
	assert_false(va_proofs_add(&proofs, &p, sizeof(p.head) + 8)); /* of another process */
	va_proofs_free(&proofs);

	struct story s = a_good_story();
	struct va_checker *c;

	s.proof_twice = true;
	c = check(&s);
	assert_true(va_checker_malformed(c) > 0);
	va_checker_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_one_has_no_difference), cmocka_unit_test(in_any_pieces), cmocka_unit_test(lines_differ),
		cmocka_unit_test(pages_differ), cmocka_unit_test(what_is_absent_is_a_claim), cmocka_unit_test(what_leaves_while_the_kernel_is_read), cmocka_unit_test(sizes_and_counts_differ),
		cmocka_unit_test(a_broken_frame_may_be_resident), cmocka_unit_test(a_process_we_do_not_know), cmocka_unit_test(lost_is_not_wrong), cmocka_unit_test(the_moment_counts),
		cmocka_unit_test(totals_differ), cmocka_unit_test(cut_off_before_the_round), cmocka_unit_test(damaged_pieces_are_counted),
	};

	return RUN(tests);
}
