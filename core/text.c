/* See text.h. */
#include "text.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "idmap.h"
#include "limits.h"

struct text {
	char *bytes;    /* owned; total + 1 */
	__u64 have;     /* bit i = piece i has come */
	__u16 total;
};

struct va_texts {
	struct va_idmap ids;
	struct text *texts;
	size_t count, room, bytes;
};

static_assert(VMATLAS_TEXT_MAX <= 64 * VMATLAS_TEXT_PIECE, "pieces fit into 64 bits");

struct va_texts *va_texts_new(void)
{
	return va_alloc(sizeof(struct va_texts));
}

void va_texts_free(struct va_texts *texts)
{
	if (!texts)
		return;
	for (size_t i = 0; i < texts->count; i++)
		free(texts->texts[i].bytes);
	free(texts->texts);
	va_idmap_free(&texts->ids);
	free(texts);
}

static size_t piece_length(const struct vmatlas_text *piece)
{
	size_t rest = piece->total - piece->offset;

	return rest < VMATLAS_TEXT_PIECE ? rest : VMATLAS_TEXT_PIECE;
}

static bool piece_is_sound(const struct vmatlas_text *piece)
{
	return piece->id && piece->total && piece->total <= VMATLAS_TEXT_MAX && piece->offset < piece->total &&
	       piece->offset % VMATLAS_TEXT_PIECE == 0 && !memchr(piece->bytes, 0, piece_length(piece));
}

static struct text *text_new(struct va_texts *texts, const struct vmatlas_text *piece)
{
	if (texts->count >= VA_LIMIT_TEXTS || texts->bytes + piece->total > VA_LIMIT_TEXT_BYTES)
		return NULL;
	texts->texts = va_grow(texts->texts, &texts->room, texts->count + 1, sizeof(*texts->texts));
	struct text *text = &texts->texts[texts->count];

	*text = (struct text){ .bytes = va_alloc(piece->total + 1u), .total = piece->total };
	texts->bytes += piece->total;
	va_idmap_set(&texts->ids, piece->id, (__u32)texts->count++);
	return text;
}

static struct text *text_of(const struct va_texts *texts, __u64 id)
{
	__u32 i = va_idmap_get(&texts->ids, id);

	return i == VA_IDMAP_NONE ? NULL : &texts->texts[i];
}

bool va_texts_add(struct va_texts *texts, const struct vmatlas_text *piece)
{
	if (!piece_is_sound(piece))
		return false;
	size_t n = piece_length(piece);
	__u64 bit = 1ull << (piece->offset / VMATLAS_TEXT_PIECE);
	struct text *text = text_of(texts, piece->id);

	if (!text)
		text = text_new(texts, piece);
	if (!text || text->total != piece->total)
		return false;
	if (text->have & bit)
		return !memcmp(text->bytes + piece->offset, piece->bytes, n);
	memcpy(text->bytes + piece->offset, piece->bytes, n);
	text->have |= bit;
	return true;
}

const char *va_texts_get(const struct va_texts *texts, __u64 id)
{
	const struct text *text = text_of(texts, id);
	unsigned pieces = text ? (text->total + VMATLAS_TEXT_PIECE - 1u) / VMATLAS_TEXT_PIECE : 0;
	__u64 all = pieces >= 64 ? ~0ull : (1ull << pieces) - 1;

	return text && text->have == all ? text->bytes : NULL;
}

bool va_texts_put(struct va_texts *texts, const void *payload, size_t bytes)
{
	const char *text = (const char *)payload + sizeof(__u64);
	struct vmatlas_text piece = { .total = (__u16)(bytes - sizeof(__u64)) };
	bool fine = bytes > sizeof(__u64) && bytes <= sizeof(__u64) + VMATLAS_TEXT_MAX;

	for (unsigned at = 0; fine && at < piece.total; at += VMATLAS_TEXT_PIECE) {
		memcpy(&piece.id, payload, sizeof(piece.id));
		piece.offset = (__u16)at;
		memcpy(piece.bytes, text + at, piece_length(&piece));
		fine = va_texts_add(texts, &piece);
	}
	return fine;
}
