/*
 * The guest's kernel log as it comes over the serial line: written to a file where asked for, and searched for what a healthy kernel
 * does not say.
 */
#ifndef VA_GUESTLOG_H
#define VA_GUESTLOG_H

#include <stdbool.h>
#include <stddef.h>

struct va_guestlog {
	int file;          /* owned; -1 = none */
	char line[1024];   /* in the making */
	size_t n;
	char last[1024];   /* last whole line that is not empty */
	char trouble[1024];/* the first line that tells of a warning, oops, lockdep report, RCU stall …; "" = none */
	unsigned troubles;
	bool panic;
	char oom[32];      /* the first process killed for want of memory; "" = none */
};

/* path NULL = no file. 0 or -errno. */
int va_guestlog_open(struct va_guestlog *log, const char *path);
void va_guestlog_close(struct va_guestlog *log);
/* What was seen so far belongs to a guest that is gone; the file keeps it. */
void va_guestlog_forget(struct va_guestlog *log);
void va_guestlog_take(struct va_guestlog *log, const char *bytes, size_t n);

#endif
