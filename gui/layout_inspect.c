/* The inspector: all facts of what is chosen. A mapping as smaps knows it; a page; a process; an event. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "inspect_parts.h"
#include "runs.h"
#include "vmflags.h"

static const char *access_words(__u64 flags)
{
	static const char *const words[] = {"no access", "read", "write", "read, write", "execute", "read, execute", "write, execute", "read, write, execute"};

	return words[flags & 7];
}

static const char *zone_words(enum va_zone zone)
{
	static const char *const words[VA_ZONES] = {
		[VA_ZONE_OTHER] = "not of a usual kind", [VA_ZONE_TEXT] = "text: code", [VA_ZONE_RODATA] = "rodata: read-only data",
		[VA_ZONE_DATA] = "data: variables with a first value from the file", [VA_ZONE_BSS] = "bss: variables that begin as zeros",
		[VA_ZONE_HEADERS] = "headers: ELF header and tables for the loader", [VA_ZONE_HEAP] = "heap: grown by brk", [VA_ZONE_STACK] = "stack of the first thread",
		[VA_ZONE_THREAD_STACK] = "stack of a thread, a guard below it", [VA_ZONE_ANON] = "anonymous memory", [VA_ZONE_FILE] = "a file's data",
		[VA_ZONE_SHARED] = "shared memory", [VA_ZONE_LIB] = "library", [VA_ZONE_VDSO] = "vdso: the kernel's code for programs",
		[VA_ZONE_VVAR] = "vvar: the kernel's data for programs", [VA_ZONE_VSYSCALL] = "vsyscall: the old gate page", [VA_ZONE_GUARD] = "guard: no access, so that an overflow is caught",
	};

	return words[zone];
}

const char *va_inspect_name(const struct va_look *look, const struct va_vma *vma, char *buf, size_t n)
{
	const char *name = va_vma_name(look->mm, vma, look->texts, look->header->rules, buf, n);

	return *name ? name : "(anonymous)";
}

static void flags_rows(struct va_sheet *s, __u64 flags)
{
	char letters[160], words[1024] = "";
	size_t at = 0;

	va_sheet_row(s, "VmFlags", va_vm_flags_letters(flags, letters, sizeof(letters)), VA_TEXT_MONO_SMALL, s->style->theme->text, 0);
	/* What the permissions say already is not said again. */
	for (size_t i = 0; i < va_vm_flag_count && at < sizeof(words); i++)
		if (flags & va_vm_flags[i].bit & ~0xffull)
			at += (size_t)snprintf(words + at, sizeof(words) - at, "%s%s", at ? "; " : "", va_vm_flags[i].words);
	if (*words)
		va_sheet_row(s, "", words, VA_TEXT_SMALL, s->style->theme->dim, 0);
}

static void file_rows(struct va_sheet *s, const struct va_look *look, const struct va_vma *vma)
{
	char name[4200], size[32];

	va_sheet_fact(s, "name", "%s", va_inspect_name(look, vma, name, sizeof(name)));
	if (!va_vma_has_file(vma))
		return;
	va_sheet_fact(s, "file", "offset 0x%llx, %s long; device %02x:%02x, inode %llu", vma->pgoff << 12,
		      va_words_size(size, sizeof(size), vma->file_size), vma->dev_major, vma->dev_minor, vma->inode);
}

struct split { /* of the pages that are there, in bytes */
	const struct va_mm *mm;
	__u64 anon, file, unknown;
};

static bool note_split(void *ctx, __u64 addr, const struct va_page *page)
{
	struct split *sum = ctx;
	__u64 size = va_level_size(page->level);

	if (page->certainty == VA_PAGE_UNKNOWN)
		return true;
	if (!page->entry)
		sum->unknown += size;
	else if (va_mm_page_written(sum->mm, page))
		sum->anon += size;
	else
		sum->file += size;
	return true;
}

/* A private page of a file that has been written to is a copy: anonymous, for the kernel. */
static void split_row(struct va_sheet *s, const struct va_look *look, const struct va_vma *vma)
{
	struct split sum = {.mm = look->mm};
	char a[32], b[32], c[32];

	if (vma->anon || vma->vm_flags & VA_VM_SHARED)
		return;
	va_mm_each_page(look->mm, vma->start, vma->end, note_split, &sum);
	va_sheet_fact(s, "Anonymous", "%s copied by writing, %s still the file's%s%s", va_words_size(a, sizeof(a), sum.anon), va_words_size(b, sizeof(b), sum.file),
		      sum.unknown ? ", not known of " : "", sum.unknown ? va_words_size(c, sizeof(c), sum.unknown) : "");
}

static void pages_rows(struct va_sheet *s, const struct va_look *look, const struct va_vma *vma)
{
	__u64 pages[VA_STATES], all = (vma->end - vma->start) >> 12, there;
	char a[32], b[32], c[32];

	va_runs_count(look->mm, vma->start, vma->end, pages);
	there = pages[VA_STATE_SEEN] + pages[VA_STATE_DERIVED];
	va_sheet_fact(s, "Rss", "%s: %s of %s pages", va_words_size(a, sizeof(a), there << 12), va_words_count(b, sizeof(b), there), va_words_count(c, sizeof(c), all));
	split_row(s, look, vma);
	if (pages[VA_STATE_UNKNOWN])
		va_sheet_fact(s, "not known", "of %s pages whether they are there", va_words_count(a, sizeof(a), pages[VA_STATE_UNKNOWN]));
	va_sheet_fact(s, "Swap", "%s", va_words_size(a, sizeof(a), pages[VA_STATE_SWAPPED] << 12));
	if (vma->vm_flags & VA_VM_LOCKED)
		va_sheet_fact(s, "Locked", "%s: stays in memory", va_words_size(a, sizeof(a), there << 12));
}

/* Frame numbers prove who has a page; what nobody who is watched has may still be somebody else's. */
void va_inspect_sharing(struct va_sheet *s, const struct va_look *look, bool page)
{
	const struct va_sharing *h = &look->inspect->sharing;
	char line[512] = "", n[32];
	size_t at = 0;

	if (!h->valid) {
		va_sheet_fact(s, "frames", "%s", "counted as soon as time stands still");
		return;
	}
	if (!page) {
		at += (size_t)snprintf(line, sizeof(line), "%s only here", va_words_size(n, sizeof(n), h->private << 12));
		if (h->shared)
			at += (size_t)snprintf(line + at, sizeof(line) - at, ", %s also in other processes", va_words_size(n, sizeof(n), h->shared << 12));
		if (h->zero)
			at += (size_t)snprintf(line + at, sizeof(line) - at, ", %s the page of zeros", va_words_size(n, sizeof(n), h->zero << 12));
		if (h->unknown)
			at += (size_t)snprintf(line + at, sizeof(line) - at, ", %s not known", va_words_size(n, sizeof(n), h->unknown << 12));
		va_sheet_fact(s, "frames", "%s", line);
	}
	for (unsigned i = 0; i < h->sharers && i < 6; i++) {
		const struct va_task *task = va_model_find_task(look->model, h->sharer[i].tgid);

		snprintf(line, sizeof(line), "%s (%u): %s page%s", task ? task->comm : "?", h->sharer[i].tgid, va_words_count(n, sizeof(n), h->sharer[i].pages),
			 h->sharer[i].pages == 1 ? "" : "s");
		va_sheet_link(s, i ? "" : "shared with", line, VA_ACT_PROCESS, h->sharer[i].tgid, false);
	}
	if (page && !h->sharers && (h->private || h->shared))
		va_sheet_fact(s, "shared with", "%s", "no other process that is watched");
}

static void neighbour(struct va_sheet *s, const struct va_look *look, const char *key, const struct va_vma *vma, __u64 gap)
{
	char name[4200], line[4300], size[32];

	if (!vma) {
		va_sheet_fact(s, key, "nothing: %s free", va_words_size(size, sizeof(size), gap));
		return;
	}
	if (gap)
		snprintf(line, sizeof(line), "%s free, then %s", va_words_size(size, sizeof(size), gap), va_words_basename(va_inspect_name(look, vma, name, sizeof(name))));
	else
		snprintf(line, sizeof(line), "at once %s", va_words_basename(va_inspect_name(look, vma, name, sizeof(name))));
	va_sheet_link(s, key, line, VA_ACT_FIND, vma->start, false);
}

void va_inspect_neighbours(struct va_sheet *s, const struct va_look *look, __u64 start, __u64 end)
{
	size_t i = va_mm_vma_lower(look->mm, end);
	const struct va_vma *above = i < va_mm_vma_count(look->mm) ? va_mm_vma(look->mm, i) : NULL, *below = NULL;
	__u64 top = 1ull << (va_top_shift(look->header->levels) - 1);

	i = start ? va_mm_vma_lower(look->mm, start) : 0;
	if (i && i <= va_mm_vma_count(look->mm))
		below = va_mm_vma(look->mm, i - 1);
	neighbour(s, look, "above", above && above->start < top ? above : NULL, (above && above->start < top ? above->start : top) - va_min64(end, top));
	neighbour(s, look, "below", below, start - (below ? below->end : 0));
}

static va_colour outcome_colour(const struct va_theme *t, const struct va_expect *e)
{
	switch (e->outcome) {
	case VA_WILL_SIGNAL:
		return t->bad;
	case VA_WILL_NOTHING:
		return t->good;
	case VA_WILL_ZERO_PAGE:
	case VA_WILL_DEMAND_ZERO:
	case VA_WILL_GROW:
		return t->zero;
	case VA_WILL_FILE:
	case VA_WILL_FILE_COPY:
		return t->map;
	case VA_WILL_COW:
		return t->cow;
	case VA_WILL_HUGE:
		return t->huge;
	default:
		return t->other;
	}
}

void va_inspect_expect(struct va_sheet *s, const struct va_look *look, __u64 addr)
{
	static const char *const keys[] = {"a read", "a write", "execution"};
	char title[96], words[512], at[32];

	snprintf(title, sizeof(title), "What would happen at %s", va_words_address(at, sizeof(at), addr));
	va_sheet_heading(s, title);
	for (int access = VA_ACCESS_READ; access <= VA_ACCESS_EXECUTE; access++) {
		struct va_expect e = va_expect(look->mm, look->header->levels, addr, (enum va_access)access);

		va_sheet_row(s, keys[access], va_expect_words(words, sizeof(words), &e, VA_EXPECT_RECORDS), VA_TEXT_SMALL, s->style->theme->text,
			     outcome_colour(s->style->theme, &e));
	}
}

static void mapping(struct va_sheet *s, const struct va_look *look, const struct va_vma *vma)
{
	char perms[5], size[32], title[4300], name[4200];
	bool lib;
	enum va_zone zone = va_zone_of(look->mm, vma, look->texts, look->objects, look->header->rules, &lib);

	snprintf(title, sizeof(title), "%s, %s", va_words_basename(va_inspect_name(look, vma, name, sizeof(name))), va_words_size(size, sizeof(size), vma->end - vma->start));
	va_sheet_heading(s, title);
	va_vma_perms(vma->vm_flags, perms);
	snprintf(title, sizeof(title), "%" PRIx64 "-%" PRIx64, (uint64_t)vma->start, (uint64_t)vma->end);
	va_sheet_row(s, "addresses", title, VA_TEXT_MONO, s->style->theme->text, 0);
	va_sheet_fact(s, "permissions", "%s: %s; %s", perms, access_words(vma->vm_flags), vma->vm_flags & VA_VM_MAYSHARE ? "shared" : "private");
	va_sheet_fact(s, "zone", "%s%s", zone_words(zone), lib ? ", of a library" : "");
	file_rows(s, look, vma);
	pages_rows(s, look, vma);
	va_inspect_sharing(s, look, false);
	flags_rows(s, vma->vm_flags);
	if (vma->stale)
		va_sheet_words(s, "Records were lost: this mapping may differ from the kernel's until its truth comes again.", s->style->theme->warn);
	va_inspect_neighbours(s, look, vma->start, vma->end);
}

static void gap(struct va_sheet *s, const struct va_look *look, __u64 addr)
{
	char at[32];

	va_sheet_heading(s, "No mapping");
	va_sheet_fact(s, "address", "%s", va_words_address(at, sizeof(at), addr));
	if (addr < 1ull << (va_top_shift(look->header->levels) - 1))
		va_inspect_neighbours(s, look, addr, addr);
}

static void hint(struct va_sheet *s, const struct va_look *look)
{
	if (!look->view->still && s->scene)
		va_sheet_words(s, "Ctrl C copies, Ctrl F searches, Esc goes back.", s->style->theme->dim);
}

static void sheet(struct va_sheet *s, const struct va_look *look)
{
	const struct va_inspect_view *chosen = &look->view->inspect;
	const struct va_vma *vma = look->mm ? va_mm_vma_at(look->mm, chosen->addr) : NULL;

	if (chosen->kind == VA_INSPECT_EVENT) {
		va_inspect_event(s, look);
	} else if (chosen->kind == VA_INSPECT_PROCESS || !look->mm) {
		va_inspect_process(s, look);
	} else {
		if (vma && chosen->kind == VA_INSPECT_PAGE)
			va_inspect_page(s, look, chosen->addr);
		if (vma)
			mapping(s, look, vma);
		else
			gap(s, look, chosen->addr);
		va_inspect_expect(s, look, chosen->addr);
		if (vma)
			va_inspect_past(s, look);
	}
	va_sheet_space(s);
	hint(s, look);
}

void va_layout_inspect(struct va_scene *s, struct va_rect r, const struct va_look *look)
{
	if (look->view->search.open)
		va_rect_cut_top(&r, va_layout_search(s, r, look));
	if (r.h > va_px(look->style, 20))
		va_sheet_layout(s, r, look, VA_SCROLL_STAGE, sheet);
}

void va_inspect_text(const struct va_look *look, char *buf, size_t n)
{
	struct va_sheet out = {.style = look->style, .r = va_rect(0, 0, 10000, 10000), .key_width = 100, .text = buf, .text_room = n};

	*buf = '\0';
	sheet(&out, look);
}
