/*
 * vmmap --tlb: what a missing translation costs, measured on this machine. The same number of accesses, over growing memory: when the pages are more than the TLB
 * has entries for, each access waits for a walk. One cache line a page, in random order and chained, so that nothing can be fetched ahead; with pages of 2 MiB
 * the same accesses need 512 times fewer entries: what remains is the cost of the caches.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "demo.h"
#include "output.h"
#include "self.h"
#include "units.h"

#define PAGE 4096u
#define HUGE (2u << 20)
#define LINE 64u
#define SMALLEST (64u << 10)
#define LARGEST (512ull << 20)
#define STEPS 14 /* SMALLEST, doubled */
#define ACCESSES (1u << 19)

enum way { SEQUENTIAL, EACH_PAGE, RANDOM, RANDOM_HUGE, WAYS };

struct table {
	__u64 size[STEPS];
	double ns[STEPS][WAYS]; /* a single access; < 0 = not measured */
	unsigned rows;
	bool huge_given; /* the kernel really gave huge pages */
};

static uint64_t random_state = 0x9e3779b97f4a7c15ull;

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* The line of page i that is used: spread over the sets of the caches. */
static char *line_of(char *at, size_t i)
{
	return at + i * PAGE + i % (PAGE / LINE) * LINE;
}

/* Makes a ring of pointers through one line of each page, in this order. */
static void chain(char *at, uint32_t *order, size_t pages, bool shuffled)
{
	for (size_t i = 0; i < pages; i++)
		order[i] = (uint32_t)i;
	for (size_t i = pages - 1; shuffled && i > 0; i--) {
		size_t k = next_random() % (i + 1);
		uint32_t t = order[i];

		order[i] = order[k];
		order[k] = t;
	}
	for (size_t i = 0; i < pages; i++)
		*(char **)line_of(at, order[i]) = line_of(at, order[(i + 1) % pages]);
}

static volatile char *sink;

static double follow(char *at)
{
	char *p = line_of(at, 0);
	double began, best = 1e9;

	for (int round = 0; round < 2; round++) {
		began = vm_seconds();
		for (unsigned i = 0; i < ACCESSES; i++)
			p = *(char *volatile *)p;
		began = vm_seconds() - began;
		best = began < best ? began : best;
	}
	sink = p;
	return best / ACCESSES * 1e9;
}

static double sequential(char *at, size_t size)
{
	double began, best = 1e9;
	uint64_t sum = 0;

	for (int round = 0; round < 2; round++) {
		began = vm_seconds();
		for (size_t i = 0, n = 0; n < ACCESSES; n++, i = i + LINE < size ? i + LINE : 0)
			sum += *(volatile uint64_t *)(at + i);
		began = vm_seconds() - began;
		best = began < best ? began : best;
	}
	sink = (char *)(uintptr_t)sum;
	return best / ACCESSES * 1e9;
}

static char *memory(bool huge)
{
	char *at = mmap(NULL, LARGEST + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	at = (char *)(((uintptr_t)at + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
	madvise(at, LARGEST, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	return at;
}

static int measure(struct table *t)
{
	uint32_t *order = malloc(LARGEST / PAGE * sizeof(*order));
	char *small = memory(false), *large = memory(true);

	if (!order || !small || !large)
		return vm_demo_fails("mmap");
	for (__u64 size = SMALLEST; size <= LARGEST && t->rows < STEPS; size *= 2, t->rows++) {
		size_t pages = size / PAGE;
		double *ns = t->ns[t->rows];

		t->size[t->rows] = size;
		chain(small, order, pages, false);
		ns[SEQUENTIAL] = sequential(small, size);
		ns[EACH_PAGE] = follow(small);
		chain(small, order, pages, true);
		ns[RANDOM] = follow(small);
		chain(large, order, pages, true);
		ns[RANDOM_HUGE] = follow(large);
	}
	t->huge_given = vm_range_kb(0, large, large + LARGEST, "AnonHugePages") > 0;
	free(order);
	return 0;
}

/* Where an access with small pages first takes half as long again as with large ones: what is beyond are walks. */
static int knee(const struct table *t)
{
	int at = -1;

	for (unsigned i = t->rows; i-- > 0; at = (int)i) /* and stays so: one slow row is noise */
		if (t->ns[i][RANDOM] < 1.5 * t->ns[i][RANDOM_HUGE] || t->ns[i][RANDOM] - t->ns[i][RANDOM_HUGE] < 1)
			break;
	return at;
}

static void print_table(const struct table *t)
{
	char size[32], pages[32];

	printf("  %10s %10s   %12s %14s %12s %16s\n", "MEMORY", "PAGES", "sequential", "one per page", "random", "random, 2 MiB");
	for (unsigned i = 0; i < t->rows; i++)
		printf("  %10s %10s  %10.2f ns %11.2f ns %9.2f ns %13.2f ns\n", vm_size(size, t->size[i]), vm_count(pages, t->size[i] / PAGE), t->ns[i][SEQUENTIAL],
		       t->ns[i][EACH_PAGE], t->ns[i][RANDOM], t->ns[i][RANDOM_HUGE]);
}

static void print_verdict(const struct table *t)
{
	char size[32], pages[32];
	int at = knee(t);

	if (!t->huge_given)
		puts("\n  The kernel gave no huge pages (see /sys/kernel/mm/transparent_hugepage/enabled): the last column is no comparison.");
	else if (at < 0)
		puts("\n  No knee was seen: on this machine the walks hide behind the caches, up to the largest memory tried.");
	else
		printf("\n  The knee: from %s (%s pages) on, walks show.\n  There an access takes %.1f ns with pages of 4 KiB and %.1f ns with 2 MiB.\n",
		       vm_size(size, t->size[at]), vm_count(pages, t->size[at] / PAGE), t->ns[at][RANDOM], t->ns[at][RANDOM_HUGE]);
}

static void as_json(const struct table *t)
{
	static const char *const names[WAYS] = {"sequential_ps", "each_page_ps", "random_ps", "random_huge_ps"};
	struct va_json j = {0};

	va_json_object(&j, NULL);
	va_json_bool(&j, "huge_pages_given", t->huge_given);
	va_json_array(&j, "rows");
	for (unsigned i = 0; i < t->rows; i++) {
		va_json_object(&j, NULL);
		va_json_u64(&j, "bytes", t->size[i]);
		for (int k = 0; k < WAYS; k++)
			va_json_u64(&j, names[k], (__u64)(t->ns[i][k] * 1000));
		va_json_end_object(&j);
	}
	va_json_end_array(&j);
	va_json_end_object(&j);
	vm_json_end(&j);
}

int vm_mode_tlb(bool json)
{
	static struct table t;
	int code = measure(&t);

	if (code)
		return code;
	if (json) {
		as_json(&t);
		return VM_EXIT_OK;
	}
	puts("=== TLB DEMONSTRATION ===\n\nStep 1: the same number of accesses over more and more memory; time of one access\n");
	print_table(&t);
	print_verdict(&t);
	puts("\nLESSON:");
	vm_print_paragraph("The TLB keeps translations that were used lately. While all pages in use fit in, an access costs what the caches cost; beyond, each access to another "
			   "page waits for a walk through four tables. Huge pages need 512 times fewer entries.");
	puts("\n=== END TLB ===");
	return VM_EXIT_OK;
}
