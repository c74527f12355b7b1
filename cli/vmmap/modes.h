/* The modes of vmmap, a file each. Each returns the program's exit code. */
#ifndef VM_MODES_H
#define VM_MODES_H

#include <stdio.h>

#include "process.h"

enum vm_exit { /* in the manual; the same numbers as vmatlas */
	VM_EXIT_OK = 0, VM_EXIT_FAILURE = 1, VM_EXIT_USAGE = 2, VM_EXIT_PERMISSION = 3, VM_EXIT_NO_PROCESS = 4
};

struct vm_options {
	bool json, wide, flat;
	const char *type, *perms, *file, *sort; /* of the map's filters; NULL = none */
	__u64 least;                            /* regions of at least so many bytes */
};

int vm_exit_of(int error); /* of what vm_process_read() returned */

int vm_mode_map(struct vm_process *p, const struct vm_options *o);

int vm_mode_demand(size_t size, bool json);
int vm_mode_cow(bool json);
int vm_mode_fault(const char *name, bool json); /* "all", or see fault.h */

int vm_mode_files(struct vm_process *p, const struct vm_options *o);
int vm_mode_detail(struct vm_process *p, __u64 addr, bool json);
int vm_mode_tables(struct vm_process *p, const __u64 *addr, const struct vm_options *o); /* addr NULL: all */
int vm_mode_pagemap(struct vm_process *p, __u64 lo, __u64 hi, bool json);

struct vm_difference { /* regions */
	size_t gone, came, changed;
};
int vm_mode_compare(const struct vm_process *a, const struct vm_process *b, const struct vm_options *o);
int vm_mode_watch(struct vm_process *p, double every, unsigned times, const struct vm_options *o);
int vm_mode_shared(struct vm_process *p, const struct vm_process *other, bool json); /* other NULL: with anybody */
int vm_mode_numa(struct vm_process *p, bool json);
int vm_mode_tlb(bool json);
int vm_mode_tlb_command(char **argv, bool json); /* the command's own exit code */
int vm_mode_faults(char **argv, bool json); /* the command's own exit code */
int vm_mode_aslr(bool json);
int vm_mode_where(void);

bool vm_type_exists(const char *type); /* is there such a type of region, as --type takes it? */
/* Does the region pass the filters? */
bool vm_wanted(const struct vm_process *p, const struct vm_region *r, const struct vm_options *o);
/* Indices of the regions that do, in the order asked for; the caller frees it. */
size_t *vm_ordered(const struct vm_process *p, const struct vm_options *o, size_t *n);

void vm_print_summary(const struct vm_process *p);
void vm_print_types(const struct vm_process *p, const char *title); /* sums by type, with their share, and by permission */
void vm_json_map(const struct vm_process *p, const struct vm_options *o);

#endif
