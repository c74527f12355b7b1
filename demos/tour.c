/*
 * A tour of a process's memory, one caption a step: what `make run` shows.
 *
 * usage: tour [--pace SECONDS]     (default: 0.7, 40 seconds in all, on a terminal, else 0; the environment's VMATLAS_PACE comes before the default)
 *
 * What one sees, and which events, how many (each step begins with a MARK that is its caption; `test_tour` counts them):
 *
 *   small    1,000 malloc(64), then 2,000 more: the heap box appears, then grows.              op: brk 3
 *   large    malloc(1 MiB) is a box of its own, 13 of its pages are written, free removes it.  op: mmap 1, munmap 1; fault: 13 demand-zero
 *   touch    64 pages are reserved and none is there; 29 are written.                          op: mmap 1; fault: 29 demand-zero
 *   zeros    a read maps the shared page of zeros, the write replaces it by a frame.           op: mmap 1; fault: 2 on one page
 *   huge     2 MiB with one fault: the walk ends one level early, at the PMD.                  op: mmap 1, madvise 1; fault: 1 huge
 *   private  a file, mapped privately: one fault brings 16 pages (fault-around), writing       op: mmap 1; fault: 1 file, then 2 cow
 *            copies two of them.
 *   shared   the same file, shared: writing uses the file's own frames.                        op: mmap 1; fault: 2 file
 *   brk      the heap's end moves up 32 pages and down again; 8 pages are written.             op: brk 2; fault: 8 demand-zero
 *   stack    a recursion of 64 times 8 KiB: the stack grows by faults, no call asks for it.    fault: about 128 demand-zero
 *   pieces   48 pages lose their middle, then a quarter, then the hole is filled again.        op: mmap 2, munmap 2
 *   protect  the middle of 30 pages becomes read-only (1 box, 3 boxes), then as it was.        op: mmap 1, mprotect 2
 *   forget   16 pages there, MADV_DONTNEED takes 8; the box stays. 4 come back, zeroed.        op: mmap 1, madvise 1; fault: 20 demand-zero
 *   move     mremap to four times the size finds no room and moves the box, frames and all.    op: mmap 1, mremap 1; fault: 8 demand-zero
 *   fork     the child gets a copy of the map, no page is copied. The child writes 2 pages      fork 1; fault: 2 cow in the child,
 *            (copied); the parent writes page 0 (its own again) and page 4 (copied).           1 reuse + 1 cow in the parent
 *   bad      address 8 (nothing there) and a write to constants (not allowed), caught by        fault: 2 bad
 *            a handler.
 *   end      every box of the tour is removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "vmatlas/mark.h"

#define PAGE 4096ul
#define HUGE_PAGE (2ul << 20)
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static double pace;
static const char constant[PAGE] = "the program's constants";

static void wait_seconds(double s)
{
	struct timespec t = {.tv_sec = (time_t)s, .tv_nsec = (long)((s - (double)(time_t)s) * 1e9)};

	while (s > 0 && nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* A short breath between two things of one step. */
static void beat(void)
{
	wait_seconds(pace / 10);
}

/* No stdio: it would take memory from the heap that the tour is about. */
static void say(const char *caption)
{
	static char line[256];
	int n = snprintf(line, sizeof(line), "%s\n", caption);

	vmatlas_mark(caption);
	if (write(STDOUT_FILENO, line, (size_t)n) < 0)
		_exit(1);
	wait_seconds(pace);
}

static void die(const char *what)
{
	dprintf(STDERR_FILENO, "tour: %s: %s\n", what, strerror(errno));
	_exit(1);
}

/* Each mapping gets a place of its own: side by side, mappings with equal rights would merge into one box. */
static char *map(size_t bytes, int prot, int flags, int fd)
{
	static char *place = (char *)0x600000000000;
	char *p = mmap(place, bytes, prot, flags, fd, 0);

	place += 8 * HUGE_PAGE;
	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static void unmap(void *p, size_t bytes)
{
	if (munmap(p, bytes))
		die("munmap");
}

static void write_pages(char *p, size_t pages)
{
	for (size_t i = 0; i < pages; i++) {
		*(volatile char *)(p + i * PAGE) = 1;
		beat();
	}
}

/* So that the compiler does not drop what nobody reads. */
static void *volatile kept __attribute__((used));

static void small(void)
{
	say("malloc, 1,000 times 64 bytes: the C library takes one piece from the kernel (brk) and cuts it up itself");
	for (int i = 0; i < 1000; i++)
		kept = malloc(64);
	wait_seconds(pace);
	say("2,000 times more: that piece is used up, so the heap grows by another one");
	for (int i = 0; i < 2000; i++)
		kept = malloc(64);
}

static void large(void)
{
	char *p;

	say("malloc of 1 MiB: too large for the heap (128 KiB is the limit), so it becomes a mapping of its own (mmap)");
	p = malloc(1 << 20);
	if (!p)
		die("malloc");
	beat();
	write_pages(p, 13);
	say("free: the mapping is gone at once (munmap); memory of the heap would have stayed");
	free(p);
}

static void touch(void)
{
	char *p;

	say("64 pages are reserved: a promise only. No frame of memory is used until a page is touched");
	p = map(64 * PAGE, RW, ANON, -1);
	wait_seconds(pace);
	say("Writing to 29 of them, one after the other: each first touch is a page fault that brings one frame");
	write_pages(p, 29);
	unmap(p, 64 * PAGE);
}

static void zeros(void)
{
	char *p = map(PAGE, RW, ANON, -1);

	say("Reading a fresh page: the kernel maps its one shared page of zeros, read-only");
	(void)*(volatile char *)p;
	say("Writing to it: only now it gets a frame of its own");
	*(volatile char *)p = 1;
	wait_seconds(pace / 2);
	unmap(p, PAGE);
}

static void huge(void)
{
	char *p = map(HUGE_PAGE, RW, ANON, -1);

	madvise(p, HUGE_PAGE, MADV_HUGEPAGE);
	say("A huge page: one fault maps 2 MiB, and the walk through the tables ends one level earlier");
	*(volatile char *)p = 1;
	wait_seconds(pace);
	unmap(p, HUGE_PAGE);
}

static int file_of(size_t pages)
{
	static char block[PAGE] = "a page of the file";
	char name[] = "/tmp/tour-XXXXXX";
	int fd = mkstemp(name);

	if (fd < 0)
		die(name);
	unlink(name);
	for (size_t i = 0; i < pages; i++) {
		if (write(fd, block, PAGE) != (ssize_t)PAGE)
			die(name);
	}
	return fd;
}

static char *file_private(int fd)
{
	char *p;

	say("A file becomes memory (private): pages come from the file when they are read, several with one fault");
	p = map(16 * PAGE, RW, MAP_PRIVATE, fd);
	(void)*(volatile char *)p;
	say("Writing to two pages of it: each is copied first. The file does not change");
	write_pages(p, 2);
	return p;
}

static char *file_shared(int fd)
{
	char *p;

	say("The same file, shared: writing goes to the file's own pages, for every process to see");
	p = map(16 * PAGE, RW, MAP_SHARED, fd);
	write_pages(p, 2);
	return p;
}

static void files(void)
{
	int fd = file_of(16);
	char *a = file_private(fd), *b = file_shared(fd);

	wait_seconds(pace / 2);
	unmap(a, 16 * PAGE);
	unmap(b, 16 * PAGE);
	close(fd);
}

static void heap_end(void)
{
	char *p;

	say("brk moves the end of the heap up by 32 pages; 8 of them are written");
	p = sbrk(32 * PAGE);
	if (p == (void *)-1)
		die("brk");
	write_pages((char *)(((uintptr_t)p + PAGE - 1) & ~(PAGE - 1)), 8);
	say("and down again: what was above is gone");
	sbrk(-32 * (intptr_t)PAGE);
}

static __attribute__((noinline)) int recurse(int depth)
{
	volatile char frame[8192];

	frame[0] = (char)depth;
	frame[4096] = (char)depth;
	if (depth % 8 == 0)
		beat();
	return depth ? recurse(depth - 1) + frame[0] : 0;
}

static void stack(void)
{
	say("A function calls itself 64 times with 8 KiB each: the stack grows by page faults alone, no system call");
	recurse(64);
	say("All calls have returned: the stack's box stays as large as it ever was");
}

static void pieces(void)
{
	char *p = map(48 * PAGE, RW, ANON, -1);

	say("munmap cuts the middle out of 48 pages: one box becomes two");
	unmap(p + 16 * PAGE, 16 * PAGE);
	wait_seconds(pace);
	say("and cuts the last quarter off");
	unmap(p + 36 * PAGE, 12 * PAGE);
	wait_seconds(pace);
	say("A new mapping just in the hole: three neighbours with equal rights become one box again");
	if (mmap(p + 16 * PAGE, 16 * PAGE, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED)
		die("mmap");
	wait_seconds(pace);
	unmap(p, 36 * PAGE);
}

static void protect(void)
{
	char *p = map(30 * PAGE, RW, ANON, -1);

	say("mprotect makes the middle ten of 30 pages read-only: a box has one set of rights, so it splits in three");
	mprotect(p + 10 * PAGE, 10 * PAGE, PROT_READ);
	wait_seconds(pace);
	say("and gives the right to write back: the three merge into one");
	mprotect(p + 10 * PAGE, 10 * PAGE, RW);
	wait_seconds(pace);
	unmap(p, 30 * PAGE);
}

static void forget(void)
{
	char *p = map(16 * PAGE, RW, ANON, -1);

	write_pages(p, 16);
	say("madvise(MADV_DONTNEED): the kernel takes 8 of 16 pages back; the box stays, its memory does not");
	madvise(p + 4 * PAGE, 8 * PAGE, MADV_DONTNEED);
	wait_seconds(pace);
	say("Touching 4 of them again: fresh pages, full of zeros");
	write_pages(p + 4 * PAGE, 4);
	unmap(p, 16 * PAGE);
}

static void move(void)
{
	/* A page that may not be touched stands right behind, so there is no room to grow. */
	char *p = map(9 * PAGE, RW, ANON, -1), *q;

	mprotect(p + 8 * PAGE, PAGE, PROT_NONE);
	write_pages(p, 8);
	say("mremap asks for four times the size: no room here, so the box moves. Its 8 frames go along, nothing is copied");
	q = mremap(p, 8 * PAGE, 32 * PAGE, MREMAP_MAYMOVE);
	if (q == MAP_FAILED)
		die("mremap");
	wait_seconds(pace);
	unmap(q, 32 * PAGE);
	unmap(p + 8 * PAGE, PAGE);
}

static void child_part(char *p, int done)
{
	say("The child writes to two pages: now each is copied, and only those (copy-on-write)");
	write_pages(p, 2);
	wait_seconds(pace);
	if (write(done, "", 1) != 1)
		_exit(1);
	pause();
	_exit(0);
}

static void parent_part(char *p, int done)
{
	char c;

	if (read(done, &c, 1) != 1)
		die("child");
	say("The parent writes to page 0: the child has its own copy by now, so the frame is the parent's alone: no copy");
	write_pages(p, 1);
	say("and to page 4, which both still share: this time the parent gets the copy");
	write_pages(p + 4 * PAGE, 1);
}

/* A frame that another CPU has still to put on the kernel's lists counts as shared: a write would copy it. */
static void one_cpu(void)
{
	int cpu = sched_getcpu();
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu < 0 ? 0 : cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void forking(void)
{
	char *p = map(8 * PAGE, RW, ANON, -1);
	int ends[2];
	pid_t child;

	one_cpu();
	write_pages(p, 8);
	if (pipe(ends))
		die("pipe");
	say("fork: the child gets a copy of the map. Not one page is copied; both may only read them for now");
	child = fork();
	if (child < 0)
		die("fork");
	if (!child)
		child_part(p, ends[1]);
	parent_part(p, ends[0]);
	kill(child, SIGTERM);
	waitpid(child, NULL, 0);
	close(ends[0]);
	close(ends[1]);
	unmap(p, 8 * PAGE);
}

static sigjmp_buf back;

static void caught(int sig)
{
	siglongjmp(back, sig);
}

static void try_write(volatile char *where)
{
	if (sigsetjmp(back, 1) == 0)
		*where = 1;
}

static void bad(void)
{
	struct sigaction act = {.sa_handler = caught};

	sigaction(SIGSEGV, &act, NULL);
	say("A bad access: nothing is mapped at address 8. The kernel finds no box there and sends SIGSEGV");
	try_write((volatile char *)8);
	say("And one that is mapped but not allowed: writing to the program's constants");
	try_write((volatile char *)(uintptr_t)constant);
	say("A handler caught both; the program goes on");
}

static bool read_pace(int argc, char **argv)
{
	const char *env = getenv("VMATLAS_PACE"), *text = NULL;
	char *end;

	pace = isatty(STDOUT_FILENO) ? 0.7 : 0;
	if (argc == 3 && !strcmp(argv[1], "--pace"))
		text = argv[2];
	else if (argc != 1)
		return false;
	else
		text = env;
	if (!text)
		return true;
	pace = strtod(text, &end);
	return end != text && !*end && pace >= 0 && pace <= 60;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--help")) {
		dprintf(STDOUT_FILENO, "tour [--pace SECONDS]: a tour of a process's memory, one caption a step\n");
		return 0;
	}
	if (!read_pace(argc, argv)) {
		dprintf(STDERR_FILENO, "usage: tour [--pace SECONDS]\n");
		return 2;
	}
	say("A process at its start: program, libraries, stack, and the kernel's helper pages (vdso)");
	small();
	large();
	touch();
	zeros();
	huge();
	files();
	heap_end();
	stack();
	pieces();
	protect();
	forget();
	move();
	forking();
	bad();
	say("The end: what remains is what the process started with, and the heap");
	return 0;
}
