/* What the guest of `make bench PARTS="kernel growth"` runs. One static program; a nanosecond is an instruction there (QEMU's -icount shift=0). */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <stdbool.h>
#include <stddef.h>

#define PAGE 4096ul

/* What went by, in instructions: of the calling thread alone, and of the whole machine, readers and timer ticks included. */
struct span {
	double task, all;
};

struct span now(void);
void fail(const char *what) __attribute__((noreturn));

/* One round: so many of one kind of event, and what one cost. */
typedef struct span round_fn(int count);
round_fn anonymous_faults, file_faults, pairs, getpids, reads;
void prepare(void);                          /* the file that is read and mapped */
struct span median_of(round_fn *f, int count, int rounds, void (*between)(void));

/* The module by its control files, with nobody else reading. */
void control(const char *file, const char *text);
void drain(void);          /* reads what is there, keeps nothing */
unsigned long lost(void);  /* records that found no room so far, all CPUs */

int costs(const char *name);
int growth(const char *what, int n);
int executed(const char *began, int fd); /* its own process, after exec */

#endif
