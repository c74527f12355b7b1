/*
 * Texts by id: paths, names, marks, gathered from TEXT records. Grow-only and shared by all moments of a recording: a text
 * never changes, so the store is no part of the model. Strings live as long as the store.
 */
#ifndef VA_TEXT_H
#define VA_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "vmatlas/wire.h"

struct va_texts;

struct va_texts *va_texts_new(void);
void va_texts_free(struct va_texts *texts);

/* Takes one piece; false where the piece contradicts itself or what came before (the record is invalid). */
bool va_texts_add(struct va_texts *texts, const struct vmatlas_text *piece);

/* The payload of a TEXT chunk: a whole text. */
bool va_texts_put(struct va_texts *texts, const void *payload, size_t bytes);

/* The whole text, or NULL while a piece is missing. May hold any byte but NUL. */
const char *va_texts_get(const struct va_texts *texts, __u64 id);

#endif
