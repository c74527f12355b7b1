/* What each call that may change a map is for. */
#include <stddef.h>
#include <sys/syscall.h>

#include "words_explain.h"

#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif
#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif
#ifndef SYS_set_mempolicy_home_node
#define SYS_set_mempolicy_home_node 450
#endif
#ifndef SYS_map_shadow_stack
#define SYS_map_shadow_stack 453
#endif
#ifndef SYS_mseal
#define SYS_mseal 462
#endif

const char *va_words_call_meaning(__s32 nr)
{
	static const struct {
		__s32 nr;
		const char *text;
	} meanings[] = {
		{SYS_mmap, "mmap asks for a new mapping. The kernel notes a VMA; no frame is used until a page of it is touched."},
		{SYS_munmap, "munmap takes mappings away: VMAs are removed or cut, their entries cleared, frames that nobody else uses are free again."},
		{SYS_brk, "brk moves the end of the heap. Upwards only the VMA grows, frames come with the first touch; downwards they are given back."},
		{SYS_mprotect, "mprotect changes what is allowed. A VMA has one set of rights, so it may split, or merge with its neighbours."},
		{SYS_pkey_mprotect, "pkey_mprotect changes what is allowed, and gives the pages a protection key: the thread itself can close and open them."},
		{SYS_mremap, "mremap changes a mapping's size, or moves it. Moved pages keep their frames: only the entries go to another place."},
		{SYS_madvise, "madvise tells the kernel how memory will be used. Some advice acts at once: MADV_DONTNEED takes the pages away, the mapping stays."},
		{SYS_process_madvise, "process_madvise gives advice about another process's memory."},
		{SYS_msync, "msync writes changed pages of a shared file mapping back to the file."},
		{SYS_mlock, "mlock makes pages stay in RAM: those that are missing are brought in at once."},
		{SYS_mlock2, "mlock2 makes pages stay in RAM, at once or as they come."},
		{SYS_munlock, "munlock lets the kernel swap these pages out again."},
		{SYS_mlockall, "mlockall makes all pages of the process stay in RAM."},
		{SYS_munlockall, "munlockall lets the kernel swap the process's pages out again."},
		{SYS_remap_file_pages, "remap_file_pages rearranges pages of a file mapping; today's kernels do it with a mapping for each piece."},
		{SYS_mbind, "mbind says on which memory nodes the frames of this range shall lie."},
		{SYS_set_mempolicy_home_node, "set_mempolicy_home_node says on which node the frames of this range shall lie first of all."},
		{SYS_migrate_pages, "migrate_pages moves the process's pages to other memory nodes: other frames, the same addresses."},
		{SYS_move_pages, "move_pages moves single pages to other memory nodes: other frames, the same addresses."},
		{SYS_mseal, "mseal closes mappings for good: they can be neither changed nor removed any more."},
		{SYS_shmat, "shmat maps a System V shared memory segment: memory that several processes see."},
		{SYS_shmdt, "shmdt takes such a segment out of the map; the segment itself stays."},
		{SYS_memfd_secret, "memfd_secret makes memory that even the kernel takes out of its own map."},
		{SYS_map_shadow_stack, "map_shadow_stack maps a stack that only the processor writes: it checks return addresses."},
		{SYS_clone, "clone makes a new thread, which shares this map, or a process with a copy of it."},
		{SYS_clone3, "clone3 makes a new thread, which shares this map, or a process with a copy of it."},
		{SYS_fork, "fork makes a process with a copy of this map. No page is copied: both may only read until one writes (copy-on-write)."},
		{SYS_vfork, "vfork makes a process that borrows this very map until it calls execve or ends."},
		{SYS_execve, "execve replaces the whole map by that of another program."},
		{SYS_execveat, "execveat replaces the whole map by that of another program."},
		{SYS_exit, "exit ends the thread."},
		{SYS_exit_group, "exit_group ends all threads: the map is taken down and its frames are free again."},
		{SYS_prctl, "prctl changes something about the process; of memory: names of mappings, the bounds the kernel shows, huge pages."},
		{SYS_arch_prctl, "arch_prctl changes something about the processor's state for this thread, or maps the vdso."},
		{SYS_personality, "personality changes how the kernel treats the program: for example whether addresses are randomised."},
		{SYS_ioctl, "ioctl speaks to a driver or a file. Some (userfaultfd's) change pages."},
		{SYS_io_setup, "io_setup makes a queue for asynchronous input and output: its ring is mapped."},
		{SYS_io_destroy, "io_destroy removes such a queue, and its mapping."},
		{SYS_io_uring_setup, "io_uring_setup makes a ring that program and kernel share."},
		{SYS_io_uring_enter, "io_uring_enter hands requests to the kernel through the ring."},
		{SYS_io_uring_register, "io_uring_register makes buffers known: their pages are pinned, they cannot move."},
		{SYS_userfaultfd, "userfaultfd makes a channel through which the program itself answers page faults."},
		{SYS_process_mrelease, "process_mrelease takes the memory of a process that is being killed away at once."},
		{SYS_process_vm_readv, "process_vm_readv reads another process's memory: the kernel looks its pages up there."},
		{SYS_process_vm_writev, "process_vm_writev writes another process's memory: the kernel looks its pages up there."},
		{SYS_perf_event_open, "perf_event_open makes a counter; its buffer can be mapped."},
	};

	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].nr == nr)
			return meanings[i].text;
	return NULL;
}
