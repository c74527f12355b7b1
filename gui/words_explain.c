#include "words_explain.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "maps.h"

#define ERROR_USER 4u

/* A step more; its text is then written. */
static char *add(struct va_explanation *e, const char *label)
{
	e->step[e->steps].label = label;
	return e->step[e->steps++].text;
}
#define TEXT_SIZE sizeof(((struct va_explain_step *)0)->text)

static const char *access_of(const struct vmatlas_record *rec)
{
	if (rec->head.flags & VMATLAS_F_INSTR)
		return "fetch an instruction from";
	return rec->head.flags & VMATLAS_F_WRITE ? "write to" : "read from";
}

static void access_step(struct va_explanation *e, const struct vmatlas_record *rec)
{
	char addr[32], ip[32];
	char *text = add(e, "Access");

	va_words_address(addr, sizeof(addr), rec->fault.addr);
	va_words_address(ip, sizeof(ip), rec->fault.ip);
	if (rec->head.flags & VMATLAS_F_GUP)
		snprintf(text, TEXT_SIZE, "The kernel needs the page at %s itself, to %s it on the program's behalf (get_user_pages). It looks before it accesses.", addr,
			 rec->head.flags & VMATLAS_F_WRITE ? "write to" : "read from");
	else if (rec->head.flags & VMATLAS_F_KERNEL)
		snprintf(text, TEXT_SIZE, "In a system call%s%s, the kernel wants to %s %s, an address of the program.", rec->fault.ip ? " made at " : "", rec->fault.ip ? ip : "",
			 access_of(rec), addr);
	else
		snprintf(text, TEXT_SIZE, "The instruction at %s wants to %s %s.", ip, access_of(rec), addr);
}

static void error_step(struct va_explanation *e, const struct vmatlas_record *rec, unsigned levels)
{
	char *text = add(e, rec->head.flags & VMATLAS_F_GUP ? "No exception" : "CR2, error code");
	struct va_step before;
	char where[64] = "";

	if (va_walk_before(&rec->fault, levels, &before))
		snprintf(where, sizeof(where), "stops at entry %u of the %s", before.index, va_level_name(before.level));
	else
		snprintf(where, sizeof(where), "finds nothing");
	if (rec->head.flags & VMATLAS_F_GUP)
		snprintf(text, TEXT_SIZE, "The walk through the tables %s. The processor was not asked, so there is no CR2 and no error code.", where);
	else
		snprintf(text, TEXT_SIZE, "The processor's walk %s. It puts the address into CR2, error code 0x%x on the kernel's stack (%s, %s mode, %s), and enters the kernel.", where,
			 rec->fault.error, rec->head.flags & VMATLAS_F_INSTR ? "instruction fetch" : rec->head.flags & VMATLAS_F_WRITE ? "write" : "read",
			 rec->fault.error & ERROR_USER ? "user" : "kernel", rec->fault.error & 1 ? "an entry is there but forbids it" : "no present entry");
}

static void vma_step(struct va_explanation *e, const struct vmatlas_record *rec, const struct va_vma *vma, const char *name)
{
	char *text = add(e, "VMA"), size[32], start[32], perms[5];
	__u64 from = vma ? vma->start : rec->fault.vma_start, to = vma ? vma->end : rec->fault.vma_end;

	if (!from && !to) {
		snprintf(text, TEXT_SIZE, "The kernel looks for the VMA that holds the address. There is none.");
		return;
	}
	va_words_address(start, sizeof(start), from);
	va_words_size(size, sizeof(size), to - from);
	if (!vma) {
		snprintf(text, TEXT_SIZE, "The kernel looks for the VMA that holds the address, and finds that of %s at %s.", size, start);
		return;
	}
	va_vma_perms(vma->vm_flags, perms);
	snprintf(text, TEXT_SIZE, "The kernel looks for the VMA that holds the address: %.80s, %s, %s at %s.", name && *name ? va_words_basename(name) : vma->anon ? "anonymous memory" : "a file",
		 perms, size, start);
}

static bool no_vma(const struct vmatlas_record *rec, const struct va_vma *vma)
{
	return !vma && !rec->fault.vma_start && !rec->fault.vma_end;
}

static void allowed_step(struct va_explanation *e, const struct vmatlas_record *rec, enum va_fault_kind kind, const struct va_mm *mm)
{
	char *text = add(e, "Allowed?");
	const char *what = rec->head.flags & VMATLAS_F_INSTR ? "Executing" : rec->head.flags & VMATLAS_F_WRITE ? "Writing" : "Reading";

	if (kind == VA_FAULT_BAD)
		snprintf(text, TEXT_SIZE, "No: %s.", va_bad_reason_words(va_words_bad_reason(rec, mm)));
	else
		snprintf(text, TEXT_SIZE, "%s is allowed by the VMA: the fault is no error, the kernel has only not entered the page yet, or not for this.", what);
}

static const char *frame_words(const struct vmatlas_record *rec, enum va_fault_kind kind)
{
	bool major = va_fault_major(rec);

	switch (kind) {
	case VA_FAULT_DEMAND_ZERO:
		return rec->head.flags & VMATLAS_F_ZERO_PAGE ? "The zero page: one frame full of zeros that all share, read-only, until somebody writes." :
							       "A new one: taken from the free ones, filled with zeros so that nobody sees what others left.";
	case VA_FAULT_FILE:
		return major ? "From the page cache, after the file has been read into it from the disk." : "From the page cache: the file's page is in memory already.";
	case VA_FAULT_COW:
		return "A copy: others see the old frame too, so its contents go into a new one.";
	case VA_FAULT_REUSE:
		return "The same as before: no copy is needed, this entry may have it for writing.";
	case VA_FAULT_SWAP_IN:
		return major ? "A new one, into which the page is read back from swap." : "The old one: it was on its way to swap, and is still in memory (swap cache).";
	case VA_FAULT_HUGE:
		return rec->head.flags & VMATLAS_F_HUGETLB ? "512 or more in a row, of those kept in reserve for huge pages." : "512 in a row, 2 MiB, aligned: a huge page.";
	case VA_FAULT_NUMA_HINT:
		return "It is there: the kernel had closed the entry only to see which node uses the page; it may have moved it nearer.";
	case VA_FAULT_UNSHARE:
		return "A copy: what the kernel holds on to must not change when the others write.";
	case VA_FAULT_SPURIOUS:
		return "It is there already: another CPU was faster, or an old translation was still in the TLB.";
	default:
		return "The kernel found it in a way that fits none of the usual kinds (a page that was being moved, for example).";
	}
}

static void frame_step(struct va_explanation *e, const struct vmatlas_record *rec, enum va_fault_kind kind, const struct va_walk *after)
{
	char *text = add(e, "Frame");

	if (after->complete && after->pfn)
		snprintf(text, TEXT_SIZE, "%s It is frame 0x%" PRIx64 ".", frame_words(rec, kind), (uint64_t)after->pfn);
	else
		snprintf(text, TEXT_SIZE, "%s", frame_words(rec, kind));
}

/* ", after 2 new tables (PMD, PTE)" */
static void say_new_tables(char *buf, size_t n, const struct va_walk *walk)
{
	char names[64] = "";
	int count = 0;

	for (unsigned i = 0; i < walk->steps; i++)
		if (walk->step[i].allocated) {
			size_t at = strlen(names);

			snprintf(names + at, sizeof(names) - at, "%s%s", count++ ? ", " : "", va_level_name(walk->step[i].level));
		}
	*buf = '\0';
	if (count)
		snprintf(buf, n, "%s table%s (%s) had to be made first. ", count == 1 ? "A" : "New", count == 1 ? "" : "s", names);
}

static void entry_step(struct va_explanation *e, const struct vmatlas_record *rec, enum va_fault_kind kind, const struct va_walk *after)
{
	const struct va_step *leaf = after->steps ? &after->step[after->steps - 1] : NULL;
	int around = rec->fault.around ? __builtin_popcount(rec->fault.around) - 1 : 0;
	char *text = add(e, "Entry"), tables[128], more[64] = "";

	say_new_tables(tables, sizeof(tables), after);
	if (around > 0)
		snprintf(more, sizeof(more), " %d neighbours with it (fault-around).", around);
	if (!leaf || !after->complete)
		snprintf(text, TEXT_SIZE, "%sWhat it says afterwards was not read.", tables);
	else if (kind == VA_FAULT_SPURIOUS)
		snprintf(text, TEXT_SIZE, "Entry %u of the %s is right as it is.", leaf->index, va_level_name(leaf->level));
	else
		snprintf(text, TEXT_SIZE, "%sEntry %u of the %s is set: present, %s%s, %s.%s", tables, leaf->index, va_level_name(leaf->level),
			 va_entry_writable(leaf->entry) ? "writable" : "read-only", leaf->entry & 1ull << 6 ? ", dirty" : "", leaf->entry >> 63 ? "not for execution" : "may be executed", more);
}

static const char *signal_words(const struct vmatlas_fault *f)
{
	return f->signal == SIGBUS ? "SIGBUS" : f->signal == SIGSEGV ? f->si_code == SEGV_MAPERR ? "SIGSEGV (SEGV_MAPERR)" : f->si_code == SEGV_ACCERR ? "SIGSEGV (SEGV_ACCERR)" : "SIGSEGV" : NULL;
}

static void end_step(struct va_explanation *e, const struct vmatlas_record *rec, enum va_fault_kind kind)
{
	const char *name = signal_words(&rec->fault);

	if (kind == VA_FAULT_BAD && rec->fault.signal)
		snprintf(add(e, "Signal"), TEXT_SIZE, "The kernel sends %s: a handler of the program is called, or the process ends.", name ? name : "a signal");
	else if (kind == VA_FAULT_BAD)
		snprintf(add(e, "Error"), TEXT_SIZE, "The access was the kernel's own, so there is no signal: the system call returns an error (EFAULT).");
	else if (rec->head.flags & VMATLAS_F_GUP)
		snprintf(add(e, "Go on"), TEXT_SIZE, "The kernel has the frame and goes on with what it was asked to do.");
	else if (rec->head.flags & VMATLAS_F_KERNEL)
		snprintf(add(e, "Retry"), TEXT_SIZE, "The kernel's instruction is executed again, now with success; the system call goes on.");
	else
		snprintf(add(e, "Retry"), TEXT_SIZE, "Back in user mode the same instruction is executed again. This time the walk ends at a frame: the program has noticed nothing.");
}

static void explain_fault(struct va_explanation *e, const struct vmatlas_record *rec, unsigned levels, const struct va_mm *mm, const char *name)
{
	enum va_fault_kind kind = va_fault_kind(rec, levels);
	const struct va_vma *vma = mm ? va_mm_vma_at(mm, rec->fault.addr) : NULL;
	struct va_walk after;

	va_walk_after(&rec->fault, levels, &after);
	e->fault = true;
	snprintf(e->title, sizeof(e->title), "Page fault: %s", va_words_kind(kind));
	access_step(e, rec);
	error_step(e, rec, levels);
	vma_step(e, rec, vma, name);
	if (!no_vma(rec, vma))
		allowed_step(e, rec, kind, mm);
	if (kind != VA_FAULT_BAD) {
		frame_step(e, rec, kind, &after);
		entry_step(e, rec, kind, &after);
	}
	end_step(e, rec, kind);
}

static void explain_call(struct va_explanation *e, const struct vmatlas_record *rec)
{
	const char *meaning = va_words_call_meaning(rec->op.nr);
	char *text = add(e, "Call");

	va_words_op(e->title, sizeof(e->title), &rec->op);
	snprintf(text, TEXT_SIZE, "%s%s", meaning ? meaning : "A system call that may change the map.",
		 rec->head.flags & VMATLAS_F_NO_RESULT ? " It has not returned." : rec->op.result < 0 && rec->op.result > -4096 ? " This time it failed, and nothing has changed, or only in part." : "");
}

static void explain_other(struct va_explanation *e, const struct vmatlas_record *rec, unsigned levels, const struct va_model *model)
{
	char *text = add(e, "Event");

	va_words_event(e->title, sizeof(e->title), rec, levels, model);
	switch (rec->head.type) {
	case VMATLAS_FORK:
		snprintf(text, TEXT_SIZE, "%s", rec->fork.child_mm == rec->head.mm && rec->head.mm ?
			 "A new thread (or a vfork's child): it uses the same map, the same tables, the same CR3." :
			 "A new process. It gets a copy of the map and of the page tables; frames are shared, and entries of private memory read-only in both, until one of the two writes.");
		break;
	case VMATLAS_EXEC:
		snprintf(text, TEXT_SIZE, "The process gets an empty map with a new stack, into which the program and its loader are mapped. Nothing of the old map is left.");
		break;
	case VMATLAS_EXIT:
		snprintf(text, TEXT_SIZE, "%s", rec->head.flags & VMATLAS_F_GROUP ? "The process ends: its map is taken down, and frames that nobody else uses are free again." :
			 "One thread ends; the map stays, the others go on.");
		break;
	case VMATLAS_MARK:
		snprintf(text, TEXT_SIZE, "The program itself wrote this caption at this moment.");
		break;
	case VMATLAS_LOSS:
		snprintf(text, TEXT_SIZE, "Buffers were full, so the kernel module had to drop these. What may have changed meanwhile is drawn as not known until it is told again.");
		break;
	default:
		snprintf(text, TEXT_SIZE, "The kernel tells what the map, or a part of it, looks like now.");
	}
}

void va_words_explain(struct va_explanation *e, const struct vmatlas_record *rec, unsigned levels, const struct va_model *model, const struct va_mm *mm, const char *vma_name)
{
	memset(e, 0, sizeof(*e));
	if (rec->head.type == VMATLAS_FAULT)
		explain_fault(e, rec, levels, mm, vma_name);
	else if (rec->head.type == VMATLAS_OP)
		explain_call(e, rec);
	else
		explain_other(e, rec, levels, model);
}
