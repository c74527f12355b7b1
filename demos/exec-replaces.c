/*
 * exec replaces: the same process, another map. A program fills 16 pages and calls exec on itself.
 *
 * One sees every box vanish at once and a fresh map appear, at other addresses (where they are randomized). The process number stays.
 * Events: op: mmap 1; fault there: 16 demand-zero; exec 1, after which nothing is mapped at that place.
 */
#include "lab.h"
#include "libmap.h"

#define PAGES 16

static int variable = 1;

static void after(const char *place, const char *pid)
{
	char *p = (char *)strtoul(place, NULL, 16);
	unsigned char in;

	lab_say("After exec: the same process with a fresh map. What was filled is gone, nothing is mapped there");
	lab_print("process %d (before: %s), a variable lies at %p\n", getpid(), pid, (void *)&variable);
	print_map(p);
	lab_print("%s\n", mincore(p, PAGE, &in) && errno == ENOMEM ? "nothing is mapped there" : "something is mapped there");
	lab_wait(lab_pace);
	lab_say("Only the number, open files and the like have been kept");
	_exit(atoi(pid) != getpid());
}

int main(int argc, char **argv)
{
	static char self[4096], place[32], pid[32], pace[32];
	int at = lab_start(argc, argv, "", "exec replaces the whole map: the same process, nothing of the memory before");
	char *p;

	if (at + 3 == argc && !strcmp(argv[at], "after"))
		after(argv[at + 1], argv[at + 2]);
	if (at < argc) {
		dprintf(STDERR_FILENO, "exec-replaces: what is '%s'? --help tells\n", argv[at]);
		return 2;
	}
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		lab_die("/proc/self/exe");
	lab_say("A program fills 16 pages");
	p = lab_map(PAGES * PAGE, RW);
	lab_write(p, PAGES * PAGE);
	lab_print("process %d, a variable lies at %p\n", getpid(), (void *)&variable);
	print_map(p);
	lab_wait(lab_pace);
	snprintf(place, sizeof(place), "%lx", (uintptr_t)p);
	snprintf(pid, sizeof(pid), "%d", getpid());
	snprintf(pace, sizeof(pace), "%g", lab_pace);
	lab_say("exec: the kernel throws the map away and builds another");
	execl(self, program_invocation_name, "--pace", pace, "after", place, pid, NULL);
	lab_die(self);
}
