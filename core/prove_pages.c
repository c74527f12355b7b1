/* Pages by /proc/PID/pagemap, resident sizes by /proc/PID/smaps. */
#include "prove_parts.h"
#include "walk.h"

#define VM_PFNMAP 0x400ull
#define VM_HUGETLB 0x400000ull
#define DIFFERING_MOST (1u << 20) /* pages of a VMA whose sizes differ, one by one */
#define SURE_MOST 1024 /* pages: of VMAs up to this it is looked up whether all are certain */

static const char *how_sure(const struct va_page *page)
{
	static const char *const words[] = { "not known", "read", "derived", "known to be absent" };

	return words[page->certainty & 3];
}

static char *kernel_says(__u64 entry)
{
	if (entry & VMATLAS_PAGEMAP_PRESENT)
		return va_prove_text("present, frame 0x%llx\n", entry & VMATLAS_PAGEMAP_PFN);
	return va_prove_text(entry & VMATLAS_PAGEMAP_SWAP ? "swapped out, or being moved\n" : "no page\n");
}

static char *picture_says(const struct va_page *page, __u64 addr)
{
	const char *how = how_sure(page);

	if (page->present && page->entry)
		return va_prove_text("present, frame 0x%llx (%s at %llu ns, level %u)\n", va_entry_pfn_at(page->level, page->entry, addr), how, page->ts, page->level);
	if (page->present)
		return va_prove_text("present (%s at %llu ns)\n", how, page->ts);
	return va_prove_text(page->entry ? "swapped out (%s at %llu ns)\n" : "no page (%s at %llu ns)\n", how, page->ts);
}

static bool page_equal(const struct va_page *page, __u64 kernel, __u64 addr)
{
	bool present = kernel & VMATLAS_PAGEMAP_PRESENT, swap = kernel & VMATLAS_PAGEMAP_SWAP;

	if (page->present != present)
		return false;
	if (!present)
		return swap == (page->entry != 0);
	/* A derived page may have got another frame, and without privilege pagemap tells none. */
	if (page->certainty != VA_PAGE_SEEN || !page->entry || !(kernel & VMATLAS_PAGEMAP_PFN))
		return true;
	return va_entry_pfn_at(page->level, page->entry, addr) == (kernel & VMATLAS_PAGEMAP_PFN);
}

static void compare_page(struct va_part *part, __u64 addr, __u64 kernel)
{
	struct va_prove_counts *counts = &part->p->counts;
	struct va_page page = va_mm_page(part->mm, addr);

	if (part->faults_lost || va_mm_blind(part->mm) || page.certainty == VA_PAGE_UNKNOWN) {
		counts->uncertain++;
		counts->uncertain_fresh += part->proof->moment.flags & VMATLAS_PROOF_REFRESHED ? 1 : 0;
	} else if (page_equal(&page, kernel, addr)) {
		counts->pages++;
	} else if (kernel & VMATLAS_PAGEMAP_MOVED || page.ts >= part->proof->moment.begin) {
		counts->moved++;
	} else {
		counts->pages++;
		part->about.addr = addr;
		part->about.end = addr + 4096;
		va_prove_differ(part->p, VA_DIFF_PAGE, &part->about, kernel_says(kernel), picture_says(&page, addr));
	}
}

static void compare_window(struct va_part *part, const struct va_proof_window *w)
{
	const __u64 *entries = part->process->entries + w->first;
	const struct va_vma *v = NULL;

	for (size_t i = 0; i < w->count; i++) {
		__u64 addr = w->addr + ((__u64)i << 12);

		if (!v || addr >= v->end)
			v = va_mm_vma_at(part->mm, addr);
		/* A VMA the picture does not have is a difference of lines already. */
		if (v && v->start <= addr && v->vm_flags & VM_PFNMAP)
			part->p->counts.untold++;
		else if (v && v->start <= addr)
			compare_page(part, addr, entries[i]);
	}
}

struct resident {
	__u64 start, end, pages;
	bool sure;
};

/* As smaps counts: vm_normal_page(), so no zero page and no device memory; these have the special bit. */
static bool add_resident(void *ctx, __u64 addr, const struct va_page *page)
{
	struct resident *r = ctx;
	__u64 size = va_level_size(page->level), lo = addr > r->start ? addr : r->start, hi = addr + size < r->end ? addr + size : r->end;

	/* Perhaps the huge zero page, which is not counted and has no such bit. */
	if (page->level < 4 && !va_entry_writable(page->entry))
		r->sure = false;
	r->sure &= page->certainty != VA_PAGE_UNKNOWN;
	if (!va_entry_special(page->entry))
		r->pages += (hi - lo) >> 12;
	return true;
}

static bool all_certain(const struct va_mm *mm, const struct va_vma *v)
{
	if ((v->end - v->start) >> 12 > SURE_MOST)
		return false;
	for (__u64 at = v->start; at < v->end; at += 4096)
		if (va_mm_page(mm, at).certainty == VA_PAGE_UNKNOWN)
			return false;
	return true;
}

struct touch {
	__u64 since;
	bool found;
};

static bool find_touch(void *ctx, __u64 addr, const struct va_page *page)
{
	struct touch *t = ctx;

	t->found = page->ts >= t->since;
	return !t->found;
}

/* Kernel threads (kswapd, khugepaged, compaction) go on while tasks stand still: smaps may have been read before or after them. */
static bool touched_since(const struct va_mm *mm, const struct va_vma *v, __u64 since)
{
	struct touch t = { since, false };

	va_mm_each_page(mm, v->start, v->end, find_touch, &t);
	if ((v->end - v->start) >> 12 > DIFFERING_MOST)
		return t.found;
	for (__u64 at = v->start; !t.found && at < v->end; at += 4096)
		t.found = va_mm_page(mm, at).ts >= since;
	return t.found;
}

/*
 * Pages whose entry names a frame without being present: it is being moved, or broken (hwpoison). smaps counts the first as resident, of the second some kernels do (since 6.10, and
 * where that was taken over).
 */
static __u64 frames_named(const struct va_part *part, const struct va_vma *v)
{
	__u64 n = 0;

	if ((v->end - v->start) >> 12 > DIFFERING_MOST)
		return 0;
	for (__u64 at = v->start; at < v->end; at += 4096) {
		struct va_page page = va_mm_page(part->mm, at);
		enum va_entry_use use = page.present ? VA_ENTRY_PAGE : va_entry_use(4, page.entry, &part->entries);

		n += use == VA_ENTRY_MIGRATION || use == VA_ENTRY_POISON || use == VA_ENTRY_OTHER;
	}
	return n;
}

static bool resident_equal(const struct va_part *part, const struct va_vma *v, __u64 pages, __u64 told)
{
	return pages == told || (pages < told && told - pages <= frames_named(part, v));
}

static void compare_rss(struct va_part *part, const struct vmatlas_proof_vma *told)
{
	const struct va_vma *v = va_mm_vma_at(part->mm, told->start);
	struct resident r = { told->start, told->end, 0, true };

	if (!v || v->start != told->start || v->end != told->end || v->vm_flags & VM_HUGETLB)
		return;
	if (!(part->proof->moment.flags & VMATLAS_PROOF_REFRESHED) && !all_certain(part->mm, v))
		return;
	va_mm_each_page(part->mm, v->start, v->end, add_resident, &r);
	if (!r.sure)
		return;
	part->p->counts.rss++;
	if (resident_equal(part, v, r.pages, told->rss >> 12))
		return;
	if (touched_since(part->mm, v, part->proof->moment.begin)) {
		part->p->counts.rss--;
		part->p->counts.moved++;
		return;
	}
	part->about.addr = v->start;
	part->about.end = v->end;
	va_prove_differ(part->p, VA_DIFF_RSS, &part->about, va_prove_text("%llu kB resident, %llu kB swapped out\n", told->rss >> 10, told->swap >> 10),
			va_prove_text("%llu kB resident\n", r.pages << 2));
}

void va_prove_pages(struct va_part *part)
{
	for (size_t i = 0; i < part->process->window_count; i++)
		compare_window(part, &part->process->windows[i]);
	for (size_t i = 0; i < part->process->vma_count && !part->faults_lost && !va_mm_blind(part->mm); i++)
		compare_rss(part, &part->process->vmas[i]);
}
