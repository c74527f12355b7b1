/*
 * One page-table entry, bit by bit: what the processor reads in it, and what the kernel means by it where the processor reads nothing (P = 0).
 *
 * Sources: Intel SDM vol. 3, tables 4-14 to 4-20 (hardware bits, protection keys); arch/x86/include/asm/pgtable_types.h (software bits: special,
 * userfaultfd, soft-dirty; saved-dirty is bit 58 from 6.6 on, device mappings 58 before and 57 since);
 * pgtable_64.h (an entry that is not present: type in 59..63, the offset inverted in 9..58); include/linux/swap.h, swapops.h (what the types mean).
 *
 * The types above the swap files are numbered by the kernel's configuration. Where that is known (Debian's kernels: no private device memory) they are
 * decoded, else only what holds everywhere is said: below 22 a place in swap, 31 a marker from 6.3 on.
 */
#ifndef VA_ENTRY_H
#define VA_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "vmatlas/stream.h"

enum va_entry_use {
	VA_ENTRY_EMPTY,     /* 0: nothing */
	VA_ENTRY_TABLE,     /* leads to the next table */
	VA_ENTRY_PAGE,      /* maps a page */
	VA_ENTRY_CLOSED,    /* a page the processor may not use: PROT_NONE, or closed to see which NUMA node comes */
	VA_ENTRY_SPLITTING, /* a huge page, closed for the moment it is split */
	VA_ENTRY_SWAP,      /* a place in swap */
	VA_ENTRY_MIGRATION, /* its frame is being moved: whoever comes waits */
	VA_ENTRY_POISON,    /* its frame is broken (hwpoison) */
	VA_ENTRY_MARKER,    /* no page, but a note about it: write-protected by userfaultfd, poisoned by it or by a failed swap-in, a guard */
	VA_ENTRY_ERROR,     /* could not be read back from swap */
	VA_ENTRY_OTHER,     /* migration, poison, device memory or a marker: which, only the kernel's configuration tells */
	VA_ENTRY_USES
};

/* What must be known of the kernel to read its entries. */
struct va_entry_rules {
	unsigned version;     /* 601 = 6.1; 0 = not known */
	unsigned levels;      /* 4 or 5 */
	unsigned swap_files;  /* types below are swap files, from there on others; 0 = not known */
};

struct va_entry_rules va_entry_rules(const struct vmatlas_stream_header *header);

enum va_entry_use va_entry_use(unsigned level, __u64 entry, const struct va_entry_rules *rules);
const char *va_entry_use_name(enum va_entry_use use); /* "table", "page", "swap" … as in JSON */

unsigned va_entry_swap_type(__u64 entry);   /* of an entry that is not present */
__u64 va_entry_swap_offset(__u64 entry);    /* in pages of that swap file; of markers: their bits */
/* The frame an entry names that is moved or broken. */
__u64 va_entry_swap_pfn(__u64 entry, const struct va_entry_rules *rules);

enum va_field_kind { VA_FIELD_HARDWARE, VA_FIELD_FRAME, VA_FIELD_KERNEL, VA_FIELD_UNUSED };

struct va_entry_field { /* neighbouring bits that mean one thing */
	unsigned shift, width;
	enum va_field_kind kind;
	const char *name;   /* "P", "RW", "frame"; "" for unused bits */
	__u64 value;        /* the bits, shifted down */
	const char *says;   /* what this value means: a few words */
};

#define VA_ENTRY_FIELDS 32

/* All 64 bits, from bit 0 on, without gaps; returns how many fields. */
size_t va_entry_fields(unsigned level, __u64 entry, const struct va_entry_rules *rules, struct va_entry_field out[VA_ENTRY_FIELDS]);
/* The names of the single bits that are set: "P RW US A D NX". Returns buf. */
const char *va_entry_bits(char *buf, size_t n, unsigned level, __u64 entry, const struct va_entry_rules *rules);
/* What it is, in one sentence. Returns buf. */
const char *va_entry_words(char *buf, size_t n, unsigned level, __u64 entry, const struct va_entry_rules *rules);

#endif
