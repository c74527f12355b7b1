/* The collector's ELF reader: right on our own program, harmless on anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collect/elf.c"
#include "common/bytes.c"

static const char *const own = "/proc/self/exe";

static int file_of(const void *bytes, size_t n)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(va_write_whole(fd, bytes, n), 0);
	return fd;
}

static const struct vmatlas_section *section(const struct vmatlas_object *o, const struct va_bytes *b, const char *name)
{
	const struct vmatlas_section *s = (const void *)(b->data + o->segments * sizeof(struct vmatlas_segment));

	for (unsigned i = 0; i < o->sections; i++)
		if (!strcmp(s[i].name, name))
			return &s[i];
	return NULL;
}

static void reads_its_own_program(void **state)
{
	struct vmatlas_object o = { 0 };
	struct va_bytes b = { 0 };
	int fd = open(own, O_RDONLY);

	assert_true(va_elf_read(fd, &o, &b));
	assert_int_equal(o.interp, 1);
	assert_true(o.type == ET_DYN || o.type == ET_EXEC);
	assert_true(o.segments >= 2);
	assert_int_equal(b.n, o.segments * sizeof(struct vmatlas_segment) + o.sections * sizeof(struct vmatlas_section));
	assert_int_equal(o.build_id_len, 20);
	assert_non_null(section(&o, &b, ".text"));
	assert_true(section(&o, &b, ".text")->flags & SHF_EXECINSTR);
	assert_int_equal(section(&o, &b, ".bss")->type, SHT_NOBITS);
	assert_true(section(&o, &b, ".rodata")->size > 0);
	assert_null(section(&o, &b, ".symtab")); /* not in memory */
	va_bytes_free(&b);
	close(fd);
}

static void refuses_other_files(void **state)
{
	struct vmatlas_object o = { 0 };
	struct va_bytes b = { 0 };
	static const char *const texts[] = { "", "\177ELF", "#!/bin/sh\n", "\177ELF\2\1\1 and no more than this, which is too short for a header" };

	for (unsigned i = 0; i < 4; i++) {
		int fd = file_of(texts[i], strlen(texts[i]));

		assert_false(va_elf_read(fd, &o, &b));
		assert_int_equal(b.n, 0);
		close(fd);
	}
	assert_false(va_elf_read(-1, &o, &b));
}

static const struct small {
	Elf32_Ehdr h;
	Elf32_Phdr p[3];
	uint32_t note[5];
	char names[16];
	Elf32_Shdr s[4];
} small = {
	.h = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT }, .e_type = ET_EXEC, .e_machine = EM_386, .e_phoff = offsetof(struct small, p),
	       .e_phentsize = sizeof(Elf32_Phdr), .e_phnum = 3, .e_shoff = offsetof(struct small, s), .e_shentsize = sizeof(Elf32_Shdr), .e_shnum = 4, .e_shstrndx = 3 },
	.p = { { .p_type = PT_LOAD, .p_vaddr = 0x8048000, .p_filesz = 0x800, .p_memsz = 0x800, .p_flags = PF_R | PF_X },
	       { .p_type = PT_LOAD, .p_offset = 0x800, .p_vaddr = 0x8049800, .p_filesz = 0x10, .p_memsz = 0x90, .p_flags = PF_R | PF_W },
	       { .p_type = PT_NOTE, .p_offset = offsetof(struct small, note), .p_filesz = 20 } },
	.note = { 4, 4, NT_GNU_BUILD_ID, 0x554e47, 0xddccbbaa },
	.names = "\0.text\0.bss",
	.s = { { 0 }, { 1, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 0x8048400, 0x400, 0x123, 0, 0, 1, 0 }, { 7, SHT_NOBITS, SHF_ALLOC | SHF_WRITE, 0x8049810, 0x810, 0x80, 0, 0, 1, 0 },
	       { 0, SHT_STRTAB, 0, 0, offsetof(struct small, names), sizeof(small.names), 0, 0, 1, 0 } },
};

static void reads_32_bits(void **state)
{
	struct vmatlas_object o = { 0 };
	struct va_bytes b = { 0 };
	int fd = file_of(&small, sizeof(small));
	const struct vmatlas_segment *s;

	assert_true(va_elf_read(fd, &o, &b));
	assert_int_equal(o.type, ET_EXEC);
	assert_int_equal(o.interp, 0);
	assert_int_equal(o.segments, 2);
	assert_int_equal(o.sections, 2);
	assert_int_equal(o.build_id_len, 4);
	assert_memory_equal(o.build_id, &small.note[4], 4);
	s = (const void *)b.data;
	assert_int_equal(s[1].addr, 0x8049800);
	assert_int_equal(s[1].offset, 0x800);
	assert_int_equal(s[1].file_size, 0x10);
	assert_int_equal(s[1].mem_size, 0x90);
	assert_int_equal(s[1].flags, PF_R | PF_W);
	assert_int_equal(section(&o, &b, ".text")->size, 0x123);
	assert_int_equal(section(&o, &b, ".bss")->addr, 0x8049810);
	va_bytes_free(&b);
	assert_int_equal(ftruncate(fd, sizeof(small.h) + 40), 0); /* one program header */
	assert_false(va_elf_read(fd, &o, &b));
	assert_int_equal(b.n, 0);
	va_bytes_free(&b);
	close(fd);
}

static void harm(int fd, size_t at, unsigned round, const void *whole, size_t bytes)
{
	static const uint64_t numbers[] = { 0, 1, 0xff, 0xffff, 0x7fffffff, 0xffffffff, 0x7fffffffffffffff, 0xffffffffffffffff };
	uint64_t value = numbers[random() % 8];
	size_t n = 1 << random() % 4;
	struct vmatlas_object o = { 0 };
	struct va_bytes b = { 0 };

	assert_int_equal(pwrite(fd, &value, n, at), n);
	if (va_elf_read(fd, &o, &b)) {
		assert_true(o.sections <= VMATLAS_SECTIONS_MAX && o.build_id_len <= sizeof(o.build_id));
		assert_int_equal(b.n, o.segments * sizeof(struct vmatlas_segment) + o.sections * sizeof(struct vmatlas_section));
	}
	va_bytes_free(&b);
	/* Two of three changes stay for a while. */
	if (round % 3 == 0)
		assert_int_equal(pwrite(fd, whole, bytes, 0), bytes);
}

static void hostile_numbers_do_no_harm(void **state)
{
	struct va_bytes file = { 0 };
	int fd = open(own, O_RDONLY);

	assert_int_equal(va_read_whole(fd, &file, 64 << 20), 0);
	close(fd);
	srandom(getenv("VMATLAS_TEST_SEED") ? atoi(getenv("VMATLAS_TEST_SEED")) : 1);
	fd = file_of(file.data, file.n);
	for (unsigned round = 0; round < 5000; round++) {
		const Elf64_Ehdr *h = (const void *)file.data;
		/* In the header, in the program headers, in the section headers, or where the notes are. */
		size_t places[] = { random() % sizeof(*h), h->e_phoff + random() % (h->e_phnum * 56), h->e_shoff + random() % (h->e_shnum * 64),
				    random() % 1024 };

		harm(fd, places[random() % 4], round, file.data, file.n);
	}
	close(fd);
	fd = file_of(&small, sizeof(small));
	for (unsigned round = 0; round < 5000; round++)
		harm(fd, random() % sizeof(small), round, &small, sizeof(small));
	va_bytes_free(&file);
	close(fd);
}

static void notes_end_where_they_end(void **state)
{
	struct vmatlas_object o = { 0 };
	/* namesz 4, descsz says 20 and there are 4 bytes */
	const uint32_t cut[] = { 4, 20, NT_GNU_BUILD_ID, 0x554e47, 1 };
	const uint32_t fine[] = { 4, 4, NT_GNU_BUILD_ID, 0x554e47, 0xddccbbaa };

	find_build_id((const unsigned char *)cut, sizeof(cut), &o);
	assert_int_equal(o.build_id_len, 0);
	find_build_id((const unsigned char *)fine, sizeof(fine), &o);
	assert_int_equal(o.build_id_len, 4);
	assert_memory_equal(o.build_id, &fine[4], 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_its_own_program),
		cmocka_unit_test(reads_32_bits),
		cmocka_unit_test(refuses_other_files),
		cmocka_unit_test(hostile_numbers_do_no_harm),
		cmocka_unit_test(notes_end_where_they_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
