// SPDX-License-Identifier: GPL-2.0
#include <linux/minmax.h>
#include <linux/string.h>

#include "spans.h"

static void va_join(struct va_spans *spans, unsigned int i)
{
	spans->span[i].hi = max(spans->span[i].hi, spans->span[i + 1].hi);
	spans->n--;
	memmove(&spans->span[i + 1], &spans->span[i + 2], (spans->n - i - 1) * sizeof(*spans->span));
}

static void va_insert(struct va_spans *spans, unsigned long lo, unsigned long hi)
{
	unsigned int i = spans->n++;

	for (; i && spans->span[i - 1].lo > lo; i--)
		spans->span[i] = spans->span[i - 1];
	spans->span[i].lo = lo;
	spans->span[i].hi = hi;
}

static unsigned int va_nearest(const struct va_spans *spans)
{
	unsigned int i, best = 0;

	for (i = 1; i + 1 < spans->n; i++)
		if (spans->span[i + 1].lo - spans->span[i].hi < spans->span[best + 1].lo - spans->span[best].hi)
			best = i;
	return best;
}

void va_spans_add(struct va_spans *spans, unsigned long lo, unsigned long hi)
{
	unsigned int i;

	if (lo >= hi)
		return;
	va_insert(spans, lo, hi);
	for (i = 0; i + 1 < spans->n;)
		if (spans->span[i + 1].lo <= spans->span[i].hi)
			va_join(spans, i);
		else
			i++;
	if (spans->n > VA_SPANS_MAX)
		va_join(spans, va_nearest(spans));
}
