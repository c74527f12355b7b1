#include "ahead.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "decode.h"

#define READ_BYTES (1u << 20)

struct ahead {
	struct va_texts *texts;
	struct va_objects *objects;
};

static void add_texts(struct va_texts *texts, const char *records, size_t n)
{
	struct vmatlas_record rec;

	for (size_t i = 0; i < n; i++) {
		memcpy(&rec.head, records + i * sizeof(rec), sizeof(rec.head));
		if (rec.head.type != VMATLAS_TEXT)
			continue;
		memcpy(&rec, records + i * sizeof(rec), sizeof(rec));
		va_texts_add(texts, &rec.text);
	}
}

static int on_chunk(void *ctx, const struct vmatlas_chunk *chunk, const void *payload)
{
	struct ahead *a = ctx;

	if (chunk->kind == VMATLAS_CHUNK_TEXT)
		va_texts_put(a->texts, payload, chunk->bytes);
	else if (chunk->kind == VMATLAS_CHUNK_OBJECT && a->objects)
		va_objects_add(a->objects, payload, chunk->bytes);
	else if (chunk->kind == VMATLAS_CHUNK_RECORDS)
		add_texts(a->texts, payload, chunk->bytes / sizeof(struct vmatlas_record));
	return 0;
}

void va_ahead(const char *path, bool records, struct va_texts *texts, struct va_objects *objects)
{
	static const struct va_decoder_ops ops = { .chunk = on_chunk };
	struct ahead a = { texts, objects };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	struct va_decoder *d = va_decoder_new(&ops, &a);
	char *piece = va_alloc_raw(READ_BYTES);

	if (!records)
		va_decoder_leave_records(d);
	do
		n = read(fd, piece, READ_BYTES);
	while ((n < 0 && errno == EINTR) || (n > 0 && !va_decoder_feed(d, piece, (size_t)n)));
	free(piece);
	va_decoder_free(d);
	close(fd);
}
