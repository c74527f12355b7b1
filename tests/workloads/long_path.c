/*
 * long_path DIR [NAME]: maps a file whose path has some 5,000 bytes (and a newline), more than a call of the kernel takes or gives, for a third of a second, and for another with
 * the file deleted. In directories below DIR/NAME, which must not be there.
 */
#include "workload.h"

#include <sys/stat.h>
#include <time.h>

#define DEPTH 25

static void enter(const char *name)
{
	if (mkdir(name, 0700) || chdir(name))
		wl_die(name);
}

int main(int argc, char **argv)
{
	static const struct timespec rest = {0, 330000000};
	static char name[203];
	int fd;

	wl_begin(argc, argv);
	if (chdir(wl_dir))
		wl_die(wl_dir);
	enter(wl_name);
	memset(name, 'n', sizeof(name) - 1);
	for (unsigned i = 0; i < DEPTH; i++)
		enter(name);
	fd = open("file\nname", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, 2 * WL_PAGE))
		wl_die("file");
	*(volatile char *)wl_map(NULL, 2 * WL_PAGE, WL_RW, MAP_SHARED, fd, 0) = 1;
	nanosleep(&rest, NULL);
	unlink("file\nname");
	nanosleep(&rest, NULL);
	return 0;
}
