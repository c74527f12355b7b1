#include "group.h"

#include <string.h>

const char *vm_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return *path == '/' && slash ? slash + 1 : path;
}

const char *vm_file_of(const struct vm_process *p, const struct vm_region *r)
{
	const struct vm_region *below = r > p->regions.region ? r - 1 : NULL;

	if (r->zone == VA_ZONE_BSS && below && below->end == r->start)
		return vm_file_of(p, below);
	return *r->name == '/' ? r->name : "";
}

/* The program's own file: what /proc/PID/exe says; where that is not known, the first file with code that is no library. */
static const char *executable_of(const struct vm_process *p)
{
	if (*p->exe)
		return p->exe;
	for (size_t i = 0; i < p->regions.count; i++)
		if (p->regions.region[i].zone == VA_ZONE_TEXT && !p->regions.region[i].lib)
			return p->regions.region[i].name;
	return "";
}

static enum vm_group group_of(const struct vm_process *p, const struct vm_region *r, const char *executable)
{
	const char *file = vm_file_of(p, r);
	bool own = *file && !strcmp(file, executable);

	switch (r->zone) {
	case VA_ZONE_HEAP:
		return VM_GROUP_HEAP;
	case VA_ZONE_STACK:
	case VA_ZONE_THREAD_STACK:
		return VM_GROUP_STACK;
	case VA_ZONE_VDSO:
	case VA_ZONE_VVAR:
	case VA_ZONE_VSYSCALL:
		return VM_GROUP_SPECIAL;
	case VA_ZONE_GUARD:
		return VM_GROUP_GUARDS;
	case VA_ZONE_TEXT:
	case VA_ZONE_RODATA:
	case VA_ZONE_DATA:
	case VA_ZONE_BSS:
	case VA_ZONE_HEADERS:
		return own ? VM_GROUP_EXECUTABLE : r->lib ? VM_GROUP_LIBRARIES : VM_GROUP_FILES;
	case VA_ZONE_LIB:
		return VM_GROUP_LIBRARIES;
	case VA_ZONE_FILE:
	case VA_ZONE_SHARED:
		return own ? VM_GROUP_EXECUTABLE : VM_GROUP_FILES;
	default:
		return *r->name == '[' ? VM_GROUP_SPECIAL : VM_GROUP_ANONYMOUS;
	}
}

void vm_group_all(struct vm_process *p)
{
	const char *executable = executable_of(p);

	for (size_t i = 0; i < p->regions.count; i++)
		p->regions.region[i].group = (unsigned char)group_of(p, &p->regions.region[i], executable);
}

const char *vm_group_title(enum vm_group g)
{
	static const char *const titles[VM_GROUPS] = {"EXECUTABLE", "HEAP", "SHARED LIBRARIES", "STACK", "SPECIAL", "ANONYMOUS (mmap'd)", "FILES", "GUARD PAGES"};

	return titles[g];
}

const char *vm_flat_type(const struct vm_region *r)
{
	switch (r->zone) {
	case VA_ZONE_TEXT:
		return r->lib ? "[shared-lib]" : "[text]";
	case VA_ZONE_RODATA:
	case VA_ZONE_HEADERS:
		return r->lib ? "[shared-lib]" : "[rodata]";
	case VA_ZONE_DATA:
		return r->lib ? "[shared-lib]" : "[data]";
	case VA_ZONE_BSS:
		return r->lib ? "[shared-lib]" : "[bss]";
	case VA_ZONE_LIB:
		return "[shared-lib]";
	case VA_ZONE_HEAP:
		return "[heap]";
	case VA_ZONE_STACK:
		return "[stack]";
	case VA_ZONE_THREAD_STACK:
		return "[thread]";
	case VA_ZONE_VDSO:
		return "[vdso]";
	case VA_ZONE_VVAR:
		return "[vvar]";
	case VA_ZONE_VSYSCALL:
		return "[vsyscall]";
	case VA_ZONE_GUARD:
		return "[guard]";
	case VA_ZONE_FILE:
		return "[file]";
	case VA_ZONE_SHARED:
		return "[shared]";
	default:
		return *r->name == '[' && strncmp(r->name, "[anon", 5) ? "[special]" : "[anon]";
	}
}

void vm_totals_add(struct vm_totals *t, const struct vm_region *r)
{
	__u64 size = r->end - r->start;

	t->regions++;
	if (r->zone == VA_ZONE_VSYSCALL) /* the kernel's, in no process's VmSize */
		return;
	t->size += size;
	t->accessible += r->perms & (VM_R | VM_W | VM_X) ? size : 0;
	t->rss += r->kb.rss << 10;
	t->pss += r->kb.pss << 10;
	t->shared += (r->kb.shared_clean + r->kb.shared_dirty + r->kb.shared_hugetlb) << 10;
	t->private += (r->kb.private_clean + r->kb.private_dirty + r->kb.private_hugetlb) << 10;
	t->swap += r->kb.swap << 10;
}

struct vm_totals vm_totals_of(const struct vm_process *p)
{
	struct vm_totals t = {0};

	for (size_t i = 0; i < p->regions.count; i++)
		vm_totals_add(&t, &p->regions.region[i]);
	return t;
}

struct vm_totals vm_totals_of_group(const struct vm_process *p, enum vm_group g)
{
	struct vm_totals t = {0};

	for (size_t i = 0; i < p->regions.count; i++)
		if (p->regions.region[i].group == g)
			vm_totals_add(&t, &p->regions.region[i]);
	return t;
}
