#include "maps_of.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "collect/elf.h"
#include "group.h"
#include "symbols.h"

#define BUCKETS 4096u
#define SITES_MOST 65536u /* different instructions; others are counted together */

struct piece { /* of a map */
	__u64 lo, hi, offset;
	const char *name; /* kept by `names` */
};

struct map {
	pid_t pid;
	struct piece *piece; /* owned; ascending */
	size_t count, room;
	struct map *next; /* of the same bucket */
};

struct region { /* where faults went */
	const char *name;
	__u64 faults;
};

struct site { /* where faults came from: a byte of a file */
	const char *name;
	__u64 offset, faults;
};

struct file {
	const char *name;
	struct va_bytes whole; /* struct vmatlas_object and what follows it; empty = no ELF file */
};

struct vm_maps_of {
	struct map *bucket[BUCKETS];
	char **names; /* owned, each once */
	size_t name_count, name_room;
	struct region *region;
	size_t regions, region_room;
	struct site *site;
	size_t sites, site_room;
	__u32 *site_table; /* index + 1, of SITES_MOST * 2 */
	__u64 kernel_faults, other_faults;
	struct vm_place_count *by_region, *by_function; /* owned, by finish */
	size_t region_counts, function_counts;
};

static char *copied(const char *s)
{
	char *own = strdup(s);

	if (!own)
		abort();
	return own;
}

struct vm_maps_of *vm_maps_of_new(void)
{
	struct vm_maps_of *m = calloc(1, sizeof(*m));

	if (m)
		m->site_table = calloc(SITES_MOST * 2, sizeof(*m->site_table));
	if (!m || !m->site_table)
		abort();
	return m;
}

static void free_counts(struct vm_place_count *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(c[i].name);
	free(c);
}

void vm_maps_of_free(struct vm_maps_of *m)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct map *x = m->bucket[i], *next; x; x = next) {
			next = x->next;
			free(x->piece);
			free(x);
		}
	for (size_t i = 0; i < m->name_count; i++)
		free(m->names[i]);
	free(m->names);
	free(m->region);
	free(m->site);
	free(m->site_table);
	free_counts(m->by_region, m->region_counts);
	free_counts(m->by_function, m->function_counts);
	free(m);
}

/* --- maps ---------------------------------------------------------------------------------------------------------------------- */

static const char *keep_name(struct vm_maps_of *m, const char *name)
{
	for (size_t i = m->name_count; i-- > 0;) /* few, and mostly one of the last */
		if (!strcmp(m->names[i], name))
			return m->names[i];
	m->names = va_grow(m->names, &m->name_room, m->name_count + 1, sizeof(*m->names));
	return m->names[m->name_count++] = copied(name);
}

static struct map *map_of(struct vm_maps_of *m, pid_t pid)
{
	struct map **at = &m->bucket[(unsigned)pid % BUCKETS], *x = *at;

	while (x && x->pid != pid)
		x = x->next;
	if (x)
		return x;
	x = calloc(1, sizeof(*x));
	if (!x)
		abort();
	x->pid = pid;
	x->next = *at;
	return *at = x;
}

/* The first piece that ends above addr. */
static size_t lower(const struct map *x, __u64 addr)
{
	size_t lo = 0, hi = x->count;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (x->piece[mid].hi <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void insert(struct map *x, size_t at, const struct piece *p)
{
	x->piece = va_grow(x->piece, &x->room, x->count + 1, sizeof(*x->piece));
	memmove(&x->piece[at + 1], &x->piece[at], (x->count++ - at) * sizeof(*x->piece));
	x->piece[at] = *p;
}

/* What was there before makes room: cut at its ends, or taken away. */
void vm_maps_of_mapped(struct vm_maps_of *m, pid_t pid, __u64 lo, __u64 hi, __u64 offset, const char *name)
{
	struct piece p = {lo, hi, offset, keep_name(m, name)};
	struct map *x = map_of(m, pid);
	size_t at = lower(x, lo), end = at;

	if (hi <= lo)
		return;
	if (at < x->count && x->piece[at].lo < lo) {
		struct piece rest = x->piece[at];

		x->piece[at].hi = lo;
		if (rest.hi > hi) {
			rest.offset += hi - rest.lo;
			rest.lo = hi;
			insert(x, at + 1, &rest);
		}
		end = ++at;
	}
	while (end < x->count && x->piece[end].hi <= hi)
		end++;
	if (end < x->count && x->piece[end].lo < hi) {
		x->piece[end].offset += hi - x->piece[end].lo;
		x->piece[end].lo = hi;
	}
	memmove(&x->piece[at], &x->piece[end], (x->count - end) * sizeof(*x->piece));
	x->count -= end - at;
	insert(x, at, &p);
}

void vm_maps_of_forked(struct vm_maps_of *m, pid_t pid, pid_t parent)
{
	const struct map *from = map_of(m, parent);
	struct map *x = map_of(m, pid);

	x->piece = va_grow(x->piece, &x->room, from->count, sizeof(*x->piece));
	if (from->count)
		memcpy(x->piece, from->piece, from->count * sizeof(*x->piece));
	x->count = from->count;
}

void vm_maps_of_exec(struct vm_maps_of *m, pid_t pid)
{
	map_of(m, pid)->count = 0;
}

static const struct piece *find(const struct map *x, __u64 addr)
{
	size_t i = lower(x, addr);

	return i < x->count && x->piece[i].lo <= addr ? &x->piece[i] : NULL;
}

/* --- counting ------------------------------------------------------------------------------------------------------------------- */

/* The stack grows below where it was when it was told. */
static const char *region_name(const struct map *x, __u64 addr)
{
	const struct piece *p = find(x, addr);
	size_t i = lower(x, addr);

	if (!p && i < x->count && !strcmp(x->piece[i].name, "[stack]"))
		return "[stack]";
	if (!p)
		return "elsewhere";
	return !strncmp(p->name, "//anon", 6) ? "[anon]" : p->name;
}

static void count_region(struct vm_maps_of *m, const char *name)
{
	for (size_t i = 0; i < m->regions; i++)
		if (m->region[i].name == name || !strcmp(m->region[i].name, name)) {
			m->region[i].faults++;
			return;
		}
	m->region = va_grow(m->region, &m->region_room, m->regions + 1, sizeof(*m->region));
	m->region[m->regions++] = (struct region){name, 1};
}

static void count_site(struct vm_maps_of *m, const struct piece *p, __u64 ip)
{
	__u64 offset = ip - p->lo + p->offset;
	size_t mask = SITES_MOST * 2 - 1, at = (size_t)((offset ^ (__u64)(size_t)p->name << 7) * 0x9e3779b97f4a7c15ull >> 30) & mask;

	for (; m->site_table[at]; at = (at + 1) & mask) {
		struct site *s = &m->site[m->site_table[at] - 1];

		if (s->name == p->name && s->offset == offset) {
			s->faults++;
			return;
		}
	}
	if (m->sites >= SITES_MOST) {
		m->other_faults++;
		return;
	}
	m->site = va_grow(m->site, &m->site_room, m->sites + 1, sizeof(*m->site));
	m->site[m->sites++] = (struct site){p->name, offset, 1};
	m->site_table[at] = (__u32)m->sites;
}

void vm_maps_of_fault(struct vm_maps_of *m, pid_t pid, __u64 addr, __u64 ip)
{
	const struct map *x = map_of(m, pid);
	const struct piece *p = find(x, ip);

	count_region(m, region_name(x, addr));
	if (ip >> 63)
		m->kernel_faults++;
	else if (p)
		count_site(m, p, ip);
	else
		m->other_faults++;
}

/* --- names ------------------------------------------------------------------------------------------------------------------------ */

static int by_faults(const void *a, const void *b)
{
	const struct vm_place_count *x = a, *y = b;

	return x->faults != y->faults ? (x->faults < y->faults ? 1 : -1) : strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct vm_place_count *)a)->name, ((const struct vm_place_count *)b)->name);
}

/* Equal names become one. */
static size_t join(struct vm_place_count *c, size_t n)
{
	size_t kept = 0;

	qsort(c, n, sizeof(*c), by_name);
	for (size_t i = 0; i < n; i++)
		if (kept && !strcmp(c[kept - 1].name, c[i].name)) {
			c[kept - 1].faults += c[i].faults;
			free(c[i].name);
		} else {
			c[kept++] = c[i];
		}
	qsort(c, kept, sizeof(*c), by_faults);
	return kept;
}

static void read_file(struct file *f)
{
	struct vmatlas_object object = {0};
	struct va_bytes parts = {0};
	int fd = *f->name == '/' ? open(f->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;

	if (fd >= 0 && va_elf_read(fd, &object, &parts)) {
		va_bytes_add(&f->whole, &object, sizeof(object));
		va_bytes_add(&f->whole, parts.data, parts.n);
	}
	if (fd >= 0)
		close(fd);
	va_bytes_free(&parts);
}

static struct file *file_of(struct file *files, size_t *n, const char *name)
{
	for (size_t i = 0; i < *n; i++)
		if (files[i].name == name)
			return &files[i];
	files[*n].name = name;
	read_file(&files[*n]);
	return &files[(*n)++];
}

static char *function_name(struct va_symbols *symbols, const struct file *f, __u64 offset)
{
	struct va_site site = {.path = f->name, .offset = offset, .known = true};
	struct va_symbol symbol = {.state = VA_SYMBOL_NOT_ELF};

	if (f->whole.n) {
		site.object = (const struct vmatlas_object *)f->whole.data;
		if (va_object_linked(site.object, offset, &site.linked) && symbols)
			symbol = va_symbols_ask(symbols, &site, true);
	}
	if (symbol.state == VA_SYMBOL_FOUND)
		return va_string("%s (%s)", symbol.function, vm_basename(f->name));
	return va_string("(%s, no symbol)", vm_basename(f->name));
}

static void name_functions(struct vm_maps_of *m)
{
	struct va_symbols *symbols = va_symbols_new(NULL, NULL);
	struct file *files = calloc(m->name_count + 1, sizeof(*files));
	size_t n = 0;

	m->by_function = calloc(m->sites + 2, sizeof(*m->by_function));
	if (!m->by_function || !files)
		abort();
	for (size_t i = 0; i < m->sites; i++)
		m->by_function[i] = (struct vm_place_count){function_name(symbols, file_of(files, &n, m->site[i].name), m->site[i].offset), m->site[i].faults};
	m->function_counts = m->sites;
	if (m->kernel_faults)
		m->by_function[m->function_counts++] = (struct vm_place_count){copied("(the kernel, in a system call or exec)"), m->kernel_faults};
	if (m->other_faults)
		m->by_function[m->function_counts++] = (struct vm_place_count){copied("(elsewhere)"), m->other_faults};
	m->function_counts = join(m->by_function, m->function_counts);
	for (size_t i = 0; i < n; i++)
		va_bytes_free(&files[i].whole);
	free(files);
	va_symbols_free(symbols);
}

void vm_maps_of_finish(struct vm_maps_of *m)
{
	name_functions(m);
	m->by_region = calloc(m->regions + 1, sizeof(*m->by_region));
	if (!m->by_region)
		abort();
	for (size_t i = 0; i < m->regions; i++)
		m->by_region[i] = (struct vm_place_count){copied(m->region[i].name), m->region[i].faults};
	m->region_counts = join(m->by_region, m->regions);
}

const struct vm_place_count *vm_maps_of_regions(const struct vm_maps_of *m, size_t *n)
{
	*n = m->region_counts;
	return m->by_region;
}

const struct vm_place_count *vm_maps_of_functions(const struct vm_maps_of *m, size_t *n)
{
	*n = m->function_counts;
	return m->by_function;
}
