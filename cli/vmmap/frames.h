/*
 * Physical frames as /proc/kpageflags and /proc/kpagecount tell them (Documentation/admin-guide/mm/pagemap.rst). Both are for CAP_SYS_ADMIN.
 */
#ifndef VM_FRAMES_H
#define VM_FRAMES_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

struct vm_frame {
	bool known;
	__u64 flags; /* KPF_* bits, include/uapi/linux/kernel-page-flags.h */
	__u64 mapped; /* how many page-table entries point to it */
};

struct vm_frame vm_frame_of(__u64 pfn);
/* "anonymous, dirty, on the LRU list …"; returns buf */
const char *vm_frame_words(const struct vm_frame *f, char *buf, size_t n);

#endif
