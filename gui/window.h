/*
 * The window: shows a recording, or a stream while it arrives. The only door to the SDL side of the program.
 *
 * Two sources, one look: a loaded recording (replay), or a stream on a readable descriptor (run, attach). Only the calling thread touches
 * SDL; a helper thread reads the descriptor and hands its bytes over. When the source ends the window says so and keeps what it has.
 */
#ifndef VA_WINDOW_H
#define VA_WINDOW_H

#include <stdbool.h>

#include "recording.h"

struct va_window_options {
	const char *title;              /* what is watched, for the window's title; NULL = from the recording */
	int stream_fd;                  /* a stream to read until its end; borrowed; -1 = none */
	struct va_recording *recording; /* a loaded one; borrowed; NULL = make one and fill it from stream_fd */

	/*
	 * Stops the command that is being watched. Called at most once, on the calling thread, when the user closes the window while
	 * the stream has not ended. NULL = nothing to stop.
	 */
	void (*stop)(void *ctx);
	/*
	 * Writes a mark with this text into the running stream (the M key). NULL = not possible. 0 or -errno.
	 */
	int (*mark)(void *ctx, const char *text);
	void *ctx; /* of both */

	bool loading;       /* the recording is still being read (va_recording_step): the window reads on, shows how far it is, and can be told to stop */
	/* Loading has ended: where to start, paused. NULL = plays from the start. False: after one sentence, the window closes. */
	bool (*loaded)(void *ctx, size_t *position);

	size_t history;     /* bytes of what arrives that are kept (va_history_limit()); 0 = VA_LIMIT_HISTORY */
	int width, height;  /* 0 = as the window was last, else 1280 × 720, or what fits the screen */
	double scale;       /* of texts and widths; 0 = from the window's size */
	const char *theme;  /* "dark", "light", "projector"; NULL = as it was last */
	const char *tab;    /* what stands beside the map (tabs.h); NULL = the walk */
	bool compact;       /* the map alone */
	bool on_top;        /* above other windows */
	bool hidden_ok;     /* do not complain when there is no display (tests with SDL_VIDEODRIVER=dummy) */
};

/*
 * Runs the window until the user closes it. 0; -ENODEV where there is no display to show it on (one sentence on stderr says
 * what to do instead); another negative errno after one sentence on stderr.
 */
int va_window_run(const struct va_window_options *o);

/* True where a window could be shown: a display is named in the environment. Opens nothing. */
bool va_window_possible(void);

#endif
