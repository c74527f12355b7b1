/* What a VMA is: a program and a library with their ELF facts, and what is no file. */
#include "unit/build.h"

#include <elf.h>

#include "zone.h"

#define R 1ull
#define RW 3ull
#define RX 5ull
#define VM_SHARED 8ull

struct fixture {
	struct vmatlas_stream_header header;
	struct va_texts *texts;
	struct va_objects *objects;
	struct va_model *model;
	struct vmatlas_record vma[32];
	__u32 n;
};

static void begin(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->header = a_header();
	f->texts = va_texts_new();
	f->objects = va_objects_new();
	f->model = va_model_new(&f->header, f->texts);
}

static void end(struct fixture *f)
{
	va_model_free(f->model);
	va_objects_free(f->objects);
	va_texts_free(f->texts);
}

static void text(struct fixture *f, __u64 id, const char *s)
{
	struct vmatlas_record r = a_text(1, id, s, 0);

	assert_true(va_texts_add(f->texts, &r.text));
}

static void map(struct fixture *f, __u64 start, __u64 stop, __u64 flags, __u64 file, __u64 offset)
{
	struct vmatlas_record *r = &f->vma[f->n];

	*r = a_vma(10, 1, 1, f->n++, start, stop, flags);
	if (!file)
		return;
	r->head.flags = 0;
	r->vma.name_kind = VMATLAS_NAME_PATH;
	r->vma.name_text = file;
	r->vma.inode = file;
	r->vma.pgoff = offset >> 12;
}

static void special(struct fixture *f, __u64 start, __u64 stop, __u64 name)
{
	map(f, start, stop, R, name, 0);
	f->vma[f->n - 1].vma.name_kind = VMATLAS_NAME_SPECIAL;
}

static void tell(struct fixture *f, __u64 start_brk, __u64 brk, __u64 stack)
{
	struct vmatlas_record layout = a_record(VMATLAS_MM_LAYOUT, 9, 1), range = a_range(10, 1, 1, 0, ~0ull, f->n);

	layout.layout.start_brk = start_brk;
	layout.layout.brk = brk;
	layout.layout.start_stack = stack;
	va_model_apply(f->model, &layout);
	range.range.start_brk = start_brk;
	range.range.brk = brk;
	va_model_apply(f->model, &range);
	for (__u32 i = 0; i < f->n; i++)
		va_model_apply(f->model, &f->vma[i]);
	assert_int_equal(va_model_counts(f->model)->invalid, 0);
	assert_int_equal(va_mm_vma_count(va_model_mm(f->model, 1)), f->n);
}

static void expect(struct fixture *f, __u64 addr, enum va_zone zone, bool is_lib)
{
	const struct va_mm *mm = va_model_mm(f->model, 1);
	const struct va_vma *vma = va_mm_vma_at(mm, addr);
	bool lib, also;
	enum va_zone got = va_zone_of(mm, vma, f->texts, f->objects, 0, &lib);

	assert_string_equal(va_zone_name(got), va_zone_name(zone));
	assert_int_equal(lib, is_lib);
	got = va_zone_between(mm, vma, va_mm_vma_at(mm, vma->start - 1), va_mm_vma_at(mm, vma->end), f->texts, f->objects, 0, &also);
	assert_string_equal(va_zone_name(got), va_zone_name(zone));
	assert_int_equal(also, is_lib);
}

struct object {
	struct vmatlas_object head;
	struct vmatlas_segment segment[2];
	struct vmatlas_section section[6];
};

/* As ld makes them: headers and tables, text, rodata, RELRO and data, bss behind the file's end. */
static struct object an_object(__u64 file, __u16 type, __u8 interp)
{
	struct object o = {
		.head = { .path_text = file, .inode = file, .segments = 2, .sections = 6, .type = type, .interp = interp },
		.segment = { { 0, 0, 0x3800, 0x3800, PF_R | PF_X, 0 }, { 0x4e00, 0x3e00, 0x400, 0x5000, PF_R | PF_W, 0 } },
		.section = { { 0x300, 0x300, 0x400, SHF_ALLOC, SHT_DYNSYM, ".dynsym" },
			     { 0x700, 0x700, 0x100, SHF_ALLOC, SHT_RELR, ".relr.dyn" }, /* as libc has it */
			     { 0x1000, 0x1000, 0x1800, SHF_ALLOC | SHF_EXECINSTR, SHT_PROGBITS, ".text" },
			     { 0x3000, 0x3000, 0x800, SHF_ALLOC, SHT_PROGBITS, ".rodata" },
			     { 0x4e00, 0x3e00, 0x400, SHF_ALLOC | SHF_WRITE, SHT_PROGBITS, ".data" },
			     { 0x5200, 0x4200, 0x4c00, SHF_ALLOC | SHF_WRITE, SHT_NOBITS, ".bss" } },
	};

	return o;
}

static void map_object(struct fixture *f, __u64 base, __u64 file)
{
	map(f, base, base + 0x1000, R, file, 0);
	map(f, base + 0x1000, base + 0x3000, RX, file, 0x1000);
	map(f, base + 0x3000, base + 0x4000, R, file, 0x3000);
	map(f, base + 0x4000, base + 0x5000, R, file, 0x3000); /* RELRO: closed after relocation */
	map(f, base + 0x5000, base + 0x6000, RW, file, 0x4000);
	map(f, base + 0x6000, base + 0xa000, RW, 0, 0); /* bss */
}

static void expect_object(struct fixture *f, __u64 base, bool lib)
{
	expect(f, base, VA_ZONE_HEADERS, lib);
	expect(f, base + 0x1000, VA_ZONE_TEXT, lib);
	expect(f, base + 0x3000, VA_ZONE_RODATA, lib);
	expect(f, base + 0x4000, VA_ZONE_RODATA, lib);
	expect(f, base + 0x5000, VA_ZONE_DATA, lib);
	expect(f, base + 0x6000, VA_ZONE_BSS, lib);
}

static void program_and_library(void **state)
{
	struct fixture f;
	struct object program = an_object(1, ET_DYN, 1), library = an_object(2, ET_DYN, 0), runnable = an_object(3, ET_DYN, 1);

	begin(&f);
	text(&f, 1, "/usr/bin/cat");
	text(&f, 2, "/usr/lib/libz.so.1");
	text(&f, 3, "/usr/lib/libc.so.6");
	assert_true(va_objects_add(f.objects, &program, sizeof(program)));
	assert_true(va_objects_add(f.objects, &library, sizeof(library)));
	assert_true(va_objects_add(f.objects, &runnable, sizeof(runnable)));
	assert_true(va_objects_add(f.objects, &runnable, sizeof(runnable))); /* told twice */
	map_object(&f, 0x55550000, 1);
	map_object(&f, 0x7f0000000000, 2);
	map_object(&f, 0x7f0000100000, 3);
	map(&f, 0x7f0000200000, 0x7f0000210000, RW, 0, 0);
	tell(&f, 0, 0, 0);
	expect_object(&f, 0x55550000, false);
	expect_object(&f, 0x7f0000000000, true);
	expect_object(&f, 0x7f0000100000, true); /* libc has an interpreter: it can be run */
	expect(&f, 0x7f0000200000, VA_ZONE_ANON, false);
	end(&f);
}

/* Without randomization brk begins where the bss ends, and one VMA holds both: the larger part gives the name. */
static void bss_and_heap_in_one(void **state)
{
	static const struct {
		__u64 start_brk;
		enum va_zone zone;
	} cases[] = {{0x55559000, VA_ZONE_BSS}, {0x55557000, VA_ZONE_HEAP}, {0x55556000, VA_ZONE_HEAP}};
	struct object program = an_object(1, ET_DYN, 1);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f;

		begin(&f);
		text(&f, 1, "/usr/bin/cat");
		assert_true(va_objects_add(f.objects, &program, sizeof(program)));
		map_object(&f, 0x55550000, 1);
		tell(&f, cases[i].start_brk, 0x5555a000, 0);
		expect(&f, 0x55556000, cases[i].zone, false);
		end(&f);
	}
}

/* What merely touches the end of a file without bss is memory of its own. */
static void no_bss_without_need(void **state)
{
	struct fixture f;
	struct object program = an_object(1, ET_DYN, 1);

	begin(&f);
	text(&f, 1, "/usr/bin/cat");
	program.segment[1].mem_size = program.segment[1].file_size;
	program.head.sections = 0; /* stripped to the bone: segments must do */
	assert_true(va_objects_add(f.objects, &program, offsetof(struct object, section)));
	map_object(&f, 0x55550000, 1);
	tell(&f, 0, 0, 0);
	expect(&f, 0x55551000, VA_ZONE_TEXT, false);
	expect(&f, 0x55555000, VA_ZONE_DATA, false);
	expect(&f, 0x55556000, VA_ZONE_ANON, false);
	end(&f);
}

static void without_elf_facts(void **state)
{
	struct fixture f;

	begin(&f);
	text(&f, 1, "/opt/a/libx.so.1.2");
	text(&f, 2, "/etc/ld.so.cache");
	text(&f, 3, "/srv/data.bin");
	text(&f, 4, "/dev/zero (deleted)");
	text(&f, 5, "/memfd:x (deleted)");
	map(&f, 0x100000, 0x101000, RX, 1, 0x1000);
	map(&f, 0x200000, 0x201000, R, 1, 0x3000);
	map(&f, 0x300000, 0x301000, R, 2, 0);
	map(&f, 0x400000, 0x401000, RW, 3, 0);
	map(&f, 0x500000, 0x501000, RW | VM_SHARED, 4, 0);
	map(&f, 0x600000, 0x601000, RW | VM_SHARED, 5, 0);
	tell(&f, 0, 0, 0);
	expect(&f, 0x100000, VA_ZONE_TEXT, true);
	expect(&f, 0x200000, VA_ZONE_LIB, true);
	expect(&f, 0x300000, VA_ZONE_FILE, false);
	expect(&f, 0x400000, VA_ZONE_FILE, false);
	expect(&f, 0x500000, VA_ZONE_SHARED, false);
	expect(&f, 0x600000, VA_ZONE_SHARED, false);
	end(&f);
}

static void memory_of_no_file(void **state)
{
	struct fixture f;

	begin(&f);
	text(&f, 1, "[vvar]");
	text(&f, 2, "[vdso]");
	map(&f, 0x600000, 0x621000, RW, 0, 0);
	map(&f, 0x7f0000000000, 0x7f0000001000, 0, 0, 0);   /* guard of a thread's stack */
	map(&f, 0x7f0000001000, 0x7f0000801000, RW, 0, 0);
	map(&f, 0x7f0001000000, 0x7f0001001000, 0, 0, 0);   /* touches nothing: no guard of anything */
	special(&f, 0x7fff00000000, 0x7fff00004000, 1);
	special(&f, 0x7fff00004000, 0x7fff00006000, 2);
	map(&f, 0x7fffff000000, 0x7fffff021000, RW, 0, 0);
	tell(&f, 0x600000, 0x621000, 0x7fffff01f000);
	expect(&f, 0x600000, VA_ZONE_HEAP, false);
	expect(&f, 0x7f0000000000, VA_ZONE_GUARD, false);
	expect(&f, 0x7f0000001000, VA_ZONE_THREAD_STACK, false);
	expect(&f, 0x7f0001000000, VA_ZONE_ANON, false);
	expect(&f, 0x7fff00000000, VA_ZONE_VVAR, false);
	expect(&f, 0x7fff00004000, VA_ZONE_VDSO, false);
	expect(&f, 0x7fffff000000, VA_ZONE_STACK, false);
	end(&f);
}

static void malformed_objects_are_refused(void **state)
{
	struct va_objects *objects = va_objects_new();
	struct object o = an_object(1, ET_DYN, 0);

	assert_false(va_objects_add(objects, &o, sizeof(o.head) - 1));
	assert_false(va_objects_add(objects, &o, sizeof(o) - 1));
	o.head.sections = 0xffffffff;
	assert_false(va_objects_add(objects, &o, sizeof(o)));
	o = an_object(1, ET_DYN, 0);
	o.head.segments = 0x40000000;
	assert_false(va_objects_add(objects, &o, sizeof(o)));
	o = an_object(1, ET_DYN, 0);
	o.head.build_id_len = 21;
	assert_false(va_objects_add(objects, &o, sizeof(o)));
	va_objects_free(objects);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(program_and_library), cmocka_unit_test(bss_and_heap_in_one), cmocka_unit_test(no_bss_without_need), cmocka_unit_test(without_elf_facts), cmocka_unit_test(memory_of_no_file),
		cmocka_unit_test(malformed_objects_are_refused),
	};

	return RUN(tests);
}
