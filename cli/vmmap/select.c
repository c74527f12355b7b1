/* Which regions are shown, and in what order. */
#include <stdlib.h>
#include <string.h>

#include "group.h"
#include "modes.h"

/* "heap", and "[heap]" as --flat prints it */
static bool type_fits(const struct vm_region *r, const char *type)
{
	const char *flat = vm_flat_type(r);
	size_t n = strlen(type);

	return !strcmp(va_zone_name(r->zone), type) || !strcmp(flat, type) || (!strncmp(flat + 1, type, n) && flat[n + 1] == ']') || (r->lib && !strcmp(type, "lib"));
}

bool vm_type_exists(const char *type)
{
	for (int zone = 0; zone < VA_ZONES; zone++)
		for (int lib = 0; lib < 2; lib++) {
			struct vm_region r = {.name = "[x]", .zone = (enum va_zone)zone, .lib = lib};

			if (type_fits(&r, type))
				return true;
		}
	return false;
}

/* "r-x", "rw", "w": each letter must be there, '-' in its place must not. */
static bool perms_fit(const struct vm_region *r, const char *want)
{
	char have[5];

	vm_perms_text(r, have);
	if (strchr(want, '-') || strlen(want) == 4)
		return !strncmp(have, want, strlen(want));
	for (; *want; want++)
		if (!strchr(have, *want))
			return false;
	return true;
}

bool vm_wanted(const struct vm_process *p, const struct vm_region *r, const struct vm_options *o)
{
	return (!o->type || type_fits(r, o->type)) && (!o->perms || perms_fit(r, o->perms)) && (!o->file || strstr(vm_file_of(p, r), o->file)) &&
	       r->end - r->start >= o->least;
}

struct keyed {
	__u64 key;
	size_t i;
};

static int by_key(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? 1 : -1;
	return x->i < y->i ? -1 : x->i > y->i;
}

static __u64 key_of(const struct vm_region *r, const char *sort)
{
	if (!sort || !strcmp(sort, "address"))
		return 0;
	if (!strcmp(sort, "rss"))
		return r->kb.rss;
	if (!strcmp(sort, "pss"))
		return r->kb.pss;
	if (!strcmp(sort, "swap"))
		return r->kb.swap;
	return r->end - r->start;
}

size_t *vm_ordered(const struct vm_process *p, const struct vm_options *o, size_t *n)
{
	struct keyed *keyed = calloc(p->regions.count + 1, sizeof(*keyed));
	size_t *order = calloc(p->regions.count + 1, sizeof(*order));

	if (!keyed || !order)
		abort();
	*n = 0;
	for (size_t i = 0; i < p->regions.count; i++)
		if (vm_wanted(p, &p->regions.region[i], o))
			keyed[(*n)++] = (struct keyed){key_of(&p->regions.region[i], o->sort), i};
	if (o->sort && strcmp(o->sort, "address"))
		qsort(keyed, *n, sizeof(*keyed), by_key);
	for (size_t i = 0; i < *n; i++)
		order[i] = keyed[i].i;
	free(keyed);
	return order;
}
