/* Files whose names are hard to print, and names that change while the file is mapped. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ops.h"

static const char *const hard[] = {"new\nline", "back\\slash", "tab\tbell\a", "\xc3\xa4\xff\xfe", "like it (deleted)", "[heap]", " blank ", "\\012"};

static int make(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0 && ftruncate(fd, 4 * OPS_PAGE)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void map_it(struct ops *o, int fd)
{
	if (fd < 0)
		return;
	mmap((void *)ops_addr(o), ops_bytes(o, 4), PROT_READ, (ops_chance(o, 2) ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED, fd, 0);
	close(fd);
}

static void hard_name(struct ops *o)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", ops_directory, hard[ops_rnd(o, sizeof(hard) / sizeof(*hard))]);
	map_it(o, make(path));
	if (ops_chance(o, 4))
		unlink(path);
}

/* The name in the map changes with it. */
static void rename_it(struct ops *o)
{
	char from[512], to[512];

	snprintf(from, sizeof(from), "%s/a%u", ops_directory, (unsigned)ops_rnd(o, 3));
	snprintf(to, sizeof(to), "%s/a%u", ops_directory, (unsigned)ops_rnd(o, 3));
	if (ops_chance(o, 2))
		map_it(o, make(from));
	rename(from, to);
}

static void rename_directory(struct ops *o)
{
	char from[512], to[512], file[600];
	unsigned way = (unsigned)ops_rnd(o, 2);

	snprintf(from, sizeof(from), "%s/d%u", ops_directory, way);
	snprintf(to, sizeof(to), "%s/d%u", ops_directory, !way);
	mkdir(from, 0700);
	snprintf(file, sizeof(file), "%s/in it", from);
	map_it(o, make(file));
	rename(from, to);
}

static void unlink_it(struct ops *o)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/a%u", ops_directory, (unsigned)ops_rnd(o, 3));
	unlink(path);
}

const struct ops_kind ops_names[] = {
	{"name-hard", hard_name, 3}, {"rename", rename_it, 2}, {"rename-directory", rename_directory, 1}, {"unlink", unlink_it, 1}, {0},
};
