/* See interleave.h. */
#include "interleave.h"

#include <string.h>

typedef __u8 bytes16 __attribute__((vector_size(16)));
typedef __u16 words8 __attribute__((vector_size(16)));
typedef __u32 longs4 __attribute__((vector_size(16)));

static inline bytes16 load16(const __u8 *row)
{
	bytes16 x;

	memcpy(&x, row, sizeof(x));
	return x;
}

#ifdef __clang__
#define SHUFFLE(type, a, b, ...) (bytes16)__builtin_shufflevector((type)(a), (type)(b), __VA_ARGS__)
#else
#define SHUFFLE(type, a, b, ...) (bytes16)__builtin_shuffle((type)(a), (type)(b), (type){ __VA_ARGS__ })
#endif
#define LOW8(a, b) SHUFFLE(bytes16, a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define HIGH8(a, b) SHUFFLE(bytes16, a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define LOW16(a, b) SHUFFLE(words8, a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH16(a, b) SHUFFLE(words8, a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define LOW32(a, b) SHUFFLE(longs4, a, b, 0, 4, 1, 5)
#define HIGH32(a, b) SHUFFLE(longs4, a, b, 2, 6, 3, 7)

static inline __attribute__((always_inline)) void put16(__u8 *to, const __u8 *rows, size_t n, unsigned planes, unsigned width)
{
	bytes16 row[VA_INTERLEAVE_MOST], pair[VA_INTERLEAVE_MOST], four[VA_INTERLEAVE_MOST];

	for (unsigned k = 0; k < width; k++)
		row[k] = k < planes ? load16(rows + k * n) : (bytes16){ 0 };
	for (unsigned k = 0; k < width; k += 2) {
		pair[k] = LOW8(row[k], row[k + 1]);
		pair[k + 1] = HIGH8(row[k], row[k + 1]);
	}
	if (width == 2) {
		memcpy(to, pair, 32);
		return;
	}
	for (unsigned k = 0; k < width; k += 4) {
		four[k] = LOW16(pair[k], pair[k + 2]);
		four[k + 1] = HIGH16(pair[k], pair[k + 2]);
		four[k + 2] = LOW16(pair[k + 1], pair[k + 3]);
		four[k + 3] = HIGH16(pair[k + 1], pair[k + 3]);
	}
	if (width == 4) {
		memcpy(to, four, 64);
		return;
	}
	for (unsigned k = 0; k < 4; k++) {
		bytes16 low = LOW32(four[k], four[k + 4]), high = HIGH32(four[k], four[k + 4]);

		memcpy(to + k * 32, &low, 16);
		memcpy(to + k * 32 + 16, &high, 16);
	}
}

static inline __attribute__((always_inline)) void interleave_n(__u8 *to, const __u8 *rows, size_t n, const unsigned planes, const unsigned width)
{
	size_t i = 0;

	for (; i + 16 <= n; i += 16)
		put16(to + i * width, rows + i, n, planes, width);
	for (; i < n; i++) {
		__u64 value = 0;

#pragma GCC unroll 8
		for (unsigned k = 0; k < planes; k++)
			value |= (__u64)rows[k * n + i] << 8 * k;
		memcpy(to + i * width, &value, sizeof(value)); /* what is too much is overwritten by the next */
	}
}

void va_interleave(__u8 *to, const __u8 *rows, size_t n, unsigned planes)
{
	switch (planes) {
	case 2:
		return interleave_n(to, rows, n, 2, 2);
	case 3:
		return interleave_n(to, rows, n, 3, 4);
	case 4:
		return interleave_n(to, rows, n, 4, 4);
	case 5:
		return interleave_n(to, rows, n, 5, 8);
	case 6:
		return interleave_n(to, rows, n, 6, 8);
	case 7:
		return interleave_n(to, rows, n, 7, 8);
	case 8:
		return interleave_n(to, rows, n, 8, 8);
	}
}
