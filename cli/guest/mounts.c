#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	const char *type, *target, *data;
	unsigned long flags;
	bool needed;
};

static const struct place kernel_places[] = {
	{ "proc", "/proc", "", 0, true },
	{ "sysfs", "/sys", "", 0, true },
	{ "devtmpfs", "/dev", "mode=0755", 0, true },
};

/* In the new root. /tmp and /run stay the host's under the overlay: the user may stand there, and writes vanish all the same. */
static const struct place root_places[] = {
	{ "proc", "/root/proc", "", 0, true },
	{ "sysfs", "/root/sys", "", 0, true },
	{ "debugfs", "/root/sys/kernel/debug", "mode=0700", 0, true },
	{ "tracefs", "/root/sys/kernel/tracing", "mode=0700", 0, false },
	{ "securityfs", "/root/sys/kernel/security", "", 0, false },
	{ "cgroup2", "/root/sys/fs/cgroup", "", 0, false },
	{ "devtmpfs", "/root/dev", "mode=0755", 0, true },
	{ "devpts", "/root/dev/pts", "gid=5,mode=620,ptmxmode=666", 0, true },
	{ "tmpfs", "/root/dev/shm", "mode=1777", MS_NOSUID | MS_NODEV, true },
};

static int mount_places(const struct place *p, size_t n, const char **what)
{
	for (; n; n--, p++) {
		mkdir(p->target, 0755);
		if (mount(p->type, p->target, p->type, p->flags, p->data) && p->needed) {
			*what = p->target;
			return -errno;
		}
	}
	return 0;
}

int va_mount_kernel(const char **what)
{
	return mount_places(kernel_places, sizeof(kernel_places) / sizeof(*kernel_places), what);
}

/*
 * cache=loose: the guest sees the host's files as they were when it first looked, and mmap works with the page cache. access=any: one attach
 * serves all users; the guest checks permissions by the mode bits, the launcher's own rights limit the rest.
 */
#define PLAN9 "trans=virtio,version=9p2000.L,access=any,msize=262144,"

static int mount_overlay(const char **what)
{
	mkdir("/lower", 0755);
	mkdir("/over", 0755);
	mkdir("/root", 0755);
	*what = "the host's file system";
	if (mount("root", "/lower", "9p", MS_RDONLY, PLAN9 "cache=loose"))
		return -errno;
	*what = "the overlay";
	if (mount("tmpfs", "/over", "tmpfs", 0, "mode=0755,size=80%"))
		return -errno;
	mkdir("/over/upper", 0755);
	mkdir("/over/work", 0755);
	if (mount("overlay", "/root", "overlay", 0, "lowerdir=/lower,upperdir=/over/upper,workdir=/over/work"))
		return -errno;
	return 0;
}

static int mount_shares(const struct va_job *job, const char **what)
{
	for (size_t i = 0; i < job->shares.n; i++) {
		char *target = va_string("/root%s", job->shares.item[i]);
		char tag[32];
		int err = 0;

		snprintf(tag, sizeof(tag), "share%zu", i);
		*what = job->shares.item[i];
		if (mount(tag, target, "9p", 0, PLAN9 "cache=mmap"))
			err = -errno;
		free(target);
		if (err)
			return err;
	}
	return 0;
}

/* The mount at /root becomes the root of all: not a chroot, in which user namespaces would be refused. */
static int change_root(const char **what)
{
	*what = "the new root";
	if (chdir("/root") || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		return -errno;
	return 0;
}

static void link_dev(void)
{
	if (symlink("/proc/self/fd", "/root/dev/fd") || symlink("/proc/self/fd/0", "/root/dev/stdin") ||
	    symlink("/proc/self/fd/1", "/root/dev/stdout") || symlink("/proc/self/fd/2", "/root/dev/stderr"))
		perror("vmatlas-init: /dev");
}

int va_mount_root(const struct va_job *job, const char **what)
{
	int err = mount_overlay(what);

	if (!err)
		err = mount_places(root_places, sizeof(root_places) / sizeof(*root_places), what);
	if (!err)
		err = mount_shares(job, what);
	if (err)
		return err;
	link_dev();
	return change_root(what);
}

void va_sync_shares(const struct va_job *job)
{
	for (size_t i = 0; i < job->shares.n; i++) {
		int fd = open(job->shares.item[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0) {
			syncfs(fd);
			close(fd);
		}
	}
}
