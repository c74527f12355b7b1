/*
 * allocator DIR [NAME [SEED [THREADS [ROUNDS]]]]: the C library's allocator under threads. Each thread allocates, resizes and frees blocks of
 * all sizes, some of them another thread's; arenas grow and shrink, large blocks become mappings of their own, moved by realloc, and memory
 * is trimmed. ROUNDS per thread (default 2000), THREADS 1…64 (default 8). NAME.facts: pid, blocks. A damaged block ends it with 1.
 */
#include "workload.h"

#include <malloc.h>
#include <pthread.h>

#define SLOTS 256

static struct slot { unsigned char *block; size_t bytes; } slots[SLOTS];
static pthread_mutex_t locks[SLOTS];
static unsigned long rounds = 2000, blocks, damaged;
static uint64_t seeds[64];

static uint64_t draw(uint64_t *state, uint64_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (*state >> 11) % below;
}

/* Mostly small; now and then on both sides of the size from which a block is a mapping of its own (128 KiB at first, then it moves). */
static size_t draw_size(uint64_t *state)
{
	switch (draw(state, 16)) {
	case 0:
		return 1 + draw(state, 1 << 20);
	case 1:
	case 2:
		return 1 + draw(state, 1 << 17);
	}
	return 1 + draw(state, 3000);
}

/* First and last byte tell the size; it is asked again before the block changes. */
static void seal(struct slot *s)
{
	s->block[0] = (unsigned char)s->bytes;
	s->block[s->bytes - 1] = (unsigned char)s->bytes;
}

static void check(const struct slot *s, size_t bytes)
{
	if (s->block[0] != (unsigned char)s->bytes || s->block[bytes - 1] != (unsigned char)s->bytes)
		__atomic_add_fetch(&damaged, 1, __ATOMIC_RELAXED);
}

static void change(struct slot *s, uint64_t *state)
{
	size_t bytes = draw_size(state);
	void *block;

	if (s->block) {
		check(s, s->bytes);
		if (draw(state, 3)) {
			free(s->block);
			s->block = NULL;
			return;
		}
	}
	block = draw(state, 8) ? realloc(s->block, bytes) : s->block ? NULL : aligned_alloc(4096, (bytes + 4095) & ~4095ul);
	if (!block)
		return;
	s->block = block;
	s->bytes = bytes;
	seal(s);
	__atomic_add_fetch(&blocks, 1, __ATOMIC_RELAXED);
}

static void *work(void *arg)
{
	uint64_t *state = arg;

	for (unsigned long i = 0; i < rounds; i++) {
		unsigned n = (unsigned)draw(state, SLOTS);

		pthread_mutex_lock(&locks[n]);
		change(&slots[n], state);
		pthread_mutex_unlock(&locks[n]);
		if (!draw(state, 200))
			malloc_trim(draw(state, 2) * 65536);
		if (!draw(state, 300))
			mallopt(M_MMAP_THRESHOLD, 32768 << draw(state, 4));
	}
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long threads = argc > 4 ? strtoul(argv[4], NULL, 0) : 8, seed = argc > 3 ? strtoul(argv[3], NULL, 0) : 1;
	pthread_t ids[64];

	wl_begin(argc, argv);
	threads = threads < 1 ? 1 : threads > 64 ? 64 : threads;
	if (argc > 5)
		rounds = strtoul(argv[5], NULL, 0);
	for (unsigned i = 0; i < SLOTS; i++)
		pthread_mutex_init(&locks[i], NULL);
	for (unsigned t = 0; t < threads; t++) {
		seeds[t] = (seed * 64 + t + 1) * 0x9e3779b97f4a7c15ull;
		if ((errno = pthread_create(&ids[t], NULL, work, &seeds[t])))
			wl_die("pthread_create");
	}
	for (unsigned t = 0; t < threads; t++)
		pthread_join(ids[t], NULL);
	for (unsigned i = 0; i < SLOTS; i++)
		if (slots[i].block) {
			check(&slots[i], slots[i].bytes);
			free(slots[i].block);
		}
	wl_fact("pid %d\nblocks %lu\ndamaged %lu", getpid(), blocks, damaged);
	wl_save_facts("facts");
	return damaged != 0;
}
