/*
 * A file as memory (MAP_SHARED): what is written to the memory is in the file, and the other way round.
 *
 * One sees an orange box of one page; the first write brings the file's own page (of the page cache), nothing is copied. The child's write is a fault of its own that
 * finds the same frame. read(2) and write(2) on the file are no events of the map at all.
 * Events: op: mmap 1, munmap 1; fork 1; fault: 1 file in the parent, 1 file in the child, the same frame.
 */
#include <fcntl.h>

#include "lab.h"
#include "libmap.h"

static int file = -1;

static void make_file(void)
{
	char name[] = "/tmp/mmap.XXXXXX";

	file = mkstemp(name);
	if (file < 0)
		lab_die(name);
	unlink(name);
	if (ftruncate(file, PAGE) || pwrite(file, "from the disk", 14, 0) != 14)
		lab_die(name);
}

static void look(const char *who, const char *memory)
{
	static char text[64];

	if (pread(file, text, sizeof(text) - 1, 0) < 0)
		lab_die("read");
	lab_print("%s: the file says '%s', the memory says '%s' at ", who, text, memory);
	print_map((void *)(uintptr_t)memory);
	lab_wait(lab_pace);
}

static void child_part(char *memory)
{
	lab_say("The child writes to its memory: a fault, and the same frame");
	strcpy(memory, "from the child");
	look("child", memory);
	_exit(0);
}

int main(int argc, char **argv)
{
	char *memory;
	pid_t child;

	lab_start_plain(argc, argv, "a file as memory (MAP_SHARED): a change through memory is seen in the file, and back");
	make_file();
	lab_say("A file of one page becomes memory, shared");
	memory = lab_map_file(PAGE, RW, MAP_SHARED, file);
	print_map(memory);
	lab_wait(lab_pace);
	lab_say("Writing to the memory: the fault finds the file's own page. Reading the file says so at once");
	strcpy(memory, "from the memory");
	look("parent", memory);
	lab_say("Writing to the file with write(): the memory says so at once, and no fault was needed");
	if (pwrite(file, "from the file", 14, 0) != 14)
		lab_die("write");
	look("parent", memory);
	lab_say("fork: shared stays shared");
	child = lab_fork();
	if (!child)
		child_part(memory);
	lab_join(child);
	lab_say("The parent reads what the child wrote, in its memory and in the file");
	look("parent", memory);
	lab_unmap(memory, PAGE);
	close(file);
	return 0;
}
