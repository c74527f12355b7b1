/*
 * Does what it is told, so that what vmmap foretells of an access can be compared with what happens: prints its places, "NAME ADDRESS" a line, then "ready"; then for
 * each line "r ADDRESS", "w …" or "x …" does it and prints "SIGNAL CODE FAULTS" (0 0 where none came; faults as getrusage counts them for this access alone).
 *
 * What is executed begins with the instruction ret.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define PAGE 4096
#define RET 0xc3

static sigjmp_buf back;
static volatile int seen, code;
static volatile char sink;

int poke_data[4] = {1, 2, 3, 4};
char poke_bss[3 * PAGE];
void poke_here(char how, uintptr_t at);

static void handler(int number, siginfo_t *info, void *context)
{
	seen = number;
	code = info->si_code;
	siglongjmp(back, 1);
}

static long faults(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_minflt + u.ru_majflt;
}

void __attribute__((noinline)) poke_here(char how, uintptr_t at)
{
	if (how == 'r')
		sink = *(volatile char *)at;
	else if (how == 'w')
		*(volatile char *)at = (char)RET;
	else
		((void (*)(void))at)();
}

static char *map(size_t size, int prot, int flags, int fd)
{
	char *at = mmap(NULL, size, prot, flags, fd, 0);

	if (at == MAP_FAILED)
		exit(1);
	return at;
}

static void place(const char *name, const void *at)
{
	printf("%s %lx\n", name, (unsigned long)(uintptr_t)at);
}

/* A file of two pages full of ret instructions. */
static int code_file(void)
{
	char name[] = "/tmp/poke-XXXXXX", page[2 * PAGE];
	int fd = mkstemp(name);

	memset(page, RET, sizeof(page));
	if (fd < 0 || unlink(name) || write(fd, page, sizeof(page)) != sizeof(page))
		exit(1);
	return fd;
}

static void places(void)
{
	const int anon = MAP_PRIVATE | MAP_ANONYMOUS, rw = PROT_READ | PROT_WRITE;
	int fd = code_file();
	char *three = map(3 * PAGE, rw, anon, -1), *read_only = map(PAGE, PROT_READ, anon, -1), *both = map(2 * PAGE, rw, anon, -1);
	uintptr_t huge = ((uintptr_t)map(4 << 20, rw, anon, -1) + (2 << 20) - 1) & ~(uintptr_t)((2 << 20) - 1);
	struct rlimit limit;
	char on_stack;

	madvise((void *)huge, 2 << 20, MADV_HUGEPAGE);
	madvise(three, 3 * PAGE, MADV_NOHUGEPAGE);
	sink = three[PAGE];
	three[2 * PAGE] = 1;
	sink = *read_only;
	both[0] = 1;
	munmap(both + PAGE, PAGE);
	getrlimit(RLIMIT_STACK, &limit);
	place("untouched", three);
	place("zero", three + PAGE);
	place("written", three + 2 * PAGE + 5);
	place("read-only", read_only);
	place("none", map(PAGE, PROT_NONE, anon, -1));
	place("unmapped", both + PAGE);
	place("shared", map(PAGE, rw, MAP_SHARED | MAP_ANONYMOUS, -1));
	place("file-private", map(2 * PAGE, rw, MAP_PRIVATE, fd));
	place("file-shared", map(2 * PAGE, rw, MAP_SHARED, fd));
	place("file-code", map(2 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd));
	place("past-eof", map(3 * PAGE, rw, MAP_SHARED, fd) + 2 * PAGE);
	place("huge", (void *)huge);
	place("null", NULL);
	place("kernel", (void *)0xffff888000000000);
	place("non-canonical", (void *)0x0dead00000000000);
	place("below-stack", &on_stack - (512 << 10));
	place("far-below-stack", &on_stack - limit.rlim_cur - (2 << 20));
	place("poke_here", (void *)(uintptr_t)poke_here);
	place("poke_data", &poke_data[2]);
	place("poke_bss", &poke_bss[2 * PAGE]);
	puts("ready");
	fflush(stdout);
}

int main(void)
{
	struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	static char alt[65536];
	stack_t stack = {.ss_sp = alt, .ss_size = sizeof(alt)};
	unsigned long at;
	char how;

	memset(alt, 1, sizeof(alt));
	if (sigaltstack(&stack, NULL) || sigaction(SIGSEGV, &a, NULL) || sigaction(SIGBUS, &a, NULL))
		return 1;
	places();
	while (scanf(" %c %lx", &how, &at) == 2) {
		long before = faults();
		volatile long after;

		seen = code = 0;
		before = faults();
		if (!sigsetjmp(back, 1))
			poke_here(how, at);
		after = faults();
		printf("%d %d %ld\n", seen, code, after - before);
		fflush(stdout);
	}
	return 0;
}
