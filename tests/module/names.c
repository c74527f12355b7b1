/*
 * Names of files, where they are hard to have: on mounts of all kinds, moved, deleted, renamed under fire, unmounted at once. With the
 * module's parameter late_names=1 they are made as on PREEMPT_RT kernels, on any kernel.
 */
#include "modtest.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096
#define CROWD 150
#define UNMOUNTS 100

static void must(bool ok, const char *what)
{
	if (!ok)
		die(what);
}

static void *map_fd(int fd, const char *what)
{
	void *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

	must(p != MAP_FAILED, what);
	close(fd);
	return p;
}

static void *map_file(const char *name)
{
	int fd = open(name, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	must(fd >= 0 && !ftruncate(fd, PAGE), name);
	return map_fd(fd, name);
}

/* Where a mount is may be asked for a moment later, and be remembered for another: see module/path.h. */
static void wait_a_moment(void)
{
	usleep(100000);
}

static void saved(int n, void *p)
{
	save_maps(n);
	munmap(p, PAGE);
	wait_a_moment();
}

static void places(void)
{
	int fd;

	must(!mkdir("/tmp/m", 0755) && !mount("m", "/tmp/m", "tmpfs", 0, NULL) && !mkdir("/tmp/m/d", 0755), "/tmp/m");
	saved(0, map_file("/tmp/m/d/f"));
	must(!rename("/tmp/m/d", "/tmp/m/a longer name"), "rename");
	saved(1, map_file("/tmp/m/a longer name/f"));
	fd = open("/tmp/m/a longer name/f", O_RDWR | O_CLOEXEC);
	must(fd >= 0 && !unlink("/tmp/m/a longer name/f"), "unlink");
	saved(2, map_fd(fd, "deleted"));
	must(!mkdir("/tmp/b", 0755) && !mkdir("/tmp/c", 0755) && !mkdir("/tmp/c/c", 0755) &&
		     !mount("/tmp/m/a longer name", "/tmp/b", NULL, MS_BIND, NULL), "bind");
	saved(3, map_file("/tmp/b/g"));
	must(!mount("/tmp/b", "/tmp/c/c", NULL, MS_MOVE, NULL), "move");
	saved(4, map_file("/tmp/c/c/g"));
	must(!rename("/tmp/c", "/tmp/e"), "rename of a directory above a mount");
	saved(5, map_file("/tmp/e/c/g"));
	close(open("/tmp/single", O_CREAT | O_CLOEXEC, 0600));
	must(!mount("/tmp/e/c/g", "/tmp/single", NULL, MS_BIND, NULL), "bind of a file");
	saved(6, map_file("/tmp/single"));
	saved(7, map_fd(memfd_create("a memfd", MFD_CLOEXEC), "memfd"));
	saved(8, mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	umount("/tmp/single");
	umount("/tmp/e/c");
}

/* More names at once than can wait, each mapped before the mount is known. */
static void crowd(void)
{
	static void *at[CROWD];
	char name[32];

	must(!mkdir("/tmp/n", 0755) && !mount("n", "/tmp/n", "tmpfs", 0, NULL), "/tmp/n");
	for (int i = 0; i < CROWD; i++) {
		snprintf(name, sizeof(name), "/tmp/n/file %d", i);
		at[i] = map_file(name);
	}
	/* A later change tells what found no place. */
	wait_a_moment();
	munmap(at[0], PAGE);
	save_maps(9);
	for (int i = 1; i < CROWD; i++)
		munmap(at[i], PAGE);
	umount("/tmp/n");
}

/* Nobody must notice that somebody looked: but for a moment, when a mount is quite new. */
static void unmounts(void)
{
	int again = 0, n;

	mkdir("/tmp/u", 0755);
	for (n = 0; n < UNMOUNTS; n++) {
		int tries = 0;

		must(!mount("u", "/tmp/u", "tmpfs", 0, NULL), "/tmp/u");
		munmap(map_file("/tmp/u/f"), PAGE);
		while (umount("/tmp/u") && errno == EBUSY && tries++ < 100)
			usleep(1000);
		again += !!tries;
	}
	mark("unmounts %d %d", n, again);
	for (n = 0; n < UNMOUNTS; n++) {
		void *p;

		must(!mount("u", "/tmp/u", "tmpfs", 0, NULL), "/tmp/u");
		p = map_file("/tmp/u/f");
		umount2("/tmp/u", MNT_DETACH);
		munmap(p, PAGE);
	}
}

static int stop;

static void *renamer(void *unused)
{
	mkdir("/tmp/m/x", 0755);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		rename("/tmp/m/x", "/tmp/m/a much longer name than the other, so that it is kept elsewhere");
		rename("/tmp/m/a much longer name than the other, so that it is kept elsewhere", "/tmp/m/x");
	}
	return NULL;
}

static void under_fire(void)
{
	pthread_t thread;
	void *p;

	must(!pthread_create(&thread, NULL, renamer, NULL), "thread");
	for (int i = 0; i < 400; i++) {
		int fd = open(i % 2 ? "/tmp/m/x/f" : "/tmp/plain", O_CREAT | O_RDWR | O_CLOEXEC, 0600);

		if (fd >= 0)
			munmap(map_fd(fd, "under fire"), PAGE);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	p = map_file("/tmp/m/x/f");
	wait_a_moment();
	saved(10, p);
	munmap(map_file("/tmp/m/x/f"), PAGE);
	save_maps(11);
}

/* On the mount whose root is the task's: names begin there. */
static void jail(void)
{
	must(!chroot("/tmp/m") && !chdir("/"), "chroot");
	map_file("/x/jailed");
	mark("jailed");
}

/* What an earlier run left behind: its mounts went with its namespace. */
static void clean(void)
{
	static const char *const left[] = { "/tmp/m", "/tmp/b", "/tmp/e/c", "/tmp/e", "/tmp/n", "/tmp/u", "/tmp/single" };

	for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++)
		remove(left[i]);
}

int work_names(int unused)
{
	clean();
	must(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "unshare");
	places();
	crowd();
	unmounts();
	under_fire();
	jail();
	return 0;
}

static bool jailed_name(void)
{
	size_t end = find_mark(0, "jailed");
	bool found = false;

	for (size_t i = 0; i < end; i++)
		found |= all.rec[i].head.type == VMATLAS_VMA && all.rec[i].vma.name_kind == VMATLAS_NAME_PATH &&
			 !strcmp(text_of(all.rec[i].vma.name_text), "/x/jailed");
	return found;
}

/* Of VMAs of files, all names have come. */
static size_t names_lost(void)
{
	size_t lost = 0;

	for (size_t i = 0; i < all.n; i++)
		lost += all.rec[i].head.type == VMATLAS_VMA && all.rec[i].vma.name_text && !strcmp(text_of(all.rec[i].vma.name_text), "?lost?");
	return lost;
}

void test_names(bool late)
{
	const char *how = late ? "late names" : "names";
	int all_of_them = 0, again = 0;
	size_t at;

	record_begin();
	check(watch("names", "0") == 0, "%s: ran", how);
	record_end();
	check_streams(how, true);
	compare_maps(how);
	check(!names_lost(), "%s: no text is missing", how);
	at = find_mark(0, "unmounts ");
	if (at < all.n)
		sscanf(text_of(all.rec[at].mark.text), "unmounts %d %d", &all_of_them, &again);
	check(all_of_them == UNMOUNTS && (late || !again), "%s: %d of %d mounts were busy for a moment", how, again, all_of_them);
	check(jailed_name(), "%s: they begin at the task's root", how);
}
