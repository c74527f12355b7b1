/*
 * An allocation target: malloc and free of small and large blocks, at random, the same for the same seed.
 *
 * usage: alloc [--pace SECONDS] [--seed N]     (default: 1)
 *
 * One sees the C library's two ways. Small blocks come from the heap, whose end moves by 132 KiB or more at a time (brk), up and, after frees at the top, down again.
 * Blocks from 128 KiB on (M_MMAP_THRESHOLD, fixed here: by itself the C library would move it) are boxes of their own that come with malloc and go with free, unless
 * free room in the heap is large enough: then they come from there.
 * Events between the first caption and the last: brk as often as the program says it saw the heap's end move; mmap and munmap as often as it says large blocks
 * were taken and freed so; fault: about one a page, since each block is filled.
 */
#include <malloc.h>

#include "lab.h"

#define SLOTS 96
#define THRESHOLD (128 * KIB)

static struct slot {
	char *block;
	size_t size;
} slots[SLOTS];

static struct count {
	unsigned taken[3], freed[3], up, down;
} count;

enum kind { SMALL, LARGE_IN_HEAP, LARGE_MAPPED };

static const char *heap;

static uint64_t state;

static uint64_t draw(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

static enum kind kind_of(const struct slot *slot)
{
	if (slot->size < THRESHOLD)
		return SMALL;
	return slot->block >= heap && slot->block < (const char *)sbrk(0) ? LARGE_IN_HEAP : LARGE_MAPPED;
}

static void note_heap_end(const char *before)
{
	const char *now = sbrk(0);

	count.up += now > before;
	count.down += now < before;
}

static void take(struct slot *slot, size_t size)
{
	const char *end = sbrk(0);

	slot->block = malloc(size);
	if (!slot->block)
		lab_die("malloc");
	slot->size = size;
	memset(slot->block, 1, size);
	__asm__ volatile("" : : "r"(slot->block) : "memory");
	count.taken[kind_of(slot)]++;
	note_heap_end(end);
}

static void give(struct slot *slot)
{
	const char *end = sbrk(0);

	count.freed[kind_of(slot)]++;
	free(slot->block);
	slot->block = NULL;
	note_heap_end(end);
}

/* Up to 1 KiB the C library keeps freed blocks in a list of the thread's own (tcache): one of them at the heap's top, and it could not shrink. */
static size_t small_size(void)
{
	return 1100 + draw(16 * KIB);
}

static size_t large_size(void)
{
	return THRESHOLD + draw(256 * KIB);
}

/* large: one block of this many is large; 0 = none. */
static void steps(unsigned n, unsigned large)
{
	for (unsigned i = 0; i < n; i++) {
		struct slot *slot = &slots[draw(SLOTS)];

		if (slot->block)
			give(slot);
		else
			take(slot, large && draw(large) == 0 ? large_size() : small_size());
		lab_wait(lab_pace / 20);
	}
}

static void give_all(void)
{
	for (struct slot *slot = slots; slot < slots + SLOTS; slot++) {
		if (slot->block)
			give(slot);
		lab_wait(lab_pace / 20);
	}
}

static uint64_t seed_of(int argc, char **argv, int at)
{
	char *end;
	uint64_t seed = at + 2 == argc && !strcmp(argv[at], "--seed") ? strtoul(argv[at + 1], &end, 10) : 0;

	if (at < argc && (at + 2 != argc || strcmp(argv[at], "--seed") || end == argv[at + 1] || *end)) {
		bool seed_only = at + 2 == argc && !strcmp(argv[at], "--seed");

		dprintf(STDERR_FILENO, seed_only ? "alloc: '%s' is no seed: a number\n" : "alloc: what is '%s'? --help tells\n", argv[at + seed_only]);
		_exit(2);
	}
	return at < argc ? seed : 1;
}

int main(int argc, char **argv)
{
	int at = lab_start(argc, argv, " [--seed N]", "malloc and free of small and large blocks at random: brk for the small, mmap from 128 KiB on");

	/* The generator must not begin at 0. */
	state = seed_of(argc, argv, at) * 0x9e3779b97f4a7c15u + 1;
	mallopt(M_MMAP_THRESHOLD, (int)THRESHOLD);
	heap = malloc(16);
	lab_say("Small blocks only: they are cut from the heap, whose end moves up now and then (brk)");
	steps(150, 0);
	lab_say("Large blocks, from 128 KiB on: where the heap has no room free, each is a mapping, gone when it is freed");
	steps(60, 1);
	lab_say("Both, at random");
	steps(250, 5);
	lab_say("All is freed: mappings go, the heap shrinks where its top is free");
	give_all();
	lab_say("The end: what the C library keeps of the heap, it keeps for the next malloc");
	lab_print("small blocks: %u taken, %u freed; the heap's end moved up %u times, down %u times (brk)\n", count.taken[SMALL], count.freed[SMALL], count.up, count.down);
	lab_print("large blocks: %u taken by mmap, %u freed by munmap; %u taken from free room in the heap, %u freed\n", count.taken[LARGE_MAPPED],
		  count.freed[LARGE_MAPPED], count.taken[LARGE_IN_HEAP], count.freed[LARGE_IN_HEAP]);
	return 0;
}
