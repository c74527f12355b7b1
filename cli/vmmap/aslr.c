/* vmmap --aslr: what the kernel randomizes, as set and as measured: a program is run several times and says where things are. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include "demo.h"
#include "output.h"
#include "units.h"

#define RUNS 16

enum place { CODE, HEAP, LIBRARY, MMAP, STACK, VDSO, PLACES };

static const char *const names[PLACES] = {"code", "heap", "libraries", "mmap", "stack", "vdso"};

static int some_data;

/* What a run of this program says of itself: one line of addresses. */
int vm_mode_where(void)
{
	int on_stack;
	void *mapped = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uintptr_t at[PLACES] = {(uintptr_t)&some_data, (uintptr_t)sbrk(0), (uintptr_t)&puts, (uintptr_t)mapped, (uintptr_t)&on_stack, getauxval(AT_SYSINFO_EHDR)};

	for (int i = 0; i < PLACES; i++)
		printf("%lx%c", at[i], i < PLACES - 1 ? ' ' : '\n');
	return VM_EXIT_OK;
}

static bool run_once(uintptr_t at[PLACES])
{
	FILE *f = popen("/proc/$PPID/exe --where", "re");
	int n = 0;

	while (f && n < PLACES && fscanf(f, "%lx", &at[n]) == 1)
		n++;
	return f && !pclose(f) && n == PLACES;
}

static int setting(void)
{
	FILE *f = fopen("/proc/sys/kernel/randomize_va_space", "re");
	int v = -1;

	if (f && fscanf(f, "%d", &v) != 1)
		v = -1;
	if (f)
		fclose(f);
	return v;
}

static const char *setting_words(int v)
{
	static const char *const words[] = {"off: nothing moves", "stack, mmap and vdso move; the heap follows the program", "full: the heap moves on its own, too"};

	return v >= 0 && v <= 2 ? words[v] : "not known";
}

/* Bits that were seen to differ; with so few runs, not every bit that may. */
static unsigned moving_bits(uintptr_t at[RUNS][PLACES], int place)
{
	uintptr_t differ = 0;

	for (int i = 1; i < RUNS; i++)
		differ |= at[i][place] ^ at[0][place];
	return (unsigned)__builtin_popcountl(differ);
}

static uintptr_t least(uintptr_t at[RUNS][PLACES], int place, bool most)
{
	uintptr_t v = at[0][place];

	for (int i = 1; i < RUNS; i++)
		if (most ? at[i][place] > v : at[i][place] < v)
			v = at[i][place];
	return v;
}

static void as_json(uintptr_t at[RUNS][PLACES], bool off)
{
	struct va_json j = {0};

	va_json_object(&j, NULL);
	va_json_s64(&j, "randomize_va_space", setting());
	va_json_bool(&j, "personality_no_randomize", off);
	va_json_u64(&j, "runs", RUNS);
	va_json_object(&j, "places");
	for (int i = 0; i < PLACES; i++) {
		va_json_object(&j, names[i]);
		va_json_hex(&j, "lowest", least(at, i, false));
		va_json_hex(&j, "highest", least(at, i, true));
		va_json_u64(&j, "bits_seen_moving", moving_bits(at, i));
		va_json_end_object(&j);
	}
	va_json_end_object(&j);
	va_json_end_object(&j);
	vm_json_end(&j);
}

int vm_mode_aslr(bool json)
{
	static uintptr_t at[RUNS][PLACES];
	bool off = personality(0xffffffff) & ADDR_NO_RANDOMIZE;

	for (int i = 0; i < RUNS; i++)
		if (!run_once(at[i])) {
			fputs("vmmap: a run of vmmap itself, which was to say where its parts are, failed\n", stderr);
			return VM_EXIT_FAILURE;
		}
	if (json) {
		as_json(at, off);
		return VM_EXIT_OK;
	}
	printf("=== ADDRESS SPACE LAYOUT RANDOMIZATION ===\n\nStep 1: what is set\n  kernel.randomize_va_space = %d (%s)\n", setting(), setting_words(setting()));
	printf("  this process's personality: %s\n", off ? "ADDR_NO_RANDOMIZE: nothing moves for it" : "as the kernel is set");
	printf("\nStep 2: what moves: %d runs of one program\n  %-10s %-18s %-18s %s\n", RUNS, "", "lowest", "highest", "bits seen moving");
	for (int i = 0; i < PLACES; i++)
		printf("  %-10s 0x%-16lx 0x%-16lx %u\n", names[i], least(at, i, false), least(at, i, true), moving_bits(at, i));
	puts("\nLESSON:");
	vm_print_paragraph("Who wants to attack a program must know where its code and data are. Each run puts them elsewhere, by whole pages (the stack by 16 bytes), "
			   "so that a guess is mostly wrong, and a wrong guess ends the program.");
	puts("\n=== END ASLR ===");
	return VM_EXIT_OK;
}
