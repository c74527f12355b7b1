/* What faults, page reports, forks and calls do to the pages of a map. */
#include "mm.h"

#include <asm/unistd_64.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "alloc.h"
#include "record.h"
#include "walk.h"

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

#define VM_WRITE 2ull
#define VM_SHARED 8ull
#define VM_DONTCOPY 0x20000ull
#define VM_WIPEONFORK 0x2000000ull
#define VM_PFNMAP 0x400ull
#define VM_UFFD_WP 0x1000ull
#define VM_MIXEDMAP 0x10000000ull

#define NO_VMA (~(size_t)0)

/* Index of the VMA that holds addr, or NO_VMA. */
static size_t vma_at(const struct va_mm *mm, __u64 addr)
{
	size_t i = va_vmas_lower(mm->vmas, addr);

	return i < va_vmas_count(mm->vmas) && va_vmas_at(mm->vmas, i)->start <= addr ? i : NO_VMA;
}

/* The same of a fault: its VMA stands where the last one that began there stood, but for what was mapped or unmapped below since. */
static inline size_t vma_of(struct va_mm *mm, const struct vmatlas_fault *f)
{
	__u32 *hit = &mm->hit[(f->vma_start >> 12 ^ f->vma_start >> 17) % VA_HITS];
	size_t i = *hit;

	if (i < va_vmas_count(mm->vmas)) {
		const struct va_vma *v = va_vmas_at(mm->vmas, i);

		if (v->start <= f->addr && f->addr < v->end)
			return i;
	}
	i = vma_at(mm, f->addr);
	*hit = i == NO_VMA ? *hit : (__u32)i;
	return i;
}

static bool mapped(const struct va_mm *mm, size_t vma, __u64 addr)
{
	return vma != NO_VMA || va_spans_touch(&mm->unsure, addr, addr + 1);
}

/* Page tables are filed by level as with five levels: with four the PGD stands where the P4D would. */
static unsigned table_level(const struct va_mm *mm, unsigned level)
{
	return level == 0 && mm->levels == 4 ? 1 : level;
}

static struct va_page page_of(unsigned level, __u64 entry, __u64 ts)
{
	__u8 certainty = entry ? VA_PAGE_SEEN : VA_PAGE_ABSENT;

	return (struct va_page){ .entry = entry, .ts = ts, .level = (__u8)level, .present = va_entry_present(entry), .certainty = certainty };
}

static void set_page(struct va_mm *mm, __u64 addr, unsigned level, __u64 entry, __u64 ts)
{
	struct va_page page = page_of(level, entry, ts);

	va_pages_set(&mm->pages, addr, &page);
}

/*
 * From now on fork will copy this VMA's entries: it has an anon_vma. do_cow_fault() makes one before it asks the file for the page: it stays where
 * there is none (SIGBUS), and nobody tells how far a fault came that was given up.
 */
static void note_written(struct va_mm *mm, size_t vma, bool surely)
{
	const struct va_vma *v = vma == NO_VMA ? NULL : va_vmas_at(mm->vmas, vma);

	if (!v || v->written || (v->perhaps_written && !surely) || v->anon || (v->vm_flags & VM_SHARED))
		return;
	if (surely)
		va_vmas_edit(&mm->vmas, vma)->written = true;
	else
		va_vmas_edit(&mm->vmas, vma)->perhaps_written = true;
}

/* Above the PTE: a huge page that migrates, is in swap, or the like. */
static bool names_no_table(__u64 entry)
{
	return entry && !va_entry_present(entry);
}

static void take_walk(struct va_mm *mm, const struct vmatlas_record *rec)
{
	const struct vmatlas_fault *f = &rec->fault;
	unsigned depth = va_walk_depth(f->depth_after, mm->levels);
	__u64 entry = 1;

	if (depth == mm->levels && !va_entry_leaf(2, f->entry[2]) && !va_entry_leaf(3, f->entry[3])) {
		struct va_page page = page_of(4, f->entry[4], rec->head.ts);

		va_pages_set_walk(&mm->pages, mm->levels, f->addr, f->entry, &page);
		return;
	}
	for (unsigned place = 0; place < depth; place++) {
		unsigned level = va_walk_level(place, mm->levels);

		entry = f->entry[level];
		bool leaf = va_entry_leaf(level, entry);

		if (leaf || level == 4 || (place + 1 == depth && names_no_table(entry)))
			set_page(mm, f->addr, level, entry, rec->head.ts);
		else if (va_entry_present(entry))
			va_pages_note_table(&mm->pages, table_level(mm, level), f->addr, entry, rec->head.ts);
		if (leaf)
			break;
	}
	/* A table that is not there: it was taken away while the fault ended. */
	if (!entry)
		set_page(mm, f->addr, 4, 0, rec->head.ts);
}

/* Pages the kernel mapped around a file fault: there, but nobody read their entries. */
static void take_around(struct va_mm *mm, const struct vmatlas_record *rec)
{
	const struct vmatlas_fault *f = &rec->fault;
	__u64 page = f->addr & ~0xfffull, base = f->addr & ~0xffffull;
	unsigned which = f->around;

	if (base < f->vma_start)
		base = f->vma_start & ~0xfffull;
	if (page >= base && page - base < 16ull << 12)
		which &= ~(1u << ((page - base) >> 12));
	if (base >= f->vma_end)
		which = 0;
	else if (f->vma_end - base < 16ull << 12)
		which &= (1u << ((f->vma_end - base + 0xfff) >> 12)) - 1;
	va_pages_derive(&mm->pages, base, which, rec->head.ts);
}

void va_mm_apply_fault(struct va_mm *mm, const struct vmatlas_record *rec)
{
	if (mm->ended || rec->fault.addr >= VA_USER_TOP)
		return;
	size_t vma = vma_of(mm, &rec->fault);

	if (!mapped(mm, vma, rec->fault.addr))
		return;
	if (!(rec->head.flags & VMATLAS_F_BAD))
		take_walk(mm, rec);
	if (rec->head.flags & VMATLAS_F_WRITE)
		note_written(mm, vma, !(rec->head.flags & VMATLAS_F_BAD) && rec->fault.counted != VMATLAS_COUNTED_NOT);
	/* Of a bad one, too: beyond the end of a file its neighbours are mapped first. */
	if (rec->fault.around)
		take_around(mm, rec);
}

static void no_table(struct va_mm *mm, __u64 lo, __u64 hi, __u64 ts)
{
	va_pages_clear(&mm->pages, lo, hi, ts, NULL);
	va_spans_add(&mm->surveyed, lo, hi);
}

/* Of a level above the PTE. */
static void take_upper(struct va_mm *mm, unsigned level, __u64 addr, __u64 entry, __u64 ts)
{
	__u64 size = va_level_size(level);
	size_t vma = vma_at(mm, addr);

	if (!entry)
		no_table(mm, addr, addr + size, ts);
	if (!entry || !mapped(mm, vma, addr))
		return;
	if (va_entry_written(entry, mm->dirty_bits))
		note_written(mm, vma, true);
	if (va_entry_leaf(level, entry) || names_no_table(entry))
		set_page(mm, addr, level, entry, ts);
	else
		va_pages_note_table(&mm->pages, level, addr, entry, ts);
}

/* The first of n PTEs from addr on that are in the same VMA, or as many as are in none; returns how many that were. */
static unsigned take_entries(struct va_mm *mm, __u64 addr, const __u64 *entry, unsigned n, __u64 ts)
{
	size_t vma = vma_at(mm, addr);
	__u64 here = vma == NO_VMA ? 1 : (va_vmas_at(mm->vmas, vma)->end - addr) >> 12;

	n = here < n ? (unsigned)here : n;
	if (!mapped(mm, vma, addr))
		return n;
	for (unsigned i = 0; i < n; i++)
		if (va_entry_written(entry[i], mm->dirty_bits)) {
			note_written(mm, vma, true);
			break;
		}
	va_pages_set_entries(&mm->pages, addr, entry, n, ts);
	return n;
}

void va_mm_apply_pages(struct va_mm *mm, const struct vmatlas_record *rec)
{
	const struct vmatlas_pages *p = &rec->pages;
	__u64 size = va_level_size(p->level);

	for (unsigned i = 0; p->level == 4 && i < p->count && !mm->ended;)
		i += take_entries(mm, p->addr + i * size, &p->entry[i], p->count - i, rec->head.ts);
	for (unsigned i = 0; p->level < 4 && i < p->count && !mm->ended; i++)
		take_upper(mm, p->level, p->addr + i * size, p->entry[i], rec->head.ts);
}

/* --- fork ------------------------------------------------------------------------------------------------------------ */

struct inherit {
	struct va_mm *child;
	const struct va_vma *vma;
	__u64 ts;
	__u64 until; /* what is known since later is the parent's alone */
	bool copied; /* surely */
};

static bool inherit_page(void *ctx, __u64 addr, const struct va_page *page)
{
	struct inherit *in = ctx;
	struct va_page copy = *page;

	if (addr < in->vma->start || addr + va_level_size(page->level) > in->vma->end)
		return true;
	copy.entry = va_entry_readonly(page->entry);
	copy.certainty = in->copied && page->certainty != VA_PAGE_UNKNOWN && page->ts <= in->until ? VA_PAGE_DERIVED : VA_PAGE_UNKNOWN;
	copy.ts = in->ts;
	va_pages_set(&in->child->pages, addr, &copy);
	return true;
}

/* Stops at a page that is anonymous, not the zero page: the huge one is read-only as any that two maps share. */
static bool no_anonymous_page(void *ctx, __u64 addr, const struct va_page *page)
{
	(void)ctx;
	(void)addr;
	return page->certainty == VA_PAGE_UNKNOWN || va_entry_special(page->entry) || (page->level < 4 && !va_entry_writable(page->entry));
}

/*
 * copy_page_range() in mm/memory.c, vma_needs_copy(): what has an anon_vma is copied, and both share its entries read-only from now on; all others
 * fault in again. A private file mapping gets one when it is written to, even in vain; so does anonymous memory, and that which was only read, and shows
 * nothing but the zero page, may have none: there nothing is certain. True: the child begins without pages here.
 */
static bool fork_pages(struct va_mm *parent, struct va_mm *child, const struct va_vma *v, const struct vmatlas_record *rec)
{
	__u64 ts = rec->head.ts;
	struct inherit in = { child, v, ts, rec->fork.copied ? rec->fork.copied : ts, true };

	if (v->vm_flags & (VM_PFNMAP | VM_MIXEDMAP | VM_UFFD_WP))
		return false;
	if ((v->vm_flags & (VM_SHARED | VM_WIPEONFORK)) || !(v->anon || v->written || v->perhaps_written))
		return true;
	if (!v->anon)
		in.copied = v->written;
	else
		in.copied = !va_pages_each(parent->pages, v->start, v->end, no_anonymous_page, NULL);
	va_pages_each(parent->pages, v->start, v->end, inherit_page, &in);
	if (v->vm_flags & VM_WRITE)
		va_pages_doubt(&parent->pages, v->start, v->end, VA_DOUBT_READONLY, ts);
	return false;
}

/* The child's map is the parent's until its own RANGEs tell, a moment later: stale, but for what fork is known to leave out. */
void va_mm_fork(struct va_mm *parent, struct va_mm *child, const struct vmatlas_record *rec)
{
	__u64 ts = rec->head.ts;
	size_t count = va_vmas_count(parent->vmas), n = 0;
	struct va_vma *vmas = va_alloc_raw(count * sizeof(*vmas));

	for (size_t i = 0; i < count; i++) {
		const struct va_vma *v = va_vmas_at(parent->vmas, i);

		if (v->vm_flags & VM_DONTCOPY)
			continue;
		vmas[n] = *v;
		vmas[n].stale = true;
		vmas[n].born = vmas[n].changed = ts;
		if (fork_pages(parent, child, v, rec))
			va_spans_add(&child->surveyed, v->start, v->end);
		n++;
	}
	va_vmas_replace(&child->vmas, 0, VA_USER_TOP, vmas, n);
	free(vmas);
}

/* --- calls ----------------------------------------------------------------------------------------------------------- */

static __u64 page_up(__u64 x)
{
	return (x + 4095) & ~4095ull;
}

/* [start, end) of a call's area; false: nothing sensible. */
static bool area(__u64 start, __u64 length, __u64 *lo, __u64 *hi)
{
	*lo = start & ~4095ull;
	*hi = page_up(start + length);
	return length && *lo < *hi && *hi <= VA_USER_TOP;
}

/* When the call changed the map: its own RANGE if one came, else at its begin at the earliest. */
static __u64 moment(const struct va_mm *mm, const struct vmatlas_record *rec)
{
	bool own = mm->range_tid == rec->head.tid && mm->range_ts >= rec->op.begin;

	return own ? mm->range_ts : rec->op.begin;
}

static void madvise_pages(struct va_mm *mm, const struct vmatlas_record *rec)
{
	__u64 lo, hi;

	if (mm->swept || rec->op.result || !area(rec->op.args[0], rec->op.args[1], &lo, &hi))
		return;
	switch (rec->op.args[2]) {
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_REMOVE:
		va_pages_clear(&mm->pages, lo, hi, rec->op.begin, NULL);
		va_pages_doubt(&mm->pages, lo, hi, VA_DOUBT_ACCESS, rec->head.ts);
		va_spans_add(&mm->surveyed, lo, hi);
		break;
	case MADV_FREE:
	case MADV_PAGEOUT:
		va_pages_doubt(&mm->pages, lo, hi, VA_DOUBT_ACCESS, rec->head.ts);
		break;
	}
}

/* MAP_FIXED over memory of the same kind: the RANGE looks as before, but the pages are new. */
static void mmap_pages(struct va_mm *mm, const struct vmatlas_record *rec)
{
	__u64 lo, hi;

	if (mm->swept || !(rec->op.args[3] & MAP_FIXED) || (__u64)rec->op.result >= VA_USER_TOP)
		return;
	if (area((__u64)rec->op.result, rec->op.args[1], &lo, &hi))
		va_pages_clear(&mm->pages, lo, hi, moment(mm, rec), NULL);
}

struct move {
	struct va_mm *mm;
	__u64 from, to, ts;
};

static bool move_page(void *ctx, __u64 addr, const struct va_page *page)
{
	struct move *m = ctx;
	struct va_page p = *page;
	__u64 at = addr - m->from + m->to, size = va_level_size(page->level);

	if (addr < m->from || (at & (size - 1)) || va_pages_get(m->mm->pages, at).ts >= m->ts || va_mm_surveyed(m->mm, at))
		return true;
	p.certainty = VA_PAGE_DERIVED;
	p.ts = m->ts;
	va_pages_set(&m->mm->pages, at, &p);
	return true;
}

static void mremap_pages(struct va_mm *mm, const struct vmatlas_record *rec)
{
	__u64 from = rec->op.args[0], to = (__u64)rec->op.result, length = rec->op.args[1], lo, hi;
	struct va_pages *moved = mm->moved;

	mm->moved = NULL;
	/* The module tells both ranges itself, and what others do there meanwhile, too. */
	if (mm->swept) {
		va_pages_unref(moved);
		return;
	}
	if (rec->op.args[2] < length)
		length = rec->op.args[2];
	if (to < VA_USER_TOP && to != from && !(to & 4095) && area(from, length, &lo, &hi) && to + (hi - lo) <= VA_USER_TOP) {
		struct move m = { mm, lo, to, moment(mm, rec) };
		struct va_pages *kept = va_pages_new(); /* MREMAP_DONTUNMAP: the VMA stays, its pages go */

		va_pages_clear(&mm->pages, to, to + (hi - lo), m.ts, NULL);
		va_pages_clear(&mm->pages, lo, hi, m.ts, &kept);
		va_pages_each(kept, lo, hi, move_page, &m);
		if (moved)
			va_pages_each(moved, lo, hi, move_page, &m);
		va_pages_unref(kept);
	}
	va_pages_unref(moved);
}

void va_mm_apply_op(struct va_mm *mm, const struct vmatlas_record *rec)
{
	if (mm->ended || rec->op.peer_mm || (rec->head.flags & VMATLAS_F_NO_RESULT))
		return;
	switch (rec->op.nr) {
	case __NR_madvise:
		madvise_pages(mm, rec);
		break;
	case __NR_mmap:
		mmap_pages(mm, rec);
		break;
	case __NR_mremap:
		mremap_pages(mm, rec);
		break;
	}
}
