/*
 * The last close of a userfaultfd changes the map it was made for, whoever closes: a child late in its exit, which has no map and no root
 * any more, or a kernel thread. Each change is told at once: nothing of ours runs between it and the mark.
 */
#include "modtest.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul

/* Eight pages, three of them registered: three VMAs. */
static int registered(char **area)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register middle = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	*area = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	middle.range.start = (uintptr_t)*area + 2 * PAGE;
	middle.range.len = 3 * PAGE;
	if (fd < 0 || *area == MAP_FAILED || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &middle))
		die("userfaultfd");
	return fd;
}

static void closed_by_child(int fd)
{
	int pipes[2];
	char c;

	if (pipe(pipes))
		die("pipe");
	if (!fork()) {
		close(pipes[1]);
		_exit(read(pipes[0], &c, 1));
	}
	close(fd);
	close(pipes[1]);
	wait(NULL);
}

/* A ring gives its files back in a work item. */
static bool closed_by_kernel_thread(int fd)
{
	struct io_uring_params params = {};
	int ring = syscall(SYS_io_uring_setup, 4, &params);

	if (ring < 0)
		return false;
	if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, &fd, 1))
		die("io_uring_register");
	close(fd);
	close(ring);
	return true;
}

/* Flags of userfaultfd do not show in maps: the VMA does, by where it begins. */
static bool split(const char *area)
{
	static char line[512], wanted[32];
	FILE *maps = fopen("/proc/self/maps", "r");
	bool is = false;

	snprintf(wanted, sizeof(wanted), "%lx-", (uintptr_t)area + 2 * PAGE);
	while (maps && fgets(line, sizeof(line), maps))
		is |= !strncmp(line, wanted, strlen(wanted));
	if (maps)
		fclose(maps);
	return is;
}

int work_uffd(int unused)
{
	char *area[2];
	int fd[2] = { registered(&area[0]), registered(&area[1]) };
	bool ring;

	/* The stdio buffer is there before the last change. */
	mark("split %d %d", split(area[0]), split(area[1]));
	save_maps(0);
	closed_by_child(fd[0]);
	save_maps(1);
	ring = closed_by_kernel_thread(fd[1]);
	for (int i = 0; ring && i < 10000 && split(area[1]); i++)
		usleep(1000);
	save_maps(2);
	mark("whole %d %d", !split(area[0]), ring ? !split(area[1]) : -1);
	return 0;
}

void test_uffd(void)
{
	int a = 0, b = 0;
	size_t at;

	record_begin();
	check(watch("uffd", "0") == 0, "userfaultfd: ran");
	record_end();
	compare_maps("userfaultfd closed by an exiting child and by a kernel thread");
	at = find_mark(0, "whole ");
	sscanf(at < all.n ? text_of(all.rec[at].mark.text) : "", "whole %d %d", &a, &b);
	check(a == 1 && b, "userfaultfd: the last close merged what it had split (%d, by a kernel thread %d; -1: no rings here)", a, b);
}
