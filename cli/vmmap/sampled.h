/*
 * Page faults of a command one by one, by perf events (perf_event_open(2)): a record a fault with its address and instruction, and a record for each mapping, fork and
 * exec, so that both can be named. Counted as they come, by region and by function: memory does not grow with the number of faults.
 */
#ifndef VM_SAMPLED_H
#define VM_SAMPLED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <linux/types.h>

struct vm_place_count {
	char *name;   /* owned: "libc.so.6", "[heap]", "memset (libc.so.6)" */
	__u64 faults;
};

struct vm_sampled;

/* Of a command that has not begun yet, and all its children. NULL: perf events are not to be had here (errno tells). */
struct vm_sampled *vm_sampled_begin(pid_t pid);
/* Behind the command's end. */
void vm_sampled_end(struct vm_sampled *s);
void vm_sampled_free(struct vm_sampled *s);

/* Largest first. */
const struct vm_place_count *vm_sampled_regions(const struct vm_sampled *s, size_t *n);
const struct vm_place_count *vm_sampled_functions(const struct vm_sampled *s, size_t *n);
__u64 vm_sampled_faults(const struct vm_sampled *s);
__u64 vm_sampled_lost(const struct vm_sampled *s);
bool vm_sampled_user_only(const struct vm_sampled *s); /* faults of system calls on the command's memory are not told to the caller */

#endif
