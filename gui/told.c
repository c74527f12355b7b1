#include "told.h"

#include "layout.h"

static void tell_page(struct va_told *out, const struct va_look *look)
{
	out->addr = look->view->page;
	va_walk_known(look->mm, out->addr, look->header->levels, &out->known);
	out->walk = out->known.walk;
}

static void tell_fault(struct va_told *out, const struct va_look *look)
{
	unsigned levels = look->header->levels;
	struct va_step before;

	out->rec = &look->walk->rec;
	out->addr = out->rec->fault.addr;
	va_walk_after(&out->rec->fault, levels, &out->walk);
	out->kind = va_fault_kind(out->rec, levels);
	out->cow = out->kind == VA_FAULT_COW && va_walk_before(&out->rec->fault, levels, &before) && va_entry_present(before.entry);
	out->old_pfn = out->cow ? va_entry_pfn_at(before.level, before.entry, out->addr) : 0;
}

bool va_told(struct va_told *out, const struct va_look *look)
{
	*out = (struct va_told){.rules = va_entry_rules(look->header)};
	if (look->view->page && look->mm)
		tell_page(out, look);
	else if (look->walk->valid)
		tell_fault(out, look);
	else
		return false;
	return true;
}

float va_told_part(const struct va_told *told, const struct va_look *look, int step)
{
	return told->rec ? va_walk_show_part(look->walk, (unsigned)step, look->now) : 1;
}

const char *va_told_how(const struct va_told *told, unsigned i)
{
	if (told->rec)
		return "";
	switch (told->known.slot[i].kind) {
	case VA_SLOT_IMPLIED:
		return "a table is there: pages below it are known; the entry itself no record has told";
	case VA_SLOT_UNKNOWN:
		return "not known: no record has told what is there";
	case VA_SLOT_EMPTY:
		return "empty";
	case VA_SLOT_KERNEL:
		return "the kernel's half";
	default:
		return told->known.slot[i].certainty == VA_PAGE_DERIVED ? "follows from an event, the entry was not read" : "as read by the kernel module";
	}
}
