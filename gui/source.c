#include "source.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PIECE (256u << 10)

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool add(struct va_source *s, const char *bytes, size_t n)
{
	struct va_source_piece *piece = malloc(sizeof(*piece) + n);

	if (!piece)
		abort();
	*piece = (struct va_source_piece){.came = now_ns(), .n = n};
	memcpy(piece->bytes, bytes, n);
	pthread_mutex_lock(&s->lock);
	while (s->waiting + n > VA_SOURCE_MAX && !s->leaving) {
		s->full = true;
		pthread_cond_wait(&s->room, &s->lock);
	}
	*s->last = piece;
	s->last = &piece->next;
	s->waiting += n;
	bool go_on = !s->leaving;

	pthread_mutex_unlock(&s->lock);
	return go_on;
}

static void end(struct va_source *s, int error)
{
	pthread_mutex_lock(&s->lock);
	s->ended = true;
	s->error = error;
	pthread_mutex_unlock(&s->lock);
	s->wake(s->ctx);
}

static void *read_all(void *arg)
{
	struct va_source *s = arg;
	char *piece = malloc(PIECE);
	int error = 0;

	for (bool go_on = piece; go_on;) {
		struct pollfd p[2] = {{.fd = s->fd, .events = POLLIN}, {.fd = s->quit[0], .events = POLLIN}};
		ssize_t n;

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			break;
		if (p[1].revents)
			break;
		if (!p[0].revents)
			continue;
		n = read(s->fd, piece, PIECE);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		error = n < 0 ? errno : 0;
		go_on = n > 0 && add(s, piece, (size_t)n);
		if (go_on)
			s->wake(s->ctx);
	}
	free(piece);
	end(s, error);
	return NULL;
}

int va_source_start(struct va_source *s, int fd, void (*wake)(void *ctx), void *ctx)
{
	int error;

	*s = (struct va_source){.fd = fd, .wake = wake, .ctx = ctx};
	s->last = &s->first;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->room, NULL);
	if (pipe(s->quit))
		return -errno;
	error = pthread_create(&s->thread, NULL, read_all, s);
	s->running = !error;
	return -error;
}

void va_source_stop(struct va_source *s)
{
	if (!s->running)
		return;
	pthread_mutex_lock(&s->lock);
	s->leaving = true;
	pthread_cond_signal(&s->room);
	pthread_mutex_unlock(&s->lock);
	close(s->quit[1]);
	pthread_join(s->thread, NULL);
	close(s->quit[0]);
	while (s->first) {
		struct va_source_piece *next = s->first->next;

		free(s->first);
		s->first = next;
	}
	s->running = false;
}

struct va_source_piece *va_source_take(struct va_source *s, bool *ended, bool *full)
{
	pthread_mutex_lock(&s->lock);
	struct va_source_piece *piece = s->first;

	*ended = s->ended;
	*full = s->full;
	s->full = false;
	if (piece) {
		s->first = piece->next;
		s->waiting -= piece->n;
		pthread_cond_signal(&s->room);
	}
	if (!s->first)
		s->last = &s->first;
	pthread_mutex_unlock(&s->lock);
	return piece;
}

bool va_source_empty(struct va_source *s)
{
	pthread_mutex_lock(&s->lock);
	bool empty = !s->first;

	pthread_mutex_unlock(&s->lock);
	return empty;
}
