#include "self.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "regions.h"

struct vm_faults vm_faults_now(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (struct vm_faults){u.ru_minflt, u.ru_majflt};
}

double vm_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static FILE *open_file(pid_t pid, const char *name)
{
	char path[64];

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	else
		snprintf(path, sizeof(path), "/proc/self/%s", name);
	return fopen(path, "re");
}

long vm_range_kb(pid_t pid, const void *lo, const void *hi, const char *name)
{
	FILE *f = open_file(pid, "smaps");
	size_t n = strlen(name);
	__u64 start, end;
	bool in = false;
	char line[4400];
	long sum = -1;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx-%llx ", &start, &end) == 2)
			in = start < (uintptr_t)hi && (uintptr_t)lo < end;
		else if (in && !strncmp(line, name, n) && line[n] == ':')
			sum = (sum < 0 ? 0 : sum) + atol(line + n + 1);
	}
	if (f)
		fclose(f);
	return sum;
}

long vm_region_kb(pid_t pid, const void *addr, const char *name)
{
	return vm_range_kb(pid, addr, (const char *)addr + 1, name);
}

bool vm_region_line(pid_t pid, const void *addr, char *buf, size_t n)
{
	FILE *f = open_file(pid, "maps");
	bool found = false;
	char line[4400];
	__u64 start, end;

	while (f && !found && fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx-%llx ", &start, &end) == 2 && start <= (uintptr_t)addr && (uintptr_t)addr < end) {
			line[strcspn(line, "\n")] = '\0';
			snprintf(buf, n, "%s", line);
			found = true;
		}
	if (f)
		fclose(f);
	return found;
}

long vm_status_kb(pid_t pid, const char *name)
{
	FILE *f = open_file(pid, "status");
	size_t n = strlen(name);
	char line[512];
	long kb = -1;

	while (f && kb < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, n) && line[n] == ':')
			kb = atol(line + n + 1);
	if (f)
		fclose(f);
	return kb;
}

struct vm_pagemap vm_pagemap_of(pid_t pid, const void *addr)
{
	struct vm_pagemap p = {0};
	char path[64];
	uint64_t entry;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)(pid ? pid : getpid()));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return p;
	if (pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)addr / 4096 * sizeof(entry))) == sizeof(entry)) {
		p.known = true;
		p.present = entry >> 63 & 1;
		p.swapped = entry >> 62 & 1;
		p.file_or_shared = entry >> 61 & 1;
		p.exclusive = entry >> 56 & 1;
		p.soft_dirty = entry >> 55 & 1;
		p.frame = entry & ((1ull << 55) - 1);
		p.frame_known = p.present && p.frame;
	}
	close(fd);
	return p;
}

const char *vm_frame_text(const struct vm_pagemap *p, char *buf, size_t n)
{
	if (!p->known)
		snprintf(buf, n, "not known (pagemap could not be read)");
	else if (!p->present)
		snprintf(buf, n, p->swapped ? "none (swapped out)" : "none (no page is there)");
	else if (!p->frame_known)
		snprintf(buf, n, "hidden (frames are shown to CAP_SYS_ADMIN only)");
	else
		snprintf(buf, n, "0x%llx", p->frame);
	return buf;
}
