/* Notices in words: what, why it matters, what one could do. */
#include <inttypes.h>
#include <stdio.h>

#include "words.h"

const char *va_words_notice_title(enum va_notice_kind kind)
{
	static const char *const words[VA_NOTICE_KINDS] = {
		[VA_NOTICE_LEAK] = "Memory that only grows",	 [VA_NOTICE_STACK] = "A large stack",
		[VA_NOTICE_FRAGMENTS] = "Fragmented memory",	 [VA_NOTICE_CACHE] = "Resident, but mostly page cache",
		[VA_NOTICE_STORM] = "Fault storm",		 [VA_NOTICE_UNTOUCHED] = "Mapped, never touched",
		[VA_NOTICE_WX] = "Writable and executable",	 [VA_NOTICE_HUGE] = "A chance for huge pages",
	};
	return words[kind];
}

/* Sizes and counts of a notice, ready to be put into sentences. */
struct figures {
	char bytes[32], part[32], whole[32], rest[32], count[32], pages[32], time[32], share[32];
};

static void say_figures(struct figures *f, const struct va_notice *n, __u64 now)
{
	__u64 until = n->end ? n->end : now;

	va_words_size(f->bytes, sizeof(f->bytes), n->bytes);
	va_words_size(f->part, sizeof(f->part), n->part);
	va_words_size(f->whole, sizeof(f->whole), n->whole);
	va_words_size(f->rest, sizeof(f->rest), n->whole > n->bytes ? n->whole - n->bytes : 0);
	va_words_count(f->count, sizeof(f->count), n->count);
	va_words_count(f->pages, sizeof(f->pages), n->part);
	va_words_time(f->time, sizeof(f->time), until > n->begin ? until - n->begin : 0);
	snprintf(f->share, sizeof(f->share), "%.0f %%", n->whole ? 100.0 * (double)n->part / (double)n->whole : 0);
}

static const char *are(__u64 n)
{
	return n == 1 ? "is" : "are";
}

const char *va_words_notice(char *buf, size_t n, const struct va_notice *what, __u64 now)
{
	struct figures f;
	const char *s = what->count == 1 ? "" : "s";

	say_figures(&f, what, now);
	switch (what->kind) {
	case VA_NOTICE_LEAK:
		snprintf(buf, n, "Anonymous memory grew by %s in %s, from %s to %s, step by step, and what came was not given back.", f.bytes, f.time, f.part, f.whole);
		break;
	case VA_NOTICE_STACK:
		snprintf(buf, n, "The stack grew by %s, from %s to %s. %s page fault%s moved its lower end; no system call did.", f.bytes, f.part, f.whole, f.count, s);
		break;
	case VA_NOTICE_FRAGMENTS:
		snprintf(buf, n, "%s hole%s lie between pieces of anonymous memory, %s in all, none larger than %s. The map has %" PRIu64 " VMAs.", f.count, s, f.bytes, f.part,
			 (uint64_t)what->whole);
		break;
	case VA_NOTICE_CACHE:
		snprintf(buf, n, "Of %s resident, %s are pages of %s mapped data file%s: the page cache's, not this process's own. Private are %s.", f.whole, f.bytes, f.count, s,
			 f.part);
		break;
	case VA_NOTICE_STORM:
		snprintf(buf, n, "%s page faults in %s took %s of the time (adding up all threads), mostly on the same pages again and again. Memory grew by %s.", f.count, f.time, f.share, f.bytes);
		break;
	case VA_NOTICE_UNTOUCHED:
		snprintf(buf, n, "%s mapping%s of %s in all %s there, and not one page was ever touched.", f.count, s, f.bytes, are(what->count));
		break;
	case VA_NOTICE_WX:
		snprintf(buf, n, "%s mapping%s, %s in all, may be written and executed at the same time.", f.count, s, f.bytes);
		break;
	case VA_NOTICE_HUGE:
		snprintf(buf, n, "%s block%s of 2 MiB (%s) %s aligned and full of pages of 4 KiB, %s faults and entries. %s huge pages would do.%s", f.count, s, f.bytes, are(what->count),
			 f.pages, f.count, what->whole ? " The program has forbidden them here (MADV_NOHUGEPAGE)." : "");
		break;
	case VA_NOTICE_KINDS:
		*buf = '\0';
	}
	return buf;
}

const char *va_words_notice_why(enum va_notice_kind kind)
{
	static const char *const words[VA_NOTICE_KINDS] = {
		[VA_NOTICE_LEAK] = "If it goes on, memory runs out: first others are pushed into swap, then the kernel kills a process. It may also be a cache that has no limit, or work that is "
				   "not finished yet.",
		[VA_NOTICE_STACK] = "A stack grows by itself, downwards, when an access hits just below it. At its limit (ulimit -s, usually 8 MiB) the next access is a SIGSEGV. It never "
				    "shrinks by itself.",
		[VA_NOTICE_FRAGMENTS] = "What is free in small holes fits nothing larger, each piece is a VMA of its own that the kernel must keep and search, and there may be 65,530 of them "
					"(vm.max_map_count). Huge pages cannot be used.",
		[VA_NOTICE_CACHE] = "RSS counts these pages in full, in each process that maps them, but they are shared with the page cache: the kernel takes them back when it needs memory, "
				    "and ending the process frees none of them.",
		[VA_NOTICE_STORM] = "Each fault costs thousands of instructions in the kernel, and empties parts of the processor's caches. Here that buys nothing: what was given back is asked "
				    "for again at once.",
		[VA_NOTICE_UNTOUCHED] = "An untouched mapping takes no frames, only a VMA: a promise. But it counts in VSS and, where it is writable and private, in what the kernel promises in all "
					"(overcommit).",
		[VA_NOTICE_WX] = "Who can make the program write a wrong byte there can make it execute what they like. Hardened systems forbid it.",
		[VA_NOTICE_HUGE] = "Each page of 4 KiB needs an entry, a fault, and a place in the TLB; a huge page needs one of each for 512 of them, and its walk ends a level earlier.",
	};
	return words[kind];
}

const char *va_words_notice_advice(enum va_notice_kind kind)
{
	static const char *const words[VA_NOTICE_KINDS] = {
		[VA_NOTICE_LEAK] = "Look at which calls made it grow; count allocations against frees (heaptrack, valgrind, LeakSanitizer); give caches a limit.",
		[VA_NOTICE_STACK] = "Look for deep recursion and large local arrays; take large buffers from the heap, turn recursion into a loop.",
		[VA_NOTICE_FRAGMENTS] = "Free neighbours together, take small things from an allocator or a pool, or keep the memory and forget its contents (MADV_DONTNEED keeps one VMA).",
		[VA_NOTICE_CACHE] = "Ask for PSS or private memory (smaps_rollup) when sizing; nothing needs to be done. MADV_COLD or MADV_DONTNEED lets go of what is not needed any more.",
		[VA_NOTICE_STORM] = "Keep buffers instead of freeing them each time (for malloc: M_MMAP_THRESHOLD, M_TRIM_THRESHOLD); where memory is short, more of it; MAP_POPULATE where all is needed anyway.",
		[VA_NOTICE_UNTOUCHED] = "Map it when it is needed; if it is a reserve of addresses, PROT_NONE with MAP_NORESERVE says so and costs no promise.",
		[VA_NOTICE_WX] = "Write first, then mprotect() to read and execute (W^X); map code that is made at run time twice, once writable, once executable. Never -z execstack.",
		[VA_NOTICE_HUGE] = "madvise(MADV_HUGEPAGE) on memory that is aligned to 2 MiB; see /sys/kernel/mm/transparent_hugepage/enabled.",
	};
	return words[kind];
}

const char *va_words_notice_state(char *buf, size_t n, const struct va_notice *what, __u64 begin)
{
	char from[32], to[32];

	va_words_clock(from, sizeof(from), what->begin > begin ? what->begin - begin : 0);
	if (!what->end)
		snprintf(buf, n, "since %s, holds", from);
	else
		snprintf(buf, n, "%s to %s%s", from, va_words_clock(to, sizeof(to), what->end > begin ? what->end - begin : 0), what->gone ? ", the end of this map" : ", over");
	return buf;
}
