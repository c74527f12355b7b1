#include "elf.h"

#include <elf.h>
#include <string.h>
#include <unistd.h>

#define SEGMENTS_MAX 64
#define HEADERS_MAX 4096

static bool read_at(int fd, void *to, size_t n, uint64_t at)
{
	return at <= INT64_MAX - n && pread(fd, to, n, at) == (ssize_t)n;
}

/* --- headers of files of 32 bits are read as those of 64: the same facts ------------------------------------------------- */

static bool is_32(const Elf64_Ehdr *h)
{
	return h->e_ident[EI_CLASS] == ELFCLASS32;
}

static bool read_header(int fd, Elf64_Ehdr *h)
{
	Elf32_Ehdr n;

	if (!read_at(fd, h->e_ident, EI_NIDENT, 0) || memcmp(h->e_ident, ELFMAG, SELFMAG))
		return false;
	if (!is_32(h))
		return h->e_ident[EI_CLASS] == ELFCLASS64 && read_at(fd, h, sizeof(*h), 0);
	if (!read_at(fd, &n, sizeof(n), 0))
		return false;
	h->e_type = n.e_type;
	h->e_phoff = n.e_phoff;
	h->e_phentsize = n.e_phentsize;
	h->e_phnum = n.e_phnum;
	h->e_shoff = n.e_shoff;
	h->e_shentsize = n.e_shentsize;
	h->e_shnum = n.e_shnum;
	h->e_shstrndx = n.e_shstrndx;
	return true;
}

static size_t segment_size(const Elf64_Ehdr *h)
{
	return is_32(h) ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr);
}

static size_t section_size(const Elf64_Ehdr *h)
{
	return is_32(h) ? sizeof(Elf32_Shdr) : sizeof(Elf64_Shdr);
}

static bool read_segment(int fd, const Elf64_Ehdr *h, unsigned i, Elf64_Phdr *p)
{
	Elf32_Phdr n;

	if (h->e_phoff > INT64_MAX / 2 || !read_at(fd, is_32(h) ? (void *)&n : (void *)p, segment_size(h), h->e_phoff + i * segment_size(h)))
		return false;
	if (is_32(h))
		*p = (Elf64_Phdr){ .p_type = n.p_type, .p_flags = n.p_flags, .p_offset = n.p_offset, .p_vaddr = n.p_vaddr, .p_filesz = n.p_filesz, .p_memsz = n.p_memsz };
	return true;
}

static bool read_section(int fd, const Elf64_Ehdr *h, unsigned i, Elf64_Shdr *s)
{
	Elf32_Shdr n;

	if (h->e_shoff > INT64_MAX / 2 || !read_at(fd, is_32(h) ? (void *)&n : (void *)s, section_size(h), h->e_shoff + i * section_size(h)))
		return false;
	if (is_32(h))
		*s = (Elf64_Shdr){ .sh_name = n.sh_name, .sh_type = n.sh_type, .sh_flags = n.sh_flags, .sh_addr = n.sh_addr, .sh_offset = n.sh_offset, .sh_size = n.sh_size };
	return true;
}

static bool header_fine(const Elf64_Ehdr *h)
{
	return h->e_ident[EI_DATA] == ELFDATA2LSB && (h->e_type == ET_EXEC || h->e_type == ET_DYN) && h->e_phentsize == segment_size(h) && h->e_phnum &&
	       h->e_phnum <= HEADERS_MAX;
}

/* --- what is told of a file ------------------------------------------------------------------------------------------------ */

/* Elf64_Nhdr (of 32 bits the same), then name and descriptor, each padded to 4 bytes. */
static void find_build_id(const unsigned char *notes, size_t n, struct vmatlas_object *object)
{
	while (n >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr h;
		size_t name, desc;

		memcpy(&h, notes, sizeof(h));
		if (h.n_namesz > n || h.n_descsz > n)
			return;
		name = (h.n_namesz + 3) & ~3ul;
		desc = (h.n_descsz + 3) & ~3ul;
		if (sizeof(h) + name + h.n_descsz > n)
			return;
		if (h.n_type == NT_GNU_BUILD_ID && h.n_namesz == 4 && !memcmp(notes + sizeof(h), "GNU", 4) && h.n_descsz &&
		    h.n_descsz <= sizeof(object->build_id)) {
			object->build_id_len = h.n_descsz;
			memcpy(object->build_id, notes + sizeof(h) + name, h.n_descsz);
			return;
		}
		if (sizeof(h) + name + desc > n)
			return;
		notes += sizeof(h) + name + desc;
		n -= sizeof(h) + name + desc;
	}
}

static void read_notes(int fd, const Elf64_Phdr *p, struct vmatlas_object *object)
{
	unsigned char notes[4096];
	size_t n = p->p_filesz < sizeof(notes) ? p->p_filesz : sizeof(notes);

	if (!object->build_id_len && read_at(fd, notes, n, p->p_offset))
		find_build_id(notes, n, object);
}

static bool read_segments(int fd, const Elf64_Ehdr *h, struct vmatlas_object *object, struct va_bytes *out)
{
	for (unsigned i = 0; i < h->e_phnum; i++) {
		Elf64_Phdr p;

		if (!read_segment(fd, h, i, &p))
			return false;
		if (p.p_type == PT_INTERP)
			object->interp = 1;
		if (p.p_type == PT_NOTE)
			read_notes(fd, &p, object);
		if (p.p_type != PT_LOAD || object->segments == SEGMENTS_MAX)
			continue;
		struct vmatlas_segment s = { p.p_vaddr, p.p_offset, p.p_filesz, p.p_memsz, p.p_flags, 0 };

		va_bytes_add(out, &s, sizeof(s));
		object->segments++;
	}
	return object->segments > 0;
}

/* At most 31 bytes up to the NUL; a file may end right behind its strings. */
static void read_name(int fd, const Elf64_Shdr *names, uint32_t at, char name[32])
{
	ssize_t n;

	memset(name, 0, 32);
	if (at >= names->sh_size || names->sh_offset > INT64_MAX / 2)
		return;
	n = names->sh_size - at < 31 ? names->sh_size - at : 31;
	n = pread(fd, name, n, names->sh_offset + at);
	if (n < 0)
		n = 0;
	name[strnlen(name, n)] = 0;
	memset(name + strlen(name), 0, 32 - strlen(name));
}

/* A file without section headers (stripped of them) is fine: segments tell enough. */
static void read_sections(int fd, const Elf64_Ehdr *h, struct vmatlas_object *object, struct va_bytes *out)
{
	Elf64_Shdr names, s;

	if (h->e_shentsize != section_size(h) || h->e_shnum > HEADERS_MAX || h->e_shstrndx >= h->e_shnum || !read_section(fd, h, h->e_shstrndx, &names))
		return;
	for (unsigned i = 1; i < h->e_shnum && object->sections < VMATLAS_SECTIONS_MAX; i++) {
		if (!read_section(fd, h, i, &s))
			return;
		if (!(s.sh_flags & SHF_ALLOC))
			continue;
		struct vmatlas_section section = { s.sh_addr, s.sh_offset, s.sh_size, s.sh_flags, s.sh_type, "" };

		read_name(fd, &names, s.sh_name, section.name);
		va_bytes_add(out, &section, sizeof(section));
		object->sections++;
	}
}

bool va_elf_read(int fd, struct vmatlas_object *object, struct va_bytes *out)
{
	Elf64_Ehdr h;
	size_t before = out->n;

	if (!read_header(fd, &h) || !header_fine(&h))
		return false;
	object->type = h.e_type;
	if (!read_segments(fd, &h, object, out)) {
		out->n = before;
		return false;
	}
	read_sections(fd, &h, object, out);
	return true;
}
