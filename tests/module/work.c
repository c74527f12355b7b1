#include "modtest.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vmatlas/mark.h"

#define PAGE 4096ul

void mark(const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	vmatlas_mark(text);
}

static unsigned long pfn(const volatile void *addr)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	__u64 entry = 0;

	if (pread(fd, &entry, 8, (uintptr_t)addr / PAGE * 8) != 8)
		entry = 0;
	close(fd);
	return entry & ((1ull << 55) - 1);
}

void save_maps(int n)
{
	static char buf[1 << 18], file[32];
	size_t len = 0;
	ssize_t got;
	int fd;

	fd = open("/proc/self/maps", O_RDONLY);
	while ((got = read(fd, buf + len, sizeof(buf) - len)) > 0)
		len += got;
	close(fd);
	snprintf(file, sizeof(file), "/tmp/maps.%d", n);
	fd = open(file, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	if (write(fd, buf, len) != (ssize_t)len)
		die(file);
	close(fd);
	mark("maps %d", n);
}

static int deep(int n)
{
	volatile char pad[3000];

	pad[0] = n;
	return n ? deep(n - 1) + pad[0] : 0;
}

static void random_change(char *base, int fd)
{
	unsigned long pages = 512, at = rand() % pages, len = 1 + rand() % 24;
	char *addr = base + at * PAGE;

	switch (rand() % 14) {
	case 0:
		mmap(addr, len * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	case 1:
		mmap(addr, len * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, (rand() % 8) * PAGE);
		break;
	case 2:
		mmap(addr, len * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS, -1, 0);
		break;
	case 3:
		munmap(addr, len * PAGE);
		break;
	case 4:
		mprotect(addr, len * PAGE, rand() & 7);
		break;
	case 5:
		mremap(addr, len * PAGE, (1 + rand() % 48) * PAGE, MREMAP_MAYMOVE);
		break;
	case 6:
		sbrk((rand() % 40 - 12) * 2048);
		break;
	case 7:
		madvise(addr, len * PAGE, rand() & 1 ? MADV_DONTFORK : MADV_DOFORK);
		break;
	case 8:
		mmap(NULL, len * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		break;
	case 9:
		deep(rand() % 40);
		break;
	case 10:
		mlock(addr, len * PAGE);
		break;
	case 11:
		munlock(addr, len * PAGE);
		break;
	case 12:
		mmap(addr, len * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		break;
	case 13:
		mmap(addr, len * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, -PAGE);
		break;
	}
}

static int work_maps(int seed)
{
	char *base = mmap(NULL, 600 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/proc/self/exe", O_RDONLY);

	srand(seed);
	for (int i = 0; i < 400; i++) {
		random_change(base, fd);
		if (i % 20 == 19)
			save_maps(i / 20);
	}
	return 0;
}

/* Marks "pages ADDR COUNT", touches, then "frame ADDR PFN" for each. */
static int work_pages(int count)
{
	volatile char *p = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise((void *)p, count * PAGE, MADV_NOHUGEPAGE);
	mark("pages %lx %d", (long)p, count);
	for (int i = 0; i < count; i++)
		p[i * PAGE] = 1;
	mark("touched");
	for (int i = 0; i < count; i += 97)
		mark("frame %lx %lx", (long)p + i * PAGE, pfn(p + i * PAGE));
	return 0;
}

static int work_fork(int unused)
{
	volatile char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	p[0] = 1;
	p[PAGE] = 1;
	mark("parent %lx %lx", (long)p, pfn(p));
	pid = fork();
	if (!pid) {
		save_maps(0);
		p[0] = 2;
		mark("child %lx %lx", (long)p, pfn(p));
		_exit(7);
	}
	waitpid(pid, NULL, 0);
	p[PAGE] = 2;
	mark("after");
	return 0;
}

static int work_bad(int kind)
{
	volatile char *none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/tmp/short", O_CREAT | O_TRUNC | O_RDWR, 0600);

	if (write(fd, "x", 1) != 1)
		die("/tmp/short");
	volatile char *beyond = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	switch (kind) {
	case 0:
		*(volatile char *)0x123456789000 = 1;
		break;
	case 1:
		*none = 1;
		break;
	case 2:
		(void)beyond[PAGE];
		break;
	case 3:
		(void)*(volatile char *)0xffffffff81000000;
		break;
	case 4:
		(void)*(volatile char *)0x8000123456789000;
		break;
	case 5: /* the kernel's turn: -EFAULT, and we live */
		mark("efault %zd", write(fd, (void *)0x123456789000, 1));
		return 0;
	}
	return 1;
}

static void *toucher(void *arg)
{
	for (int i = 0; i < 200; i++) {
		char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		memset(p, 1, 8 * PAGE);
		munmap(p, 8 * PAGE);
	}
	return arg;
}

static int work_threads(int count)
{
	pthread_t thread[16];

	for (int i = 0; i < count; i++)
		pthread_create(&thread[i], NULL, toucher, NULL);
	for (int i = 0; i < count; i++)
		pthread_join(thread[i], NULL);
	save_maps(0);
	return 0;
}

/* A name that takes nearly all of the smallest buffer. */
static void map_long_path(void)
{
	char part[251] = {};
	int fd;

	memset(part, 'd', 250);
	if (chdir("/tmp"))
		die("/tmp");
	for (int i = 0; i < 15; i++) {
		mkdir(part, 0700);
		if (chdir(part))
			die("a deep directory");
	}
	fd = open("file", O_CREAT | O_RDWR, 0600);
	if (mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
		die("a file with a long name");
	close(fd);
}

/* Loads both CPUs with changes and faults, then stops: the map stands still. */
static int work_storm(int count)
{
	char *keep = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	map_long_path();
	for (int i = 0; i < 3; i++)
		if (!fork()) {
			prctl(PR_SET_NAME, "storm-child");
			work_threads(2);
			_exit(0);
		}
	for (int i = 0; i < count; i++)
		mprotect(keep + (i % 60) * PAGE, PAGE, i & 1 ? PROT_READ : PROT_READ | PROT_WRITE);
	while (wait(NULL) > 0)
		;
	raise(SIGSTOP);
	return 0;
}

static int work_wait(int fd)
{
	char c;

	for (;;) {
		ssize_t n = read(fd, &c, 1);

		if (n <= 0)
			return 0;
		work_threads(2);
		kill(getppid(), SIGUSR1);
	}
}

/* Maps change for ever, until killed. */
static int work_forever(int unused)
{
	for (;;) {
		toucher(NULL);
		if (!fork())
			_exit(0);
		wait(NULL);
	}
}

/* The 32-bit entry: numbers and registers of its own. */
static long int80(unsigned nr, unsigned a, unsigned b)
{
	long ret;

	asm volatile("int $0x80" : "=a"(ret) : "a"(nr), "b"(a), "c"(b), "d"(0), "S"(0), "D"(0) : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

/* A mapping of huge pages that there are none of: fails, where the kernel is so made, after it unmapped 2 MiB for 4 KiB asked. */
static void fail_huge(void)
{
	char *area = mmap(NULL, 4 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *at = (char *)(((uintptr_t)area + (2 << 20) - 1) & -(2ul << 20));
	int fd;

	mkdir("/tmp/huge", 0700);
	if (mount("huge", "/tmp/huge", "hugetlbfs", 0, NULL))
		die("hugetlbfs");
	fd = open("/tmp/huge/file", O_CREAT | O_RDWR, 0600);
	if (mmap(at, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED)
		die("huge pages where there are none");
	close(fd);
	umount("/tmp/huge");
}

static char *low(unsigned long addr, int pages)
{
	char *p = mmap((void *)addr, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (p == MAP_FAILED)
		die("a low mapping");
	return p;
}

/* Where the kernel has CONFIG_ANON_VMA_NAME; elsewhere nothing comes of it. */
static void give_names(void)
{
	char *own = mmap(NULL, 5 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *shared = mmap(NULL, 5 * PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *heap = sbrk(5 * PAGE);

	prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, own + PAGE, 3 * PAGE, "of its own");
	prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, shared, 5 * PAGE, "shared");
	prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, (heap + PAGE - 1 - ((uintptr_t)heap - 1) % PAGE), PAGE, "not shown");
	save_maps(8);
	prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, own + PAGE, 3 * PAGE, NULL);
	save_maps(9);
}

/* At the ends of what calls take, and beside the paths they usually come on. */
static int work_edges(int unused)
{
	char *p;

	low(PAGE, 16);
	save_maps(0);
	munmap((void *)PAGE, 4 * PAGE);
	save_maps(1);
	madvise((void *)0, 8 * PAGE, MADV_DONTFORK);
	save_maps(2);
	munmap((void *)0, 10 * PAGE);
	save_maps(3);
	if (int80(150 /* mlock */, 12 * PAGE, PAGE))
		die("mlock by int 0x80");
	save_maps(4);
	fail_huge();
	save_maps(5);
	/* An exception that the kernel ends in silence: the vsyscall page, emulated. */
	((time_t (*)(time_t *))0xffffffffff600400)(NULL);
	munmap((void *)(14 * PAGE), PAGE);
	save_maps(6);

	p = mmap(NULL, 100 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mark("mapped");
	munmap(p, 100 * PAGE);
	mark("unmapped");
	if (prctl(PR_SET_MM, PR_SET_MM_START_STACK, &p, 0, 0))
		die("PR_SET_MM");
	mark("stack %lx", (long)&p);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mark("merge %d %lx", prctl(67 /* PR_SET_MEMORY_MERGE */, 1, 0, 0, 0), (long)p);
	save_maps(7);
	give_names();
	return 0;
}

/* A fault that nobody answers. */
static int work_unanswered(int unused)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .mode = UFFDIO_REGISTER_MODE_MISSING, .range.len = PAGE };
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	area.range.start = (uintptr_t)p;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &area))
		die("userfaultfd");
	*p = 1;
	return 0;
}

static void *sleeper(void *tid)
{
	*(volatile int *)tid = gettid();
	while (pause())
		;
	return tid;
}

/* Renames a thread: each time a TASK and nothing else. */
static int work_rename(int count)
{
	volatile int tid = 0;
	pthread_t thread;
	char file[64];
	int fd;

	pthread_create(&thread, NULL, sleeper, (void *)&tid);
	while (!tid)
		usleep(100);
	snprintf(file, sizeof(file), "/proc/self/task/%d/comm", tid);
	fd = open(file, O_WRONLY);
	for (int i = 0; i < count; i++)
		if (write(fd, i & 1 ? "odd" : "even", 3) != 3)
			die(file);
	_exit(0);
}

/* Ready; then changes at each byte. */
static int work_change(int fd)
{
	char c;

	kill(getppid(), SIGUSR1);
	while (read(fd, &c, 1) > 0) {
		mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		sbrk(5 * PAGE);
		work_threads(2);
		kill(getppid(), SIGUSR1);
	}
	return 0;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* With QEMU's -icount shift=0 a nanosecond is an instruction. */
static int work_bench(int count)
{
	char *p = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/tmp/bench", O_CREAT | O_WRONLY, 0600);
	double begin, faults, pairs, brks, writes, forks;

	madvise(p, count * PAGE, MADV_NOHUGEPAGE);
	begin = now();
	for (int i = 0; i < count; i++)
		p[i * PAGE] = 1;
	faults = now() - begin;
	begin = now();
	for (int i = 0; i < count / 8; i++)
		munmap(mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 16 * PAGE);
	pairs = now() - begin;
	begin = now();
	for (int i = 0; i < count / 8; i++)
		sbrk(i & 1 ? -8192 : 8192);
	brks = now() - begin;
	begin = now();
	for (int i = 0; i < count / 8; i++)
		if (write(fd, "x", 1) != 1)
			die("write");
	writes = now() - begin;
	begin = now();
	for (int i = 0; i < count / 80; i++) {
		if (!fork())
			_exit(0);
		wait(NULL);
	}
	forks = now() - begin;
	printf("# bench: fault %.0f, mmap and munmap %.0f, brk %.0f, write %.0f, fork and exit %.0f\n", faults / count,
	       pairs / (count / 8), brks / (count / 8), writes / (count / 8), forks / (count / 80));
	return 0;
}

static int work_gup(int unused)
{
	mark("populate");
	char *p = mmap(NULL, 31 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	mark("populated %lx", (long)p);
	prctl(PR_SET_NAME, "renamed");
	syscall(SYS_brk, 0);
	mark("done");
	return 0;
}

static int work_vfork(int unused)
{
	pid_t pid = vfork();

	if (!pid) {
		execl("/proc/self/exe", "modtest", "work", "nothing", "0", NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	return 0;
}

static int work_nothing(int unused)
{
	save_maps(1);
	return 3;
}

static const struct {
	const char *name;
	int (*run)(int);
} works[] = {
	{ "maps", work_maps },	   { "pages", work_pages }, { "fork", work_fork },	 { "bad", work_bad },
	{ "threads", work_threads }, { "storm", work_storm }, { "wait", work_wait },	 { "forever", work_forever },
	{ "bench", work_bench },   { "gup", work_gup },	   { "vfork", work_vfork }, { "nothing", work_nothing },
	{ "edges", work_edges },   { "uffd", work_uffd },     { "unanswered", work_unanswered },   { "change", work_change }, { "names", work_names },
	{ "rename", work_rename }, { "collapse", work_collapse }, { "children", work_children }, { "pairs", work_pairs },
};

int work(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(works) / sizeof(*works); i++)
		if (!strcmp(works[i].name, argv[0]))
			return works[i].run(atoi(argv[1]));
	return 99;
}

int watch(const char *name, const char *arg)
{
	int status, marker = control_open("marker", O_WRONLY);
	char number[16];
	pid_t pid;

	pid = fork();
	if (!pid) {
		snprintf(number, sizeof(number), "%d", dup(marker));
		setenv(VMATLAS_MARKER_ENV, number, 1);
		if (control("target", "exec"))
			_exit(98);
		execl("/proc/self/exe", "modtest", "work", name, arg, NULL);
		_exit(97);
	}
	close(marker);
	while (!waitpid(pid, &status, WNOHANG)) {
		drain();
		usleep(2000);
	}
	return status;
}
