#include "regions.h"

#include <stdio.h>
#include <stdlib.h>

void vm_regions_free(struct vm_regions *r)
{
	for (size_t i = 0; i < r->name_count; i++)
		free(r->names[i]);
	free(r->names);
	free(r->region);
	*r = (struct vm_regions){0};
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

void vm_perms_text(const struct vm_region *region, char out[5])
{
	snprintf(out, 5, "%c%c%c%c", region->perms & VM_R ? 'r' : '-', region->perms & VM_W ? 'w' : '-', region->perms & VM_X ? 'x' : '-',
		 region->perms & VM_SHARED_MAP ? 's' : 'p');
}
