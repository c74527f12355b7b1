/* vmmap --detail ADDRESS: all about one address. What is where comes from place.c, the words are here. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "demo.h"
#include "group.h"
#include "output.h"
#include "place.h"
#include "tree.h"
#include "units.h"
#include "vmflags.h"

static const char *const access_names[] = {"read", "write", "execute"};

/* --- step 1: the region -------------------------------------------------------------------------------------------------- */

static const char *region_words(const struct vm_process *p, const struct vm_region *r, char *buf, size_t n)
{
	char perms[5], size[32], store[512];
	const char *file = vm_file_of(p, r), *words = vm_describe(p, r, store, sizeof(store));

	vm_perms_text(r, perms);
	snprintf(buf, n, "0x%llx-0x%llx %s %s %s%s%s", r->start, r->end, perms, vm_size(size, r->end - r->start), words, *file && *words ? ", " : "",
		 *file ? vm_basename(file) : *words ? "" : r->name);
	return buf;
}

static void print_neighbour(const struct vm_process *p, const char *key, const struct vm_region *r, __u64 gap)
{
	char line[5200], size[32], free_size[32], perms[5];

	if (!r) {
		vm_print_fact(key, "nothing");
		return;
	}
	vm_perms_text(r, perms);
	snprintf(line, sizeof(line), "%s%s 0x%llx-0x%llx %s %s %s %s", gap ? vm_size(free_size, gap) : "at once", gap ? " free, then" : "", r->start, r->end, perms,
		 vm_size(size, r->end - r->start), vm_flat_type(r), vm_basename(vm_file_of(p, r)));
	vm_print_fact(key, line);
}

static void print_neighbours(const struct vm_place *w)
{
	__u64 lo = w->in ? w->in->start : w->addr, hi = w->in ? w->in->end : w->addr;

	print_neighbour(w->p, "Above:", w->above, w->above ? w->above->start - hi : 0);
	print_neighbour(w->p, "Below:", w->below, w->below ? lo - w->below->end : 0);
}

static void print_flags(const struct vm_region *r)
{
	char words[2048] = "";
	size_t at = 0;

	if (!*r->flags)
		return;
	for (size_t i = 0; i < va_vm_flag_count && at < sizeof(words); i++)
		if (r->vm_flags & va_vm_flags[i].bit & ~0xffull) /* what the permissions say already is not said again */
			at += (size_t)snprintf(words + at, sizeof(words) - at, "%s%s: %s", at ? "; " : "", va_vm_flags[i].letters, va_vm_flags[i].words);
	vm_print_fact("VmFlags:", r->flags);
	if (at)
		vm_print_fact("", words);
}

static void print_backing(const struct vm_place *w)
{
	const struct vm_region *r = w->in;
	char line[5200], size[32];

	if (!r->inode && *r->name != '/') {
		vm_print_fact("Backing:", r->zone == VA_ZONE_VDSO || r->zone == VA_ZONE_VVAR || r->zone == VA_ZONE_VSYSCALL ? "the kernel's own pages"
											       : "none (anonymous): pages begin as zeros, and go to swap");
		return;
	}
	snprintf(line, sizeof(line), "%s; device %02x:%02x, inode %llu", r->name, r->dev_major, r->dev_minor, r->inode);
	vm_print_fact("Backing:", line);
	snprintf(line, sizeof(line), "0x%llx of the file here; the region begins at 0x%llx%s%s", r->offset + (w->addr - r->start), r->offset,
		 w->file_size == VM_SIZE_UNKNOWN ? "; the file's size is not known" : "; the file has ", w->file_size == VM_SIZE_UNKNOWN ? "" : vm_size(size, w->file_size));
	vm_print_fact("Offset:", line);
}

static void print_symbol(const struct vm_place *w)
{
	char line[5200], words[4600];

	if (!w->site.object) {
		if (w->site.path && !w->site.special)
			vm_print_fact("ELF:", w->vma && va_objects_find(w->p->objects, w->vma) ? "in no segment of the file: what fills its page" :
												"no ELF file, or it cannot be read here");
		return;
	}
	if (w->section)
		snprintf(line, sizeof(line), "section %.32s, 0x%llx from its beginning; linked at 0x%llx", w->section->name, w->site.linked - w->section->addr, w->site.linked);
	else
		snprintf(line, sizeof(line), "in no section; linked at 0x%llx", w->site.linked);
	vm_print_fact("ELF:", line);
	if (w->symbol.state == VA_SYMBOL_NONE)
		snprintf(words, sizeof(words), "none in the file's tables (stripped?)");
	else
		va_symbol_words(words, sizeof(words), &w->site, &w->symbol);
	vm_print_fact("Symbol:", words);
}

static void print_region(const struct vm_place *w)
{
	static const char *const rights[] = {"no access at all (PROT_NONE)", "read", "write", "read, write", "execute", "read, execute", "write, execute", "read, write, execute"};
	char words[1200];

	puts("Step 1: the region");
	if (!w->in) {
		vm_print_fact("Region:", "none: the address is in no region");
		print_neighbours(w);
		return;
	}
	vm_print_fact("Region:", region_words(w->p, w->in, words, sizeof(words)));
	snprintf(words, sizeof(words), "%s; %s", rights[w->in->perms & 7],
		 w->in->perms & VM_SHARED_MAP ? "shared: writes are seen by all who map it" : "private: writes are copied");
	vm_print_fact("Permissions:", words);
	print_flags(w->in);
	print_backing(w);
	print_symbol(w);
	print_neighbours(w);
}

/* --- step 2: the page ------------------------------------------------------------------------------------------------------ */

static void print_page(const struct vm_place *w)
{
	char words[600], frame[96], line[800];
	const struct vm_pagemap *m = &w->page;

	puts("\nStep 2: the page");
	if (!w->in || !w->p->pid || w->in->zone == VA_ZONE_VSYSCALL) {
		vm_print_fact("Resident:", !w->in ? "no: nothing can be there" : w->p->pid ? "the kernel's own, not in the process's tables" : "a saved file does not tell");
		return;
	}
	vm_print_fact("Resident:", !m->known ? "hidden: pagemap is for the owner of the process, and root"
			   : m->present ? "yes" : m->swapped ? "no: swapped out" : "no: no page is there yet, or it was given back");
	if (!m->present)
		return;
	vm_print_fact("Frame:", vm_frame_text(m, frame, sizeof(frame)));
	snprintf(line, sizeof(line), "%s%s, %s%s", w->bits & VM_RUN_ZERO ? "the shared page of zeros, " : "", m->file_or_shared ? "of a file or shared memory" : "anonymous",
		 m->exclusive ? "mapped only here" : "mapped elsewhere too", m->soft_dirty ? ", soft-dirty (written since that was cleared)" : "");
	vm_print_fact("Page:", line);
	vm_print_fact("Size:", !w->scan ? "4 KB, or part of a huge page: pagemap does not tell before Linux 6.7" : w->bits & VM_RUN_HUGE ? "2 MB: a huge page" : "4 KB");
	if (m->frame_known) {
		snprintf(line, sizeof(line), "mapped %llu time%s: %s", w->frame.mapped, w->frame.mapped == 1 ? "" : "s", vm_frame_words(&w->frame, words, sizeof(words)));
		vm_print_fact("", w->frame.known ? line : vm_frame_words(&w->frame, words, sizeof(words)));
	}
}

/* --- steps 3 and 4 ---------------------------------------------------------------------------------------------------------- */

static void print_path(const struct vm_place *w)
{
	char words[600];

	printf("\nStep 3: the way through the page tables (%u levels)\n", w->levels);
	if (!w->steps) {
		vm_print_fact("Path:", "not through this process's half of the tables");
		return;
	}
	vm_tree_path(w);
	if (w->module.mm) {
		vm_print_fact("Entries:", "numbers are the kernel's own, read by the module. It reads those of the tables above when a fault walks through them: 'vmatlas attach' "
					  "shows these");
	} else {
		snprintf(words, sizeof(words), "indices are computed from the address; what is there follows from pagemap. The entries themselves (frame, R/W, U/S, NX, "
			 "accessed, dirty at each level) the module would add: %s", w->module.why ? w->module.why : "it did not answer");
		vm_print_fact("Entries:", words);
	}
}

static void print_expect(const struct vm_place *w)
{
	char words[900], key[24];

	puts("\nStep 4: what an access would do, now");
	for (int access = VA_ACCESS_READ; access <= VA_ACCESS_EXECUTE; access++) {
		snprintf(key, sizeof(key), "%s:", access_names[access]);
		key[0] = (char)(key[0] - 32);
		vm_print_fact(key, va_expect_words(words, sizeof(words), &w->expect[access], VA_EXPECT_PROC));
	}
}

/* --- JSON ------------------------------------------------------------------------------------------------------------------- */

static void json_region(struct va_json *j, const char *key, const struct vm_process *p, const struct vm_region *r, __u64 distance)
{
	char store[512], perms[5];

	if (!r) {
		va_json_null(j, key);
		return;
	}
	vm_perms_text(r, perms);
	va_json_object(j, key);
	va_json_hex(j, "start", r->start);
	va_json_hex(j, "end", r->end);
	va_json_string(j, "perms", perms);
	va_json_string(j, "name", r->name);
	va_json_string(j, "zone", va_zone_name(r->zone));
	va_json_string(j, "description", vm_describe(p, r, store, sizeof(store)));
	va_json_u64(j, "distance", distance);
	va_json_end_object(j);
}

static void json_file(struct va_json *j, const struct vm_place *w)
{
	if (w->in && (w->in->inode || *w->in->name == '/'))
		va_json_u64(j, "file_offset", w->in->offset + (w->addr - w->in->start));
	else
		va_json_null(j, "file_offset");
	va_json_string(j, "section", w->section ? w->section->name : NULL);
	if (!w->site.object) {
		va_json_null(j, "symbol");
		return;
	}
	va_json_object(j, "symbol");
	va_json_string(j, "state", va_symbol_state_name(w->symbol.state));
	va_json_hex(j, "linked", w->site.linked);
	va_json_string(j, "name", w->symbol.state == VA_SYMBOL_FOUND ? w->symbol.function : NULL);
	va_json_u64(j, "offset", w->symbol.offset);
	va_json_string(j, "source", w->symbol.source);
	va_json_u64(j, "line", w->symbol.line);
	va_json_end_object(j);
}

static void json_page(struct va_json *j, const struct vm_place *w)
{
	if (!w->page.known) {
		va_json_null(j, "page");
		return;
	}
	va_json_object(j, "page");
	va_json_string(j, "state", w->page.present ? "present" : w->page.swapped ? "swapped" : "absent");
	if (w->page.frame_known)
		va_json_hex(j, "frame", w->page.frame);
	else
		va_json_null(j, "frame");
	va_json_bool(j, "file_or_shared", w->page.file_or_shared);
	va_json_bool(j, "exclusive", w->page.exclusive);
	va_json_bool(j, "soft_dirty", w->page.soft_dirty);
	if (w->scan && w->page.present) {
		va_json_bool(j, "huge", w->bits & VM_RUN_HUGE);
		va_json_bool(j, "zero", w->bits & VM_RUN_ZERO);
	}
	va_json_end_object(j);
}

static void json_path(struct va_json *j, const struct vm_place *w)
{
	va_json_u64(j, "levels", w->levels);
	va_json_string(j, "source", w->module.mm ? "module" : "pagemap");
	va_json_array(j, "path");
	for (unsigned i = 0; i < w->steps; i++) {
		va_json_object(j, NULL);
		va_json_string(j, "level", va_level_name(w->step[i].level));
		va_json_u64(j, "index", w->step[i].index);
		va_json_string(j, "known", vm_entry_known_name(w->step[i].known));
		if (w->step[i].told)
			va_json_hex(j, "entry", w->step[i].entry);
		else
			va_json_null(j, "entry");
		va_json_end_object(j);
	}
	va_json_end_array(j);
}

static void json_expect(struct va_json *j, const struct vm_place *w)
{
	char words[900];

	va_json_object(j, "access");
	for (int access = VA_ACCESS_READ; access <= VA_ACCESS_EXECUTE; access++) {
		const struct va_expect *e = &w->expect[access];

		va_json_object(j, access_names[access]);
		va_json_string(j, "outcome", va_outcome_name(e->outcome));
		va_json_string(j, "signal", e->outcome != VA_WILL_SIGNAL ? NULL : e->signal == SIGBUS ? "SIGBUS" : "SIGSEGV");
		if (e->outcome == VA_WILL_SIGNAL)
			va_json_s64(j, "si_code", e->si_code);
		else
			va_json_null(j, "si_code");
		va_json_bool(j, "sure", !e->unsure);
		va_json_string(j, "words", va_expect_words(words, sizeof(words), e, VA_EXPECT_PROC));
		va_json_end_object(j);
	}
	va_json_end_object(j);
}

static void as_json(const struct vm_place *w)
{
	struct va_json j = {0};
	__u64 lo = w->in ? w->in->start : w->addr, hi = w->in ? w->in->end : w->addr;

	va_json_object(&j, NULL);
	va_json_u64(&j, "pid", (__u64)w->p->pid);
	va_json_string(&j, "comm", w->p->comm);
	va_json_hex(&j, "address", w->addr);
	json_region(&j, "region", w->p, w->in, 0);
	json_region(&j, "below", w->p, w->below, w->below ? lo - w->below->end : 0);
	json_region(&j, "above", w->p, w->above, w->above ? w->above->start - hi : 0);
	json_file(&j, w);
	json_page(&j, w);
	json_path(&j, w);
	json_expect(&j, w);
	va_json_end_object(&j);
	vm_json_end(&j);
}

int vm_mode_detail(struct vm_process *p, __u64 addr, bool json)
{
	struct vm_place *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	vm_place_find(w, p, addr);
	if (json) {
		as_json(w);
	} else {
		if (p->pid)
			printf("=== ADDRESS 0x%llx (PID %d, %s) ===\n", addr, (int)p->pid, p->name);
		else
			printf("=== ADDRESS 0x%llx (%s) ===\n", addr, p->source);
		print_region(w);
		print_page(w);
		print_path(w);
		print_expect(w);
		puts("\n=== END ADDRESS ===");
	}
	vm_place_free(w);
	free(w);
	return VM_EXIT_OK;
}
