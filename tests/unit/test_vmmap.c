/* What vmmap reads, cut off anywhere and with bytes changed: the fuzz target's own checks on saved real inputs. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vmmap/process.h"

#define CUTS 40
#define CHANGES 60

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t state;

static uint32_t random_below(uint32_t n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % n;
}

static void abuse(const uint8_t *input, size_t size)
{
	static const char telling[] = "0-9afz \n:[]()/\\\0\xff";
	uint8_t *copy = malloc(size);

	assert_non_null(copy);
	LLVMFuzzerTestOneInput(input, size);
	for (int i = 0; i < CUTS; i++)
		LLVMFuzzerTestOneInput(input, random_below((uint32_t)size) + 1);
	for (int i = 0; i < CHANGES; i++) {
		memcpy(copy, input, size);
		for (uint32_t n = random_below(8) + 1; n; n--)
			copy[1 + random_below((uint32_t)size - 1)] = (uint8_t)telling[random_below(sizeof(telling))];
		LLVMFuzzerTestOneInput(copy, size);
	}
	free(copy);
}

static void saved_inputs_cut_and_changed(void **context)
{
	const char *seed = getenv("VMATLAS_TEST_SEED"), *dir = "tests/fuzz/corpus_vmmap";
	DIR *d = opendir(dir);
	struct dirent *e;
	unsigned files = 0;

	(void)context;
	state = seed ? strtoull(seed, NULL, 10) : 1;
	assert_non_null(d);
	while ((e = readdir(d))) {
		static uint8_t input[1 << 20];
		char path[600];
		size_t n;
		FILE *f;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		f = fopen(path, "rb");
		assert_non_null(f);
		n = fread(input, 1, sizeof(input), f);
		fclose(f);
		abuse(input, n);
		files++;
	}
	closedir(d);
	assert_true(files >= 6);
}

static struct vm_regions read_text(const char *text)
{
	struct vm_regions r = {0};

	assert_int_equal(vm_regions_text(&r, text, strlen(text), true), strlen(text));
	return r;
}

/* A line that looks as the one before it did is taken the short way: with the same result. */
static void numbers_of_any_width(void **context)
{
	struct vm_regions r = read_text("1000-2000 r--p 00000000 00:00 0 \nRss:                   4 kB\nPss:                   3 kB\nVmFlags: rd mr \n"
					"2000-3000 rw-p 00000000 00:00 0 \nRss:            12345678 kB\nPss:           123456789 kB\nVmFlags: rd wr \n"
					"3000-4000 rw-p 00000000 00:00 0 \nRss:                   x kB\nPss:                   7 kB\nVmFlags: rd mr \n"
					"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\nRss:                   0 kB");

	(void)context;
	assert_int_equal(r.count, 4);
	assert_int_equal(r.malformed, 1);
	assert_int_equal(r.region[0].kb.rss, 4);
	assert_int_equal(r.region[0].kb.pss, 3);
	assert_int_equal(r.region[1].kb.rss, 12345678);
	assert_int_equal(r.region[1].kb.pss, 123456789);
	assert_int_equal(r.region[2].kb.rss, 0);
	assert_int_equal(r.region[2].kb.pss, 7);
	assert_string_equal(r.region[2].flags, "rd mr ");
	assert_int_equal(r.region[1].vm_flags, 3);
	assert_true(r.region[3].measured);
	vm_regions_free(&r);
}

static void lines_that_make_no_sense(void **context)
{
	static const char *const lines[] = {"1000-1000 r--p 0 00:00 0", "2000-1000 r--p 0 00:00 0", "1000-2000 r--q 0 00:00 0", "1000-2000 r--p 0 00:00", "1000-2000 r--p 0 0000 0",
					    "10000000000000000-20000000000000000 r--p 0 00:00 0", "1000-2000 r--p 0 00:00 99999999999999999999", "1000", "-", "Rss: 4 kB", "\x01"};

	(void)context;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct vm_regions r = read_text(lines[i]);

		assert_int_equal(r.count, 0);
		assert_int_equal(r.malformed, 1);
		vm_regions_free(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_any_width), cmocka_unit_test(lines_that_make_no_sense), cmocka_unit_test(saved_inputs_cut_and_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
