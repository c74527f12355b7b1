/* Numbers in as few bytes as they need, seven bits each, the lowest first: for what is kept in memory and read by who wrote it. */
#ifndef VA_VARINT_H
#define VA_VARINT_H

#include <linux/types.h>

#define VA_VARINT_MOST 10 /* bytes of one */

static inline __u8 *va_put(__u8 *p, __u64 x)
{
	for (; x > 0x7f; x >>= 7)
		*p++ = (__u8)(x | 0x80);
	*p++ = (__u8)x;
	return p;
}

static inline __u64 va_get(const __u8 **p)
{
	__u64 x = 0;

	for (unsigned shift = 0;; shift += 7) {
		__u8 byte = *(*p)++;

		x |= (__u64)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return x;
	}
}

/* Small differences of either sign become small numbers. */
static inline __u64 va_fold(__u64 difference)
{
	return difference << 1 ^ (difference >> 63 ? ~0ull : 0);
}

static inline __u64 va_unfold(__u64 x)
{
	return x >> 1 ^ -(x & 1);
}

#endif
