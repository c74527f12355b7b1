/* vmmap --pagemap ADDRESS[-END]: page by page what pagemap, kpageflags and kpagecount say. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "frames.h"
#include "group.h"
#include "output.h"
#include "modes.h"
#include "self.h"
#include "units.h"

#define PAGE 4096u
#define MOST 1048576u /* pages in one answer: 4 GiB of addresses */

static const char *state_of(const struct vm_pagemap *m)
{
	return !m->known ? "not known" : m->present ? "present" : m->swapped ? "swapped" : "absent";
}

static void print_page(__u64 addr, const struct vm_pagemap *m)
{
	struct vm_frame f = m->frame_known ? vm_frame_of(m->frame) : (struct vm_frame){0};
	char frame[96], words[400], line[500];

	printf("0x%012llx  %-9s", addr, state_of(m));
	if (!m->present) {
		putchar('\n');
		return;
	}
	printf("  frame %-10s  %s, %s%s\n", m->frame_known ? vm_frame_text(m, frame, sizeof(frame)) : "hidden", m->file_or_shared ? "file or shared memory" : "anonymous",
	       m->exclusive ? "mapped only here" : "mapped elsewhere too", m->soft_dirty ? ", soft-dirty" : "");
	if (!m->frame_known)
		return;
	snprintf(line, sizeof(line), "mapped %llu time%s: %s", f.mapped, f.mapped == 1 ? "" : "s", vm_frame_words(&f, words, sizeof(words)));
	vm_print_fact("", f.known ? line : words);
}

static void json_page(struct va_json *j, __u64 addr, const struct vm_pagemap *m)
{
	struct vm_frame f = m->frame_known ? vm_frame_of(m->frame) : (struct vm_frame){0};
	char words[400];

	va_json_object(j, NULL);
	va_json_hex(j, "addr", addr);
	va_json_string(j, "state", state_of(m));
	if (m->frame_known)
		va_json_hex(j, "frame", m->frame);
	else
		va_json_null(j, "frame");
	va_json_bool(j, "file_or_shared", m->file_or_shared);
	va_json_bool(j, "exclusive", m->exclusive);
	va_json_bool(j, "soft_dirty", m->soft_dirty);
	if (f.known) {
		va_json_u64(j, "mapped", f.mapped);
		va_json_hex(j, "kpageflags", f.flags);
		va_json_string(j, "flags", vm_frame_words(&f, words, sizeof(words)));
	}
	va_json_end_object(j);
}

static void say_where(const struct vm_process *p, __u64 lo)
{
	const struct vm_region *r = vm_regions_at(&p->regions, lo);
	char perms[5], words[1024];

	if (!r) {
		printf("0x%llx is in no region: nothing can be there\n", lo);
		return;
	}
	vm_perms_text(r, perms);
	printf("in 0x%llx-0x%llx %s %s %s\n\n", r->start, r->end, perms, vm_flat_type(r), vm_describe(p, r, words, sizeof(words)));
}

int vm_mode_pagemap(struct vm_process *p, __u64 lo, __u64 hi, bool json)
{
	struct va_json j = {0};

	lo &= ~(__u64)(PAGE - 1);
	hi = (hi + PAGE - 1) & ~(__u64)(PAGE - 1);
	if (hi <= lo || (hi - lo) / PAGE > MOST) {
		fprintf(stderr, "vmmap: --pagemap takes ADDRESS, or ADDRESS-END with END above ADDRESS and at most 4 GiB away\n");
		return VM_EXIT_USAGE;
	}
	if (!json) {
		printf("=== PAGES OF PID %d ===\n", (int)p->pid);
		say_where(p, lo);
	} else {
		va_json_array(&j, NULL);
	}
	for (__u64 at = lo; at < hi; at += PAGE) {
		struct vm_pagemap m = vm_pagemap_of(p->pid, (const void *)(uintptr_t)at);

		if (json) {
			json_page(&j, at, &m);
			vm_json_flush(&j);
		} else {
			print_page(at, &m);
		}
	}
	if (json) {
		va_json_end_array(&j);
		vm_json_end(&j);
	} else {
		puts("=== END PAGES ===");
	}
	return VM_EXIT_OK;
}
