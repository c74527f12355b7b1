#include "window_screen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define VA_SHOWN_AT_ONCE 256

static int no_display(const char *why)
{
	fprintf(stderr, "vmatlas: there is no display to open a window on (%s); 'vmatlas record' and 'vmatlas render' need none\n", why);
	SDL_Quit();
	return -ENODEV;
}

/* Can canvases be copied into the window's surface as they are? */
static bool has_surface(SDL_Window *window)
{
	SDL_Surface *s = SDL_GetWindowSurface(window);

	return s && s->format->BytesPerPixel == 4 && s->format->Rmask == 0xff0000 && s->format->Gmask == 0xff00 && s->format->Bmask == 0xff && !SDL_MUSTLOCK(s);
}

/* Without the hint SDL would go through GL in software, several times slower. A window has either its surface or a renderer. */
static bool make_output(struct va_screen *s)
{
	const char *driver = SDL_GetCurrentVideoDriver();

	if (!strcmp(driver, "x11") || !strcmp(driver, "offscreen") || !strcmp(driver, "dummy")) {
		SDL_SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0");
		if (has_surface(s->window))
			return true;
	}
	s->renderer = SDL_CreateRenderer(s->window, -1, SDL_RENDERER_SOFTWARE);
	if (s->renderer)
		return true;
	SDL_SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, NULL);
	s->renderer = SDL_CreateRenderer(s->window, -1, 0);
	return s->renderer;
}

static void choose_size(int *w, int *h)
{
	SDL_Rect room;

	if (*w && *h)
		return;
	*w = 1280;
	*h = 720;
	if (SDL_GetDisplayUsableBounds(0, &room))
		return;
	if (room.w >= 1920 && room.h >= 1040) {
		*w = 1680;
		*h = 945;
	}
	*w = *w < room.w ? *w : room.w;
	*h = *h < room.h ? *h : room.h;
}

/* A place of last time may be on a display that is gone. */
static bool visible(const struct va_place *p, int w, int h)
{
	SDL_Rect r, all = {p->x, p->y, w, h}, cut;

	for (int i = 0; i < SDL_GetNumVideoDisplays(); i++)
		if (!SDL_GetDisplayUsableBounds(i, &r) && SDL_IntersectRect(&r, &all, &cut) && cut.w >= 80 && cut.h >= 80)
			return true;
	return false;
}

int va_screen_open(struct va_screen *s, const char *title, const struct va_place *place, bool hidden_ok)
{
	int w = place->w, h = place->h, x = SDL_WINDOWPOS_UNDEFINED, y = SDL_WINDOWPOS_UNDEFINED;
	const char *driver;

	memset(s, 0, sizeof(*s));
	SDL_SetHint(SDL_HINT_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR, "0");
	if (SDL_Init(SDL_INIT_VIDEO) < 0)
		return no_display(SDL_GetError());
	driver = SDL_GetCurrentVideoDriver();
	if (!hidden_ok && (!strcmp(driver, "offscreen") || !strcmp(driver, "dummy") || !strcmp(driver, "evdev")))
		return no_display("neither DISPLAY nor WAYLAND_DISPLAY leads to one");
	choose_size(&w, &h);
	if (place->moved && visible(place, w, h)) {
		x = place->x;
		y = place->y;
	}
	s->window = SDL_CreateWindow(title, x, y, w, h, SDL_WINDOW_RESIZABLE | (place->maximised ? SDL_WINDOW_MAXIMIZED : 0));
	if (!s->window || !make_output(s)) {
		fprintf(stderr, "vmatlas: the window does not open: %s\n", SDL_GetError());
		va_screen_close(s);
		return -EIO;
	}
	SDL_SetWindowMinimumSize(s->window, 320, 240);
	return 0;
}

/*
 * SDL (2.26, X11) wakes its own event wait by sending the window an event over a second connection. One that is still on its way when the window goes
 * is a BadWindow error, and Xlib ends the program for it: give it time to arrive.
 */
static void let_wakeups_arrive(void)
{
	SDL_PumpEvents();
	SDL_Delay(40);
}

void va_screen_close(struct va_screen *s)
{
	let_wakeups_arrive();
	if (s->texture)
		SDL_DestroyTexture(s->texture);
	if (s->renderer)
		SDL_DestroyRenderer(s->renderer);
	if (s->window)
		SDL_DestroyWindow(s->window);
	SDL_Quit();
	memset(s, 0, sizeof(*s));
}

void va_screen_size(struct va_screen *s, int *w, int *h)
{
	if (!s->renderer || SDL_GetRendererOutputSize(s->renderer, w, h))
		SDL_GetWindowSize(s->window, w, h);
}

static bool show_surface(struct va_screen *s, const struct va_canvas *c, const struct va_rect *changed, size_t n)
{
	SDL_Surface *surface = SDL_GetWindowSurface(s->window);
	SDL_Rect rects[VA_SHOWN_AT_ONCE];
	int k = 0;

	for (size_t i = 0; surface && i < n; i++) {
		struct va_rect r = va_rect_cross(changed[i], va_rect(0, 0, surface->w, surface->h));

		for (int y = r.y; y < r.y + r.h; y++)
			memcpy((char *)surface->pixels + (size_t)y * (size_t)surface->pitch + (size_t)r.x * 4, c->pixels + (size_t)y * (size_t)c->w + r.x, (size_t)r.w * 4);
		if (!va_rect_empty(r))
			rects[k++] = (SDL_Rect){r.x, r.y, r.w, r.h};
		if (k == VA_SHOWN_AT_ONCE || (k && i + 1 == n))
			SDL_UpdateWindowSurfaceRects(s->window, rects, k), k = 0;
	}
	return surface;
}

static bool show_texture(struct va_screen *s, const struct va_canvas *c)
{
	if (!s->texture || s->texture_w != c->w || s->texture_h != c->h) {
		if (s->texture)
			SDL_DestroyTexture(s->texture);
		s->texture = SDL_CreateTexture(s->renderer, SDL_PIXELFORMAT_ARGB8888, SDL_TEXTUREACCESS_STREAMING, c->w, c->h);
		s->texture_w = c->w;
		s->texture_h = c->h;
	}
	if (!s->texture || SDL_UpdateTexture(s->texture, NULL, c->pixels, c->w * 4))
		return false;
	SDL_RenderCopy(s->renderer, s->texture, NULL, NULL);
	SDL_RenderPresent(s->renderer);
	return true;
}

bool va_screen_show(struct va_screen *s, const struct va_canvas *c, const struct va_rect *changed, size_t n)
{
	return s->renderer ? show_texture(s, c) : show_surface(s, c, changed, n);
}

void va_screen_full(struct va_screen *s)
{
	bool full = SDL_GetWindowFlags(s->window) & SDL_WINDOW_FULLSCREEN_DESKTOP;

	SDL_SetWindowFullscreen(s->window, full ? 0 : SDL_WINDOW_FULLSCREEN_DESKTOP);
}

void va_screen_place(const struct va_screen *s, struct va_place *p)
{
	Uint32 flags = SDL_GetWindowFlags(s->window);

	*p = (struct va_place){.maximised = flags & SDL_WINDOW_MAXIMIZED};
	if (flags & (SDL_WINDOW_MAXIMIZED | SDL_WINDOW_FULLSCREEN_DESKTOP | SDL_WINDOW_MINIMIZED))
		return;
	SDL_GetWindowPosition(s->window, &p->x, &p->y);
	SDL_GetWindowSize(s->window, &p->w, &p->h);
	p->moved = true;
}

void va_screen_on_top(struct va_screen *s, bool on)
{
	SDL_SetWindowAlwaysOnTop(s->window, on ? SDL_TRUE : SDL_FALSE);
}
