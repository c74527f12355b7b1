/*
 * inspect DIR [NAME]: mappings whose every fact, history and caller are known.
 *
 * The calls are made by functions of this file without the C library between, so the recorded instruction pointer lies in them; each function's one access
 * or call stands alone on a line. All mappings lie at fixed addresses with free pages around.
 *
 * NAME.facts, one line each:
 *   pid N
 *   line FUNCTION LINE             where the call or access stands
 *   area WHAT START PAGES          a mapping
 * NAME.ready.smaps                 /proc/self/smaps at the mark NAME.ready
 *
 * Areas: history: mapped by reserve(), written by touch() on 5 of 16 pages, pages 8 to 15 closed by protect(), opened again, MADV_DONTNEED on page 4. locked: mlock
 * on 3 pages. flags: MADV_DONTFORK, MADV_DONTDUMP, MADV_SEQUENTIAL. file: 6 pages of a file of 4, private, one written, one read. shared: anonymous, 2 of 4
 * written. The child (behind the mark NAME.ready) inherits all and reads one page of history.
 */
#include "workload.h"

#define BASE 0x360000000000ul
#define AREA(n) ((char *)(BASE + (n) * 0x10000000ul))

#define HERE(function) wl_fact("line %s %d", function, line)

static int line;

static __attribute__((noinline)) long reserve(char *addr, size_t bytes)
{
	register long r10 __asm__("r10") = WL_ANON | MAP_FIXED, r8 __asm__("r8") = -1, r9 __asm__("r9") = 0;
	long result;

	line = __LINE__ + 1;
	__asm__ volatile("syscall" : "=a"(result) : "a"(SYS_mmap), "D"(addr), "S"(bytes), "d"(WL_RW), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	return result;
}

static __attribute__((noinline)) long protect(char *addr, size_t bytes, long prot)
{
	long result;

	line = __LINE__ + 1;
	__asm__ volatile("syscall" : "=a"(result) : "a"(SYS_mprotect), "D"(addr), "S"(bytes), "d"(prot) : "rcx", "r11", "memory");
	return result;
}

static __attribute__((noinline)) void touch(char *addr)
{
	line = __LINE__ + 1;
	__asm__ volatile("movb $1, (%0)" : : "r"(addr) : "memory");
}

static void save_smaps(const char *what)
{
	static char file[64];
	int in = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC), out;
	ssize_t n;

	if (in < 0)
		wl_die("/proc/self/smaps");
	snprintf(file, sizeof(file), "%s.smaps", what);
	out = wl_create(file);
	while ((n = read(in, wl_buffer, sizeof(wl_buffer))) > 0)
		wl_write_all(out, wl_buffer, (size_t)n);
	close(in);
	close(out);
}

static void history(char *a)
{
	if (reserve(a, 16 * WL_PAGE) != (long)a)
		wl_die("mmap");
	HERE("reserve");
	for (int i = 0; i < 5; i++)
		touch(a + i * WL_PAGE);
	HERE("touch");
	protect(a + 8 * WL_PAGE, 8 * WL_PAGE, PROT_NONE);
	HERE("protect");
	protect(a + 8 * WL_PAGE, 8 * WL_PAGE, WL_RW);
	madvise(a + 4 * WL_PAGE, WL_PAGE, MADV_DONTNEED);
	wl_fact("area history %#lx 16", (unsigned long)a);
}

static void others(void)
{
	char *locked = wl_map(AREA(1), 3 * WL_PAGE, WL_RW, WL_ANON | MAP_FIXED, -1, 0);
	char *flags = wl_map(AREA(2), 4 * WL_PAGE, WL_RW, WL_ANON | MAP_FIXED, -1, 0);
	char *file = wl_map(AREA(3), 6 * WL_PAGE, WL_RW, MAP_PRIVATE | MAP_FIXED, wl_temp_file(4), 0);
	char *shared = wl_map(AREA(4), 4 * WL_PAGE, WL_RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	mlock(locked, 3 * WL_PAGE);
	madvise(flags, 4 * WL_PAGE, MADV_DONTFORK);
	madvise(flags, 4 * WL_PAGE, MADV_DONTDUMP);
	madvise(flags, 4 * WL_PAGE, MADV_SEQUENTIAL);
	touch(file);
	(void)*(volatile char *)(file + WL_PAGE);
	touch(shared);
	touch(shared + WL_PAGE);
	wl_fact("area locked %#lx 3", (unsigned long)locked);
	wl_fact("area flags %#lx 4", (unsigned long)flags);
	wl_fact("area file %#lx 6", (unsigned long)file);
	wl_fact("area shared %#lx 4", (unsigned long)shared);
}

int main(int argc, char **argv)
{
	pid_t child;

	wl_begin(argc, argv);
	wl_fact("pid %d", getpid());
	history(AREA(0));
	others();
	wl_mark("ready");
	save_smaps("ready");
	child = fork();
	if (!child) {
		(void)*(volatile char *)(AREA(0) + WL_PAGE);
		wl_mark("child");
		_exit(0);
	}
	waitpid(child, NULL, 0);
	wl_mark("end");
	wl_save_facts("facts");
	return 0;
}
