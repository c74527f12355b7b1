/*
 * A small program without a C library, for exec: it changes its map a little and ends. Built as it comes, at a fixed address, static, and
 * for the two 32-bit worlds. x32 is switched off in most kernels: there it cannot be started.
 */
#if defined(__i386__)
static long call(long nr, long a, long b, long c, long d, long e)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
	return result;
}
#define NR_EXIT 1
#define NR_BRK 45
#define NR_MUNMAP 91
#define NR_MPROTECT 125
#define NR_MMAP 192 /* mmap2; offset 0 */
#else
static long call(long nr, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = 0;
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	return result;
}
#ifdef __ILP32__
#define X32 0x40000000
#else
#define X32 0
#endif
#define NR_EXIT (X32 + 60)
#define NR_BRK (X32 + 12)
#define NR_MUNMAP (X32 + 11)
#define NR_MPROTECT (X32 + 10)
#define NR_MMAP (X32 + 9)
#endif

static char bss[3 * 4096];

/* `make` links it with -e start: there is nothing else in it. */
void start(void);
void start(void)
{
	/* Not at a function's call: the stack is not aligned as the compiler thinks. */
	long at = call(NR_MMAP, 0, 5 * 4096, 3, 0x22, -1), top = call(NR_BRK, 0, 0, 0, 0, 0);

	if (at > 0 || at < -4095) {
		*(volatile char *)(at + 4096) = 1;
		call(NR_MPROTECT, at + 2 * 4096, 4096, 1, 0, 0);
		call(NR_MUNMAP, at + 4 * 4096, 4096, 0, 0, 0);
	}
	call(NR_BRK, top + 3 * 4096, 0, 0, 0, 0);
	*(volatile char *)top = 1;
	*(volatile char *)(bss + 4096) = 1;
	call(NR_EXIT, 0, 0, 0, 0, 0);
	for (;;)
		;
}
