/* Moments on the command line: "end", "start", "mark:NAME", SECONDS since the recording began. */
#ifndef VA_MOMENT_H
#define VA_MOMENT_H

#include "recording.h"

/* For --help. */
#define VA_MOMENT_HELP "end, start, mark:NAME (the moment it was written) or SECONDS from the start of the recording"

/*
 * The position (history.h) of that moment: after everything up to it. An exit code (commands.h), after one sentence on stderr unless 0: usage for
 * text that is no moment, failure for a mark that is not there.
 */
int va_moment_find(struct va_recording *r, const char *command, const char *text, size_t *position);

/* Where the words alone tell it: ns since the recording began, ~0 = the end. The position is that before the first record later than this. False: anything else. */
bool va_moment_since(const char *text, __u64 *ns);

/* Opens a recording for a subcommand: 0, or the exit code after one sentence. *r is NULL unless 0. */
int va_moment_load(struct va_recording **r, const char *path);

#endif
