/*
 * Code made at run time, in memory that may be written and executed at the same time.
 *
 * One sees two boxes with rwxp. vmatlas notices them ("write-execute": 2 mappings, 24 KiB).
 * Events: op: mmap 2; fault: 2 demand-zero.
 */
#include "lab.h"

static const unsigned char answer[] = {0xb8, 42, 0, 0, 0, 0xc3}; /* mov $42, %eax; ret */

static int run(size_t bytes)
{
	char *p = lab_map(bytes, RW | PROT_EXEC);

	memcpy(p, answer, sizeof(answer));
	return ((int (*)(void))(uintptr_t)p)();
}

int main(int argc, char **argv)
{
	lab_start_plain(argc, argv, "code made at run time in memory that may be written and executed at once");
	lab_say("Two mappings that may be written and executed: code is put there, and called");
	if (run(8 * KIB) != 42 || run(16 * KIB) != 42)
		lab_die("the answer");
	lab_wait(0.2);
	lab_say("They stay writable: whoever gets to write there decides what is executed");
	return 0;
}
