/*
 * print_target KIND [N]: processes for the module's print mode to print. Each says "at NAME ADDRESS" or "tid N" a line, then "ready", and waits for the
 * end of its input.
 *
 *   map        one of each: names of all sorts, pages in every state, several entries of the top-level table
 *   many N     N VMAs, quiet
 *   busy N     N VMAs, every second of which it takes away and brings back without rest
 *   tables     256 pages far from each other, so that each has page tables of its own, which it takes away and brings back without rest; the frames of those
 *              that went are at once full of what looks like entries
 *   storm      two threads that map, protect, touch and unmap all sizes (huge pages, too), and children that come and go
 */
#include "workload.h"

#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif
#define HUGE (2ul << 20)
#define NAMED "/tmp/print"

static void say(const char *name, const void *at)
{
	printf("at %s %lx\n", name, (unsigned long)at);
}

static bool over(int patience)
{
	struct pollfd in = { .fd = 0, .events = POLLIN };
	char byte;

	return poll(&in, 1, patience) > 0 && read(0, &byte, 1) <= 0;
}

static void wait_for_end(void)
{
	puts("ready");
	fflush(stdout);
	while (!over(-1))
		;
}

static char *map(void *place, size_t size, int prot, int flags, int fd)
{
	char *p = mmap(place, size, prot, flags, fd, 0);

	if (p == MAP_FAILED)
		wl_die("mmap");
	return p;
}

/* --- names -------------------------------------------------------------------------------------------------------------------------- */

static void map_file(const char *path, bool gone)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	if (fd < 0 || ftruncate(fd, WL_PAGE))
		wl_die(path);
	map(NULL, WL_PAGE, PROT_READ, MAP_SHARED, fd);
	close(fd);
	if (gone)
		unlink(path);
}

/* Nine hundred characters and more. */
static void map_far_down(void)
{
	char path[2048] = NAMED, part[202];

	memset(part, 'd', sizeof(part) - 1);
	part[0] = '/';
	part[sizeof(part) - 1] = 0;
	for (int i = 0; i < 5; i++) {
		mkdir(path, 0700);
		strcat(path, part);
	}
	map_file(path, false);
}

static void names(void)
{
	int fd = memfd_create("print", 0);
	char *p;

	mkdir(NAMED, 0700);
	map_file(NAMED "/plain", false);
	map_file(NAMED "/deleted", true);
	map_file(NAMED "/two\nlines\033[31m and \\ blanks", false);
	map_far_down();
	/* Linux 6.1 counts a page that is resident when its thread has had 64 faults, or later. */
	if (ftruncate(fd, 128 * WL_PAGE))
		wl_die("memfd");
	say("memfd", p = map(NULL, 128 * WL_PAGE, WL_RW, MAP_SHARED, fd));
	for (size_t i = 0; i < 128; i++)
		p[i * WL_PAGE] = 1;
	say("shared", p = map(NULL, WL_PAGE, WL_RW, MAP_SHARED | MAP_ANONYMOUS, -1));
	p[0] = 1;
	p = map((void *)0x200000000000, 2 * WL_PAGE, WL_RW, WL_ANON, -1);
	prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, p, 2 * WL_PAGE, "a name");
	map((void *)0x200000100000, 64ul << 20, PROT_NONE, WL_ANON, -1);
	map((void *)0x200010000000, WL_PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, WL_ANON, -1);
}

/* --- states of pages ------------------------------------------------------------------------------------------------------------------ */

static bool is_swapped(const char *p)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)p / WL_PAGE * sizeof(entry))) != sizeof(entry))
		wl_die("pagemap");
	close(fd);
	return entry >> 62 & 1;
}

static void swapped(void)
{
	char *p = map((void *)0x201000000000, WL_PAGE, WL_RW, WL_ANON, -1);

	p[0] = 1;
	for (int i = 0; i < 200 && !is_swapped(p); i++) {
		madvise(p, WL_PAGE, 21 /* MADV_PAGEOUT */);
		usleep(10000);
	}
	if (is_swapped(p))
		say("swapped", p);
}

static void huge(void)
{
	char *p = map((void *)0x202000000000, 2 * HUGE, WL_RW, WL_ANON, -1);

	madvise(p, 2 * HUGE, MADV_HUGEPAGE);
	p[0] = p[HUGE] = 1;
	say("huge", p + 5 * WL_PAGE + 0x123);
	p = mmap((void *)0x203000000000, HUGE, WL_RW, WL_ANON | MAP_HUGETLB, -1, 0);
	if (p == MAP_FAILED)
		return;
	p[0] = 1;
	say("hugetlb", p + 7 * WL_PAGE);
}

static void pages(void)
{
	char *p = map((void *)0x200020000000, 8 * WL_PAGE, WL_RW, WL_ANON, -1);

	p[0] = 1;
	say("written", p + 0x345);
	say("zero", p + WL_PAGE);
	p[0] = *(volatile char *)(p + WL_PAGE);
	say("untouched", p + 2 * WL_PAGE);
	p[4 * WL_PAGE] = 1;
	if (mprotect(p + 4 * WL_PAGE, WL_PAGE, PROT_NONE))
		wl_die("mprotect");
	say("closed", p + 4 * WL_PAGE);
	say("hole", (void *)0x300000000000);
	swapped();
	huge();
	p = map((void *)0x100000000000, WL_PAGE, WL_RW, WL_ANON, -1);
	p[0] = 1;
	say("far", p);
	/* With five levels beyond the reach of four. */
	p = mmap((void *)(1ul << 52), WL_PAGE, WL_RW, WL_ANON | MAP_FIXED_NOREPLACE, -1, 0);
	if (p == MAP_FAILED)
		return;
	p[0] = 1;
	say("beyond", p);
}

static void *thread_waits(void *unused)
{
	printf("tid %d\n", (int)syscall(SYS_gettid));
	wait_for_end();
	return NULL;
}

static void one_of_each(void)
{
	pthread_t thread;

	names();
	pages();
	if (pthread_create(&thread, NULL, thread_waits, NULL))
		wl_die("pthread_create");
	pthread_join(thread, NULL);
}

/* --- many ------------------------------------------------------------------------------------------------------------------------------- */

static char *many(size_t vmas)
{
	char *p = map(NULL, vmas * WL_PAGE, PROT_READ, WL_ANON, -1);

	for (size_t i = 0; i < vmas; i += 2)
		if (mprotect(p + i * WL_PAGE, WL_PAGE, PROT_NONE))
			wl_die("mprotect");
	return p;
}

static void busy(size_t vmas)
{
	char *p = many(vmas);

	puts("ready");
	fflush(stdout);
	/* No two moments of a round are alike. */
	for (size_t i = 0; !over(0); i = (i + 2) % (2 * vmas))
		if (i < vmas)
			munmap(p + i * WL_PAGE, WL_PAGE);
		else
			map(p + (i - vmas) * WL_PAGE, WL_PAGE, PROT_NONE, WL_ANON | MAP_FIXED, -1);
}

/* --- tables ------------------------------------------------------------------------------------------------------------------------------- */

#define FAR (1ul << 30)
#define TABLES 256
#define FRAMES 240 /* a pipe holds */

static void fill_frames(const int pipes[2], const uint64_t *entries, char *sink)
{
	if (write(pipes[1], entries, FRAMES * WL_PAGE) < 0 || read(pipes[0], sink, FRAMES * WL_PAGE) < 0)
		wl_die("pipe");
}

static void tables(void)
{
	uint64_t *entries = malloc(FRAMES * WL_PAGE);
	char *sink = malloc(FRAMES * WL_PAGE), *p;
	int pipes[2];

	if (!entries || !sink || pipe(pipes) || fcntl(pipes[1], F_SETPIPE_SZ, 1 << 20) < 0)
		wl_die("pipe");
	for (size_t i = 0; i < FRAMES * WL_PAGE / sizeof(*entries); i++)
		entries[i] = 0x000ffffffffff067; /* present, and no frame there is */
	fill_frames(pipes, entries, sink);
	puts("ready");
	fflush(stdout);
	while (!over(0)) {
		p = map((void *)0x100000000000, TABLES * FAR, WL_RW, WL_ANON | MAP_FIXED | MAP_NORESERVE, -1);
		madvise(p, TABLES * FAR, MADV_NOHUGEPAGE);
		for (size_t i = 0; i < TABLES; i++)
			p[i * FAR] = 1;
		munmap(p, TABLES * FAR);
		fill_frames(pipes, entries, sink);
		fill_frames(pipes, entries, sink);
	}
}

/* --- storm -------------------------------------------------------------------------------------------------------------------------------- */

static void blow(unsigned *seed)
{
	size_t size = (1 + (size_t)rand_r(seed) % (rand_r(seed) % 8 ? 64 : 1500)) * WL_PAGE;
	char *p = map((void *)(((uintptr_t)rand_r(seed) << 21) & 0x3fffffffffff), size, WL_RW, WL_ANON, -1);

	madvise(p, size, MADV_HUGEPAGE);
	for (size_t at = 0; at < size; at += WL_PAGE * (size_t)(1 + rand_r(seed) % 9))
		p[at] = 1;
	if (rand_r(seed) % 2)
		mprotect(p, size / 2 / WL_PAGE * WL_PAGE + WL_PAGE, rand_r(seed) % 2 ? PROT_READ : PROT_NONE);
	munmap(p, size);
}

static void *blows(void *unused)
{
	unsigned seed = 7;

	for (;;)
		blow(&seed);
	return NULL;
}

static void storm(void)
{
	pthread_t thread;
	unsigned seed = 1;

	if (pthread_create(&thread, NULL, blows, NULL))
		wl_die("pthread_create");
	puts("ready");
	fflush(stdout);
	while (!over(0)) {
		pid_t pid = fork();

		if (pid < 0)
			wl_die("fork");
		if (!pid) {
			for (int i = 0; i < 20; i++)
				blow(&seed);
			_exit(0);
		}
		for (int i = 0; i < 20; i++)
			blow(&seed);
		waitpid(pid, NULL, 0);
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "map";
	size_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

	if (!strcmp(kind, "map")) {
		one_of_each();
	} else if (!strcmp(kind, "many")) {
		many(n);
		wait_for_end();
	} else if (!strcmp(kind, "busy")) {
		busy(n);
	} else if (!strcmp(kind, "tables")) {
		tables();
	} else {
		storm();
	}
	return 0;
}
