/*
 * Rows of bytes → values: all lowest bytes, then all next ones … become numbers that stand one behind the other, so that one load takes one. Sixteen at a time.
 * Part of columns.c.
 */
#ifndef VA_INTERLEAVE_H
#define VA_INTERLEAVE_H

#include <stddef.h>

#include <linux/types.h>

#define VA_INTERLEAVE_MOST 8 /* rows */

/* Bytes a value takes then: 1, 2, 4 or 8; what the rows did not say is 0. */
static inline unsigned va_interleaved_width(unsigned planes)
{
	return planes == 1 ? 1 : planes == 2 ? 2 : planes <= 4 ? 4 : 8;
}

/* `planes` rows (2 to VA_INTERLEAVE_MOST) of n bytes each. Writes n values, and up to 7 bytes behind them. */
void va_interleave(__u8 *to, const __u8 *rows, size_t n, unsigned planes);

#endif
