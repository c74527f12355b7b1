/* A worker: its random numbers, what it draws from, and what all workers of a process share. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ops.h"

int ops_files[OPS_FILES], ops_segment = -1;
unsigned long ops_brk_start;
char ops_directory[256];
const char *ops_still;
__thread struct ops *ops_self;

uint64_t ops_rnd(struct ops *o, uint64_t below)
{
	o->state ^= o->state << 13;
	o->state ^= o->state >> 7;
	o->state ^= o->state << 17;
	return (o->state >> 11) % below;
}

bool ops_chance(struct ops *o, unsigned one_in)
{
	return !ops_rnd(o, one_in);
}

unsigned long ops_addr(struct ops *o)
{
	return OPS_ARENA + ops_rnd(o, OPS_ARENA_PAGES) * OPS_PAGE;
}

unsigned long ops_bytes(struct ops *o, unsigned pages)
{
	return (1 + ops_rnd(o, pages)) * OPS_PAGE;
}

int ops_prot(struct ops *o)
{
	static const int prots[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
				    PROT_READ | PROT_EXEC, PROT_READ | PROT_WRITE | PROT_EXEC, PROT_WRITE};

	return prots[ops_rnd(o, 8)];
}

void ops_remember(struct ops *o, long addr, unsigned long pages)
{
	unsigned i = o->recent_next++ % OPS_RECENT;

	o->recent[i].addr = (unsigned long)addr;
	o->recent[i].pages = pages;
}

void ops_worker_init(struct ops *o, uint64_t seed, unsigned process, unsigned thread)
{
	*o = (struct ops){.state = (seed * 64 + process) * 0x9e3779b97f4a7c15ull + thread * 0xbf58476d1ce4e5b9ull + 1};
	o->process = process;
	o->thread = thread;
	o->uffd = o->ring = o->perf = -1;
	o->deepest = 1;
	for (unsigned i = 0; i < 8; i++)
		ops_rnd(o, 2);
}

static const struct ops_kind *draw(struct ops *o)
{
	static const struct ops_kind *const parts[] = {ops_maps, ops_advice, ops_objects, ops_touches, ops_processes, ops_names};
	unsigned total = 0;
	uint64_t n;

	for (unsigned p = 0; p < 6; p++)
		for (const struct ops_kind *k = parts[p]; k->name; k++)
			total += k->weight;
	n = ops_rnd(o, total);
	for (unsigned p = 0; p < 6; p++)
		for (const struct ops_kind *k = parts[p]; k->name; n -= k->weight, k++)
			if (n < k->weight)
				return k;
	return ops_maps;
}

void ops_one(struct ops *o)
{
	draw(o)->run(o);
	o->done++;
}

static int make_file(const char *path, bool keep)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd >= 0 && ftruncate(fd, OPS_FILE_PAGES * (off_t)OPS_PAGE))
		fd = -1;
	if (!keep)
		unlink(path);
	return fd;
}

void ops_prepare(void)
{
	static char path[512];

	snprintf(ops_directory, sizeof(ops_directory), "/tmp/ops-%d", getpid());
	mkdir(ops_directory, 0700);
	snprintf(path, sizeof(path), "%s/kept\nfile \\x", ops_directory);
	ops_files[OPS_KEPT] = make_file(path, true);
	snprintf(path, sizeof(path), "%s/gone", ops_directory);
	ops_files[OPS_GONE] = make_file(path, false);
	snprintf(path, sizeof(path), "/dev/shm/ops-%d", getpid());
	ops_files[OPS_TMPFS] = make_file(path, false);
	ops_files[OPS_MEMFD] = memfd_create("a memfd", MFD_CLOEXEC);
	ops_files[OPS_PROGRAM] = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ops_files[OPS_SECRET] = (int)syscall(SYS_memfd_secret, 0);
	ops_files[OPS_DEVZERO] = open("/dev/zero", O_RDWR | O_CLOEXEC);
	for (unsigned i = 0; i < OPS_FILES; i++)
		if ((i == OPS_MEMFD || i == OPS_SECRET) && ops_files[i] >= 0 && ftruncate(ops_files[i], OPS_FILE_PAGES * (off_t)OPS_PAGE))
			ops_files[i] = -1;
	ops_segment = shmget(IPC_PRIVATE, 8 * OPS_PAGE, IPC_CREAT | 0600);
	/* The C library's own heap is below: it begins where the break stands at the first malloc, and that is now, not in a thread's pthread_create. */
	char *volatile first = malloc(OPS_PAGE); /* volatile: the compiler leaves out a malloc whose block is only freed */

	free(first);
	ops_brk_start = (unsigned long)syscall(SYS_brk, 0) + 512 * OPS_PAGE;
	syscall(SYS_brk, ops_brk_start);
	ops_catch_signals();
}

void ops_clean(void)
{
	shmctl(ops_segment, IPC_RMID, NULL);
}
