/* Symbols of this very program, which has debug information: function and line of an address, and every reason why there is none. */
#include "unit/build.h"

#include <elf.h>
#include <link.h>

#include "symbols.h"
#include "zone.h"

static int here_line;

/* On one line: so its first address has it. */
static __attribute__((noinline)) void here(void) { here_line = __LINE__; }

static __attribute__((noinline)) __u64 a_call(void)
{
	return (__u64)__builtin_return_address(0);
}

static struct vmatlas_object object;
static char path[4096];
static __u64 base;

static int note_build_id(struct dl_phdr_info *info, size_t size, void *ctx)
{
	if (*info->dlpi_name)
		return 0;
	base = info->dlpi_addr;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		for (__u64 at = 0; p->p_type == PT_NOTE && at + sizeof(ElfW(Nhdr)) < p->p_memsz;) {
			const ElfW(Nhdr) *note = (const void *)(base + p->p_vaddr + at);

			if (note->n_type == NT_GNU_BUILD_ID && note->n_descsz == 20) {
				object.build_id_len = 20;
				memcpy(object.build_id, (const char *)(note + 1) + ((note->n_namesz + 3) & ~3u), 20);
			}
			at += sizeof(*note) + ((note->n_namesz + 3) & ~3u) + ((note->n_descsz + 3) & ~3u);
		}
	}
	return 1;
}

static int set_up(void **state)
{
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	dl_iterate_phdr(note_build_id, NULL);
	return n <= 0 || !object.build_id_len;
}

static struct va_site site_at(__u64 addr)
{
	return (struct va_site){.path = path, .known = true, .object = &object, .linked = addr - base, .offset = addr - base};
}

static void a_function_and_its_line_are_found(void **state)
{
	struct va_symbols *s = va_symbols_new(NULL, NULL);
	struct va_site site = site_at((__u64)here);
	struct va_symbol symbol = va_symbols_ask(s, &site, true);
	char words[256];

	here();
	assert_int_equal(symbol.state, VA_SYMBOL_FOUND);
	assert_string_equal(symbol.function, "here");
	assert_int_equal(symbol.offset, 0);
	assert_int_equal(symbol.line, here_line);
	assert_non_null(strstr(symbol.source, "test_symbols.c"));
	__u64 behind = a_call();
	int line = __LINE__ - 1;

	site = site_at(behind - 1);
	symbol = va_symbols_ask(s, &site, true);
	assert_string_equal(symbol.function, "a_function_and_its_line_are_found");
	assert_int_equal(symbol.line, line);
	snprintf(words, sizeof(words), "(test_symbols.c:%d)", line);
	assert_non_null(strstr(va_symbol_words((char[256]){0}, 256, &site, &symbol), words));
	va_symbols_free(s);
}

static void who_does_not_wait_is_woken(void **state)
{
	struct va_symbols *s = va_symbols_new(NULL, NULL);
	struct va_site site = site_at((__u64)here);
	struct va_symbol symbol = va_symbols_ask(s, &site, false);

	for (int i = 0; i < 3000 && symbol.state == VA_SYMBOL_PENDING; i++) {
		usleep(10000);
		symbol = va_symbols_ask(s, &site, false);
	}
	assert_int_equal(symbol.state, VA_SYMBOL_FOUND);
	va_symbols_free(s);
}

static void another_build_is_not_believed(void **state)
{
	struct va_symbols *s = va_symbols_new(NULL, NULL);
	struct vmatlas_object other = object;
	struct va_site site = site_at((__u64)here);
	struct va_symbol symbol;
	char words[256];

	other.build_id[3] ^= 1;
	site.object = &other;
	symbol = va_symbols_ask(s, &site, true);
	assert_int_equal(symbol.state, VA_SYMBOL_OTHER_BUILD);
	assert_null(symbol.function);
	assert_non_null(strstr(va_symbol_words(words, sizeof(words), &site, &symbol), "another build"));
	other.build_id_len = 0;
	assert_int_equal(va_symbols_ask(s, &site, true).state, VA_SYMBOL_NO_BUILD_ID);
	site = site_at((__u64)here);
	site.path = "/no/such/file";
	assert_int_equal(va_symbols_ask(s, &site, true).state, VA_SYMBOL_NO_FILE);
	site.path = "/dev/zero";
	assert_int_equal(va_symbols_ask(s, &site, true).state, VA_SYMBOL_NO_FILE);
	site.path = "tests/unit/test_symbols.c";
	assert_int_equal(va_symbols_ask(s, &site, true).state, VA_SYMBOL_OTHER_BUILD);
	site.object = NULL;
	assert_int_equal(va_symbols_ask(s, &site, true).state, VA_SYMBOL_NOT_ELF);
	va_symbols_free(s);
}

static void no_address_is_too_strange(void **state)
{
	struct va_symbols *s = va_symbols_new(NULL, NULL);
	__u64 random = 3;

	for (int i = 0; i < 300; i++) {
		struct va_site site = site_at(i & 1 ? next_random(&random) : base + pick(&random, 1 << 20));
		struct va_symbol symbol = va_symbols_ask(s, &site, true);

		assert_true(symbol.state == VA_SYMBOL_FOUND || symbol.state == VA_SYMBOL_NONE);
	}
	va_symbols_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_function_and_its_line_are_found), cmocka_unit_test(who_does_not_wait_is_woken),
		cmocka_unit_test(another_build_is_not_believed), cmocka_unit_test(no_address_is_too_strange),
	};

	return _cmocka_run_group_tests("symbols", tests, sizeof(tests) / sizeof(tests[0]), set_up, NULL);
}
