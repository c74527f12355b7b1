#include "common/bytes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void no_memory(void)
{
	fputs("vmatlas: out of memory\n", stderr);
	abort();
}

void *va_zalloc(size_t n)
{
	void *p = calloc(1, n ? n : 1);

	if (!p)
		no_memory();
	return p;
}

char *va_string(const char *format, ...)
{
	va_list args;
	char *s;

	va_start(args, format);
	if (vasprintf(&s, format, args) < 0)
		no_memory();
	va_end(args);
	return s;
}

void va_bytes_add(struct va_bytes *b, const void *data, size_t n)
{
	if (b->room - b->n < n) {
		size_t room = (b->n + n) * 2 + 256;
		unsigned char *p = realloc(b->data, room);

		if (!p)
			no_memory();
		b->data = p;
		b->room = room;
	}
	if (n)
		memcpy(b->data + b->n, data, n);
	b->n += n;
}

void va_bytes_drop(struct va_bytes *b, size_t n)
{
	if (n < b->n)
		memmove(b->data, b->data + n, b->n - n);
	b->n -= n;
}

void va_bytes_free(struct va_bytes *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

int va_write_whole(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t did = write(fd, p, n);

		if (did < 0 && errno == EINTR)
			continue;
		if (did < 0)
			return -errno;
		p += did;
		n -= did;
	}
	return 0;
}

int va_read_whole(int fd, struct va_bytes *b, size_t most)
{
	char buf[65536];

	for (;;) {
		ssize_t got = read(fd, buf, sizeof(buf));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : 0;
		if (b->n + got > most)
			return -EFBIG;
		va_bytes_add(b, buf, got);
	}
}
