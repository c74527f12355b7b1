/*
 * The bits of vm_flags as smaps shows them: two letters, and what they say. Source: fs/proc/task_mmu.c show_smap_vma_flags(), include/linux/mm.h.
 * Bits that smaps leaves out (VM_MAYREAD's like are shown, protection keys are not) have no entry.
 */
#ifndef VA_VMFLAGS_H
#define VA_VMFLAGS_H

#include <stddef.h>

#include <linux/types.h>

#define VA_VM_READ 1ull
#define VA_VM_WRITE 2ull
#define VA_VM_EXEC 4ull
#define VA_VM_SHARED 8ull
#define VA_VM_MAYSHARE 0x80ull
#define VA_VM_GROWSDOWN 0x100ull
#define VA_VM_UFFD_MISSING 0x200ull
#define VA_VM_PFNMAP 0x400ull
#define VA_VM_UFFD_WP 0x1000ull
#define VA_VM_LOCKED 0x2000ull
#define VA_VM_IO 0x4000ull
#define VA_VM_HUGETLB 0x400000ull
#define VA_VM_MIXEDMAP 0x10000000ull
#define VA_VM_NOHUGEPAGE 0x40000000ull
#define VA_VM_PKEY (0xfull << 32)

struct va_vm_flag {
	__u64 bit;
	const char *letters; /* "rd" */
	const char *words;
};
extern const struct va_vm_flag va_vm_flags[];
extern const size_t va_vm_flag_count;

/* "rd wr mr mw me ac": the line of smaps, without the space at its end. Bits above 36 differ between kernels and are left out. */
const char *va_vm_flags_letters(__u64 vm_flags, char *buf, size_t n);

#endif
