#include "demo.h"

#include <errno.h>
#include <string.h>

void vm_demo_begin(const char *title)
{
	printf("=== %s ===\n\n", title);
	fflush(stdout);
}

void vm_demo_end(void)
{
	puts("\n=== END DEMO ===");
}

int vm_demo_fails(const char *call)
{
	fprintf(stderr, "vmmap: %s: %s\n", call, strerror(errno));
	return VM_EXIT_FAILURE;
}
