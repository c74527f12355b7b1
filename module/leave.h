/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages that come, go or change without a fault of the task that has them: return probes on the functions that change entries. Each knows from
 * the arguments which mm and which range; when it is done, what stands there is told (sweep.h). Those that run under the write side
 * of the mmap lock are told when it is given back, behind the RANGE that says what is mapped there.
 *
 * Which function of mm/ changes what is the table in ARCHITECTURE.md, "Pages that leave".
 */
#ifndef VA_LEAVE_H
#define VA_LEAVE_H

#include <linux/kprobes.h>

/* Entries are removed or moved before our eyes: calls need not be guessed. Set where the hooks are attached. */
extern bool va_leave_sees_zap, va_leave_sees_huge_zap, va_leave_sees_move;

size_t va_leave_data_size(void);
int va_leave_return(struct kretprobe_instance *ri, struct pt_regs *regs);
int va_leave_return_ksm(struct kretprobe_instance *ri, struct pt_regs *regs);

/* By where the arguments are. */
int va_leave_zap(struct kretprobe_instance *ri, struct pt_regs *regs);       /* (tlb, vma, start, end) */
int va_leave_protect(struct kretprobe_instance *ri, struct pt_regs *regs);   /* change_protection() */
int va_leave_folio(struct kretprobe_instance *ri, struct pt_regs *regs);     /* (folio, vma, address) */
int va_leave_pmd(struct kretprobe_instance *ri, struct pt_regs *regs);       /* (mm, address): its 2 MiB */
int va_leave_collapse(struct kretprobe_instance *ri, struct pt_regs *regs);  /* the same, of another's map, without its lock at the end */
int va_leave_collapse_flush(struct kretprobe_instance *ri, struct pt_regs *regs); /* (vma, address): its 2 MiB */
int va_leave_split(struct kretprobe_instance *ri, struct pt_regs *regs);     /* (vma, pmd, address): its 2 MiB */
int va_leave_unuse(struct kretprobe_instance *ri, struct pt_regs *regs);     /* (vma, pmd, start, end) */
int va_leave_walk(struct kretprobe_instance *ri, struct pt_regs *regs);      /* (pmd, start, end, mm_walk) */
int va_leave_free(struct kretprobe_instance *ri, struct pt_regs *regs);      /* madvise_free_pte_range(), the same */
int va_leave_access(struct kretprobe_instance *ri, struct pt_regs *regs);    /* clear_refs_pte_range(), the same */
int va_leave_move(struct kretprobe_instance *ri, struct pt_regs *regs);      /* move_page_tables() */
int va_leave_insert(struct kretprobe_instance *ri, struct pt_regs *regs);    /* (vma, address): one page */
int va_leave_remap(struct kretprobe_instance *ri, struct pt_regs *regs);     /* (vma, address, pfn, size) */
int va_leave_insert_all(struct kretprobe_instance *ri, struct pt_regs *regs);/* (vma): all of it */
int va_leave_uffd3(struct kretprobe_instance *ri, struct pt_regs *regs);     /* (mm or context, start, length) */
int va_leave_uffd4(struct kretprobe_instance *ri, struct pt_regs *regs);     /* (mm or context, start, source, length) */
int va_leave_uffd_move(struct kretprobe_instance *ri, struct pt_regs *regs); /* move_pages(): both ranges */
int va_leave_uprobe(struct kretprobe_instance *ri, struct pt_regs *regs);    /* uprobe_write_opcode() */
int va_leave_ksm(struct kretprobe_instance *ri, struct pt_regs *regs);       /* try_to_merge_one_page(vma) */
int va_leave_ksm_address(struct kretprobe_instance *ri, struct pt_regs *regs);       /* page_address_in_vma() */
int va_leave_ksm_address_known(struct kretprobe_instance *ri, struct pt_regs *regs);

#endif
