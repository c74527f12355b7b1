/*
 * What /proc tells of page tables: which pages are there, and of what size. The entries themselves it does not show: for that there is the module.
 *
 * Sources: Documentation/admin-guide/mm/pagemap.rst (pagemap; PAGEMAP_SCAN from Linux 6.7 on, which alone knows huge pages from a row of small ones).
 */
#ifndef VM_PAGING_H
#define VM_PAGING_H

#include <stdbool.h>
#include <sys/types.h>

#include <linux/types.h>

/* 5 where the kernel uses five levels: the flag la57 of /proc/cpuinfo, which it takes away when it does not. Else 4. */
unsigned vm_paging_levels(void);

/* X(name, bit): as struct page_region of linux/fs.h numbers them */
enum vm_run_bits { VM_RUN_FILE = 4, VM_RUN_PRESENT = 8, VM_RUN_SWAPPED = 16, VM_RUN_ZERO = 32, VM_RUN_HUGE = 64 };

struct vm_run_of_pages { /* neighbours of which the same is known */
	__u64 start, end;
	unsigned bits; /* enum vm_run_bits; present or swapped at least */
};

typedef void (*vm_run_fn)(void *ctx, const struct vm_run_of_pages *run);

struct vm_paging { /* how a process is asked */
	int fd;        /* its pagemap; -1 = hidden */
	bool scan;     /* PAGEMAP_SCAN works: ZERO and HUGE are told */
	int error;     /* errno, where fd is -1 */
};

struct vm_paging vm_paging_open(pid_t pid);
void vm_paging_close(struct vm_paging *p);

/* Each run of pages that are there or in swap, ascending. False: it could not be read to the end. */
bool vm_paging_runs(const struct vm_paging *p, __u64 lo, __u64 hi, vm_run_fn fn, void *ctx);

#endif
