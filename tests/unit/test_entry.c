/* Entries of every kind, bit by bit. The expected values are written as arch/x86/include/asm/pgtable_64.h and the processor's manual have them. */
#include "unit/build.h"

#include "entry.h"
#include "walk.h"

#define TABLE 0x67ull
#define SWAP(type, offset) ((~(__u64)(offset) << 14 >> 5) | (__u64)(type) << 59)

static struct va_entry_rules rules_of(const char *release, unsigned levels)
{
	struct vmatlas_stream_header h = a_header();

	memset(h.release, 0, sizeof(h.release));
	strcpy(h.release, release);
	h.levels = levels;
	return va_entry_rules(&h);
}

static const struct va_entry_field *find(const struct va_entry_field *f, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(f[i].name, name))
			return &f[i];
	return NULL;
}

static __u64 field(unsigned level, __u64 entry, const char *release, const char *name)
{
	struct va_entry_rules rules = rules_of(release, 4);
	struct va_entry_field f[VA_ENTRY_FIELDS];
	const struct va_entry_field *found = find(f, va_entry_fields(level, entry, &rules, f), name);

	if (!found)
		fail_msg("0x%llx has no field '%s'", (unsigned long long)entry, name);
	return found->value;
}

static void every_bit_belongs_to_one_field(void **state)
{
	static const char *const releases[] = { "6.1.0-56-amd64", "6.12.117+deb12-amd64", "6.8.0-1-generic", "what" };
	__u64 seed = 11;

	for (unsigned i = 0; i < 20000; i++) {
		struct va_entry_rules rules = rules_of(releases[i % 4], 4 + i % 2);
		__u64 entry = next_random(&seed) & (i % 3 ? ~0ull : ~1ull) & (i % 7 ? ~0ull : ~0x181ull), sum = 0;
		struct va_entry_field f[VA_ENTRY_FIELDS];
		size_t n = va_entry_fields(i % 5, entry, &rules, f);
		unsigned bit = 0;

		assert_in_range(n, 1, VA_ENTRY_FIELDS);
		for (size_t k = 0; k < n; k++) {
			bool inverted = f[k].kind == VA_FIELD_FRAME && !(entry & 1);

			assert_int_equal(f[k].shift, bit);
			bit += f[k].width;
			assert_non_null(f[k].says);
			sum |= (inverted ? f[k].value ^ ((1ull << f[k].width) - 1) : f[k].value) << f[k].shift;
		}
		assert_int_equal(bit, 64);
		assert_true(sum == entry);
	}
}

static void a_page_of_4_KiB(void **state)
{
	struct va_entry_rules rules = rules_of("6.12.117+deb12-amd64", 4);
	__u64 e = 0x8000000003720867ull; /* as a store leaves it: P RW US A D, soft-dirty, NX */
	char buf[256];

	assert_int_equal(va_entry_use(4, e, &rules), VA_ENTRY_PAGE);
	assert_string_equal(va_entry_bits(buf, sizeof(buf), 4, e, &rules), "P RW US A D soft-dirty NX");
	assert_int_equal(field(4, e, "6.12.117+deb12-amd64", "frame"), 0x3720);
	assert_int_equal(field(4, e | 5ull << 59, "6.12", "key"), 5);
	assert_int_equal(field(4, e | 1ull << 7, "6.12", "PAT"), 1);
	assert_int_equal(field(4, e | 1ull << 9, "6.12", "special"), 1);
	assert_int_equal(field(4, e | 1ull << 10, "6.12", "uffd"), 1);
	assert_int_equal(field(4, e, "6.12", "PWT"), 0);
	assert_int_equal(field(4, e | 8, "6.12", "PWT"), 1);
	assert_int_equal(field(4, e | 16, "6.12", "PCD"), 1);
	assert_int_equal(field(4, e | 256, "6.12", "G"), 1);
	assert_string_equal(va_entry_words(buf, sizeof(buf), 4, e, &rules), "Maps a page of 4 KiB in frame 0x3720.");
}

/* Bit 58 is another's in each version. */
static void software_bits_follow_the_version(void **state)
{
	__u64 e = 0x1025ull | 1ull << 58;

	assert_int_equal(field(4, e, "6.1.0-56-amd64", "devmap"), 1);
	assert_int_equal(field(4, e, "6.12.117+deb12-amd64", "devmap"), 0);
	assert_int_equal(field(4, e, "6.12.117+deb12-amd64", "saved-dirty"), 1);
	assert_int_equal(field(4, 0x1025ull | 1ull << 57, "6.12.117+deb12-amd64", "devmap"), 1);
}

static void huge_pages_end_early(void **state)
{
	struct va_entry_rules rules = rules_of("6.12.117+deb12-amd64", 4);
	__u64 e = 0x80000000456000e7ull | 1 << 12;
	char buf[256];

	assert_int_equal(va_entry_use(3, e, &rules), VA_ENTRY_PAGE);
	assert_int_equal(field(3, e, "6.12", "PS"), 1);
	assert_int_equal(field(3, e, "6.12", "PAT"), 1);
	assert_int_equal(field(3, e, "6.12", "frame"), 0x45600000ull >> 21);
	assert_string_equal(va_entry_words(buf, sizeof(buf), 3, e, &rules), "Maps a huge page of 2 MiB in frame 0x45600.");
	assert_string_equal(va_entry_words(buf, sizeof(buf), 2, 0xe7ull | 1ull << 30, &rules), "Maps a huge page of 1 GiB in frame 0x40000.");
	assert_int_equal(va_entry_use(3, 0x75be000 | TABLE, &rules), VA_ENTRY_TABLE);
	assert_string_equal(va_entry_words(buf, sizeof(buf), 3, 0x75be000 | TABLE, &rules), "Leads to the next table, in frame 0x75be.");
	assert_string_equal(va_entry_bits(buf, sizeof(buf), 3, 0x75be000 | TABLE, &rules), "P RW US A");
}

static void closed_pages_hold_their_frame_inverted(void **state)
{
	struct va_entry_rules rules = rules_of("6.12.117+deb12-amd64", 4);
	__u64 e = (~(0x3720ull << 12) & 0x000ffffffffff000ull) | 1ull << 63 | 0x100 | 0x60;
	char buf[256];

	assert_int_equal(va_entry_use(4, e, &rules), VA_ENTRY_CLOSED);
	assert_int_equal(field(4, e, "6.12", "frame"), 0x3720);
	assert_non_null(strstr(va_entry_words(buf, sizeof(buf), 4, e, &rules), "frame 0x3720 that the processor may not use"));
	assert_int_equal(va_entry_use(3, (e & ~0x100ull) | 0x80, &rules), VA_ENTRY_SPLITTING);
}

static void what_stands_in_entries_that_are_not_present(void **state)
{
	static const struct {
		const char *release;
		unsigned type;
		enum va_entry_use use;
	} cases[] = {
		{ "6.1.0-56-amd64", 0, VA_ENTRY_SWAP },	     { "6.1.0-56-amd64", 25, VA_ENTRY_SWAP },	      { "6.1.0-56-amd64", 26, VA_ENTRY_POISON },
		{ "6.1.0-56-amd64", 27, VA_ENTRY_MIGRATION }, { "6.1.0-56-amd64", 29, VA_ENTRY_MIGRATION },   { "6.1.0-56-amd64", 30, VA_ENTRY_MARKER },
		{ "6.1.0-56-amd64", 31, VA_ENTRY_ERROR },     { "6.12.117+deb12-amd64", 26, VA_ENTRY_SWAP },  { "6.12.117+deb12-amd64", 27, VA_ENTRY_POISON },
		{ "6.12.117+deb12-amd64", 28, VA_ENTRY_MIGRATION }, { "6.12.117+deb12-amd64", 30, VA_ENTRY_MIGRATION },
		{ "6.12.117+deb12-amd64", 31, VA_ENTRY_MARKER },
		/* a kernel whose configuration is not known: nothing is guessed */
		{ "6.12.9-generic", 21, VA_ENTRY_SWAP },      { "6.12.9-generic", 23, VA_ENTRY_OTHER },	      { "6.12.9-generic", 28, VA_ENTRY_OTHER },
		{ "6.12.9-generic", 31, VA_ENTRY_MARKER },    { "6.1.9-generic", 31, VA_ENTRY_OTHER },	      { "what", 22, VA_ENTRY_OTHER },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct va_entry_rules rules = rules_of(cases[i].release, 4);

		if (va_entry_use(4, SWAP(cases[i].type, 1), &rules) != cases[i].use)
			fail_msg("%s: type %u is '%s'", cases[i].release, cases[i].type, va_entry_use_name(va_entry_use(4, SWAP(cases[i].type, 1), &rules)));
	}
}

static void swap_entries_in_words(void **state)
{
	struct va_entry_rules rules = rules_of("6.12.117+deb12-amd64", 4), five = rules_of("6.12.117+deb12-amd64", 5);
	char buf[256];

	assert_string_equal(va_entry_words(buf, sizeof(buf), 4, SWAP(1, 123456), &rules), "Swapped out: swap file 1, page 123456 in it.");
	assert_string_equal(va_entry_words(buf, sizeof(buf), 4, SWAP(29, 0x3720 | 1ull << 34), &rules),
			    "The kernel is moving its frame 0x3720: whoever comes waits."); /* the bit above the frame: it was young */
	assert_int_equal(va_entry_swap_pfn(SWAP(29, 0x3720 | 1ull << 40), &five), 0x3720);
	assert_non_null(strstr(va_entry_words(buf, sizeof(buf), 4, SWAP(27, 0x99), &rules), "0x99 is broken"));
	assert_non_null(strstr(va_entry_words(buf, sizeof(buf), 4, SWAP(31, 1), &rules), "write-protected by userfaultfd"));
	assert_non_null(strstr(va_entry_words(buf, sizeof(buf), 4, SWAP(31, 2), &rules), "poisoned"));
	assert_non_null(strstr(va_entry_words(buf, sizeof(buf), 4, SWAP(31, 8), &rules), "does not know"));
	assert_string_equal(va_entry_bits(buf, sizeof(buf), 4, SWAP(0, 1) | 2 | 4 | 8, &rules), "soft-dirty uffd exclusive");
	assert_int_equal(field(4, SWAP(3, 77), "6.12", "offset"), 77);
	assert_int_equal(field(4, SWAP(3, 77), "6.12", "type"), 3);
	assert_string_equal(va_entry_words(buf, sizeof(buf), 4, 0, &rules), "Empty: nothing is mapped here.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_bit_belongs_to_one_field),
		cmocka_unit_test(a_page_of_4_KiB),
		cmocka_unit_test(software_bits_follow_the_version),
		cmocka_unit_test(huge_pages_end_early),
		cmocka_unit_test(closed_pages_hold_their_frame_inverted),
		cmocka_unit_test(what_stands_in_entries_that_are_not_present),
		cmocka_unit_test(swap_entries_in_words),
	};

	return RUN(tests);
}
