#include "freeze.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/bytes.h"
#include "drain.h"

#define MEANWHILE_MS 10

struct va_freeze {
	char *home, *path;       /* our own cgroup and the tree's below it, as directories; path NULL = SIGSTOP */
	const char *name;        /* of path, as /proc/PID/cgroup tells it */
	int events, freeze;      /* cgroup.events, cgroup.freeze */
	struct va_bytes procs;   /* cgroup.procs when all stood still */
	pid_t *stopped;          /* by our SIGSTOP */
	size_t count, room;
};

/* Where cgroup2 is mounted: alone, or beside version 1. */
static const char *hierarchy(void)
{
	static const char *const places[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		char *file = va_string("%s/cgroup.procs", places[i]);
		bool there = !access(file, W_OK);

		free(file);
		if (there)
			return places[i];
	}
	return NULL;
}

/* The cgroup2 of a process, as a path below the hierarchy; "" where it cannot be told. The caller frees it. */
static char *cgroup_of(const char *pid)
{
	char *file = va_string("/proc/%s/cgroup", pid), line[4200], *found = NULL;
	FILE *f = fopen(file, "re");

	while (f && !found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "0::/", 4))
			found = va_string("%s", line + (line[4] ? 3 : 4));
	}
	if (f)
		fclose(f);
	free(file);
	return found ? found : va_string("%s", "");
}

static int open_in(const struct va_freeze *f, const char *file, int flags)
{
	char *path = va_string("%s/%s", f->path, file);
	int fd = open(path, flags | O_CLOEXEC);

	free(path);
	return fd;
}

static bool make_cgroup(struct va_freeze *f)
{
	const char *top = hierarchy();
	char *own = cgroup_of("self");

	if (top) {
		f->home = va_string("%s%s", top, own);
		f->path = va_string("%s/vmatlas-%d", f->home, getpid());
		f->name = f->path + strlen(top);
	}
	free(own);
	if (!f->path || mkdir(f->path, 0755))
		return false;
	f->events = open_in(f, "cgroup.events", O_RDONLY);
	f->freeze = open_in(f, "cgroup.freeze", O_WRONLY);
	if (f->events >= 0 && f->freeze >= 0)
		return true;
	rmdir(f->path);
	return false;
}

struct va_freeze *va_freeze_new(void)
{
	struct va_freeze *f = va_zalloc(sizeof(*f));

	f->events = f->freeze = -1;
	if (make_cgroup(f))
		return f;
	free(f->path);
	f->path = NULL;
	fputs("vmatlas: no cgroup (version 2) can be made here: processes are stopped by SIGSTOP, which a parent that waits for stopped children sees\n",
	      stderr);
	return f;
}

static bool put(int fd, const char *text)
{
	return pwrite(fd, text, strlen(text), 0) > 0;
}

/* The processes of the tree's cgroup, back to where we are: an empty one can be removed. */
static void send_home(struct va_freeze *f)
{
	char *to = va_string("%s/cgroup.procs", f->home), line[32];
	int in = open_in(f, "cgroup.procs", O_RDONLY), out = open(to, O_WRONLY | O_CLOEXEC);
	FILE *list = in < 0 ? NULL : fdopen(in, "r");

	while (list && out >= 0 && fgets(line, sizeof(line), list))
		if (write(out, line, strlen(line)) < 0)
			break;
	if (list)
		fclose(list);
	if (out >= 0)
		close(out);
	free(to);
}

void va_freeze_free(struct va_freeze *f)
{
	if (!f)
		return;
	va_freeze_go(f);
	if (f->path && rmdir(f->path) && errno == EBUSY) {
		send_home(f);
		rmdir(f->path);
	}
	if (f->events >= 0)
		close(f->events);
	if (f->freeze >= 0)
		close(f->freeze);
	va_bytes_free(&f->procs);
	free(f->home);
	free(f->path);
	free(f->stopped);
	free(f);
}

void va_freeze_join(const struct va_freeze *f)
{
	int fd = f->path ? open_in(f, "cgroup.procs", O_WRONLY) : -1;

	if (fd < 0)
		return;
	put(fd, "0");
	close(fd);
}

bool va_freeze_by_cgroup(const struct va_freeze *f)
{
	return f->path;
}

/* --- by cgroup --------------------------------------------------------------------------------------------------------- */

static bool frozen(const struct va_freeze *f)
{
	char text[256];
	ssize_t n = pread(f->events, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = 0;
	return strstr(text, "frozen 1");
}

static void list_procs(const struct va_freeze *f, struct va_bytes *procs)
{
	int fd = open_in(f, "cgroup.procs", O_RDONLY);

	if (fd < 0)
		return;
	va_read_whole(fd, procs, 1 << 20);
	close(fd);
}

/*
 * Who was sent a deadly signal while others still came to a stop counts as frozen until he runs again, to die; and the rest of the tree is frozen again when he is
 * gone. So first whether all are frozen, then who they are.
 */
static bool still_cgroup(const struct va_freeze *f)
{
	struct va_bytes now = { 0 };
	bool same = frozen(f);

	list_procs(f, &now);
	same = same && now.n == f->procs.n && (!now.n || !memcmp(now.data, f->procs.data, now.n));
	va_bytes_free(&now);
	return same;
}

static int stop_cgroup(struct va_freeze *f, int patience, const struct va_freeze_help *help)
{
	uint64_t until = va_clock() + patience * 1000000ull, now;

	if (!put(f->freeze, "1"))
		return -errno;
	while (!frozen(f)) {
		struct pollfd event = { f->events, POLLPRI, 0 };

		now = va_clock();
		if (now >= until) {
			put(f->freeze, "0");
			return -EAGAIN;
		}
		now = (until - now) / 1000000 + 1;
		if (!poll(&event, 1, now < MEANWHILE_MS ? (int)now : MEANWHILE_MS))
			help->meanwhile(help->ctx);
	}
	va_bytes_drop(&f->procs, f->procs.n);
	list_procs(f, &f->procs);
	return 0;
}

/* --- by SIGSTOP -------------------------------------------------------------------------------------------------------- */

/* The state letter of a thread: behind the name, which may hold anything. */
static char state_of(const char *stat)
{
	char text[1024], *end;
	int fd = open(stat, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	end = strrchr(text, ')');
	return end && end[1] ? end[2] : 0;
}

/* It has a thread whose state is among those (or one whose state is not). Who goes while we look has no state. */
static bool has_thread(pid_t tgid, bool among, const char *states)
{
	char *dir = va_string("/proc/%d/task", tgid);
	DIR *d = opendir(dir);
	struct dirent *e;
	bool found = false;

	while (d && !found && (e = readdir(d))) {
		char *stat = va_string("%s/%s/stat", dir, e->d_name), state = *e->d_name == '.' ? 0 : state_of(stat);

		found = state && !strchr(states, state) != among;
		free(stat);
	}
	if (d)
		closedir(d);
	free(dir);
	return found;
}

static bool stands(pid_t tgid)
{
	return !has_thread(tgid, false, "TtZX");
}

static bool stopped_already(const struct va_freeze *f, pid_t tgid)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->stopped[i] == tgid)
			return true;
	return false;
}

/* Whom we stopped dies by SIGKILL alone. */
static bool still_stopped(const struct va_freeze *f)
{
	bool all = true;

	for (size_t i = 0; i < f->count && all; i++)
		all = has_thread(f->stopped[i], true, "Tt");
	return all;
}

static void stop_one(struct va_freeze *f, pid_t tgid)
{
	/* Who stands still of itself is not ours to wake. */
	if (stopped_already(f, tgid) || stands(tgid) || kill(tgid, SIGSTOP))
		return;
	if (f->count == f->room) {
		f->room = f->room ? f->room * 2 : 64;
		f->stopped = realloc(f->stopped, f->room * sizeof(*f->stopped));
		if (!f->stopped)
			abort();
	}
	f->stopped[f->count++] = tgid;
}

/* Until a look at the list finds nobody who still runs: children may be born while we stop their parents. */
static int stop_signals(struct va_freeze *f, int patience, const struct va_freeze_help *help)
{
	uint64_t until = va_clock() + patience * 1000000ull;

	for (;;) {
		pid_t *tgids = NULL;
		size_t n = help->list(help->ctx, &tgids);
		bool all = true;

		for (size_t i = 0; i < n; i++) {
			stop_one(f, tgids[i]);
			all &= stands(tgids[i]);
		}
		free(tgids);
		if (all)
			return 0;
		if (va_clock() >= until) {
			va_freeze_go(f);
			return -EAGAIN;
		}
		usleep(200);
		help->meanwhile(help->ctx);
	}
}

/* --- both ---------------------------------------------------------------------------------------------------------------- */

int va_freeze_stop(struct va_freeze *f, int patience, const struct va_freeze_help *help)
{
	return f->path ? stop_cgroup(f, patience, help) : stop_signals(f, patience, help);
}

void va_freeze_go(struct va_freeze *f)
{
	if (f->path)
		put(f->freeze, "0");
	for (size_t i = 0; i < f->count; i++)
		kill(f->stopped[i], SIGCONT);
	f->count = 0;
}

bool va_freeze_still(struct va_freeze *f)
{
	return f->path ? still_cgroup(f) : still_stopped(f);
}

bool va_freeze_holds(const struct va_freeze *f, pid_t tgid)
{
	char pid[16], *cgroup;
	size_t n;
	bool below;

	if (!f->path)
		return stands(tgid);
	snprintf(pid, sizeof(pid), "%d", tgid);
	cgroup = cgroup_of(pid);
	n = strlen(f->name);
	below = !strncmp(cgroup, f->name, n) && (!cgroup[n] || cgroup[n] == '/');
	free(cgroup);
	return below;
}
