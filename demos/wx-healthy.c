/*
 * The healthy twin of `wx`: the same code, written first, then made executable and no longer writable.
 *
 * One sees a box go from rw-p to r-xp. Nothing is noticed.
 * Events: op: mmap 1, mprotect 1; fault: 1 demand-zero.
 */
#include "lab.h"

static const unsigned char answer[] = {0xb8, 42, 0, 0, 0, 0xc3}; /* mov $42, %eax; ret */

int main(int argc, char **argv)
{
	char *p;

	lab_start_plain(argc, argv, "code made at run time: written first, then made executable and no longer writable");
	lab_say("Code is written first, then made executable and read-only (W^X)");
	p = lab_map(8 * KIB, RW);
	memcpy(p, answer, sizeof(answer));
	if (mprotect(p, 8 * KIB, PROT_READ | PROT_EXEC))
		lab_die("mprotect");
	if (((int (*)(void))(uintptr_t)p)() != 42)
		lab_die("the answer");
	lab_wait(0.2);
	lab_say("At no moment it was both");
	return 0;
}
