/* What `run`, `record` and `attach` do with a launched command: the window, a recording, or both. */
#ifndef VA_WATCH_H
#define VA_WATCH_H

#include "options.h"

/* Both return the exit code for the program: the command's own unless something of ours failed. */
int va_watch_window(const struct va_options *o); /* records to o->output as well, where given */
int va_watch_record(const struct va_options *o);
/*
 * Hands every piece of the stream to feed, and records to o->output as well, where given. Returns what the others return.
 */
int va_watch_feed(const struct va_options *o, void (*feed)(void *ctx, const void *bytes, size_t n), void *ctx);

#endif
