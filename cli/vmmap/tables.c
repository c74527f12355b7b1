/*
 * vmmap --tables: the page tables of a process as a tree, from what pagemap tells: where a page is there, the tables that lead to it are there, too. With an address:
 * the branch to it, and what its last table holds.
 */
#include <stdlib.h>
#include <string.h>

#include "demo.h"
#include "group.h"
#include "output.h"
#include "place.h"
#include "tree.h"
#include "units.h"

#define PAGE 4096u
#define BLOCK_SHIFT 21
#define FEW 6      /* entries of one table that are shown, before "…" */
#define SHIFT_MOST (64ull << 30) /* without PAGEMAP_SCAN each page must be read: regions above are left out */

struct block { /* what one PMD entry leads to */
	__u64 addr;
	unsigned present, swapped;
	bool huge;
};

struct blocks {
	struct block *block; /* owned; ascending */
	size_t count, room;
	__u64 present, swapped; /* pages */
	size_t left_out;        /* regions too large to be read */
};

static struct block *block_at(struct blocks *b, __u64 addr)
{
	struct block *last = b->count ? &b->block[b->count - 1] : NULL;

	if (last && last->addr == addr)
		return last;
	if (b->count == b->room) {
		b->room = b->room ? b->room * 2 : 256;
		b->block = realloc(b->block, b->room * sizeof(*b->block));
		if (!b->block)
			abort();
	}
	b->block[b->count] = (struct block){.addr = addr};
	return &b->block[b->count++];
}

static void take_run(void *ctx, const struct vm_run_of_pages *run)
{
	struct blocks *b = ctx;

	for (__u64 at = run->start; at < run->end;) {
		__u64 base = at >> BLOCK_SHIFT << BLOCK_SHIFT, end = base + (1ull << BLOCK_SHIFT), to = run->end < end ? run->end : end;
		struct block *block = block_at(b, base);
		unsigned pages = (unsigned)((to - at) / PAGE);

		block->present += run->bits & VM_RUN_PRESENT ? pages : 0;
		block->swapped += run->bits & VM_RUN_SWAPPED ? pages : 0;
		block->huge |= run->bits & VM_RUN_HUGE;
		b->present += run->bits & VM_RUN_PRESENT ? pages : 0;
		b->swapped += run->bits & VM_RUN_SWAPPED ? pages : 0;
		at = to;
	}
}

static void gather(struct blocks *b, const struct vm_process *p, const struct vm_paging *paging)
{
	for (size_t i = 0; i < p->regions.count; i++) {
		const struct vm_region *r = &p->regions.region[i];

		if (r->zone == VA_ZONE_VSYSCALL || r->zone == VA_ZONE_VVAR || (r->measured && !r->kb.rss && !r->kb.swap && r->zone != VA_ZONE_VDSO))
			continue;
		if (!paging->scan && r->end - r->start > SHIFT_MOST)
			b->left_out++;
		else
			vm_paging_runs(paging, r->start, r->end, take_run, b);
	}
}

/* --- counting ---------------------------------------------------------------------------------------------------------------- */

/* How many tables of this level there must be at least: one for each entry above that leads to something. */
static size_t tables_of(const struct blocks *b, unsigned level, unsigned levels)
{
	unsigned shift = level == 4 ? BLOCK_SHIFT : va_level_shift_in(va_level_above(level, levels), levels);
	size_t n = 0;
	__u64 last = ~0ull;

	for (size_t i = 0; i < b->count; i++) {
		if (level == 4 && b->block[i].huge)
			continue;
		n += b->block[i].addr >> shift != last;
		last = b->block[i].addr >> shift;
	}
	return level ? n : 1;
}

/* --- the tree ------------------------------------------------------------------------------------------------------------------ */

struct tree {
	const struct vm_process *p;
	const struct blocks *b;
	unsigned levels;
	size_t few; /* entries shown of one table */
	unsigned line[VMATLAS_LEVELS]; /* does the branch at this depth go on below? */
};

static void print_branch(const struct tree *t, unsigned depth, bool last)
{
	printf("  ");
	for (unsigned i = 0; i < depth; i++)
		printf(t->line[i] ? "│  " : "   ");
	printf(last ? "└─ " : "├─ ");
}

static size_t pages_between(const struct blocks *b, size_t from, size_t to)
{
	size_t n = 0;

	for (; from < to; from++)
		n += b->block[from].present;
	return n;
}

static void print_block(const struct tree *t, const struct block *k)
{
	size_t at = vm_regions_lower(&t->p->regions, k->addr);
	const struct vm_region *r = at < t->p->regions.count ? &t->p->regions.region[at] : NULL;
	char store[17000];
	const char *file = r ? vm_harmless(vm_basename(vm_file_of(t->p, r)), store, sizeof(store)) : "";

	printf("0x%012llx  ", k->addr);
	if (k->huge)
		printf("a page of 2 MB");
	else
		printf("%3u of 512 pages", k->present);
	if (k->swapped)
		printf(", %u in swap", k->swapped);
	printf("  %s%s%.*s\n", r ? vm_flat_type(r) : "", *file ? " " : "", (int)vm_whole_characters(file, 24), file);
}

static void print_table(struct tree *t, unsigned level, unsigned depth, size_t from, size_t to);

static void print_entry(struct tree *t, unsigned level, unsigned depth, size_t from, size_t to, bool last)
{
	unsigned shift = va_level_shift_in(level, t->levels);
	__u64 base = t->b->block[from].addr >> shift << shift;
	char size[32], count[32];

	print_branch(t, depth, last);
	printf("%s[%3u]  ", va_level_name(level), va_index_in(level, base, t->levels));
	if (level == 3) {
		print_block(t, &t->b->block[from]);
		return;
	}
	printf("0x%012llx  %s reach, %s pages there\n", base, vm_size(size, 1ull << shift), vm_count(count, pages_between(t->b, from, to)));
	t->line[depth] = !last;
	print_table(t, va_level_below(level, t->levels), depth + 1, from, to);
}

/* Entries of one table: the blocks from..to, those of one entry together. Many: the first ones and the last. */
static void print_table(struct tree *t, unsigned level, unsigned depth, size_t from, size_t to)
{
	unsigned shift = va_level_shift_in(level, t->levels);
	size_t entries = 0, shown = 0, hidden_from = 0;

	for (size_t i = from; i < to; i++)
		entries += i == from || t->b->block[i].addr >> shift != t->b->block[i - 1].addr >> shift;
	for (size_t i = from, end; i < to; i = end, shown++) {
		for (end = i + 1; end < to && t->b->block[end].addr >> shift == t->b->block[i].addr >> shift; end++)
			;
		if (entries > t->few && shown == t->few - 1)
			hidden_from = i;
		if (entries > t->few && shown >= t->few - 1 && end < to)
			continue;
		if (entries > t->few && end == to) {
			char count[32];

			print_branch(t, depth, false);
			printf("… %zu more entries, %s pages there (--wide shows them)\n", entries - t->few, vm_count(count, pages_between(t->b, hidden_from, i)));
		}
		print_entry(t, level, depth, i, end, end == to);
	}
}

static void print_counts(const struct vm_process *p, const struct blocks *b, unsigned levels)
{
	size_t counted = 0;
	char size[32], words[400];

	puts("\nStep 3: the tables themselves take memory");
	for (unsigned level = 0; level < VMATLAS_LEVELS; level++) {
		size_t n = tables_of(b, level, levels);

		if (level == 1 && levels == 4)
			continue;
		counted += level >= 2 ? n : 0;
		printf("  %-4s %8zu table%s at least, %s\n", va_level_name(level), n, n == 1 ? " " : "s", vm_size(size, n * PAGE));
	}
	snprintf(words, sizeof(words), "%s as the kernel counts them (VmPTE: PUD, PMD and PTE tables); %zu KB follow from pages that are there.%s",
		 vm_size(size, p->status.pte << 10), counted * 4,
		 p->status.pte > counted * 4 ? " The rest holds no page now, or is kept in reserve for huge pages." : "");
	if (p->status.known)
		vm_print_fact("All:", words);
}

static void print_source(const struct vm_paging *paging, const struct blocks *b)
{
	puts("Step 1: where this comes from");
	vm_print_fact("Source:", "/proc/PID/pagemap: it tells which pages are there, so the tables that lead to them are there, too. An entry that leads to nothing in RAM it does not "
				 "tell; with the kernel module loaded, --tables ADDRESS shows the entries themselves.");
	if (!paging->scan)
		vm_print_fact("", "This kernel (before 6.7) does not tell huge pages from rows of small ones.");
	if (b->left_out)
		vm_print_fact("", "Regions of more than 64 GB are left out: before Linux 6.7 each page must be asked for.");
}

static void print_all(const struct vm_process *p, const struct blocks *b, const struct vm_paging *paging, const struct vm_options *o)
{
	struct tree t = {.p = p, .b = b, .levels = vm_paging_levels(), .few = o->wide ? (size_t)-1 : FEW};
	char count[32];

	printf("=== PAGE TABLES (PID %d, %s) ===\n", (int)p->pid, p->name);
	print_source(paging, b);
	printf("\nStep 2: the tree, %u levels: each table has 512 entries, an entry leads to a table of the next level\n  CR3, %s pages there\n", t.levels,
	       vm_count(count, b->present));
	if (b->count)
		print_table(&t, 0, 0, 0, b->count);
	else
		puts("  nothing of it is in RAM");
	print_counts(p, b, t.levels);
	puts("\n=== END TABLES ===");
}

static void json_all(const struct vm_process *p, const struct blocks *b)
{
	unsigned levels = vm_paging_levels();
	struct va_json j = {0};

	va_json_object(&j, NULL);
	va_json_u64(&j, "pid", (__u64)p->pid);
	va_json_u64(&j, "levels", levels);
	va_json_string(&j, "source", "pagemap");
	va_json_u64(&j, "pages", b->present);
	va_json_u64(&j, "swapped", b->swapped);
	va_json_object(&j, "tables_at_least");
	for (unsigned level = 0; level < VMATLAS_LEVELS; level++)
		if (level != 1 || levels == 5)
			va_json_u64(&j, va_level_name(level), tables_of(b, level, levels));
	va_json_end_object(&j);
	if (p->status.known)
		va_json_u64(&j, "kernel_bytes", p->status.pte << 10);
	else
		va_json_null(&j, "kernel_bytes");
	va_json_array(&j, "blocks");
	for (size_t i = 0; i < b->count; i++) {
		va_json_object(&j, NULL);
		va_json_hex(&j, "addr", b->block[i].addr);
		va_json_u64(&j, "present", b->block[i].present);
		va_json_u64(&j, "swapped", b->block[i].swapped);
		va_json_bool(&j, "huge", b->block[i].huge);
		va_json_end_object(&j);
	}
	va_json_end_array(&j);
	va_json_end_object(&j);
	vm_json_end(&j);
}

/* --- one address: the branch, and its last table ----------------------------------------------------------------------------- */

struct last_table {
	const struct vm_place *w;
	__u64 at; /* not shown yet */
};

static void print_run(struct last_table *l, __u64 lo, __u64 hi, const char *words)
{
	const struct vm_region *r = vm_regions_at(&l->w->p->regions, lo);
	unsigned first = va_index_in(4, lo, l->w->levels), last = va_index_in(4, hi - 1, l->w->levels);
	bool here = l->w->addr >= lo && l->w->addr < hi;
	char perms[5] = "", index[24];

	if (r)
		vm_perms_text(r, perms);
	if (first == last)
		snprintf(index, sizeof(index), "PTE[%u]", first);
	else
		snprintf(index, sizeof(index), "PTE[%u..%u]", first, last);
	printf("  %-14s 0x%012llx  %-4s  %-14s %s%s\n", index, lo, perms, words, r ? vm_flat_type(r) : "no region", here ? "   <-- the address" : "");
}

/* Up to `to` all is the same; it may belong to several regions. */
static void print_until(struct last_table *l, __u64 to, const char *words)
{
	while (l->at < to) {
		size_t i = vm_regions_lower(&l->w->p->regions, l->at);
		const struct vm_region *r = i < l->w->p->regions.count ? &l->w->p->regions.region[i] : NULL;
		__u64 end = !r ? to : r->start > l->at ? r->start : r->end;

		end = end < to ? end : to;
		print_run(l, l->at, end, words);
		l->at = end;
	}
}

static void print_known(void *ctx, const struct vm_run_of_pages *run)
{
	struct last_table *l = ctx;

	print_until(l, run->start, "no page");
	print_until(l, run->end, run->bits & VM_RUN_HUGE ? "huge page" : run->bits & VM_RUN_ZERO ? "page of zeros" : run->bits & VM_RUN_PRESENT ? "present" : "in swap");
}

static void print_last_table(const struct vm_place *w)
{
	__u64 lo = w->addr >> BLOCK_SHIFT << BLOCK_SHIFT, hi = lo + (1ull << BLOCK_SHIFT);
	struct vm_paging paging = vm_paging_open(w->p->pid);
	struct last_table l = {.w = w, .at = lo};

	printf("\nStep 2: its last table: 512 entries for 0x%012llx-0x%012llx\n", lo, hi);
	if (paging.fd < 0)
		vm_print_fact("", "hidden: pagemap is for the owner of the process, and root");
	else if (vm_paging_runs(&paging, lo, hi, print_known, &l))
		print_until(&l, hi, "no page");
	vm_paging_close(&paging);
}

static void print_one(const struct vm_place *w)
{
	printf("=== PAGE TABLES OF 0x%llx (PID %d, %s) ===\n", w->addr, (int)w->p->pid, w->p->name);
	printf("Step 1: the branch, %u levels, %s\n", w->levels, w->module.mm ? "the page's entry as the module read it" : "indices computed from the address, the rest from pagemap");
	if (w->steps) {
		vm_tree_path(w);
		print_last_table(w);
	} else {
		vm_print_fact("", "not in the user's half of the address space: these tables are the kernel's");
	}
	if (!w->module.mm && w->module.why) {
		putchar('\n');
		vm_print_fact("Entries:", "the module would add what each entry holds: frame, R/W, U/S, NX, accessed, dirty");
		vm_print_fact("", w->module.why);
	}
	puts("\n=== END TABLES ===");
}

int vm_mode_tables(struct vm_process *p, const __u64 *addr, const struct vm_options *o)
{
	struct vm_paging paging;
	struct blocks b = {0};

	if (addr && o->json)
		return vm_mode_detail(p, *addr, true);
	if (addr) {
		struct vm_place *w = calloc(1, sizeof(*w));

		if (!w)
			abort();
		vm_place_find(w, p, *addr);
		print_one(w);
		vm_place_free(w);
		free(w);
		return VM_EXIT_OK;
	}
	paging = vm_paging_open(p->pid);
	if (paging.fd < 0) {
		fprintf(stderr, "vmmap: the pages of %d (%s) are hidden from you: pagemap is for its owner, and root\n", (int)p->pid, p->name);
		return VM_EXIT_PERMISSION;
	}
	gather(&b, p, &paging);
	if (o->json)
		json_all(p, &b);
	else
		print_all(p, &b, &paging, o);
	vm_paging_close(&paging);
	free(b.block);
	return VM_EXIT_OK;
}
