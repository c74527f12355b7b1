/* Many VMAs: many N CHANGES. N pages mapped apart from each other (their neighbours forbid access) and touched, mark "built"; then CHANGES times one of them is unmapped, mapped and touched. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096ul

static void mark(const char *text)
{
	const char *fd = getenv("VMATLAS_MARKER_FD");

	if (fd && write(atoi(fd), text, strlen(text)) < 0)
		perror("marker");
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000, changes = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000, seed = 1;
	char *base = mmap(NULL, 2 * n * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		return 1;
	for (unsigned long i = 0; i < n; i += 2) {
		/* Each readable and writable page between two without access is three VMAs less one: two a turn. */
		if (mprotect(base + 2 * i * PAGE, PAGE, PROT_READ | PROT_WRITE))
			return 1;
		base[2 * i * PAGE] = 1;
	}
	mark("built");
	for (unsigned long k = 0; k < changes; k++) {
		seed = seed * 6364136223846793005ul + 1442695040888963407ul;
		char *p = base + 2 * ((seed >> 33) % n & ~1ul) * PAGE;

		if (munmap(p, PAGE) || mmap(p, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != p)
			return 1;
		*p = 1;
	}
	mark("changed");
	return 0;
}
