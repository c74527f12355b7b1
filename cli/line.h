/* Words and numbers at the end of a line in the making: what printf does, without its reading of formats, which takes ten times as long. */
#ifndef VA_LINE_H
#define VA_LINE_H

#include <string.h>

#include "alloc.h"
#include "json.h"

/* Room for n more bytes; returns where they go. */
static inline char *va_line_room(struct va_json *out, size_t n)
{
	if (__builtin_expect(out->used + n > out->room, 0))
		out->buf = va_grow(out->buf, &out->room, out->used + n, 1);
	return out->buf + out->used;
}

static inline void va_line_add(struct va_json *out, const char *s, size_t n)
{
	memcpy(va_line_room(out, n), s, n);
	out->used += n;
}

static inline void va_line_word(struct va_json *out, const char *s)
{
	va_line_add(out, s, strlen(s));
}

/* Eight digits at once, the first of them in the highest byte: each half byte of x gets a byte of its own, and those above 9 go on to the letters. */
static inline __u64 va_line_eight(__u64 x)
{
	x = (x | x << 16) & 0x0000ffff0000ffffull;
	x = (x | x << 8) & 0x00ff00ff00ff00ffull;
	x = (x | x << 4) & 0x0f0f0f0f0f0f0f0full;
	return x + 0x3030303030303030ull + ((x + 0x0606060606060606ull) >> 4 & 0x0101010101010101ull) * 39;
}

/* %llx */
static inline void va_line_hex(struct va_json *out, __u64 x)
{
	char *p = va_line_room(out, 16);
	unsigned n = x ? 16 - (unsigned)__builtin_clzll(x) / 4 : 1;

	x <<= 64 - 4 * n; /* of those behind the first n the caller sees none */
	__u64 high = __builtin_bswap64(va_line_eight(x >> 32)), low = __builtin_bswap64(va_line_eight(x & 0xffffffff));

	memcpy(p, &high, 8);
	memcpy(p + 8, &low, 8);
	out->used += n;
}

/* %llu, with zeros in front up to `least` digits (at most 20) */
static inline void va_line_number(struct va_json *out, __u64 x, unsigned least)
{
	static const char pairs[] =
		"00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960616263646566676869"
		"707172737475767778798081828384858687888990919293949596979899";
	char digits[20], *end = digits + sizeof(digits), *p = end;

	while (x >= 10) {
		memcpy(p -= 2, pairs + x % 100 * 2, 2);
		x /= 100;
	}
	if (x || p == end)
		*--p = (char)('0' + x);
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
