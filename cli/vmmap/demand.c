/* vmmap --demand: memory is promised by mmap() and given by page faults, one page at a time. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "demo.h"
#include "output.h"
#include "self.h"
#include "units.h"

#define PAGE 4096u
#define BAR 40

enum touch { TOUCH_WRITE, TOUCH_READ, TOUCH_HUGE };

struct result { /* of one run */
	long faults, rss_kb; /* RSS of the region afterwards */
	double seconds;
};

static void bar(size_t done, size_t all)
{
	size_t filled = done * BAR / all;

	if (!isatty(STDOUT_FILENO) && done < all)
		return;
	printf("\r  [");
	for (size_t i = 0; i < BAR; i++)
		fputc(i < filled ? '#' : '.', stdout);
	printf("] %3zu %%", done * 100 / all);
	if (done == all)
		putchar('\n');
	fflush(stdout);
}

static volatile char sink;

/* Touches each page once. Faults of printing are outside of what is counted. */
static struct result touch(char *at, size_t size, enum touch how, bool show)
{
	size_t pages = size / PAGE, piece = pages / BAR + 1;
	struct result r = {0};

	for (size_t from = 0; from < pages; from += piece) {
		size_t to = from + piece < pages ? from + piece : pages;
		struct vm_faults before = vm_faults_now(), after;
		double began = vm_seconds();

		for (size_t i = from; i < to; i++)
			if (how == TOUCH_READ)
				sink = ((volatile char *)at)[i * PAGE];
			else
				((volatile char *)at)[i * PAGE] = 1;
		r.seconds += vm_seconds() - began;
		after = vm_faults_now();
		r.faults += after.minor + after.major - before.minor - before.major;
		if (show)
			bar(to, pages);
	}
	r.rss_kb = vm_range_kb(0, at, at + size, "Rss");
	return r;
}

static char *promise(size_t size, enum touch how)
{
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at != MAP_FAILED)
		madvise(at, size, how == TOUCH_HUGE ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	return at == MAP_FAILED ? NULL : at;
}

static struct result quietly(size_t size, enum touch how)
{
	char *at = promise(size, how);
	struct result r = {-1, -1, 0};

	if (!at)
		return r;
	r = touch(at, size, how, false);
	munmap(at, size);
	return r;
}

static void show_region(const char *at, size_t size)
{
	char line[4400];

	if (vm_region_line(0, at, line, sizeof(line)))
		printf("  maps:  %s\n", line);
	printf("  smaps: Size %zu kB, Rss %ld kB, Anonymous %ld kB\n", size >> 10, vm_range_kb(0, at, at + size, "Rss"), vm_range_kb(0, at, at + size, "Anonymous"));
}

static void show_counts(struct vm_faults f, const char *words)
{
	char a[32];

	printf("  Virtual size (VmSize): %ld kB\n", vm_status_kb(0, "VmSize"));
	printf("  RSS (VmRSS):           %ld kB  %s\n", vm_status_kb(0, "VmRSS"), words);
	printf("  Page faults so far:    %s\n", vm_count(a, (__u64)(f.minor + f.major)));
}

static void row(const char *name, struct result r)
{
	char faults[32], rss[32];

	printf("  %-34s %10s faults  %12s kB RSS  %8.1f ms\n", name, vm_count(faults, (__u64)r.faults), vm_count(rss, (__u64)r.rss_kb), r.seconds * 1e3);
}

static void json_result(struct va_json *j, const char *key, struct result r)
{
	va_json_object(j, key);
	va_json_s64(j, "faults", r.faults);
	va_json_s64(j, "rss_bytes", r.rss_kb * 1024);
	va_json_u64(j, "ns", (__u64)(r.seconds * 1e9));
	va_json_end_object(j);
}

static int as_json(size_t size)
{
	struct va_json j = {0};

	va_json_object(&j, NULL);
	va_json_u64(&j, "bytes", size);
	va_json_u64(&j, "pages", size / PAGE);
	json_result(&j, "write", quietly(size, TOUCH_WRITE));
	json_result(&j, "read", quietly(size, TOUCH_READ));
	json_result(&j, "huge", quietly(size, TOUCH_HUGE));
	va_json_end_object(&j);
	vm_json_end(&j);
	return VM_EXIT_OK;
}

static void explain_extra(long faults, size_t pages)
{
	long extra = faults - (long)pages;
	char a[32], b[32], words[256];

	printf("  New page faults: %s\n", vm_count(a, (__u64)faults));
	if (extra > 0)
		snprintf(words, sizeof(words), "(%s pages, %s more: faults of the program itself between the two readings, such as its stack or code touched for the first time)",
			 vm_count(a, pages), vm_count(b, (__u64)extra));
	else if (extra < 0)
		snprintf(words, sizeof(words), "(%s pages, %s fewer: the kernel gave more than one page at a fault, as for large folios)", vm_count(a, pages),
			 vm_count(b, (__u64)-extra));
	else
		snprintf(words, sizeof(words), "(exactly one for each of the %s pages)", vm_count(a, pages));
	vm_print_paragraph(words);
}

int vm_mode_demand(size_t size, bool json)
{
	double began;
	struct vm_faults before;
	struct result r;
	size_t pages;
	char *at, a[32], b[32];

	size = (size + PAGE - 1) / PAGE * PAGE;
	pages = size / PAGE;
	if (json)
		return as_json(size);
	vm_demo_begin("DEMAND PAGING DEMONSTRATION");
	printf("Step 1: allocate %s (%s pages), without MAP_POPULATE\n", vm_size(a, size), vm_count(b, pages));
	began = vm_seconds();
	at = promise(size, TOUCH_WRITE);
	began = vm_seconds() - began;
	if (!at)
		return vm_demo_fails("mmap");
	printf("  Address: %p, took %.1f us\n", (void *)at, began * 1e6);
	show_region(at, size);

	puts("\nStep 2: before touching");
	before = vm_faults_now();
	show_counts(before, "<-- the allocated memory is NOT in RSS");

	puts("\nStep 3: touch (write) every page");
	r = touch(at, size, TOUCH_WRITE, true);
	printf("  took %.1f ms: %.2f us a page\n", r.seconds * 1e3, r.seconds * 1e6 / (double)pages);

	puts("\nStep 4: after touching");
	show_counts(vm_faults_now(), "<-- NOW it's resident");
	show_region(at, size);
	explain_extra(r.faults, pages);
	munmap(at, size);

	puts("\nStep 5: the same memory, touched in other ways");
	row("written, pages of 4 KiB", r);
	row("read only: the page of zeros", quietly(size, TOUCH_READ));
	row("written, huge pages allowed", quietly(size, TOUCH_HUGE));

	puts("\nLESSON:");
	vm_print_paragraph("mmap() only writes down a promise: one VMA, no page. The first access to each page is a page fault, and the kernel gives a frame, filled with zeros, "
			   "then. Reading gives the one shared page of zeros: as many faults, no memory. A huge page is given at one fault for 512 pages.");
	vm_demo_end();
	return VM_EXIT_OK;
}
