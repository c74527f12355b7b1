/*
 * Reads a descriptor on a thread of its own, so that a slow source never stops the window and a slow window only slows the source (the bytes
 * waiting are bounded). The thread touches nothing but its queue.
 */
#ifndef VA_SOURCE_H
#define VA_SOURCE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VA_SOURCE_MAX (32u << 20) /* bytes waiting; then the reader waits too */

struct va_source_piece {
	struct va_source_piece *next;
	uint64_t came;               /* when its first byte was read: CLOCK_MONOTONIC, ns */
	size_t n;
	char bytes[];
};

struct va_source {
	int fd;                      /* borrowed */
	int quit[2];                 /* pipe: closed end tells the thread to leave */
	void (*wake)(void *ctx);     /* called by the thread: something is there */
	void *ctx;
	pthread_t thread;
	bool running;
	pthread_mutex_t lock;        /* protects what follows */
	pthread_cond_t room;
	struct va_source_piece *first, **last;
	size_t waiting;              /* bytes */
	bool full;                   /* the reader waits: more may be on its way than is known here */
	bool ended, leaving;
	int error;                   /* errno of a failed read; 0 = plain end */
};

/* 0 or -errno. */
int va_source_start(struct va_source *s, int fd, void (*wake)(void *ctx), void *ctx);
void va_source_stop(struct va_source *s);

/*
 * The piece that waits longest; the caller frees it. NULL where there is none; *ended tells that none will come, *full that the reader had to wait.
 */
struct va_source_piece *va_source_take(struct va_source *s, bool *ended, bool *full);
bool va_source_empty(struct va_source *s);

#endif
