/* See vmflags.h. In the order of the bits, as smaps prints them. */
#include "vmflags.h"

#include <stdio.h>
#include <string.h>

const struct va_vm_flag va_vm_flags[] = {
	{0x1, "rd", "may be read"}, {0x2, "wr", "may be written"}, {0x4, "ex", "may be executed"}, {0x8, "sh", "shared"},
	{0x10, "mr", "mprotect may allow reading"}, {0x20, "mw", "mprotect may allow writing"}, {0x40, "me", "mprotect may allow execution"},
	{0x80, "ms", "may be shared"}, {0x100, "gd", "grows downwards, as a stack"}, {0x200, "um", "userfaultfd answers for missing pages"},
	{0x400, "pf", "bare frames, not managed as pages (PFNMAP)"}, {0x1000, "uw", "userfaultfd answers for writes"}, {0x2000, "lo", "locked in memory"},
	{0x4000, "io", "memory of a device"}, {0x8000, "sr", "will be read in sequence"}, {0x10000, "rr", "will be read at random"},
	{0x20000, "dc", "not copied by fork"}, {0x40000, "de", "mremap may not make it larger"}, {0x80000, "lf", "locked as pages come"},
	{0x100000, "ac", "counts as promised memory"}, {0x200000, "nr", "no swap reserved for it"}, {0x400000, "ht", "huge pages kept in reserve (hugetlb)"},
	{0x800000, "sf", "synchronous page faults"}, {0x1000000, "ar", "of this architecture's own"}, {0x2000000, "wf", "empty in a child"},
	{0x4000000, "dd", "not in core dumps"}, {0x8000000, "sd", "writes are tracked (soft-dirty)"}, {0x10000000, "mm", "bare frames and pages mixed"},
	{0x20000000, "hg", "huge pages wanted"}, {0x40000000, "nh", "no huge pages wanted"}, {0x80000000, "mg", "equal pages may be merged (KSM)"},
};
const size_t va_vm_flag_count = sizeof(va_vm_flags) / sizeof(va_vm_flags[0]);

const char *va_vm_flags_letters(__u64 vm_flags, char *buf, size_t n)
{
	size_t at = 0;

	*buf = '\0';
	for (size_t i = 0; i < va_vm_flag_count && at + 4 < n; i++)
		if (vm_flags & va_vm_flags[i].bit)
			at += (size_t)snprintf(buf + at, n - at, "%s%s", at ? " " : "", va_vm_flags[i].letters);
	return buf;
}
