#include "regions.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void *grown(void *array, size_t *room, size_t need, size_t size)
{
	if (need <= *room)
		return array;
	*room = need * 2;
	array = realloc(array, *room * size);
	if (!array)
		abort();
	return array;
}

void vm_regions_free(struct vm_regions *r)
{
	for (size_t i = 0; i < r->name_count; i++)
		free(r->names[i]);
	free(r->names);
	free(r->region);
	*r = (struct vm_regions){0};
}

/* Neighbours mostly have the same name. */
static const char *keep_name(struct vm_regions *r, const char *name)
{
	if (!*name)
		return "";
	if (r->name_count && !strcmp(r->names[r->name_count - 1], name))
		return r->names[r->name_count - 1];
	r->names = grown(r->names, &r->name_room, r->name_count + 1, sizeof(*r->names));
	r->names[r->name_count] = strdup(name);
	if (!r->names[r->name_count])
		abort();
	return r->names[r->name_count++];
}

/* Digits of this base up to `end`, which follows; false where there are none or too many. */
static bool number(const char **p, int base, char end, __u64 *out)
{
	char *behind;

	if (!isxdigit((unsigned char)**p))
		return false;
	errno = 0;
	*out = strtoull(*p, &behind, base);
	if (errno || *behind != end)
		return false;
	*p = behind + (end != '\0');
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

static bool head_line(struct vm_regions *r, const char *p)
{
	struct vm_region n = {.key = -1};
	__u64 major, minor;
	size_t digits;

	if (!number(&p, 16, '-', &n.start) || !number(&p, 16, ' ', &n.end) || n.end <= n.start || !perms(&p, &n.perms) || !number(&p, 16, ' ', &n.offset) ||
	    !number(&p, 16, ':', &major) || !number(&p, 16, ' ', &minor))
		return false;
	digits = strspn(p, "0123456789");
	if (!digits || digits > 20)
		return false;
	n.inode = strtoull(p, NULL, 10);
	p += digits;
	p += strspn(p, " ");
	if (r->count && r->region[r->count - 1].end > n.start)
		return false;
	n.dev_major = (__u32)major;
	n.dev_minor = (__u32)minor;
	n.name = keep_name(r, p);
	r->region = grown(r->region, &r->room, r->count + 1, sizeof(*r->region));
	r->region[r->count++] = n;
	return true;
}

static const struct {
	const char *name;
	size_t n, at;
} measures[] = {
#define X(field, name) {name, sizeof(name) - 1, offsetof(struct vm_measures, field)},
	VM_MEASURES(X)
#undef X
};
#define MEASURES (sizeof(measures) / sizeof(measures[0]))

static __u64 decimal(const char *p)
{
	__u64 v = 0;

	for (; *p >= '0' && *p <= '9'; p++)
		v = v * 10 + (__u64)(*p - '0');
	return v;
}

static void measure(struct vm_regions *r, const char *name, size_t n, const char *value)
{
	for (size_t k = 0; k < MEASURES; k++) {
		size_t i = (r->expected + k) % MEASURES;

		if (measures[i].n != n || memcmp(measures[i].name, name, n))
			continue;
		*(__u64 *)((char *)&r->region[r->count - 1].kb + measures[i].at) = decimal(value);
		r->expected = i + 1;
		return;
	}
}

/* "Rss:        4 kB", "VmFlags: rd ex", "ProtectionKey: 0"; names nobody asks for are fine. */
static bool fact_line(struct vm_regions *r, const char *line)
{
	struct vm_region *region = &r->region[r->count - 1];
	const char *colon = strchr(line, ':'), *value;
	size_t n = colon ? (size_t)(colon - line) : 0;

	if (!n || !isupper((unsigned char)*line))
		return false;
	value = colon + 1;
	while (*value == ' ' || *value == '\t')
		value++;
	if (n == 7 && !memcmp(line, "VmFlags", n)) {
		size_t len = strnlen(value, sizeof(region->flags) - 1);

		memcpy(region->flags, value, len);
		region->flags[len] = '\0';
		return true;
	}
	if (!isdigit((unsigned char)*value))
		return false;
	region->measured = true;
	if (n == 13 && !memcmp(line, "ProtectionKey", n))
		region->key = (int)decimal(value);
	else
		measure(r, line, n, value);
	return true;
}

bool vm_regions_line(struct vm_regions *r, const char *line)
{
	bool good;

	if (!*line)
		return true;
	if (isdigit((unsigned char)*line) || (*line >= 'a' && *line <= 'f'))
		good = head_line(r, line);
	else
		good = r->count && fact_line(r, line);
	r->malformed += !good;
	return good;
}

int vm_regions_read(struct vm_regions *r, FILE *f)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int error;

	errno = 0;
	while ((n = getline(&line, &room, f)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		vm_regions_line(r, line);
		errno = 0;
	}
	error = -errno;
	free(line);
	return ferror(f) ? (error ? error : -EIO) : 0;
}

size_t vm_regions_lower(const struct vm_regions *r, __u64 addr)
{
	size_t lo = 0, hi = r->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (r->region[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct vm_region *vm_regions_at(const struct vm_regions *r, __u64 addr)
{
	size_t i = vm_regions_lower(r, addr);

	return i < r->count && r->region[i].start <= addr ? &r->region[i] : NULL;
}

bool vm_has_flag(const struct vm_region *region, const char two[3])
{
	for (const char *p = region->flags; *p; p += strcspn(p, " "), p += strspn(p, " "))
		if (p[0] == two[0] && p[1] == two[1] && (p[2] == ' ' || !p[2]))
			return true;
	return false;
}

void vm_perms_text(const struct vm_region *region, char out[5])
{
	snprintf(out, 5, "%c%c%c%c", region->perms & VM_R ? 'r' : '-', region->perms & VM_W ? 'w' : '-', region->perms & VM_X ? 'x' : '-',
		 region->perms & VM_SHARED_MAP ? 's' : 'p');
}
