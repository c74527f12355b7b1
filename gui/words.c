#include "words.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "maps.h"

/* Intel SDM vol. 3, 4.7: page-fault error code */
#define ERROR_PRESENT 1u
#define ERROR_WRITE 2u
#define ERROR_USER 4u
#define ERROR_RESERVED 8u
#define ERROR_FETCH 16u
#define ERROR_PKEY 32u

#define VM_FAULT_MAJOR_BIT 4u

/* include/linux/mm.h */
#define VM_SHARED 8ull
#define VM_UFFD_MISSING 0x200ull
#define VM_UFFD_WP 0x1000ull

const char *va_words_size(char *buf, size_t n, __u64 bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double v = (double)bytes;
	int u = 0;

	while (v >= 1024 && u < 6) {
		v /= 1024;
		u++;
	}
	if (u == 6 || v >= 100 || v == (double)(long)v)
		snprintf(buf, n, "%.0f %s", v, units[u]);
	else
		snprintf(buf, n, v >= 10 ? "%.1f %s" : "%.2f %s", v, units[u]);
	return buf;
}

const char *va_words_count(char *buf, size_t n, __u64 count)
{
	char digits[32];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, (uint64_t)count);
	size_t at = 0;

	for (int i = 0; i < len && at + 2 < n; i++) {
		if (i && (len - i) % 3 == 0)
			buf[at++] = ',';
		buf[at++] = digits[i];
	}
	buf[at] = '\0';
	return buf;
}

const char *va_words_time(char *buf, size_t n, __u64 ns)
{
	if (ns < 1000)
		snprintf(buf, n, "%" PRIu64 " ns", (uint64_t)ns);
	else if (ns < 1000000)
		snprintf(buf, n, "%.1f µs", (double)ns / 1e3);
	else if (ns < 1000000000)
		snprintf(buf, n, "%.1f ms", (double)ns / 1e6);
	else
		snprintf(buf, n, "%.2f s", (double)ns / 1e9);
	return buf;
}

const char *va_words_clock(char *buf, size_t n, __u64 ns)
{
	snprintf(buf, n, "%.3f s", (double)ns / 1e9);
	return buf;
}

const char *va_words_address(char *buf, size_t n, __u64 addr)
{
	if (addr >> 48)
		snprintf(buf, n, "%04x %04x %04x %04x", (unsigned)(addr >> 48), (unsigned)(addr >> 32 & 0xffff),
			 (unsigned)(addr >> 16 & 0xffff), (unsigned)(addr & 0xffff));
	else
		snprintf(buf, n, "%04x %04x %04x", (unsigned)(addr >> 32), (unsigned)(addr >> 16 & 0xffff), (unsigned)(addr & 0xffff));
	return buf;
}

const char *va_words_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

const char *va_words_kind(enum va_fault_kind kind)
{
	static const char *const words[VA_FAULT_KINDS] = {
		[VA_FAULT_DEMAND_ZERO] = "demand-zero",	 [VA_FAULT_FILE] = "file page",	    [VA_FAULT_COW] = "copy-on-write",
		[VA_FAULT_REUSE] = "made writable",	 [VA_FAULT_SWAP_IN] = "swap-in",    [VA_FAULT_HUGE] = "huge page",
		[VA_FAULT_NUMA_HINT] = "NUMA hint",	 [VA_FAULT_UNSHARE] = "copy to be pinned",	 [VA_FAULT_SPURIOUS] = "already resolved", [VA_FAULT_BAD] = "bad access",    [VA_FAULT_OTHER] = "other",
	};
	return words[kind];
}

static const char *access_word(const struct vmatlas_record *rec)
{
	if (rec->head.flags & VMATLAS_F_INSTR)
		return "instruction fetch";
	return rec->head.flags & VMATLAS_F_WRITE ? "write" : "read";
}

const char *va_words_error(char *buf, size_t n, const struct vmatlas_record *rec)
{
	unsigned e = rec->fault.error;

	if (rec->head.flags & VMATLAS_F_GUP) {
		snprintf(buf, n, "no exception: the kernel asked for the page itself (%s)", access_word(rec));
		return buf;
	}
	snprintf(buf, n, "error code 0x%x: %s, %s mode, %s%s%s", e, access_word(rec), e & ERROR_USER ? "user" : "kernel",
		 e & ERROR_PRESENT ? "the entry is there but forbids it" : "no present entry",
		 e & ERROR_RESERVED ? ", reserved bit set" : "", e & ERROR_PKEY ? ", protection key" : "");
	return buf;
}

enum va_bad_reason va_words_bad_reason(const struct vmatlas_record *rec, const struct va_mm *mm)
{
	const struct va_vma *vma = mm ? va_mm_vma_at(mm, rec->fault.addr) : NULL;
	__u64 file_end = 0;

	if (vma && vma->inode && !vma->anon) {
		__u64 offset = vma->pgoff << 12, past = vma->file_size > offset ? vma->file_size - offset : 0;

		file_end = vma->start + ((past + 0xfff) & ~0xfffull);
	}
	return va_bad_reason(rec, vma ? vma->vm_flags : 0, vma, file_end);
}

static void say_tables(char *buf, size_t n, const struct vmatlas_record *rec, unsigned levels)
{
	struct va_walk walk;
	char names[64] = "";
	int count = 0;

	va_walk_after(&rec->fault, levels, &walk);
	for (unsigned i = 0; i < walk.steps; i++)
		if (walk.step[i].allocated) {
			size_t at = strlen(names);

			snprintf(names + at, sizeof(names) - at, "%s%s", count++ ? ", " : "", va_level_name(walk.step[i].level));
		}
	*buf = '\0';
	if (count)
		snprintf(buf, n, " New table%s for it: %s.", count > 1 ? "s" : "", names);
}

static void bad_sentence(char *buf, size_t n, const struct vmatlas_record *rec, const struct va_mm *mm)
{
	const struct vmatlas_fault *f = &rec->fault;
	const char *signal = f->signal == SIGBUS ? "SIGBUS" : f->signal == SIGSEGV ? "SIGSEGV" : NULL;
	const char *code = f->signal != SIGSEGV ? "" : f->si_code == SEGV_MAPERR ? " (SEGV_MAPERR)" : f->si_code == SEGV_ACCERR ? " (SEGV_ACCERR)" : "";

	if (signal)
		snprintf(buf, n, "Bad %s: %s. The kernel sends %s%s.", access_word(rec), va_bad_reason_words(va_words_bad_reason(rec, mm)), signal, code);
	else
		snprintf(buf, n, "Bad %s: %s. The system call gets an error, no signal is sent.", access_word(rec),
			 va_bad_reason_words(va_words_bad_reason(rec, mm)));
}

static void file_sentence(char *buf, size_t n, const struct vmatlas_record *rec, const char *name)
{
	int around = __builtin_popcount(rec->fault.around);
	char more[64] = "";

	if (around > 1)
		snprintf(more, sizeof(more), " and %d neighbours with it (fault-around)", around - 1);
	snprintf(buf, n, "A page of %s: %s, and the kernel entered it%s.", name && *name ? va_words_basename(name) : "a file",
		 rec->fault.result & VM_FAULT_MAJOR_BIT ? "it had to be read from disk" : "nothing had to be read for it", more);
}

/* A fault that waited for the program's own answer. (The flag of minor ones is another bit in each kernel.) */
static bool by_userfaultfd(const struct vmatlas_record *rec, const struct va_vma *vma, enum va_fault_kind kind)
{
	if (!vma || !(rec->head.flags & VMATLAS_F_RETRIED) || kind == VA_FAULT_BAD)
		return false;
	return vma->vm_flags & (rec->fault.before & 1 ? VM_UFFD_WP : VM_UFFD_MISSING);
}

static bool frame_moved(const struct vmatlas_record *rec, unsigned levels)
{
	struct va_step before;
	struct va_walk after;

	va_walk_after(&rec->fault, levels, &after);
	return va_walk_before(&rec->fault, levels, &before) && after.complete &&
	       va_entry_pfn_at(before.level, before.entry, rec->fault.addr) != after.pfn;
}

static void reuse_sentence(char *buf, size_t n, const struct va_vma *vma)
{
	if (vma && vma->inode && vma->vm_flags & VM_SHARED)
		snprintf(buf, n, "First write since the page was clean: the file system is told, and the kernel makes the entry writable.");
	else
		snprintf(buf, n, "A write to a read-only entry whose frame needs no copy: the kernel only makes the entry writable.");
}

const char *va_words_fault(char *buf, size_t n, const struct vmatlas_record *rec, unsigned levels, const struct va_mm *mm, const char *name)
{
	enum va_fault_kind kind = va_fault_kind(rec, levels);
	const struct va_vma *vma = mm ? va_mm_vma_at(mm, rec->fault.addr) : NULL;
	char tables[96];

	if (by_userfaultfd(rec, vma, kind)) {
		snprintf(buf, n, "The program itself answers (userfaultfd): the thread waited until another %s.",
			 rec->fault.before & 1 ? "let it write" : "gave the page");
		return buf;
	}
	switch (kind) {
	case VA_FAULT_DEMAND_ZERO:
		snprintf(buf, n, "%s",
			 rec->head.flags & VMATLAS_F_ZERO_PAGE
				 ? "First read of anonymous memory: the kernel enters its one shared page of zeros, read-only."
				 : "First touch of anonymous memory: the kernel takes a free frame, fills it with zeros and enters it.");
		break;
	case VA_FAULT_FILE:
		file_sentence(buf, n, rec, name);
		break;
	case VA_FAULT_COW:
		snprintf(buf, n, "A write to a page that others see too: the kernel copies the frame and enters the copy, writable.");
		break;
	case VA_FAULT_REUSE:
		reuse_sentence(buf, n, vma);
		break;
	case VA_FAULT_SWAP_IN:
		snprintf(buf, n, "The page was swapped out: the kernel %s and enters it.",
			 rec->fault.result & VM_FAULT_MAJOR_BIT ? "reads it back into a frame" : "finds it still in memory (swap cache)");
		break;
	case VA_FAULT_UNSHARE:
		snprintf(buf, n, "The kernel holds on to the page to read from it, and others see it too: it enters a copy that stays when they write.");
		break;
	case VA_FAULT_NUMA_HINT:
		snprintf(buf, n, "The kernel had closed the entry to see which node uses the page: it opens it again%s.",
			 frame_moved(rec, levels) ? ", with a frame of another node" : "");
		break;
	case VA_FAULT_HUGE:
		snprintf(buf, n, "One fault maps a whole huge page%s: the walk ends early, no PTE table is needed.",
			 rec->head.flags & VMATLAS_F_HUGETLB ? " of those kept in reserve (hugetlb)" : "");
		break;
	case VA_FAULT_SPURIOUS:
		snprintf(buf, n, "The entry was right already (another CPU was faster, or an old TLB entry): nothing to do.");
		break;
	case VA_FAULT_BAD:
		bad_sentence(buf, n, rec, mm);
		return buf;
	default:
		snprintf(buf, n, "The kernel resolved it in a way that fits none of the usual kinds.");
	}
	say_tables(tables, sizeof(tables), rec, levels);
	snprintf(buf + strlen(buf), n - strlen(buf), "%s", tables);
	return buf;
}
