/* SPDX-License-Identifier: GPL-2.0 */
/* A few address ranges [lo, hi), apart from each other. When there are too many, the two nearest become one with what lies between. */
#ifndef VA_SPANS_H
#define VA_SPANS_H

#define VA_SPANS_MAX 6

struct va_span {
	unsigned long lo, hi;
};

struct va_spans {
	unsigned int n;
	struct va_span span[VA_SPANS_MAX + 1]; /* by address; the last is room to work in */
};

void va_spans_add(struct va_spans *spans, unsigned long lo, unsigned long hi);

#endif
