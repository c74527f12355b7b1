/*
 * A line in the making: what printf does, without its reading of formats, which takes ten times as long. Everything is put where p stands and returns where it ended;
 * whoever makes a line has reserved room for all of it, and VA_LINE_SLACK more, before (va_line_room()): pieces are copied in steps of a fixed size.
 */
#ifndef VA_LINE_H
#define VA_LINE_H

#include <string.h>

#include "alloc.h"
#include "json.h"

#define VA_LINE_SLACK 64

/* Room for n more bytes; returns where they go. What was put there counts when out->used says so. */
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

/* words: a literal. */
#define VA_PUT(p, words) ((char *)memcpy((p), (words), sizeof(words) - 1) + sizeof(words) - 1)

static inline char *va_put(char *p, const char *s)
{
	size_t n = strlen(s);

	return (char *)memcpy(p, s, n) + n;
}

/* A word that is put often: one copy of a fixed size. */
struct va_word {
	char bytes[31];
	__u8 n; /* 0: not made yet */
};

static inline char *va_put_word(char *p, const struct va_word *word)
{
	memcpy(p, word, sizeof(*word));
	return p + word->n;
}

/* Eight digits at once, the first of them in the highest byte: each half byte of x gets a byte of its own, and those above 9 go on to the letters. */
static inline __u64 va_put_eight(__u64 x)
{
	x = (x | x << 16) & 0x0000ffff0000ffffull;
	x = (x | x << 8) & 0x00ff00ff00ff00ffull;
	x = (x | x << 4) & 0x0f0f0f0f0f0f0f0full;
	return x + 0x3030303030303030ull + ((x + 0x0606060606060606ull) >> 4 & 0x0101010101010101ull) * 39;
}

/* %llx */
static inline char *va_put_hex(char *p, __u64 x)
{
	unsigned n = x ? 16 - (unsigned)__builtin_clzll(x) / 4 : 1;

	x <<= 64 - 4 * n; /* of those behind the first n the caller sees none */
	__u64 high = __builtin_bswap64(va_put_eight(x >> 32)), low = __builtin_bswap64(va_put_eight(x & 0xffffffff));

	memcpy(p, &high, 8);
	memcpy(p + 8, &low, 8);
	return p + n;
}

/*
 * The eight decimal digits of x < 100,000,000, the first of them in the lowest byte: halves, quarters and digits are taken apart side by side. 10486 / 2^20 and 103 / 2^10 are a
 * hundredth and a tenth, exact below 10,000 and 100.
 */
static inline __u64 va_put_decimals(__u32 x)
{
	__u64 fours = x / 10000 | (__u64)(x % 10000) << 32;
	__u64 hundreds = (fours * 10486 >> 20) & 0x0000007f0000007full;
	__u64 twos = hundreds | (fours - hundreds * 100) << 16;
	__u64 tens = (twos * 103 >> 10) & 0x000f000f000f000full;

	return (tens | (twos - tens * 10) << 8) + 0x3030303030303030ull;
}

/* All eight, with zeros in front. */
static inline char *va_put_eight_decimals(char *p, __u32 x)
{
	__u64 digits = va_put_decimals(x);

	memcpy(p, &digits, 8);
	return p + 8;
}

/* %llu */
static inline char *va_put_number(char *p, __u64 x)
{
	if (x >= 100000000) {
		if (x >= 10000000000000000ull) {
			p = va_put_number(p, x / 10000000000000000ull);
			p = va_put_eight_decimals(p, (__u32)(x / 100000000 % 100000000));
		} else {
			p = va_put_number(p, x / 100000000);
		}
		return va_put_eight_decimals(p, (__u32)(x % 100000000));
	}
	__u64 digits = va_put_decimals((__u32)x);
	unsigned zeros = (unsigned)__builtin_ctzll((digits & 0x0f0f0f0f0f0f0f0full) | 1ull << 56) / 8;

	digits >>= 8 * zeros;
	memcpy(p, &digits, 8);
	return p + 8 - zeros;
}

/* %lld */
static inline char *va_put_signed(char *p, __s64 x)
{
	if (x < 0)
		*p++ = '-';
	return va_put_number(p, x < 0 ? -(__u64)x : (__u64)x);
}

/* Nanoseconds as %12.9f of seconds. */
static inline char *va_put_seconds(char *p, __s64 ns)
{
	__u64 x = ns < 0 ? -(__u64)ns : (__u64)ns, s = x / 1000000000;
	__u32 rest = (__u32)(x - s * 1000000000);

	if (s < 10 && ns >= 0)
		*p++ = ' ';
	if (ns < 0)
		*p++ = '-';
	p = va_put_number(p, s);
	*p++ = '.';
	*p++ = (char)('0' + rest / 100000000);
	return va_put_eight_decimals(p, rest % 100000000);
}

#endif
