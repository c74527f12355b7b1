#include "source.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE (256u << 10)

static bool add(struct va_source *s, const char *bytes, size_t n)
{
	pthread_mutex_lock(&s->lock);
	while (s->used + n > VA_SOURCE_MAX && !s->leaving)
		pthread_cond_wait(&s->room, &s->lock);
	if (s->used + n > s->size) {
		s->size = (s->used + n) * 2;
		s->bytes = realloc(s->bytes, s->size);
		if (!s->bytes)
			abort();
	}
	memcpy(s->bytes + s->used, bytes, n);
	s->used += n;
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
	free(s->bytes);
	s->running = false;
}

bool va_source_take(struct va_source *s, char **bytes, size_t *n, bool *ended)
{
	pthread_mutex_lock(&s->lock);
	*bytes = s->bytes;
	*n = s->used;
	*ended = s->ended;
	if (s->used) {
		s->bytes = NULL;
		s->used = s->size = 0;
		pthread_cond_signal(&s->room);
	}
	pthread_mutex_unlock(&s->lock);
	return *n > 0;
}
