#include "vm/guestlog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/bytes.h"

/* As the kernel prints them: lib/bug.c, kernel/locking/lockdep.c, kernel/rcu/tree_stall.h, kernel/watchdog.c, mm/kasan/report.c … */
static const char *const signs[] = {
	"WARNING: ", "BUG: ", "Oops: ", "kernel BUG at", "general protection fault", "unable to handle", "possible circular locking",
	"possible recursive locking", "inconsistent lock state", "suspicious RCU usage", "rcu: INFO: ", "soft lockup", "hard LOCKUP",
	"blocked for more than", "Kernel panic", "UBSAN: ", "KASAN: ", "refcount_t: ", "list_add corruption", "list_del corruption",
	"scheduling while atomic", "sleeping function called", "bad page state", "bad rss-counter", "unregister_netdevice: waiting",
};

int va_guestlog_open(struct va_guestlog *log, const char *path)
{
	*log = (struct va_guestlog){ .file = -1 };
	if (!path)
		return 0;
	log->file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	return log->file < 0 ? -errno : 0;
}

void va_guestlog_close(struct va_guestlog *log)
{
	if (log->file >= 0)
		close(log->file);
	log->file = -1;
}

void va_guestlog_forget(struct va_guestlog *log)
{
	*log = (struct va_guestlog){ .file = log->file };
}

/* A process that runs into its own "general protection fault" is told as "traps: NAME[pid] general protection fault ip:…": no fault of the kernel's. */
static bool is_trouble(const char *line)
{
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
		if (strstr(line, signs[i]) && !strstr(line, "traps: "))
			return true;
	return false;
}

/* mm/oom_kill.c: "Out of memory: Killed process 123 (name) total-vm:…". A cgroup that is full says "Memory cgroup out of memory". */
static void take_oom(struct va_guestlog *log)
{
	const char *who = strstr(log->line, "Out of memory: Killed process "), *end = who ? strstr(who, ") total-vm:") : NULL;

	who = who ? strchr(who, '(') : NULL;
	if (!who || !end || end <= who || *log->oom)
		return;
	snprintf(log->oom, sizeof(log->oom), "%.*s", (int)(end - who - 1), who + 1);
}

static void take_line(struct va_guestlog *log)
{
	log->line[log->n] = 0;
	log->n = 0;
	if (!*log->line)
		return;
	memcpy(log->last, log->line, sizeof(log->last));
	if (strstr(log->line, "Kernel panic"))
		log->panic = true;
	take_oom(log);
	if (!is_trouble(log->line))
		return;
	if (!log->troubles++)
		memcpy(log->trouble, log->line, sizeof(log->trouble));
}

void va_guestlog_take(struct va_guestlog *log, const char *bytes, size_t n)
{
	if (log->file >= 0 && va_write_whole(log->file, bytes, n))
		va_guestlog_close(log);
	for (; n; n--, bytes++) {
		if (*bytes == '\n')
			take_line(log);
		else if (*bytes >= ' ' && log->n < sizeof(log->line) - 1)
			log->line[log->n++] = *bytes;
	}
}
