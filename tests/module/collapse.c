/*
 * Huge pages that another process makes (process_madvise(MADV_COLLAPSE), as khugepaged does), while their owner unmaps them: the other one
 * returns without any lock of the map, and the page tables go under its hands.
 */
#include "modtest.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul
#define HUGE (512 * PAGE)
#define COLLAPSE 25 /* MADV_COLLAPSE: since 6.1 */
#define LEVEL_PMD 3

static void *map_at_address(char *at, size_t len)
{
	return mmap(at, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED : 0), -1, 0);
}

/* Small pages: the first half alone has no room for a huge one. */
static void populate(char *area)
{
	map_at_address(area, HUGE / 2);
	for (int i = 0; i < 8; i++)
		area[i * 16 * PAGE] = 1;
	map_at_address(area + HUGE / 2, HUGE / 2);
}

static void collapse_for_ever(pid_t owner, char *area, atomic_int *done)
{
	struct iovec range = { area, HUGE };
	int fd = syscall(SYS_pidfd_open, owner, 0);

	if (fd < 0)
		die("pidfd_open");
	for (;;)
		*done += syscall(SYS_process_madvise, fd, &range, 1, COLLAPSE, 0) == (long)HUGE;
}

/* True if one has been made since: the first that ends may have been of an earlier time, the second began after that. */
static bool wait_for_one(atomic_int *done, int microseconds)
{
	int wanted = *done + 2;

	for (; *done < wanted && microseconds > 0; microseconds -= 200)
		usleep(200);
	return *done >= wanted;
}

/* Exit status 3: none could be made. */
int work_collapse(int rounds)
{
	char *area = map_at_address(NULL, 2 * HUGE);
	atomic_int *done = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t owner = getpid(), other;
	int made = 0;

	munmap(area, 2 * HUGE);
	area = (char *)(((unsigned long)area + HUGE - 1) & ~(HUGE - 1));
	mark("area %lx", (unsigned long)area);
	other = fork();
	if (!other)
		collapse_for_ever(owner, area, done);
	for (int i = 0; i < rounds; i++) {
		populate(area);
		made += wait_for_one(done, i % 3 * 30000);
		munmap(area, HUGE);
	}
	populate(area);
	made += wait_for_one(done, 120000000);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	mark("collapsed %d", made);
	save_maps(1);
	return made ? 0 : 3;
}

static bool in_area(const struct vmatlas_record *r, unsigned long area, bool *huge)
{
	*huge = r->head.type == VMATLAS_PAGES && r->pages.level == LEVEL_PMD && r->pages.addr == area && r->pages.entry[0] & 0x80;
	return *huge || (r->head.type == VMATLAS_SWEEP && r->sweep.kind == VMATLAS_SWEEP_DOUBT && r->sweep.lo == area && r->sweep.hi == area + HUGE);
}

/* A function that is called in one place only may have become part of its caller: then the module must say so, and that nothing is certain. */
static bool hook_is_there(void)
{
	size_t at = 0;
	const struct vmatlas_record *layout = find(&at, VMATLAS_MM_LAYOUT);

	if (stat_of("absent collapse_huge_page", 0) == -1)
		return true;
	printf("# collapse: this kernel has no collapse_huge_page()\n");
	check(layout && layout->head.flags & VMATLAS_F_BLIND, "collapse: without the hook no page is said to be certain");
	return false;
}

void test_collapse(const char *rounds)
{
	size_t told = 0, doubtful = 0, from, to;
	unsigned long area = 0;
	bool last = false, huge;
	int made = 0, status;

	if (access("/sys/kernel/mm/transparent_hugepage", F_OK)) {
		printf("# collapse: this kernel has no huge pages\n");
		return;
	}
	record_begin();
	status = watch("collapse", rounds);
	record_end();
	check(status == 0, "collapse: ran (%#x)", status);
	check_streams("collapse", true);
	compare_maps("collapse");
	from = find_mark(0, "area ");
	to = find_mark(from, "collapsed ");
	sscanf(from < all.n ? text_of(all.rec[from].mark.text) : "", "area %lx", &area);
	sscanf(to < all.n ? text_of(all.rec[to].mark.text) : "", "collapsed %d", &made);
	for (size_t i = from; i < to; i++)
		if (in_area(&all.rec[i], area, &huge)) {
			*(huge ? &told : &doubtful) += 1;
			last = huge;
		}
	if (!hook_is_there())
		return;
	check(made && told + doubtful >= (size_t)made && last, "collapse: %d at least by another process; %zu told, %zu in doubt, the last is known", made, told,
	      doubtful);
}
