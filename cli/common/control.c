#include "common/control.h"

#include <string.h>

int va_frame_send(int fd, uint32_t kind, const void *payload, uint32_t n)
{
	struct va_bytes b = { 0 };
	uint32_t head[2] = { kind, n };
	int err;

	va_bytes_add(&b, head, sizeof(head));
	va_bytes_add(&b, payload, n);
	err = va_write_whole(fd, b.data, b.n);
	va_bytes_free(&b);
	return err;
}

long va_frame_parse(const struct va_bytes *b, uint32_t *kind, const unsigned char **payload, uint32_t *n)
{
	uint32_t head[2];

	if (b->n < sizeof(head))
		return 0;
	memcpy(head, b->data, sizeof(head));
	if (head[1] > VA_FRAME_MAX)
		return -1;
	if (b->n - sizeof(head) < head[1])
		return 0;
	*kind = head[0];
	*payload = b->data + sizeof(head);
	*n = head[1];
	return (long)sizeof(head) + head[1];
}
