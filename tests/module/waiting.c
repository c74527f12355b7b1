/*
 * A fault that waits (for who answers a userfaultfd) while its map comes to be watched, or is watched anew: it is told when it goes on, as one of the map as
 * it is called then.
 */
#include "modtest.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul
#define AREA ((char *)0x500000000000ul)

struct waiter {
	pid_t pid;
	int to, from;
};

static void *toucher(void *area)
{
	*(volatile char *)area = 1;
	return NULL;
}

/* At the first byte a thread faults, at the second the fault goes on. */
static void wait_in_fault(int from, int to)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .range = { (uintptr_t)AREA, PAGE }, .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffd_msg message;
	pthread_t thread;
	char c;

	if (mmap(AREA, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != AREA || fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &area))
		_exit(1);
	if (read(from, &c, 1) != 1 || pthread_create(&thread, NULL, toucher, AREA) || read(fd, &message, sizeof(message)) != sizeof(message) ||
	    write(to, "w", 1) != 1 || read(from, &c, 1) != 1 || ioctl(fd, UFFDIO_UNREGISTER, &area.range))
		_exit(2);
	pthread_join(thread, NULL);
	_exit(0);
}

static struct waiter start(void)
{
	int there[2], back[2];
	struct waiter w;

	if (pipe(there) || pipe(back))
		die("pipe");
	w.pid = fork();
	if (!w.pid)
		wait_in_fault(there[0], back[1]);
	close(there[0]);
	close(back[1]);
	w.to = there[1];
	w.from = back[0];
	return w;
}

static void now_waits(const struct waiter *w)
{
	char c;

	if (write(w->to, "f", 1) != 1 || read(w->from, &c, 1) != 1)
		die("a fault that waits");
}

static void goes_on(const struct waiter *w)
{
	int status = -1;

	if (write(w->to, "g", 1) != 1)
		die("pipe");
	waitpid(w->pid, &status, 0);
	close(w->to);
	close(w->from);
	check(!status, "a fault that waits: went on");
}

static void told(const char *what)
{
	const struct vmatlas_record *fault = NULL;
	size_t faults = 0;
	__u32 mm = 0;

	for (size_t i = 0; i < all.n; i++) {
		const struct vmatlas_record *r = &all.rec[i];

		if (r->head.type == VMATLAS_TASK)
			mm = r->head.mm;
		if (r->head.type != VMATLAS_FAULT || (r->fault.addr & ~(PAGE - 1)) != (uintptr_t)AREA)
			continue;
		fault = r;
		faults++;
	}
	check(faults == 1 && fault->head.mm == mm && fault->fault.entry[4] & 1 && !(fault->fault.before & 1), "%s: told once, of that map, with its page (%zu of %u)", what, faults, mm);
	if (faults)
		check(fault->fault.error == 6 && !(fault->head.flags & (VMATLAS_F_KERNEL | VMATLAS_F_GUP)) && fault->fault.ip && fault->fault.counted != VMATLAS_COUNTED_NOT,
		      "%s: a write of the program, counted (error %u, flags %x)", what, (unsigned)fault->fault.error, fault->head.flags);
}

static void target(pid_t pid)
{
	char text[32];

	snprintf(text, sizeof(text), "pid %d", pid);
	if (control("target", text))
		die("target");
}

void test_waiting(void)
{
	struct waiter w;

	record_begin();
	w = start();
	now_waits(&w);
	target(w.pid);
	goes_on(&w);
	record_end();
	told("a fault that waited before its map was watched");

	record_begin();
	w = start();
	target(w.pid);
	now_waits(&w);
	control("target", "none");
	drain();
	records_reset();
	target(w.pid);
	goes_on(&w);
	record_end();
	told("a fault that waited while its map was watched anew");
}
