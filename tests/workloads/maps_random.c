/*
 * maps_random DIR [NAME [SEED [OPERATIONS]]]: hundreds of random calls that change the map, 20 times the map as the kernel prints it.
 *
 * All calls work on one small arena, so that they split, merge, replace and cut each other. Marks NAME.begin, NAME.0 … NAME.19, NAME.end.
 * NAME.facts: pid, seed, and NAME.calls: each call between begin and end, "nr a0 a1 a2 a3 a4 a5 = result", numbers as the kernel sees them.
 * Equal seeds give equal calls.
 */
#include "workload.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/shm.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

#define ARENA 0x300000000000ul
#define ARENA_PAGES 1024
#define GROWS 0x310000000000ul /* a mapping with MAP_GROWSDOWN ends here */
#define MARKS 20
#define CALLS_MAX 20000
#define FILE_PAGES 64

struct call {
	long nr, args[6], result;
};

static struct call calls[CALLS_MAX];
static size_t call_count;
static uint64_t state;
static int files[4]; /* a file, a deleted file, a memfd, this program (read-only) */
static int segment;  /* System V shared memory */
static unsigned long recent[8][2]; /* address and pages of the last mappings: mremap wants exactly one */
static unsigned recent_next;
static unsigned long brk_start, grows_low = GROWS, deepest = 1;
static sigjmp_buf back;

static uint64_t rnd(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 11) % below;
}

static long call(long nr, long a, long b, long c, long d, long e, long f)
{
	struct call *one = &calls[call_count++];
	long result = syscall(nr, a, b, c, d, e, f);

	if (result == -1)
		result = -errno;
	*one = (struct call){nr, {a, b, c, d, e, f}, result};
	return result;
}

static unsigned long arena(void)
{
	return ARENA + rnd(ARENA_PAGES) * WL_PAGE;
}

static long any_prot(void)
{
	static const int prots[] = {PROT_NONE, PROT_READ, WL_RW, WL_RW, PROT_READ | PROT_EXEC, WL_RW | PROT_EXEC};

	return prots[rnd(6)];
}

static void remember(long addr, unsigned long pages)
{
	if (addr <= 0)
		return;
	recent[recent_next % 8][0] = (unsigned long)addr;
	recent[recent_next++ % 8][1] = pages;
}

static void op_mmap(void)
{
	unsigned long pages = 1 + rnd(40);
	bool file = rnd(2), shared = rnd(3) == 0, fixed = rnd(8) != 0;
	unsigned which = (unsigned)rnd(4);
	long flags = (shared ? MAP_SHARED : MAP_PRIVATE) | (fixed ? MAP_FIXED : 0) | (file ? 0 : MAP_ANONYMOUS);
	long offset = file ? (long)(rnd(FILE_PAGES) * WL_PAGE) : 0;
	long prot = any_prot();

	if (which == 3 && shared)
		prot &= ~PROT_WRITE;
	remember(call(SYS_mmap, fixed ? (long)arena() : 0, (long)(pages * WL_PAGE), prot, flags, file ? files[which] : -1, offset), pages);
}

static void op_munmap(void)
{
	call(SYS_munmap, (long)arena(), (long)((1 + rnd(24)) * WL_PAGE), 0, 0, 0, 0);
}

static void op_mprotect(void)
{
	call(SYS_mprotect, (long)arena(), (long)((1 + rnd(24)) * WL_PAGE), any_prot(), 0, 0, 0);
}

static void op_mremap(void)
{
	unsigned long *old = recent[rnd(8)], pages = 1 + rnd(60);
	long flags = 0, to = 0;

	if (!old[0])
		return;
	switch (rnd(4)) {
	case 0: /* grow or shrink where it stands */
		break;
	case 1:
		flags = MREMAP_MAYMOVE;
		break;
	case 2: /* over whatever is there */
		flags = MREMAP_MAYMOVE | MREMAP_FIXED;
		to = (long)arena();
		break;
	case 3:
		flags = MREMAP_MAYMOVE | MREMAP_DONTUNMAP;
		pages = old[1];
		break;
	}
	remember(call(SYS_mremap, (long)old[0], (long)(old[1] * WL_PAGE), (long)(pages * WL_PAGE), flags, to, 0), pages);
}

/* Any byte, not only whole pages. */
static void op_brk(void)
{
	call(SYS_brk, (long)(brk_start + rnd(300000)), 0, 0, 0, 0, 0);
}

static void op_madvise(void)
{
	static const int advice[] = {MADV_DONTNEED, MADV_DONTFORK, MADV_DOFORK,   MADV_HUGEPAGE,   MADV_NOHUGEPAGE, MADV_SEQUENTIAL,
				     MADV_RANDOM,   MADV_NORMAL,   MADV_DONTDUMP, MADV_WIPEONFORK, MADV_MERGEABLE,  MADV_FREE};

	call(SYS_madvise, (long)arena(), (long)((1 + rnd(24)) * WL_PAGE), advice[rnd(sizeof(advice) / sizeof(advice[0]))], 0, 0, 0);
}

static void op_mlock(void)
{
	call(rnd(2) ? SYS_mlock : SYS_munlock, (long)arena(), (long)((1 + rnd(8)) * WL_PAGE), 0, 0, 0, 0);
}

static void op_name(void)
{
	static const char *const names[] = {"a name", "pool", "cache 2"};

	call(SYS_prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, (long)arena(), (long)((1 + rnd(8)) * WL_PAGE), (long)names[rnd(3)], 0);
}

static void op_shm(void)
{
	static long attached;

	if (attached > 0 && rnd(2))
		attached = call(SYS_shmdt, attached, 0, 0, 0, 0, 0) && 0;
	else
		attached = call(SYS_shmat, segment, (long)arena(), SHM_REMAP, 0, 0, 0);
}

static void on_signal(int sig)
{
	siglongjmp(back, sig);
}

/* May hit a hole, a PROT_NONE page or the end of a file: then the handler brings us back. */
static void touch(unsigned long addr)
{
	if (sigsetjmp(back, 0) == 0)
		*(volatile char *)addr = (char)addr;
}

static void op_touch(void)
{
	unsigned long addr = arena();

	for (unsigned i = 0; i < 6; i++)
		touch(addr + i * WL_PAGE);
}

static __attribute__((noinline)) int deepen(unsigned long depth)
{
	volatile char frame[WL_PAGE];

	frame[0] = (char)depth;
	return depth > 1 ? deepen(depth - 1) + frame[0] : 0;
}

/* Stack growth, no call at all; also of a mapping that grows down. */
static void op_grow(void)
{
	if (rnd(2) && deepest < 700) {
		deepest += rnd(40);
		deepen(deepest);
	} else if (grows_low > GROWS - 200 * WL_PAGE) {
		grows_low -= (1 + rnd(6)) * WL_PAGE;
		touch(grows_low);
	}
}

static void one_operation(void)
{
	static void (*const table[])(void) = {op_mmap,	 op_mmap,   op_mmap, op_mmap,	 op_munmap,  op_munmap, op_mprotect, op_mprotect, op_mremap,
					      op_mremap, op_mremap, op_brk,  op_madvise, op_madvise, op_mlock,	op_name,     op_shm,	  op_touch,
					      op_touch,	 op_grow};

	table[rnd(sizeof(table) / sizeof(table[0]))]();
}

static int named_file(const char *path, bool keep)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || ftruncate(fd, FILE_PAGES * (off_t)WL_PAGE))
		wl_die(path);
	if (!keep)
		unlink(path);
	return fd;
}

/* maps escapes the newline, and nothing else. */
static char kept_path[256];

static void prepare(const char *self)
{
	static char path[256];
	struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_NODEFER};

	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
	snprintf(kept_path, sizeof(kept_path), "/tmp/maps random\n%d \\x", getpid());
	files[0] = named_file(kept_path, true);
	snprintf(path, sizeof(path), "/tmp/maps-gone-%d", getpid());
	files[1] = named_file(path, false);
	files[2] = memfd_create("a memfd", 0);
	files[3] = open(self, O_RDONLY);
	segment = shmget(IPC_PRIVATE, 8 * WL_PAGE, IPC_CREAT | 0600);
	if (files[2] < 0 || ftruncate(files[2], FILE_PAGES * (off_t)WL_PAGE) || files[3] < 0 || segment < 0)
		wl_die("prepare");
	brk_start = (unsigned long)syscall(SYS_brk, 0);
	wl_map((void *)(GROWS - WL_PAGE), WL_PAGE, WL_RW, WL_ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
	grows_low = GROWS - WL_PAGE;
	memset(calls, 0, sizeof(calls));
}

static void save_calls(void)
{
	static char line[256];
	int fd = wl_create("calls");

	for (size_t i = 0; i < call_count; i++) {
		const struct call *c = &calls[i];
		int n = snprintf(line, sizeof(line), "%ld %#lx %#lx %#lx %#lx %#lx %#lx = %ld\n", c->nr, c->args[0], c->args[1], c->args[2],
				 c->args[3], c->args[4], c->args[5], c->result);

		wl_write_all(fd, line, (size_t)n);
	}
	close(fd);
}

int main(int argc, char **argv)
{
	unsigned long seed = argc > 3 ? strtoul(argv[3], NULL, 0) : 1, operations = argc > 4 ? strtoul(argv[4], NULL, 0) : 280;
	static char what[16];

	wl_begin(argc, argv);
	state = seed * 0x9e3779b97f4a7c15ull + 1;
	if (operations < MARKS || operations > CALLS_MAX)
		operations = 280;
	prepare("/proc/self/exe");
	wl_mark("begin");
	for (unsigned long i = 0; i < operations; i++) {
		one_operation();
		if ((i + 1) % (operations / MARKS) == 0 && i / (operations / MARKS) < MARKS) {
			snprintf(what, sizeof(what), "%lu", i / (operations / MARKS));
			wl_save_maps(what);
		}
	}
	wl_mark("end");
	shmctl(segment, IPC_RMID, NULL);
	unlink(kept_path);
	wl_fact("pid %d\nseed %lu\noperations %lu\ncalls %zu\nmarks %d", getpid(), seed, operations, call_count, MARKS);
	save_calls();
	wl_save_facts("facts");
	return 0;
}
