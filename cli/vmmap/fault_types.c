#include "fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096

static volatile char sink;

static char *map(int prot, size_t size)
{
	char *at = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

static void read_it(struct vm_scene *s)
{
	sink = *s->at;
}

static void write_it(struct vm_scene *s)
{
	*s->at = 1;
}

static bool at_null(struct vm_scene *s)
{
	*s = (struct vm_scene){NULL, "reads the int a NULL pointer points to"};
	return true;
}

static bool at_readonly(struct vm_scene *s)
{
	*s = (struct vm_scene){map(PROT_READ, PAGE), "writes to a page mapped PROT_READ (it was read before, so there is an entry)"};
	if (s->at)
		sink = *s->at;
	return s->at;
}

static bool at_data(struct vm_scene *s)
{
	*s = (struct vm_scene){map(PROT_READ | PROT_WRITE, PAGE), "jumps to a byte of data: the instruction 'ret', in a page without PROT_EXEC"};
	if (s->at)
		*s->at = (char)0xc3;
	return s->at;
}

static void jump(struct vm_scene *s)
{
	((void (*)(void))(uintptr_t)s->at)();
}

static bool at_unmapped(struct vm_scene *s)
{
	char *at = map(PROT_READ | PROT_WRITE, PAGE);

	*s = (struct vm_scene){at, "reads memory that was given back with munmap()"};
	if (at)
		munmap(at, PAGE);
	return at;
}

static bool at_kernel(struct vm_scene *s)
{
	*s = (struct vm_scene){(volatile char *)0xffff888000000000ull, "reads an address of the kernel's half"};
	return true;
}

static bool at_non_canonical(struct vm_scene *s)
{
	*s = (struct vm_scene){(volatile char *)0x0dead00000000000ull, "reads an address whose upper bits are no copy of the highest one used"};
	return true;
}

static bool at_past_eof(struct vm_scene *s)
{
	char name[] = "/tmp/vmmap-XXXXXX";
	int fd = mkstemp(name);
	char *at;

	if (fd < 0 || unlink(name) || ftruncate(fd, PAGE))
		return false;
	at = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	*s = (struct vm_scene){at == MAP_FAILED ? NULL : at + PAGE, "reads the second page of a mapping of a file that has one"};
	return s->at;
}

static bool at_guard(struct vm_scene *s)
{
	char *at = map(PROT_READ | PROT_WRITE, 2 * PAGE);

	if (!at || mprotect(at, PAGE, PROT_NONE))
		return false;
	at[PAGE] = 1;
	*s = (struct vm_scene){at + PAGE - 1, "writes one byte below a buffer: into the guard page in front of it"};
	return true;
}

static bool at_protnone(struct vm_scene *s)
{
	char *at = map(PROT_READ | PROT_WRITE, PAGE);

	*s = (struct vm_scene){at, "reads a page whose rights were taken away: mprotect(PROT_NONE)"};
	if (!at)
		return false;
	*at = 1;
	return !mprotect(at, PAGE, PROT_NONE);
}

static bool on_stack(struct vm_scene *s)
{
	*s = (struct vm_scene){NULL, "calls itself without end, with 16 KiB of local variables each time"};
	return true;
}

static volatile int go_on = 1; /* always: the compiler must not know */

static int __attribute__((noinline)) recurse(volatile char *above)
{
	volatile char room[16384];

	if (!go_on)
		return 0;
	for (size_t i = 0; i < sizeof(room); i += PAGE)
		room[sizeof(room) - 1 - i] = above ? above[0] : 1;
	return recurse(room) + room[0];
}

static void overflow(struct vm_scene *s)
{
	sink = (char)recurse(NULL);
}

#define KERNEL_SAYS 0x80 /* SI_KERNEL: the processor told no address */

const struct vm_fault_type vm_fault_types[] = {
	{"null", "NULL POINTER", at_null, read_it, "Nothing is ever mapped at page 0 (vm.mmap_min_addr), so that a NULL pointer cannot be used by mistake.",
	 "This is how the OS protects programs from their own uninitialised pointers.", "check the pointer before it is used", SIGSEGV, SEGV_MAPERR},
	{"stack-overflow", "STACK OVERFLOW", on_stack, overflow,
	 "The stack grows by page faults, down to its limit (ulimit -s). Below it a gap is kept free, so that it cannot run into other memory.",
	 "This is how the OS protects other mappings from a stack that grows without end.", "end the recursion, or put large data on the heap", SIGSEGV, SEGV_MAPERR},
	{"write-readonly", "WRITE TO READ-ONLY MEMORY", at_readonly, write_it, "The page is there, but neither the VMA nor the entry lets anybody write.",
	 "This is how the OS protects code and constants, which many processes share.", "mprotect() with PROT_WRITE, or write elsewhere", SIGSEGV, SEGV_ACCERR},
	{"execute-data", "EXECUTE DATA", at_data, jump, "The page may be read and written, not executed: the NX bit of its entry is set.",
	 "This is how the OS protects against attackers who write code into a buffer and jump to it.", "mprotect() with PROT_EXEC, and without PROT_WRITE", SIGSEGV, SEGV_ACCERR},
	{"unmapped", "USE AFTER MUNMAP", at_unmapped, read_it, "No VMA covers the address any more, so no page can be given.",
	 "This is how the OS protects from the use of memory that belongs to nobody.", "do not use memory after it was given back", SIGSEGV, SEGV_MAPERR},
	{"kernel-address", "KERNEL ADDRESS", at_kernel, read_it, "The upper half belongs to the kernel: its entries have U/S = 0, or are hidden from user mode altogether.",
	 "This is how the OS protects itself.", "such a pointer is never right in a program", SIGSEGV, SEGV_MAPERR},
	{"non-canonical", "NON-CANONICAL ADDRESS", at_non_canonical, read_it,
	 "The processor refuses the address before any page table is asked: a general protection fault, which tells no address.",
	 "This is how the processor keeps the unused upper bits of addresses from being used.", "such a pointer is overwritten data", SIGSEGV, KERNEL_SAYS},
	{"past-eof", "PAST THE END OF A FILE", at_past_eof, read_it, "The VMA is there and allows reading, but the file has no such page.",
	 "This is how the OS tells apart 'not mapped' (SIGSEGV) and 'nothing behind the mapping' (SIGBUS).", "ftruncate() the file first, or map no more than there is", SIGBUS,
	 BUS_ADRERR},
	{"guard", "GUARD PAGE", at_guard, write_it, "A page without any rights stands in front of the buffer, so that running over its edge is noticed at once.",
	 "This is how threads' stacks are separated from each other.", "stay inside the buffer", SIGSEGV, SEGV_ACCERR},
	{"protnone", "PROT_NONE", at_protnone, read_it, "The page is still in memory, but its entry is marked not present for the processor, and the VMA allows nothing.",
	 "This is how a garbage collector or a debugger gets to know of each access.", "mprotect() with the rights that are needed", SIGSEGV, SEGV_ACCERR},
};
const unsigned vm_fault_type_count = sizeof(vm_fault_types) / sizeof(vm_fault_types[0]);

const struct vm_fault_type *vm_fault_find(const char *name)
{
	for (unsigned i = 0; i < vm_fault_type_count; i++)
		if (!strcmp(vm_fault_types[i].name, name))
			return &vm_fault_types[i];
	return NULL;
}

void vm_fault_list(void)
{
	fprintf(stderr, "all");
	for (unsigned i = 0; i < vm_fault_type_count; i++)
		fprintf(stderr, ",%s%s", i == 3 ? "\n  " : " ", vm_fault_types[i].name);
	fputc('\n', stderr);
}
