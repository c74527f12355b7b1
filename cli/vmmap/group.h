/* Regions in the groups a reader thinks in. */
#ifndef VM_GROUP_H
#define VM_GROUP_H

#include "process.h"

enum vm_group {
	VM_GROUP_EXECUTABLE, VM_GROUP_HEAP, VM_GROUP_LIBRARIES, VM_GROUP_STACK, VM_GROUP_SPECIAL, VM_GROUP_ANONYMOUS, VM_GROUP_FILES, VM_GROUP_GUARDS, VM_GROUPS
};

struct vm_totals { /* bytes; of what smaps tells */
	__u64 size, accessible, rss, pss, shared, private, swap;
	size_t regions;
};

void vm_group_all(struct vm_process *p); /* fills in region.group */
const char *vm_group_title(enum vm_group g);
const char *vm_flat_type(const struct vm_region *r); /* "[text]" … */
/* The file a region belongs to; a bss belongs to the file below it. "" = none. */
const char *vm_file_of(const struct vm_process *p, const struct vm_region *r);
const char *vm_basename(const char *path);

void vm_totals_add(struct vm_totals *t, const struct vm_region *r);
struct vm_totals vm_totals_of(const struct vm_process *p);
struct vm_totals vm_totals_of_group(const struct vm_process *p, enum vm_group g);

#endif
