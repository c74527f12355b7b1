/* A growing byte string, and whole reads and writes. Memory that cannot be had ends the program (as everywhere in cli/). */
#ifndef VA_BYTES_H
#define VA_BYTES_H

#include <stdbool.h>
#include <stddef.h>

struct va_bytes {
	unsigned char *data; /* owned */
	size_t n, room;
};

void va_bytes_add(struct va_bytes *b, const void *data, size_t n);
void va_bytes_drop(struct va_bytes *b, size_t n); /* from the front */
void va_bytes_free(struct va_bytes *b);

/* 0 or -errno; goes on after EINTR and short counts. va_read_whole: all that comes until the end of file, at most `most` (-EFBIG). */
int va_write_whole(int fd, const void *data, size_t n);
int va_read_whole(int fd, struct va_bytes *b, size_t most);

void *va_zalloc(size_t n);            /* zeroed */
char *va_string(const char *format, ...) __attribute__((format(printf, 1, 2))); /* the caller frees it */

#endif
