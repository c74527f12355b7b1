/*
 * Pages that come, go and change without a fault of the task that has them. After each step what /proc/self/pagemap says is saved (pagemap.h).
 *
 * usage: leave DIR NAME [brd.ko]     root; brd.ko: the RAM disk of this kernel, to swap to
 *
 * Facts: pid; "step MARK" for each taken; "skip WHAT WHY" for what this kernel or machine lacks.
 */
#include <dirent.h>
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/uio.h>

#include "pagemap.h"
#include "workload.h"

#include "vmatlas/control.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

#define HUGE (2ul << 20)
#define N 24 /* pages of most areas */

static char *area; /* N pages, private */

/* --- helpers ------------------------------------------------------------------------------------------------------------------ */

static char *map(size_t pages, int flags, int fd)
{
	char *p = mmap(NULL, pages * WL_PAGE, WL_RW, flags, fd, 0);

	if (p == MAP_FAILED)
		wl_die("mmap");
	return p;
}

static void touch(char *p, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		p[i * WL_PAGE] = (char)(i + 1);
}

/* In another process, which has none of our maps: exec. */
static void elsewhere(const char *what, int fd, uint64_t a, uint64_t b)
{
	char fdtext[16], atext[32], btext[32];
	int status;
	pid_t pid = fork();

	if (!pid) {
		snprintf(fdtext, sizeof(fdtext), "%d", fd);
		snprintf(atext, sizeof(atext), "%lu", a);
		snprintf(btext, sizeof(btext), "%lu", b);
		execl("/proc/self/exe", "leave", "--elsewhere", what, fdtext, atext, btext, (char *)NULL);
		_exit(98);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		wl_die(what);
}

static int elsewhere_main(char **argv)
{
	int fd = atoi(argv[3]);
	off_t a = atol(argv[4]), b = atol(argv[5]);

	if (!strcmp(argv[2], "truncate"))
		return ftruncate(fd, a);
	if (!strcmp(argv[2], "punch"))
		return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, a, b);
	if (!strcmp(argv[2], "drop"))
		return posix_fadvise(fd, a, b, POSIX_FADV_DONTNEED);
	if (!strcmp(argv[2], "advise")) { /* fd: the process */
		struct iovec what = { (void *)a, N * WL_PAGE };

		return syscall(SYS_process_madvise, fd, &what, 1, (int)b, 0) != N * WL_PAGE;
	}
	return 97;
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return ok;
}

/* --- the steps ----------------------------------------------------------------------------------------------------------------- */

static void calls(void)
{
	char *p;

	madvise(area + WL_PAGE, 3 * WL_PAGE, MADV_DONTNEED);
	done("dontneed");
	madvise(area + 6 * WL_PAGE, 2 * WL_PAGE, MADV_FREE);
	area[6 * WL_PAGE]++;
	done("free");
	mprotect(area + 8 * WL_PAGE, 4 * WL_PAGE, PROT_NONE);
	done("protect-none");
	mprotect(area + 8 * WL_PAGE, 4 * WL_PAGE, PROT_READ);
	mprotect(area + 9 * WL_PAGE, 2 * WL_PAGE, WL_RW);
	done("protect");
	p = mmap(area + 16 * WL_PAGE, 4 * WL_PAGE, WL_RW, WL_ANON | MAP_FIXED, -1, 0);
	area[17 * WL_PAGE] = 1;
	done("map-over");
	p = map(N, WL_ANON, -1);
	touch(p, N / 2);
	p = mremap(p, N * WL_PAGE, 2 * N * WL_PAGE, MREMAP_MAYMOVE);
	done("move-grow");
	p = mremap(p, 2 * N * WL_PAGE, N * WL_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, area - 64 * HUGE);
	done("move-fixed");
	p = mremap(p, N * WL_PAGE, N * WL_PAGE, MREMAP_MAYMOVE | 4 /* DONTUNMAP */, NULL);
	p[WL_PAGE] = 7;
	done("move-leave");
	munmap(p + 2 * WL_PAGE, 4 * WL_PAGE);
	done("unmap");
	mprotect(area, N * WL_PAGE, WL_RW);
	touch(area, N);
	done("touched");
}

static void shared_segment(void)
{
	int id = shmget(IPC_PRIVATE, N * WL_PAGE, IPC_CREAT | 0600);
	char *p = shmat(id, NULL, 0), *q = map(N, WL_ANON, -1);

	if (id < 0)
		return skip("shm");
	touch(p, N);
	done("shm");
	touch(q, N);
	shmat(id, q, SHM_REMAP);
	q[0] = 1;
	done("shm-over");
	shmdt(p);
	done("shm-detached");
	shmdt(q);
	shmctl(id, IPC_RMID, NULL);
}

static void truncation(int flags, const char *what)
{
	char name[64];
	int fd = (int)syscall(SYS_memfd_create, what, flags);
	size_t unit = flags ? HUGE : WL_PAGE;
	char *p, *q;

	if (fd < 0 || ftruncate(fd, (off_t)(4 * unit)))
		return skip(what);
	p = mmap(NULL, 4 * unit, WL_RW, MAP_SHARED, fd, 0);
	q = mmap(NULL, 4 * unit, WL_RW, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED || q == MAP_FAILED)
		return skip(what);
	for (size_t i = 0; i < 4; i++)
		p[i * unit] = 1;
	for (size_t i = 0; i < 4; i++)
		if (i % 2 == 0 && !flags)
			q[i * unit] = 2;
		else
			(void)*(volatile char *)(q + i * unit);
	snprintf(name, sizeof(name), "%s", what);
	done(name);
	elsewhere("punch", fd, unit, unit);
	snprintf(name, sizeof(name), "%s-punched", what);
	done(name);
	elsewhere("truncate", fd, 2 * unit, 0);
	elsewhere("truncate", fd, 4 * unit, 0);
	snprintf(name, sizeof(name), "%s-truncated", what);
	done(name);
	p[3 * unit] = 1;
	madvise(p, unit, MADV_REMOVE);
	snprintf(name, sizeof(name), "%s-removed", what);
	done(name);
	munmap(p, 4 * unit);
	munmap(q, 4 * unit);
	close(fd);
}

static void file_pages(void)
{
	static char path[4096];
	char *p;
	int fd;

	snprintf(path, sizeof(path), "/run/%s.file", wl_name);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || ftruncate(fd, N * WL_PAGE))
		return skip("file");
	p = map(N, MAP_SHARED, fd);
	touch(p, N);
	done("file");
	msync(p, N * WL_PAGE, MS_SYNC);
	done("file-synced");
	p[0] = 9;
	elsewhere("truncate", fd, 3 * WL_PAGE, 0);
	done("file-truncated");
	munmap(p, N * WL_PAGE);
	close(fd);
	unlink(path);
}

static char *huge_area(void)
{
	char *p = map(1024, WL_ANON, -1);

	p = (char *)(((uintptr_t)p + HUGE - 1) & ~(HUGE - 1));
	return p;
}

static void huge(void)
{
	char *p = huge_area(), text[128];

	madvise(p, HUGE, MADV_HUGEPAGE);
	p[0] = 1;
	done("huge");
	mprotect(p + 16 * WL_PAGE, WL_PAGE, PROT_READ);
	done("huge-protect");
	madvise(p + 32 * WL_PAGE, 8 * WL_PAGE, MADV_DONTNEED);
	done("huge-dontneed");
	mprotect(p + 16 * WL_PAGE, WL_PAGE, WL_RW);
	if (madvise(p, HUGE, MADV_COLLAPSE))
		skip("collapse");
	done("collapse");
	snprintf(text, sizeof(text), "%d,0x%lx,0x%lx,0", getpid(), (unsigned long)p, (unsigned long)(p + HUGE));
	if (!write_file("/sys/kernel/debug/split_huge_pages", text))
		skip("split");
	done("split");
	madvise(p, HUGE, MADV_COLLAPSE);
	done("collapse-again");
	p = mremap(p, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED, (char *)((uintptr_t)(area - 128 * HUGE) & ~(HUGE - 1)));
	done("huge-moved");
	if (fork() == 0)
		_exit(0);
	wait(NULL);
	p[5 * WL_PAGE] = 3;
	done("huge-cow");
	munmap(p, HUGE);
	p = huge_area();
	madvise(p, HUGE, MADV_HUGEPAGE);
	(void)*(volatile char *)p;
	done("huge-zero");
	p[WL_PAGE] = 1;
	done("huge-zero-written");
	munmap(p, HUGE);
}

static void forks(void)
{
	char *p = map(N, WL_ANON, -1), *shared = map(N, MAP_SHARED | MAP_ANONYMOUS, -1);
	pid_t pid;

	touch(p, N);
	touch(shared, N / 2);
	pid = fork();
	if (!pid) {
		wl_facts_used = 0;
		wl_name = "child";
		save("warm");
		done("born");
		p[3 * WL_PAGE] = 1;
		madvise(p + 5 * WL_PAGE, WL_PAGE, MADV_DONTNEED);
		(void)*(volatile char *)(shared + WL_PAGE);
		done("wrote");
		refresh("child");
		wl_fact("pid %d", getpid());
		wl_save_facts("facts");
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	p[7 * WL_PAGE] = 1;
	done("forked");
	munmap(p, N * WL_PAGE);
	munmap(shared, N * WL_PAGE);
}

/* --- userfaultfd, from another thread ------------------------------------------------------------------------------------------------ */

static int uffd;
static char *watched, *source;

static void *filler(void *unused)
{
	struct uffdio_copy copy = { .dst = (uintptr_t)watched, .src = (uintptr_t)source, .len = 4 * WL_PAGE };
	struct uffdio_zeropage zero = { .range = { (uintptr_t)watched + 8 * WL_PAGE, 3 * WL_PAGE } };
	struct uffdio_writeprotect protect = { .range = { (uintptr_t)watched, 2 * WL_PAGE }, .mode = UFFDIO_WRITEPROTECT_MODE_WP };

	(void)unused;
	if (ioctl(uffd, UFFDIO_COPY, &copy) || ioctl(uffd, UFFDIO_ZEROPAGE, &zero) || ioctl(uffd, UFFDIO_WRITEPROTECT, &protect))
		skip("uffd-fill");
	return NULL;
}

#ifdef UFFDIO_MOVE
static void uffd_move(void)
{
	struct uffdio_move move = { .dst = (uintptr_t)watched + 12 * WL_PAGE, .src = (uintptr_t)source, .len = 3 * WL_PAGE };

	if (ioctl(uffd, UFFDIO_MOVE, &move))
		skip("uffd-move");
	done("uffd-moved");
}
#else
static void uffd_move(void)
{
	struct { uint64_t dst, src, len, mode; int64_t moved; } move = { (uintptr_t)watched + 12 * WL_PAGE, (uintptr_t)source, 3 * WL_PAGE, 0, 0 };

	if (ioctl(uffd, _IOWR(UFFDIO, 0x05, move), &move))
		skip("uffd-move");
	done("uffd-moved");
}
#endif

static void userfault(void)
{
	struct uffdio_api api = { .api = UFFD_API, .features = 0 };
	struct uffdio_register area_of = { .mode = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP };
	pthread_t thread;

	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		return skip("uffd");
	watched = map(N, WL_ANON, -1);
	source = map(N, WL_ANON, -1);
	touch(source, N);
	area_of.range.start = (uintptr_t)watched;
	area_of.range.len = N * WL_PAGE;
	if (ioctl(uffd, UFFDIO_REGISTER, &area_of))
		return skip("uffd-register");
	pthread_create(&thread, NULL, filler, NULL);
	pthread_join(thread, NULL);
	done("uffd-filled");
	uffd_move();
	close(uffd);
	done("uffd-closed");
	munmap(watched, N * WL_PAGE);
	munmap(source, N * WL_PAGE);
}

/* --- reclaim ----------------------------------------------------------------------------------------------------------------------- */

/* A RAM disk with a swap header: include/linux/swap.h, union swap_header. */
static bool swap_on(const char *module)
{
	static char page[4096];
	int file = open(module, O_RDONLY | O_CLOEXEC), disk;
	uint32_t version = 1, last = 4096 - 1;

	if (file < 0 || (syscall(SYS_finit_module, file, "rd_nr=1 rd_size=16384", 0) && errno != EEXIST))
		return false;
	close(file);
	mkdir("/dev", 0755);
	disk = open("/dev/ram0", O_WRONLY | O_CLOEXEC);
	memcpy(page + 1024, &version, 4);
	memcpy(page + 1028, &last, 4);
	memcpy(page + 4086, "SWAPSPACE2", 10);
	if (disk < 0 || write(disk, page, sizeof(page)) != sizeof(page) || fsync(disk))
		return false;
	close(disk);
	return !swapon("/dev/ram0", 0);
}

static void reclaim(const char *module)
{
	char *p = map(N, WL_ANON, -1);
	int self;

	if (!swap_on(module)) {
		skip("swap");
		return;
	}
	touch(p, N);
	madvise(p + 4 * WL_PAGE, 8 * WL_PAGE, MADV_PAGEOUT);
	done("paged-out");
	touch(p + 6 * WL_PAGE, 2);
	done("swapped-in");
	madvise(p + 8 * WL_PAGE, 2 * WL_PAGE, MADV_FREE);
	done("swap-freed");
	madvise(p + 12 * WL_PAGE, 4 * WL_PAGE, MADV_FREE);
	madvise(p + 12 * WL_PAGE, 4 * WL_PAGE, MADV_PAGEOUT);
	done("free-taken");
	madvise(p + 4 * WL_PAGE, 2 * WL_PAGE, MADV_DONTNEED);
	done("swap-dropped");
	self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	fcntl(self, F_SETFD, 0);
	elsewhere("advise", self, (uint64_t)(uintptr_t)p, MADV_PAGEOUT);
	done("paged-out-elsewhere");
	p = mremap(p, N * WL_PAGE, N * WL_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, area - 70 * HUGE);
	done("swap-moved");
	refresh("swap");
	if (swapoff("/dev/ram0"))
		skip("swapoff");
	done("swapped-off");
	close(self);
	munmap(p, N * WL_PAGE);
}

/* --- frames that are exchanged --------------------------------------------------------------------------------------------------------- */

static void exchange(void)
{
	char *p = map(64, WL_ANON, -1);

	touch(p, 64);
	if (madvise(p + 3 * WL_PAGE, WL_PAGE, MADV_SOFT_OFFLINE))
		skip("soft-offline");
	done("soft-offline");
	if (!write_file("/proc/sys/vm/compact_memory", "1"))
		skip("compaction");
	done("compacted");
	munmap(p, 64 * WL_PAGE);
}

static void ksm(void)
{
	char *p = map(N, WL_ANON, -1);

	for (size_t i = 0; i < N; i++)
		memset(p + i * WL_PAGE, i < N / 2 ? 0x5a : (int)i, WL_PAGE);
	if (madvise(p, N * WL_PAGE, MADV_MERGEABLE))
		return skip("ksm");
	write_file("/sys/kernel/mm/ksm/sleep_millisecs", "1");
	write_file("/sys/kernel/mm/ksm/pages_to_scan", "1000");
	write_file("/sys/kernel/mm/ksm/run", "1");
	for (int i = 0; i < 300 && wl_pfn(p) != wl_pfn(p + WL_PAGE); i++)
		usleep(10000);
	if (!wl_pfn(p) || wl_pfn(p) != wl_pfn(p + WL_PAGE)) {
		errno = ETIMEDOUT;
		skip("ksm-merged");
	}
	write_file("/sys/kernel/mm/ksm/run", "0");
	usleep(50000);
	done("ksm");
	p[WL_PAGE] = 1;
	done("ksm-written");
	madvise(p, N * WL_PAGE, MADV_UNMERGEABLE);
	done("ksm-unmerged");
	munmap(p, N * WL_PAGE);
}

static void rings(void)
{
	struct io_uring_params params = { 0 };
	int fd = (int)syscall(SYS_io_uring_setup, 256, &params);
	char *p;

	if (fd < 0)
		return skip("ring");
	p = mmap(NULL, params.sq_off.array + params.sq_entries * 4, WL_RW, MAP_SHARED, fd, IORING_OFF_SQ_RING);
	if (p == MAP_FAILED)
		return skip("ring-map");
	done("ring");
	(void)*(volatile char *)p;
	done("ring-touched");
	close(fd);
}

static void refreshed(void)
{
	refresh("all");
	touch(area, N);
	madvise(area, 2 * WL_PAGE, MADV_DONTNEED);
	done("after-refresh");
}

int main(int argc, char **argv)
{
	if (argc > 5 && !strcmp(argv[1], "--elsewhere"))
		return elsewhere_main(argv);
	wl_begin(argc, argv);
	wl_fact("pid %d", getpid());
	memset(entries, 0, sizeof(entries));
	memset(lines, 0, sizeof(lines));
	area = map(N, WL_ANON, -1);
	touch(area, N);
	save("warm"); /* its own first faults */
	done("begin");
	calls();
	shared_segment();
	truncation(0, "memfd");
	write_file("/proc/sys/vm/nr_hugepages", "12");
	truncation(MFD_HUGETLB, "hugetlb");
	file_pages();
	huge();
	forks();
	userfault();
	refresh("middle");
	reclaim(argc > 3 ? argv[3] : "");
	exchange();
	ksm();
	rings();
	refreshed();
	wl_save_facts("facts");
	return 0;
}
