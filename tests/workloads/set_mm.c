/*
 * set_mm DIR [NAME]: PR_SET_MM moves the fields of mm_struct one after the other (CAP_SYS_RESOURCE): the break and where it begins, code, data, the
 * stack's beginning, arguments and environment, and all of them at once (PR_SET_MM_MAP). [heap] and [stack] in the map follow them.
 *
 * Behind each field: mark and map NAME.FIELD. NAME.facts: pid N; refused N: calls that must fail and did; and a line "FIELD stat WORDS…" each:
 * /proc/self/stat's startcode endcode startstack start_data end_data start_brk arg_start arg_end env_start env_end.
 */
#include "workload.h"

#include <linux/prctl.h>
#include <sys/prctl.h>

#define PLACE 0x700000000000ul /* above the program, below the stack: ends must not come before beginnings */
#define PAGES 64

static struct prctl_mm_map all;

/* Fields 26 27 28, 45 … 51, counted behind the name. */
static void read_stat(const char *what)
{
	static const int wanted[] = {26, 27, 28, 45, 46, 47, 48, 49, 50, 51};
	unsigned long word[10] = {0};
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC), field = 2;
	ssize_t n = read(fd, wl_buffer, sizeof(wl_buffer) - 1);
	char *at, *save = NULL;

	close(fd);
	wl_buffer[n > 0 ? n : 0] = 0;
	at = strrchr(wl_buffer, ')');
	for (at = at ? strtok_r(at + 1, " \n", &save) : NULL; at; at = strtok_r(NULL, " \n", &save)) {
		field++;
		for (unsigned i = 0; i < 10; i++)
			if (wanted[i] == field)
				word[i] = strtoul(at, NULL, 10);
	}
	wl_fact("%s stat %#lx %#lx %#lx %#lx %#lx %#lx %#lx %#lx %#lx %#lx", what, word[0], word[1], word[2], word[3], word[4], word[5], word[6], word[7],
		word[8], word[9]);
	all = (struct prctl_mm_map){.start_code = word[0], .end_code = word[1], .start_stack = word[2], .start_data = word[3], .end_data = word[4],
				    .start_brk = word[5], .brk = (unsigned long)syscall(SYS_brk, 0), .arg_start = word[6], .arg_end = word[7],
				    .env_start = word[8], .env_end = word[9], .exe_fd = (unsigned)-1};
}

static void tell(const char *what)
{
	wl_save_maps(what);
	read_stat(what);
}

static void set(const char *what, int field, unsigned long value)
{
	if (prctl(PR_SET_MM, field, value, 0, 0))
		wl_die(what);
	tell(what);
}

static unsigned refused(void)
{
	unsigned n = 0;

	n += prctl(PR_SET_MM, PR_SET_MM_START_CODE, 0x100, 0, 0) < 0;     /* below mmap_min_addr */
	n += prctl(PR_SET_MM, PR_SET_MM_START_STACK, 0x7fffffffe000, 0, 0) < 0; /* nothing is mapped there or above */
	n += prctl(PR_SET_MM, PR_SET_MM_BRK, 1ul << 62, 0, 0) < 0;
	n += prctl(PR_SET_MM, 4711, PLACE, 0, 0) < 0;
	return n;
}

int main(int argc, char **argv)
{
	char *place;

	wl_begin(argc, argv);
	place = wl_map((void *)PLACE, PAGES * WL_PAGE, WL_RW, WL_ANON | MAP_FIXED, -1, 0);
	mprotect(place, WL_PAGE, PROT_READ | PROT_EXEC);
	wl_fact("pid %d", getpid());
	tell("before");
	/* The heap's words: the break first where it goes up, else it would lie below its beginning. */
	set("brk", PR_SET_MM_BRK, PLACE + 40 * WL_PAGE);
	set("start-brk", PR_SET_MM_START_BRK, PLACE + 30 * WL_PAGE);
	mprotect(place + 30 * WL_PAGE, 10 * WL_PAGE, PROT_READ);
	tell("heap-cut");
	set("start-stack", PR_SET_MM_START_STACK, PLACE + 50 * WL_PAGE + 8);
	set("end-code", PR_SET_MM_END_CODE, PLACE + 100);
	set("start-code", PR_SET_MM_START_CODE, PLACE);
	set("end-data", PR_SET_MM_END_DATA, PLACE + 3 * WL_PAGE);
	set("start-data", PR_SET_MM_START_DATA, PLACE + 2 * WL_PAGE);
	set("arg-start", PR_SET_MM_ARG_START, PLACE + 4 * WL_PAGE);
	set("arg-end", PR_SET_MM_ARG_END, PLACE + 4 * WL_PAGE + 100);
	set("env-start", PR_SET_MM_ENV_START, PLACE + 5 * WL_PAGE);
	set("env-end", PR_SET_MM_ENV_END, PLACE + 5 * WL_PAGE + 10);
	all.start_brk = PLACE + 10 * WL_PAGE;
	all.brk = PLACE + 12 * WL_PAGE;
	all.start_stack = PLACE + 20 * WL_PAGE;
	if (prctl(PR_SET_MM, PR_SET_MM_MAP, (unsigned long)&all, sizeof(all), 0))
		wl_die("PR_SET_MM_MAP");
	tell("map");
	wl_fact("refused %u", refused());
	tell("refused");
	wl_save_facts("facts");
	return 0;
}
