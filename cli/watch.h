/* What `run`, `record` and `attach` do with a launched command: the window, a recording, or both. */
#ifndef VA_WATCH_H
#define VA_WATCH_H

#include "options.h"

/* Both return the exit code for the program: the command's own unless something of ours failed. */
int va_watch_window(const struct va_options *o); /* records to o->output as well, where given */
int va_watch_record(const struct va_options *o);

#endif
