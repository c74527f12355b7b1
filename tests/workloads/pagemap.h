/*
 * Steps of a workload, each with what /proc/self/pagemap says of every mapping right behind it: the mark NAME.N-WHAT, and DIR/NAME.N-WHAT.pagemap (lines
 * "ADDRESS ENTRY", in hex, of entries that are not 0). Marks whose name ends in "+" come behind a refresh (the module's control file
 * "snapshot"). Facts: "step MARK" for each taken; "skip WHAT WHY" for what this kernel or machine lacks. tests/kernel/test_pages.py compares.
 */
#ifndef PAGEMAP_H
#define PAGEMAP_H

#include "workload.h"

#include "vmatlas/control.h"

static unsigned step;

static uint64_t entries[1 << 15];
static char lines[1 << 16];

static WL_UNUSED void save_span(int out, int pagemap, uint64_t start, uint64_t end)
{
	while (start < end) {
		uint64_t pages = (end - start) / WL_PAGE, room = sizeof(entries) / sizeof(*entries);
		ssize_t n = pread(pagemap, entries, (pages < room ? pages : room) * 8, (off_t)(start / WL_PAGE * 8));
		int used = 0;

		if (n <= 0)
			return; /* the gate page has no entries */
		for (ssize_t i = 0; i < n / 8; i++) {
			if (entries[i] >> 62)
				used += snprintf(lines + used, sizeof(lines) - (size_t)used, "%lx %lx\n", start + (uint64_t)i * WL_PAGE, entries[i]);
			if (used > (int)sizeof(lines) - 64 || i + 1 == n / 8) {
				wl_write_all(out, lines, (size_t)used);
				used = 0;
			}
		}
		start += (uint64_t)n / 8 * WL_PAGE;
	}
}

/* What is called with the mark behind us must not be the first to use a page of the stack. */
static WL_UNUSED __attribute__((noinline)) void warm_stack(void)
{
	volatile char room[8 * WL_PAGE];

	for (size_t i = 0; i < sizeof(room); i += WL_PAGE / 2)
		room[i] = 1;
}

/* Everything this touches has been touched before. */
static WL_UNUSED void save(const char *what)
{
	static char maps[1 << 16], file[128];
	int in = open("/proc/self/maps", O_RDONLY), pagemap = open("/proc/self/pagemap", O_RDONLY), out;
	ssize_t used = 0, n;

	snprintf(file, sizeof(file), "%s.pagemap", what);
	out = wl_create(file);
	while ((n = read(in, maps + used, sizeof(maps) - 1 - (size_t)used)) > 0)
		used += n;
	maps[used] = 0;
	warm_stack();
	wl_mark(what);
	for (char *line = maps; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		uint64_t start, end;

		if (sscanf(line, "%lx-%lx", &start, &end) == 2)
			save_span(out, pagemap, start, end);
	}
	close(in);
	close(pagemap);
	close(out);
}

static WL_UNUSED void done(const char *what)
{
	static char name[64];

	snprintf(name, sizeof(name), "%u-%s", ++step, what);
	save(name);
	wl_fact("step %s", name);
}

static WL_UNUSED void skip(const char *what)
{
	wl_fact("skip %s %s", what, strerror(errno));
}

static WL_UNUSED void refresh(const char *what)
{
	char text[64], name[64];
	int fd = open(VMATLAS_CONTROL_DIR "/snapshot", O_WRONLY), n = snprintf(text, sizeof(text), "pid %d\n", getpid());

	while (fd >= 0 && write(fd, text, (size_t)n) < 0 && errno == EAGAIN)
		n = snprintf(text, sizeof(text), "torn\n"), usleep(10000);
	close(fd);
	snprintf(name, sizeof(name), "%s+", what);
	done(name);
}

#endif
