/* A live stream → a recording file, and on to a second reader where there is one. */
#ifndef VA_RECORDER_H
#define VA_RECORDER_H

enum va_redacting { VA_REDACT_NOTHING, VA_REDACT_NAMES, VA_REDACT_MARKS_TOO };

/* The file to record into, 0600, never through a symbolic link; "-" = standard output. A descriptor, or -1 after one sentence. */
int va_recorder_open(const char *path);

/*
 * Reads `stream` to its end and writes a packed recording to `file`. The same bytes go to `tee` (-1 = nobody), which may close. A full disk stops
 * the writing, not the reading: what is whole stays. A stream that breaks off gets an END that says so. What is redacted goes
 * to the file so, and to nobody else. 0, or -1 after one sentence.
 */
int va_recorder_run(int stream, int file, const char *path, int tee, enum va_redacting redacting);

#endif
