/* What redaction makes of single records: the same by the same, huge pages whole, texts in pieces and in any order. */
#include "disguise.h"
#include "redact.h"
#include "unit/build.h"
#include "walk.h"

struct sink {
	struct vmatlas_record recs[64];
	size_t n;
	struct { __u64 id; char text[VMATLAS_TEXT_MAX + 1]; } texts[16];
	size_t text_count;
	char metas[1024];
};

static int take(void *ctx, const struct vmatlas_chunk *c, const void *payload)
{
	struct sink *s = ctx;

	if (c->kind == VMATLAS_CHUNK_RECORDS) {
		memcpy(&s->recs[s->n], payload, c->bytes);
		s->n += c->bytes / sizeof(s->recs[0]);
	} else if (c->kind == VMATLAS_CHUNK_TEXT) {
		assert_true(c->bytes > 8 && c->bytes <= 8 + VMATLAS_TEXT_MAX);
		memcpy(&s->texts[s->text_count].id, payload, 8);
		memcpy(s->texts[s->text_count++].text, (const char *)payload + 8, c->bytes - 8);
	} else if (c->kind == VMATLAS_CHUNK_META) {
		const char *key = payload;

		snprintf(s->metas + strlen(s->metas), sizeof(s->metas) - strlen(s->metas), "%s=%.*s\n", key,
			 (int)(c->bytes - strlen(key) - 1), key + strlen(key) + 1);
	}
	return 0;
}

static void give(struct va_redact *r, const struct vmatlas_record *recs, size_t n)
{
	struct vmatlas_chunk c = { .kind = VMATLAS_CHUNK_RECORDS, .bytes = (__u32)(n * sizeof(*recs)) };

	assert_int_equal(va_redact_chunk(r, &c, recs), 0);
}

static struct va_redact *a_redact(struct sink *s, bool marks)
{
	struct vmatlas_stream_header header = a_header();
	struct va_redact *r = va_redact_new(marks, take, s);

	memset(s, 0, sizeof(*s));
	assert_int_equal(va_redact_begin(r, &header), 0);
	return r;
}

static struct vmatlas_record a_file_vma(__u64 text, __u64 inode)
{
	struct vmatlas_record v = a_vma(10, 1, 1, 0, 0x400000, 0x401000, 1);

	v.head.flags = 0;
	v.vma.name_kind = VMATLAS_NAME_PATH;
	v.vma.name_text = text;
	v.vma.inode = inode;
	v.vma.dev_major = 8;
	v.vma.dev_minor = 1;
	return v;
}

/* The second half of the name comes first, and both after its use. */
static void texts_in_any_order(void **state)
{
	static const char path[] = "/home/somebody/a-directory-with-a-rather-long-name-so-that-there-are-two-pieces/of/it/secret.so.6 (deleted)";
	struct sink s;
	struct va_redact *r = a_redact(&s, true);
	struct vmatlas_record use = a_file_vma(99, 1234), late = a_text(11, 99, path, VMATLAS_TEXT_PIECE), early = a_text(12, 99, path, 0);

	give(r, &use, 1);
	give(r, &late, 1);
	assert_int_equal(s.text_count, 0);
	give(r, &early, 1);
	assert_int_equal(s.text_count, 1);
	assert_int_equal(s.texts[0].id, s.recs[0].vma.name_text);
	assert_null(strstr(s.texts[0].text, "secret"));
	assert_null(strstr(s.texts[0].text, "home"));
	assert_non_null(strstr(s.texts[0].text, ".so.6 (deleted)"));
	assert_true(s.recs[0].vma.inode != 1234 && s.recs[0].vma.inode && s.recs[0].vma.dev_major != 8);
	for (size_t i = 1; i < s.n; i++)
		assert_memory_equal(s.recs[i].text.bytes, "-\0", 2);
	assert_int_equal(s.n, 3);
	va_redact_free(r);
}

/* The same words are a path, a mark and a name: what the author said stays, what the machine said goes, and neither tells of the other. */
static void a_text_by_its_use(void **state)
{
	struct sink s;
	struct va_redact *r = a_redact(&s, true);
	struct vmatlas_record recs[] = { a_text(10, 7, "/home/me", 0), a_file_vma(7, 1), a_mark(11, 7) };

	give(r, recs, 3);
	assert_int_equal(s.text_count, 2);
	assert_true(s.recs[1].vma.name_text != s.recs[2].mark.text);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(!strcmp(s.texts[i].text, "/home/me"), s.texts[i].id == s.recs[2].mark.text);
	va_redact_free(r);
	r = a_redact(&s, false);
	give(r, recs, 3);
	for (size_t i = 0; i < 2; i++)
		assert_null(strstr(s.texts[i].text, "me"));
	va_redact_free(r);
}

static void names_of_programs(void **state)
{
	struct sink s;
	struct va_redact *r = a_redact(&s, true);
	struct vmatlas_record recs[] = { a_text(10, 7, "/usr/bin/python3", 0), a_text(10, 8, "/home/me/lab-of-a-long-name", 0), a_task(11, 1, 5, 5, "python3"),
					 a_task(12, 2, 6, 6, "lab-of-a-long-n"), a_task(13, 1, 5, 9, "a-thread") };

	recs[2].task.exe_text = 7;
	recs[3].task.exe_text = 8;
	give(r, recs, 5);
	assert_string_equal(s.recs[2].task.comm, "python3");
	assert_string_not_equal(s.recs[3].task.comm, "lab-of-a-long-n");
	assert_string_not_equal(s.recs[4].task.comm, "a-thread");
	assert_string_equal(s.texts[0].text, "/usr/bin/python3");
	assert_non_null(strrchr(s.texts[1].text, '/'));
	va_redact_free(r);
}

static void facts(void **state)
{
	static const char *const given[][2] = { { "command", "'/home/me/my prog' --password x" }, { "cwd", "/home/me" }, { "hostname", "mymachine" },
						{ "cmdline", "root=/dev/secret" }, { "unheard-of", "mymachine" }, { "title", "A title" } };
	struct sink s;
	struct va_redact *r = a_redact(&s, true);

	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		char payload[256];
		struct vmatlas_chunk c = { .kind = VMATLAS_CHUNK_META };

		c.bytes = (__u32)snprintf(payload, sizeof(payload), "%s%c%s", given[i][0], 0, given[i][1]);
		assert_int_equal(va_redact_chunk(r, &c, payload), 0);
	}
	for (const char *const *w = (const char *const[]){ "home", "my prog", "password", "mymachine", "secret", "unheard", NULL }; *w; w++)
		assert_null(strstr(s.metas, *w));
	assert_non_null(strstr(s.metas, "redacted="));
	assert_non_null(strstr(s.metas, "title=A title"));
	assert_non_null(strstr(s.metas, " …"));
	va_redact_free(r);
}

static void frames(void **state)
{
	struct va_disguise d = { 0 };
	__u64 a = va_disguise_frame(&d, 0x12345), b = va_disguise_frame(&d, 0x12346), far = va_disguise_frame(&d, 0x99945);

	assert_int_equal(b - a, 1);          /* in one block of 2 MiB */
	assert_int_equal(a & 511, 0x145);
	assert_int_equal(va_disguise_frame(&d, 0x12345), a);
	assert_true(a != 0x12345 && a >> 9 != far >> 9);
	va_disguise_gigantic(&d, 0x80000);
	assert_int_equal(va_disguise_frame(&d, 0x80000 + 0x3ffff) - va_disguise_frame(&d, 0x80000), 0x3ffff);
	va_disguise_free(&d);
}

static void entries(void **state)
{
	struct va_disguise d = { 0 };
	__u64 present = an_entry(0x12345), none = 0x8000000000000125ull & ~1ull; /* PROT_NONE: P is 0, the frame inverted */
	__u64 swap = 3ull << 59 | (~(0x777ull << 9) & 0x07fffffffffffe00ull), migration = 30ull << 59 | (~(0x12345ull << 9) & 0x07fffffffffffe00ull);
	__u64 marker = 29ull << 59 | (~(1ull << 9) & 0x07fffffffffffe00ull);

	none |= ~(0x12345ull << 12) & 0x000ffffffffff000ull;
	assert_int_equal(va_entry_pfn(none), 0x12345);
	assert_int_equal(va_disguise_entry(&d, 0), 0);
	assert_int_equal(va_entry_pfn(va_disguise_entry(&d, present)), va_disguise_frame(&d, 0x12345));
	assert_int_equal(va_entry_pfn(va_disguise_entry(&d, none)), va_disguise_frame(&d, 0x12345));
	assert_int_equal(va_disguise_entry(&d, present) & 0xfff0000000000fffull, present & 0xfff0000000000fffull);
	assert_true(va_entry_swapped(va_disguise_entry(&d, swap)) && va_disguise_entry(&d, swap) != swap);
	assert_int_equal(va_disguise_entry(&d, swap), va_disguise_entry(&d, swap));
	assert_int_equal(va_disguise_entry(&d, swap) >> 59, 3);
	assert_int_equal((~va_disguise_entry(&d, migration) & 0x07fffffffffffe00ull) >> 9, va_disguise_frame(&d, 0x12345));
	assert_int_equal(va_disguise_entry(&d, marker), marker);
	va_disguise_free(&d);
}

static void paths(void **state)
{
	static const char *const stay[] = { "/usr/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2", "/dev/zero (deleted)", "/etc/ld.so.cache", "/bin/sh" };
	static const char *const go[] = { "/usr/local/lib/Xq.so", "/usr/../home/Xq/x", "/home/Xq/usr/lib/x", "./Xq", "Xq", "/memfd:Xq (deleted)", "/tmp/Xq" };
	struct va_disguise d = { 0 };
	char out[VMATLAS_TEXT_MAX + 1], again[VMATLAS_TEXT_MAX + 1], longest[VMATLAS_TEXT_MAX];

	for (size_t i = 0; i < sizeof(stay) / sizeof(stay[0]); i++) {
		va_disguise_path(&d, stay[i], out, sizeof(out));
		assert_string_equal(out, stay[i]);
	}
	for (size_t i = 0; i < sizeof(go) / sizeof(go[0]); i++) {
		size_t length = va_disguise_path(&d, go[i], out, sizeof(out));

		assert_int_equal(length, strlen(out));
		assert_null(strstr(out, "Xq"));
	}
	va_disguise_path(&d, "/home/me/a", out, sizeof(out));
	va_disguise_path(&d, "/home/me/b", again, sizeof(again));
	assert_int_equal(strrchr(out, '/') - out, strrchr(again, '/') - again);
	assert_int_equal(strncmp(out, again, (size_t)(strrchr(out, '/') - out)), 0);
	assert_string_not_equal(out, again);
	memset(longest, 'x', sizeof(longest));
	for (size_t i = 0; i + 1 < sizeof(longest); i += 2)
		longest[i] = '/';
	longest[sizeof(longest) - 1] = 0;
	assert_true(va_disguise_path(&d, longest, out, sizeof(out)) <= VMATLAS_TEXT_MAX);
	memset(longest, 'y', sizeof(longest) - 1);
	assert_true(va_disguise_path(&d, longest, out, sizeof(out)) > 0);
	assert_true(strlen(out) < 20);
	va_disguise_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_in_any_order), cmocka_unit_test(a_text_by_its_use), cmocka_unit_test(names_of_programs),
		cmocka_unit_test(facts), cmocka_unit_test(frames), cmocka_unit_test(entries), cmocka_unit_test(paths),
	};

	return RUN(tests);
}
