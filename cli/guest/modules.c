#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int va_module_load(int fd, const char *params)
{
	if (syscall(SYS_finit_module, fd, params, 0) && errno != EEXIST)
		return -errno;
	return 0;
}

static int load_file(const char *name)
{
	char path[512];
	int fd, err;

	snprintf(path, sizeof(path), "/modules/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = va_module_load(fd, "");
	close(fd);
	return err;
}

int va_modules_load(const char **what)
{
	static char line[256];
	FILE *f = fopen("/modules/order", "re");
	int err = 0;

	*what = "/modules/order";
	if (!f)
		return -errno;
	while (!err && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		*what = line;
		err = load_file(line);
	}
	fclose(f);
	return err;
}
