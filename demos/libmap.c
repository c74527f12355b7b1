#include "libmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PAGE_BYTES 4096
#define PRESENT (1ull << 63)
#define SWAPPED (1ull << 62)
#define FRAME_BITS ((1ull << 55) - 1)
#define KPF_ZERO_PAGE (1ull << 24)

/* The 64-bit word number `at` of a file of words. */
static bool word_of(const char *file, uint64_t at, uint64_t *word)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), why;
	ssize_t n;

	if (fd < 0)
		return false;
	errno = 0;
	n = pread(fd, word, sizeof(*word), (off_t)(at * sizeof(*word)));
	why = errno;
	close(fd);
	errno = why;
	return n == (ssize_t)sizeof(*word);
}

struct libmap_page libmap_look(const void *address)
{
	struct libmap_page page = {.state = LIBMAP_UNKNOWN};
	uint64_t entry, flags;

	if (!word_of("/proc/self/pagemap", (uintptr_t)address / PAGE_BYTES, &entry))
		return page;
	if (entry & PRESENT) {
		page.frame = entry & FRAME_BITS;
		/* Frame 0 belongs to the firmware, never to a process: here a 0 means "not for you". */
		page.state = page.frame ? LIBMAP_FRAME : LIBMAP_HIDDEN;
		page.zero_page = page.frame && word_of("/proc/kpageflags", page.frame, &flags) && (flags & KPF_ZERO_PAGE);
	} else {
		page.state = entry & SWAPPED ? LIBMAP_SWAPPED : LIBMAP_NOTHING;
	}
	return page;
}

void print_map(void *address)
{
	struct libmap_page page = libmap_look(address);
	char line[256];
	int n = 0;

	switch (page.state) {
	case LIBMAP_FRAME:
		n = snprintf(line, sizeof(line), "%p -> frame 0x%llx%s\n", address, (unsigned long long)page.frame,
			     page.zero_page ? ", the kernel's one page of zeros" : "");
		break;
	case LIBMAP_HIDDEN:
		n = snprintf(line, sizeof(line), "%p -> a frame is there; the kernel shows its number to root only (CAP_SYS_ADMIN)\n", address);
		break;
	case LIBMAP_NOTHING:
		n = snprintf(line, sizeof(line), "%p -> no frame\n", address);
		break;
	case LIBMAP_SWAPPED:
		n = snprintf(line, sizeof(line), "%p -> no frame, the page is in swap\n", address);
		break;
	case LIBMAP_UNKNOWN:
		n = snprintf(line, sizeof(line), "%p -> not known: %s\n", address, errno ? strerror(errno) : "no process has such an address");
		break;
	}
	/* What printf() was given before must come before. */
	fflush(stdout);
	if (write(STDOUT_FILENO, line, (size_t)n) < 0)
		return;
}
