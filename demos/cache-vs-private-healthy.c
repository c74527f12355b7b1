/*
 * The healthy twin of `cache-vs-private`: the same file is read with read() into a buffer of 64 KiB.
 *
 * One sees next to nothing: the page cache holds the file, the process does not. Nothing is noticed.
 * Events: no call that maps; fault: about 16 demand-zero, the pages of the buffer.
 */
#include <fcntl.h>

#include "lab.h"

#define BYTES (16 * MIB)

static char block[64 * KIB];

static int make_file(void)
{
	char name[] = "/tmp/cache-vs-private.XXXXXX";
	int fd = mkstemp(name);

	if (fd < 0)
		lab_die(name);
	unlink(name);
	for (size_t at = 0; at < BYTES; at += sizeof(block))
		if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
			lab_die("write");
	lseek(fd, 0, SEEK_SET);
	return fd;
}

int main(int argc, char **argv)
{
	int at = lab_start(argc, argv, " [FILE]", "a file of 16 MiB is read with read(): the page cache holds it, the process does not");
	int fd = argc > at ? open(argv[at], O_RDONLY) : make_file();

	if (fd < 0)
		lab_die(argc > at ? argv[at] : "the file");
	lab_say("A large file is read with read(), 64 KiB at a time");
	while (read(fd, block, sizeof(block)) > 0)
		;
	lab_wait(0.2);
	lab_say("The process is as small as before");
	return 0;
}
