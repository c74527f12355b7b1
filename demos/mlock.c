/*
 * mlock: memory that stays, and so has to be there first.
 *
 * One sees a box of 16 pages filled by the call itself: faults without any access by the program (origin gup). A second box is locked on fault: nothing happens until it
 * is touched. munlock takes nothing away.
 * Events: op: mmap 2, mlock 1, mlock2 1, munlock 1; fault: 16 demand-zero by the call (gup), 4 demand-zero by touching (user).
 */
#include <sys/resource.h>

#include "lab.h"
#include "libmap.h"

#define PAGES 16

static void tell_locked(void)
{
	lab_print("the kernel counts %ld KiB as locked\n", lab_status("VmLck:"));
	lab_wait(lab_pace);
}

/* Where more may not be locked than is: what there is to see has been seen. */
static void must(int failed, const char *what)
{
	struct rlimit limit;

	if (!failed)
		return;
	if (errno != ENOMEM || getrlimit(RLIMIT_MEMLOCK, &limit))
		lab_die(what);
	lab_print("%s: no more than %lu KiB may be locked here (ulimit -l)\n", what, (unsigned long)limit.rlim_cur / KIB);
	_exit(0);
}

int main(int argc, char **argv)
{
	char *p, *lazy;

	lab_start_plain(argc, argv, "mlock brings all pages at once and keeps them; MLOCK_ONFAULT keeps what is touched");
	tell_locked();
	p = lab_map(PAGES * PAGE, RW);
	lab_say("16 pages are reserved, none is there");
	print_map(p);
	lab_say("mlock: all 16 must be there now, so the call itself makes the faults");
	must(mlock(p, PAGES * PAGE), "mlock");
	print_map(p);
	print_map(p + (PAGES - 1) * PAGE);
	tell_locked();
	lazy = lab_map(PAGES * PAGE, RW);
	lab_say("16 more, locked on fault (MLOCK_ONFAULT): counted as locked, but none is there");
	must(mlock2(lazy, PAGES * PAGE, MLOCK_ONFAULT), "mlock2");
	print_map(lazy);
	tell_locked();
	lab_say("Four are touched: these stay from now on");
	lab_write(lazy, 4 * PAGE);
	print_map(lazy);
	lab_wait(lab_pace);
	lab_say("munlock: the kernel may swap the first 16 out again. It has no reason to, they stay where they are");
	if (munlock(p, PAGES * PAGE))
		lab_die("munlock");
	print_map(p);
	tell_locked();
	return 0;
}
