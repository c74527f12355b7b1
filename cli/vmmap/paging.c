#include "paging.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PAGE 4096u
#define REGIONS 1024
#define BATCH 4096

/* linux/fs.h, from 6.7 on; spelt out, so that it can be built with older headers. */
struct scan_region {
	__u64 start, end, categories;
};
struct scan_arg {
	__u64 size, flags, start, end, walk_end, vec, vec_len, max_pages, category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define SCAN _IOWR('f', 16, struct scan_arg)
#define SCANNED (VM_RUN_FILE | VM_RUN_PRESENT | VM_RUN_SWAPPED | VM_RUN_ZERO | VM_RUN_HUGE)

unsigned vm_paging_levels(void)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[8192];
	unsigned levels = 4;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "flags", 5)) {
			char *at = strstr(line, " la57");

			levels = at && (at[5] == ' ' || at[5] == '\n') ? 5 : 4;
			break;
		}
	if (f)
		fclose(f);
	return levels;
}

struct vm_paging vm_paging_open(pid_t pid)
{
	struct vm_paging p = {.fd = -1};
	struct scan_arg probe = {.size = sizeof(probe)};
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
	p.fd = open(path, O_RDONLY | O_CLOEXEC);
	p.error = p.fd < 0 ? errno : 0;
	p.scan = p.fd >= 0 && !ioctl(p.fd, SCAN, &probe);
	return p;
}

void vm_paging_close(struct vm_paging *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

static bool scan(const struct vm_paging *p, __u64 lo, __u64 hi, vm_run_fn fn, void *ctx)
{
	static struct scan_region found[REGIONS];

	while (lo < hi) {
		struct scan_arg a = {.size = sizeof(a), .start = lo, .end = hi, .vec = (uintptr_t)found, .vec_len = REGIONS,
				     .category_anyof_mask = VM_RUN_PRESENT | VM_RUN_SWAPPED, .return_mask = SCANNED};
		int n = ioctl(p->fd, SCAN, &a);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		for (int i = 0; i < n; i++) {
			struct vm_run_of_pages run = {found[i].start, found[i].end, (unsigned)found[i].categories & SCANNED};

			fn(ctx, &run);
		}
		if (a.walk_end <= lo)
			return false;
		lo = a.walk_end;
	}
	return true;
}

static unsigned bits_of(uint64_t entry)
{
	return (entry >> 63 & 1 ? VM_RUN_PRESENT : 0) | (entry >> 62 & 1 ? VM_RUN_SWAPPED : 0) | (entry >> 61 & 1 ? VM_RUN_FILE : 0);
}

static bool read_each(const struct vm_paging *p, __u64 lo, __u64 hi, vm_run_fn fn, void *ctx)
{
	static uint64_t entry[BATCH];
	struct vm_run_of_pages run = {0};

	while (lo < hi) {
		size_t want = (hi - lo) / PAGE < BATCH ? (size_t)((hi - lo) / PAGE) : BATCH;
		ssize_t n = pread(p->fd, entry, want * sizeof(*entry), (off_t)(lo / PAGE * sizeof(*entry)));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < (ssize_t)sizeof(*entry))
			return false;
		for (size_t i = 0; i < (size_t)n / sizeof(*entry); i++, lo += PAGE) {
			unsigned bits = bits_of(entry[i]);

			if (bits != run.bits && run.bits & (VM_RUN_PRESENT | VM_RUN_SWAPPED))
				fn(ctx, &run);
			if (bits != run.bits)
				run = (struct vm_run_of_pages){lo, lo, bits};
			run.end = lo + PAGE;
		}
	}
	if (run.bits & (VM_RUN_PRESENT | VM_RUN_SWAPPED))
		fn(ctx, &run);
	return true;
}

bool vm_paging_runs(const struct vm_paging *p, __u64 lo, __u64 hi, vm_run_fn fn, void *ctx)
{
	lo &= ~(__u64)(PAGE - 1);
	if (p->fd < 0)
		return false;
	return p->scan ? scan(p, lo, hi, fn, ctx) : read_each(p, lo, hi, fn, ctx);
}
