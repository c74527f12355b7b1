#include "alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void *must(void *p)
{
	if (p)
		return p;
	fputs("vmatlas: out of memory\n", stderr);
	exit(1);
}

void *va_alloc(size_t bytes)
{
	return must(calloc(1, bytes ? bytes : 1));
}

void *va_alloc_raw(size_t bytes)
{
	return must(malloc(bytes ? bytes : 1));
}

void *va_realloc(void *p, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		return must(NULL);
	size_t bytes = n * size;

	return must(realloc(p, bytes ? bytes : 1));
}

void *va_grow(void *p, size_t *room, size_t need, size_t size)
{
	if (p && need <= *room)
		return p;
	size_t bigger = *room + *room / 2;

	if (bigger < need)
		bigger = need;
	if (bigger < 8)
		bigger = 8;
	p = va_realloc(p, bigger, size);
	*room = bigger;
	return p;
}
