/* A map's life and the questions one may ask it. How records change it: range.c, fault.c, op.c. */
#include "mm.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "record.h"
#include "spare.h"
#include "walk.h"

#define VM_SHARED 8ull
#define VM_MAYSHARE 0x80ull
#define VM_HUGETLB 0x400000ull

struct va_mm *va_mm_new(__u32 id, __u32 levels, __u64 dirty_bits)
{
	struct va_mm *mm = va_alloc(sizeof(*mm));

	mm->refs = 1;
	mm->id = id;
	mm->levels = levels;
	mm->dirty_bits = dirty_bits;
	mm->vmas = va_vmas_new();
	mm->pages = va_pages_new();
	va_spans_add(&mm->unsure, 0, VA_USER_TOP);
	return mm;
}

struct va_mm *va_mm_ref(struct va_mm *mm)
{
	__atomic_add_fetch(&mm->refs, 1, __ATOMIC_RELAXED);
	return mm;
}

void va_pending_free(struct va_pending *p)
{
	if (!p)
		return;
	if (p->vma != p->few)
		free(p->vma);
	va_spare_give(VA_SPARE_PENDING, p);
}

void va_mm_unref(struct va_mm *mm)
{
	if (!mm || __atomic_sub_fetch(&mm->refs, 1, __ATOMIC_ACQ_REL))
		return;
	va_vmas_unref(mm->vmas);
	va_pages_unref(mm->pages);
	va_pages_unref(mm->moved);
	va_spans_free(&mm->unsure);
	va_spans_free(&mm->surveyed);
	va_pending_free(mm->pending);
	free(mm->doubt);
	free(mm);
}

static struct va_pending *pending_copy(const struct va_pending *p)
{
	struct va_pending *copy = va_spare_take(VA_SPARE_PENDING, sizeof(*copy));

	*copy = *p;
	copy->vma = p->vma == p->few ? copy->few : memcpy(va_alloc_raw(p->room * sizeof(*p->vma)), p->vma, p->got * sizeof(*p->vma));
	return copy;
}

struct va_mm *va_mm_copy(const struct va_mm *mm)
{
	struct va_mm *copy = va_alloc_raw(sizeof(*copy));

	*copy = *mm;
	copy->refs = 1;
	va_vmas_ref(copy->vmas);
	va_pages_ref(copy->pages);
	if (copy->moved)
		va_pages_ref(copy->moved);
	va_spans_copy(&copy->unsure, &mm->unsure);
	va_spans_copy(&copy->surveyed, &mm->surveyed);
	copy->pending = mm->pending ? pending_copy(mm->pending) : NULL;
	copy->doubt = mm->doubt ? memcpy(va_alloc_raw(VA_DOUBTS * sizeof(*mm->doubt)), mm->doubt, VA_DOUBTS * sizeof(*mm->doubt)) : NULL;
	return copy;
}

void va_mm_end(struct va_mm *mm)
{
	mm->ended = true;
	va_vmas_pack(&mm->vmas);
	va_pages_close(&mm->pages);
}

void va_mm_rest(struct va_mm *mm)
{
	va_pages_unref(mm->pages);
	mm->resting = true;
	mm->pages = va_pages_none();
	va_vmas_pack(&mm->vmas);
	va_spans_free(&mm->surveyed);
	if (!mm->unsure.count)
		va_spans_free(&mm->unsure);
	free(mm->doubt); /* reports of what has ended are not taken */
	mm->doubt = NULL;
	mm->doubts = 0;
}

void va_mm_lose_pages(struct va_mm *mm, __u64 ts)
{
	mm->faults_lost = ts;
	va_spans_free(&mm->surveyed);
}

void va_mm_lose_truth(struct va_mm *mm, __u64 lo, __u64 hi, __u64 ts)
{
	va_spans_remove(&mm->surveyed, lo, hi);
	va_pages_doubt(&mm->pages, lo, hi, VA_DOUBT_ALL, ts);
	va_spans_add(&mm->unsure, lo, hi);
	mm->lossy = true;
	for (size_t i = va_vmas_lower(mm->vmas, lo); i < va_vmas_count(mm->vmas) && va_vmas_at(mm->vmas, i)->start < hi; i++)
		va_vmas_edit(&mm->vmas, i)->stale = true;
}

void va_mm_apply_layout(struct va_mm *mm, const struct vmatlas_record *rec)
{
	bool blind = rec->head.flags & VMATLAS_F_BLIND;

	if (blind || mm->blind)
		va_mm_lose_pages(mm, rec->head.ts);
	mm->blind = blind;
	mm->layout = rec->layout;
	mm->has_layout = true;
	mm->has_vsyscall = rec->head.flags & VMATLAS_F_VSYSCALL;
}

__u32 va_mm_id(const struct va_mm *mm)
{
	return mm->id;
}

bool va_mm_ended(const struct va_mm *mm)
{
	return mm->ended;
}

bool va_mm_complete(const struct va_mm *mm)
{
	return mm->complete;
}

bool va_mm_stale(const struct va_mm *mm)
{
	return mm->lossy;
}

bool va_mm_blind(const struct va_mm *mm)
{
	return mm->blind;
}

const struct vmatlas_mm_layout *va_mm_layout(const struct va_mm *mm)
{
	return mm->has_layout ? &mm->layout : NULL;
}

bool va_mm_brk(const struct va_mm *mm, __u64 *start_brk, __u64 *brk)
{
	*start_brk = mm->layout.start_brk;
	*brk = mm->layout.brk;
	return mm->layout.brk;
}

const struct vmatlas_mm_counts *va_mm_counts(const struct va_mm *mm)
{
	return mm->has_counts ? &mm->counts : NULL;
}

__u64 va_mm_peak_rss(const struct va_mm *mm)
{
	return mm->peak_rss;
}

void va_mm_note_peak(struct va_mm *mm)
{
	__u64 rss = mm->counts.rss_file + mm->counts.rss_anon + mm->counts.rss_shmem;

	if (rss > mm->peak_rss)
		mm->peak_rss = rss;
}

bool va_mm_has_vsyscall(const struct va_mm *mm)
{
	return mm->has_vsyscall;
}

size_t va_mm_vma_count(const struct va_mm *mm)
{
	return va_vmas_count(mm->vmas);
}

const struct va_vma *va_mm_vma(const struct va_mm *mm, size_t i)
{
	return va_vmas_at(mm->vmas, i);
}

size_t va_mm_vma_lower(const struct va_mm *mm, __u64 addr)
{
	return va_vmas_lower(mm->vmas, addr);
}

const struct va_vma *va_mm_vma_at(const struct va_mm *mm, __u64 addr)
{
	size_t i = va_vmas_lower(mm->vmas, addr);

	return i < va_vmas_count(mm->vmas) && va_vmas_at(mm->vmas, i)->start <= addr ? va_vmas_at(mm->vmas, i) : NULL;
}

/* Maps of the same huge file share a whole table (huge_pmd_share() in mm/hugetlb.c): what another process faults in is there for this one, too. */
static bool shares_tables(const struct va_vma *v)
{
	__u64 size = va_level_size(2), first = (v->start + size - 1) & ~(size - 1);

	return (v->vm_flags & VM_HUGETLB) && (v->vm_flags & (VM_SHARED | VM_MAYSHARE)) && first + size <= v->end;
}

bool va_mm_surveyed(const struct va_mm *mm, __u64 addr)
{
	const struct va_vma *vma = va_mm_vma_at(mm, addr);

	if (!vma)
		return !va_spans_touch(&mm->unsure, addr, addr + 1);
	return !mm->blind && va_spans_touch(&mm->surveyed, addr, addr + 1) && !shares_tables(vma);
}

/* How sure what is stored still is. */
static __u8 certainty_of(const struct va_mm *mm, const struct va_page *page)
{
	if (page->ts <= mm->faults_lost || (mm->blind && page->certainty == VA_PAGE_ABSENT))
		return VA_PAGE_UNKNOWN;
	return mm->blind && page->certainty == VA_PAGE_SEEN ? VA_PAGE_DERIVED : page->certainty;
}

bool va_mm_page_dirty(const struct va_mm *mm, const struct va_page *page)
{
	return va_entry_dirty(page->entry, mm->dirty_bits);
}

bool va_mm_page_written(const struct va_mm *mm, const struct va_page *page)
{
	return va_entry_written(page->entry, mm->dirty_bits);
}

struct va_page va_mm_page(const struct va_mm *mm, __u64 addr)
{
	struct va_page page = va_pages_get(mm->pages, addr);

	if (page.ts)
		page.certainty = certainty_of(mm, &page);
	else
		page.certainty = va_mm_surveyed(mm, addr) ? VA_PAGE_ABSENT : VA_PAGE_UNKNOWN;
	return page;
}

__u64 va_mm_resident(const struct va_mm *mm, __u64 start, __u64 end)
{
	return va_pages_resident(mm->pages, start, end);
}

struct each {
	const struct va_mm *mm;
	bool (*fn)(void *ctx, __u64 addr, const struct va_page *page);
	void *ctx;
};

static bool each_page(void *ctx, __u64 addr, const struct va_page *page)
{
	struct each *e = ctx;
	struct va_page p = *page;

	p.certainty = certainty_of(e->mm, &p);
	return e->fn(e->ctx, addr, &p);
}

void va_mm_each_page(const struct va_mm *mm, __u64 start, __u64 end,
		     bool (*fn)(void *ctx, __u64 addr, const struct va_page *page), void *ctx)
{
	struct each e = { mm, fn, ctx };

	va_pages_each(mm->pages, start, end, each_page, &e);
}

__u64 va_mm_table_entry(const struct va_mm *mm, unsigned level, __u64 addr, __u64 *ts)
{
	if (ts)
		*ts = 0;
	if (level > 3 || (level == 1 && mm->levels == 4))
		return 0;
	return va_pages_table(mm->pages, level == 0 && mm->levels == 4 ? 1 : level, addr, ts);
}
