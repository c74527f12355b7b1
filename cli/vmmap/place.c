#include "place.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maps.h"

#define PAGE 4096u

const char *vm_entry_known_name(enum vm_entry_known known)
{
	static const char *const names[] = {"unknown", "empty", "table", "page", "absent", "swap", "none"};

	return names[known];
}

/* --- where ------------------------------------------------------------------------------------------------------------- */

static void find_region(struct vm_place *w)
{
	const struct vm_regions *r = &w->p->regions;
	size_t i = vm_regions_lower(r, w->addr);
	const struct va_mm *mm = vm_process_mm(w->p);

	w->in = vm_regions_at(r, w->addr);
	w->below = i ? &r->region[i - 1] : NULL;
	i += w->in != NULL;
	w->above = i < r->count ? &r->region[i] : NULL;
	w->vma = w->in && mm ? va_mm_vma_at(mm, w->addr) : NULL;
	w->file_size = w->vma && va_vma_has_file(w->vma) ? w->vma->file_size : VM_SIZE_UNKNOWN;
}

/* A bss has no bytes in the file: it is linked behind those of the region below it. */
static void find_bss(struct vm_place *w)
{
	const struct vm_region *below = w->below;

	if (!w->in || w->in->zone != VA_ZONE_BSS || !below || below->end != w->in->start)
		return;
	w->site = va_site_of(vm_process_mm(w->p), below->start, 0, w->p->texts, w->p->objects);
	if (w->site.object)
		w->site.linked += w->addr - below->start;
}

static const struct vmatlas_section *section_of(const struct va_site *site)
{
	const struct vmatlas_section *s = site->object ? va_object_sections(site->object) : NULL;

	for (__u32 i = 0; s && i < site->object->sections; i++)
		if (site->linked >= s[i].addr && site->linked - s[i].addr < s[i].size)
			return &s[i];
	return NULL;
}

static void find_symbol(struct vm_place *w)
{
	struct va_site as_seen;

	w->site = va_site_of(vm_process_mm(w->p), w->addr, 0, w->p->texts, w->p->objects);
	find_bss(w);
	w->section = section_of(&w->site);
	w->symbols = w->site.object ? va_symbols_new(NULL, NULL) : NULL;
	w->symbol.state = VA_SYMBOL_NOT_ELF;
	if (!w->symbols)
		return;
	as_seen = w->site;
	if (w->p->pid && w->site.path) { /* in its mount namespace; the build-id tells whether it is the right one */
		snprintf(w->path, sizeof(w->path), "/proc/%d/root%s", (int)w->p->pid, w->site.path);
		if (!access(w->path, R_OK))
			as_seen.path = w->path;
	}
	w->symbol = va_symbols_ask(w->symbols, &as_seen, true);
}

/* --- the page and the way to it ------------------------------------------------------------------------------------------ */

static void note_bits(void *ctx, const struct vm_run_of_pages *run)
{
	*(unsigned *)ctx |= run->bits;
}

static bool asks_pages(const struct vm_place *w)
{
	return w->p->pid && w->in && w->in->zone != VA_ZONE_VSYSCALL;
}

static void find_page(struct vm_place *w, const struct vm_paging *paging)
{
	__u64 page = w->addr & ~(__u64)(PAGE - 1);

	if (!asks_pages(w))
		return;
	w->page = vm_pagemap_of(w->p->pid, (const void *)(uintptr_t)w->addr);
	w->scan = paging->scan;
	vm_paging_runs(paging, page, page + PAGE, note_bits, &w->bits);
	if (w->page.frame_known)
		w->frame = vm_frame_of(w->page.frame);
}

/* Is any page there, or in swap, in the reach of this entry? Large reaches are asked by smaps' sums. */
static bool any_below(const struct vm_place *w, const struct vm_paging *paging, __u64 lo, __u64 hi)
{
	const struct vm_regions *r = &w->p->regions;

	for (size_t i = vm_regions_lower(r, lo); i < r->count && r->region[i].start < hi; i++) {
		const struct vm_region *x = &r->region[i];
		__u64 from = x->start > lo ? x->start : lo, to = x->end < hi ? x->end : hi;
		unsigned bits = 0;

		if (x->measured && !x->kb.rss && !x->kb.swap)
			continue;
		if (from == x->start && to == x->end && x->measured)
			return true;
		if ((paging->scan || to - from <= 1u << 30) && x->zone != VA_ZONE_VSYSCALL)
			vm_paging_runs(paging, from, to, note_bits, &bits);
		if (bits)
			return true;
	}
	return false;
}

static bool any_region(const struct vm_place *w, __u64 lo, __u64 hi)
{
	size_t i = vm_regions_lower(&w->p->regions, lo);

	return i < w->p->regions.count && w->p->regions.region[i].start < hi;
}

static enum vm_entry_known last_known(const struct vm_place *w)
{
	if (!asks_pages(w))
		return w->in ? VM_ENTRY_UNKNOWN : VM_ENTRY_EMPTY;
	if (!w->page.known)
		return VM_ENTRY_UNKNOWN;
	return w->page.present ? VM_ENTRY_PAGE : w->page.swapped ? VM_ENTRY_SWAP : VM_ENTRY_ABSENT;
}

static enum vm_entry_known upper_known(const struct vm_place *w, const struct vm_paging *paging, unsigned level)
{
	__u64 size = 1ull << va_level_shift_in(level, w->levels), lo = w->addr & ~(size - 1), hi = lo + size;

	if (w->page.present || w->page.swapped)
		return VM_ENTRY_TABLE;
	if (!any_region(w, lo, hi))
		return VM_ENTRY_EMPTY;
	return w->p->pid && paging->fd >= 0 && any_below(w, paging, lo, hi) ? VM_ENTRY_TABLE : VM_ENTRY_UNKNOWN;
}

static void find_path(struct vm_place *w, const struct vm_paging *paging)
{
	bool huge = w->bits & VM_RUN_HUGE;

	if (w->addr >> (va_top_shift(w->levels) - 1))
		return; /* not of the user's half */
	for (unsigned level = 0; level < VMATLAS_LEVELS; level++) {
		struct vm_step s = {.level = level, .index = va_index_in(level, w->addr, w->levels)};

		if (level == 1 && w->levels == 4)
			continue;
		s.known = level == 4 ? huge ? VM_ENTRY_NONE : last_known(w) : level == 3 && huge ? VM_ENTRY_PAGE : upper_known(w, paging, level);
		w->step[w->steps++] = s;
	}
}

/* The kernel's own entries, in the place of what was concluded. */
static void ask_module(struct vm_place *w)
{
	struct va_known_walk known;

	w->module = w->p->pid ? vm_module_ask(w->p->pid) : (struct vm_module){.why = "a saved file has no page tables"};
	if (!w->module.mm || w->module.levels != w->levels)
		return;
	va_walk_known(w->module.mm, w->addr, w->levels, &known);
	for (unsigned i = 0; i < known.walk.steps; i++)
		for (unsigned k = 0; k < w->steps; k++)
			if (w->step[k].level == known.walk.step[i].level && known.slot[i].ts) {
				w->step[k].entry = known.walk.step[i].entry;
				w->step[k].told = true;
			}
}

/* --- what an access would do ---------------------------------------------------------------------------------------------- */

static __u64 stack_limit(pid_t pid)
{
	char path[64], line[256];
	__u64 limit = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/limits", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "Max stack size", 14))
			limit = strstr(line + 14, "unlimited") == line + 14 + strspn(line + 14, " ") ? ~0ull : strtoull(line + 14, NULL, 10);
	if (f)
		fclose(f);
	return limit;
}

static void expect_all(struct vm_place *w)
{
	struct va_expect_known known = {.stack_limit = w->p->pid ? stack_limit(w->p->pid) : 0};

	known.state = !w->page.known ? VA_STATE_UNKNOWN : w->page.present ? VA_STATE_DERIVED : w->page.swapped ? VA_STATE_SWAPPED : VA_STATE_ABSENT;
	known.page = (struct va_page){.certainty = VA_PAGE_DERIVED, .level = 4, .present = w->page.present};
	if (w->steps && w->step[w->steps - 1].told && w->step[w->steps - 1].level == 4 && va_entry_present(w->step[w->steps - 1].entry)) {
		known.page.entry = w->step[w->steps - 1].entry;
		known.page.certainty = VA_PAGE_SEEN;
		known.state = VA_STATE_SEEN;
	}
	for (int access = VA_ACCESS_READ; access <= VA_ACCESS_EXECUTE; access++)
		w->expect[access] = va_expect_knowing(vm_process_mm(w->p), w->levels, w->addr, (enum va_access)access, &known);
}

void vm_place_find(struct vm_place *w, const struct vm_process *p, __u64 addr)
{
	struct vm_paging paging = {.fd = -1};

	*w = (struct vm_place){.p = p, .addr = addr, .levels = vm_paging_levels()};
	find_region(w);
	find_symbol(w);
	if (p->pid)
		paging = vm_paging_open(p->pid);
	find_page(w, &paging);
	find_path(w, &paging);
	vm_paging_close(&paging);
	ask_module(w);
	expect_all(w);
}

void vm_place_free(struct vm_place *w)
{
	va_symbols_free(w->symbols);
	vm_module_free(&w->module);
	w->symbols = NULL;
}
