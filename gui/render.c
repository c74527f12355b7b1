#include "render.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "film.h"

#define CLOCK_START (1000 * VA_SEC) /* of the pictures' own clock: any constant */
#define LINGER (2 * VA_SEC)         /* a film ends with the last state standing still */

void va_render_texts(const struct va_app *app, struct va_png_text *texts, char *buf, size_t n)
{
	const struct va_task *task = va_model_find_task(app->play.model, app->view.tgid);
	double seconds = (double)(app->play.time - va_history_begin(app->play.history)) / 1e9;
	size_t half = n / 2;

	snprintf(buf, half, "%s (%u)", task ? task->comm : "?", app->view.tgid);
	snprintf(buf + half, half, "%.6f s", seconds);
	texts[0] = (struct va_png_text){"Software", "vmatlas " VA_VERSION};
	texts[1] = (struct va_png_text){"Process", buf};
	texts[2] = (struct va_png_text){"Time", buf + half};
	texts[3] = (struct va_png_text){"Command", va_recording_meta(app->recording, "command")};
	texts[4] = (struct va_png_text){NULL, NULL};
}

static void choose_process(struct va_app *app, __u32 pid)
{
	if (!pid)
		return;
	app->view.tgid = pid;
	app->view.pinned = true;
}

/* Each action as a user would do it, with time for what it sets in motion. Returns the clock behind the last. */
static uint64_t play_script(struct va_app *app, const struct va_render_options *o, uint64_t now)
{
	if (va_app_act(app, VA_ACT_TAB, o->tab, now))
		va_app_update(app, now);
	for (unsigned i = 0; i < o->script.steps; i++) {
		va_app_act(app, o->script.step[i].action, o->script.step[i].arg, now);
		if (o->script.step[i].text)
			va_app_type(app, o->script.step[i].text);
		va_app_update(app, now);
		now += VA_SEC;
		va_app_update(app, now);
	}
	return now;
}

static int one_picture(struct va_app *app, const struct va_render_options *o)
{
	struct va_png_text texts[6];
	char buf[256];
	uint64_t now;

	va_app_update(app, CLOCK_START);
	va_playback_pause(&app->play, true, CLOCK_START);
	va_playback_seek(&app->play, o->position);
	choose_process(app, o->pid);
	app->jumped = true;
	va_app_update(app, CLOCK_START);
	now = play_script(app, o, CLOCK_START);
	va_app_layout(app, now);
	va_app_draw(app);
	va_render_texts(app, texts, buf, sizeof(buf));
	return va_png_write(&app->canvas, o->out, texts);
}

static int add_frame(struct va_app *app, struct va_film *film, uint64_t now)
{
	va_app_update(app, now);
	va_app_layout(app, now);
	va_app_draw(app);
	return va_film_add(film, &app->canvas, app->drawn.changed, app->drawn.changed_count);
}

static int film(struct va_app *app, const struct va_render_options *o)
{
	struct va_png_text texts[6];
	char buf[256];
	uint64_t now = CLOCK_START, frame = VA_SEC / (unsigned)o->fps;
	struct va_film *out;
	int error = 0;

	va_app_update(app, now);
	va_playback_seek_time(&app->play, o->from);
	va_playback_pause(&app->play, true, now);
	choose_process(app, o->pid);
	app->jumped = true;
	va_app_update(app, now);
	now = play_script(app, o, now);
	va_render_texts(app, texts, buf, sizeof(buf));
	out = va_film_new(o->out, o->w, o->h, o->fps, texts);
	if (!out)
		return -EIO;
	for (__u64 i = 0; !error; i++, now += frame) {
		double seconds = (double)i / o->fps, last = (double)(o->to - o->from) / 1e9 / o->speed;

		if (seconds > last + (double)LINGER / 1e9)
			break;
		va_playback_run_to(&app->play, o->from + (__u64)(seconds < last ? seconds * o->speed * 1e9 : (double)(o->to - o->from)));
		error = add_frame(app, out, now);
	}
	return va_film_end(out) ?: error;
}

int va_render(struct va_recording *recording, const struct va_render_options *o)
{
	struct va_app_options options = {o->w, o->h, o->theme, (float)o->scale, o->panes, false, true, o->symbols ? va_symbols_new(NULL, NULL) : NULL};
	struct va_fonts *fonts = va_fonts_new(NULL);
	struct va_app *app = calloc(1, sizeof(*app));
	int error = -ENOMEM;

	if (fonts && app && va_app_init(app, recording, fonts, &options, CLOCK_START)) {
		error = o->film ? film(app, o) : one_picture(app, o);
		va_app_destroy(app);
	}
	free(app);
	va_fonts_free(fonts);
	va_symbols_free(options.symbols);
	return error;
}
