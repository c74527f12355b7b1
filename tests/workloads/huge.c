/*
 * huge DIR [NAME]: transparent huge pages: 3 aligned pieces of 2 MiB, each written to at one byte in its middle.
 *
 * NAME.facts: pid N, then for each: huge ADDR PFN (frame of the 4 KiB that hold ADDR), or small ADDR PFN where the kernel had no huge page to
 * give (AnonHugePages of /proc/self/smaps says which); has 1 or has 0: whether the kernel knows any (with PREEMPT_RT it does not).
 */
#include "workload.h"

#define HUGE (2ul << 20)
#define PLACE 0x360000000000ul

/* kB of huge pages in the mapping that starts at addr */
static long huge_kb(unsigned long addr)
{
	static char line[512];
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long start;
	bool here = false;
	long kb = 0;

	if (!f)
		wl_die("smaps");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-", &start) == 1 && strchr(line, '-'))
			here = start == addr;
		else if (here && sscanf(line, "AnonHugePages: %ld", &kb) == 1)
			break;
	}
	fclose(f);
	return kb;
}

int main(int argc, char **argv)
{
	wl_begin(argc, argv);
	wl_fact("pid %d", getpid());
	wl_fact("has %d", !access("/sys/kernel/mm/transparent_hugepage/enabled", F_OK));
	for (unsigned i = 0; i < 3; i++) {
		char *p = wl_map((void *)(PLACE + ((unsigned long)i << 32)), HUGE, WL_RW, WL_ANON | MAP_FIXED, -1, 0);
		char *middle = p + HUGE / 2 + 5 * WL_PAGE + 7;

		madvise(p, HUGE, MADV_HUGEPAGE);
		*(volatile char *)middle = 1;
		wl_fact("%s %#lx %#lx", huge_kb((unsigned long)p) ? "huge" : "small", (unsigned long)middle, wl_pfn(middle));
	}
	wl_save_facts("facts");
	return 0;
}
