/*
 * bad_access DIR [NAME]: every kind of access that is not allowed, once with a handler and once with the default action.
 *
 * NAME.facts, one line each, in order:
 *   pid N
 *   caught WHAT ADDR SIGNAL SI_CODE SI_ADDR TRAPNO ERROR CR2   by the handler, in this process; the last three as the kernel left them in the frame
 *   killed WHAT PID STATUS                                     by the default action, in a child; STATUS as wait(2) gives it
 *   copied ADDR ERRNO                                          read(2) into an unmapped buffer: no signal, EFAULT
 * WHAT: unmapped-far (nothing near), unmapped-near (a page next to it is there), protection-write, protection-none, protection-exec, beyond-eof,
 * non-canonical, kernel.
 */
#include "workload.h"

#include <setjmp.h>
#include <signal.h>
#include <ucontext.h>

#define FAR 0x480000000000ul /* nothing else has an address with this top-level index */

static sigjmp_buf back;
static siginfo_t got;
static unsigned long trapno, error, cr2;
static char *near, *rodata, *none, *data, *eof;

static void caught(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	got = *info;
	trapno = (unsigned long)uc->uc_mcontext.gregs[REG_TRAPNO];
	error = (unsigned long)uc->uc_mcontext.gregs[REG_ERR];
	cr2 = (unsigned long)uc->uc_mcontext.gregs[REG_CR2];
	siglongjmp(back, sig);
}

static void load(unsigned long addr)
{
	(void)*(volatile char *)addr;
}

static void store(unsigned long addr)
{
	*(volatile char *)addr = 1;
}

static void jump(unsigned long addr)
{
	((void (*)(void))addr)();
}

static const struct bad {
	const char *what;
	void (*access)(unsigned long addr);
	unsigned long fixed;
	char **base;
	unsigned long offset;
} bads[] = {
	{"unmapped-far", load, FAR, NULL, 0},
	{"unmapped-near", store, 0, &near, WL_PAGE + 8},
	{"protection-write", store, 0, &rodata, 16},
	{"protection-none", load, 0, &none, 24},
	{"protection-exec", jump, 0, &data, 32},
	{"beyond-eof", load, 0, &eof, WL_PAGE + 40},
	{"non-canonical", load, 0x0123456789abcdef, NULL, 0},
	{"kernel", load, 0xffff888000000000, NULL, 0},
};

static unsigned long where(const struct bad *b)
{
	return b->base ? (unsigned long)*b->base + b->offset : b->fixed;
}

static void with_handler(const struct bad *b)
{
	struct sigaction act = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO | SA_NODEFER};

	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
	if (sigsetjmp(back, 0) == 0) {
		b->access(where(b));
		wl_fact("caught %s %#lx 0 0 0 0 0 0", b->what, where(b));
		return;
	}
	wl_fact("caught %s %#lx %d %d %#lx %lu %#lx %#lx", b->what, where(b), got.si_signo, got.si_code, (unsigned long)got.si_addr, trapno, error,
		cr2);
}

static void with_default(const struct bad *b)
{
	struct rlimit no_core = {0, 0};
	int status;
	pid_t pid = fork();

	if (pid < 0)
		wl_die("fork");
	if (!pid) {
		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		b->access(where(b));
		_exit(0);
	}
	waitpid(pid, &status, 0);
	wl_fact("killed %s %d %#x", b->what, pid, status);
}

/* near stands alone in its page table: the page behind it is not mapped, but the walk comes down to its entry. */
static void prepare(void)
{
	near = wl_map((void *)0x341000000000, WL_PAGE, WL_RW, WL_ANON | MAP_FIXED, -1, 0);
	rodata = wl_map(NULL, WL_PAGE, WL_RW, WL_ANON, -1, 0);
	none = wl_map(NULL, WL_PAGE, WL_RW, WL_ANON, -1, 0);
	data = wl_map(NULL, WL_PAGE, WL_RW, WL_ANON, -1, 0);
	near[0] = rodata[0] = none[0] = data[0] = 1;
	mprotect(rodata, WL_PAGE, PROT_READ);
	mprotect(none, WL_PAGE, PROT_NONE);
	eof = wl_map(NULL, 3 * WL_PAGE, PROT_READ, MAP_SHARED, wl_temp_file(1), 0);
	load((unsigned long)eof);
}

int main(int argc, char **argv)
{
	unsigned n = sizeof(bads) / sizeof(bads[0]);
	int zero;

	wl_begin(argc, argv);
	prepare();
	wl_fact("pid %d", getpid());
	wl_mark("handler");
	for (unsigned i = 0; i < n; i++)
		with_handler(&bads[i]);
	wl_mark("copied");
	zero = open("/dev/zero", O_RDONLY);
	errno = 0;
	if (read(zero, (void *)(FAR + (1ul << 30)), 16) >= 0)
		errno = 0;
	wl_fact("copied %#lx %d", FAR + (1ul << 30), errno);
	wl_mark("default");
	for (unsigned i = 0; i < n; i++)
		with_default(&bads[i]);
	wl_mark("end");
	wl_save_facts("facts");
	return 0;
}
