/*
 * What the parts of ops_random share: a worker (one thread of a process that does operations), its random numbers, its memory, its objects.
 * Each part is a table of operations; ops_random.c draws from all of them.
 */
#ifndef OPS_H
#define OPS_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define OPS_PAGE 4096ul
#define OPS_ARENA 0x300000000000ul  /* the workers of a process share it: their calls cut into each other's memory */
#define OPS_ARENA_PAGES 1024
#define OPS_ALIGNED 0x300100000000ul /* for pages of 2 MiB */
#define OPS_ALIGNED_BYTES (16ul << 20)
#define OPS_GROWS 0x310000000000ul  /* a mapping that grows down ends here */
#define OPS_FILE_PAGES 64
#define OPS_RECENT 8

enum ops_file { OPS_KEPT, OPS_GONE, OPS_MEMFD, OPS_PROGRAM, OPS_TMPFS, OPS_SECRET, OPS_DEVZERO, OPS_FILES };

struct ops {
	uint64_t state;        /* of the random numbers */
	unsigned process, thread;
	struct { unsigned long addr, pages; } recent[OPS_RECENT]; /* of mappings: mremap wants exactly one */
	unsigned recent_next;
	unsigned long grows_low, deepest, shm, aio;
	int uffd, ring, perf;  /* -1 = none */
	sigjmp_buf back;
	bool armed;            /* `back` is good */
	unsigned long done;    /* operations so far */
};

struct ops_kind {
	const char *name;
	void (*run)(struct ops *);
	unsigned weight;
};

extern const struct ops_kind ops_maps[], ops_advice[], ops_objects[], ops_touches[], ops_processes[], ops_names[]; /* each ends with a NULL name */

extern int ops_files[OPS_FILES]; /* -1 = this kernel has none */
extern int ops_segment;          /* System V shared memory */
extern unsigned long ops_brk_start;
extern char ops_directory[256];
extern const char *ops_still;    /* directory of the programs to exec, or NULL */
extern __thread struct ops *ops_self;

void ops_worker_init(struct ops *o, uint64_t seed, unsigned process, unsigned thread);
void ops_one(struct ops *o);      /* one operation */
uint64_t ops_rnd(struct ops *o, uint64_t below);
bool ops_chance(struct ops *o, unsigned one_in);
unsigned long ops_addr(struct ops *o);                  /* a page of the arena */
unsigned long ops_bytes(struct ops *o, unsigned pages); /* 1…pages pages */
int ops_prot(struct ops *o);
void ops_remember(struct ops *o, long addr, unsigned long pages);
void ops_touch(struct ops *o, unsigned long addr, bool write);
void ops_catch_signals(void);
void ops_prepare(void); /* files and the like, once a process */
void ops_clean(void);

#endif
