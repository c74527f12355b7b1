#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

#define PATIENCE_MS 10000

static int try_port(int number)
{
	char pattern[32];
	glob_t found;
	int fd = -1;

	snprintf(pattern, sizeof(pattern), "/dev/vport*p%d", number);
	if (!glob(pattern, GLOB_NOSORT, NULL, &found))
		fd = open(found.gl_pathv[0], O_RDWR | O_CLOEXEC);
	globfree(&found);
	return fd;
}

static bool try_ports(struct va_guest *g)
{
	bool all = true;

	for (int i = 1; i < VA_PORT_LIMIT; i++) {
		if (g->port[i] < 0)
			g->port[i] = try_port(i);
		all = all && g->port[i] >= 0;
	}
	return all;
}

static int wait_ports(struct va_guest *g)
{
	char events[4096];
	int watch = inotify_init1(IN_CLOEXEC);
	struct pollfd fd = { watch, POLLIN, 0 };
	int err = 0;

	if (watch < 0 || inotify_add_watch(watch, "/dev", IN_CREATE | IN_ATTRIB) < 0)
		err = -errno;
	while (!err && !try_ports(g))
		if (poll(&fd, 1, PATIENCE_MS) <= 0 || read(watch, events, sizeof(events)) < 0)
			err = -ETIMEDOUT;
	if (watch >= 0)
		close(watch);
	return err;
}

/*
 * A port reads as ended until the kernel has been told that the other side is connected. Writing waits for that, so one byte (which
 * the launcher drops) is written to the port we only read from; `control` is connected last of all.
 */
int va_ports_open(struct va_guest *g)
{
	int err = wait_ports(g);

	if (err)
		return err;
	err = va_write_whole(g->port[VA_PORT_STDIN], "", 1);
	for (int i = VA_PORT_STDIN; !err && i <= VA_PORT_STDERR; i++)
		if (fcntl(g->port[i], F_SETFL, O_NONBLOCK))
			err = -errno;
	return err;
}
