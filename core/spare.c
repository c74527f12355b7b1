#include "spare.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "alloc.h"

#ifdef __SANITIZE_ADDRESS__
#define MOST 0
#else
#define MOST VA_SPARE_MOST
#endif

struct list {
	void *first; /* each begins with a pointer to the next */
	unsigned count;
};

static __thread struct list lists[VA_SPARE_KINDS];
static __thread bool known; /* this thread's end is waited for */
static pthread_key_t at_end;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_lists(void *of)
{
	struct list *l = of;

	for (unsigned kind = 0; kind < VA_SPARE_KINDS; kind++)
		for (void *next; l[kind].first; l[kind].first = next) {
			next = *(void **)l[kind].first;
			free(l[kind].first);
		}
}

static void make_key(void)
{
	if (pthread_key_create(&at_end, free_lists))
		abort();
}

static __attribute__((noinline)) void wait_for_end(void)
{
	pthread_once(&once, make_key);
	known = !pthread_setspecific(at_end, lists);
}

void *va_spare_take(enum va_spare_kind kind, size_t bytes)
{
	struct list *l = &lists[kind];
	void *thing = l->first;

	if (!thing)
		return va_alloc_raw(bytes);
	l->first = *(void **)thing;
	l->count--;
	/* What was given back has left the cache: the next one is fetched meanwhile. */
	for (size_t at = 0; l->first && at < bytes; at += 64)
		__builtin_prefetch((char *)l->first + at, 1);
	return thing;
}

void va_spare_give(enum va_spare_kind kind, void *thing)
{
	struct list *l = &lists[kind];

	if (!known)
		wait_for_end();
	if (!known || l->count + 1 > MOST) {
		free(thing);
		return;
	}
	*(void **)thing = l->first;
	l->first = thing;
	l->count++;
}
