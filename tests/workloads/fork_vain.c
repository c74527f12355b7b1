/*
 * fork_vain DIR [NAME]: private mappings of a file, of which pages were only read, and what fork makes of them: nothing, unless the kernel took them
 * for written to. It does so even where the write came to nothing (beyond the end of the file: SIGBUS), and what has been moved stays so. What is mapped
 * over one that was written to is new.
 *
 * Steps (pagemap.h) of the parent NAME and of the child NAME-child. NAME.facts, NAME-child.facts: pid N.
 */
#include "pagemap.h"

#include <setjmp.h>
#include <signal.h>

#define PLACE 0x340000000000ul
#define PAGES 8  /* of the file; each mapping has as many more, beyond its end */
#define FAR (1ul << 32)

static sigjmp_buf back;

static void on_bus(int sig)
{
	siglongjmp(back, sig);
}

static bool write_fails(char *at)
{
	if (sigsetjmp(back, 1))
		return true;
	*(volatile char *)at = 1;
	return false;
}

static char *map_read(unsigned n, int fd)
{
	char *p = wl_map((void *)(PLACE + n * FAR), 2 * PAGES * WL_PAGE, WL_RW, MAP_PRIVATE | MAP_FIXED, fd, 0);

	for (unsigned i = 0; i < PAGES; i++)
		(void)*(volatile char *)(p + i * WL_PAGE);
	return p;
}

/* Below them, so many records that the module does not tell all pages of a child at its birth: the reader derives the rest. */
static void scatter(void)
{
	char *p = wl_map((void *)(PLACE - FAR), 512ul << 20, WL_RW, WL_ANON | MAP_FIXED | MAP_NORESERVE, -1, 0);

	madvise(p, 512ul << 20, MADV_NOHUGEPAGE);
	for (unsigned i = 0; i < 200; i++)
		p[i * (512ul << 20) / 200] = 1;
}

int main(int argc, char **argv)
{
	static char child[64];
	char *vain, *moved;
	int fd, status;
	pid_t pid;

	wl_begin(argc, argv);
	signal(SIGBUS, on_bus);
	snprintf(child, sizeof(child), "%s-child", wl_name);
	fd = memfd_create("a file", 0);
	if (ftruncate(fd, PAGES * WL_PAGE))
		wl_die("ftruncate");
	scatter();
	map_read(0, fd);
	vain = map_read(1, fd);
	if (!write_fails(vain + (PAGES + 3) * WL_PAGE))
		wl_die("no SIGBUS");
	mprotect(vain, 2 * PAGES * WL_PAGE, PROT_READ);
	moved = map_read(2, fd);
	if (!write_fails(moved + (PAGES + 3) * WL_PAGE) ||
	    mremap(moved, 2 * PAGES * WL_PAGE, 2 * PAGES * WL_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, moved + FAR) == MAP_FAILED)
		wl_die("mremap");
	*(volatile char *)map_read(4, fd) = 1;
	map_read(4, fd);
	save("warm");
	done("read");
	pid = fork();
	if (!pid) {
		wl_facts_used = 0;
		wl_name = child;
		step = 0;
		save("warm");
		done("born");
		refresh("child");
		wl_fact("pid %d", getpid());
		wl_save_facts("facts");
		_exit(0);
	}
	waitpid(pid, &status, 0);
	done("forked");
	wl_fact("pid %d", getpid());
	wl_save_facts("facts");
	return status;
}
