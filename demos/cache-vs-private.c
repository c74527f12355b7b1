/*
 * A file of 16 MiB is mapped and read: the process looks large, but what it has is the page cache's.
 *
 * usage: cache-vs-private [--pace SECONDS] [FILE]     (without FILE: one is made in /tmp and removed)
 *
 * One sees an orange box fill, 16 pages a fault (fault-around); RSS grows by 16 MiB. vmatlas notices it ("cache-vs-private").
 * Events: op: mmap 1 for the file; fault: about 256 file, and 64 demand-zero (256 KiB that are really its own).
 */
#include <fcntl.h>
#include <sys/stat.h>

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
	return fd;
}

int main(int argc, char **argv)
{
	int at = lab_start(argc, argv, " [FILE]", "a file of 16 MiB is mapped and read: RSS grows, but what grew is the page cache's");
	int fd = argc > at ? open(argv[at], O_RDONLY) : make_file();
	static volatile char sum;
	struct stat st;
	char *file, *own;

	if (fd < 0 || fstat(fd, &st))
		lab_die(argc > at ? argv[at] : "the file");
	lab_say("A large file is mapped and read from one end to the other");
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED)
		lab_die("mmap");
	for (size_t i = 0; i < (size_t)st.st_size; i += PAGE)
		sum = (char)(sum + file[i]);
	own = lab_map(256 * KIB, RW);
	lab_write(own, 256 * KIB);
	lab_wait(0.2);
	lab_say("RSS says 16 MiB more. Its own are 256 KiB: the rest is the page cache's, and would be there without it");
	return 0;
}
