#include "modtest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int failures;

void check(bool ok, const char *fmt, ...)
{
	va_list args;

	printf(ok ? "ok " : "not ok ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	failures += !ok;
}

void die(const char *what)
{
	printf("not ok %s: %s\n", what, strerror(errno));
	exit(1);
}

int control_open(const char *file, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", VMATLAS_CONTROL_DIR, file);
	return open(path, flags | O_CLOEXEC);
}

int control(const char *file, const char *text)
{
	int fd = control_open(file, O_WRONLY), err;

	if (fd < 0)
		return -errno;
	err = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

long stat_of(const char *name, int field)
{
	static char buf[16384];
	int fd = control_open("stats", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	size_t len = strlen(name);

	close(fd);
	if (n < 0)
		return -1;
	buf[n] = 0;
	for (char *save, *line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, name, len) || line[len] != ' ')
			continue;
		char *word = strtok(line + len, " ");

		while (word && field--)
			word = strtok(NULL, " ");
		return word ? atol(word) : -1;
	}
	return -1;
}

/*
 * Where it takes the kernel that checks itself many seconds to put all hooks on and off, they stay on from one test to the next; so they do where the
 * kernel's command line says steady.
 */
static void pause_recording(void)
{
	control("target", "none");
	if (!checks_itself() && !getenv("steady"))
		control("enable", "0");
}

void record_begin(void)
{
	pause_recording();
	control("classes", "fault op vma task mark");
	control("follow", "1");
	drain();
	records_reset();
	if (control("enable", "1"))
		die("enable");
}

void record_end(void)
{
	drain();
	pause_recording();
	drain();
	merge();
}
