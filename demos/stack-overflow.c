/*
 * Two stack overflows, both survived: the handler of SIGSEGV runs on a stack of its own (sigaltstack).
 *
 * One sees the stack grow by faults up to its limit (1 MiB here, RLIMIT_STACK), then a bad access just below: the kernel will not grow it further. A thread's stack
 * has its full size from the start and a guard below (PROT_NONE): its overflow is a bad access in the guard.
 * Events: fault: 2 bad, unmapped (below the stack) and protection (in the guard); the stack is 1,024 KiB at the end.
 */
#include <pthread.h>
#include <setjmp.h>
#include <sys/resource.h>

#include "lab.h"

#define LIMIT MIB
#define THREAD_STACK (256 * KIB)

static char handler_stack[64 * KIB];
static sigjmp_buf back;
static volatile unsigned depth;
static void *volatile where;

static void caught(int sig, siginfo_t *info, void *context)
{
	where = info->si_addr;
	siglongjmp(back, 1);
}

/* A frame is a little smaller than a page and touched at both ends, so no guard is jumped over. */
static __attribute__((noinline)) int deeper(void)
{
	volatile char frame[PAGE - 128];

	frame[0] = frame[sizeof(frame) - 1] = (char)++depth;
	if (depth % 16 == 0)
		lab_beat();
	return depth ? deeper() + frame[0] : 0;
}

static void overflow(const char *whose)
{
	stack_t own = {.ss_sp = handler_stack, .ss_size = sizeof(handler_stack)};

	depth = 0;
	if (sigaltstack(&own, NULL))
		lab_die("sigaltstack");
	if (!sigsetjmp(back, 1))
		deeper();
	lab_print("%s: SIGSEGV at %p, %u calls deep\n", whose, where, depth);
}

static void *thread_part(void *none)
{
	overflow("thread");
	return NULL;
}

static void thread_overflow(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, THREAD_STACK);
	lab_say("A thread does the same on its own stack of 256 KiB: below it lies a guard that nobody may touch");
	if ((errno = pthread_create(&thread, &attr, thread_part, NULL)))
		lab_die("pthread_create");
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	struct sigaction act = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	struct rlimit limit;

	lab_start_plain(argc, argv, "a stack overflow into the limit and one into a thread's guard, both survived on an alternate stack");
	if (getrlimit(RLIMIT_STACK, &limit))
		lab_die("getrlimit");
	limit.rlim_cur = LIMIT;
	if (setrlimit(RLIMIT_STACK, &limit) || sigaction(SIGSEGV, &act, NULL))
		lab_die("setrlimit");
	lab_say("A recursion without end. The stack may grow to 1 MiB");
	overflow("main");
	lab_say("The kernel would not grow it further: SIGSEGV. The handler ran on another stack and jumped back");
	thread_overflow();
	lab_say("Both are survived: the program ends as if nothing had been");
	return 0;
}
