#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

void va_json_free(struct va_json *j)
{
	free(j->buf);
	memset(j, 0, sizeof(*j));
}

void va_json_clear(struct va_json *j)
{
	j->used = 0;
	j->comma = false;
}

/* Room for n more bytes; returns where they go. Asked some fifty times a region of a map. */
static inline char *room(struct va_json *j, size_t n)
{
	if (__builtin_expect(j->used + n > j->room, 0))
		j->buf = va_grow(j->buf, &j->room, j->used + n, 1);
	return j->buf + j->used;
}

static inline void put(struct va_json *j, const char *s, size_t n)
{
	memcpy(room(j, n), s, n);
	j->used += n;
}

static void puts_(struct va_json *j, const char *s)
{
	put(j, s, strlen(s));
}

/* Bytes of the UTF-8 sequence at s, 0 = none that is valid (overlong forms, surrogates and what is above U+10FFFF are not). */
static size_t sequence(const unsigned char *s)
{
	static const unsigned char lowest_second[] = { [0xe0 - 0xc0] = 0xa0, [0xf0 - 0xc0] = 0x90, [0xff - 0xc0] = 0 };
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] <= 0xdf ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if (n > 1 && s[1] < lowest_second[s[0] - 0xc0])
		return 0;
	if ((s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

static void put_escaped(struct va_json *j, unsigned char c)
{
	char esc[8];

	switch (c) {
	case '"':
		puts_(j, "\\\"");
		break;
	case '\\':
		puts_(j, "\\\\");
		break;
	case '\n':
		puts_(j, "\\n");
		break;
	case '\t':
		puts_(j, "\\t");
		break;
	default:
		snprintf(esc, sizeof(esc), "\\u%04x", c);
		puts_(j, esc);
	}
}

static bool stays(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void put_string(struct va_json *j, const char *value)
{
	const unsigned char *s = (const unsigned char *)value;

	put(j, "\"", 1);
	while (*s) {
		size_t same = 0, n;

		while (stays(s[same]))
			same++;
		if (same) {
			put(j, (const char *)s, same);
			s += same;
			continue;
		}
		n = sequence(s);

		if (!n) {
			puts_(j, "\\ufffd");
			n = 1;
		} else if (n == 1) {
			put_escaped(j, *s);
		} else {
			put(j, (const char *)s, n);
		}
		s += n;
	}
	put(j, "\"", 1);
}

static void begin(struct va_json *j, const char *key)
{
	size_t n = key ? strlen(key) : 0;
	char *at = room(j, n + 4);

	if (j->comma)
		*at++ = ',';
	j->comma = true;
	if (key) {
		*at++ = '"';
		at = (char *)memcpy(at, key, n) + n;
		*at++ = '"';
		*at++ = ':';
	}
	j->used = (size_t)(at - j->buf);
}

void va_json_object(struct va_json *j, const char *key)
{
	begin(j, key);
	put(j, "{", 1);
	j->comma = false;
}

void va_json_array(struct va_json *j, const char *key)
{
	begin(j, key);
	put(j, "[", 1);
	j->comma = false;
}

void va_json_end_object(struct va_json *j)
{
	put(j, "}", 1);
	j->comma = true;
}

void va_json_end_array(struct va_json *j)
{
	put(j, "]", 1);
	j->comma = true;
}

void va_json_string(struct va_json *j, const char *key, const char *value)
{
	begin(j, key);
	if (value)
		put_string(j, value);
	else
		puts_(j, "null");
}

/* Long tables are mostly numbers: without printf they take half the time. at: behind the last digit. */
static char *digits(char *at, __u64 value, unsigned base)
{
	do
		*--at = "0123456789abcdef"[value % base];
	while (value /= base);
	return at;
}

static void put_number(struct va_json *j, const char *key, __u64 value, bool negative)
{
	char buf[24], *end = buf + sizeof(buf), *at = digits(end, value, 10);

	if (negative)
		*--at = '-';
	begin(j, key);
	put(j, at, (size_t)(end - at));
}

void va_json_u64(struct va_json *j, const char *key, __u64 value)
{
	put_number(j, key, value, false);
}

void va_json_s64(struct va_json *j, const char *key, __s64 value)
{
	put_number(j, key, value < 0 ? 0 - (__u64)value : (__u64)value, value < 0);
}

void va_json_hex(struct va_json *j, const char *key, __u64 value)
{
	char buf[24], *end = buf + sizeof(buf), *at;

	*--end = '"';
	at = digits(end, value, 16);
	*--at = 'x';
	*--at = '0';
	*--at = '"';
	begin(j, key);
	put(j, at, (size_t)(end + 1 - at));
}

void va_json_bool(struct va_json *j, const char *key, bool value)
{
	begin(j, key);
	puts_(j, value ? "true" : "false");
}

void va_json_null(struct va_json *j, const char *key)
{
	va_json_string(j, key, NULL);
}

void va_json_newline(struct va_json *j)
{
	put(j, "\n", 1);
	j->comma = false;
}
