/* vmmap --cow: fork() copies no page; the first write to each does. Parent and child go in step by pipes. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "demo.h"
#include "output.h"
#include "self.h"
#include "units.h"

#define SIZE (10u << 20)
#define PAGE 4096u
#define PAGES (SIZE / PAGE)
#define WRITTEN 3 /* pages the child writes: 0, and two more that are timed together with it */
#define PARENTS 0xDEADBEEFu
#define CHILDS 0xCAFEBABEu

struct side { /* one process at one moment */
	uint32_t value;          /* of page 0 */
	struct vm_pagemap page;  /* of page 0 */
	long rss, pss, shared, private; /* KB, of the 10 MB */
};

struct told { /* by the child */
	struct side before, after;
	long faults;
	double first_ns, second_ns;
};

struct story {
	struct side alone, forked, written, parents;
	struct told child;
	long parents_faults;
	pid_t child_pid;
};

static struct side look(volatile char *at)
{
	struct side s = {.value = *(volatile uint32_t *)at};
	const void *lo = (const void *)(uintptr_t)at, *hi = (const char *)lo + SIZE;

	s.page = vm_pagemap_of(0, lo);
	s.rss = vm_range_kb(0, lo, hi, "Rss");
	s.pss = vm_range_kb(0, lo, hi, "Pss");
	s.shared = vm_range_kb(0, lo, hi, "Shared_Clean") + vm_range_kb(0, lo, hi, "Shared_Dirty");
	s.private = vm_range_kb(0, lo, hi, "Private_Clean") + vm_range_kb(0, lo, hi, "Private_Dirty");
	return s;
}

static void put(volatile char *at, size_t page, uint32_t value)
{
	*(volatile uint32_t *)(at + page * PAGE) = value;
}

static void say(int fd)
{
	char c = 1;

	if (write(fd, &c, 1) != 1)
		_exit(1);
}

static void wait_for(int fd)
{
	char c;

	if (read(fd, &c, 1) != 1)
		_exit(1);
}

/* Faults counted are those of the writes alone. */
static void write_pages(volatile char *at, struct told *t)
{
	struct vm_faults before = vm_faults_now(), after;
	double began = vm_seconds(), middle;

	for (size_t i = 0; i < WRITTEN; i++)
		put(at, i, CHILDS);
	middle = vm_seconds();
	for (size_t i = 0; i < WRITTEN; i++)
		put(at, i, CHILDS);
	t->second_ns = (vm_seconds() - middle) * 1e9 / WRITTEN;
	t->first_ns = (middle - began) * 1e9 / WRITTEN;
	after = vm_faults_now();
	t->faults = after.minor + after.major - before.minor - before.major;
}

static void child(volatile char *at, int from, int to)
{
	struct told t = {0};

	vm_faults_now(); /* what is used below is there before it is counted */
	vm_seconds();
	t.before = look(at);
	say(to);
	wait_for(from);
	write_pages(at, &t);
	t.after = look(at);
	if (write(to, &t, sizeof(t)) != sizeof(t))
		_exit(1);
	wait_for(from);
	_exit(0);
}

static bool read_told(int fd, struct told *t)
{
	size_t got = 0;

	while (got < sizeof(*t)) {
		ssize_t n = read(fd, (char *)t + got, sizeof(*t) - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	return true;
}

/* All measurements, before a word is printed: printing would change them. */
static int tell(struct story *s)
{
	volatile char *at = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int down[2], up[2], status;
	struct vm_faults before, after;

	if (at == MAP_FAILED || pipe(down) || pipe(up))
		return vm_demo_fails("mmap, pipe");
	madvise((void *)(uintptr_t)at, SIZE, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < PAGES; i++)
		put(at, i, PARENTS);
	s->alone = look(at);
	s->child_pid = fork();
	if (s->child_pid < 0)
		return vm_demo_fails("fork");
	if (!s->child_pid)
		child(at, down[0], up[1]);
	wait_for(up[0]);
	s->forked = look(at);
	say(down[1]);
	if (!read_told(up[0], &s->child))
		return vm_demo_fails("the child ended too early");
	s->written = look(at);
	before = vm_faults_now();
	put(at, PAGES - 1, PARENTS); /* shared with the child still */
	after = vm_faults_now();
	s->parents_faults = after.minor - before.minor;
	s->parents = look(at);
	say(down[1]);
	waitpid(s->child_pid, &status, 0);
	munmap((void *)(uintptr_t)at, SIZE);
	return 0;
}

static void print_side(const char *who, const struct side *s)
{
	char frame[96];

	printf("  %-8s page 0 = 0x%08X   frame %s\n", who, s->value, vm_frame_text(&s->page, frame, sizeof(frame)));
	printf("  %-8s RSS %ld kB (of these 10 MB: %ld kB shared, %ld kB private), PSS %ld kB\n", "", s->rss, s->shared, s->private, s->pss);
}

static void print_frames(const struct side *a, const struct side *b)
{
	if (!a->page.frame_known || !b->page.frame_known)
		printf("  Frames are hidden without CAP_SYS_ADMIN; smaps tells: %ld kB are shared\n", b->shared);
	else if (a->page.frame == b->page.frame)
		puts("  The same frame: SHARED, and read-only in both page tables");
	else
		puts("  Different frames: the page was COPIED for the one who wrote");
}

static void print_story(const struct story *s)
{
	vm_demo_begin("COPY-ON-WRITE DEMONSTRATION");
	printf("Step 1: the parent (PID %d) allocates 10 MB (%u pages) and writes 0x%X to each page\n", (int)getpid(), PAGES, PARENTS);
	puts("\nStep 2: memory before fork");
	print_side("parent", &s->alone);
	printf("\nStep 3: fork(): parent %d, child %d\n", (int)getpid(), (int)s->child_pid);
	puts("\nStep 4: after fork, nobody has written");
	print_side("parent", &s->forked);
	print_side("child", &s->child.before);
	printf("  combined (PSS): %ld kB   <-- NOT twice as much\n", s->forked.pss + s->child.before.pss);
	print_frames(&s->forked, &s->child.before);
	printf("\nStep 5: the child writes 0x%X to %d pages\n", CHILDS, WRITTEN);
	printf("  first write to a page:  %8.0f ns each, page faults: %ld (one for each page: it is copied)\n", s->child.first_ns, s->child.faults);
	printf("  second write:           %8.0f ns each, no fault\n", s->child.second_ns);
	puts("\nStep 6: after the child's writes");
	print_side("parent", &s->written);
	print_side("child", &s->child.after);
	print_frames(&s->written, &s->child.after);
	printf("  Copied: %ld kB = %ld pages, exactly what was written\n", s->child.after.private - s->child.before.private,
	       (s->child.after.private - s->child.before.private) / 4);
	puts("\nStep 7: the parent's entry is still read-only until its own next write");
	printf("  The parent writes to another page, shared with the child: page faults: %ld\n", s->parents_faults);
	puts("\nLESSON:");
	vm_print_paragraph("fork() copies page tables, not pages: both processes point to the same frames, and neither may write. The first write to a page is a page fault; the "
			   "kernel copies that one page and lets the writer go on. That is why fork is cheap, and why exec after fork wastes nothing.");
	vm_demo_end();
}

static void json_side(struct va_json *j, const char *key, const struct side *s)
{
	va_json_object(j, key);
	va_json_hex(j, "value", s->value);
	if (s->page.frame_known)
		va_json_hex(j, "frame", s->page.frame);
	else
		va_json_null(j, "frame");
	va_json_s64(j, "rss_bytes", s->rss * 1024);
	va_json_s64(j, "pss_bytes", s->pss * 1024);
	va_json_s64(j, "shared_bytes", s->shared * 1024);
	va_json_s64(j, "private_bytes", s->private * 1024);
	va_json_end_object(j);
}

static void json_story(const struct story *s)
{
	struct va_json j = {0};

	va_json_object(&j, NULL);
	va_json_u64(&j, "pages", PAGES);
	va_json_u64(&j, "pages_written", WRITTEN);
	json_side(&j, "parent_alone", &s->alone);
	json_side(&j, "parent_after_fork", &s->forked);
	json_side(&j, "child_after_fork", &s->child.before);
	json_side(&j, "parent_after_write", &s->written);
	json_side(&j, "child_after_write", &s->child.after);
	va_json_s64(&j, "child_faults", s->child.faults);
	va_json_s64(&j, "parent_faults", s->parents_faults);
	va_json_u64(&j, "first_write_ns", (__u64)s->child.first_ns);
	va_json_u64(&j, "second_write_ns", (__u64)s->child.second_ns);
	va_json_end_object(&j);
	vm_json_end(&j);
}

int vm_mode_cow(bool json)
{
	struct story s = {0};
	int code = tell(&s);

	if (code)
		return code;
	if (json)
		json_story(&s);
	else
		print_story(&s);
	return VM_EXIT_OK;
}
