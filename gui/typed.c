#include "typed.h"

#include <string.h>

/* Bytes of the character at s, 0 = not valid UTF-8 (RFC 3629). */
static size_t char_length(const char *s)
{
	const unsigned char *c = (const unsigned char *)s;
	size_t n = c[0] < 0x80 ? 1 : c[0] >= 0xc2 && c[0] < 0xe0 ? 2 : c[0] >= 0xe0 && c[0] < 0xf0 ? 3 : c[0] >= 0xf0 && c[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] >= 0xa0) || (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] >= 0x90))
		return 0;
	return n;
}

static bool is_control(const char *s)
{
	unsigned char c = (unsigned char)*s;

	return c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)s[1] < 0xa0);
}

static bool insert_one(struct va_typed *e, const char *c, size_t n)
{
	if (e->length + n >= VA_TYPED_MAX)
		return false;
	memmove(e->text + e->cursor + n, e->text + e->cursor, e->length - e->cursor + 1);
	memcpy(e->text + e->cursor, c, n);
	e->length += n;
	e->cursor += n;
	return true;
}

bool va_typed_insert(struct va_typed *e, const char *text)
{
	bool changed = false;

	while (*text) {
		size_t n = char_length(text);

		if (n && !is_control(text))
			changed |= insert_one(e, text, n);
		text += n ? n : 1;
	}
	return changed;
}

static size_t before(const struct va_typed *e)
{
	size_t at = e->cursor;

	while (at && ((unsigned char)e->text[--at] & 0xc0) == 0x80)
		;
	return at;
}

static bool cut(struct va_typed *e, size_t from, size_t to)
{
	if (from == to)
		return false;
	memmove(e->text + from, e->text + to, e->length - to + 1);
	e->length -= to - from;
	e->cursor = from;
	return true;
}

bool va_typed_key(struct va_typed *e, enum va_typed_key key)
{
	size_t was = e->cursor, after = e->cursor < e->length ? e->cursor + char_length(e->text + e->cursor) : e->cursor;

	switch (key) {
	case VA_TYPED_LEFT:
		e->cursor = before(e);
		break;
	case VA_TYPED_RIGHT:
		e->cursor = after;
		break;
	case VA_TYPED_HOME:
		e->cursor = 0;
		break;
	case VA_TYPED_END:
		e->cursor = e->length;
		break;
	case VA_TYPED_BACKSPACE:
		return cut(e, before(e), e->cursor);
	case VA_TYPED_DELETE:
		return cut(e, e->cursor, after);
	case VA_TYPED_CLEAR:
		return cut(e, 0, e->length);
	}
	return e->cursor != was;
}
