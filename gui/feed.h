/*
 * What has arrived goes into the recording, so much at a time as a frame has time for; the rest waits, in order, and how long it has waited can be said: nothing is left out. Asks no clock but
 * the one it is given.
 */
#ifndef VA_FEED_H
#define VA_FEED_H

#include "recording.h"
#include "source.h"

struct va_feed {
	struct va_source source;
	struct va_source_piece *piece; /* owned; begun, not finished */
	size_t at;                     /* bytes of it that were taken */
	uint64_t came;                 /* when the newest bytes that were taken had come */
	bool full;                     /* the queue was full when last looked at */
	int end;                       /* 0 = not yet, 1 = the source has ended, or a negative va_decode_error */
};

int va_feed_start(struct va_feed *f, struct va_recording *r, int fd, void (*wake)(void *ctx), void *ctx); /* 0 or -errno */
void va_feed_stop(struct va_feed *f);

/*
 * Until the clock says `until`, or all that has come is in the history. 1 = there may be more to come, 0 = the source has ended, the recording is finished and all of it is in the history; a negative
 * va_decode_error: the same, but that what came behind cannot be used.
 */
int va_feed_step(struct va_feed *f, struct va_recording *r, uint64_t (*clock)(void), uint64_t until);

bool va_feed_waiting(struct va_feed *f, const struct va_recording *r); /* something has come and is not in the history yet */
/* How long ago came what is the newest in the history, ns (CLOCK_MONOTONIC); 0 = nothing waits. */
uint64_t va_feed_behind(struct va_feed *f, const struct va_recording *r, uint64_t now);
/* "live", and how far behind; once the source has ended, how. */
void va_feed_words(struct va_feed *f, const struct va_recording *r, uint64_t now, char *buf, size_t n);

#endif
