/* See tail.h. Linked statically into the collector. */
#include "tail.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD sizeof(struct vmatlas_chunk)
#define PAGE 4096

bool va_tail_can(int fd)
{
	struct stat stat;
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && !(flags & O_APPEND) && !fstat(fd, &stat) && S_ISREG(stat.st_mode);
}

bool va_tail_may_begin(__u64 offset)
{
	return offset % PAGE <= PAGE - HEAD;
}

static bool put(int fd, __u64 at, const void *bytes, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t step = pwrite(fd, (const char *)bytes + done, n - done, (off_t)(at + done));

		if (step <= 0 && !(step < 0 && errno == EINTR))
			return false;
		done += step > 0 ? (size_t)step : 0;
	}
	return true;
}

static bool put_skip(int fd, __u64 at, __u64 end)
{
	struct vmatlas_chunk skip = { .magic = VMATLAS_CHUNK_MAGIC, .kind = VMATLAS_CHUNK_SKIP, .bytes = (__u32)(end - at - HEAD) };

	return put(fd, at, &skip, HEAD);
}

__u64 va_tail_replace(int fd, __u64 at, __u64 end, const struct vmatlas_chunk *block, const void *payload, bool settle)
{
	__u64 size = HEAD + block->bytes, far = end + size;
	struct vmatlas_chunk spare = *block;

	/* What is left over must have room for its SKIP before the SPARE. */
	if (at + size + HEAD > end || end - at > VMATLAS_CHUNK_MAX)
		return end;
	spare.kind = VMATLAS_CHUNK_SPARE;
	if (!put(fd, end, &spare, HEAD) || !put(fd, end + HEAD, payload, block->bytes) || (settle && fdatasync(fd)))
		return ftruncate(fd, (off_t)end) ? 0 : end;
	if (!put_skip(fd, at, end) || !put(fd, at + HEAD, payload, block->bytes) || !put_skip(fd, at + size, far) || (settle && fdatasync(fd)) ||
	    !put(fd, at, block, HEAD))
		return far;
	return ftruncate(fd, (off_t)(at + size)) ? far : at + size;
}
