/*
 * The module's own test: runs inside a guest as root, drives the control files, reads the relay files itself and decodes them without
 * the core, so that a mistake in one is not hidden by the same mistake in the other. Static; prints "ok …" and "not ok …".
 */
#ifndef MODTEST_H
#define MODTEST_H

#include <sys/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "vmatlas/control.h"
#include "vmatlas/wire.h"

/* --- checks (check.c) */
extern int failures;
void check(bool ok, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void die(const char *what) __attribute__((noreturn));

/* --- control files (control.c) */
int control(const char *file, const char *text); /* 0 or -errno */
int control_open(const char *file, int flags);
long stat_of(const char *name, int field); /* number in the line of stats that begins with name; -1 = none */
void record_begin(void);                   /* everything on, drained */
void record_end(void);

/* --- records (records.c) */
struct records {
	struct vmatlas_record *rec;
	size_t n, room;
};

#define CPUS 8
extern struct records stream[CPUS][VMATLAS_CHANNELS]; /* as read */
extern struct records all;                            /* merged by time */

void drain(void);      /* reads what is there */
void records_reset(void);
void merge(void);      /* stream → all */
unsigned long gaps(int cpu, int channel); /* sequence numbers missing so far */
const char *text_of(__u64 id);

/* --- a map as the records tell it (map.c) */
extern bool map_may_have_holes; /* records were lost: a RANGE may lack some of its VMAs */
void map_at(__u32 mm, size_t end, char *out, size_t size); /* as /proc/PID/maps, after all.rec[0..end) */

/* --- records against the kernel (compare.c) */
const struct vmatlas_record *find(size_t *at, int type);
size_t find_mark(size_t at, const char *begin);
void slurp(const char *file, char *out, size_t size);
int compare_maps(const char *what);
void check_streams(const char *what, bool lossless);
size_t count(int type, __u32 mm);
void check_healed(pid_t pid, __u32 mm, const char *what);

/* --- records lost on purpose (loss.c): the module was loaded with tiny buffers */
void test_loss(void);
void test_kept(void);

/* --- CPUs that come and go (hotplug.c): the module was loaded while CPU 1 was off */
bool cpu1_online(bool on);
void test_hotplug(void);

/* --- the end of watching (stop.c) */
int work_children(int unused);
int work_pairs(int fd);
void test_none(int rounds);
void test_stop(void);
void test_switched_off(void);

/* --- what is watched (work.c): run by exec of ourselves */
int work(int argc, char **argv);
void mark(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void save_maps(int n); /* /proc/self/maps as /tmp/maps.N with no change to the map in between; marks it */

/* --- names of files (names.c) */
int work_names(int unused);
void test_names(bool late); /* whether the module makes them late: PREEMPT_RT, or its parameter late_names */

/* --- userfaultfds closed by others (uffd.c) */
int work_uffd(int unused);
void test_uffd(void);

/* --- faults that wait while the watch begins (waiting.c) */
void test_waiting(void);

/* --- stacked file systems (stacked.c) */
void test_stacked(void);

/* --- huge pages made by another process (collapse.c) */
int work_collapse(int rounds);
void test_collapse(const char *rounds);

/* --- the kernel's log and its own checks (log.c); those of a kernel that checks itself (CONFIG_KASAN …) end the test's log with reports */
bool checks_itself(void);
void log_clear(void);
void test_log(const char *what, const char *but); /* no line of tests/reports in it but, perhaps, those within `but`; clears it */
void test_leaks(const char *what);
void test_allocations(int most); /* how many are made to fail */
void test_checks(void);

int init(void); /* init.c */

/* Starts `modtest work NAME ARG` as the target by "exec", drains until it has ended, merges. Its wait status. */
int watch(const char *name, const char *arg);

#endif
