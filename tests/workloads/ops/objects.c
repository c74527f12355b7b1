/* Kernel objects that live in a map: shared memory, userfaultfd, rings of io_uring, AIO and perf, files that change under their mappings. */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ops.h"

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

static void shared_segment(struct ops *o)
{
	static const int flags[] = {SHM_REMAP, SHM_REMAP | SHM_RDONLY, SHM_REMAP | SHM_EXEC, SHM_RND, 0};
	unsigned which = (unsigned)ops_rnd(o, 5);
	long at;

	if (o->shm && ops_chance(o, 2)) {
		shmdt((void *)o->shm);
		o->shm = 0;
		return;
	}
	at = syscall(SYS_shmat, ops_segment, which < 4 ? ops_addr(o) : 0, flags[which]);
	if (at != -1)
		o->shm = (unsigned long)at;
}

/* Two made and destroyed while attached: /SYSV… (deleted). */
static void lost_segment(struct ops *o)
{
	int id = shmget(0x4f505300 + (int)o->thread, ops_bytes(o, 4), IPC_CREAT | 0600);
	long at = syscall(SYS_shmat, id, ops_addr(o), SHM_REMAP);

	shmctl(id, IPC_RMID, NULL);
	if (at != -1 && ops_chance(o, 2))
		shmdt((void *)at);
}

static void scramble(struct ops *o)
{
	syscall(SYS_remap_file_pages, ops_addr(o), ops_bytes(o, 6), 0, ops_rnd(o, OPS_FILE_PAGES), 0);
}

/* Faults in what is registered become SIGBUS: nobody need answer. */
static int open_uffd(void)
{
	struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_SIGBUS};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && ioctl(fd, UFFDIO_API, &api)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void fill(struct ops *o)
{
	static const char page[OPS_PAGE] __attribute__((aligned(4096)));
	struct uffdio_copy copy = {.dst = ops_addr(o), .src = (unsigned long)page, .len = OPS_PAGE};
	struct uffdio_zeropage zero = {.range = {ops_addr(o), 4 * OPS_PAGE}};

	if (ops_chance(o, 2))
		ioctl(o->uffd, UFFDIO_COPY, &copy);
	else
		ioctl(o->uffd, UFFDIO_ZEROPAGE, &zero);
}

static void user_faults(struct ops *o)
{
	struct uffdio_register reg = {.range = {ops_addr(o), ops_bytes(o, 32)}, .mode = UFFDIO_REGISTER_MODE_MISSING};
	struct uffdio_range off = {ops_addr(o), ops_bytes(o, 32)};

	if (o->uffd < 0)
		o->uffd = open_uffd();
	if (o->uffd < 0)
		return;
	switch (ops_rnd(o, 6)) {
	case 0:
		ioctl(o->uffd, UFFDIO_UNREGISTER, &off);
		break;
	case 1: /* all that is registered goes back */
		close(o->uffd);
		o->uffd = -1;
		break;
	case 2:
		reg.mode |= UFFDIO_REGISTER_MODE_WP;
		/* fall through */
	case 3:
		ioctl(o->uffd, UFFDIO_REGISTER, &reg);
		break;
	default:
		fill(o);
	}
}

static void uring(struct ops *o)
{
	struct io_uring_params p = {.flags = ops_chance(o, 4) ? IORING_SETUP_SQPOLL : 0, .sq_thread_idle = 1};

	if (o->ring >= 0) {
		close(o->ring);
		o->ring = -1;
		return;
	}
	o->ring = (int)syscall(SYS_io_uring_setup, 8, &p);
	if (o->ring < 0)
		return;
	mmap((void *)ops_addr(o), OPS_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, o->ring, IORING_OFF_SQ_RING);
	mmap((void *)ops_addr(o), OPS_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE, o->ring, IORING_OFF_SQES);
}

/* The ring stands in the map as /[aio]; it may be moved, and goes with its context wherever it is. */
static void aio(struct ops *o)
{
	long at;

	if (!o->aio) {
		if (syscall(SYS_io_setup, 16, &o->aio))
			o->aio = 0;
		return;
	}
	if (ops_chance(o, 2)) {
		at = syscall(SYS_mremap, o->aio, OPS_PAGE, OPS_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, ops_addr(o));
		if (at != -1)
			o->aio = (unsigned long)at;
		return;
	}
	syscall(SYS_io_destroy, o->aio);
	o->aio = 0;
}

static void perf(struct ops *o)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .config = PERF_COUNT_SW_PAGE_FAULTS, .disabled = 1};

	if (o->perf >= 0) {
		close(o->perf);
		o->perf = -1;
		return;
	}
	o->perf = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	if (o->perf >= 0)
		mmap((void *)ops_addr(o), 3 * OPS_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, o->perf, 0);
}

/* Shorter and longer again, holes: pages leave the map of everybody. */
static void cut_file(struct ops *o)
{
	int fd = ops_files[ops_chance(o, 2) ? OPS_MEMFD : OPS_KEPT];

	if (fd < 0)
		return;
	if (ops_chance(o, 2)) {
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)(ops_rnd(o, OPS_FILE_PAGES) * OPS_PAGE), (off_t)ops_bytes(o, 8));
		return;
	}
	(void)!ftruncate(fd, (off_t)(ops_rnd(o, OPS_FILE_PAGES) * OPS_PAGE + 77));
	(void)!ftruncate(fd, (off_t)(OPS_FILE_PAGES * OPS_PAGE));
}

static void sealed_memfd(struct ops *o)
{
	int fd = memfd_create("sealed [memfd]\n", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	if (fd < 0)
		return;
	(void)!ftruncate(fd, 4 * OPS_PAGE);
	mmap((void *)ops_addr(o), 4 * OPS_PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
	fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK);
	mmap((void *)ops_addr(o), 4 * OPS_PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	close(fd);
}

const struct ops_kind ops_objects[] = {
	{"shmat", shared_segment, 4}, {"shmat-lost", lost_segment, 2}, {"remap_file_pages", scramble, 2}, {"userfaultfd", user_faults, 6},
	{"io_uring", uring, 2},	      {"aio", aio, 3},		       {"perf", perf, 2},		  {"cut-file", cut_file, 2},
	{"memfd-sealed", sealed_memfd, 2}, {0},
};
