/* See tables.h. */
#include "tables.h"

#include <stdlib.h>

#include "alloc.h"
#include "mm.h"
#include "record.h"

#define VM_HUGETLB 0x400000ull

unsigned va_level_below(unsigned level, unsigned levels)
{
	return level >= 4 ? 4 : level == 0 && levels == 4 ? 2 : level + 1;
}

unsigned va_level_above(unsigned level, unsigned levels)
{
	return level == 0 ? 0 : level == 2 && levels == 4 ? 0 : level - 1;
}

__u64 va_slot_size(unsigned level, unsigned levels)
{
	return 1ull << va_level_shift_in(level, levels);
}

__u64 va_table_base(unsigned level, __u64 addr, unsigned levels)
{
	return addr & ~(va_slot_size(level, levels) * 512 - 1) & ((1ull << va_top_shift(levels)) - 1);
}

const char *va_level_intel_name(unsigned level, unsigned levels)
{
	static const char *const names[VMATLAS_LEVELS] = { "PML5", "PML4", "PDPT", "PD", "PT" };

	return level == 0 && levels == 4 ? "PML4" : names[level < VMATLAS_LEVELS ? level : 4];
}

/* --- counting -------------------------------------------------------------------------------------------------------- */

struct reach { /* the tables of one level, ascending by what they cover */
	__u64 *number; /* addr >> shift */
	size_t count, room;
};

struct counting {
	const struct va_mm *mm;
	struct va_tables_count *out;
	struct reach now, next; /* now: the tables of the level just done; next: those of the level above, as they follow from it */
	unsigned shift;         /* of what one table of `next` covers */
	size_t at;              /* in next: entries before it have been met */
};

static void add(struct reach *r, __u64 number)
{
	if (r->count && r->number[r->count - 1] == number)
		return;
	r->number = va_grow(r->number, &r->room, r->count + 1, sizeof(*r->number));
	r->number[r->count++] = number;
}

static bool is_table(unsigned level, __u64 entry)
{
	return va_entry_present(entry) && !va_entry_leaf(level, entry);
}

static bool holds_reserve(const struct va_mm *mm, __u64 addr)
{
	const struct va_vma *vma = va_mm_vma_at(mm, addr);

	return vma && vma->anon && !(vma->vm_flags & VM_HUGETLB);
}

static bool count_block(void *ctx, const struct va_block_facts *b)
{
	struct counting *c = ctx;

	if (b->leaf == 3) {
		c->out->huge[3]++;
		c->out->reserve += holds_reserve(c->mm, b->addr);
	} else if (b->leaf == 2) {
		c->out->huge[2] += !(b->addr & (va_level_size(2) - 1));
		add(&c->next, b->addr >> va_level_shift(2) | 1ull << 63); /* there is no PMD table below it */
		return true;
	} else if (is_table(3, b->entry)) {
		c->out->seen[4]++;
	} else if (b->entries) {
		c->out->implied[4]++;
	} else {
		return true;
	}
	add(&c->next, b->addr >> va_level_shift(2));
	return true;
}

/* An entry that was read, against the tables that follow from what is below: both ascend. */
static bool count_upper(void *ctx, __u64 addr, __u64 entry, __u64 ts)
{
	struct counting *c = ctx;
	__u64 number = addr >> c->shift;
	unsigned level = c->shift == va_level_shift(2) ? 3 : c->shift == va_level_shift(1) ? 2 : 1;

	(void)ts;
	if (!is_table(level - 1, entry))
		return true;
	for (; c->at < c->next.count && c->next.number[c->at] < number; c->at++) {
		c->out->implied[level]++;
		add(&c->now, c->next.number[c->at]);
	}
	c->at += c->at < c->next.count && c->next.number[c->at] == number;
	c->out->seen[level]++;
	add(&c->now, number);
	return true;
}

/* Tables of `level`, whose entries stand one level above. */
static void count_level(struct counting *c, unsigned level)
{
	c->shift = va_level_shift(level - 1);
	c->now.count = 0;
	c->at = 0;
	va_pages_each_upper(c->mm->pages, level - 1, count_upper, c);
	for (; c->at < c->next.count; c->at++) {
		c->out->implied[level]++;
		add(&c->now, c->next.number[c->at]);
	}
	c->next.count = 0;
	for (size_t i = 0; level > 1 && i < c->now.count; i++)
		add(&c->next, c->now.number[i] >> (va_level_shift(level - 2) - c->shift));
}

/* A leaf of 1 GiB spares the PMD table, not what is above it. */
static void without_spared(struct counting *c, struct reach *spared)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->next.count; i++)
		if (c->next.number[i] >> 63)
			add(spared, c->next.number[i] & ~(1ull << 63));
		else
			c->next.number[kept++] = c->next.number[i];
	c->next.count = kept;
}

static int by_number(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

static void put_back(struct counting *c, const struct reach *spared)
{
	struct reach all = { .number = NULL };

	for (size_t i = 0; i < spared->count; i++)
		add(&c->next, spared->number[i] >> (va_level_shift(1) - va_level_shift(2)));
	if (spared->count) {
		qsort(c->next.number, c->next.count, sizeof(*c->next.number), by_number);
		for (size_t i = 0; i < c->next.count; i++)
			add(&all, c->next.number[i]);
		free(c->next.number);
		c->next = all;
	}
}

void va_tables_count(const struct va_mm *mm, struct va_tables_count *out)
{
	struct counting c = { .mm = mm, .out = out };
	struct reach spared = { .number = NULL };

	*out = (struct va_tables_count){ .seen = { 1 } };
	va_pages_each_block(mm->pages, 0, VA_USER_TOP, count_block, &c);
	without_spared(&c, &spared);
	count_level(&c, 3);
	put_back(&c, &spared);
	count_level(&c, 2);
	if (mm->levels == 5)
		count_level(&c, 1);
	free(c.now.number);
	free(c.next.number);
	free(spared.number);
	for (unsigned level = 0; level < VMATLAS_LEVELS; level++) {
		out->tables += out->seen[level] + out->implied[level];
		out->counted_bytes += level < 2 ? 0 : (out->seen[level] + out->implied[level]) * 4096;
	}
	out->counted_bytes += out->reserve * 4096;
	out->kernel_known = mm->has_counts;
	out->kernel_bytes = mm->counts.pgtable_bytes;
}

/* --- one table ------------------------------------------------------------------------------------------------------- */

static bool nothing_mapped(const struct va_mm *mm, __u64 start, __u64 end)
{
	size_t i = va_mm_vma_lower(mm, start);

	return (i >= va_mm_vma_count(mm) || va_mm_vma(mm, i)->start >= end) && !va_spans_touch(&mm->unsure, start, end);
}

static void page_slot(struct va_slot *s, const struct va_mm *mm, const struct va_page *page)
{
	s->certainty = page->certainty;
	s->entry = page->entry;
	s->ts = page->ts;
	if (page->present)
		s->kind = VA_SLOT_PAGE;
	else if (page->entry && page->certainty != VA_PAGE_ABSENT)
		s->kind = VA_SLOT_NOTE;
	else
		s->kind = page->certainty == VA_PAGE_ABSENT || nothing_mapped(mm, s->addr, s->addr + s->size) ? VA_SLOT_EMPTY : VA_SLOT_UNKNOWN;
}

struct below {
	bool entries;
};

static bool note_below(void *ctx, const struct va_block_facts *b)
{
	struct below *w = ctx;

	w->entries = b->leaf || b->entries || is_table(3, b->entry);
	return !w->entries;
}

struct va_slot va_table_slot(const struct va_mm *mm, unsigned level, __u64 addr, unsigned levels)
{
	__u64 size = va_slot_size(level, levels);
	struct va_slot s = { .addr = addr & ~(size - 1), .size = size };
	struct va_page page = va_mm_page(mm, s.addr);
	struct below below = { false };

	if (s.addr >= 1ull << (va_top_shift(levels) - 1)) {
		s.kind = VA_SLOT_KERNEL;
		return s;
	}
	if (level == 4 || (page.level == level && page.ts && (page.present || page.entry))) {
		page_slot(&s, mm, &page);
		s.pages = page.present ? size >> 12 : 0;
		return s;
	}
	s.entry = va_mm_table_entry(mm, level, s.addr, &s.ts);
	s.pages = va_mm_resident(mm, s.addr, s.addr + size);
	if (is_table(level, s.entry)) {
		s.kind = VA_SLOT_TABLE;
		return s;
	}
	s.entry = s.ts = 0;
	va_pages_each_block(mm->pages, s.addr, s.addr + size, note_below, &below);
	s.kind = below.entries ? VA_SLOT_IMPLIED : nothing_mapped(mm, s.addr, s.addr + size) ? VA_SLOT_EMPTY : VA_SLOT_UNKNOWN;
	return s;
}

void va_table_slots(const struct va_mm *mm, unsigned level, __u64 addr, unsigned levels, struct va_slot out[512])
{
	__u64 base = va_table_base(level, addr, levels), size = va_slot_size(level, levels);

	for (unsigned i = 0; i < 512; i++)
		out[i] = va_table_slot(mm, level, base + i * size, levels);
}

void va_walk_known(const struct va_mm *mm, __u64 addr, unsigned levels, struct va_known_walk *out)
{
	struct va_walk *w = &out->walk;
	unsigned level = 0;

	*out = (struct va_known_walk){ .page = va_mm_page(mm, addr) };
	for (;;) {
		struct va_slot s = va_table_slot(mm, level, addr, levels);
		struct va_step *step = &w->step[w->steps];

		out->slot[w->steps++] = s;
		*step = (struct va_step){ .level = level, .index = va_index_in(level, addr, levels), .entry = s.entry, .leaf = s.kind == VA_SLOT_PAGE };
		if ((s.kind != VA_SLOT_TABLE && s.kind != VA_SLOT_IMPLIED) || level == 4)
			break;
		level = va_level_below(level, levels);
	}
	const struct va_step *leaf = &w->step[w->steps - 1];

	w->complete = leaf->leaf;
	if (!w->complete)
		return;
	w->page_size = va_level_size(leaf->level);
	w->pfn = leaf->entry ? va_entry_pfn_at(leaf->level, leaf->entry, addr) : 0;
}
