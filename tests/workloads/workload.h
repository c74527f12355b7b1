/*
 * What the known workloads share: marks, and oracles: what the program itself and the kernel's /proc say, saved beside the recording to be
 * compared with it.
 *
 * usage of each: WORKLOAD DIR [NAME [ARGUMENTS]]     DIR "-": everything goes to standard output, each file behind a line "== NAME".
 *
 * NAME (default: the program's) begins the names of all marks and files, so that several runs fit in one recording:
 *   DIR/NAME.facts        "key value…" a line
 *   DIR/NAME.WHAT.maps    /proc/self/maps, saved right behind the mark NAME.WHAT
 *
 * Nothing here changes the map of the process: buffers are static, and files are read and written with plain calls.
 */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmatlas/mark.h"

#define WL_PAGE 4096ul
#define WL_RW (PROT_READ | PROT_WRITE)
#define WL_ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define WL_UNUSED __attribute__((unused))

static const char *wl_dir = "-";
static const char *wl_name = "workload";
static char wl_facts[1 << 20];
static size_t wl_facts_used;
static char wl_buffer[1 << 16];

static WL_UNUSED __attribute__((noreturn)) void wl_die(const char *what)
{
	dprintf(STDERR_FILENO, "%s: %s: %s\n", wl_name, what, strerror(errno));
	_exit(99);
}

/* Buffers are touched here, so that no fault of ours falls into what is measured. */
static WL_UNUSED void wl_begin(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');

	if (argc > 1)
		wl_dir = argv[1];
	wl_name = argc > 2 ? argv[2] : slash ? slash + 1 : argv[0];
	for (size_t i = 0; i < sizeof(wl_facts); i += WL_PAGE)
		*(volatile char *)(wl_facts + i) = 0;
	for (size_t i = 0; i < sizeof(wl_buffer); i += WL_PAGE)
		*(volatile char *)(wl_buffer + i) = 0;
}

/* The calling thread, and whom it starts, on one CPU; below 0: on the one it is on. false: it is offline, or not ours. */
static WL_UNUSED bool wl_stay_on(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu < 0 ? sched_getcpu() : cpu, &one);
	return !sched_setaffinity(0, sizeof(one), &one);
}

/*
 * For whom it matters whether a write copies or takes the frame over (mm/memory.c, wp_can_reuse_anon_folio): a page that waits on the list of another CPU has one
 * more user, so it is copied.
 */
static WL_UNUSED void wl_one_cpu(void)
{
	if (!wl_stay_on(-1))
		wl_die("sched_setaffinity");
}

static WL_UNUSED void wl_write_all(int fd, const char *bytes, size_t n)
{
	while (n) {
		ssize_t done = write(fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			wl_die("write");
		bytes += done;
		n -= (size_t)done;
	}
}

/* DIR/NAME.what for writing */
static WL_UNUSED int wl_create(const char *what)
{
	static char path[4096];
	int fd;

	if (!strcmp(wl_dir, "-")) {
		dprintf(STDOUT_FILENO, "== %s.%s\n", wl_name, what);
		return dup(STDOUT_FILENO);
	}
	snprintf(path, sizeof(path), "%s/%s.%s", wl_dir, wl_name, what);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		wl_die(path);
	return fd;
}

static WL_UNUSED __attribute__((format(printf, 1, 2))) void wl_fact(const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(wl_facts + wl_facts_used, sizeof(wl_facts) - wl_facts_used, format, args);
	va_end(args);
	if (n < 0 || wl_facts_used + (size_t)n + 1 >= sizeof(wl_facts)) {
		errno = ENOSPC;
		wl_die("facts");
	}
	wl_facts_used += (size_t)n;
	wl_facts[wl_facts_used++] = '\n';
}

/* Saves the facts so far as DIR/NAME.what and forgets them. */
static WL_UNUSED void wl_save_facts(const char *what)
{
	int fd = wl_create(what);

	wl_write_all(fd, wl_facts, wl_facts_used);
	close(fd);
	wl_facts_used = 0;
}

static WL_UNUSED void wl_mark(const char *what)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s.%s", wl_name, what);
	vmatlas_mark(text);
}

/* The mark NAME.what, and the map as the kernel prints it at that moment. */
static WL_UNUSED void wl_save_maps(const char *what)
{
	static char file[128];
	int in, out;
	ssize_t n;

	wl_mark(what);
	in = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	if (in < 0)
		wl_die("/proc/self/maps");
	snprintf(file, sizeof(file), "%s.maps", what);
	out = wl_create(file);
	while ((n = read(in, wl_buffer, sizeof(wl_buffer))) > 0)
		wl_write_all(out, wl_buffer, (size_t)n);
	close(in);
	close(out);
}

/*
 * The frame behind addr, 0 where no page is present (and without CAP_SYS_ADMIN): /proc/self/pagemap, bit 63 present, bits 0-54 PFN.
 * Opened each time: an open file would go on showing the parent's pages in a child.
 */
static WL_UNUSED uint64_t wl_pfn(const void *addr)
{
	uint64_t word = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || pread(fd, &word, 8, (off_t)((uintptr_t)addr / WL_PAGE * 8)) != 8)
		wl_die("/proc/self/pagemap");
	close(fd);
	return word >> 63 ? word & ((1ull << 55) - 1) : 0;
}

static WL_UNUSED char *wl_map(void *hint, size_t bytes, int prot, int flags, int fd, off_t offset)
{
	char *p = mmap(hint, bytes, prot, flags, fd, offset);

	if (p == MAP_FAILED)
		wl_die("mmap");
	return p;
}

static WL_UNUSED long wl_minor_faults(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return use.ru_minflt;
}

static WL_UNUSED int wl_temp_file(size_t pages)
{
	static char block[WL_PAGE];
	char name[] = "/tmp/workload-XXXXXX";
	int fd = mkstemp(name);

	if (fd < 0)
		wl_die(name);
	unlink(name);
	for (size_t i = 0; i < pages; i++) {
		memset(block, 'a' + (int)(i % 26), sizeof(block));
		wl_write_all(fd, block, sizeof(block));
	}
	return fd;
}

#endif
