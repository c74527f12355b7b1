#include "replace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Rights of the file that is replaced, or of any new one. */
static mode_t rights(const struct va_replace *r)
{
	struct stat st;
	mode_t mask = umask(0);

	umask(mask);
	return stat(r->path, &st) ? 0666 & ~mask : st.st_mode & 07777;
}

static int make_temp(struct va_replace *r)
{
	const char *slash = strrchr(r->path, '/'), *dot = strrchr(r->path, '.');
	int dir = slash ? (int)(slash + 1 - r->path) : 0, fd, error = 0;

	if (!dot || (slash && dot < slash))
		dot = "";
	if (snprintf(r->temp, sizeof(r->temp), "%.*s.vmatlas-XXXXXX%s", dir, r->path, dot) >= (int)sizeof(r->temp))
		return -ENAMETOOLONG;
	fd = mkstemps(r->temp, (int)strlen(dot));
	if (fd < 0)
		return -errno;
	if (fchmod(fd, rights(r)))
		error = -errno;
	close(fd);
	if (error)
		unlink(r->temp);
	return error;
}

int va_replace_begin(struct va_replace *r, const char *path)
{
	struct stat st;

	if (!realpath(path, r->path) && snprintf(r->path, sizeof(r->path), "%s", path) >= (int)sizeof(r->path))
		return -ENAMETOOLONG;
	if (stat(path, &st) || S_ISREG(st.st_mode))
		return make_temp(r);
	memcpy(r->temp, r->path, sizeof(r->temp));
	return S_ISDIR(st.st_mode) ? -EISDIR : 0;
}

int va_replace_end(struct va_replace *r, bool good)
{
	int error = 0;

	if (!strcmp(r->temp, r->path))
		return 0;
	if (good && rename(r->temp, r->path))
		error = -errno;
	if (!good || error)
		unlink(r->temp);
	return error;
}
