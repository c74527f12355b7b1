/* Lines of /proc/PID/maps: this process's own, taken apart and put together again; and the rules of both kernels. */
#include "unit/build.h"

#include <sys/mman.h>

#define VM_MAYSHARE 0x80ull

struct fixture {
	struct va_texts *texts;
	struct va_model *model;
	struct vmatlas_stream_header header;
	__u64 next_text;
};

static void begin(struct fixture *f, __u64 start_brk, __u64 brk, __u64 start_stack)
{
	struct vmatlas_record r = a_record(VMATLAS_MM_LAYOUT, 5, 1);

	f->header = a_header();
	f->texts = va_texts_new();
	f->model = va_model_new(&f->header, f->texts);
	f->next_text = 1;
	r.layout.start_brk = start_brk;
	r.layout.brk = brk;
	r.layout.start_stack = start_stack;
	va_model_apply(f->model, &r);
}

static void end(struct fixture *f)
{
	va_model_free(f->model);
	va_texts_free(f->texts);
}

static __u64 put_text(struct fixture *f, const char *text)
{
	for (unsigned at = 0; at < strlen(text); at += VMATLAS_TEXT_PIECE) {
		struct vmatlas_record r = a_text(1, f->next_text, text, at);

		assert_true(va_texts_add(f->texts, &r.text));
	}
	return f->next_text++;
}

static const char *line_of(struct fixture *f, const struct va_vma *v, __u32 rules)
{
	static char line[VA_MAPS_LINE_MAX];
	size_t n = va_maps_line(va_model_mm(f->model, 1), v, f->texts, rules, line, sizeof(line));

	assert_int_equal(strlen(line), n);
	return line;
}

/* A line as the kernel printed it → the VMA it is about. */
static struct va_vma take_apart(struct fixture *f, const char *line)
{
	struct va_vma v = { 0 };
	char perms[5];
	int at = 0;

	assert_int_equal(sscanf(line, "%llx-%llx %4s %llx %x:%x %llu %n", &v.start, &v.end, perms, &v.pgoff, &v.dev_major, &v.dev_minor,
				&v.inode, &at), 7);
	v.pgoff >>= 12;
	v.vm_flags = (perms[0] == 'r') | (perms[1] == 'w') << 1 | (perms[2] == 'x') << 2 | (perms[3] == 's' ? VM_MAYSHARE : 0);
	char name[8192];

	snprintf(name, sizeof(name), "%s", line + at + strspn(line + at, " "));
	name[strcspn(name, "\n")] = 0;
	bool ours = !strcmp(name, "[heap]") || !strcmp(name, "[stack]") || !*name;

	v.anon = !v.inode && (ours || strncmp(name, "[v", 2));
	v.name_kind = ours ? VMATLAS_NAME_NONE : v.inode ? VMATLAS_NAME_PATH : VMATLAS_NAME_SPECIAL;
	v.name_text = ours ? 0 : put_text(f, name);
	return v;
}

static void own_lines_come_out_the_same(void **state)
{
	struct fixture f;
	char line[8192];
	unsigned n = 0;
	int fd = memfd_create("a name with spaces", 0);

	assert_int_equal(ftruncate(fd, 16384), 0);
	void *shared = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 4096);

	assert_true(shared != MAP_FAILED);
	unsigned long heap = 0, heap_end = 0, stack = 0;
	FILE *maps = fopen("/proc/self/maps", "r");

	while (fgets(line, sizeof(line), maps)) {
		if (strstr(line, "[heap]"))
			sscanf(line, "%lx-%lx", &heap, &heap_end);
		if (strstr(line, "[stack]"))
			sscanf(line, "%lx", &stack);
	}
	begin(&f, heap, heap_end, stack + 4096);
	rewind(maps);
	while (fgets(line, sizeof(line), maps)) {
		struct va_vma v;

		if (strstr(line, "[vsyscall]"))
			continue;
		v = take_apart(&f, line);
		assert_string_equal(line_of(&f, &v, 0), line);
		n++;
	}
	assert_true(n > 10);
	fclose(maps);
	munmap(shared, 8192);
	close(fd);
	end(&f);
}

static void fixed_lines(void **state)
{
	struct fixture f;
	struct va_vma v = { .start = 0x1000, .end = 0x2000, .vm_flags = 5, .pgoff = 0x12345, .inode = 7, .dev_major = 0xfe, .dev_minor = 1 };

	begin(&f, 0, 0, 0);
	v.name_kind = VMATLAS_NAME_PATH;
	v.name_text = put_text(&f, "/bin/a\nb\\c d (deleted)");
	assert_string_equal(line_of(&f, &v, 0),
			    "00001000-00002000 r-xp 12345000 fe:01 7                                  /bin/a\\012b\\c d (deleted)\n");
	v.name_text = 0x123456789abcdefull; /* its text was lost */
	assert_non_null(strstr(line_of(&f, &v, 0), " ?123456789abcdef\n"));
	v.name_kind = VMATLAS_NAME_NONE;
	v.vm_flags = 0xb | VM_MAYSHARE;
	v.dev_major = v.dev_minor = 0;
	v.inode = 0;
	assert_string_equal(line_of(&f, &v, 0), "00001000-00002000 rw-s 00000000 00:00 0 \n");
	v.name_kind = VMATLAS_NAME_ANON;
	v.name_text = put_text(&f, "buffer");
	assert_non_null(strstr(line_of(&f, &v, 0), " [anon:buffer]\n"));
	v.name_kind = VMATLAS_NAME_SHMEM;
	assert_non_null(strstr(line_of(&f, &v, 0), " [anon_shmem:buffer]\n"));
	assert_non_null(strstr(line_of(&f, &v, 0), "s 12345000 ")); /* it has a file: its offset shows */
	v.start = 0x7ffffffde000;
	v.end = 0x7ffffffff000;
	v.name_kind = VMATLAS_NAME_SPECIAL;
	v.name_text = put_text(&f, "[vvar]");
	assert_string_equal(line_of(&f, &v, 0), "7ffffffde000-7ffffffff000 rw-s 00000000 00:00 0                          [vvar]\n");
	end(&f);
}

static void long_paths_push_nothing_out(void **state)
{
	struct fixture f;
	struct va_vma v = { .start = 0x1000, .end = 0x2000, .name_kind = VMATLAS_NAME_PATH };
	char path[VMATLAS_TEXT_MAX + 1], small[100];

	begin(&f, 0, 0, 0);
	memset(path, '\n', VMATLAS_TEXT_MAX);
	path[VMATLAS_TEXT_MAX] = 0;
	v.name_text = put_text(&f, path);
	assert_int_equal(strlen(line_of(&f, &v, 0)), 73 + 4 * VMATLAS_TEXT_MAX + 1);
	assert_int_equal(va_maps_line(va_model_mm(f.model, 1), &v, f.texts, 0, small, sizeof(small)), 99);
	assert_int_equal(small[98], '\n');
	assert_int_equal(va_maps_line(va_model_mm(f.model, 1), &v, f.texts, 0, small, 2), 1);
	end(&f);
}

static const char *name_of(struct fixture *f, __u64 start, __u64 stop, __u8 kind, __u32 rules)
{
	static char buf[VMATLAS_TEXT_MAX + 32];
	struct va_vma v = { .start = start, .end = stop, .vm_flags = 3, .anon = true, .name_kind = kind };

	if (kind != VMATLAS_NAME_NONE)
		v.name_text = put_text(f, "x");
	return va_vma_name(va_model_mm(f->model, 1), &v, f->texts, rules, buf, sizeof(buf));
}

/* 6.1: start <= brk && end >= start_brk; from 6.6: start < brk && end > start_brk (vma_is_initial_heap). */
static void heap_and_stack_by_the_kernels_rules(void **state)
{
	struct fixture f;

	begin(&f, 0x600000, 0x621000, 0x7ffffffe0123);
	assert_string_equal(name_of(&f, 0x600000, 0x621000, VMATLAS_NAME_NONE, 0), "[heap]");
	assert_string_equal(name_of(&f, 0x600000, 0x621000, VMATLAS_NAME_NONE, VMATLAS_RULE_HEAP_TOUCH), "[heap]");
	assert_string_equal(name_of(&f, 0x5ff000, 0x600000, VMATLAS_NAME_NONE, 0), "");
	assert_string_equal(name_of(&f, 0x5ff000, 0x600000, VMATLAS_NAME_NONE, VMATLAS_RULE_HEAP_TOUCH), "[heap]");
	assert_string_equal(name_of(&f, 0x621000, 0x622000, VMATLAS_NAME_NONE, 0), "");
	assert_string_equal(name_of(&f, 0x621000, 0x622000, VMATLAS_NAME_NONE, VMATLAS_RULE_HEAP_TOUCH), "[heap]");
	assert_string_equal(name_of(&f, 0x622000, 0x623000, VMATLAS_NAME_NONE, VMATLAS_RULE_HEAP_TOUCH), "");
	assert_string_equal(name_of(&f, 0x600000, 0x601000, VMATLAS_NAME_ANON, 0), "[heap]"); /* before the name given by prctl */
	assert_string_equal(name_of(&f, 0x700000, 0x701000, VMATLAS_NAME_ANON, 0), "[anon:x]");
	assert_string_equal(name_of(&f, 0x600000, 0x601000, VMATLAS_NAME_PATH, 0), "x"); /* a file is a file */
	assert_string_equal(name_of(&f, 0x7ffffffc0000, 0x7ffffffe1000, VMATLAS_NAME_NONE, 0), "[stack]");
	assert_string_equal(name_of(&f, 0x7ffffffe1000, 0x7ffffffe2000, VMATLAS_NAME_NONE, 0), "");
	struct vmatlas_record r = a_range(10, 1, 1, 0x600000, 0x700000, 0); /* brk grows with a RANGE */

	r.range.start_brk = 0x600000;
	r.range.brk = 0x650000;
	va_model_apply(f.model, &r);
	assert_string_equal(name_of(&f, 0x640000, 0x641000, VMATLAS_NAME_NONE, 0), "[heap]");
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_lines_come_out_the_same), cmocka_unit_test(fixed_lines), cmocka_unit_test(long_paths_push_nothing_out),
		cmocka_unit_test(heap_and_stack_by_the_kernels_rules),
	};

	return RUN(tests);
}
