/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages that come, go or change without a fault of the task that has them: the beginnings and returns of the functions that change entries. Each knows from
 * the arguments which mm and which range; when it is done, what stands there is told (sweep.h). Those that run under the write side
 * of the mmap lock are told when it is given back, behind the RANGE that says what is mapped there.
 *
 * Which function of mm/ changes what is the table in ARCHITECTURE.md, "Pages that leave".
 */
#ifndef VA_LEAVE_H
#define VA_LEAVE_H

#include "regs.h"

/* Entries are removed or moved before our eyes: calls need not be guessed. Set where the hooks are attached. */
extern bool va_leave_sees_zap, va_leave_sees_huge_zap, va_leave_sees_move;

size_t va_leave_data_size(void);
int va_leave_return(void *data, const struct va_regs *regs);
int va_leave_return_ksm(void *data, const struct va_regs *regs);

/* By where the arguments are. */
int va_leave_zap(void *data, const struct va_regs *regs);       /* (tlb, vma, start, end) */
int va_leave_protect(void *data, const struct va_regs *regs);   /* change_protection() */
int va_leave_folio(void *data, const struct va_regs *regs);     /* (folio, vma, address) */
int va_leave_pmd(void *data, const struct va_regs *regs);       /* (mm, address): its 2 MiB */
int va_leave_collapse(void *data, const struct va_regs *regs);  /* the same, of another's map, without its lock at the end */
int va_leave_collapse_flush(void *data, const struct va_regs *regs); /* (vma, address): its 2 MiB */
int va_leave_split(void *data, const struct va_regs *regs);     /* (vma, pmd, address): its 2 MiB */
int va_leave_unuse(void *data, const struct va_regs *regs);     /* (vma, pmd, start, end) */
int va_leave_walk(void *data, const struct va_regs *regs);      /* (pmd, start, end, mm_walk) */
int va_leave_free(void *data, const struct va_regs *regs);      /* madvise_free_pte_range(), the same */
int va_leave_access(void *data, const struct va_regs *regs);    /* clear_refs_pte_range(), the same */
int va_leave_move(void *data, const struct va_regs *regs);      /* move_page_tables() */
int va_leave_insert(void *data, const struct va_regs *regs);    /* (vma, address): one page */
int va_leave_remap(void *data, const struct va_regs *regs);     /* (vma, address, pfn, size) */
int va_leave_insert_all(void *data, const struct va_regs *regs);/* (vma): all of it */
int va_leave_uffd3(void *data, const struct va_regs *regs);     /* (mm or context, start, length) */
int va_leave_uffd4(void *data, const struct va_regs *regs);     /* (mm or context, start, source, length) */
int va_leave_uffd_move(void *data, const struct va_regs *regs); /* move_pages(): both ranges */
int va_leave_uprobe(void *data, const struct va_regs *regs);    /* uprobe_write_opcode() */
int va_leave_ksm(void *data, const struct va_regs *regs);       /* try_to_merge_one_page(vma) */
int va_leave_ksm_address(void *data, const struct va_regs *regs);       /* page_address_in_vma() */
int va_leave_ksm_address_known(void *data, const struct va_regs *regs);

#endif
