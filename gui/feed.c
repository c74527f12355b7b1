#include "feed.h"

#include <stdio.h>
#include <stdlib.h>

#include "decode.h"
#include "theme.h"

#define SLICE (16u << 10)
#define RECORDS 512 /* some tenths of a ms of work */

int va_feed_start(struct va_feed *f, struct va_recording *r, int fd, void (*wake)(void *ctx), void *ctx)
{
	*f = (struct va_feed){0};
	va_recording_hold(r);
	return va_source_start(&f->source, fd, wake, ctx);
}

void va_feed_stop(struct va_feed *f)
{
	va_source_stop(&f->source);
	free(f->piece);
	f->piece = NULL;
}

/* The next bytes go into the merge. False: there are none, now or ever. */
static bool take(struct va_feed *f, struct va_recording *r)
{
	bool ended;

	if (!f->piece) {
		f->piece = va_source_take(&f->source, &ended, &f->full);
		f->at = 0;
	}
	if (!f->piece) {
		f->end = ended;
		return false;
	}
	size_t n = f->piece->n - f->at < SLICE ? f->piece->n - f->at : SLICE;

	f->end = va_recording_feed(r, f->piece->bytes + f->at, n);
	f->at += n;
	f->came = f->piece->came;
	if (f->at == f->piece->n || f->end) {
		free(f->piece);
		f->piece = NULL;
	}
	return !f->end;
}

int va_feed_step(struct va_feed *f, struct va_recording *r, uint64_t (*clock)(void), uint64_t until)
{
	do {
		if (va_recording_held(r)) {
			va_recording_let(r, RECORDS);
		} else if (f->end) {
			return f->end < 0 ? f->end : 0;
		} else if (!take(f, r)) {
			if (!f->end)
				return 1;
			va_recording_finish(r);
		}
	} while (clock() < until);
	return 1;
}

bool va_feed_waiting(struct va_feed *f, const struct va_recording *r)
{
	return f->piece || va_recording_held(r) || !va_source_empty(&f->source);
}

uint64_t va_feed_behind(struct va_feed *f, const struct va_recording *r, uint64_t now)
{
	return va_feed_waiting(f, r) && now > f->came ? now - f->came : 0;
}

static const char *end_words(const struct va_feed *f, const struct va_recording *r)
{
	const struct vmatlas_end *end = va_recording_ready(r) ? va_recording_end(r) : NULL;

	if (f->end < 0)
		return va_decode_strerror(f->end);
	if (!va_recording_ready(r))
		return "The source ended before it said anything.";
	if (!end)
		return "the source broke off; this is what came";
	return end->reason == VMATLAS_END_COMMAND ? "the command ended" : end->reason == VMATLAS_END_VANISHED ? "the process ended" :
	       end->reason == VMATLAS_END_STOPPED ? "the recording was stopped" : "the recorder failed; this is what came";
}

void va_feed_words(struct va_feed *f, const struct va_recording *r, uint64_t now, char *buf, size_t n)
{
	uint64_t behind = va_feed_behind(f, r, now);

	if (f->end && !va_feed_waiting(f, r))
		snprintf(buf, n, "%s", end_words(f, r));
	else if (behind >= VA_TIME_BEHIND)
		snprintf(buf, n, "live, %s%.1f s behind", f->full ? "more than " : "", (double)behind / VA_SEC);
	else
		snprintf(buf, n, "live");
}
