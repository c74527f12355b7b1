/*
 * What only the kernel module can tell: the entries of page tables. Where it is loaded, and the caller is root, the collector is run for a moment; it
 * reports the process whole, and a model is made of that.
 */
#ifndef VM_MODULE_H
#define VM_MODULE_H

#include <sys/types.h>

#include "recording.h"

struct vm_module {
	struct va_recording *recording; /* owned; NULL = not asked */
	const struct va_mm *mm;         /* of the process; NULL = not told */
	unsigned levels;
	const char *why;                /* where mm is NULL: why not, a few words */
};

struct vm_module vm_module_ask(pid_t pid);
void vm_module_free(struct vm_module *m);

#endif
