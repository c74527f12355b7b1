#include "window_shots.h"

#include <stdio.h>
#include <time.h>

#include "app.h"
#include "render.h"

/* A new name in the working directory, by the clock. */
static void name_by_clock(struct va_shots *s, char *name, size_t n, const char *suffix)
{
	time_t t = time(NULL);
	struct tm tm;
	size_t used;

	localtime_r(&t, &tm);
	used = strftime(name, n, "vmatlas-%Y%m%d-%H%M%S", &tm);
	if (s->count)
		used += (size_t)snprintf(name + used, n - used, "-%u", s->count);
	snprintf(name + used, n - used, "%s", suffix);
	s->count++;
}

void va_shots_picture(struct va_shots *s, uint64_t now)
{
	struct va_png_text texts[6];
	char buf[256];

	if (!s->app->ready)
		return;
	name_by_clock(s, s->shot_name, sizeof(s->shot_name), ".png");
	va_render_texts(s->app, texts, buf, sizeof(buf));
	snprintf(s->notice, sizeof(s->notice), va_png_write(&s->app->canvas, s->shot_name, texts) ? "%s could not be written" : "saved %s", s->shot_name);
	va_app_notice(s->app, s->notice, now);
}

void va_shots_stop(struct va_shots *s, const char *why, uint64_t now)
{
	unsigned late;

	if (!s->capture)
		return;
	if (va_capture_stop(s->capture, now, &late))
		snprintf(s->notice, sizeof(s->notice), "%s could not be written", s->film_name);
	else if (late)
		snprintf(s->notice, sizeof(s->notice), "%ssaved %s; %u pictures came too fast for it", why, s->film_name, late);
	else
		snprintf(s->notice, sizeof(s->notice), "%ssaved %s", why, s->film_name);
	s->capture = NULL;
	s->app->view.filming = false;
	va_app_notice(s->app, s->notice, now);
}

void va_shots_film(struct va_shots *s, uint64_t now)
{
	struct va_png_text texts[6];
	char buf[256];

	if (s->capture) {
		va_shots_stop(s, "", now);
		return;
	}
	if (!s->app->ready)
		return;
	name_by_clock(s, s->film_name, sizeof(s->film_name), ".mp4");
	va_render_texts(s->app, texts, buf, sizeof(buf));
	s->capture = va_capture_start(s->film_name, s->app->canvas.w, s->app->canvas.h, texts, now);
	s->app->view.filming = s->capture;
	snprintf(s->notice, sizeof(s->notice), s->capture ? "filming the window: Shift F12 ends it" : "%s could not be written", s->film_name);
	va_app_notice(s->app, s->notice, now);
}

/* The sign that a film is made stands in the window and not in the film. */
void va_shots_frame(struct va_shots *s, uint64_t now)
{
	struct va_rect r;
	int d = va_px(&s->app->style, 10);

	if (!s->capture)
		return;
	if (!va_capture_fits(s->capture, s->app->canvas.w, s->app->canvas.h)) {
		va_shots_stop(s, "the window's size changed: ", now);
		return;
	}
	va_capture_frame(s->capture, &s->app->canvas, now);
	r = va_rect(s->app->canvas.w - 2 * d, d, d, d);
	va_drawn_touch(&s->app->drawn, va_rect_inset(r, -d, -d));
	va_canvas_clip(&s->app->canvas, va_rect(0, 0, s->app->canvas.w, s->app->canvas.h));
	va_canvas_round(&s->app->canvas, va_rect_inset(r, -d / 3, -d / 3), d, s->app->style.theme->panel);
	va_canvas_round(&s->app->canvas, r, d / 2, s->app->style.theme->bad);
}
