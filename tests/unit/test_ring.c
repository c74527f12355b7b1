/* The module's ring, the very code, on threads: a record comes out whole or is counted, whoever is faster. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

typedef pthread_spinlock_t spinlock_t;
#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), v, __ATOMIC_RELAXED)
#define smp_load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#define spin_lock pthread_spin_lock
#define spin_unlock pthread_spin_unlock
#define unlikely(x) (x)

#include "../../module/ring.h"

#define WORDS (VA_RING_RECORD / 8)
#define SIZE (32 * VA_RING_RECORD)

struct game {
	struct va_ring ring;
	_Alignas(64) char mem[SIZE];
	uint64_t given, dropped; /* the writer's */
	_Atomic int newest;      /* what the writer is to keep */
	atomic_bool over;
	uint64_t records;        /* to be written */
};

static uint64_t mixed(uint64_t seq, unsigned word)
{
	return (seq + 1) * 0x9e3779b97f4a7c15ull ^ (uint64_t)word * 0xff51afd7ed558ccdull;
}

static void *writer(void *arg)
{
	struct game *g = arg;

	for (uint64_t n = 0; n < g->records; n++, g->given++) {
		uint64_t *rec = va_ring_claim(&g->ring, g->mem, SIZE, atomic_load_explicit(&g->newest, memory_order_relaxed));

		if (!rec) {
			g->dropped++;
			continue;
		}
		rec[0] = g->given;
		for (unsigned i = 1; i < WORDS; i++)
			rec[i] = mixed(g->given, i);
		va_ring_publish(&g->ring);
	}
	atomic_store(&g->over, true);
	return NULL;
}

struct seen {
	uint64_t read, torn, backwards, next;
};

static void look(struct seen *s, const uint64_t *rec)
{
	for (unsigned i = 1; i < WORDS; i++)
		if (rec[i] != mixed(rec[0], i)) {
			s->torn++;
			break;
		}
	s->backwards += rec[0] < s->next;
	s->next = rec[0] + 1;
	s->read++;
}

static void read_some(struct game *g, struct seen *s, size_t most)
{
	unsigned long end = smp_load_acquire(&g->ring.head);
	uint64_t page[SIZE / 8];
	size_t left, n;

	while ((n = va_ring_copy(&g->ring, g->mem, SIZE, end, (char *)page, most, &left))) {
		for (size_t at = n - left; at < n; at += VA_RING_RECORD)
			look(s, page + at / 8);
		va_ring_consume(&g->ring, left);
	}
}

/* change: the reader turns the writer's rule over and over. */
static void play(int newest, bool change, uint64_t records, unsigned laziness)
{
	struct game *g = calloc(1, sizeof(*g));
	struct seen s = { 0 };
	unsigned dice = 12345;
	pthread_t thread;

	pthread_spin_init(&g->ring.reader, PTHREAD_PROCESS_PRIVATE);
	g->records = records;
	g->newest = newest;
	assert_int_equal(pthread_create(&thread, NULL, writer, g), 0);
	while (!atomic_load(&g->over)) {
		dice = dice * 1664525 + 1013904223;
		for (volatile unsigned i = 0; i < (dice >> 16) % (laziness + 1); i++)
			;
		if (change && !(dice >> 24 & 15))
			atomic_store(&g->newest, !atomic_load(&g->newest));
		read_some(g, &s, VA_RING_RECORD * (1 + (dice >> 8) % 31));
	}
	pthread_join(thread, NULL);
	/* What waits unread and was overwritten is lost before the reader comes to see it. */
	unsigned long overwritten = va_ring_overwritten(&g->ring, SIZE);
	read_some(g, &s, SIZE);
	print_message("# %llu given, %llu read, %llu dropped, %lu overwritten\n", (unsigned long long)g->given, (unsigned long long)s.read,
		      (unsigned long long)g->dropped, overwritten);
	assert_int_equal(s.torn, 0);
	assert_int_equal(s.backwards, 0);
	assert_int_equal(overwritten, g->ring.skipped);
	assert_int_equal(s.read + g->dropped + g->ring.skipped, g->given);
	assert_int_equal(g->given, records);
	if (!change)
		assert_int_equal(newest ? g->dropped : g->ring.skipped, 0);
	if (newest && !change)
		assert_int_equal(s.next, records);
	assert_true(g->dropped + g->ring.skipped > 0);
	free(g);
}

static uint64_t scaled(void)
{
	const char *size = getenv("VMATLAS_TEST_SIZE");

	return size && !strcmp(size, "long") ? 200000000 : 4000000;
}

static void keeps_the_oldest(void **state)
{
	play(0, false, scaled(), 3000);
}

static void keeps_the_newest(void **state)
{
	play(1, false, scaled(), 300);
	play(1, false, scaled(), 5000);
}

static void changes_its_mind(void **state)
{
	play(0, true, scaled(), 1000);
}

/* With nobody reading, what stays is exactly the last ring's worth, and in the other rule the first. */
static void alone(void **state)
{
	for (int newest = 0; newest < 2; newest++) {
		struct game *g = calloc(1, sizeof(*g));
		struct seen s = { 0 };

		pthread_spin_init(&g->ring.reader, PTHREAD_PROCESS_PRIVATE);
		g->records = 1000;
		g->newest = newest;
		writer(g);
		assert_int_equal(va_ring_overwritten(&g->ring, SIZE), newest ? 1000 - 32 : 0);
		read_some(g, &s, SIZE);
		assert_int_equal(s.read, 32);
		assert_int_equal(s.next, newest ? 1000 : 32);
		assert_int_equal(s.torn + s.backwards, 0);
		free(g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alone), cmocka_unit_test(keeps_the_oldest), cmocka_unit_test(keeps_the_newest), cmocka_unit_test(changes_its_mind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
