#include "objects.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf.h"
#include "text.h"

#define ATTEMPTS 3       /* a file that could not be read may be readable through the next process that maps it */
#define FILES_MAX 65536

enum mapped_state { WAITING, TOLD, GIVEN_UP };

struct mapped {
	uint64_t text, inode, size, start, end;
	uint32_t major, minor, tgid;
	uint8_t state, attempts;
};

struct va_mapped {
	struct mapped *files;  /* owned */
	size_t count, room;
	uint32_t *table;       /* open addressing: 0 = empty, else index + 1; owned */
	size_t slots;          /* a power of two */
	size_t waiting, at;    /* how many wait, and where the next look begins */
	struct va_texts *texts;
};

struct va_mapped *va_mapped_new(void)
{
	struct va_mapped *m = va_zalloc(sizeof(*m));

	m->texts = va_texts_new();
	m->slots = FILES_MAX * 2;
	m->table = va_zalloc(m->slots * sizeof(*m->table));
	return m;
}

void va_mapped_free(struct va_mapped *m)
{
	va_texts_free(m->texts);
	free(m->files);
	free(m->table);
	free(m);
}

static bool same_file(const struct mapped *f, const struct vmatlas_vma *v)
{
	return f->text == v->name_text && f->inode == v->inode && f->major == v->dev_major && f->minor == v->dev_minor;
}

/* The slot of that file, or the empty one where it belongs. */
static uint32_t *slot_of(struct va_mapped *m, const struct vmatlas_vma *v)
{
	uint64_t h = (v->name_text ^ v->inode * 0x9e3779b97f4a7c15ull ^ ((uint64_t)v->dev_major << 32 | v->dev_minor)) * 0xff51afd7ed558ccdull;
	size_t i = h >> 40 & (m->slots - 1);

	while (m->table[i] && !same_file(&m->files[m->table[i] - 1], v))
		i = (i + 1) & (m->slots - 1);
	return &m->table[i];
}

static struct mapped *add_file(struct va_mapped *m, uint32_t *slot)
{
	if (m->count == FILES_MAX)
		return NULL;
	if (m->count == m->room) {
		size_t room = m->room ? m->room * 2 : 256;
		struct mapped *files = realloc(m->files, room * sizeof(*files));

		if (!files)
			abort();
		m->files = files;
		m->room = room;
	}
	*slot = ++m->count;
	m->files[m->count - 1] = (struct mapped){ .state = GIVEN_UP };
	return &m->files[m->count - 1];
}

static void see_vma(struct va_mapped *m, const struct vmatlas_record *r)
{
	const struct vmatlas_vma *v = &r->vma;
	uint32_t *slot = slot_of(m, v);
	struct mapped *f = *slot ? &m->files[*slot - 1] : add_file(m, slot);

	if (!f || f->state != GIVEN_UP || f->attempts == ATTEMPTS)
		return;
	*f = (struct mapped){ v->name_text, v->inode, v->file_size, v->start, v->end, v->dev_major, v->dev_minor, r->head.tgid,
			      WAITING, f->attempts };
	m->waiting++;
}

#define VM_EXEC 4

void va_mapped_see(void *ctx, const struct vmatlas_record *recs, size_t n)
{
	struct va_mapped *m = ctx;

	for (; n; n--, recs++) {
		if (recs->head.type == VMATLAS_TEXT)
			va_texts_add(m->texts, &recs->text);
		else if (recs->head.type == VMATLAS_VMA && recs->vma.vm_flags & VM_EXEC && recs->vma.name_kind == VMATLAS_NAME_PATH)
			see_vma(m, recs);
	}
}

/* The very file: same inode number (devices differ under an overlay) and size. */
static int open_checked(const struct mapped *f, const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_ino == f->inode && (uint64_t)st.st_size == f->size)
		return fd;
	close(fd);
	return -1;
}

/* Through the process (right also for deleted files and other mount namespaces), else by the path, when the process is gone. */
static int open_mapped(const struct mapped *f, const char *path)
{
	char name[VMATLAS_TEXT_MAX + 64];
	int fd;

	snprintf(name, sizeof(name), "/proc/%u/map_files/%llx-%llx", f->tgid, (unsigned long long)f->start, (unsigned long long)f->end);
	fd = open_checked(f, name);
	if (fd < 0) {
		snprintf(name, sizeof(name), "/proc/%u/root%s", f->tgid, path);
		fd = open_checked(f, name);
	}
	return fd < 0 ? open_checked(f, path) : fd;
}

static int tell_file(struct mapped *f, const char *path, struct va_writer *w)
{
	struct vmatlas_object object = { .path_text = f->text, .inode = f->inode, .dev_major = f->major, .dev_minor = f->minor };
	struct va_bytes b = { 0 };
	int fd = open_mapped(f, path), err = 0;

	f->attempts++;
	f->state = GIVEN_UP;
	if (fd < 0)
		return 0;
	va_bytes_add(&b, &object, sizeof(object));
	if (va_elf_read(fd, &object, &b)) {
		struct vmatlas_chunk c = { .kind = VMATLAS_CHUNK_OBJECT, .bytes = b.n };

		memcpy(b.data, &object, sizeof(object));
		err = va_writer_chunk(w, &c, b.data);
		f->state = TOLD;
	}
	va_bytes_free(&b);
	close(fd);
	return err;
}

int va_mapped_tell(struct va_mapped *m, struct va_writer *w, unsigned most)
{
	int err = 0;

	for (size_t looked = 0; m->waiting && most && !err && looked < m->count; looked++) {
		struct mapped *f = &m->files[m->at++ % m->count];
		const char *path = f->state == WAITING ? va_texts_get(m->texts, f->text) : NULL;

		if (!path)
			continue;
		m->waiting--;
		most--;
		err = tell_file(f, path, w);
	}
	return err;
}
