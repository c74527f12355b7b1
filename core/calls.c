#include "calls.h"

#include <asm/unistd_64.h>
#include <stdio.h>

#ifndef __NR_process_madvise
#define __NR_process_madvise 440
#endif
#ifndef __NR_memfd_secret
#define __NR_memfd_secret 447
#endif
#ifndef __NR_process_mrelease
#define __NR_process_mrelease 448
#endif
#ifndef __NR_set_mempolicy_home_node
#define __NR_set_mempolicy_home_node 450
#endif
#ifndef __NR_map_shadow_stack
#define __NR_map_shadow_stack 453
#endif
#ifndef __NR_mseal
#define __NR_mseal 462
#endif

/* X(name, number of arguments) */
#define CALLS(X)                                                                                                       \
	X(mmap, 6) X(mprotect, 3) X(munmap, 2) X(brk, 1) X(mremap, 5) X(msync, 3) X(madvise, 3) X(shmat, 3) X(shmdt, 1)    \
	X(clone, 5) X(fork, 0) X(vfork, 0) X(execve, 3) X(exit, 1) X(exit_group, 1) X(mlock, 2) X(munlock, 2) X(mlockall, 1) X(munlockall, 0) \
	X(prctl, 5) X(arch_prctl, 2) X(remap_file_pages, 5) X(mbind, 6) X(io_setup, 2) X(io_destroy, 1) X(ioctl, 3)        \
	X(pkey_mprotect, 4) X(mlock2, 3) X(execveat, 5) X(userfaultfd, 1) X(io_uring_setup, 2) X(io_uring_enter, 6)        \
	X(io_uring_register, 4) X(clone3, 2) X(process_madvise, 5) X(process_mrelease, 2) X(perf_event_open, 5)            \
	X(set_mempolicy_home_node, 4) X(memfd_secret, 1) X(map_shadow_stack, 3) X(mseal, 3) X(process_vm_readv, 6)         \
	X(process_vm_writev, 6) X(migrate_pages, 4) X(move_pages, 6) X(personality, 1)

static const struct {
	__s32 nr;
	unsigned args;
	const char *name;
} calls[] = {
#define X(name, args) { __NR_##name, args, #name },
	CALLS(X)
#undef X
};

static int find(__s32 nr)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].nr == nr)
			return (int)i;
	return -1;
}

const char *va_call_name(__s32 nr, char *buf, size_t n)
{
	int i = find(nr);

	if (i >= 0)
		return calls[i].name;
	snprintf(buf, n, "syscall_%d", nr);
	return buf;
}

unsigned va_call_args(__s32 nr)
{
	int i = find(nr);

	return i < 0 ? 6 : calls[i].args;
}

bool va_call_returns_address(__s32 nr)
{
	return nr == __NR_mmap || nr == __NR_mremap || nr == __NR_brk || nr == __NR_shmat || nr == __NR_map_shadow_stack;
}
