/*
 * One instruction, interrupted four times: `rep movsb` copies 16 KiB into four pages that may not be touched. At each page the processor faults; a SIGSEGV handler opens
 * that page, and the instruction goes on where it stopped: its registers say how much is left.
 *
 * One sees a box without rights become readable and writable page by page, with two faults a page: one that ends in the signal, one that brings a frame.
 * Events: op: mmap 2, mprotect 4; fault at the destination: 4 bad (protection), 4 demand-zero.
 */
#include <ucontext.h>

#include "lab.h"
#include "libmap.h"

#define PAGES 4

static char *from, *to;

static void open_page(int sig, siginfo_t *info, void *context)
{
	const greg_t *regs = ((const ucontext_t *)context)->uc_mcontext.gregs;
	char *page = (char *)((uintptr_t)info->si_addr & ~(PAGE - 1));

	if (page < to || page >= to + PAGES * PAGE)
		_exit(1);
	lab_print("fault at %p: %lld of %lu bytes are left\n", info->si_addr, regs[REG_RCX], PAGES * PAGE);
	lab_say("SIGSEGV: the handler opens this page; the same instruction runs on");
	if (mprotect(page, PAGE, RW))
		_exit(1);
}

static void copy(void)
{
	char *source = from, *destination = to;
	size_t bytes = PAGES * PAGE;

	__asm__ volatile("rep movsb" : "+S"(source), "+D"(destination), "+c"(bytes) : : "memory");
	lab_print("%lu bytes are left\n", bytes);
}

int main(int argc, char **argv)
{
	struct sigaction act = {.sa_sigaction = open_page, .sa_flags = SA_SIGINFO};

	lab_start_plain(argc, argv, "one rep movsb into protected pages: a handler opens them, the instruction resumes where it stopped");
	from = lab_map(PAGES * PAGE, RW);
	for (size_t i = 0; i < PAGES * PAGE; i++)
		from[i] = (char)(i * 7 + i / PAGE);
	to = lab_map(PAGES * PAGE, PROT_NONE);
	if (sigaction(SIGSEGV, &act, NULL))
		lab_die("sigaction");
	lab_say("One instruction, rep movsb, shall copy 16 KiB into four pages that nobody may touch");
	copy();
	lab_say(memcmp(from, to, PAGES * PAGE) ? "The copy is wrong" : "The copy is complete, each byte once: the interrupted instruction lost nothing and repeated nothing");
	for (size_t i = 0; i < PAGES; i++)
		print_map(to + i * PAGE);
	return memcmp(from, to, PAGES * PAGE) != 0;
}
