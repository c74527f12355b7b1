/* Accesses: by the program, by the kernel for it, by a neighbour. Some hit a hole or a closed page: the signal brings us back. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ops.h"

static void on_signal(int sig)
{
	if (ops_self && ops_self->armed)
		siglongjmp(ops_self->back, sig);
	signal(sig, SIG_DFL);
}

void ops_catch_signals(void)
{
	struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_NODEFER};

	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
}

void ops_touch(struct ops *o, unsigned long addr, bool write)
{
	if (!sigsetjmp(o->back, 0)) {
		o->armed = true;
		if (write)
			*(volatile char *)addr = (char)addr;
		else
			(void)*(volatile char *)addr;
	}
	o->armed = false;
}

static void touch(struct ops *o)
{
	unsigned long addr = ops_addr(o);
	bool write = !ops_chance(o, 3);

	for (unsigned i = 0; i < 6; i++)
		ops_touch(o, addr + i * OPS_PAGE, write);
}

static __attribute__((noinline)) int deepen(unsigned long depth)
{
	volatile char frame[OPS_PAGE];

	frame[0] = (char)depth;
	return depth > 1 ? deepen(depth - 1) + frame[0] : 0;
}

/* The main thread's stack grows as it is touched. */
static void grow_stack(struct ops *o)
{
	if (o->thread || o->deepest > 500)
		return;
	o->deepest += ops_rnd(o, 20);
	deepen(o->deepest);
}

/* It grows as the kernel writes to it for a read(). */
static void grow_stack_by_kernel(struct ops *o)
{
	char *low = (char *)__builtin_frame_address(0) - 64 * 1024;

	if (o->thread || o->deepest > 500)
		return;
	(void)!pread(ops_files[OPS_PROGRAM], low - ops_rnd(o, 16) * OPS_PAGE, 16, 0);
}

static void grow_mapping(struct ops *o)
{
	unsigned long top = OPS_GROWS - o->thread * 512 * OPS_PAGE;

	if (!o->grows_low || o->grows_low < top - 200 * OPS_PAGE) {
		munmap((void *)(top - 256 * OPS_PAGE), 256 * OPS_PAGE);
		mmap((void *)(top - OPS_PAGE), OPS_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
		o->grows_low = top - OPS_PAGE;
	}
	o->grows_low -= (1 + ops_rnd(o, 6)) * OPS_PAGE;
	ops_touch(o, o->grows_low, true);
}

static void read_into(struct ops *o)
{
	(void)!pread(ops_files[OPS_PROGRAM], (void *)ops_addr(o), ops_bytes(o, 6), 0);
}

static void write_from(struct ops *o)
{
	if (ops_files[OPS_GONE] >= 0)
		(void)!pwrite(ops_files[OPS_GONE], (void *)ops_addr(o), ops_bytes(o, 3), 0);
}

/* get_user_pages, of our own memory, by another thread or a child as well. */
static void read_remote(struct ops *o)
{
	static char buffer[3 * OPS_PAGE];
	struct iovec here = {buffer, sizeof(buffer)}, there = {(void *)ops_addr(o), sizeof(buffer)};

	if (ops_chance(o, 2))
		process_vm_readv(getpid(), &here, 1, &there, 1, 0);
	else
		process_vm_writev(getpid(), &here, 1, &there, 1, 0);
}

const struct ops_kind ops_touches[] = {
	{"touch", touch, 14},	      {"grow-stack", grow_stack, 2}, {"grow-stack-read", grow_stack_by_kernel, 1}, {"grow-mapping", grow_mapping, 2},
	{"kernel-read", read_into, 3}, {"kernel-write", write_from, 2}, {"remote", read_remote, 3},		   {0},
};
