/* Calls that make, remove, move and protect mappings. */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ops.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#define HUGE_2M (21 << 26) /* MAP_HUGE_SHIFT */

static long raw_mmap(struct ops *o, unsigned long addr, unsigned long bytes, long prot, long flags, int fd, unsigned long page)
{
	long at = syscall(SYS_mmap, addr, bytes, prot, flags, fd, fd < 0 ? 0 : page * OPS_PAGE);

	if (at != -1)
		ops_remember(o, at, bytes / OPS_PAGE);
	return at;
}

static long where(struct ops *o, unsigned long *addr)
{
	*addr = ops_addr(o);
	switch (ops_rnd(o, 10)) {
	case 0:
		*addr = 0;
		return 0;
	case 1: /* a hint */
		return 0;
	case 2:
		return MAP_FIXED_NOREPLACE;
	}
	return MAP_FIXED;
}

static void map_anonymous(struct ops *o)
{
	static const int extra[] = {0, 0, 0, MAP_POPULATE, MAP_LOCKED, MAP_NORESERVE, MAP_STACK, MAP_NONBLOCK | MAP_POPULATE};
	unsigned long addr;
	long flags = where(o, &addr) | MAP_ANONYMOUS | extra[ops_rnd(o, 8)];

	flags |= ops_chance(o, 4) ? MAP_SHARED : MAP_PRIVATE;
	raw_mmap(o, addr, ops_bytes(o, 40), ops_prot(o), flags, -1, 0);
}

static void map_file(struct ops *o)
{
	static const int extra[] = {0, 0, 0, MAP_POPULATE, MAP_NORESERVE, MAP_DENYWRITE};
	unsigned which = (unsigned)ops_rnd(o, OPS_FILES);
	unsigned long addr;
	long flags = where(o, &addr) | extra[ops_rnd(o, 6)], prot = ops_prot(o);

	flags |= ops_chance(o, 3) ? (ops_chance(o, 2) ? MAP_SHARED : MAP_SHARED_VALIDATE) : MAP_PRIVATE;
	if (which == OPS_PROGRAM && !(flags & MAP_PRIVATE))
		prot &= ~PROT_WRITE;
	if (ops_files[which] >= 0)
		raw_mmap(o, addr, ops_bytes(o, 40), prot, flags, ops_files[which], ops_rnd(o, OPS_FILE_PAGES));
}

static void map_low(struct ops *o)
{
	unsigned long bytes = ops_bytes(o, 8);
	long at = syscall(SYS_mmap, 0, bytes, ops_prot(o), MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	/* Not for good: hundreds of them would be all the map. */
	if (at != -1 && !ops_chance(o, 4))
		munmap((void *)at, bytes);
}

static void map_huge(struct ops *o)
{
	unsigned long addr = OPS_ALIGNED + (ops_rnd(o, OPS_ALIGNED_BYTES >> 21) << 21);
	long at = syscall(SYS_mmap, addr, OPS_PAGE * (1 + ops_rnd(o, 513)), PROT_READ | PROT_WRITE,
			  (ops_chance(o, 2) ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS | MAP_HUGETLB | HUGE_2M | MAP_FIXED, -1, 0);

	if (at != -1 && ops_chance(o, 2))
		ops_touch(o, (unsigned long)at, true);
}

/* Plain memory on 2 MiB boundaries: large pages, and calls that split them. */
static void map_aligned(struct ops *o)
{
	unsigned long addr = OPS_ALIGNED + (ops_rnd(o, OPS_ALIGNED_BYTES >> 21) << 21), part = addr + ops_rnd(o, 512) * OPS_PAGE;

	switch (ops_rnd(o, 4)) {
	case 0:
		mmap((void *)addr, 2ul << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	case 1:
		madvise((void *)addr, 2ul << 20, MADV_HUGEPAGE);
		ops_touch(o, part, true);
		break;
	case 2:
		munmap((void *)part, ops_bytes(o, 16));
		break;
	case 3:
		mprotect((void *)part, ops_bytes(o, 16), ops_prot(o));
		break;
	}
}

static void unmap(struct ops *o)
{
	munmap((void *)ops_addr(o), ops_bytes(o, ops_chance(o, 10) ? 300 : 24));
}

static void protect(struct ops *o)
{
	mprotect((void *)ops_addr(o), ops_bytes(o, 24), ops_prot(o));
}

static void protect_growing(struct ops *o)
{
	mprotect((void *)(OPS_GROWS - OPS_PAGE * (1 + o->thread * 512ul)), OPS_PAGE, PROT_READ | PROT_WRITE | PROT_GROWSDOWN);
}

static void protect_key(struct ops *o)
{
	int key = pkey_alloc(0, 0);

	pkey_mprotect((void *)ops_addr(o), ops_bytes(o, 24), ops_prot(o), key < 0 ? -1 : key);
	if (key >= 0 && ops_chance(o, 2))
		pkey_mprotect((void *)ops_addr(o), ops_bytes(o, 100), ops_prot(o), 0);
	if (key >= 0)
		pkey_free(key);
}

static void remap(struct ops *o)
{
	unsigned i = (unsigned)ops_rnd(o, OPS_RECENT);
	unsigned long from = o->recent[i].addr, old = o->recent[i].pages * OPS_PAGE, bytes = ops_bytes(o, 60), to = 0;
	long flags = 0, at;

	if (!from)
		return;
	switch (ops_rnd(o, 6)) {
	case 0: /* grow or shrink where it stands */
		break;
	case 1:
		flags = MREMAP_MAYMOVE;
		break;
	case 2: /* over whatever is there */
		flags = MREMAP_MAYMOVE | MREMAP_FIXED;
		to = ops_addr(o);
		break;
	case 3:
		flags = MREMAP_MAYMOVE | MREMAP_DONTUNMAP;
		bytes = old;
		break;
	case 4:
		flags = MREMAP_MAYMOVE | MREMAP_DONTUNMAP | MREMAP_FIXED;
		bytes = old;
		to = ops_addr(o);
		break;
	case 5: /* of shared memory: a second mapping */
		flags = MREMAP_MAYMOVE | MREMAP_FIXED;
		old = 0;
		to = ops_addr(o);
		break;
	}
	at = syscall(SYS_mremap, from, old, bytes, flags, to);
	if (at == -1) {
		/* It may have been cut to the new size before it failed. */
		if (o->recent[i].pages > bytes / OPS_PAGE)
			o->recent[i].pages = bytes / OPS_PAGE;
		return;
	}
	/* What has gone from there may be the C library's next: never again. */
	if (old && !(flags & MREMAP_DONTUNMAP))
		o->recent[i].addr = 0;
	ops_remember(o, at, bytes / OPS_PAGE);
}

/* Any byte, not only whole pages. The C library's own heap lies below what we move. */
static void move_brk(struct ops *o)
{
	syscall(SYS_brk, ops_brk_start + ops_rnd(o, 300000));
}

static void lock(struct ops *o)
{
	unsigned long addr = ops_addr(o), bytes = ops_bytes(o, 8);

	switch (ops_rnd(o, 4)) {
	case 0:
		mlock((void *)addr, bytes);
		break;
	case 1:
		syscall(SYS_mlock2, addr, bytes, 1 /* MLOCK_ONFAULT */);
		break;
	default:
		munlock((void *)addr, bytes);
	}
}

static void lock_all(struct ops *o)
{
	static const int how[] = {MCL_CURRENT, MCL_FUTURE, MCL_CURRENT | MCL_FUTURE, MCL_CURRENT | MCL_ONFAULT, MCL_FUTURE | MCL_ONFAULT};

	mlockall(how[ops_rnd(o, 5)]);
	for (unsigned i = 0; i < 3; i++)
		map_anonymous(o);
	munlockall();
}

static void seal(struct ops *o)
{
	unsigned long addr = OPS_ARENA + (OPS_ARENA_PAGES + 64 + o->thread * 16ul) * OPS_PAGE;

	/* mseal came in 6.10; what is sealed stays: a page of its own. */
	mmap((void *)addr, 4 * OPS_PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	syscall(462, addr + OPS_PAGE, OPS_PAGE, 0);
	munmap((void *)addr, 4 * OPS_PAGE);
	mprotect((void *)addr, 4 * OPS_PAGE, PROT_READ | PROT_WRITE);
}

const struct ops_kind ops_maps[] = {
	{"mmap-anonymous", map_anonymous, 12}, {"mmap-file", map_file, 12},	  {"mmap-32bit", map_low, 2},
	{"mmap-hugetlb", map_huge, 2},	       {"mmap-aligned", map_aligned, 4},  {"munmap", unmap, 12},
	{"mprotect", protect, 12},	       {"mprotect-growsdown", protect_growing, 1}, {"pkey_mprotect", protect_key, 3},
	{"mremap", remap, 14},		       {"brk", move_brk, 5},		  {"mlock", lock, 5},
	{"mlockall", lock_all, 1},	       {"mseal", seal, 1},		  {0},
};
