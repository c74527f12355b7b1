/*
 * Memory for the core. There is nothing sensible to do without: these print one sentence and end the program with status 1.
 * What untrusted input can ask for is bounded before (limits.h).
 */
#ifndef VA_ALLOC_H
#define VA_ALLOC_H

#include <stddef.h>

void *va_alloc(size_t bytes);                  /* zeroed */
void *va_alloc_raw(size_t bytes);              /* not zeroed */
void *va_realloc(void *p, size_t n, size_t size); /* n elements of size bytes; checks the product */

/* Room for at least need elements of size bytes behind p; *room is updated, growth is by halves. Never NULL. */
void *va_grow(void *p, size_t *room, size_t need, size_t size);

#endif
