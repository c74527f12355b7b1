/* Calls that change what a mapping is like, or its pages, but not where it stands. */
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ops.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif
#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#endif
#ifndef MADV_COLD
#define MADV_COLD 20
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#define DONTNEED_LOCKED 24
#define COLLAPSE 25

/* These split and merge. */
static void advise_flags(struct ops *o)
{
	static const int advice[] = {MADV_DONTFORK, MADV_DOFORK, MADV_WIPEONFORK, MADV_KEEPONFORK,  MADV_HUGEPAGE,  MADV_NOHUGEPAGE, MADV_MERGEABLE,
				     MADV_UNMERGEABLE, MADV_DONTDUMP, MADV_DODUMP, MADV_SEQUENTIAL, MADV_RANDOM,    MADV_NORMAL};

	madvise((void *)ops_addr(o), ops_bytes(o, 24), advice[ops_rnd(o, sizeof(advice) / sizeof(*advice))]);
}

/* These change pages. */
static void advise_pages(struct ops *o)
{
	static const int advice[] = {MADV_DONTNEED, MADV_DONTNEED, MADV_FREE,	       MADV_REMOVE,	     MADV_COLD,
				     MADV_PAGEOUT,  MADV_WILLNEED, MADV_POPULATE_READ, MADV_POPULATE_WRITE, DONTNEED_LOCKED};

	madvise((void *)ops_addr(o), ops_bytes(o, 24), advice[ops_rnd(o, sizeof(advice) / sizeof(*advice))]);
}

static void collapse(struct ops *o)
{
	madvise((void *)(OPS_ALIGNED + (ops_rnd(o, OPS_ALIGNED_BYTES >> 21) << 21)), 2ul << 20, COLLAPSE);
}

static void advise_other(struct ops *o)
{
	struct iovec area = {(void *)ops_addr(o), ops_bytes(o, 24)};
	int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	syscall(SYS_process_madvise, fd, &area, 1, ops_chance(o, 2) ? MADV_COLD : MADV_PAGEOUT, 0);
	close(fd);
}

static void bind_node(struct ops *o)
{
	static const int modes[] = {MPOL_DEFAULT, MPOL_BIND, MPOL_PREFERRED, MPOL_INTERLEAVE, MPOL_LOCAL};
	unsigned mode = (unsigned)ops_rnd(o, 5);
	unsigned long node = 1, addr = ops_addr(o), bytes = ops_bytes(o, 24);
	bool bare = modes[mode] == MPOL_DEFAULT || modes[mode] == MPOL_LOCAL;

	syscall(SYS_mbind, addr, bytes, modes[mode], bare ? NULL : &node, bare ? 0 : 8, ops_chance(o, 2) ? MPOL_MF_MOVE : 0);
}

static void home_node(struct ops *o)
{
	unsigned long node = 1, addr = ops_addr(o), bytes = ops_bytes(o, 24);

	syscall(SYS_mbind, addr, bytes, MPOL_BIND, &node, 8, 0);
	syscall(450, addr + OPS_PAGE, OPS_PAGE, 0, 0);
}

/* Every character the kernel allows (mm/madvise.c, is_valid_name_char: printable, but for \ ` $ [ ]), and the longest name. */
static void name(struct ops *o)
{
	static const char *const names[] = {"a name", "pool", "cache 2", "!\"#%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ^_abcdefgh",
					    " ijklmnopqrstuvwxyz{|}~ ", "a name that is exactly as long as the longest name the kernel will be told, 79 bytes.",
					    NULL, "[no]", ""};

	prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, ops_addr(o), ops_bytes(o, 8), names[ops_rnd(o, sizeof(names) / sizeof(*names))]);
}

/* The fields of mm_struct: [stack] is where the kernel is told it was. (The break is left alone: the C library's heap follows it.) */
static void set_fields(struct ops *o)
{
	static const int fields[] = {PR_SET_MM_START_CODE, PR_SET_MM_END_CODE, PR_SET_MM_START_DATA, PR_SET_MM_END_DATA,
				     PR_SET_MM_ARG_START,  PR_SET_MM_ARG_END,  PR_SET_MM_ENV_START,  PR_SET_MM_ENV_END};

	prctl(PR_SET_MM, fields[ops_rnd(o, 8)], OPS_ALIGNED, 0, 0);
	prctl(PR_SET_MM, PR_SET_MM_START_STACK, (unsigned long)__builtin_frame_address(0) & ~15ul, 0, 0);
}

static void merge(struct ops *o)
{
	prctl(PR_SET_MEMORY_MERGE, ops_chance(o, 2), 0, 0, 0);
}

const struct ops_kind ops_advice[] = {
	{"madvise-flags", advise_flags, 14}, {"madvise-pages", advise_pages, 10}, {"collapse", collapse, 2}, {"process_madvise", advise_other, 2},
	{"mbind", bind_node, 4},	     {"home-node", home_node, 2},	  {"name", name, 5},	     {"set-mm", set_fields, 1},
	{"memory-merge", merge, 1},	     {0},
};
