/* See expect.h. */
#include "expect.h"

#include <signal.h>

#include "maps.h"
#include "runs.h"
#include "vmflags.h"

#define ACCESSIBLE (VA_VM_READ | VA_VM_WRITE | VA_VM_EXEC)
#define GUARD_GAP (256ull << 12)    /* stack_guard_gap: what lies below a stack stays so far away */
#define USUAL_STACK (8ull << 20)    /* RLIMIT_STACK as distributions set it */
#define LOWEST (64ull << 10)        /* vm.mmap_min_addr */
#define HUGE_SIZE (2ull << 20)
#define ENTRY_PRESENT 1ull
#define ENTRY_UFFD_WP (1ull << 10)  /* software bit 2 */
#define SIGNAL_OF_KERNEL 0x80       /* SI_KERNEL: no address is told */

struct asked {
	const struct va_mm *mm;
	const struct va_vma *vma;
	__u64 addr;
	enum va_access access;
	struct va_page page;
	enum va_page_state state;
};

static struct va_expect refuse(enum va_bad_reason reason, int signal, int code)
{
	return (struct va_expect){.outcome = VA_WILL_SIGNAL, .present = VA_WILL_SIGNAL, .signal = signal, .si_code = code, .reason = reason};
}

static struct va_expect will(enum va_outcome outcome)
{
	return (struct va_expect){.outcome = outcome, .present = outcome};
}

/* No VMA holds it; the next one above may be a stack that reaches down. */
static struct va_expect in_gap(const struct va_mm *mm, __u64 addr, enum va_access access, __u64 stack_limit)
{
	struct va_expect no = refuse(VA_BAD_UNMAPPED, SIGSEGV, SEGV_MAPERR), grow = will(VA_WILL_GROW);
	size_t i = va_mm_vma_lower(mm, addr);
	const struct va_vma *above = i < va_mm_vma_count(mm) ? va_mm_vma(mm, i) : NULL, *below = i ? va_mm_vma(mm, i - 1) : NULL;

	if (!above || !(above->vm_flags & VA_VM_GROWSDOWN) || addr < LOWEST)
		return no;
	if (below && !(below->vm_flags & VA_VM_GROWSDOWN) && below->vm_flags & ACCESSIBLE && (addr & ~4095ull) - below->end < GUARD_GAP)
		return no;
	if (access == VA_ACCESS_EXECUTE && !(above->vm_flags & VA_VM_EXEC)) /* first it grows, then the VMA is asked */
		grow = refuse(VA_BAD_PROTECTION, SIGSEGV, SEGV_ACCERR);
	grow.unsure = no.unsure = stack_limit ? 0 : VA_UNSURE_LIMIT;
	return above->end - addr > (stack_limit ? stack_limit : USUAL_STACK) ? no : grow;
}

static bool is_special(const struct va_vma *vma)
{
	return vma->name_kind == VMATLAS_NAME_SPECIAL || vma->vm_flags & (VA_VM_PFNMAP | VA_VM_MIXEDMAP | VA_VM_IO);
}

static bool beyond_file(const struct asked *a)
{
	__u64 at = ((a->addr - a->vma->start) >> 12) + a->vma->pgoff;

	return va_vma_has_file(a->vma) && !a->vma->anon && a->vma->inode && at >= (a->vma->file_size + 4095) >> 12;
}

static bool huge_fits(const struct asked *a)
{
	__u64 start = a->addr & ~(HUGE_SIZE - 1);

	return start >= a->vma->start && start + HUGE_SIZE <= a->vma->end && !(a->vma->vm_flags & VA_VM_NOHUGEPAGE) &&
	       !va_mm_resident(a->mm, start, start + HUGE_SIZE);
}

/* Nothing is there. */
static struct va_expect absent(const struct asked *a)
{
	bool write = a->access == VA_ACCESS_WRITE;
	struct va_expect e;

	if (a->vma->vm_flags & VA_VM_HUGETLB)
		return will(VA_WILL_HUGE);
	if (is_special(a->vma))
		return will(VA_WILL_DRIVER);
	if (beyond_file(a)) {
		e = refuse(VA_BAD_BEYOND_EOF, SIGBUS, BUS_ADRERR);
		e.unsure = VA_UNSURE_SIZE;
		return e;
	}
	if (a->vma->vm_flags & VA_VM_UFFD_MISSING)
		return will(VA_WILL_USERFAULT);
	if (!a->vma->anon)
		return will(write && !(a->vma->vm_flags & VA_VM_SHARED) ? VA_WILL_FILE_COPY : VA_WILL_FILE);
	e = will(write ? VA_WILL_DEMAND_ZERO : VA_WILL_ZERO_PAGE);
	e.maybe_huge = huge_fits(a);
	return e;
}

/* A page is there, and the VMA allows the access. */
static struct va_expect present(const struct asked *a)
{
	__u64 entry = a->page.entry;
	struct va_expect e;

	if (entry && !(entry & ENTRY_PRESENT))
		return will(VA_WILL_NUMA);
	if (a->access != VA_ACCESS_WRITE || (entry && va_entry_writable(entry)))
		e = will(VA_WILL_NOTHING);
	else if (a->vma->vm_flags & VA_VM_UFFD_WP && entry & ENTRY_UFFD_WP)
		e = will(VA_WILL_USERFAULT);
	else if (is_special(a->vma))
		e = will(VA_WILL_DRIVER);
	else
		e = will(a->vma->vm_flags & VA_VM_SHARED ? VA_WILL_NOTIFY : VA_WILL_COW);
	if (a->access == VA_ACCESS_WRITE && a->page.certainty != VA_PAGE_SEEN)
		e.unsure |= VA_UNSURE_ENTRY;
	return e;
}

static struct va_expect allowed(const struct asked *a)
{
	struct va_expect e;

	switch (a->state) {
	case VA_STATE_SEEN:
	case VA_STATE_DERIVED:
		return present(a);
	case VA_STATE_ABSENT:
		return absent(a);
	case VA_STATE_SWAPPED:
		return will(VA_WILL_SWAP_IN);
	case VA_STATE_OTHER:
		return will(a->vma->vm_flags & (VA_VM_UFFD_MISSING | VA_VM_UFFD_WP) ? VA_WILL_USERFAULT : VA_WILL_WAIT);
	default:
		e = absent(a);
		e.present = present(a).outcome;
		e.unsure |= VA_UNSURE_PAGE;
		return e;
	}
}

static bool is_there(enum va_page_state state)
{
	return state == VA_STATE_SEEN || state == VA_STATE_DERIVED;
}

static struct va_expect in_vma(const struct asked *a)
{
	struct va_expect e = refuse(VA_BAD_PROTECTION, SIGSEGV, SEGV_ACCERR);
	__u64 flags = a->vma->vm_flags;

	if (!(flags & ACCESSIBLE) || (a->access == VA_ACCESS_WRITE && !(flags & VA_VM_WRITE)))
		return e;
	if (a->access == VA_ACCESS_EXECUTE && !(flags & VA_VM_EXEC)) {
		struct va_expect first = is_there(a->state) ? e : allowed(a);

		e.fault_first = !is_there(a->state);
		return first.outcome == VA_WILL_SIGNAL && !(first.unsure & VA_UNSURE_PAGE) ? first : e;
	}
	e = allowed(a);
	if (flags & VA_VM_PKEY && a->access != VA_ACCESS_EXECUTE)
		e.unsure |= VA_UNSURE_KEY;
	return e;
}

struct va_expect va_expect_knowing(const struct va_mm *mm, unsigned levels, __u64 addr, enum va_access access, const struct va_expect_known *known)
{
	struct asked a = {.mm = mm, .addr = addr, .access = access};
	__u64 top = 1ull << (va_top_shift(levels) - 1);
	struct va_expect e;

	if (addr >= top && addr < 0 - top)
		return refuse(VA_BAD_NON_CANONICAL, SIGSEGV, SIGNAL_OF_KERNEL);
	if (addr >= top)
		return mm && va_mm_has_vsyscall(mm) && addr >> 12 == 0xffffffffff600ull && access == VA_ACCESS_EXECUTE
			       ? will(VA_WILL_DRIVER) : refuse(VA_BAD_KERNEL, SIGSEGV, SEGV_MAPERR);
	if (!mm) {
		e = refuse(VA_BAD_UNMAPPED, SIGSEGV, SEGV_MAPERR);
		e.unsure = VA_UNSURE_MAP;
		return e;
	}
	a.vma = va_mm_vma_at(mm, addr);
	a.page = known->page;
	a.state = known->state;
	e = a.vma ? in_vma(&a) : in_gap(mm, addr, access, known->stack_limit);
	if (a.vma ? a.vma->stale : va_mm_stale(mm))
		e.unsure |= VA_UNSURE_MAP;
	return e;
}

struct va_expect va_expect(const struct va_mm *mm, unsigned levels, __u64 addr, enum va_access access)
{
	struct va_expect_known known = {0};

	if (mm)
		known.page = va_mm_page(mm, addr & ~4095ull);
	known.state = va_page_state(&known.page);
	return va_expect_knowing(mm, levels, addr, access, &known);
}
