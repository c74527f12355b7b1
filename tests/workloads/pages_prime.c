/*
 * pages_prime DIR [NAME [PAGES [SEED]]]: writes to PAGES (default 1009, a prime) fresh pages, each once, in random order; then to the first pages of
 * regions that need new page tables.
 *
 * Between the marks NAME.begin and NAME.end: exactly PAGES demand-zero faults in the range, and no other fault at all.
 * NAME.facts: pid, range START END, minor N (what getrusage counted between the marks), page ADDR PFN (one line a page, in order of touching).
 * Between NAME.tables and NAME.tables-end, one fault a line: first ADDR LEVELS: the tables that this fault allocated, top first ("-": none).
 */
#include "workload.h"

#define PAGES_MAX 20000

static uint32_t order[PAGES_MAX];
static uint64_t frames[PAGES_MAX];

static void shuffle(unsigned n, uint64_t seed)
{
	uint64_t state = seed * 0x9e3779b97f4a7c15ull + 1;

	for (unsigned i = 0; i < n; i++)
		order[i] = i;
	for (unsigned i = n - 1; i > 0; i--) {
		state = state * 6364136223846793005ull + 1442695040888963407ull;
		unsigned j = (unsigned)((state >> 33) % (i + 1));
		uint32_t t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
}

static void prime(unsigned pages)
{
	char *p = wl_map(NULL, pages * WL_PAGE, WL_RW, WL_ANON, -1, 0);
	long before, after;

	memset(frames, 0, sizeof(frames));
	madvise(p, pages * WL_PAGE, MADV_NOHUGEPAGE);
	wl_minor_faults();
	wl_mark("begin");
	before = wl_minor_faults();
	for (unsigned i = 0; i < pages; i++)
		*(volatile char *)(p + order[i] * WL_PAGE + order[i] % WL_PAGE) = 1;
	after = wl_minor_faults();
	wl_mark("end");
	wl_fact("range %#lx %#lx\nminor %ld", (unsigned long)p, (unsigned long)p + pages * WL_PAGE, after - before);
	for (unsigned i = 0; i < pages; i++)
		wl_fact("page %#lx %#lx", (unsigned long)p + order[i] * WL_PAGE + order[i] % WL_PAGE, wl_pfn(p + order[i] * WL_PAGE));
}

/* One page at addr; what the first touch there must allocate. False: this machine has no such address. */
static bool first(unsigned long addr, const char *levels)
{
	char *p = mmap((void *)addr, WL_PAGE, WL_RW, WL_ANON | MAP_FIXED_NOREPLACE, -1, 0);

	if (p == MAP_FAILED)
		return false;
	*(volatile char *)p = 1;
	wl_fact("first %#lx %s", addr, levels);
	return true;
}

/* Nothing else lives below 16 TiB and above 8 TiB; entries: PTE 4 KiB, PMD 2 MiB, PUD 1 GiB, P4D (PGD of four levels) 512 GiB, PGD 256 TiB. */
static void tables(void)
{
	const unsigned long base = 8ul << 40;

	wl_mark("tables");
	first(base, "PUD,PMD,PTE");
	first(base + WL_PAGE, "-");
	first(base + (511 << 12), "-");
	first(base + (2ul << 20), "PTE");
	first(base + (1ul << 30), "PMD,PTE");
	first(base + (1ul << 30) + (511ul << 21) + (511ul << 12), "PTE");
	first(base + (511ul << 30), "PMD,PTE");
	first(base + (512ul << 30), "PUD,PMD,PTE");
	first(base + (512ul << 30) + WL_PAGE, "-");
	if (first(1ul << 52, "P4D,PUD,PMD,PTE"))
		first((1ul << 52) + (512ul << 30), "PUD,PMD,PTE");
	wl_mark("tables-end");
}

int main(int argc, char **argv)
{
	unsigned pages = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 0) : 1009;

	wl_begin(argc, argv);
	if (pages < 2 || pages > PAGES_MAX)
		pages = 1009;
	shuffle(pages, argc > 4 ? strtoul(argv[4], NULL, 0) : 1);
	wl_fact("pid %d\npages %u", getpid(), pages);
	prime(pages);
	tables();
	wl_save_facts("facts");
	return 0;
}
