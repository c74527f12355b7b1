/*
 * Regions of an address space as /proc/PID/maps and smaps tell them (proc(5)), from a live process or a saved file. Both formats are read: smaps is maps with
 * facts behind each line. Nothing is believed: a line that makes no sense is counted, and the rest is used.
 */
#ifndef VM_REGIONS_H
#define VM_REGIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "zone.h"

enum vm_perms { VM_R = 1, VM_W = 2, VM_X = 4, VM_SHARED_MAP = 8 };

/* X(field, name in smaps): kilobytes */
#define VM_MEASURES(X)                                                                                                  \
	X(rss, "Rss") X(pss, "Pss") X(shared_clean, "Shared_Clean") X(shared_dirty, "Shared_Dirty")                         \
	X(private_clean, "Private_Clean") X(private_dirty, "Private_Dirty") X(referenced, "Referenced")                     \
	X(anonymous, "Anonymous") X(lazy_free, "LazyFree") X(anon_huge, "AnonHugePages") X(shmem_pmd, "ShmemPmdMapped")     \
	X(file_pmd, "FilePmdMapped") X(shared_hugetlb, "Shared_Hugetlb") X(private_hugetlb, "Private_Hugetlb")              \
	X(swap, "Swap") X(swap_pss, "SwapPss") X(locked, "Locked") X(page_size, "KernelPageSize")

struct vm_measures {
#define X(field, name) __u64 field;
	VM_MEASURES(X)
#undef X
};

struct vm_region {
	__u64 start, end;      /* [start, end) */
	__u64 offset, inode;   /* offset in bytes */
	__u32 dev_major, dev_minor;
	unsigned perms;        /* enum vm_perms */
	const char *name;      /* as printed: path, "[heap]", "" */
	bool measured;         /* smaps: the facts below mean something */
	struct vm_measures kb;
	__u64 vm_flags;        /* what VmFlags of smaps says, as core/vmflags.h numbers it; 0 = not told */
	const char *flags;     /* VmFlags as smaps prints them: "rd wr mr mw me ac "; "" = not told */
	enum va_zone zone;     /* filled in by vm_classify() */
	bool lib;
	unsigned char group;   /* enum vm_group; by vm_classify(), too */
	int key;               /* protection key; -1 = not told */
};

#define VM_FACTS 48

struct vm_fact { /* a line of smaps as it came with an earlier region: the next one's is expected to look the same */
	char prefix[16]; /* name, colon, spaces */
	short at;        /* offset in struct vm_measures; -1 = nobody asks for it */
	bool kb;         /* " kB" follows */
};

struct vm_regions {
	struct vm_region *region; /* owned; sorted by address as they came */
	size_t count, room;
	unsigned malformed;       /* lines that made no sense */
	struct vm_fact fact[VM_FACTS];
	unsigned facts, next;     /* known; which of them comes next */
	char **names;             /* owned: names and flags */
	size_t name_count, name_room;
	const char *last_name;
	const char *flags[16];    /* the latest that differ, as kept in names, and … */
	__u64 flag_bits[16];      /* … what they mean */
	unsigned flag_sets;
};

void vm_regions_free(struct vm_regions *r);

/* All whole lines of it (and what follows the last newline, where `last`). Returns how many bytes were used. */
size_t vm_regions_text(struct vm_regions *r, const char *text, size_t n, bool last);

/* All of a file, in pieces. 0, or -errno (what was read before stays). */
int vm_regions_read(struct vm_regions *r, int fd);

const struct vm_region *vm_regions_at(const struct vm_regions *r, __u64 addr); /* NULL = none */
size_t vm_regions_lower(const struct vm_regions *r, __u64 addr);               /* index of the first with end > addr */
void vm_perms_text(const struct vm_region *region, char out[5]);               /* "rw-p" */

#endif
