/*
 * A file is renamed over one of a stacked file system whose data lies elsewhere and nobody has looked for yet (overlayfs, data-only layers: Linux 6.5). To find it
 * the file system sleeps, which nothing of ours may make it do there: a kernel that checks itself reports it.
 */
#include "modtest.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define BASE "/tmp/stacked"
#define MERGED BASE "/merged"

static void put(const char *name, const char *text, size_t size)
{
	int fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, size) != (ssize_t)size)
		die(name);
	close(fd);
}

/* False: this kernel has none of it. */
static bool stack(void)
{
	static const char *const directories[] = { BASE, BASE "/lower", BASE "/data", BASE "/upper", BASE "/work", MERGED };
	int fd;

	mkdir("/tmp", 0755);
	mkdir(BASE, 0755);
	if (mount("tmpfs", BASE, "tmpfs", 0, ""))
		die("tmpfs");
	for (size_t i = 1; i < sizeof(directories) / sizeof(directories[0]); i++)
		mkdir(directories[i], 0755);
	put(BASE "/data/there", "data\n", 5);
	fd = open(BASE "/lower/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, 5) || fsetxattr(fd, "trusted.overlay.metacopy", "", 0, 0) || fsetxattr(fd, "trusted.overlay.redirect", "/there", 6, 0)) {
		close(fd);
		return false;
	}
	close(fd);
	return !mount("stacked", MERGED, "overlay", 0, "lowerdir=" BASE "/lower::" BASE "/data,upperdir=" BASE "/upper,workdir=" BASE "/work,metacopy=on,redirect_dir=on");
}

void test_stacked(void)
{
	struct stat file;

	if (stack()) {
		put(MERGED "/new", "", 0);
		record_begin();
		control("target", "pid 1");
		/* Looked up, its data not. */
		check(!stat(MERGED "/file", &file) && !rename(MERGED "/new", MERGED "/file"), "a rename over a file whose data nobody has looked for");
		control("target", "none");
		record_end();
		umount(MERGED);
	} else {
		printf("# no overlayfs with data-only layers here\n");
	}
	umount2(BASE, MNT_DETACH);
}
