/* See file.h. libdwfl does the work; where debug information lies apart from the file, it is sought on this machine only. */
#include "file.h"

#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct va_symbol_file {
	Dwfl *dwfl;
	Dwfl_Module *module;
	GElf_Addr bias;
};

/* The file is given as it is. */
static int no_other_elf(Dwfl_Module *m, void **data, const char *name, Dwarf_Addr base, char **path, Elf **elf)
{
	return -1;
}

/* /usr/lib/debug/.build-id/ab/cdef….debug; libdwfl's own search would also ask servers. */
static int find_debuginfo(Dwfl_Module *m, void **data, const char *name, Dwarf_Addr base, const char *file, const char *link, GElf_Word crc, char **path)
{
	const unsigned char *id;
	char at[128];
	GElf_Addr where;
	int n = dwfl_module_build_id(m, &id, &where), used, fd;

	if (n < 2 || n > 20)
		return -1;
	used = snprintf(at, sizeof(at), "/usr/lib/debug/.build-id/%02x/", id[0]);
	for (int i = 1; i < n; i++)
		used += snprintf(at + used, sizeof(at) - (size_t)used, "%02x", id[i]);
	snprintf(at + used, sizeof(at) - (size_t)used, ".debug");
	fd = open(at, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		*path = strdup(at);
	return fd;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = no_other_elf, .find_debuginfo = find_debuginfo, .section_address = dwfl_offline_section_address,
};

static bool same_build(Dwfl_Module *m, const __u8 *id, size_t n)
{
	const unsigned char *own;
	GElf_Addr where;
	int len = dwfl_module_build_id(m, &own, &where);

	return len > 0 && (size_t)len == n && !memcmp(own, id, n);
}

static bool is_regular(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode);
}

static enum va_symbol_state open_module(struct va_symbol_file *f, const char *path, const __u8 *id, size_t n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || !is_regular(fd)) {
		if (fd >= 0)
			close(fd);
		return VA_SYMBOL_NO_FILE;
	}
	f->dwfl = dwfl_begin(&callbacks);
	if (f->dwfl) {
		dwfl_report_begin(f->dwfl);
		f->module = dwfl_report_offline(f->dwfl, path, path, fd); /* takes fd, where it succeeds */
		dwfl_report_end(f->dwfl, NULL, NULL);
	}
	if (!f->module) {
		close(fd);
		return VA_SYMBOL_OTHER_BUILD; /* no ELF file any more, or one of another machine */
	}
	if (!same_build(f->module, id, n) || !dwfl_module_getelf(f->module, &f->bias))
		return VA_SYMBOL_OTHER_BUILD;
	return VA_SYMBOL_FOUND;
}

struct va_symbol_file *va_symbol_file_open(const char *path, const __u8 *build_id, size_t build_id_len, enum va_symbol_state *state)
{
	struct va_symbol_file *f = calloc(1, sizeof(*f));

	*state = f ? open_module(f, path, build_id, build_id_len) : VA_SYMBOL_NO_FILE;
	if (*state == VA_SYMBOL_FOUND)
		return f;
	va_symbol_file_close(f);
	return NULL;
}

void va_symbol_file_close(struct va_symbol_file *f)
{
	if (f && f->dwfl)
		dwfl_end(f->dwfl);
	free(f);
}

struct va_symbol va_symbol_file_ask(struct va_symbol_file *f, __u64 linked)
{
	struct va_symbol out = {.state = VA_SYMBOL_NONE};
	GElf_Addr addr = linked + f->bias;
	GElf_Off offset = 0;
	GElf_Sym sym;
	const char *name = dwfl_module_addrinfo(f->module, addr, &offset, &sym, NULL, NULL, NULL);
	Dwfl_Line *line = dwfl_module_getsrc(f->module, addr);
	int number = 0;

	if (line) {
		out.source = dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL);
		out.line = number > 0 ? (unsigned)number : 0;
	}
	if (!name)
		return out;
	out.state = VA_SYMBOL_FOUND;
	out.function = name;
	out.offset = offset;
	return out;
}
