/*
 * faults_rare DIR NAME brd.ko: faults that need root and something set up: a disk, swap, huge pages, two nodes, broken memory. brd.ko: the RAM disk of this kernel.
 *
 * NAME.facts: pid N, then the steps (fault_step.h); "numa START END HINTS MINOR MAJOR": pages that NUMA balancing asked about, and how many hinting faults
 * the whole machine had meanwhile; "lacks WHAT": thp, numa, poison: this kernel was built without.
 */
#include "fault_step.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <time.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define HUGE (2ul << 20)
#define HUGES 3
#define PATIENCE 20 /* seconds, for what the kernel does in its own time */

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

static bool patient(time_t since)
{
	return time(NULL) - since < PATIENCE;
}

/* A child that has the parent's pages until told to go; touches some first. */
static pid_t sharer(int pipes[2], char *p, size_t pages)
{
	int ready[2];
	char token = 0;
	pid_t child;

	if (pipe(pipes) || pipe(ready))
		wl_die("pipe");
	child = fork();
	if (!child) {
		close(pipes[1]);
		touch(p, pages, false);
		(void)!write(ready[1], &token, 1);
		(void)!read(pipes[0], &token, 1);
		_exit(0);
	}
	(void)!read(ready[0], &token, 1);
	close(ready[0]);
	close(ready[1]);
	return child;
}

static void let_go(int pipes[2], pid_t child)
{
	close(pipes[0]);
	close(pipes[1]);
	waitpid(child, NULL, 0);
}

/* --- a disk ------------------------------------------------------------------------------------------------------------------------ */

/* ram0: swap; ram1: read as a file, one page at a time. */
static bool disks(const char *module)
{
	int file = open(module, O_RDONLY | O_CLOEXEC);
	bool ok = file >= 0 && (!syscall(SYS_finit_module, file, "rd_nr=2 rd_size=16384", 0) || errno == EEXIST);

	close(file);
	return ok;
}

static void drop(int fd)
{
	if (fsync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		wl_die("posix_fadvise");
}

static void file_from_disk(int fd)
{
	char *p;

	drop(fd);
	p = fresh(PAGES, WL_RW, MAP_SHARED, fd);
	madvise(p, PAGES * WL_PAGE, MADV_RANDOM);
	begin("file-major");
	touch(p, PAGES, false);
	end(p, PAGES * WL_PAGE, PAGES);
	madvise(p, PAGES * WL_PAGE, MADV_DONTNEED);
	begin("file-minor");
	touch(p, PAGES, false);
	end(p, PAGES * WL_PAGE, 1);
	begin("write-notify");
	touch(p, PAGES, true);
	end(p, PAGES * WL_PAGE, PAGES);
	if (msync(p, PAGES * WL_PAGE, MS_SYNC))
		wl_die("msync");
	begin("after-writeback");
	touch(p, PAGES, true);
	end(p, PAGES * WL_PAGE, PAGES);
	munmap(p, PAGES * WL_PAGE);
	drop(fd);
	p = fresh(PAGES, WL_RW, MAP_PRIVATE, fd);
	madvise(p, PAGES * WL_PAGE, MADV_RANDOM);
	begin("file-private-major");
	touch(p, PAGES, true);
	end(p, PAGES * WL_PAGE, PAGES);
}

static void direct(void)
{
	int fd = open("/dev/ram1", O_RDONLY | O_DIRECT | O_CLOEXEC);
	char *p = fresh(PAGES, WL_RW, WL_ANON, -1);

	begin("direct-read");
	if (read(fd, p, PAGES * WL_PAGE) != PAGES * (ssize_t)WL_PAGE)
		wl_die("O_DIRECT");
	end(p, PAGES * WL_PAGE, PAGES);
	close(fd);
}

/* --- swap ---------------------------------------------------------------------------------------------------------------------------- */

/* include/linux/swap.h, union swap_header */
static bool swap_on(void)
{
	static char page[WL_PAGE];
	uint32_t version = 1, last = 4096 - 1;
	int disk = open("/dev/ram0", O_WRONLY | O_CLOEXEC);

	memcpy(page + 1024, &version, 4);
	memcpy(page + 1028, &last, 4);
	memcpy(page + 4086, "SWAPSPACE2", 10);
	if (disk < 0 || write(disk, page, sizeof(page)) != sizeof(page) || fsync(disk))
		return false;
	close(disk);
	return !swapon("/dev/ram0", 0);
}

static bool is_swapped(const char *p)
{
	uint64_t word = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	for (size_t i = 0; i < PAGES; i++)
		if (pread(fd, &word, 8, (off_t)((uintptr_t)p / WL_PAGE + i) * 8) != 8 || !(word >> 62 & 1))
			break;
	close(fd);
	return word >> 62 & 1;
}

/* Written to swap and out of memory: what is shared, or still being written, stays. */
static char *swapped(void)
{
	char *p = fresh(PAGES, WL_RW, WL_ANON, -1);
	time_t start = time(NULL);

	touch(p, PAGES, true);
	while (!is_swapped(p) && patient(start))
		if (madvise(p, PAGES * WL_PAGE, MADV_PAGEOUT))
			wl_die("MADV_PAGEOUT");
	return p;
}

static bool out_of_memory(char *p)
{
	unsigned char there[PAGES];
	time_t start = time(NULL);
	bool any = true;

	while (any && patient(start)) {
		if (madvise(p, PAGES * WL_PAGE, MADV_PAGEOUT) || mincore(p, PAGES * WL_PAGE, there))
			wl_die("MADV_PAGEOUT");
		any = memchr(there, 1, sizeof(there));
	}
	return !any;
}

static void swap(void)
{
	int pipes[2];
	pid_t child;
	char *p;

	if (!swap_on()) {
		wl_fact("none swap");
		return;
	}
	p = swapped();
	begin("swap-major");
	touch(p, PAGES, true);
	end(p, PAGES * WL_PAGE, PAGES);
	/* What a child has read back stays in the swap cache, for us. */
	p = swapped();
	child = sharer(pipes, p, PAGES);
	begin("swap-minor");
	touch(p, PAGES, false);
	end(p, PAGES * WL_PAGE, PAGES);
	let_go(pipes, child);
	/* Of shared memory the entries are empty, the file knows. */
	p = fresh(PAGES, WL_RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	touch(p, PAGES, true);
	if (!out_of_memory(p)) {
		wl_fact("none shmem-swapped");
		return;
	}
	begin("shmem-swapped");
	touch(p, PAGES, true);
	end(p, PAGES * WL_PAGE, PAGES);
	if (swapoff("/dev/ram0"))
		wl_die("swapoff");
}

/* --- huge pages ------------------------------------------------------------------------------------------------------------------------ */

static void touch_huge(char *p, bool write)
{
	for (size_t i = 0; i < HUGES; i++)
		touch(p + i * HUGE + 5 * WL_PAGE, 1, write);
}

static char *huge_area(void)
{
	char *p = fresh(HUGES * HUGE / WL_PAGE, WL_RW, WL_ANON, -1);

	if (madvise(p, HUGES * HUGE, MADV_HUGEPAGE))
		wl_die("MADV_HUGEPAGE");
	return p;
}

static size_t huge_kb(const char *p)
{
	static char text[1 << 16];
	char from[32];
	size_t used = 0;
	int fd = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
	ssize_t n;
	char *at;

	while ((n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	close(fd);
	text[used] = 0;
	snprintf(from, sizeof(from), "\n%lx-", (unsigned long)p);
	at = strstr(text, from);
	at = at ? strstr(at, "AnonHugePages:") : NULL;
	return at ? strtoul(at + 14, NULL, 10) : 0;
}

static void transparent(void)
{
	char *p, *q;
	time_t start = time(NULL);
	int pipes[2];
	pid_t child;

	if (access("/sys/kernel/mm/transparent_hugepage", F_OK)) {
		wl_fact("lacks thp");
		return;
	}
	p = huge_area();
	q = huge_area();
	begin("thp-zero");
	touch_huge(q, false);
	end(q, HUGES * HUGE, HUGES);
	begin("thp-write");
	touch_huge(p, true);
	end(p, HUGES * HUGE, HUGES);
	child = sharer(pipes, p, 1);
	begin("thp-cow");
	touch_huge(p, true);
	end(p, HUGES * HUGE, HUGES);
	let_go(pipes, child);
	p = huge_area();
	touch_huge(p, true);
	begin("thp-split");
	mprotect(p + 16 * WL_PAGE, WL_PAGE, PROT_READ);
	mprotect(p + 16 * WL_PAGE, WL_PAGE, WL_RW);
	munmap(p + HUGE, 16 * WL_PAGE);
	end(p, 2 * HUGE, 0);
	begin("thp-collapse");
	if (madvise(p, HUGE, MADV_COLLAPSE))
		wl_fact("none thp-collapse");
	end(p, HUGE, 0);
	/* By khugepaged, in its own time: one written small page a huge one, the others empty. */
	p = fresh(HUGE / WL_PAGE, WL_RW, WL_ANON, -1);
	touch(p, HUGE / WL_PAGE, true);
	huge_kb(p);
	write_file("/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs", "10");
	write_file("/sys/kernel/mm/transparent_hugepage/khugepaged/alloc_sleep_millisecs", "10");
	begin("khugepaged");
	madvise(p, HUGE, MADV_HUGEPAGE);
	while (huge_kb(p) < HUGE / 1024 && patient(start))
		usleep(10000);
	if (huge_kb(p) < HUGE / 1024)
		wl_fact("none khugepaged");
	end(p, HUGE, 0);
}

static sigjmp_buf back;

static void caught(int sig)
{
	siglongjmp(back, sig);
}

static void reserved(void)
{
	char *p, *last;
	int pipes[2];
	pid_t child;

	if (!write_file("/proc/sys/vm/nr_hugepages", "6")) {
		wl_fact("none hugetlb");
		return;
	}
	p = fresh(HUGES * HUGE / WL_PAGE, WL_RW, WL_ANON | MAP_HUGETLB, -1);
	begin("hugetlb");
	touch_huge(p, true);
	end(p, HUGES * HUGE, HUGES);
	child = sharer(pipes, p, 1);
	begin("hugetlb-cow");
	touch_huge(p, true);
	end(p, HUGES * HUGE, HUGES);
	let_go(pipes, child);
	/* A promise the pool cannot keep. */
	last = fresh(HUGES * HUGE / WL_PAGE, WL_RW, WL_ANON | MAP_HUGETLB | MAP_NORESERVE, -1);
	write_file("/proc/sys/vm/nr_hugepages", "0");
	begin("hugetlb-none");
	if (!sigsetjmp(back, 1))
		touch(last, 1, true);
	end(last, HUGE, 1);
	munmap(p, HUGES * HUGE);
}

static void broken(void)
{
	char *p = fresh(PAGES, WL_RW, WL_ANON, -1);

	touch(p, PAGES, true);
	/* Who breaks a page of its own is told at once, by a signal without a fault. */
	if (!sigsetjmp(back, 1) && madvise(p, WL_PAGE, MADV_HWPOISON)) {
		wl_fact(errno == EINVAL ? "lacks poison" : "none poison");
		return;
	}
	begin("poison");
	if (!sigsetjmp(back, 1))
		touch(p, 1, false);
	end(p, WL_PAGE, 1);
}

/* --- two nodes -------------------------------------------------------------------------------------------------------------------------- */

static unsigned long hints(void)
{
	static char text[1 << 14];
	int fd = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	char *at;

	close(fd);
	text[n > 0 ? n : 0] = 0;
	at = strstr(text, "\nnuma_hint_faults ");
	return at ? strtoul(at + 18, NULL, 10) : 0;
}

/* Pages of one node, used from the other: sooner or later the kernel wants to know. */
static void balancing(void)
{
	char *p = fresh(PAGES, WL_RW, WL_ANON, -1);
	unsigned long first;
	struct rusage now;
	time_t start;

	if (access("/proc/sys/kernel/numa_balancing", F_OK)) {
		wl_fact("lacks numa");
		return;
	}
	write_file("/sys/kernel/debug/sched/numa_balancing/scan_delay_ms", "1");
	write_file("/sys/kernel/debug/sched/numa_balancing/scan_period_min_ms", "20");
	write_file("/sys/kernel/debug/sched/numa_balancing/scan_period_max_ms", "100");
	if (access("/sys/devices/system/node/node1", F_OK) || !write_file("/proc/sys/kernel/numa_balancing", "1")) {
		wl_fact("none numa");
		return;
	}
	if (!wl_stay_on(1))
		wl_die("CPU 1");
	touch(p, PAGES, true);
	if (!wl_stay_on(0))
		wl_die("CPU 0");
	first = hints();
	start = time(NULL);
	begin("numa");
	do {
		for (unsigned i = 0; i < 1000; i++)
			touch(p, PAGES, true);
		getrusage(RUSAGE_SELF, &now);
	} while ((hints() - first < PAGES || now.ru_minflt - before.ru_minflt < PAGES) && patient(start));
	write_file("/proc/sys/kernel/numa_balancing", "0");
	usleep(10000);
	touch(p, PAGES, true);
	/* Our own pages are asked about as well: what the end needs is open again. */
	wl_mark("numa-off");
	getrusage(RUSAGE_SELF, &now);
	getrusage(RUSAGE_SELF, &now);
	wl_mark("numa-end");
	wl_fact("numa %#lx %#lx %lu %ld %ld", (unsigned long)p, (unsigned long)p + PAGES * WL_PAGE, hints() - first, now.ru_minflt - before.ru_minflt,
		now.ru_majflt - before.ru_majflt);
}

int main(int argc, char **argv)
{
	int disk;

	wl_begin(argc, argv);
	wl_fact("pid %d", getpid());
	write_file("/proc/sys/kernel/numa_balancing", "0");
	signal(SIGBUS, caught);
	begin("warm-up");
	end(NULL, 0, 0);
	if (argc < 4 || !disks(argv[3]))
		wl_die("brd.ko");
	disk = open("/dev/ram1", O_RDWR | O_CLOEXEC);
	if (disk < 0)
		wl_die("/dev/ram1");
	file_from_disk(disk);
	direct();
	swap();
	transparent();
	reserved();
	broken();
	balancing();
	wl_save_facts("facts");
	_exit(0);
}
