/*
 * For tests, and whoever drives the window by a script: it tells when it has come to rest. VMATLAS_REST_FDS="ASK,ANSWER" names two open
 * descriptors; each byte written to ASK is answered by a line "rest" on ANSWER as soon as every event that was sent before has been handled and
 * nothing in the picture moves any more. For the byte 't' the line goes on with every text in the picture, a tab before each.
 */
#ifndef VA_WINDOW_REST_H
#define VA_WINDOW_REST_H

#include <stdbool.h>

#include "scene.h"
#include "source.h"

struct va_rest {
	struct va_source asked; /* runs only where the environment names descriptors */
	bool on;
	size_t waiting;         /* questions without an answer */
	bool texts;             /* … that want to know the texts */
	int answer;
};

void va_rest_start(struct va_rest *r, void (*wake)(void *ctx), void *ctx);
void va_rest_stop(struct va_rest *r);

/* Is an answer due as soon as nothing moves? */
bool va_rest_asked(struct va_rest *r);
void va_rest_answer(struct va_rest *r, const struct va_scene *scene);

#endif
