/* The maps of several processes as mmap, fork and exec change them, and counts of faults by what they hit and where they came from. */
#ifndef VM_MAPS_OF_H
#define VM_MAPS_OF_H

#include "sampled.h"

struct vm_maps_of;

struct vm_maps_of *vm_maps_of_new(void);
void vm_maps_of_free(struct vm_maps_of *m);

/* In the order of time. name as perf has it: a path, "//anon", "[heap]", "[stack]"; copied. */
void vm_maps_of_mapped(struct vm_maps_of *m, pid_t pid, __u64 lo, __u64 hi, __u64 offset, const char *name);
void vm_maps_of_forked(struct vm_maps_of *m, pid_t pid, pid_t parent);
void vm_maps_of_exec(struct vm_maps_of *m, pid_t pid);
void vm_maps_of_fault(struct vm_maps_of *m, pid_t pid, __u64 addr, __u64 ip);

/* No more faults come: names functions, sorts. */
void vm_maps_of_finish(struct vm_maps_of *m);
const struct vm_place_count *vm_maps_of_regions(const struct vm_maps_of *m, size_t *n);
const struct vm_place_count *vm_maps_of_functions(const struct vm_maps_of *m, size_t *n);

#endif
