#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#define FAREWELL_MS 10000

void va_guest_power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

/* The launcher ends the machine when it has all it waits for; a guest it has forgotten ends itself. */
static void wait_for_end(struct va_guest *g)
{
	struct pollfd fd = { g->port[VA_PORT_CONTROL], 0, 0 };

	poll(&fd, 1, FAREWELL_MS);
	va_guest_power_off();
}

void va_guest_fail(struct va_guest *g, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "vmatlas-init: %s\n", text);
	if (g->port[VA_PORT_CONTROL] >= 0) {
		va_frame_send(g->port[VA_PORT_CONTROL], VA_FRAME_FAILED, text, strlen(text));
		wait_for_end(g);
	}
	va_guest_power_off();
}

static void say_hello(struct va_guest *g)
{
	struct utsname uts;

	uname(&uts);
	if (va_frame_send(g->port[VA_PORT_CONTROL], VA_FRAME_HELLO, uts.release, strlen(uts.release)))
		va_guest_power_off();
}

static struct va_job *receive_job(struct va_guest *g)
{
	struct va_bytes b = { 0 };
	struct va_job *job = NULL;
	const unsigned char *payload;
	uint32_t kind, n;
	long size;

	while (!(size = va_frame_parse(&b, &kind, &payload, &n))) {
		char buf[32768];
		ssize_t got = read(g->port[VA_PORT_CONTROL], buf, sizeof(buf));

		if (got <= 0)
			va_guest_power_off();
		va_bytes_add(&b, buf, got);
	}
	if (size > 0 && kind == VA_FRAME_JOB)
		job = va_job_decode(payload, n);
	va_bytes_free(&b);
	if (!job)
		va_guest_fail(g, "the launcher sent no job the guest understands: are vmatlas and its initramfs of the same build?");
	return job;
}

static void raise_loopback(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo))
		perror("vmatlas-init: loopback");
	if (fd >= 0)
		close(fd);
}

static void start(struct va_guest *g)
{
	const char *what = "";
	int err = va_mount_kernel(&what);

	if (!err)
		err = va_modules_load(&what);
	if (err)
		va_guest_fail(g, "%s: %s", what, strerror(-err));
	err = va_ports_open(g);
	if (err)
		va_guest_fail(g, "the ports to the launcher did not appear: %s", strerror(-err));
	g->module = open("/modules/vmatlas.ko", O_RDONLY | O_CLOEXEC);
	g->collector = open("/vmatlas-collect", O_RDONLY | O_CLOEXEC);
	say_hello(g);
	g->job = receive_job(g);
	err = va_mount_root(g->job, &what);
	if (err)
		va_guest_fail(g, "the guest cannot mount %s: %s", what, strerror(-err));
}

static void load_module(struct va_guest *g)
{
	int err = va_module_load(g->module, g->job->params);

	if (err)
		va_guest_fail(g, "the guest cannot load vmatlas.ko%s%s: %s", *g->job->params ? " with " : "", g->job->params, strerror(-err));
}

int main(void)
{
	struct va_guest g = { .port = { -1, -1, -1, -1, -1, -1 }, .module = -1, .collector = -1 };
	struct va_guest_exit out = { 0 };
	const char *what = "";
	int err;

	signal(SIGPIPE, SIG_IGN);
	start(&g);
	if (sethostname(g.job->hostname, strlen(g.job->hostname)))
		perror("vmatlas-init: hostname");
	raise_loopback();
	if (!(g.job->flags & VA_JOB_BARE))
		load_module(&g);
	err = va_session_run(&g, &out, &what);
	if (err)
		va_guest_fail(&g, "the guest cannot %s: %s", what, strerror(-err));
	va_sync_shares(g.job);
	va_frame_send(g.port[VA_PORT_CONTROL], VA_FRAME_EXIT, &out, sizeof(out));
	wait_for_end(&g);
}
