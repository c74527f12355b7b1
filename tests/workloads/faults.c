/*
 * faults DIR [NAME]: one fault of each kind, and the kernel's own count of each.
 *
 * NAME.facts: pid N, then "step WHAT START END COUNT MINOR MAJOR": what was touched, how many faults that makes there, and how getrusage counted
 * all of the process meanwhile. Marks NAME.WHAT and NAME.WHAT-end stand around each. A step this kernel cannot do is "none WHAT".
 */
#include "workload.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

#define PAGES 7

static struct rusage before;
static const char *step;
static unsigned long place = 0x380000000000;

static char *fresh(size_t pages, int prot, int flags, int fd)
{
	char *p = wl_map((void *)place, pages * WL_PAGE, prot, flags | MAP_FIXED, fd, 0);

	place += 1ul << 32;
	if (flags & MAP_ANONYMOUS)
		madvise(p, pages * WL_PAGE, MADV_NOHUGEPAGE);
	return p;
}

static void begin(const char *what)
{
	step = what;
	wl_mark(what);
	getrusage(RUSAGE_SELF, &before);
}

static void end(const char *p, size_t bytes, unsigned count)
{
	static char mark[64];
	struct rusage now;

	getrusage(RUSAGE_SELF, &now);
	snprintf(mark, sizeof(mark), "%s-end", step);
	wl_mark(mark);
	wl_fact("step %s %#lx %#lx %u %ld %ld", step, (unsigned long)p, (unsigned long)p + bytes, count, now.ru_minflt - before.ru_minflt,
		now.ru_majflt - before.ru_majflt);
}

static void touch(char *p, size_t pages, bool write)
{
	for (size_t i = 0; i < pages; i++) {
		if (write)
			((volatile char *)p)[i * WL_PAGE] = 1;
		else
			(void)((volatile char *)p)[i * WL_PAGE];
	}
}

static void anonymous(void)
{
	char *p = fresh(PAGES, WL_RW, WL_ANON, -1);

	begin("zero-read");
	touch(p, PAGES, false);
	end(p, PAGES * WL_PAGE, PAGES);
	begin("zero-then-write");
	touch(p, PAGES, true);
	end(p, PAGES * WL_PAGE, PAGES);
	p = fresh(PAGES, WL_RW, WL_ANON, -1);
	begin("zero-write");
	touch(p, PAGES, true);
	end(p, PAGES * WL_PAGE, PAGES);
	begin("populate");
	p = fresh(PAGES, WL_RW, WL_ANON | MAP_POPULATE, -1);
	end(p, PAGES * WL_PAGE, PAGES);
	p = fresh(PAGES, WL_RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	begin("shmem-write");
	touch(p, PAGES, true);
	end(p, PAGES * WL_PAGE, PAGES);
}

/* The tmpfs below /dev/shm has no fault-around to blur the count where each page is written. */
static void files(void)
{
	int fd = memfd_create("f", 0);
	char *p;

	if (fd < 0 || ftruncate(fd, PAGES * WL_PAGE))
		wl_die("memfd");
	p = fresh(PAGES, WL_RW, MAP_PRIVATE, fd);
	begin("file-private-write");
	touch(p, PAGES, true);
	end(p, PAGES * WL_PAGE, PAGES);
	close(fd);
	fd = wl_temp_file(PAGES);
	p = fresh(PAGES, WL_RW, MAP_SHARED, fd);
	begin("file-shared-write");
	touch(p, PAGES, true);
	end(p, PAGES * WL_PAGE, PAGES);
	close(fd);
}

static void copy_on_write(void)
{
	char *p = fresh(PAGES, WL_RW, WL_ANON, -1), token;
	int pipes[2];
	pid_t child;

	touch(p, PAGES, true);
	if (pipe(pipes))
		wl_die("pipe");
	child = fork();
	if (!child) {
		close(pipes[1]);
		(void)!read(pipes[0], &token, 1);
		_exit(0);
	}
	begin("cow");
	touch(p, PAGES, true);
	end(p, PAGES * WL_PAGE, PAGES);
	close(pipes[0]);
	close(pipes[1]);
	waitpid(child, NULL, 0);
	child = fork();
	if (!child)
		_exit(0);
	waitpid(child, NULL, 0);
	begin("reuse");
	touch(p, PAGES, true);
	end(p, PAGES * WL_PAGE, PAGES);
}

static void by_kernel(void)
{
	static char here[PAGES * WL_PAGE];
	char *p = fresh(PAGES, WL_RW, WL_ANON, -1);
	struct iovec to = {p, PAGES * WL_PAGE}, from = {here, sizeof(here)};
	int fd = open("/dev/zero", O_RDONLY);

	begin("kernel");
	for (unsigned i = 0; i < PAGES; i++)
		if (read(fd, p + i * WL_PAGE, 8) != 8)
			wl_die("read");
	end(p, PAGES * WL_PAGE, PAGES);
	close(fd);
	p = fresh(PAGES, WL_RW, WL_ANON, -1);
	to.iov_base = p;
	touch(here, PAGES, false);
	begin("remote");
	if (process_vm_writev(getpid(), &from, 1, &to, 1, 0) != PAGES * (ssize_t)WL_PAGE)
		wl_die("process_vm_writev");
	end(p, PAGES * WL_PAGE, PAGES);
}

static int uffd;

/* Answers each missing page by a copy, each page closed to writing by opening it. */
static void *answer(void *arg)
{
	static const char page[WL_PAGE] __attribute__((aligned(4096)));
	struct uffd_msg msg;

	while (read(uffd, &msg, sizeof(msg)) == sizeof(msg)) {
		unsigned long at = msg.arg.pagefault.address & ~(WL_PAGE - 1);
		struct uffdio_copy copy = {.dst = at, .src = (unsigned long)page, .len = WL_PAGE};
		struct uffdio_writeprotect open_it = {.range = {at, WL_PAGE}};

		if (msg.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP)
			ioctl(uffd, UFFDIO_WRITEPROTECT, &open_it);
		else
			ioctl(uffd, UFFDIO_COPY, &copy);
	}
	return arg;
}

static void user_faults(void)
{
	struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP};
	char *p = fresh(PAGES, WL_RW, WL_ANON, -1);
	struct uffdio_register reg = {.range = {(unsigned long)p, PAGES * WL_PAGE}, .mode = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP};
	struct uffdio_writeprotect close_it = {.range = reg.range, .mode = UFFDIO_WRITEPROTECT_MODE_WP};
	pthread_t thread;

	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg)) {
		wl_fact("none uffd");
		return;
	}
	if (pthread_create(&thread, NULL, answer, NULL))
		wl_die("pthread_create");
	usleep(50000);
	begin("uffd-missing");
	touch(p, PAGES, true);
	end(p, PAGES * WL_PAGE, PAGES);
	if (ioctl(uffd, UFFDIO_WRITEPROTECT, &close_it)) {
		wl_fact("none uffd-wp");
		return;
	}
	begin("uffd-wp");
	touch(p, PAGES, true);
	end(p, PAGES * WL_PAGE, PAGES);
}

int main(int argc, char **argv)
{
	wl_begin(argc, argv);
	wl_fact("pid %d", getpid());
	/* What the measuring itself needs is there. */
	begin("warm-up");
	end(NULL, 0, 0);
	anonymous();
	files();
	copy_on_write();
	by_kernel();
	user_faults();
	wl_save_facts("facts");
	_exit(0);
}
