/*
 * The text of /proc/PID/maps and smaps. A map may have 65,530 regions, smaps two dozen lines for each: so lines are taken where they lie, and one that looks as its
 * like did with the region before is recognized by three comparisons.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "regions.h"
#include "vmflags.h"

#define READ_SIZE (64u << 10)
#define LONGEST (1u << 20) /* a line; the kernel's are 4 KiB at most, escapes four times that */
#define COLUMN 16          /* where smaps begins its numbers … */
#define DIGITS 8           /* … and their width, while they fit */

static const char *keep(struct vm_regions *r, const char *text, size_t n)
{
	char *own = malloc(n + 1);

	if (!own)
		abort();
	memcpy(own, text, n);
	own[n] = '\0';
	r->names = va_grow(r->names, &r->name_room, r->name_count + 1, sizeof(*r->names));
	return r->names[r->name_count++] = own;
}

/* Neighbours mostly have the same name. */
static const char *keep_name(struct vm_regions *r, const char *name, size_t n)
{
	if (!n)
		return "";
	if (!r->last_name || strlen(r->last_name) != n || memcmp(r->last_name, name, n))
		r->last_name = keep(r, name, n);
	return r->last_name;
}

/* --- a region's first line; every line ends with a newline, where all that is read here stops ------------------------------ */

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* At most 16 digits up to `end`, which follows. */
static bool hex(const char **p, char end, __u64 *out)
{
	const char *s = *p;
	__u64 v = 0;

	for (int d; (d = digit(*s)) >= 0; s++)
		v = v << 4 | (unsigned)d;
	if (s == *p || s - *p > 16 || *s != end)
		return false;
	*p = s + 1;
	*out = v;
	return true;
}

static bool decimal(const char **p, __u64 *out)
{
	const char *s = *p;

	*out = 0;
	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(*out, 10, out) || __builtin_add_overflow(*out, (__u64)(*s - '0'), out))
			return false;
	if (s == *p)
		return false;
	*p = s;
	return true;
}

static bool perms(const char **p, unsigned *out)
{
	static const char set[] = "rwx";
	const char *s = *p;

	*out = 0;
	for (int i = 0; i < 3; i++)
		if (s[i] == set[i])
			*out |= 1u << i;
		else if (s[i] != '-')
			return false;
	if ((s[3] != 'p' && s[3] != 's') || s[4] != ' ')
		return false;
	*out |= s[3] == 's' ? VM_SHARED_MAP : 0;
	*p = s + 5;
	return true;
}

static bool head_line(struct vm_regions *r, const char *p, const char *end)
{
	struct vm_region n = {.key = -1, .flags = ""};
	__u64 major, minor;

	r->next = 0;
	if (!hex(&p, '-', &n.start) || !hex(&p, ' ', &n.end) || n.end <= n.start || !perms(&p, &n.perms) || !hex(&p, ' ', &n.offset) || !hex(&p, ':', &major) ||
	    !hex(&p, ' ', &minor) || !decimal(&p, &n.inode) || (*p != ' ' && p != end) || memchr(p, '\0', (size_t)(end - p)))
		return false;
	while (*p == ' ')
		p++;
	if (r->count && r->region[r->count - 1].end > n.start)
		return false;
	n.dev_major = (__u32)major;
	n.dev_minor = (__u32)minor;
	n.name = keep_name(r, p, (size_t)(end - p));
	r->region = va_grow(r->region, &r->room, r->count + 1, sizeof(*r->region));
	r->region[r->count++] = n;
	return true;
}

/* --- what smaps says of it ------------------------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	size_t n;
	short at;
} measures[] = {
#define X(field, name) {name, sizeof(name) - 1, offsetof(struct vm_measures, field)},
	VM_MEASURES(X)
#undef X
};
#define MEASURES (sizeof(measures) / sizeof(measures[0]))

static void put(struct vm_regions *r, short at, __u64 value)
{
	struct vm_region *region = &r->region[r->count - 1];

	region->measured = true;
	if (at >= 0)
		*(__u64 *)((char *)&region->kb + at) = value;
}

static __u64 bits_of(const char *p, const char *end)
{
	__u64 bits = 0;

	for (; end - p >= 2; p += *p == ' ' ? 1 : 2)
		for (size_t i = 0; i < va_vm_flag_count; i++)
			if (!memcmp(va_vm_flags[i].letters, p, 2))
				bits |= va_vm_flags[i].bit;
	return bits;
}

static void flags_line(struct vm_regions *r, const char *p, const char *end)
{
	const unsigned most = sizeof(r->flags) / sizeof(r->flags[0]);
	struct vm_region *region = &r->region[r->count - 1];
	size_t n = (size_t)(end - p);
	unsigned i, known = r->flag_sets < most ? r->flag_sets : most;

	for (i = 0; i < known; i++)
		if (!strncmp(r->flags[i], p, n) && !r->flags[i][n])
			break;
	if (i == known) {
		i = r->flag_sets++ % most;
		r->flags[i] = keep(r, p, n);
		r->flag_bits[i] = bits_of(p, end);
	}
	region->flags = r->flags[i];
	region->vm_flags = r->flag_bits[i];
}

/* The way it looks is remembered, if it looks as smaps prints it: name to column 16, number to column 24. */
static void learn(struct vm_regions *r, const char *line, const char *end, short at)
{
	struct vm_fact f = {.at = at, .kb = end - line == COLUMN + DIGITS + 3};

	if ((!f.kb && end - line != COLUMN + DIGITS) || r->facts == VM_FACTS || (f.kb && memcmp(end - 3, " kB", 3)))
		return;
	memcpy(f.prefix, line, COLUMN);
	for (unsigned i = 0; i < r->facts; i++)
		if (!memcmp(r->fact[i].prefix, f.prefix, COLUMN)) {
			r->next = i + 1;
			return;
		}
	r->fact[r->facts++] = f;
	r->next = r->facts;
}

/* "Rss:        4 kB", "VmFlags: rd ex", "ProtectionKey: 0"; names nobody asks for are fine. */
static bool fact_line(struct vm_regions *r, const char *line, const char *end)
{
	const char *colon = memchr(line, ':', (size_t)(end - line)), *p = colon;
	size_t n = colon ? (size_t)(colon - line) : 0;
	short at = -1;
	__u64 value;

	if (!n || *line < 'A' || *line > 'Z')
		return false;
	for (p++; *p == ' ' || *p == '\t';)
		p++;
	if (n == 7 && !memcmp(line, "VmFlags", n)) {
		bool whole = !memchr(p, '\0', (size_t)(end - p));

		if (whole)
			flags_line(r, p, end);
		return whole;
	}
	if (!decimal(&p, &value))
		return false;
	for (size_t i = 0; i < MEASURES && at < 0; i++)
		if (measures[i].n == n && !memcmp(measures[i].name, line, n))
			at = measures[i].at;
	put(r, at, value);
	if (n == 13 && !memcmp(line, "ProtectionKey", n))
		r->region[r->count - 1].key = (int)value;
	else
		learn(r, line, end, at);
	return true;
}

/* A line as expected: returns what is behind it; NULL = it is another one. 28 bytes may be read. */
static const char *expected(struct vm_regions *r, const char *p)
{
	const struct vm_fact *f = &r->fact[r->next];
	const char *s = p + COLUMN, *end = s + DIGITS;
	__u64 value = 0;

	if (r->next >= r->facts || memcmp(p, f->prefix, COLUMN))
		return NULL;
	while (s < end && *s == ' ')
		s++;
	if (s == end)
		return NULL;
	for (; s < end && *s >= '0' && *s <= '9'; s++)
		value = value * 10 + (__u64)(*s - '0');
	if (s < end || (f->kb ? memcmp(s, " kB\n", 4) : *s != '\n'))
		return NULL;
	put(r, f->at, value);
	r->next++;
	return s + (f->kb ? 4 : 1);
}

static void line(struct vm_regions *r, const char *p, const char *end)
{
	bool good;

	if (p == end)
		return;
	if (digit(*p) >= 0)
		good = head_line(r, p, end);
	else
		good = r->count && fact_line(r, p, end);
	r->malformed += !good;
}

static void last_line(struct vm_regions *r, const char *p, size_t n)
{
	char *own = malloc(n + 1);

	if (!own)
		abort();
	memcpy(own, p, n);
	own[n] = '\n';
	line(r, own, own + n);
	free(own);
}

size_t vm_regions_text(struct vm_regions *r, const char *text, size_t n, bool last)
{
	const char *p = text, *end = text + n;

	while (p < end) {
		const char *behind = end - p > COLUMN + DIGITS + 4 && r->count ? expected(r, p) : NULL;

		if (behind) {
			p = behind;
			continue;
		}
		behind = memchr(p, '\n', (size_t)(end - p));
		if (!behind)
			break;
		line(r, p, behind);
		p = behind + 1;
	}
	if (last && p < end) {
		last_line(r, p, (size_t)(end - p));
		p = end;
	}
	return (size_t)(p - text);
}

struct reader {
	int fd;
	char *buf;         /* owned */
	size_t room, have; /* `have` bytes wait for their newline */
	bool ended;
};

static int read_piece(struct vm_regions *r, struct reader *in)
{
	ssize_t n;
	size_t used;

	if (in->have == in->room) /* a line longer than that */
		in->buf = va_grow(in->buf, &in->room, in->room + 1, 1);
	n = read(in->fd, in->buf + in->have, in->room - in->have);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	in->ended = !n;
	in->have += (size_t)n;
	used = vm_regions_text(r, in->buf, in->have, in->ended);
	if (!used && in->have >= LONGEST) { /* not the kernel's */
		r->malformed++;
		used = in->have;
	}
	in->have -= used;
	memmove(in->buf, in->buf + used, in->have);
	return 0;
}

int vm_regions_read(struct vm_regions *r, int fd)
{
	struct reader in = {.fd = fd};
	int error = 0;

	in.buf = va_grow(NULL, &in.room, READ_SIZE, 1);
	while (!in.ended && !error)
		error = read_piece(r, &in);
	free(in.buf);
	return error;
}
