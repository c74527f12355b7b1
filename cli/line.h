/* Words and numbers at the end of a line in the making: what printf does, without its reading of formats, which takes ten times as long. */
#ifndef VA_LINE_H
#define VA_LINE_H

#include <string.h>

#include "alloc.h"
#include "json.h"

static inline void va_line_add(struct va_json *out, const char *s, size_t n)
{
	if (out->used + n > out->room)
		out->buf = va_grow(out->buf, &out->room, out->used + n, 1);
	memcpy(out->buf + out->used, s, n);
	out->used += n;
}

static inline void va_line_word(struct va_json *out, const char *s)
{
	va_line_add(out, s, strlen(s));
}

/* %llx */
static inline void va_line_hex(struct va_json *out, __u64 x)
{
	char digits[16], *p = digits + sizeof(digits);

	do
		*--p = "0123456789abcdef"[x & 15];
	while (x >>= 4);
	va_line_add(out, p, (size_t)(digits + sizeof(digits) - p));
}

/* %llu, with zeros in front up to `least` digits (at most 20) */
static inline void va_line_number(struct va_json *out, __u64 x, unsigned least)
{
	char digits[20], *end = digits + sizeof(digits), *p = end;

	do
		*--p = (char)('0' + x % 10);
	while (x /= 10);
	while (end - p < (long)least)
		*--p = '0';
	va_line_add(out, p, (size_t)(end - p));
}

/* %lld */
static inline void va_line_signed(struct va_json *out, __s64 x)
{
	if (x < 0)
		va_line_add(out, "-", 1);
	va_line_number(out, x < 0 ? -(__u64)x : (__u64)x, 1);
}

/* Nanoseconds as %12.9f of seconds. */
static inline void va_line_seconds(struct va_json *out, __s64 ns)
{
	__u64 x = ns < 0 ? -(__u64)ns : (__u64)ns, s = x / 1000000000;

	if (s < 10 && ns >= 0)
		va_line_add(out, " ", 1);
	if (ns < 0)
		va_line_add(out, "-", 1);
	va_line_number(out, s, 1);
	va_line_add(out, ".", 1);
	va_line_number(out, x % 1000000000, 9);
}

#endif
