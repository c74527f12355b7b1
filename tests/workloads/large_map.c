/*
 * Two mappings larger than any screen: 1 GiB of anonymous memory in which pages are touched far from each other, and 16 TiB reserved without access.
 *
 * Events: 1 GiB at 0x600000000000; every 4,099th page written (64 pages: 262,144 / 4,099, rounded up), the page behind each read (the zero page), so 128 faults
 * there. Page 100,000 and the 15 behind it are written too: 16 faults. 16 TiB at 0x200000000000 without a fault. Mark "touched" behind all.
 */
#include "workload.h"

#include <sys/mman.h>

#define LARGE ((char *)0x600000000000)
#define RESERVED ((char *)0x200000000000)

int main(void)
{
	char *large = mmap(LARGE, 1ul << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	char *reserved = mmap(RESERVED, 1ul << 44, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (large != LARGE || reserved != RESERVED || madvise(large, 1ul << 30, MADV_NOHUGEPAGE))
		return 1;
	for (unsigned long page = 0; page < 262144; page += 4099) {
		large[page * 4096] = 1;
		(void)*(volatile char *)&large[(page + 1) * 4096];
	}
	for (unsigned long page = 100000; page < 100016; page++)
		large[page * 4096] = 1;
	vmatlas_mark("touched");
	return 0;
}
