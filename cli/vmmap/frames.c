#include "frames.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static bool read_u64(const char *path, __u64 index, __u64 *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool good = fd >= 0 && pread(fd, out, sizeof(*out), (off_t)(index * sizeof(*out))) == sizeof(*out);

	if (fd >= 0)
		close(fd);
	return good;
}

#define KSM (1ull << 21)

/* Linux 6.10 to 6.12 set the bit for every anonymous page: it is believed only where pages have been merged at all. */
static bool any_merged(void)
{
	FILE *f = fopen("/sys/kernel/mm/ksm/pages_shared", "re");
	unsigned long n = 0;

	if (f && fscanf(f, "%lu", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	return n;
}

struct vm_frame vm_frame_of(__u64 pfn)
{
	struct vm_frame f = {0};

	f.known = read_u64("/proc/kpageflags", pfn, &f.flags) && read_u64("/proc/kpagecount", pfn, &f.mapped);
	if (f.flags & KSM && !any_merged())
		f.flags &= ~KSM;
	return f;
}

/* Numbers: include/uapi/linux/kernel-page-flags.h */
static const struct {
	int bit;
	const char *words;
} flags[] = {
	{0, "locked"}, {2, "referenced"}, {3, "up to date"}, {4, "dirty"}, {5, "on a reclaim list"}, {6, "active"}, {7, "slab (the kernel's own)"}, {8, "in writeback"},
	{9, "being reclaimed"}, {10, "free"}, {11, "in a page table"}, {12, "anonymous"}, {13, "in the swap cache"}, {14, "swap-backed"}, {15, "compound, first"},
	{16, "compound, a later one"}, {17, "hugetlb"}, {18, "cannot be reclaimed (mlock)"}, {19, "poisoned"}, {20, "no page"}, {21, "merged by KSM"}, {22, "part of a transparent huge page"},
	{24, "the page of zeros"}, {26, "holds a page table"},
};

const char *vm_frame_words(const struct vm_frame *f, char *buf, size_t n)
{
	size_t used = 0;

	if (!f->known) {
		snprintf(buf, n, "hidden (kpageflags is for CAP_SYS_ADMIN)");
		return buf;
	}
	buf[0] = '\0';
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]) && used < n; i++)
		if (f->flags >> flags[i].bit & 1)
			used += (size_t)snprintf(buf + used, n - used, "%s%s", used ? ", " : "", flags[i].words);
	return buf;
}
