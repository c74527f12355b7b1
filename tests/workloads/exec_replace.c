/*
 * exec_replace DIR [NAME]: maps something of its own, then replaces itself (same pid, whole new map).
 *
 *   NAME.before  mark and map of the first image; its own mapping is at 0x330000000000
 *   NAME.after   mark and map of the second image
 * NAME.facts: pid N. Ends with status 7.
 */
#include "workload.h"

int main(int argc, char **argv)
{
	char *again[5] = {argv[0]};

	wl_begin(argc, argv);
	if (argc > 3) {
		wl_save_maps("after");
		return 7;
	}
	wl_map((void *)0x330000000000, 5 * WL_PAGE, WL_RW, WL_ANON | MAP_FIXED, -1, 0)[0] = 1;
	again[1] = (char *)wl_dir;
	again[2] = (char *)wl_name;
	again[3] = strdup("second");
	wl_fact("pid %d", getpid());
	wl_save_facts("facts");
	wl_save_maps("before");
	execv("/proc/self/exe", again);
	wl_die("execv");
}
