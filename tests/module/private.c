/* Who may open the module's files: nobody but root with CAP_SYS_ADMIN, whatever the modes of directories say. */
#include "fire.h"
#include "modtest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

static void drop_admin(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		_exit(99);
	data[CAP_SYS_ADMIN / 32].effective &= ~(1u << CAP_SYS_ADMIN % 32);
	data[CAP_SYS_ADMIN / 32].permitted &= ~(1u << CAP_SYS_ADMIN % 32);
	if (syscall(SYS_capset, &head, data))
		_exit(99);
}

static void become_nobody(void)
{
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
		_exit(99);
}

/* How many files there are, in the low byte; how many of them opened, in the next. */
static int try_all(void)
{
	static const int ways[] = { O_RDONLY, O_WRONLY, O_RDWR };
	DIR *dir = opendir(VMATLAS_CONTROL_DIR);
	struct dirent *e;
	int files = 0, opened = 0;

	while (dir && (e = readdir(dir))) {
		bool open_somehow = false;

		if (e->d_name[0] == '.')
			continue;
		for (int i = 0; i < 3; i++) {
			int fd = control_open(e->d_name, ways[i]);

			open_somehow |= fd >= 0;
			if (fd >= 0)
				close(fd);
		}
		files++;
		opened += open_somehow;
	}
	return files | opened << 8;
}

static int as(void (*become)(void))
{
	int pipes[2], result = -1;
	pid_t pid;

	if (pipe(pipes))
		die("pipe");
	pid = fork();
	if (!pid) {
		if (become)
			become();
		result = try_all();
		_exit(write(pipes[1], &result, sizeof(result)) != sizeof(result));
	}
	close(pipes[1]);
	if (read(pipes[0], &result, sizeof(result)) != sizeof(result))
		result = -1;
	close(pipes[0]);
	waitpid(pid, NULL, 0);
	return result;
}

/* Open files that root hands on: marks are meant for that; records go to whoever root chose, as with /proc/PID/pagemap. */
static void handed_on(void)
{
	int marker = control_open("marker", O_WRONLY), records = control_open("cpu0", O_RDONLY), status;
	static char buf[4096];
	pid_t pid;

	pid = fork();
	if (!pid) {
		become_nobody();
		_exit((write(marker, "by an ordinary user", 19) != 19) | (read(records, buf, sizeof(buf)) < 0) << 1);
	}
	waitpid(pid, &status, 0);
	check(!status, "an open file does what root handed it on for (%x)", status);
	close(marker);
	close(records);
}

void test_private(void)
{
	int root, admin, nobody;

	/* The directory's mode is not what keeps them out. */
	chmod(VMATLAS_CONTROL_DIR, 0755);
	record_begin();
	root = as(NULL);
	admin = as(drop_admin);
	nobody = as(become_nobody);
	check((root & 255) >= 10 && root >> 8 == (root & 255), "root opens each of %d files", root & 255);
	check((nobody & 255) == (root & 255) && !(nobody >> 8), "an ordinary user opens none of them (%d of %d)", nobody >> 8, nobody & 255);
	check((admin & 255) == (root & 255) && !(admin >> 8), "root without CAP_SYS_ADMIN opens none of them (%d of %d)", admin >> 8, admin & 255);
	handed_on();
	record_end();
}
