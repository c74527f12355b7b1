/*
 * Starts the command, here or in the VM, and gives the stream of what the kernel says about it. The command runs in processes of its own
 * beside us; its input, output and signals need nothing from the caller.
 */
#ifndef VA_LAUNCH_H
#define VA_LAUNCH_H

#include "options.h"

struct va_launch {
	pid_t pid;   /* supervisor of the VM, or the collector */
	int stream;  /* to read; owned */
	int commands;/* lines to the collector; owned */
};

/* 0, or an exit code after one sentence on stderr. */
int va_launch_start(struct va_launch *l, const struct va_options *o);
/* Asks it to end, because of this signal: the stream gets its end, then ends. May be called in a signal handler. */
void va_launch_stop(const struct va_launch *l, int number);
/* A flight recorder: write what is kept, now. May be called in a signal handler. */
void va_launch_dump(const struct va_launch *l);
/* Puts a mark into the running stream; the text is cut at the first newline. 0 or -errno. */
int va_launch_mark(const struct va_launch *l, const char *text);
/* Waits until all is over. The exit code to pass on. */
int va_launch_wait(struct va_launch *l);

#endif
