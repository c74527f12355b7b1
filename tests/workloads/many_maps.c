/*
 * As many mappings as vm.max_map_count lets a process have, for measuring what lists them: pages of anonymous memory, every other one read-only, so that none merge.
 * With an argument: that many. Prints the number it has, then waits for the end of its input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096ul

int main(int argc, char **argv)
{
	unsigned long most = argc > 1 ? strtoul(argv[1], NULL, 10) : 65530, n;
	char *at = mmap(NULL, (most + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char c;

	if (at == MAP_FAILED)
		return 1;
	for (n = 1; n < most && !mprotect(at + n * PAGE, PAGE, n & 1 ? PROT_READ : PROT_READ | PROT_WRITE | PROT_EXEC); n++)
		;
	printf("%lu\n", n);
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}
