/*
 * What a frame of the window costs, without a display: frame FILE WIDTH HEIGHT FRAMES [RATE [HISTORY]]
 *
 * The last half of the recording is played within FRAMES frames of a sixtieth of a second; each is brought up to date, laid out and drawn, as the window does it. Times are
 * the thread's own, in ms; with RATE the file ("-": standard input; bare chunks) arrives meanwhile, so many records a second, and is shown live: reading, checking, merging and keeping them counts
 * as update, too; behind: what had arrived and was not shown yet, at most, as time. HISTORY: MiB of it that are kept;
 * then memory is told, too, and how many maps have ended. Half of the frames take less than the first figure, 99 of 100 less than the second. One JSON object.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app.h"
#include "measure.h"

#define START (1000 * VA_SEC)

enum part { UPDATE, LAYOUT, DRAW, ALL, PARTS };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* One frame and what its parts took; arrived: what reading took before. to: where the playback goes, 0 = nowhere else. */
static void frame(struct va_app *app, uint64_t clock, double arrived, __u64 to, double *t[PARTS], unsigned i)
{
	double a = now();

	if (to)
		va_playback_run_to(&app->play, to);
	va_app_update(app, clock);
	double b = now();

	va_app_layout(app, clock);
	double c = now();

	va_app_draw(app);
	double d = now();

	t[UPDATE][i] = b - a + arrived;
	t[LAYOUT][i] = c - b;
	t[DRAW][i] = d - c;
	t[ALL][i] = d - a + arrived;
}

static void frames(struct va_app *app, double *t[PARTS], unsigned n)
{
	struct va_history *h = va_recording_history(app->recording);
	__u64 from = va_history_time(h, va_history_count(h) / 2), to = va_history_end(h);
	uint64_t clock = START;

	va_app_update(app, clock);
	va_playback_pause(&app->play, true, clock);
	va_playback_seek_time(&app->play, from);
	app->jumped = true;
	va_app_update(app, clock);
	va_app_layout(app, clock);
	va_app_draw(app);
	for (unsigned i = 0; i < n; i++) {
		clock += VA_SEC / 60;
		frame(app, clock, 0, from + (to - from) / n * (i + 1), t, i);
	}
}

/* Takes in what has arrived by now, `wanted` records in all, for as long as a frame of the window does (gui/feed.c). False: there is no more. */
static bool feed(struct va_recording *r, FILE *in, size_t wanted, double *spent)
{
	static char piece[16 << 10];
	double until = now() + (double)VA_TIME_FEED / 1e6;

	*spent = 0;
	while (!va_recording_ready(r) || va_history_count(va_recording_history(r)) < wanted) {
		double began = now();

		if (began >= until)
			break;
		if (va_recording_ready(r) && va_recording_held(r)) {
			va_recording_let(r, 512);
		} else {
			size_t n = fread(piece, 1, sizeof(piece), in);

			until += now() - began; /* whoever reads in the window is another thread */
			began = now();
			if (!n || va_recording_feed(r, piece, n))
				return false;
		}
		*spent += now() - began;
	}
	return true;
}

/* Live: a sixtieth of RATE arrives with each frame, behind a quarter of a second that has come already. Returns how many frames there were; *behind: records that waited at most at the end of one. */
static unsigned arriving(struct va_app *app, const char *path, size_t rate, double *t[PARTS], unsigned n, size_t *behind)
{
	FILE *in = strcmp(path, "-") ? fopen(path, "rb") : stdin;
	struct va_recording *r = app->recording;
	uint64_t clock = START;
	double arrived;

	va_recording_hold(r);
	for (bool here = false; !here; clock += VA_SEC / 60) {
		if (!in || !feed(r, in, rate / 4, &arrived))
			return 0;
		frame(app, clock, arrived, 0, t, 0);
		here = va_history_count(va_recording_history(r)) >= rate / 4;
	}
	for (unsigned i = 0; i < n; i++, clock += VA_SEC / 60) {
		size_t wanted = rate / 4 + rate / 60 * (i + 1);

		if (!feed(r, in, wanted, &arrived))
			return i;
		frame(app, clock, arrived, 0, t, i);
		size_t count = va_history_count(va_recording_history(r)), late = wanted > count ? wanted - count : 0;

		*behind = late > *behind ? late : *behind;
	}
	return n;
}

int main(int argc, char **argv)
{
	static const char *const names[PARTS] = { "update", "layout", "draw", "all" };
	struct va_recording *recording = va_recording_new();
	struct va_app_options options = { .w = argc > 2 ? atoi(argv[2]) : 1920, .h = argc > 3 ? atoi(argv[3]) : 1080 };
	unsigned n = argc > 4 ? (unsigned)atoi(argv[4]) : 300;
	struct va_app *app = calloc(1, sizeof(*app));
	size_t rate = argc > 5 ? strtoul(argv[5], NULL, 10) : 0, limit = argc > 6 ? strtoul(argv[6], NULL, 10) << 20 : 0;
	double *t[PARTS];
	size_t behind = 0;

	options.live = rate;
	if (argc < 2 || !n || options.w < 320 || options.h < 240 || !app || (!rate && va_recording_load(recording, argv[1]))) {
		fputs("usage: frame FILE [WIDTH HEIGHT FRAMES [RATE [HISTORY]]]\n", stderr);
		return 2;
	}
	struct va_fonts *fonts = va_fonts_new(NULL);

	options.theme = &va_theme_dark;
	va_recording_limit(recording, limit);
	if (!fonts || !va_app_init(app, recording, fonts, &options, START))
		return 1;
	for (int k = 0; k < PARTS; k++)
		t[k] = calloc(n, sizeof(double));
	if (rate)
		n = arriving(app, argv[1], rate, t, n, &behind);
	else
		frames(app, t, n);
	if (!n)
		return fputs("frame: too few records\n", stderr), 1;
	const struct va_mm *mm = va_model_mm_of(app->play.model, app->view.tgid);

	printf("{\"program\": \"frame\", \"width\": %d, \"height\": %d, \"frames\": %u, \"vmas\": %zu, \"items\": %zu", options.w, options.h, n,
	       mm ? va_mm_vma_count(mm) : 0, app->scene.item_count);
	for (int k = 0; k < PARTS; k++) {
		qsort(t[k], n, sizeof(double), by_size);
		printf(", \"%s_median_ms\": %.3f, \"%s_99_ms\": %.3f", names[k], t[k][n / 2], names[k], t[k][(size_t)((double)(n - 1) * 0.99)]);
		free(t[k]);
	}
	if (rate)
		printf(", \"behind_ms\": %.3f", (double)behind * 1e3 / (double)rate);
	if (limit)
		printf(", \"memory\": %ld, \"records\": %zu, \"ended\": %zu", resident(), va_history_count(va_recording_history(recording)),
		       va_model_ended(va_history_latest(va_recording_history(recording))));
	puts("}");
	va_app_destroy(app);
	free(app);
	va_fonts_free(fonts);
	va_recording_free(recording);
	return 0;
}
