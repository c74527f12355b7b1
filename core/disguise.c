/* See disguise.h. Numbers; paths are in disguise_path.c. */
#include "disguise.h"

#include <string.h>

#include "walk.h"

#define BLOCK_SHIFT 9             /* frames of 2 MiB, as a power of two */
#define GIGANTIC_SHIFT 18
#define FIRST_BLOCK (1ull << 20)  /* 2 TiB */
#define FIRST_GIGANTIC (1ull << 13) /* 8 TiB: above what blocks can take */
#define SCATTER_BITS 20
#define SCATTER 0x9e375u          /* odd: a permutation of SCATTER_BITS bits; neighbours in time are not neighbours in memory */

#define PRESENT 1ull
#define PFN_BITS 0x000ffffffffff000ull
#define SWAP_OFFSET 0x07fffffffffffe00ull /* bits 9…58, inverted: arch/x86/include/asm/pgtable_64.h */
#define SWAP_PFN ((1ull << 40) - 1)       /* of an offset that is a frame: SWP_PFN_BITS, flags above */
#define MARKERS 64                        /* offsets below are a marker's flags, no frame of use to anybody */

void va_disguise_free(struct va_disguise *d)
{
	struct va_idmap *maps[] = { &d->blocks, &d->gigantic, &d->words, &d->places, &d->files, &d->devices, &d->texts };

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		va_idmap_free(maps[i]);
}

static __u32 number_of(struct va_idmap *map, __u32 *count, __u64 id)
{
	__u32 n = va_idmap_get(map, id);

	if (n == VA_IDMAP_NONE)
		va_idmap_set(map, id, n = (*count)++);
	return n;
}

static __u64 scatter(__u32 n)
{
	__u32 mask = (1u << SCATTER_BITS) - 1;

	return (n & ~mask) | ((n * SCATTER) & mask);
}

void va_disguise_gigantic(struct va_disguise *d, __u64 pfn)
{
	number_of(&d->gigantic, &d->gigantic_count, pfn >> GIGANTIC_SHIFT);
}

__u64 va_disguise_frame(struct va_disguise *d, __u64 pfn)
{
	__u32 n = va_idmap_get(&d->gigantic, pfn >> GIGANTIC_SHIFT);

	if (n != VA_IDMAP_NONE)
		return (FIRST_GIGANTIC + n) << GIGANTIC_SHIFT | (pfn & ((1ull << GIGANTIC_SHIFT) - 1));
	n = number_of(&d->blocks, &d->block_count, pfn >> BLOCK_SHIFT);
	return (FIRST_BLOCK + scatter(n)) << BLOCK_SHIFT | (pfn & ((1ull << BLOCK_SHIFT) - 1));
}

/* Not present: a place in swap, or (migration, poison, device memory) a frame. */
static __u64 swapped(struct va_disguise *d, __u64 entry)
{
	__u64 offset = (~entry & SWAP_OFFSET) >> 9, pfn = offset & SWAP_PFN;

	if (va_entry_swapped(entry))
		offset = 1 + number_of(&d->places, &d->place_count, entry >> 59 << 59 | offset);
	else if (offset >= MARKERS)
		offset = (offset & ~SWAP_PFN) | va_disguise_frame(d, pfn);
	return (entry & ~SWAP_OFFSET) | (~(offset << 9) & SWAP_OFFSET);
}

__u64 va_disguise_entry(struct va_disguise *d, __u64 entry)
{
	if (!entry)
		return 0;
	if (!va_entry_present(entry))
		return swapped(d, entry);
	__u64 bits = va_disguise_frame(d, va_entry_pfn(entry)) << 12;

	return (entry & ~PFN_BITS) | (((entry & PRESENT) ? bits : ~bits) & PFN_BITS);
}

__u32 va_disguise_device(struct va_disguise *d, __u32 major, __u32 minor)
{
	return major || minor ? 100 + number_of(&d->devices, &d->device_count, (__u64)major << 32 | minor) : 0;
}

__u64 va_disguise_inode(struct va_disguise *d, __u32 major, __u32 minor, __u64 inode)
{
	__u64 id = inode ^ (__u64)va_disguise_device(d, major, minor) * 0x9e3779b97f4a7c15ull;

	return inode ? 1 + number_of(&d->files, &d->file_count, id) : 0;
}

__u64 va_disguise_text(struct va_disguise *d, unsigned role, __u64 id)
{
	return id ? (__u64)(role + 1) << 32 | number_of(&d->texts, &d->text_count, id * 4 + role) : 0;
}
