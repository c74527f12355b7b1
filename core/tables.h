/*
 * The page tables of one map as they stand: which are known to be there, what is in each, and the walk to one page. Known is a table whose entry some walk read,
 * or below which a page is. A table that no record has mentioned is not known: the kernel's own count (pgtable_bytes) says how many these are.
 *
 * Sources: free_pgtables() in mm/memory.c (a table goes when nothing is mapped in its whole reach), mm_pgtables_bytes() (PTE, PMD and PUD tables count; the PGD and
 * the P4Ds do not), pgtable_trans_huge_deposit() (each anonymous huge page holds a table in reserve, which counts).
 */
#ifndef VA_TABLES_H
#define VA_TABLES_H

#include "model.h"
#include "walk.h"

struct va_tables_count { /* by level of the table: 0 = PGD … 4 = PTE */
	__u64 seen[VMATLAS_LEVELS];    /* its entry was read by a walk */
	__u64 implied[VMATLAS_LEVELS]; /* something below it is known */
	__u64 huge[VMATLAS_LEVELS];    /* leaves of level 2 and 3 */
	__u64 reserve;                 /* tables held in reserve for anonymous huge pages */
	__u64 tables;                  /* all but the reserve */
	__u64 counted_bytes;           /* of them, what the kernel would count: with the reserve, without PGD and P4D */
	bool kernel_known;
	__u64 kernel_bytes;            /* as the kernel counted last (RANGE, MM_COUNTS) */
};

/* Costs the number of 2 MiB blocks in which something is known. */
void va_tables_count(const struct va_mm *mm, struct va_tables_count *out);

enum va_slot_kind {
	VA_SLOT_UNKNOWN,  /* never seen */
	VA_SLOT_EMPTY,    /* nothing is there: no mapping in its reach, or the entry was read as empty */
	VA_SLOT_TABLE,    /* leads to a table: the entry was read */
	VA_SLOT_IMPLIED,  /* leads to a table: something below is known, the entry was not read */
	VA_SLOT_PAGE,     /* a page */
	VA_SLOT_NOTE,     /* no page, but not empty: swap, migration … */
	VA_SLOT_KERNEL,   /* the kernel's half */
};

struct va_slot {
	__u8 kind;        /* enum va_slot_kind */
	__u8 certainty;   /* enum va_certainty, of pages */
	__u64 addr, size; /* its reach */
	__u64 entry;      /* 0 = not known, or empty */
	__u64 ts;         /* when it was known; 0 = never */
	__u64 pages;      /* of 4 KiB known to be there in its reach */
};

/* The first address of the table of this level that holds addr's entry; the bytes one entry of it covers. */
__u64 va_table_base(unsigned level, __u64 addr, unsigned levels);
__u64 va_slot_size(unsigned level, unsigned levels);
unsigned va_level_below(unsigned level, unsigned levels); /* leaves a folded P4D out; 4 stays 4 */
unsigned va_level_above(unsigned level, unsigned levels); /* 0 stays 0 */
const char *va_level_intel_name(unsigned level, unsigned levels); /* of the table: "PML4", "PDPT", "PD", "PT" */

void va_table_slots(const struct va_mm *mm, unsigned level, __u64 addr, unsigned levels, struct va_slot out[512]);
struct va_slot va_table_slot(const struct va_mm *mm, unsigned level, __u64 addr, unsigned levels);

/* The walk to addr as last known. */
struct va_known_walk {
	struct va_walk walk;
	struct va_slot slot[VMATLAS_LEVELS]; /* of walk.step[i] */
	struct va_page page;
};
void va_walk_known(const struct va_mm *mm, __u64 addr, unsigned levels, struct va_known_walk *out);

#endif
