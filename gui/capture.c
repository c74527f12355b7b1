#include "capture.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "film.h"
#include "theme.h"

#define QUEUE 4
#define TEXTS 6

struct frame {
	uint32_t *pixels;
	unsigned times; /* it is shown in the film */
};

struct va_capture {
	struct va_film *film;     /* the thread's */
	int w, h, error;
	struct va_png_text texts[TEXTS];
	uint64_t began, given;    /* frames handed over, repeats counted */
	unsigned late;
	uint32_t *last;           /* what the window shows */
	bool has_last;
	pthread_t thread;
	pthread_mutex_t lock;     /* protects what follows */
	pthread_cond_t changed;
	struct frame queue[QUEUE];
	unsigned first, count;
	bool ending;
};

static size_t bytes(const struct va_capture *c)
{
	return (size_t)c->w * (size_t)c->h * 4;
}

static void write_frame(struct va_capture *c, const struct frame *f)
{
	struct va_canvas canvas = {.w = c->w, .h = c->h, .pixels = f->pixels};
	const struct va_rect whole = va_rect(0, 0, c->w, c->h);

	for (unsigned i = 0; i < f->times && !c->error; i++)
		c->error = va_film_add(c->film, &canvas, &whole, !i);
}

static void *write_frames(void *arg)
{
	struct va_capture *c = arg;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		struct frame *f = &c->queue[c->first];

		while (!c->count && !c->ending)
			pthread_cond_wait(&c->changed, &c->lock);
		if (!c->count)
			break;
		f = &c->queue[c->first];
		pthread_mutex_unlock(&c->lock);
		write_frame(c, f);
		pthread_mutex_lock(&c->lock);
		c->first = (c->first + 1) % QUEUE;
		c->count--;
		pthread_cond_signal(&c->changed);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static void free_all(struct va_capture *c)
{
	for (int i = 0; i < QUEUE; i++)
		free(c->queue[i].pixels);
	for (int i = 0; i < TEXTS; i++)
		free((char *)(uintptr_t)c->texts[i].value);
	free(c->last);
	free(c);
}

static void copy_texts(struct va_capture *c, const struct va_png_text *texts)
{
	for (int i = 0; i < TEXTS - 1 && texts[i].key; i++)
		c->texts[i] = (struct va_png_text){texts[i].key, texts[i].value ? strdup(texts[i].value) : NULL};
}

struct va_capture *va_capture_start(const char *path, int w, int h, const struct va_png_text *texts, uint64_t now)
{
	struct va_capture *c = calloc(1, sizeof(*c));
	bool room = c != NULL;

	if (!c)
		return NULL;
	*c = (struct va_capture){.w = w, .h = h, .began = now};
	c->last = malloc(bytes(c));
	room &= c->last != NULL;
	for (int i = 0; i < QUEUE; i++)
		room &= (c->queue[i].pixels = malloc(bytes(c))) != NULL;
	copy_texts(c, texts);
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	c->film = room ? va_film_new(path, w, h, VA_CAPTURE_FPS, c->texts) : NULL;
	if (!c->film || pthread_create(&c->thread, NULL, write_frames, c)) {
		if (c->film)
			va_film_end(c->film);
		free_all(c);
		return NULL;
	}
	return c;
}

bool va_capture_fits(const struct va_capture *c, int w, int h)
{
	return c->w == w && c->h == h;
}

/* Hands over what was shown until now, as often as its time has frames. wait: whatever it takes. */
static void hand_over(struct va_capture *c, uint64_t now, bool wait)
{
	uint64_t due = (now - c->began) / (VA_SEC / VA_CAPTURE_FPS) + 1;
	struct frame *f;

	if (!c->has_last || due <= c->given)
		return;
	pthread_mutex_lock(&c->lock);
	while (c->count == QUEUE && wait)
		pthread_cond_wait(&c->changed, &c->lock);
	if (c->count == QUEUE) {
		c->late++;
	} else {
		f = &c->queue[(c->first + c->count) % QUEUE];
		memcpy(f->pixels, c->last, bytes(c));
		f->times = (unsigned)(due - c->given);
		c->given = due;
		c->count++;
		pthread_cond_signal(&c->changed);
	}
	pthread_mutex_unlock(&c->lock);
}

void va_capture_frame(struct va_capture *c, const struct va_canvas *canvas, uint64_t now)
{
	hand_over(c, now, false);
	if (!canvas || !va_capture_fits(c, canvas->w, canvas->h))
		return;
	memcpy(c->last, canvas->pixels, bytes(c));
	c->has_last = true;
}

int va_capture_stop(struct va_capture *c, uint64_t now, unsigned *late)
{
	int error;

	hand_over(c, now, true);
	pthread_mutex_lock(&c->lock);
	c->ending = true;
	pthread_cond_signal(&c->changed);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	*late = c->late;
	error = va_film_end(c->film) ?: c->error;
	free_all(c);
	return error;
}
