/*
 * The SDL side: one window that shows the canvas. Main thread only. Without a GPU in between (X11) changed rectangles go straight into the window's
 * surface; elsewhere one streaming texture shows all of it.
 */
#ifndef VA_WINDOW_SCREEN_H
#define VA_WINDOW_SCREEN_H

#include <SDL.h>

#include "canvas.h"

struct va_screen {
	SDL_Window *window;
	SDL_Renderer *renderer; /* NULL = the window's surface is used */
	SDL_Texture *texture;
	int texture_w, texture_h;
};

struct va_place { /* of a window on the desktop, in its units */
	int x, y, w, h;   /* w 0 = anywhere, 1280 × 720, or what fits the display */
	bool moved;       /* x, y mean something */
	bool maximised;
};

/* 0, -ENODEV without a display, another negative errno; after one sentence on stderr. */
int va_screen_open(struct va_screen *s, const char *title, const struct va_place *place, bool hidden_ok);
void va_screen_close(struct va_screen *s);
void va_screen_size(struct va_screen *s, int *w, int *h); /* in pixels of the canvas */
/* n rectangles have changed since the last time; all of it after the window said that it was resized, or exposed. */
bool va_screen_show(struct va_screen *s, const struct va_canvas *canvas, const struct va_rect *changed, size_t n);
void va_screen_place(const struct va_screen *s, struct va_place *place); /* where it stands; maximised: where it would stand again is not known, w 0 */
void va_screen_on_top(struct va_screen *s, bool on);
void va_screen_full(struct va_screen *s); /* full screen and back */

#endif
