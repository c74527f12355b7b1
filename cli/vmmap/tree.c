#include "tree.h"

#include <stdio.h>
#include <string.h>

#include "entry.h"
#include "units.h"

static const char *known_words(const struct vm_place *w, const struct vm_step *s, char *buf, size_t n)
{
	char frame[96];

	switch (s->known) {
	case VM_ENTRY_TABLE:
		return "leads to a table: a page in its reach is there";
	case VM_ENTRY_PAGE:
		if (w->page.frame_known)
			snprintf(buf, n, "frame 0x%llx, byte 0x%llx of it%s", w->page.frame, w->addr & 4095, s->level == 3 ? " (one page of 2 MB)" : "");
		else
			snprintf(buf, n, "a frame: its number is %s%s", vm_frame_text(&w->page, frame, sizeof(frame)), s->level == 3 ? " (one page of 2 MB)" : "");
		return buf;
	case VM_ENTRY_EMPTY:
		return "empty: no region in its reach";
	case VM_ENTRY_ABSENT:
		return "no page: the entry is empty, or there is not even a table for it";
	case VM_ENTRY_SWAP:
		return "not present: names a place in swap";
	default:
		return "not known: nothing in its reach is in RAM, so it may be empty";
	}
}

static const char *told_words(const struct vm_step *s, const struct vm_place *w, char *buf, size_t n)
{
	struct va_entry_rules rules = va_entry_rules(va_recording_header(w->module.recording));
	char bits[200];
	enum va_entry_use use = va_entry_use(s->level, s->entry, &rules);
	bool names_frame = use == VA_ENTRY_TABLE || use == VA_ENTRY_PAGE || use == VA_ENTRY_CLOSED;

	if (names_frame)
		snprintf(buf, n, "0x%016llx  %s, frame 0x%llx  %s", s->entry, va_entry_use_name(use), va_entry_pfn_at(s->level, s->entry, use == VA_ENTRY_TABLE ? 0 : w->addr),
			 va_entry_bits(bits, sizeof(bits), s->level, s->entry, &rules));
	else
		snprintf(buf, n, "0x%016llx  %s", s->entry, va_entry_use_name(use));
	return buf;
}

void vm_tree_path(const struct vm_place *w)
{
	char words[512];

	puts("  CR3");
	for (unsigned i = 0; i < w->steps; i++) {
		const struct vm_step *s = &w->step[i];

		if (s->known == VM_ENTRY_NONE && !s->told)
			break;
		printf("  %*s└─ %s[%u]  %s\n", (int)(i * 3), "", va_level_name(s->level), s->index,
		       s->told ? told_words(s, w, words, sizeof(words)) : known_words(w, s, words, sizeof(words)));
		if (s->known == VM_ENTRY_EMPTY)
			break;
	}
}
