/* One address: in what it lies, what is beside it, which byte of which file and which symbol that is, and whether a page is there. */
#ifndef VM_PLACE_H
#define VM_PLACE_H

#include "expect.h"
#include "frames.h"
#include "module.h"
#include "paging.h"
#include "process.h"
#include "self.h"
#include "symbols.h"
#include "tables.h"

/* What is known of the entry at one level on the way to the page. */
enum vm_entry_known {
	VM_ENTRY_UNKNOWN,
	VM_ENTRY_EMPTY,  /* nothing can be below: no region in its reach */
	VM_ENTRY_TABLE,  /* leads to a table: a page below it is there */
	VM_ENTRY_PAGE,   /* a page */
	VM_ENTRY_ABSENT, /* no page (empty, or there is not even a table to hold it) */
	VM_ENTRY_SWAP,   /* a place in swap */
	VM_ENTRY_NONE,   /* the walk ended above: a huge page */
};

struct vm_step {
	unsigned level, index;
	enum vm_entry_known known;
	__u64 entry; /* told by the module; 0 = not */
	bool told;
};

struct vm_place {
	const struct vm_process *p;
	__u64 addr;
	unsigned levels;
	const struct vm_region *in, *below, *above; /* NULL = none */
	const struct va_vma *vma;                   /* of `in`; NULL = none */
	__u64 file_size;                            /* VM_SIZE_UNKNOWN = not known */
	struct va_site site;                        /* in a mapped file, bss too */
	char path[4200];                            /* the file as this process sees it */
	const struct vmatlas_section *section;      /* NULL = in none, or not known */
	struct va_symbol symbol;
	struct va_symbols *symbols;                 /* owned: holds the symbol's strings */
	struct vm_pagemap page;
	unsigned bits;                              /* enum vm_run_bits of the page; ZERO and HUGE only with `scan` */
	bool scan;
	struct vm_frame frame;
	struct vm_step step[VMATLAS_LEVELS];        /* top first */
	unsigned steps;
	struct vm_module module;
	struct va_expect expect[3];                 /* by enum va_access */
};

/* Tells what can be told; never fails. */
void vm_place_find(struct vm_place *w, const struct vm_process *p, __u64 addr);
void vm_place_free(struct vm_place *w);

const char *vm_entry_known_name(enum vm_entry_known known); /* "table" … as in JSON */

#endif
