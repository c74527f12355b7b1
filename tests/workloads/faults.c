/*
 * faults DIR [NAME]: faults that need nothing but a kernel, one kind after the other, and the kernel's own count of each.
 *
 * NAME.facts: pid N, then the steps (fault_step.h).
 */
#include "fault_step.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

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
	p = fresh(PAGES, WL_RW, WL_ANON, -1);
	begin("mlock");
	if (mlock(p, PAGES * WL_PAGE))
		wl_die("mlock");
	end(p, PAGES * WL_PAGE, PAGES);
	/* The lowest first: the mapping grows by all of them at once. */
	p = fresh(1, WL_RW, WL_ANON | MAP_GROWSDOWN, -1) - PAGES * WL_PAGE;
	begin("grow-down");
	touch(p, PAGES, true);
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
	p = fresh(PAGES, WL_RW, MAP_PRIVATE, fd);
	begin("file-around");
	touch(p, PAGES, false);
	end(p, PAGES * WL_PAGE, 1);
	begin("file-private-cow");
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

/* Pages a child has too, read by way of pinning them: each is copied first. */
static void shared_with_child(struct iovec *to, struct iovec *from)
{
	char *p = fresh(PAGES, WL_RW, WL_ANON, -1), token;
	int pipes[2];
	pid_t child;

	touch(p, PAGES, true);
	from->iov_base = p;
	if (pipe(pipes))
		wl_die("pipe");
	child = fork();
	if (!child) {
		close(pipes[1]);
		(void)!read(pipes[0], &token, 1);
		_exit(0);
	}
	touch(to->iov_base, PAGES, true);
	begin("unshare");
	if (process_vm_readv(getpid(), to, 1, from, 1, 0) != PAGES * (ssize_t)WL_PAGE)
		wl_die("process_vm_readv");
	end(p, PAGES * WL_PAGE, PAGES);
	close(pipes[0]);
	close(pipes[1]);
	waitpid(child, NULL, 0);
}

/* As a debugger writes: what the mapping forbids. */
static void force(void)
{
	char *p = fresh(PAGES, PROT_READ, WL_ANON, -1);
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	touch(p, PAGES, false);
	begin("force-write");
	for (unsigned i = 0; i < PAGES; i++)
		if (pwrite(fd, "x", 1, (off_t)(uintptr_t)(p + i * WL_PAGE)) != 1)
			wl_die("/proc/self/mem");
	end(p, PAGES * WL_PAGE, PAGES);
	close(fd);
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
	fd = memfd_create("to", 0);
	p = fresh(PAGES, WL_RW, WL_ANON, -1);
	begin("kernel-read");
	for (unsigned i = 0; i < PAGES; i++)
		if (write(fd, p + i * WL_PAGE, 8) != 8)
			wl_die("write");
	end(p, PAGES * WL_PAGE, PAGES);
	close(fd);
	p = fresh(PAGES, WL_RW, WL_ANON, -1);
	from.iov_base = p;
	to.iov_base = here;
	touch(here, PAGES, true);
	begin("remote-read");
	if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) != PAGES * (ssize_t)WL_PAGE)
		wl_die("process_vm_readv");
	end(p, PAGES * WL_PAGE, PAGES);
	shared_with_child(&to, &from);
	force();
	from.iov_base = here;
	p = fresh(PAGES, WL_RW, WL_ANON, -1);
	to.iov_base = p;
	touch(here, PAGES, false);
	begin("remote");
	if (process_vm_writev(getpid(), &from, 1, &to, 1, 0) != PAGES * (ssize_t)WL_PAGE)
		wl_die("process_vm_writev");
	end(p, PAGES * WL_PAGE, PAGES);
}

static int uffd;
static volatile bool with_zeros;

/* Answers each missing page by a copy or by zeros, each minor fault by the page the file has, each page closed to writing by opening it. */
static void *answer(void *arg)
{
	static const char page[WL_PAGE] __attribute__((aligned(4096)));
	struct uffd_msg msg;

	while (read(uffd, &msg, sizeof(msg)) == sizeof(msg)) {
		unsigned long at = msg.arg.pagefault.address & ~(WL_PAGE - 1);
		struct uffdio_copy copy = {.dst = at, .src = (unsigned long)page, .len = WL_PAGE};
		struct uffdio_writeprotect open_it = {.range = {at, WL_PAGE}};
		struct uffdio_zeropage zero = {.range = {at, WL_PAGE}};
		struct uffdio_continue go_on = {.range = {at, WL_PAGE}};

		if (msg.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP)
			ioctl(uffd, UFFDIO_WRITEPROTECT, &open_it);
		else if (msg.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_MINOR)
			ioctl(uffd, UFFDIO_CONTINUE, &go_on);
		else if (with_zeros)
			ioctl(uffd, UFFDIO_ZEROPAGE, &zero);
		else
			ioctl(uffd, UFFDIO_COPY, &copy);
	}
	return arg;
}

static bool watch(char *p, unsigned mode)
{
	struct uffdio_register reg = {.range = {(unsigned long)p, PAGES * WL_PAGE}, .mode = mode};

	return !ioctl(uffd, UFFDIO_REGISTER, &reg);
}

static void user_minor(void)
{
	int fd = memfd_create("minor", 0);
	char *q, *p;

	if (fd < 0 || ftruncate(fd, PAGES * WL_PAGE))
		wl_die("memfd");
	q = fresh(PAGES, WL_RW, MAP_SHARED, fd);
	p = fresh(PAGES, WL_RW, MAP_SHARED, fd);
	touch(q, PAGES, true);
	if (!watch(p, UFFDIO_REGISTER_MODE_MINOR)) {
		wl_fact("none uffd-minor");
		return;
	}
	begin("uffd-minor");
	touch(p, PAGES, true);
	end(p, PAGES * WL_PAGE, PAGES);
}

static void user_faults(void)
{
	struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_MINOR_SHMEM};
	char *p = fresh(PAGES, WL_RW, WL_ANON, -1), *q = fresh(PAGES, WL_RW, WL_ANON, -1);
	struct uffdio_writeprotect close_it = {.range = {(unsigned long)p, PAGES * WL_PAGE}, .mode = UFFDIO_WRITEPROTECT_MODE_WP};
	pthread_t thread;

	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || !watch(p, UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP) ||
	    !watch(q, UFFDIO_REGISTER_MODE_MISSING)) {
		wl_fact("none uffd");
		return;
	}
	if (pthread_create(&thread, NULL, answer, NULL))
		wl_die("pthread_create");
	usleep(50000);
	begin("uffd-missing");
	touch(p, PAGES, true);
	end(p, PAGES * WL_PAGE, PAGES);
	with_zeros = true;
	begin("uffd-zero");
	touch(q, PAGES, false);
	end(q, PAGES * WL_PAGE, PAGES);
	if (ioctl(uffd, UFFDIO_WRITEPROTECT, &close_it)) {
		wl_fact("none uffd-wp");
		return;
	}
	begin("uffd-wp");
	touch(p, PAGES, true);
	end(p, PAGES * WL_PAGE, PAGES);
	user_minor();
}

/* --- what is not allowed ------------------------------------------------------------------------------------------------------- */

static sigjmp_buf back;

static void caught(int sig)
{
	siglongjmp(back, sig);
}

/* One fault that ends in a signal. */
static void bad(const char *what, char *p, void (*access)(char *p))
{
	begin(what);
	if (!sigsetjmp(back, 1))
		access(p);
	end(p, WL_PAGE, 1);
}

static void load(char *p)
{
	touch(p, 1, false);
}

static void store(char *p)
{
	touch(p, 1, true);
}

static void jump(char *p)
{
	((void (*)(void))p)();
}

static void bad_accesses(void)
{
	int fd = memfd_create("short", 0);
	char *p = fresh(PAGES, WL_RW, WL_ANON, -1), *file;

	if (fd < 0 || ftruncate(fd, WL_PAGE))
		wl_die("memfd");
	file = fresh(PAGES, WL_RW, MAP_SHARED, fd);
	signal(SIGSEGV, caught);
	signal(SIGBUS, caught);
	touch(p, PAGES, true);
	bad("bad-exec", p, jump);
	mprotect(p + WL_PAGE, WL_PAGE, PROT_READ);
	bad("bad-write", p + WL_PAGE, store);
	mprotect(p + 2 * WL_PAGE, WL_PAGE, PROT_NONE);
	bad("bad-none", p + 2 * WL_PAGE, load);
	munmap(p + 3 * WL_PAGE, WL_PAGE);
	bad("bad-unmapped", p + 3 * WL_PAGE, load);
	bad("bad-eof", file + 2 * WL_PAGE, store);
}

int main(int argc, char **argv)
{
	wl_begin(argc, argv);
	wl_one_cpu();
	wl_fact("pid %d", getpid());
	/* What the measuring itself needs is there. */
	begin("warm-up");
	end(NULL, 0, 0);
	anonymous();
	files();
	copy_on_write();
	by_kernel();
	user_faults();
	bad_accesses();
	wl_save_facts("facts");
	_exit(0);
}
