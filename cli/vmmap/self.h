/* This process as the kernel sees it, for the demonstrations: one region's facts, faults, frames. */
#ifndef VM_SELF_H
#define VM_SELF_H

#include <stdbool.h>
#include <sys/types.h>

#include <linux/types.h>

struct vm_faults {
	long minor, major;
};

struct vm_faults vm_faults_now(void); /* getrusage(2) of this process */
double vm_seconds(void);              /* CLOCK_MONOTONIC */

/* A line of /proc/PID/smaps for the region that holds addr: name as in smaps, in KB. -1 = not there, or not to be read. pid 0: this process. */
long vm_region_kb(pid_t pid, const void *addr, const char *name);
/* Sum over all regions from lo to hi. */
long vm_range_kb(pid_t pid, const void *lo, const void *hi, const char *name);
/* The region's line of /proc/PID/maps without its newline; false = none. */
bool vm_region_line(pid_t pid, const void *addr, char *buf, size_t n);
long vm_status_kb(pid_t pid, const char *name); /* of /proc/PID/status */

/* /proc/PID/pagemap, see Documentation/admin-guide/mm/pagemap.rst */
struct vm_pagemap {
	bool known, present, swapped, file_or_shared, exclusive, soft_dirty;
	bool frame_known; /* the kernel shows frames to CAP_SYS_ADMIN only: others get 0, which is no frame */
	__u64 frame;
};
struct vm_pagemap vm_pagemap_of(pid_t pid, const void *addr);
const char *vm_frame_text(const struct vm_pagemap *p, char *buf, size_t n); /* "0x12345", "hidden (needs CAP_SYS_ADMIN)", "none" */

#endif
